import CLibrary

extension FileSystem {
  /// What `readdir` says about an entry.
  package enum EntryType: Sendable {
    case file, directory, link, unknown
  }

  /// Calls `body` with the name and type of every entry of a directory but `.` and `..`, in no
  /// order: `readdir`.
  package static func forEachEntry(
    ofDirectory path: some SystemPath, _ body: (UnsafeBufferPointer<UInt8>, EntryType) -> Void
  ) throws(SystemError) {
    guard let directory = path.withCPath({ opendir($0) }) else { throw .last }
    defer { closedir(directory) }
    while true {
      errno = 0
      guard let entry = readdir(directory) else {
        if errno != 0 { throw .last }
        return
      }
      let type: EntryType =
        switch Int32(entry.pointee.d_type) {
        case Int32(DT_REG): .file
        case Int32(DT_DIR): .directory
        case Int32(DT_LNK): .link
        default: .unknown
        }
      withUnsafeBytes(of: &entry.pointee.d_name) { name in
        let bytes = UnsafeBufferPointer(
          rebasing: name.bindMemory(to: UInt8.self).prefix { $0 != 0 })
        let isDots = bytes.count <= 2 && bytes.allSatisfy { $0 == UInt8(ascii: ".") }
        if !isDots { body(bytes, type) }
      }
    }
  }

  /// The names in a directory; none if it cannot be read.
  package static func names(inDirectory path: some SystemPath) -> [[UInt8]] {
    var names: [[UInt8]] = []
    try? forEachEntry(ofDirectory: path) { name, _ in names.append(Array(name)) }
    return names
  }

  /// Whether a directory holds nothing, hidden entries included.
  package static func isEmpty(directory path: some SystemPath) throws(SystemError) -> Bool {
    var isEmpty = true
    try forEachEntry(ofDirectory: path) { _, _ in isEmpty = false }
    return isEmpty
  }
}

/// A directory held open, so that nothing made below it is led elsewhere by a link.
///
/// What is made in it is for its owner alone, whatever the umask.
package struct PrivateDirectory: Sendable {
  private let descriptor: FileDescriptor

  /// Opens a directory that is there, and makes it private: `open`, `fchmod`.
  package init(_ path: some SystemPath) throws(SystemError) {
    descriptor = try FileDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
    guard fchmod(descriptor.number, 0o700) == 0 else {
      let error = SystemError.last
      close()
      throw error
    }
  }

  /// Opens the directory of that name, creating it if it is not there: `mkdirat`, `openat`.
  package init(_ name: some SystemPath, in parent: PrivateDirectory) throws(SystemError) {
    let parent = parent.descriptor.number
    let number = name.withCPath { (name) -> Int32 in
      if mkdirat(parent, name, 0o700) == 0 {
        // The umask may have taken rights away.
        _ = fchmodat(parent, name, 0o700, 0)
      } else if errno != EEXIST {
        return -1
      }
      return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    guard number >= 0 else { throw .last }
    descriptor = FileDescriptor(number)
  }

  /// Creates a file that must not be there yet: `openat`, `fchmod`.
  package func createFile(_ name: some SystemPath) throws(SystemError) -> FileDescriptor {
    let number = try retrying {
      name.withCPath {
        openat(
          descriptor.number, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      }
    }
    _ = fchmod(number, 0o600)
    return FileDescriptor(number)
  }

  /// `unlinkat`.
  package func removeFile(_ name: some SystemPath) {
    _ = name.withCPath { unlinkat(descriptor.number, $0, 0) }
  }

  /// `close`.
  package func close() { descriptor.close() }
}
