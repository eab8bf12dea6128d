import CLibrary
import Synchronization

/// Handling of signals.
package enum Signals {
  /// Whether any of the signals in `stopping` was received.
  ///
  /// A signal handler may only touch such atomics.
  private static let wasInterrupted = Atomic(false)
  /// The number of those received that were no hangups.
  private static let requests = Atomic<Int>(0)

  /// The status of a process that was interrupted.
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

  /// Whether someone asked the program to stop; see ``catchInterruptions()``.
  package static var isInterrupted: Bool { wasInterrupted.load(ordering: .relaxed) }

  /// From now on the first SIGINT, SIGTERM or SIGHUP sets ``isInterrupted`` and a second SIGINT or
  /// SIGTERM ends the process at once.
  ///
  /// Hangups are not counted: the system and the shell both send one when a terminal closes, and a
  /// service manager with SIGTERM, in which case either may be handled first. A signal that the
  /// parent process ignored stays ignored; one that it blocked, as the threads of a dispatch queue
  /// do, is unblocked.
  package static func catchInterruptions() {
    _ = (isInterrupted, requests.load(ordering: .relaxed))
    handleInterruptions { signal in
      Signals.wasInterrupted.store(true, ordering: .relaxed)
      guard signal != SIGHUP else { return }
      let count = Signals.requests.add(1, ordering: .relaxed).newValue
      if count > 1 { _exit(Signals.interruptedStatus) }
    }
  }

  /// From now on SIGINT, SIGTERM or SIGHUP ends the process with the status of an interruption.
  ///
  /// This suits commands that leave nothing half done. A signal that the parent process ignored
  /// stays ignored.
  package static func endOnInterruption() {
    handleInterruptions { _ in _exit(Signals.interruptedStatus) }
  }

  /// `sigaction`, `sigprocmask`.
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

  /// Handles SIGINT, SIGTERM and SIGHUP on a thread that calls `body` with 1 for the first and,
  /// hangups not counted, with the number received from the second on: `pthread_sigmask`,
  /// `sigwait`.
  ///
  /// Unlike a signal handler, `body` may do anything. Call this before other threads start, because
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
      // `sigwait` fails only if there is no signal to wait for, because the parent process ignored
      // all of them.
      while unsafe sigwait(&signals, &signal) == 0 {
        if signal != SIGHUP { count += 1 }
        guard isFirst || count > 1 && signal != SIGHUP else { continue }
        isFirst = false
        body(max(count, 1))
      }
    }
  }

  /// Lets a write to a closed pipe fail with EPIPE, and one beyond the largest size of a file with
  /// EFBIG, instead of ending the process.
  package static func ignoreThoseOfWriting() {
    for number in thoseOfWriting { signal(number, SIG_IGN) }
  }

  static let thoseOfWriting = [SIGPIPE, SIGXFSZ]
}

/// Waits for other processes are made in turns, so that a signal can end them.
enum Turn {
  static let milliseconds: Int32 = 100
  /// The number of turns to wait for others after being asked to stop.
  static let patience = 10
  /// The number of turns to wait for the other end of a named pipe.
  static let forPeer = 50

  static func pass() { poll(nil, 0, milliseconds) }
}
