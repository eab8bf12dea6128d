// What differs between systems, and every call to the C library, in one place.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

enum Platform {
  /// What tells one state of a file from another.
  struct FileStamp: Hashable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var seconds: Int
    var nanoseconds: Int
    var isDirectory: Bool
    var isRegular: Bool
  }

  /// Whether a system error means that there is no room left.
  static func isOutOfSpace(_ code: Int32) -> Bool { code == ENOSPC || code == EDQUOT }

  /// Whether a system error means that a file is as large as it may become.
  static func isOverSizeLimit(_ code: Int32) -> Bool { code == EFBIG }

  /// The largest that this process may make a file, nil where nothing limits it: `getrlimit`.
  static var largestFileSize: Int64? {
    var limit = rlimit()
    #if canImport(Glibc)
      let result = getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    #else
      let result = getrlimit(RLIMIT_FSIZE, &limit)
    #endif
    return result == 0 ? Int64(exactly: limit.rlim_cur) : nil
  }

  static var lastError: Int32 { errno }

  /// The system's words for an error code: `strerror_r`.
  static func message(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress else { return "error \(code)" }
      return strerror_r(code, start, 255) == 0 ? String(cString: start) : "error \(code)"
    }
  }

  /// The state of a file, links followed, nil where it is not there: `stat`.
  static func stamp(_ path: String) -> FileStamp? {
    var info = stat()
    return stat(path, &info) == 0 ? FileStamp(info) : nil
  }

  /// The state of an open file: `fstat`.
  static func stamp(descriptor: Int32) -> FileStamp? {
    var info = stat()
    return fstat(descriptor, &info) == 0 ? FileStamp(info) : nil
  }

  /// The absolute path without links, nil where it is not there: `realpath`.
  static func resolve(_ path: String) -> String? {
    guard let text = realpath(path, nil) else { return nil }
    defer { free(text) }
    return String(cString: text)
  }

  /// Why a path cannot be reached; nil where nothing is there, or can be reached: `stat`.
  static func obstacle(to path: String) -> String? {
    var info = stat()
    return stat(path, &info) == 0 || errno == ENOENT ? nil : message(errno)
  }

  /// Whether there is something, be it a link that leads nowhere: `lstat`.
  static func hasEntry(_ path: String) -> Bool {
    var info = stat()
    return lstat(path, &info) == 0
  }

  /// Why a file or directory that is there cannot be written, 0 where it can: `access`.
  static func writingFailure(_ path: String) -> Int32 { access(path, W_OK) == 0 ? 0 : errno }

  /// Deletes a file: `unlink`.
  static func remove(_ path: String) { _ = unlink(path) }

  /// Whether the path itself is a link: `lstat`.
  static func isLink(_ path: String) -> Bool {
    var info = stat()
    return lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFLNK
  }

  /// Creates an empty file for its owner alone, whatever the umask: `open`, `fchmod`.
  ///
  /// - Returns: 0, or the `errno` of the failure, as where something is there.
  static func createPrivateFile(_ path: String) -> Int32 {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return errno }
    defer { _ = close(descriptor) }
    return fchmod(descriptor, 0o600) == 0 ? 0 : errno
  }

  /// Waits until a file's or directory's content is on the disk: `open`, `fsync`.
  ///
  /// - Returns: 0, or the `errno` of the failure.
  static func synchronize(_ path: String) -> Int32 {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno }
    defer { _ = close(descriptor) }
    return fsync(descriptor) == 0 ? 0 : errno
  }

  /// Gives a file another name; what bears that already is replaced only if `replacing`: `rename`,
  /// `link`.
  ///
  /// - Returns: 0, or the `errno` of the failure.
  static func move(_ old: String, to new: String, replacing: Bool) -> Int32 {
    if !replacing {
      if link(old, new) == 0 {
        _ = unlink(old)
        return 0
      }
      // Some file systems know no second name.
      if errno == EEXIST || hasEntry(new) { return EEXIST }
    }
    return rename(old, new) == 0 ? 0 : errno
  }

  static let exists = EEXIST

  /// The names in a directory: `readdir`.
  static func names(inDirectory path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names
  }

  /// Opens a file for locking, creating it for its owner alone: `open`.
  static func openLockFile(_ path: String) -> Int32? {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    return descriptor < 0 ? nil : descriptor
  }

  /// Opens a file that is there for reading: `open`.
  static func openExistingFile(_ path: String) -> Int32? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    return descriptor < 0 ? nil : descriptor
  }

  /// Tries to lock an open file without waiting, nil where another holds it: `flock`.
  static func tryLock(
    _ descriptor: Int32, shared: Bool = false
  ) -> Result<Void, SystemError>? {
    while flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { return nil }
      if errno != EINTR { return .failure(SystemError(code: errno)) }
    }
    return .success(())
  }

  struct SystemError: Error { var code: Int32 }

  static func closeFile(_ descriptor: Int32) { _ = close(descriptor) }

  /// Replaces a small file's content: `ftruncate` and `pwrite`.
  static func replaceContent(_ descriptor: Int32, with text: String) {
    var text = text
    text.withUTF8 { bytes in
      if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, bytes.baseAddress, bytes.count, 0) }
    }
  }

  /// The first bytes of a small file: `pread`.
  static func content(_ descriptor: Int32) -> String {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
      let count = pread(descriptor, buffer.baseAddress, buffer.count, 0)
      return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
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

extension Platform.FileStamp {
  fileprivate init(_ info: stat) {
    device = UInt64(truncatingIfNeeded: info.st_dev)
    inode = UInt64(truncatingIfNeeded: info.st_ino)
    size = Int64(info.st_size)
    #if canImport(Darwin)
      seconds = info.st_mtimespec.tv_sec
      nanoseconds = info.st_mtimespec.tv_nsec
    #else
      seconds = info.st_mtim.tv_sec
      nanoseconds = info.st_mtim.tv_nsec
    #endif
    isDirectory = info.st_mode & S_IFMT == S_IFDIR
    isRegular = info.st_mode & S_IFMT == S_IFREG
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
