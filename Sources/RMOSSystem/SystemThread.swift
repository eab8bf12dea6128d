import CLibrary

/// A thread that runs one closure.
package struct SystemThread: @unchecked Sendable {
  /// JSON nested as deep as it may be is read by recursion, which does not fit into what some
  /// systems give a thread: 128 KiB with musl, 512 KiB on Darwin.
  ///
  /// Only what is used is taken.
  private static let stackSize = 4 << 20

  // `@unchecked Sendable`: it is a number or an address that never changes.
  private let thread: pthread_t

  /// Starts `body` at once; ``join()`` or ``detach()`` must follow: `pthread_create`.
  package init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackSize)
    let box = Unmanaged.passRetained(Body(run: body))
    var thread = emptyThread
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        let argument: UnsafeMutableRawPointer? = argument
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, box.toOpaque())
    guard result == 0, let started = startedThread(thread) else {
      box.release()
      throw .code(result == 0 ? EAGAIN : result)
    }
    self.thread = started
  }

  /// Runs `body` on a thread that ends by itself.
  package static func detached(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    try SystemThread(body).detach()
  }

  /// Waits for the thread to end: `pthread_join`.
  package func join() { pthread_join(thread, nil) }

  /// Lets the thread end by itself: `pthread_detach`.
  package func detach() { pthread_detach(thread) }

  /// A number that tells running threads apart: `pthread_self`.
  package static var current: UInt { threadNumber(pthread_self()) }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }
}

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
