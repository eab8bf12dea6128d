// What may be done to a path, without doing it.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Platform {
  /// Whether a path names a symbolic link, wherever that leads: lstat(2).
  static func isLink(_ path: [UInt8]) -> Bool {
    var info = stat()
    guard withCPath(path, { lstat($0, &info) }) == 0 else { return false }
    return info.st_mode & S_IFMT == S_IFLNK
  }

  /// Checks that entries can be made in a directory: access(2).
  static func checkWritable(directory path: [UInt8]) throws(SystemError) {
    guard try FileHandle.Status(of: path).form == .directory else {
      throw SystemError(code: SystemError.notADirectory)
    }
    guard withCPath(path, { access($0, W_OK | X_OK) }) == 0 else { throw .last }
  }

  /// Checks that a directory can be made private: only its owner may, or root.
  static func checkOwned(directory path: [UInt8]) throws(SystemError) {
    var info = stat()
    guard withCPath(path, { stat($0, &info) }) == 0 else { throw .last }
    guard geteuid() == 0 || info.st_uid == geteuid() else { throw SystemError(code: EPERM) }
  }
}
