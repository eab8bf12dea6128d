import CLibrary
import Synchronization

/// Handling of signals.
package enum Signals {
  /// Whether any of the signals in `stopping` was received.
  ///
  /// It is atomic because a signal handler sets it.
  private static let wasInterrupted = Atomic(false)
  /// The number of signals in `stopping` that were received, hangups not counted.
  private static let requests = Atomic<Int>(0)

  /// The address and length of the text that ``endOnInterruption(writing:to:)`` writes, and the
  /// descriptor to which it does.
  ///
  /// They are atomic because a signal handler reads them.
  private static let farewell = Atomic<Int>(0)
  private static let farewellLength = Atomic<Int>(0)
  private static let farewellDescriptor = Atomic<Int32>(0)

  /// The exit status of a process that was interrupted.
  private static let interruptedStatus: Int32 = 130

  /// The signals that ask to stop: from the terminal, from a service manager, and when a terminal
  /// closes.
  private static let stopping = [SIGINT, SIGTERM, SIGHUP]

  private static var stoppingSet: sigset_t {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in stopping { unsafe sigaddset(&signals, signal) }
    return signals
  }

  /// Whether a signal has asked the program to stop; see ``catchInterruptions()``.
  package static var isInterrupted: Bool { wasInterrupted.load(ordering: .relaxed) }

  /// Makes the first SIGINT, SIGTERM or SIGHUP set ``isInterrupted``, and a second SIGINT or
  /// SIGTERM end the process at once: `sigaction`.
  ///
  /// Hangups are not counted: when a terminal closes, both the system and the shell send one, and a
  /// service manager may send one with SIGTERM, in either order. A signal that the parent process
  /// ignored stays ignored. A signal that it blocked, as the threads of a dispatch queue do, is
  /// unblocked.
  package static func catchInterruptions() {
    // Initialized here, because a signal handler must not run a lazy initializer.
    _ = (isInterrupted, requests.load(ordering: .relaxed))
    handleInterruptions { signal in
      Signals.wasInterrupted.store(true, ordering: .relaxed)
      guard signal != SIGHUP else { return }
      let count = Signals.requests.add(1, ordering: .relaxed).newValue
      if count > 1 { _exit(Signals.interruptedStatus) }
    }
  }

  /// Makes SIGINT, SIGTERM and SIGHUP write a text and end the process with the status of an
  /// interruption: `sigaction`, `write`.
  ///
  /// This suits commands that have nothing to clean up. A signal that the parent process ignored
  /// stays ignored. Call it once.
  package static func endOnInterruption(writing text: String, to descriptor: FileDescriptor) {
    // Never freed, because a signal may arrive at any time.
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
    unsafe bytes.copyBytes(from: text.utf8)
    farewell.store(Int(bitPattern: bytes.baseAddress), ordering: .relaxed)
    farewellLength.store(bytes.count, ordering: .relaxed)
    farewellDescriptor.store(descriptor.number, ordering: .relaxed)
    handleInterruptions { _ in
      let text = unsafe UnsafeRawPointer(bitPattern: Signals.farewell.load(ordering: .relaxed))
      _ = unsafe write(
        Signals.farewellDescriptor.load(ordering: .relaxed), text,
        Signals.farewellLength.load(ordering: .relaxed))
      _exit(Signals.interruptedStatus)
    }
  }

  /// Installs a handler for the signals that ask to stop: `sigaction`, `sigprocmask`.
  private static func handleInterruptions(_ handler: @escaping @convention(c) (Int32) -> Void) {
    var signals = stoppingSet
    unsafe sigprocmask(SIG_UNBLOCK, &signals, nil)
    for signal in stopping where !isIgnored(signal) {
      var action = sigaction()
      action.handler = handler
      action.sa_flags = SA_RESTART
      unsafe sigaction(signal, &action, nil)
    }
  }

  private static func isIgnored(_ signal: Int32) -> Bool {
    var current = sigaction()
    unsafe sigaction(signal, nil, &current)
    return unsafe unsafeBitCast(current.handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Runs `body` with the signals that ask to stop blocked: `pthread_sigmask`.
  static func holdingInterruptions<Result>(
    _ body: () throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    var (signals, before) = (stoppingSet, sigset_t())
    unsafe pthread_sigmask(SIG_BLOCK, &signals, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    return try body()
  }

  /// Starts a thread that calls `body` for the first SIGINT, SIGTERM or SIGHUP, and for each
  /// further SIGINT or SIGTERM: `pthread_sigmask`, `sigwait`.
  ///
  /// The argument of `body` is the number of signals received, hangups not counted; at least 1.
  /// Unlike a signal handler, `body` may do anything. Call this before other threads start, so that
  /// they inherit the blocked signals. A signal that the parent process ignored stays ignored.
  package static func onInterruption(
    _ body: @escaping @Sendable (Int) -> Void
  ) throws(SystemError) {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in stopping where !isIgnored(signal) { unsafe sigaddset(&signals, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    let awaited = signals
    try SystemThread.detached {
      var signals = awaited
      var signal: Int32 = 0
      var (isFirst, count) = (true, 0)
      // `sigwait` fails only if the set is empty because the parent process ignored all of them.
      while unsafe sigwait(&signals, &signal) == 0 {
        if signal != SIGHUP { count += 1 }
        guard isFirst || count > 1 && signal != SIGHUP else { continue }
        isFirst = false
        body(max(count, 1))
      }
    }
  }

  /// Makes a write to a closed pipe fail with EPIPE, and a write beyond the largest file size with
  /// EFBIG, instead of ending the process: `signal`.
  package static func ignoreWriteSignals() {
    for number in writeSignals { signal(number, SIG_IGN) }
  }

  /// The signals that a failing write sends.
  static let writeSignals = [SIGPIPE, SIGXFSZ]
}

/// The short turns in which this module waits for other processes, so that a signal can end the
/// wait after each of them.
enum Turn {
  /// The length of a turn.
  static let milliseconds: Int32 = 100
  /// The number of turns to wait for other processes after a signal asked to stop.
  static let patience = 10
  /// The number of turns to wait for the other end of a named pipe.
  static let forPeer = 50

  /// Waits for one turn, or until a signal arrives: `poll`.
  static func pass() { poll(nil, 0, milliseconds) }
}
