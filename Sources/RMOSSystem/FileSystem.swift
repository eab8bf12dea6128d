import CLibrary

/// Operations on files and directories by their paths.
package enum FileSystem {
  // MARK: Creating and removing

  /// Creates a directory, which must not exist yet: `mkdir`.
  package static func makeDirectory(
    _ path: some SystemPath, permissions: UInt16 = 0o755
  ) throws(SystemError) {
    try retrying { unsafe path.withCPath { unsafe mkdir($0, mode_t(permissions)) } }
  }

  /// Creates a directory and its parents; an existing directory is no error.
  ///
  /// - Returns: Whether the directory was created.
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
        // Either another process has just created the directory, or the path is a broken link.
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
    try retrying { unsafe path.withCPath { unsafe unlink($0) } }
  }

  /// Deletes an empty directory: `rmdir`.
  package static func removeDirectory(_ path: some SystemPath) throws(SystemError) {
    try retrying { unsafe path.withCPath { unsafe rmdir($0) } }
  }

  // MARK: Moving

  /// Renames a file; an existing file of the new name is replaced: `rename`.
  package static func rename(
    _ old: some SystemPath, to new: some SystemPath
  ) throws(SystemError) {
    try retrying {
      unsafe old.withCPath { old in unsafe new.withCPath { unsafe CLibrary.rename(old, $0) } }
    }
  }

  /// Renames a file unless the new name is taken: `lstat`, `rename`.
  ///
  /// - Throws: ``SystemError/exists`` if it is.
  package static func renameUnlessTaken(
    _ old: some SystemPath, to new: some SystemPath
  ) throws(SystemError) {
    guard !FileStatus.hasEntry(new) else { throw .exists }
    try rename(old, to: new)
  }

  // MARK: Durability

  /// Waits until the content of a file or directory is on the disk: `open`, `fsync`.
  package static func synchronize(_ path: some SystemPath) throws(SystemError) {
    let file = try FileDescriptor(opening: path, O_RDONLY)
    defer { file.close() }
    try file.synchronize()
  }

  // MARK: Permissions

  /// Checks that a file may be read: `access`.
  package static func checkReadable(_ path: some SystemPath) throws(SystemError) {
    try retrying { unsafe path.withCPath { unsafe access($0, R_OK) } }
  }

  /// Checks that a file may be written to: `access`.
  package static func checkWritable(_ path: some SystemPath) throws(SystemError) {
    try retrying { unsafe path.withCPath { unsafe access($0, W_OK) } }
  }

  /// Checks that entries can be created in a directory: `access`.
  package static func checkWritable(directory path: some SystemPath) throws(SystemError) {
    guard try FileStatus(of: path).form == .directory else { throw .notADirectory }
    try retrying { unsafe path.withCPath { unsafe access($0, W_OK | X_OK) } }
  }

  /// Checks that this user may change the permissions of a directory, as only its owner and root
  /// may.
  package static func checkOwned(directory path: some SystemPath) throws(SystemError) {
    let status = try FileStatus(of: path)
    guard geteuid() == 0 || status.owner == geteuid() else { throw .notPermitted }
  }

  /// Whether a path leads to a program that this user may run: `access`.
  static func isProgram(_ path: some SystemPath) -> Bool {
    unsafe (try? FileStatus(of: path))?.form == .file
      && path.withCPath { unsafe access($0, X_OK) } == 0
  }

  /// The error if the process or the system has no descriptor left; `nil` if it has: `open`.
  package static var openingFailure: SystemError? {
    do throws(SystemError) {
      try FileDescriptor(opening: "/", O_RDONLY).close()
      return nil
    } catch {
      return error.isOutOfDescriptors ? error : nil
    }
  }
}

