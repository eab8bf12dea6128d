import CLibrary

/// State that threads share, and for whose changes they can wait: `pthread_mutex_t`,
/// `pthread_cond_t`.
///
/// The standard library's `Mutex` has no condition variable. As there, the state is accessible only
/// under the lock, and a reference in it must not leave a closure.
///
/// `@unchecked Sendable`: `state` is accessed only under the lock; the pointers never change, and
/// the mutex and the condition are thread-safe.
@safe package final class Monitor<State>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state: State

  /// The result of looking at the state while waiting.
  package enum Look<Result> {
    /// The wait is over.
    case done(Result)
    /// The state is to be looked at again after a change, or at the deadline.
    case wait(until: Deadline = .never)
  }

  /// The threads to wake after a change.
  package enum Waking {
    case none, one, all
  }

  /// Creates a monitor of a state.
  package init(_ state: State) {
    self.state = state
    unsafe mutex.initialize(to: pthread_mutex_t())
    unsafe condition.initialize(to: pthread_cond_t())
    unsafe pthread_mutex_init(mutex, nil)
    unsafe initializeCondition(condition)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Runs `body` under the lock, then wakes waiting threads: `pthread_cond_broadcast`,
  /// `pthread_cond_signal`.
  package func withLock<Result>(
    waking: Waking = .none, _ body: (inout State) throws -> Result
  ) rethrows -> Result {
    try locked(waking) { try body(&state) }
  }

  /// Runs `look` under the lock, and again after each change, until it is done:
  /// `pthread_cond_wait`.
  ///
  /// The lock is released while the thread waits. `look` may also run without a change.
  package func wait<Result>(
    waking: Waking = .none, _ look: (inout State) throws -> Look<Result>
  ) rethrows -> Result {
    try locked(waking) {
      while true {
        switch try look(&state) {
        case .done(let result): return result
        case .wait(let deadline): sleep(until: deadline)
        }
      }
    }
  }

  private func locked<Result>(_ waking: Waking, _ body: () throws -> Result) rethrows -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer {
      // Unlocked first: a woken thread would otherwise have to wait for the lock.
      unsafe pthread_mutex_unlock(mutex)
      switch waking {
      case .none: break
      case .one: unsafe pthread_cond_signal(condition)
      case .all: unsafe pthread_cond_broadcast(condition)
      }
    }
    return try body()
  }

  /// Sleeps with the lock released until woken, perhaps spuriously, or until the deadline.
  private func sleep(until deadline: Deadline) {
    guard let left = deadline.timeLeft?.components else {
      unsafe pthread_cond_wait(condition, mutex)
      return
    }
    unsafe waitForCondition(
      condition, mutex,
      timespec(tv_sec: time_t(left.seconds), tv_nsec: Int(left.attoseconds / 1_000_000_000)))
  }
}
