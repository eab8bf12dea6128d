import CLibrary
import Synchronization

/// Signals, and what comes of them.
package enum Signals {
  /// How many of SIGINT and SIGTERM came.
  ///
  /// A handler may touch nothing but such an atomic.
  private static let interruptions = Atomic<Int>(0)

  /// The status of a process that was interrupted.
  private static let interruptedStatus: Int32 = 130

  /// Whether someone asked the program to stop; see ``catchInterruptions()``.
  package static var isInterrupted: Bool { interruptions.load(ordering: .relaxed) > 0 }

  /// From now on the first SIGINT or SIGTERM sets ``isInterrupted`` and a second one ends the
  /// process at once.
  ///
  /// A signal that the parent had ignored stays ignored; one that it had blocked, as the threads of
  /// a dispatch queue do, gets through.
  package static func catchInterruptions() {
    _ = isInterrupted
    handleInterruptions { _ in
      if Signals.interruptions.add(1, ordering: .relaxed).newValue > 1 {
        _exit(Signals.interruptedStatus)
      }
    }
  }

  /// From now on SIGINT or SIGTERM ends the process with the status of an interruption.
  ///
  /// That is right for what leaves nothing half done. A signal that the parent had ignored stays
  /// ignored.
  package static func endOnInterruption() {
    handleInterruptions { _ in _exit(Signals.interruptedStatus) }
  }

  /// `sigaction`, `sigprocmask`.
  private static func handleInterruptions(_ handler: @escaping @convention(c) (Int32) -> Void) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    sigprocmask(SIG_UNBLOCK, &signals, nil)
    for signal in [SIGINT, SIGTERM] where !isIgnored(signal) {
      var action = sigaction()
      action.handler = handler
      action.sa_flags = SA_RESTART
      sigaction(signal, &action, nil)
    }
  }

  private static func isIgnored(_ signal: Int32) -> Bool {
    var current = sigaction()
    sigaction(signal, nil, &current)
    return unsafeBitCast(current.handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Has SIGINT and SIGTERM taken by a thread that calls `body` with how many came so far.
  ///
  /// Unlike a handler's, its code may do anything. Call it before other threads start, which inherit
  /// that the signals are blocked. A signal that the parent had ignored stays ignored:
  /// `pthread_sigmask`, `sigwait`.
  package static func onInterruption(
    _ body: @escaping @Sendable (Int) -> Void
  ) throws(SystemError) {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM] where !isIgnored(signal) { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let awaited = signals
    try SystemThread.detached {
      var signals = awaited
      var signal: Int32 = 0
      var count = 0
      // It fails only where there is no signal to wait for: the parent had them ignored.
      while sigwait(&signals, &signal) == 0 {
        count += 1
        body(count)
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
