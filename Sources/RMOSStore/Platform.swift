// What differs between systems, and every call to the C library, in one place.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

enum Platform {
  /// Whether a system error means that there is no room left.
  static func isOutOfSpace(_ code: Int32) -> Bool { code == ENOSPC || code == EDQUOT }

  /// Whether a system error means that no further file can be opened.
  static func isOutOfDescriptors(_ code: Int32) -> Bool { code == EMFILE || code == ENFILE }

  /// Whether a system error means that a file is as large as it may become.
  static func isOverSizeLimit(_ code: Int32) -> Bool { code == EFBIG }

  /// The system's words for an error code: `strerror_r`.
  static func message(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress else { return "error \(code)" }
      return strerror_r(code, start, 255) == 0 ? String(cString: start) : "error \(code)"
    }
  }

  static var processID: Int32 { getpid() }

  /// Whether two pieces of memory of the same length hold the same: `memcmp`.
  static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard let a = left.baseAddress, let b = right.baseAddress else { return true }
    return memcmp(a, b, left.count) == 0
  }

  /// Below 0 where `left` comes before `right` in order of the bytes, 0 where they are the same:
  /// `memcmp`.
  static func compare(
    _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
  ) -> Int {
    if let a = left.baseAddress, let b = right.baseAddress {
      let order = memcmp(a, b, min(left.count, right.count))
      if order != 0 { return Int(order) }
    }
    return left.count - right.count
  }

  /// Seconds of the monotonic clock: `clock_gettime`.
  static var uptime: Double {
    var spec = timespec()
    clock_gettime(CLOCK_MONOTONIC, &spec)
    return Double(spec.tv_sec) + Double(spec.tv_nsec) / 1e9
  }

  /// Gives way for a moment: `usleep`.
  static func pause(microseconds: UInt32) { _ = usleep(microseconds) }

  /// A number that tells running threads apart: `pthread_self`.
  static var thread: UInt {
    #if canImport(Glibc)
      UInt(pthread_self())
    #else
      UInt(bitPattern: pthread_self())
    #endif
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
    #if canImport(Darwin)
      pthread_cond_init(condition, nil)
    #else
      // A wait must not take longer because somebody sets the clock back.
      var attributes = pthread_condattr_t()
      pthread_condattr_init(&attributes)
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
      pthread_cond_init(condition, &attributes)
      pthread_condattr_destroy(&attributes)
    #endif
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

  /// Waits, unlocked meanwhile, until woken or (at the latest) for `seconds`.
  package func wait(seconds: Double?) {
    guard let seconds else {
      pthread_cond_wait(condition, mutex)
      return
    }
    let whole = seconds.rounded(.down)
    var time = timespec(tv_sec: Int(whole), tv_nsec: Int((seconds - whole) * 1e9))
    #if canImport(Darwin)
      pthread_cond_timedwait_relative_np(condition, mutex, &time)
    #else
      var now = timespec()
      clock_gettime(CLOCK_MONOTONIC, &now)
      let nanoseconds = now.tv_nsec + time.tv_nsec
      time.tv_sec += now.tv_sec + nanoseconds / 1_000_000_000
      time.tv_nsec = nanoseconds % 1_000_000_000
      pthread_cond_timedwait(condition, mutex, &time)
    #endif
  }
}
