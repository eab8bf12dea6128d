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

  /// Whether a directory holds nothing, hidden entries included.
  static func isEmpty(directory path: [UInt8]) throws(SystemError) -> Bool {
    var isEmpty = true
    try forEachEntry(ofDirectory: path) { name, _ in
      if !isDots(name) { isEmpty = false }
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
}
