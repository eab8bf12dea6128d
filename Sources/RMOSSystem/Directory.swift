import CLibrary

extension FileSystem {
  /// The type of an entry, as `readdir` reports it.
  package enum EntryType: Sendable {
    case file, directory, link, unknown
  }

  /// Calls `body` with the name and type of every entry of a directory except `.` and `..`, in no
  /// particular order, until `isCancelled` returns `true`: `readdir`.
  package static func forEachEntry(
    ofDirectory path: some SystemPath, isCancelled: () -> Bool = { false },
    _ body: (UnsafeBufferPointer<UInt8>, EntryType) -> Void
  ) throws(SystemError) {
    guard let directory = unsafe path.withCPath({ unsafe opendir($0) }) else { throw .last }
    defer { unsafe closedir(directory) }
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

  /// The names in a directory; none if it cannot be read.
  package static func names(inDirectory path: some SystemPath) -> [[UInt8]] {
    var names: [[UInt8]] = []
    try? unsafe forEachEntry(ofDirectory: path) { name, _ in unsafe names.append(Array(name)) }
    return names
  }

  /// Whether a directory is empty, hidden entries included, except for an entry with a given name.
  package static func isEmpty(
    directory path: some SystemPath, but exception: [UInt8] = []
  ) throws(SystemError) -> Bool {
    var isEmpty = true
    try unsafe forEachEntry(ofDirectory: path) { name, _ in
      if unsafe !name.elementsEqual(exception) { isEmpty = false }
    }
    return isEmpty
  }

  /// Removes a directory and everything in it, without following links.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - allowance: How many entries are still removed once `isCancelled` returns `true`.
  ///   - isCancelled: Polled for each entry.
  /// - Throws: ``SystemError/cancelled`` if something is left because of that.
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

/// An open directory, in which links cannot redirect what is created.
///
/// What is created in it is accessible only to its owner, whatever the umask.
package struct PrivateDirectory: Sendable {
  private let descriptor: FileDescriptor

  /// Opens an existing directory and makes it private: `open`, `fchmod`.
  package init(_ path: some SystemPath) throws(SystemError) {
    descriptor = try FileDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
    guard fchmod(descriptor.number, 0o700) == 0 else {
      let error = SystemError.last
      close()
      throw error
    }
  }

  /// Opens the directory with a name, and creates it if necessary: `mkdirat`, `openat`.
  package init(_ name: some SystemPath, in parent: PrivateDirectory) throws(SystemError) {
    let parent = parent.descriptor.number
    let number = unsafe name.withCPath { (name) -> Int32 in
      if unsafe mkdirat(parent, name, 0o700) == 0 {
        // The umask may have taken rights away.
        _ = unsafe fchmodat(parent, name, 0o700, 0)
      } else if errno != EEXIST {
        return -1
      }
      return unsafe openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard number >= 0 else { throw .last }
    descriptor = FileDescriptor(number)
  }

  /// The name of a file that is being written.
  ///
  /// Hidden, so that a migration ignores what a killed process left.
  package static let stagedName = Array(".incomplete".utf8)

  /// Creates a file that gets its name once it is complete, and removes one that a killed process
  /// left: `openat`, `fchmod`.
  package func stageFile() throws(SystemError) -> FileDescriptor {
    let file: FileDescriptor
    do throws(SystemError) {
      file = try FileDescriptor(creating: Self.stagedName, in: descriptor)
    } catch {
      guard error == .exists else { throw error }
      removeStagedFile()
      file = try FileDescriptor(creating: Self.stagedName, in: descriptor)
    }
    try? file.setPermissions(0o600)
    return file
  }

  /// Gives the staged file its name, which must be free: `renameat`.
  package func placeStagedFile(as name: [UInt8]) throws(SystemError) {
    try checkIsFree(name)
    let directory = descriptor.number
    try retrying {
      unsafe Self.stagedName.withCPath { old in
        unsafe name.withCPath { unsafe renameat(directory, old, directory, $0) }
      }
    }
  }

  /// Checks that no entry has a name: `fstatat`.
  ///
  /// No one else writes to the directory.
  package func checkIsFree(_ name: [UInt8]) throws(SystemError) {
    var info = stat()
    let directory = descriptor.number
    do throws(SystemError) {
      try retrying {
        unsafe name.withCPath { unsafe fstatat(directory, $0, &info, AT_SYMLINK_NOFOLLOW) }
      }
    } catch {
      guard error == .notFound else { throw error }
      return
    }
    throw .exists
  }

  /// `unlinkat`.
  package func removeStagedFile() {
    _ = unsafe Self.stagedName.withCPath { unsafe unlinkat(descriptor.number, $0, 0) }
  }

  /// Checks that a path leads to this directory: `stat`, `fstat`.
  package func checkStands(at path: [UInt8]) throws(SystemError) {
    let identity = try descriptor.status().identity
    guard (try? FileStatus(of: path))?.identity == identity else { throw .wasMoved }
  }

  /// `close`.
  package func close() { descriptor.close() }
}