/// The status of a file: `stat`.
package struct FileStatus: Sendable {
  /// The type of a file; the raw value is for messages.
  package enum Form: String, Sendable {
    case file = "a file"
    case directory = "a directory"
    case link = "a symbolic link"
    case pipe = "a named pipe"
    case socket = "a socket"
    case device = "a device"
  }

  /// The numbers that identify a file or directory on the machine.
  package struct Identity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
  }

  /// The identity, size and time of change of a file, which together identify one state of it.
  package struct State: Hashable, Sendable {
    package let identity: Identity
    /// The size of the file in bytes.
    package let size: Int
    fileprivate let seconds: Int
    fileprivate let nanoseconds: Int

    /// The state as text; different states have different texts.
    package var text: String {
      "\(identity.device)-\(identity.inode)-\(size)-\(seconds)-\(nanoseconds)"
    }
  }

  package let form: Form
  package let state: State
  /// The number of names (hard links) of the file.
  package let linkCount: Int
  /// The id of its owner.
  package let owner: UInt32
  /// The id of its group.
  let group: UInt32
  /// The permissions, including the set-ID and sticky bits.
  package let permissions: UInt32

  package var identity: Identity { state.identity }
  /// The size of the file in bytes.
  package var size: Int { state.size }

  /// Creates the status of the file that a path leads to: `stat`.
  package init(of path: some SystemPath) throws(SystemError) {
    var info = stat()
    try retrying { unsafe path.withCPath { unsafe stat($0, &info) } }
    self.init(info)
  }

  /// Creates the status of a path's own entry, without following a link: `lstat`.
  package init(ofLink path: some SystemPath) throws(SystemError) {
    var info = stat()
    try retrying { unsafe path.withCPath { unsafe lstat($0, &info) } }
    self.init(info)
  }

  init(_ info: stat) {
    form =
      switch info.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .link
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      default: .device
      }
    let (seconds, nanoseconds) = info.modificationTime
    state = State(
      identity: Identity(
        device: UInt64(truncatingIfNeeded: info.st_dev),
        inode: UInt64(truncatingIfNeeded: info.st_ino)),
      size: Int(info.st_size), seconds: seconds, nanoseconds: nanoseconds)
    linkCount = Int(info.st_nlink)
    owner = info.st_uid
    group = info.st_gid
    permissions = UInt32(info.st_mode) & 0o7777
  }
}

extension FileStatus {
  /// The size of a file in bytes; `nil` if it does not exist or cannot be reached.
  package static func size(of path: some SystemPath) -> Int? {
    (try? FileStatus(of: path))?.size
  }

  /// The identity of a path's own entry, without following a link; `nil` if there is none: `lstat`.
  package static func identity(
    ofLink path: some SystemPath
  ) throws(SystemError) -> FileStatus.Identity? {
    do throws(SystemError) {
      return try FileStatus(ofLink: path).identity
    } catch {
      guard error.isAbsent else { throw error }
      return nil
    }
  }

  /// Whether a path has an entry, which may be a broken link.
  package static func hasEntry(_ path: some SystemPath) -> Bool {
    (try? FileStatus(ofLink: path)) != nil
  }

  /// Whether a path names a symbolic link, broken or not.
  package static func isLink(_ path: some SystemPath) -> Bool {
    (try? FileStatus(ofLink: path))?.form == .link
  }

  /// Whether a path leads to a file or directory; `true` if that cannot be determined.
  package static func exists(_ path: some SystemPath) -> Bool {
    do throws(SystemError) {
      _ = try FileStatus(of: path)
      return true
    } catch {
      return !error.isAbsent
    }
  }

  /// Whether two paths lead to the same file, which need not exist yet.
  package static func isSameFile(_ left: some SystemPath, _ right: some SystemPath) -> Bool {
    switch (try? FileStatus(of: left), try? FileStatus(of: right)) {
    case (let one?, let other?): return one.identity == other.identity
    case (nil, nil):
      let slash = UInt8(ascii: "/")
      guard let name = left.pathBytes.split(separator: slash).last,
        name == right.pathBytes.split(separator: slash).last, exists(left.directoryPath)
      else { return false }
      return isSameFile(left.directoryPath, right.directoryPath)
    default: return false
    }
  }
}

extension FileSystem {
  /// The type of an entry, as `readdir` reports it.
  package enum EntryType: Sendable {
    case file, directory, link, unknown
  }

