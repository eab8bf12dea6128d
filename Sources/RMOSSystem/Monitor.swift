import CLibrary

/// State that threads share, and whose change they can wait for: `pthread_mutex_t`,
/// `pthread_cond_t`.
///
/// The standard library's `Mutex` has no condition variable. As with it, the state is within reach
/// only under the lock; a reference must not leave a closure.
///
/// `@unchecked Sendable`: `state` is touched under the lock alone; the pointers never change, and
/// what they point to is thread-safe.
@safe package final class Monitor<State>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state: State

  /// The result of looking at the state while waiting.
  package enum Look<Result> {
    /// The wait is over.
    case done(Result)
    /// To be looked at again once the state has changed, or at the deadline.
    case wait(until: Deadline = .never)
  }

  /// The threads to wake after a change.
  package enum Waking {
    case none, one, all
  }

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

  /// Runs `body` under the lock, then wakes threads that wait: `pthread_cond_broadcast`,
  /// `pthread_cond_signal`.
  package func withLock<Result>(
    waking: Waking = .none, _ body: (inout State) throws -> Result
  ) rethrows -> Result {
    try locked(waking) { try body(&state) }
  }

  /// Runs `look` under the lock, and again after each change, until it is done:
  /// `pthread_cond_wait`.
  ///
  /// The lock is released while waiting. `look` may also run without a change.
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
      // First unlocked: a thread that is woken would otherwise only wait again.
      unsafe pthread_mutex_unlock(mutex)
      switch waking {
      case .none: break
      case .one: unsafe pthread_cond_signal(condition)
      case .all: unsafe pthread_cond_broadcast(condition)
      }
    }
    return try body()
  }

  /// Sleeps, unlocked, until woken, which may happen spuriously, or until the deadline.
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
