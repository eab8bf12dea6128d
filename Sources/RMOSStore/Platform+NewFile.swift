#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Platform {
  /// A file under a temporary name, on its way to its own.
  ///
  /// It is held by its directory, not by its path: whatever is renamed meanwhile, what is put in
  /// place, or removed, is this file.
  final class NewFile {
    /// The path of the directory.
    private let directoryPath: String
    private let directory: Int32
    private let file: Int32
    private let temporaryName: String
    /// Which file it is.
    let identity: FileIdentity

    /// Creates an empty file for its owner alone, whatever the umask: `open`, `openat`, `fchmod`.
    ///
    /// `names` are temporary names; the first that nothing bears is taken.
    init(in directoryPath: String, names: some Sequence<String>) throws(SystemError) {
      let directory = open(directoryPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard directory >= 0 else { throw SystemError(code: errno) }
      var created: (file: Int32, name: String)?
      var failure = EEXIST
      for name in names where failure == EEXIST && created == nil {
        let file = openat(
          directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if file >= 0 { created = (file, name) } else { failure = errno }
      }
      guard let (file, name) = created else {
        _ = close(directory)
        throw SystemError(code: failure)
      }
      guard fchmod(file, 0o600) == 0, let status = try? status(descriptor: file) else {
        failure = errno
        _ = unlinkat(directory, name, 0)
        _ = close(file)
        _ = close(directory)
        throw SystemError(code: failure)
      }
      self.directoryPath = directoryPath
      self.directory = directory
      self.file = file
      temporaryName = name
      identity = status.identity
    }

    deinit {
      _ = close(file)
      _ = close(directory)
    }

    /// Where it is now, unless it was renamed by others.
    var temporaryPath: String { directoryPath + "/" + temporaryName }

    /// Whether its directory, and it itself under its temporary name, are where they were: `stat`.
    var isInPlace: Bool { (try? entry(temporaryPath))?.identity == identity }

    /// Waits until its content is on the disk: `fsync`.
    func synchronize() throws(SystemError) {
      guard fsync(file) == 0 else { throw SystemError(code: errno) }
    }

    /// Gives it its name; what bears that already is replaced only if `replacing`: `linkat`,
    /// `renameat`.
    func move(to name: String, replacing: Bool) throws(SystemError) {
      if !replacing {
        if linkat(directory, temporaryName, directory, name, 0) == 0 {
          _ = unlinkat(directory, temporaryName, 0)
          return
        }
        // Some file systems know no second name.
        var info = stat()
        let isTaken =
          errno == EEXIST || fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0
        guard !isTaken else { throw SystemError(code: EEXIST) }
      }
      guard renameat(directory, temporaryName, directory, name) == 0 else {
        throw SystemError(code: errno)
      }
    }

    /// Whether it is what bears a name in the directory that is at the directory's path now.
    func isNamed(_ name: String) -> Bool {
      (try? entry(directoryPath + "/" + name))?.identity == identity
    }

    /// Waits until the directory is on the disk: `fsync`.
    ///
    /// Not every file system can.
    func synchronizeDirectory() { _ = fsync(directory) }

    /// Removes it, and what SQLite may have put beside it, wherever the directory is now:
    /// `unlinkat`.
    func discard() {
      var info = stat()
      guard fstatat(directory, temporaryName, &info, AT_SYMLINK_NOFOLLOW) == 0,
        UInt64(truncatingIfNeeded: info.st_ino) == identity.inode
      else { return }
      for suffix in ["", "-journal", "-wal", "-shm"] {
        _ = unlinkat(directory, temporaryName + suffix, 0)
      }
    }
  }
}
