// Directories, and names in them.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Platform {
  /// mkdir(2) for a directory and those above it; one that is there is fine.
  ///
  /// - Returns: Whether it was not there.
  @discardableResult
  static func makeDirectories(_ path: [UInt8]) throws(SystemError) -> Bool {
    var path = path
    while path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
    if withCPath(path, { mkdir($0, 0o755) }) == 0 { return true }
    if errno == EEXIST { return false }
    guard errno == ENOENT, let slash = path.lastIndex(of: UInt8(ascii: "/")), slash > 0 else {
      throw .last
    }
    try makeDirectories(Array(path[..<slash]))
    if withCPath(path, { mkdir($0, 0o755) }) == 0 { return true }
    guard errno == EEXIST else { throw .last }
    return false
  }

  /// Whether readdir(3) means the directory itself or the one above.
  static func isDots(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
  }

  /// Whether a directory holds nothing, hidden entries included, but what goes by one name.
  static func isEmpty(
    directory path: [UInt8], but exception: [UInt8] = []
  ) throws(SystemError) -> Bool {
    var isEmpty = true
    try forEachEntry(ofDirectory: path) { name, _ in
      if !isDots(name), !name.elementsEqual(exception) { isEmpty = false }
    }
    return isEmpty
  }

  /// mkdir(2); fails where something is there.
  static func makeDirectory(_ path: [UInt8]) throws(SystemError) {
    guard withCPath(path, { mkdir($0, 0o755) }) == 0 else { throw .last }
  }

  /// fsync(2): waits until a file or directory is on the disk.
  static func synchronize(_ path: [UInt8]) throws(SystemError) {
    let descriptor = withCPath(path) { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw .last }
    defer { _ = close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .last }
  }

  /// sync(2): all at once, so that ``synchronize(_:)`` of many files has little left to do.
  static func beginSynchronizing() { sync() }

  /// rename(2).
  static func rename(_ old: [UInt8], to new: [UInt8]) throws(SystemError) {
    let result = withCPath(old) { old in
      withCPath(new) { new in
        #if canImport(Darwin)
          Darwin.rename(old, new)
        #elseif canImport(Musl)
          Musl.rename(old, new)
        #else
          Glibc.rename(old, new)
        #endif
      }
    }
    guard result == 0 else { throw .last }
  }

  /// unlink(2).
  static func removeFile(_ path: [UInt8]) throws(SystemError) {
    guard withCPath(path, { unlink($0) }) == 0 else { throw .last }
  }

  /// rmdir(2).
  static func removeDirectory(_ path: [UInt8]) throws(SystemError) {
    guard withCPath(path, { rmdir($0) }) == 0 else { throw .last }
  }

  /// realpath(3): the path without links, `.` and `..`.
  static func resolved(_ path: [UInt8]) throws(SystemError) -> [UInt8] {
    guard let text = withCPath(path, { realpath($0, nil) }) else { throw .last }
    defer { free(text) }
    return Array(UnsafeBufferPointer(start: text, count: strlen(text))).map {
      UInt8(bitPattern: $0)
    }
  }

  /// Removes a directory and all in it, following no link: unlink(2), rmdir(2).
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - allowance: How many entries are still removed once `isCancelled` says so.
  ///   - isCancelled: Asked for each entry.
  /// - Throws: ``SystemError/cancelled`` where it is not all gone for that.
  static func removeTree(
    _ path: [UInt8], allowance: inout Int, isCancelled: () -> Bool
  ) throws(SystemError) {
    var names: [[UInt8]] = []
    try forEachEntry(ofDirectory: path) { name, _ in
      if !isDots(name) { names.append(Array(name)) }
    }
    for name in names {
      let entry = path + [UInt8(ascii: "/")] + name
      if isCancelled() { allowance -= 1 }
      if allowance <= 0 { throw SystemError(code: SystemError.cancelled) }
      if isDirectory(entry) {
        try removeTree(entry, allowance: &allowance, isCancelled: isCancelled)
      } else {
        try removeFile(entry)
      }
    }
    try removeDirectory(path)
  }

  /// Whether a path names a directory, not a link to one: lstat(2).
  private static func isDirectory(_ path: [UInt8]) -> Bool {
    var info = stat()
    return withCPath(path, { lstat($0, &info) }) == 0 && info.st_mode & S_IFMT == S_IFDIR
  }
}

extension FileHandle {
  /// open(2) of a directory, not of a link to one.
  init(directory path: [UInt8]) throws(SystemError) {
    let descriptor = Platform.withCPath(path) {
      open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw .last }
    self.init(descriptor)
  }

  /// What came of asking for a lock.
  enum Locking {
    case locked, lockedByAnother
    /// The file system has no locks.
    case unavailable
  }

  /// flock(2) without waiting; the lock ends with the handle and with its process.
  func lock() -> Locking {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno != EINTR { return errno == EWOULDBLOCK ? .lockedByAnother : .unavailable }
    }
    return .locked
  }

  /// Whether it belongs to who runs this process: fstat(2).
  var isOurs: Bool {
    var info = stat()
    return fstat(descriptor, &info) == 0 && info.st_uid == geteuid()
  }

  /// The rights, as for chmod(2): fstat(2).
  func mode() throws(SystemError) -> UInt32 {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .last }
    return UInt32(info.st_mode) & 0o7777
  }

  /// fchmod(2).
  func setMode(_ mode: UInt32) throws(SystemError) {
    guard fchmod(descriptor, mode_t(mode)) == 0 else { throw .last }
  }
}
