// Trees for their owner alone.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A directory held open, so that nothing made below it is led elsewhere by a link.
///
/// What is made in it is for its owner alone, whatever the umask.
struct PrivateDirectory {
  private let descriptor: Int32

  /// open(2), fchmod(2): a directory that is there, made private.
  init(_ path: [UInt8]) throws(SystemError) {
    descriptor = Platform.withCPath(path) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw .last }
    guard fchmod(descriptor, 0o700) == 0 else {
      let error = SystemError.last
      close()
      throw error
    }
  }

  /// mkdirat(2), openat(2): the directory of that name, made where it is not there.
  init(_ name: [UInt8], in parent: PrivateDirectory) throws(SystemError) {
    descriptor = Platform.withCPath(name) { name in
      if mkdirat(parent.descriptor, name, 0o700) == 0 {
        // The umask may have taken rights away.
        _ = fchmodat(parent.descriptor, name, 0o700, 0)
      } else if errno != EEXIST {
        return -1
      }
      return openat(parent.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw .last }
  }

  /// The name of a file that is being written.
  ///
  /// Hidden, so that a migration passes over what a killed process left.
  static let stagedName = Array(".incomplete".utf8)

  /// openat(2), fchmod(2): a file that is to be placed under another name once it is whole; one
  /// that a killed process left goes.
  func stageFile() throws(SystemError) -> FileHandle {
    var file = createStaged()
    if file < 0, errno == EEXIST {
      removeStagedFile()
      file = createStaged()
    }
    guard file >= 0 else { throw .last }
    _ = fchmod(file, 0o600)
    return FileHandle(file)
  }

  private func createStaged() -> Int32 {
    Platform.withCPath(Self.stagedName) {
      openat(descriptor, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    }
  }

  /// renameat(2): gives the staged file its name, which must be free.
  func placeStagedFile(as name: [UInt8]) throws(SystemError) {
    try checkIsFree(name)
    let result = Platform.withCPath(Self.stagedName) { old in
      Platform.withCPath(name) { renameat(descriptor, old, descriptor, $0) }
    }
    guard result == 0 else { throw .last }
  }

  /// Checks that nothing goes by a name: fstatat(2).
  ///
  /// Nobody else writes into the directory.
  func checkIsFree(_ name: [UInt8]) throws(SystemError) {
    var info = stat()
    if Platform.withCPath(name, { fstatat(descriptor, $0, &info, AT_SYMLINK_NOFOLLOW) }) == 0 {
      throw SystemError(code: EEXIST)
    }
    guard errno == ENOENT else { throw .last }
  }

  /// unlinkat(2).
  func removeStagedFile() {
    _ = Platform.withCPath(Self.stagedName) { unlinkat(descriptor, $0, 0) }
  }

  /// Checks that a path leads here: stat(2), fstat(2).
  func checkStands(at path: [UInt8]) throws(SystemError) {
    let identity = try FileHandle(descriptor).status().identity
    guard (try? FileHandle.Status(of: path).identity) == identity else {
      throw SystemError(code: SystemError.wasMoved)
    }
  }

  /// close(2).
  func close() { FileHandle(descriptor).close() }
}
