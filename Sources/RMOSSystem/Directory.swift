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
    // Opened again, as reading moves a position that is the descriptor's own.
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
