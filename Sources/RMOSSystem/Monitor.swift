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
    pthread_cond_init(condition, nil)
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
    guard let left = deadline.timeLeft else { return wait() }
    // The condition goes by the clock of the day; whoever waits looks at the deadline again.
    let (now, wait) = (WallClock.now, left.components)
    let nanoseconds = now.nanoseconds + Int(wait.attoseconds / 1_000_000_000)
    var until = timespec()
    until.tv_sec = time_t(now.seconds) + time_t(wait.seconds) + time_t(nanoseconds / 1_000_000_000)
    until.tv_nsec = nanoseconds % 1_000_000_000
    pthread_cond_timedwait(condition, mutex, &until)
  }
}
