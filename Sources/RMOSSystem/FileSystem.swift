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

  /// Gives a file another name, unless something bears that already: `link`, `unlink`, `rename`.
  package static func renameUnlessTaken(
    _ old: some SystemPath, to new: some SystemPath
  ) throws(SystemError) {
    do throws(SystemError) {
      try retrying { old.withCPath { old in new.withCPath { link(old, $0) } } }
    } catch {
      // Some file systems know no second name.
      if error == .exists || FileStatus.hasEntry(new) { throw .exists }
      return try rename(old, to: new)
    }
    try? removeFile(old)
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

  /// The largest that this process may make a file, `nil` if nothing limits it: `getrlimit`.
  package static var largestFileSize: Int? {
    var limit = rlimit()
    return getrlimit(fileSizeLimit, &limit) == 0 ? Int(exactly: limit.rlim_cur) : nil
  }

  // MARK: Content

  /// What reading a file gave.
  package enum Content {
    case bytes([UInt8])
    case tooLarge
  }

  /// Reads a file of at most `limit` bytes; pipes too.
  package static func content(
    of path: some SystemPath, limit: Int
  ) throws(SystemError) -> Content {
    let file = try FileDescriptor(waitingToRead: path)
    defer { file.close() }
    var content: [UInt8] = []
    while content.count <= limit {
      let piece = try file.read(count: 1 << 16)
      if piece.isEmpty { return .bytes(content) }
      content += piece
    }
    return .tooLarge
  }

  /// Checks that ``replaceContent(of:with:)`` could write there: it takes a directory that files
  /// can be made in, and what is there must let itself be written to.
  package static func checkReplaceable(_ path: String) throws(SystemError) {
    if let status = try? FileStatus(of: path) {
      if status.form == .directory { throw .isADirectory }
      try checkWritable(path)
      if status.form != .file { return }
    }
    try checkWritable(directory: (path.resolvedPath ?? path).directoryPath)
  }

  /// Replaces a file's content as a whole: a reader sees the old text or the new one.
  ///
  /// What is not a regular file (a pipe, a terminal) is written to as it is.
  package static func replaceContent(of path: String, with text: String) throws(SystemError) {
    let bytes = Array(text.utf8)
    if let status = try? FileStatus(of: path), status.form != .file {
      let file = try FileDescriptor(writing: path)
      do throws(SystemError) {
        try file.write(bytes)
      } catch {
        file.close()
        throw error
      }
      return try file.closeChecked()
    }
    let staged = try StagedFile(for: path.resolvedPath ?? path, suffix: ".tmp-", .ordinary)
    do throws(SystemError) {
      let file = try FileDescriptor(writing: staged.path)
      do throws(SystemError) {
        try file.write(bytes)
      } catch {
        file.close()
        throw error
      }
      try file.closeChecked()
      try staged.publish(replacing: true)
    } catch {
      staged.discard()
      throw error
    }
  }
}

/// A file that is written under another name beside its own, and gets its own when it is whole and
/// on the disk.
package struct StagedFile: Sendable {
  /// Who may see it.
  package enum Audience: Sendable {
    /// Its owner alone, whatever the umask.
    case owner
    /// Whom the umask lets.
    case ordinary
  }

  /// Where it is written.
  package let path: String
  private let target: String

  /// Creates the file, empty, under its name with a suffix and the number of this process.
  package init(
    for target: String, suffix: String, _ audience: Audience
  ) throws(SystemError) {
    self.target = target
    var path = "\(target)\(suffix)\(ProcessEnvironment.processID)"
    var number = 1
    while true {
      do throws(SystemError) {
        let file =
          switch audience {
          case .owner: try FileDescriptor(creatingPrivate: path)
          case .ordinary: try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL)
          }
        file.close()
        self.path = path
        return
      } catch {
        // A killed process left it, whose number another one has again, as in containers.
        guard error == .exists, number < 100 else { throw error }
        number += 1
        path = "\(target)\(suffix)\(ProcessEnvironment.processID)-\(number)"
      }
    }
  }

  /// Waits until it is on the disk, and gives it its name.
  ///
  /// - Throws: ``SystemError/exists`` if something bears that already and is not to be replaced.
  package func publish(replacing: Bool) throws(SystemError) {
    try FileSystem.synchronize(path)
    if replacing {
      try FileSystem.rename(path, to: target)
    } else {
      try FileSystem.renameUnlessTaken(path, to: target)
    }
    // The name may come late, never without its content.
    try? FileSystem.synchronize(target.directoryPath)
  }

  /// Deletes it, with what SQLite may have put beside it.
  package func discard() {
    for suffix in ["", "-journal", "-wal", "-shm"] { try? FileSystem.removeFile(path + suffix) }
  }
}
