import CLibrary

/// A mutex with a condition to wait for: `pthread_mutex_t`, `pthread_cond_t`.
///
/// The standard library's `Mutex` has no condition variable.
///
/// `@unchecked Sendable`: the pointers never change and what they point to is made for threads.
package final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  package init() {
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    initializeCondition(condition)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  package func lock() { pthread_mutex_lock(mutex) }
  package func unlock() { pthread_mutex_unlock(mutex) }
  package func wakeAll() { pthread_cond_broadcast(condition) }
  package func wakeOne() { pthread_cond_signal(condition) }

  /// Waits, unlocked meanwhile, until woken; it may be woken for nothing.
  package func wait() { pthread_cond_wait(condition, mutex) }

  /// Waits, unlocked meanwhile, until woken or, at the latest, until the deadline.
  package func wait(until deadline: Deadline) {
    guard let left = deadline.timeLeft?.components else { return wait() }
    waitForCondition(
      condition, mutex,
      timespec(tv_sec: time_t(left.seconds), tv_nsec: Int(left.attoseconds / 1_000_000_000)))
  }
}
