import CLibrary

/// What is done to files and directories by their paths.
package enum FileSystem {
  // MARK: Creating and removing

  /// Creates a directory; fails if something is there: `mkdir`.
  package static func makeDirectory(
    _ path: some SystemPath, permissions: UInt16 = 0o755
  ) throws(SystemError) {
    try retrying { path.withCPath { mkdir($0, mode_t(permissions)) } }
  }

  /// Creates a directory and those above it; one that is there is fine.
  ///
  /// - Returns: Whether it was not there.
  @discardableResult
  package static func makeDirectories<Path: SystemPath>(
    _ path: Path, permissions: UInt16 = 0o755
  ) throws(SystemError) -> Bool {
    do throws(SystemError) {
      guard try FileStatus(of: path).form == .directory else { throw SystemError.notADirectory }
      return false
    } catch {
      guard error == .notFound else { throw error }
    }
    var bytes = path.pathBytes
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    for isLastAttempt in [false, true] {
      do throws(SystemError) {
        try makeDirectory(bytes, permissions: permissions)
        return true
      } catch {
        // Another process was faster, or a link leads nowhere.
        if error == .exists {
          guard try FileStatus(of: path).form == .directory else { throw .notADirectory }
          return false
        }
        let parent = bytes.directoryPath
        guard error == .notFound, !isLastAttempt, bytes.contains(UInt8(ascii: "/")) else {
          throw error
        }
        try makeDirectories(parent, permissions: permissions)
      }
    }
    return true
  }

  /// Deletes a file: `unlink`.
  package static func removeFile(_ path: some SystemPath) throws(SystemError) {
    try retrying { path.withCPath { unlink($0) } }
  }

  /// Deletes an empty directory: `rmdir`.
  package static func removeDirectory(_ path: some SystemPath) throws(SystemError) {
    try retrying { path.withCPath { rmdir($0) } }
  }

  // MARK: Moving

  /// `rename`.
  package static func rename(
    _ old: some SystemPath, to new: some SystemPath
  ) throws(SystemError) {
    try retrying { old.withCPath { old in new.withCPath { CLibrary.rename(old, $0) } } }
  }

  /// Gives a file a name that nothing bears yet: `rename`.
  package static func renameUnlessTaken(
    _ old: some SystemPath, to new: some SystemPath
  ) throws(SystemError) {
    guard !FileStatus.hasEntry(new) else { throw .exists }
    try rename(old, to: new)
  }

  // MARK: Durability

  /// Waits until a file's or directory's content is on the disk: `open`, `fsync`.
  package static func synchronize(_ path: some SystemPath) throws(SystemError) {
    let file = try FileDescriptor(opening: path, O_RDONLY)
    defer { file.close() }
    try file.synchronize()
  }

  /// Begins to write all there is to the disk, so that ``synchronize(_:)`` of many files has little
  /// left to do: `sync`.
  package static func beginSynchronizing() { sync() }

  // MARK: Rights

  /// Checks that what is there may be read: `access`.
  package static func checkReadable(_ path: some SystemPath) throws(SystemError) {
    try retrying { path.withCPath { access($0, R_OK) } }
  }

  /// Checks that what is there may be written to: `access`.
  package static func checkWritable(_ path: some SystemPath) throws(SystemError) {
    try retrying { path.withCPath { access($0, W_OK) } }
  }

  /// Checks that entries can be made in a directory: `access`.
  package static func checkWritable(directory path: some SystemPath) throws(SystemError) {
    guard try FileStatus(of: path).form == .directory else { throw .notADirectory }
    try retrying { path.withCPath { access($0, W_OK | X_OK) } }
  }

  /// Checks that a directory can be made private: only its owner may, or root.
  package static func checkOwned(directory path: some SystemPath) throws(SystemError) {
    let status = try FileStatus(of: path)
    guard geteuid() == 0 || status.owner == geteuid() else { throw .notPermitted }
  }

  /// Whether a path leads to a program that may be run: `access`.
  package static func isProgram(_ path: some SystemPath) -> Bool {
    (try? FileStatus(of: path))?.form == .file && path.withCPath { access($0, X_OK) } == 0
  }

  /// Why the system opens no further file, `nil` if it does: `open`.
  package static var openingFailure: SystemError? {
    do throws(SystemError) {
      try FileDescriptor(opening: "/", O_RDONLY).close()
      return nil
    } catch {
      return error.isOutOfDescriptors ? error : nil
    }
  }
}