  /// Calls `body` with the name and type of every entry of a directory except `.` and `..`, in no
  /// particular order: `readdir`.
  ///
  /// `isCancelled` is polled periodically; once it returns `true`, the remaining entries are
  /// skipped.
  package static func forEachEntry(
    ofDirectory path: some SystemPath, isCancelled: () -> Bool = { false },
    _ body: (UnsafeBufferPointer<UInt8>, EntryType) -> Void
  ) throws(SystemError) {
    guard let directory = unsafe path.withCPath({ unsafe opendir($0) }) else { throw .last }
    defer { unsafe closedir(directory) }
    try unsafe forEachEntry(of: directory, isCancelled, body)
  }

  private static func forEachEntry(
    of directory: DirectoryStream, _ isCancelled: () -> Bool,
    _ body: (UnsafeBufferPointer<UInt8>, EntryType) -> Void
  ) throws(SystemError) {
    var count = 0
    while true {
      count += 1
      if count % 1024 == 0, isCancelled() { return }
      errno = 0
      guard let entry = unsafe readdir(directory) else {
        if errno != 0 { throw .last }
        return
      }
      let type: EntryType =
        switch unsafe Int32(entry.pointee.d_type) {
        case Int32(DT_REG): .file
        case Int32(DT_DIR): .directory
        case Int32(DT_LNK): .link
        default: .unknown
        }
      unsafe withUnsafeBytes(of: &entry.pointee.d_name) { name in
        let bytes = unsafe UnsafeBufferPointer(
          rebasing: name.bindMemory(to: UInt8.self).prefix { $0 != 0 })
        let isDots = unsafe bytes.count <= 2 && bytes.allSatisfy { $0 == UInt8(ascii: ".") }
        if !isDots { unsafe body(bytes, type) }
      }
    }
  }

  /// The names in an open directory, in no particular order: `openat`, `fdopendir`, `readdir`.
  static func names(in descriptor: FileDescriptor) throws(SystemError) -> [[UInt8]] {
    // The directory is opened again, because reading moves the position of a descriptor.
    let number = try retrying {
      unsafe openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard let directory = unsafe fdopendir(number) else {
      let error = SystemError.last
      FileDescriptor(number).close()
      throw error
    }
    defer { unsafe closedir(directory) }
    var names: [[UInt8]] = []
    try unsafe forEachEntry(of: directory, { false }) { name, _ in
      unsafe names.append(Array(name))
    }
    return names
  }

  /// The names in a directory; none if it cannot be read.
  package static func names(inDirectory path: some SystemPath) -> [[UInt8]] {
    var names: [[UInt8]] = []
    try? unsafe forEachEntry(ofDirectory: path) { name, _ in unsafe names.append(Array(name)) }
    return names
  }

  /// Whether a directory is empty, hidden entries included.
  package static func isEmpty(directory path: some SystemPath) throws(SystemError) -> Bool {
    var isEmpty = true
    try unsafe forEachEntry(ofDirectory: path) { _, _ in isEmpty = false }
    return isEmpty
  }

  /// Removes a directory and everything in it, without following links.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - allowance: The number of entries that are still removed after `isCancelled` returned
  ///     `true`, reduced by those that were.
  ///   - isCancelled: Polled for each entry.
  /// - Throws: ``SystemError/cancelled`` if the allowance did not suffice.
  package static func removeTree(
    _ path: [UInt8], allowance: inout Int, isCancelled: () -> Bool
  ) throws(SystemError) {
    var names: [[UInt8]] = []
    try unsafe forEachEntry(ofDirectory: path) { name, _ in unsafe names.append(Array(name)) }
    for name in names {
      let entry = path + [UInt8(ascii: "/")] + name
      if isCancelled() { allowance -= 1 }
      if allowance <= 0 { throw .cancelled }
      if (try? FileStatus(ofLink: entry))?.form == .directory {
        try removeTree(entry, allowance: &allowance, isCancelled: isCancelled)
      } else {
        try removeFile(entry)
      }
    }
    try removeDirectory(path)
  }
}
