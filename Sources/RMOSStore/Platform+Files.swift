#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Platform {
  /// Which file it is, whatever its name.
  struct FileIdentity: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
  }

  /// What tells one state of a file from another.
  struct FileStamp: Hashable, Sendable {
    var identity: FileIdentity
    var size: Int64
    var seconds: Int
    var nanoseconds: Int
  }

  /// What stands at a path; the raw value is for messages.
  enum FileKind: String {
    case regular = "a file"
    case directory = "a directory"
    case symbolicLink = "a symbolic link"
    case pipe = "a named pipe"
    case socket = "a socket"
    case device = "a device"
  }

  /// What the system knows of a file.
  struct FileStatus: Sendable {
    var stamp: FileStamp
    var kind: FileKind
    /// How many names it has.
    var links: Int
    var owner: UInt32
    var group: UInt32
    /// The permissions of owner, group and others.
    var permissions: UInt32

    var identity: FileIdentity { stamp.identity }
    var size: Int64 { stamp.size }
  }

  struct SystemError: Error { var code: Int32 }

  static var user: UInt32 { UInt32(geteuid()) }
  static var isSuperuser: Bool { user == 0 }

  // MARK: Looking at files

  /// A file, links followed: `stat`.
  static func status(_ path: String) throws(SystemError) -> FileStatus {
    var info = stat()
    guard stat(path, &info) == 0 else { throw SystemError(code: errno) }
    return FileStatus(info)
  }

  /// What stands at the path itself, be it a link: `lstat`.
  static func entry(_ path: String) throws(SystemError) -> FileStatus {
    var info = stat()
    guard lstat(path, &info) == 0 else { throw SystemError(code: errno) }
    return FileStatus(info)
  }

  /// An open file: `fstat`.
  static func status(descriptor: Int32) throws(SystemError) -> FileStatus {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw SystemError(code: errno) }
    return FileStatus(info)
  }

  /// The state of a file, links followed, nil where it is not there: `stat`.
  static func stamp(_ path: String) -> FileStamp? { try? status(path).stamp }

  /// Whether there is something, be it a link that leads nowhere: `lstat`.
  static func hasEntry(_ path: String) -> Bool { (try? entry(path)) != nil }

  /// Whether the path itself is a link: `lstat`.
  static func isLink(_ path: String) -> Bool { (try? entry(path))?.kind == .symbolicLink }

  /// Whether a system error means that nothing stands at a path.
  static func isAbsence(_ code: Int32) -> Bool { code == ENOENT || code == ENOTDIR }

  /// Why a path cannot be reached; nil where nothing is there, or can be reached: `stat`.
  static func obstacle(to path: String) -> String? {
    do throws(SystemError) {
      _ = try status(path)
      return nil
    } catch {
      return error.code == ENOENT ? nil : message(error.code)
    }
  }

  /// The absolute path without links: `realpath`.
  static func resolve(_ path: String) throws(SystemError) -> String {
    guard let text = realpath(path, nil) else { throw SystemError(code: errno) }
    defer { free(text) }
    return String(cString: text)
  }

  /// Why a file or directory that is there cannot be written, 0 where it can: `access`.
  static func writingFailure(_ path: String) -> Int32 { access(path, W_OK) == 0 ? 0 : errno }

  /// Why a file that is there cannot be read, 0 where it can: `access`.
  static func readingFailure(_ path: String) -> Int32 { access(path, R_OK) == 0 ? 0 : errno }

  /// The name of a user, for messages: `getpwuid_r`.
  static func userName(_ user: UInt32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      guard let start = buffer.baseAddress else { return "user \(user)" }
      var entry = passwd()
      var result: UnsafeMutablePointer<passwd>?
      let failure = getpwuid_r(uid_t(user), &entry, start, buffer.count, &result)
      guard failure == 0, result != nil, let name = entry.pw_name else { return "user \(user)" }
      return String(cString: name)
    }
  }

  /// Why the system opens no further file, 0 where it does.
  ///
  /// SQLite forgets the cause.
  static var descriptorFailure: Int32 {
    let descriptor = open("/", O_RDONLY | O_CLOEXEC)
    guard descriptor < 0 else {
      _ = close(descriptor)
      return 0
    }
    return isOutOfDescriptors(errno) ? errno : 0
  }

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

  // MARK: Changing names

  /// Deletes a file: `unlink`.
  @discardableResult
  static func remove(_ path: String) -> Bool { unlink(path) == 0 }

  /// Gives a file a name that nothing bears yet: `rename`.
  static func setAside(_ path: String, as name: String) -> Bool {
    !hasEntry(name) && rename(path, name) == 0
  }

  // MARK: Lock files

  /// Opens a file for locking, where it stands already: `open`.
  ///
  /// Never waits and never follows a link. A lock needs no right to write.
  ///
  /// - Returns: The descriptor, and whether it may be written.
  static func openLockFile(_ path: String) throws(SystemError) -> (Int32, isWritable: Bool) {
    let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let descriptor = open(path, O_RDWR | flags)
    if descriptor >= 0 { return (descriptor, true) }
    guard errno == EACCES || errno == EPERM || errno == EROFS else {
      throw SystemError(code: errno)
    }
    return (try openForLooking(path), false)
  }

  /// Opens a file for a shared lock: `open`.
  static func openForLooking(_ path: String) throws(SystemError) -> Int32 {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw SystemError(code: errno) }
    return descriptor
  }

  /// Creates a file for locking that whoever may open `model` may open as well: `open`, `fchown`,
  /// `fchmod`.
  static func createLockFile(_ path: String, like model: FileStatus?) throws(SystemError) -> Int32 {
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SystemError(code: errno) }
    if let model {
      // Whoever is not root may give it at most to a group of his own.
      _ = fchown(descriptor, isSuperuser ? uid_t(model.owner) : uid_t.max, gid_t(model.group))
      _ = fchmod(descriptor, mode_t(model.permissions & 0o666 | 0o600))
    }
    return descriptor
  }

  /// Whether a system error means that there is something already.
  static func isPresence(_ code: Int32) -> Bool { code == EEXIST }

  /// Whether a system error means that the rights do not suffice.
  static func isRefusal(_ code: Int32) -> Bool { code == EACCES || code == EPERM }

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
}

extension Platform.FileStatus {
  fileprivate init(_ info: stat) {
    let identity = Platform.FileIdentity(
      device: UInt64(truncatingIfNeeded: info.st_dev),
      inode: UInt64(truncatingIfNeeded: info.st_ino))
    #if canImport(Darwin)
      let (seconds, nanoseconds) = (info.st_mtimespec.tv_sec, info.st_mtimespec.tv_nsec)
    #else
      let (seconds, nanoseconds) = (info.st_mtim.tv_sec, info.st_mtim.tv_nsec)
    #endif
    stamp = Platform.FileStamp(
      identity: identity, size: Int64(info.st_size), seconds: seconds, nanoseconds: nanoseconds)
    links = Int(info.st_nlink)
    owner = UInt32(info.st_uid)
    group = UInt32(info.st_gid)
    permissions = UInt32(info.st_mode) & 0o777
    switch info.st_mode & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFDIR: kind = .directory
    case S_IFLNK: kind = .symbolicLink
    case S_IFIFO: kind = .pipe
    case S_IFSOCK: kind = .socket
    default: kind = .device
    }
  }
}
