// What differs between systems in signals.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

extension Platform {
  /// The signals that ask to stop: from the terminal, from a service manager, and from a terminal
  /// that goes.
  private static let stopping = [SIGINT, SIGTERM, SIGHUP]

  /// How many of them came.
  ///
  /// A handler may touch nothing but such an atomic.
  private static let interruptions = Atomic<Int>(0)

  /// Whether someone asked the program to stop.
  static var isInterrupted: Bool { interruptions.load(ordering: .relaxed) > 0 }

  /// From now on the first SIGINT, SIGTERM or SIGHUP sets ``isInterrupted`` and a second one ends
  /// the process at once.
  ///
  /// A hangup is no second one: the system and the shell both send it when a terminal goes, and a
  /// service manager after SIGTERM. A signal that the parent had ignored stays ignored; one that it
  /// had blocked, as the threads of
  /// a dispatch queue do, gets through.
  static func catchInterruptions() {
    _ = isInterrupted
    handleInterruptions { signal in
      let count = Platform.interruptions.add(1, ordering: .relaxed).newValue
      if count > 1, signal != SIGHUP { _exit(130) }
    }
  }

  /// From now on SIGINT, SIGTERM or SIGHUP ends the process with the status of an interruption.
  ///
  /// That is right for what leaves nothing half done. A signal that the parent had ignored stays
  /// ignored.
  static func endOnInterruption() { handleInterruptions { _ in _exit(130) } }

  /// Wraps `sigaction(2)`, `sigprocmask(2)`.
  private static func handleInterruptions(_ handler: @escaping @convention(c) (Int32) -> Void) {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in stopping { sigaddset(&signals, signal) }
    sigprocmask(SIG_UNBLOCK, &signals, nil)
    for signal in stopping {
      var current = sigaction()
      sigaction(signal, nil, &current)
      if ignores(current) { continue }
      var action = sigaction()
      setHandler(of: &action, handler)
      sigaction(signal, &action, nil)
    }
  }

  /// Runs `body` to its end before a signal that asks to stop is heard.
  ///
  /// Wraps `pthread_sigmask(3)`.
  static func holdingInterruptions<Result>(_ body: () -> Result) -> Result {
    var (signals, before) = (sigset_t(), sigset_t())
    sigemptyset(&signals)
    for signal in stopping { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return body()
  }

  /// Has SIGINT, SIGTERM and SIGHUP taken by a thread that calls `body` with how many came so far;
  /// a hangup counts only where it is the first.
  ///
  /// Unlike a handler's, its code may do anything. Call it before other threads start, which inherit
  /// that the signals are blocked. A signal that the parent had ignored stays ignored. Wraps
  /// `pthread_sigmask(3)`, `pthread_create(3)`, `sigwait(3)`.
  /// - Returns: 0 or the error of making the thread.
  static func onInterruption(_ body: @escaping @Sendable (Int) -> Void) -> Int32 {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in stopping {
      var current = sigaction()
      sigaction(signal, nil, &current)
      if !ignores(current) { sigaddset(&signals, signal) }
    }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let waiter = Unmanaged.passRetained(SignalWaiter(signals: signals, body: body))
    #if canImport(Darwin)
      var thread: pthread_t?
      let failure = pthread_create(&thread, nil, { SignalWaiter.run($0) }, waiter.toOpaque())
      if let thread { pthread_detach(thread) }
    #else
      var thread = pthread_t()
      let failure = pthread_create(
        &thread, nil, { argument in argument.flatMap { SignalWaiter.run($0) } },
        waiter.toOpaque())
      if failure == 0 { pthread_detach(thread) }
    #endif
    if failure != 0 { waiter.release() }
    return failure
  }

  /// Ends the process without waiting for anything.
  ///
  /// Wraps `_exit(2)`.
  static func endAtOnce(_ status: ExitStatus) -> Never { _exit(status.rawValue) }

  /// Lets a write to a closed pipe fail with EPIPE, and one beyond the largest size of a file with
  /// EFBIG, instead of ending the process.
  static func ignoreSignalsOfWriting() {
    for number in signalsOfWriting { signal(number, SIG_IGN) }
  }

  static let signalsOfWriting = [SIGPIPE, SIGXFSZ]

  private static func ignores(_ action: sigaction) -> Bool {
    #if canImport(Glibc)
      let handler = action.__sigaction_handler.sa_handler
    #elseif canImport(Musl)
      let handler = action.__sa_handler.sa_handler
    #elseif canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static func setHandler(
    of action: inout sigaction, _ handler: @escaping @convention(c) (Int32) -> Void
  ) {
    #if canImport(Glibc)
      action.__sigaction_handler.sa_handler = handler
    #elseif canImport(Musl)
      action.__sa_handler.sa_handler = handler
    #elseif canImport(Darwin)
      action.__sigaction_u.__sa_handler = handler
    #endif
    action.sa_flags = SA_RESTART
  }
}

/// What the thread of ``Platform/onInterruption(_:)`` does.
private final class SignalWaiter: Sendable {
  private let signals: sigset_t
  private let body: @Sendable (Int) -> Void

  init(signals: sigset_t, body: @escaping @Sendable (Int) -> Void) {
    self.signals = signals
    self.body = body
  }

  static func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let waiter = Unmanaged<SignalWaiter>.fromOpaque(argument).takeRetainedValue()
    var signals = waiter.signals
    var signal: Int32 = 0
    var count = 0
    // It fails only where there is no signal to wait for: the parent had them ignored.
    while sigwait(&signals, &signal) == 0 {
      if count > 0, signal == SIGHUP { continue }
      count += 1
      waiter.body(count)
    }
    return nil
  }
}
