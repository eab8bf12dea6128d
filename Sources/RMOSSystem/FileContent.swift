import CLibrary

// Reading and replacing files as a whole.

extension FileSystem {
  /// The content of a file.
  package enum Content {
    case bytes([UInt8])
    case tooLarge
  }

  /// Reads a file or a pipe of at most `limit` bytes: `open`, `poll`, `read`.
  ///
  /// The writer of a pipe may take its time; a pipe that no one opens is abandoned.
  package static func content(
    of path: some SystemPath, limit: Int
  ) throws(SystemError) -> Content {
    let file = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    defer { file.close() }
    var turnsLeft = try file.status().form == .pipe ? Turn.forPeer : 0
    var content: [UInt8] = []
    while content.count <= limit {
      do throws(SystemError) {
        let piece = try file.read(count: 1 << 16)
        content += piece
        if !piece.isEmpty {
          turnsLeft = 0
          continue
        }
      } catch {
        guard error.isAgain else { throw error }
        turnsLeft = 0
        _ = file.waits(for: .readable, milliseconds: Turn.milliseconds)
        if Signals.isInterrupted { throw .interrupted }
        continue
      }
      // A pipe hangs up once its writers have closed it, not before one has opened it.
      if turnsLeft == 0 || file.waits(for: .hungUp, milliseconds: Turn.milliseconds) {
        return .bytes(content)
      }
      turnsLeft -= 1
      if turnsLeft == 0 { throw .noPeer }
    }
    return .tooLarge
  }

  /// Checks that ``replaceContent(of:with:)`` could write to a path: its directory must accept new
  /// files, and what exists there must be writable.
  package static func checkReplaceable(_ path: String) throws(SystemError) {
    if let descriptor = openDescriptor(named: path) {
      let flags = try retrying { fcntl(descriptor.number, F_GETFL) }
      guard flags & O_ACCMODE != O_RDONLY else { throw .code(EBADF) }
      return
    }
    if let status = try? FileStatus(of: path) {
      if status.form == .directory { throw .isADirectory }
      try checkWritable(path)
      if status.form != .file { return try checkOrigin(of: path, status) }
    }
    try checkWritable(directory: destination(of: path).directoryPath)
  }

  /// Replaces a file's content as a whole: a reader sees the old text or the new one.
  ///
  /// The text goes to a hidden file in the same directory, `.NAME.tmp-1`, which is then renamed;
  /// one that a killed process left is removed. A link is followed unless another user may have
  /// created it. What is not a regular file (a pipe, a terminal) is written to directly, and so is
  /// `/dev/stdout`.
  package static func replaceContent(of path: String, with text: String) throws(SystemError) {
    let bytes = Array(text.utf8)
    if let descriptor = openDescriptor(named: path) { return try descriptor.writeToReader(bytes) }
    if let status = try? FileStatus(of: path), status.form != .file {
      try checkOrigin(of: path, status)
      return try write(bytes, toStream: path, status)
    }
    let target = try destination(of: path)
    try Signals.holdingInterruptions { () throws(SystemError) in
      try replaceFile(target, with: bytes, namedAs: path)
    }
  }

  /// The descriptor that `/dev/stdout`, `/dev/stderr` or `/dev/fd/N` names.
  ///
  /// Opening a file by such a name would open it again, with its own position.
  private static func openDescriptor(named path: String) -> FileDescriptor? {
    switch path {
    case "/dev/stdout": return .standardOutput
    case "/dev/stderr": return .standardError
    default:
      for directory in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(directory) {
        return Int32(path.dropFirst(directory.count)).map(FileDescriptor.init)
      }
      return nil
    }
  }

  private static func write(
    _ bytes: [UInt8], toStream path: String, _ status: FileStatus
  ) throws(SystemError) {
    var turnsLeft = Turn.forPeer
    while true {
      do throws(SystemError) {
        let file = try FileDescriptor(opening: path, O_WRONLY | O_NONBLOCK | O_NOCTTY)
        do throws(SystemError) {
          try file.writeToReader(bytes)
        } catch {
          file.close()
          throw error
        }
        return try file.closeChecked()
      } catch {
        guard error == .code(ENXIO), status.form == .pipe else { throw error }
        turnsLeft -= 1
        if turnsLeft == 0 { throw .noPeer }
        if Signals.isInterrupted { throw .interrupted }
        Turn.pass()
      }
    }
  }

  private static func replaceFile(
    _ target: String, with bytes: [UInt8], namedAs path: String
  ) throws(SystemError) {
    let name = target.lastName
    // Names may have 255 bytes.
    var shortened = name
    while shortened.utf8.count > 200 { shortened.removeLast() }
    let staged = try StagedFile(
      in: target.directoryPath, names: (1...100).lazy.map { ".\(shortened).tmp-\($0)" },
      removingLeftOvers: true)
    do throws(SystemError) {
      try staged.file.write(bytes)
      try staged.file.setPermissions(permissions(replacing: target))
      try staged.file.synchronize()
      guard staged.isInPlace else { throw .wasMoved }
      try staged.move(to: name, replacing: true)
    } catch {
      staged.discard()
      throw error
    }
    guard (try? FileStatus(of: path))?.identity == staged.identity else { throw .wasMoved }
    do throws(SystemError) {
      try staged.synchronizeDirectory()
    } catch {
      // Not every file system can synchronize directories.
      guard error == .code(EINVAL) else { throw error }
    }
  }

  /// The permissions of the replaced file if it is ours, else those of any new file.
  private static func permissions(replacing path: String) -> UInt32 {
    if let status = try? FileStatus(ofLink: path), status.form == .file,
      status.owner == ProcessEnvironment.user
    {
      return status.permissions & 0o777
    }
    return 0o666 & ~creationMask
  }

  /// `umask`, which can only be read by setting it, for all threads, unless the system tells it.
  private static let creationMask: UInt32 = {
    if let mask = reportedCreationMask { return mask }
    let mask = umask(0o077)
    umask(mask)
    return UInt32(mask)
  }()

  /// `Umask` in `/proc/self/status`.
  private static var reportedCreationMask: UInt32? {
    let name = "Umask:"
    guard case .bytes(let bytes)? = try? content(of: "/proc/self/status", limit: 1 << 16)
    else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.first { $0.hasPrefix(name) }.flatMap { line in
      UInt32(line.dropFirst(name.count).drop { $0 == "\t" || $0 == " " }, radix: 8)
    }
  }

  // MARK: Links of others

  /// The path without links; its last component need not exist: `lstat`, `readlink`.
  ///
  /// In a directory that anyone may write to, a link of another user is not followed: it may lead
  /// to what only we may write to. Links of root and of the directory's owner are followed, as on
  /// systems that protect links themselves.
  private static func destination(of path: String) throws(SystemError) -> String {
    var place = path.utf8.first == UInt8(ascii: "/") ? "/" : "."
    var names = components(path)
    var linksLeft = 40
    while let name = names.popLast() {
      let candidate = place == "/" ? "/\(name)" : "\(place)/\(name)"
      let status: FileStatus
      do throws(SystemError) {
        status = try FileStatus(ofLink: candidate)
      } catch {
        guard error == .notFound, names.isEmpty else { throw error }
        return candidate
      }
      guard status.form == .link else {
        place = candidate
        continue
      }
      linksLeft -= 1
      if linksLeft < 0 { throw .code(ELOOP) }
      guard isTrusted(status, in: place) else { throw .foreignLink }
      let target = try linkTarget(candidate)
      guard let text = String(validating: target, as: UTF8.self) else { throw .code(EILSEQ) }
      if text.utf8.first == UInt8(ascii: "/") { place = "/" }
      names += components(text)
    }
    return place
  }

  /// Where a link leads: `readlink`.
  private static func linkTarget(_ path: String) throws(SystemError) -> [UInt8] {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = try retrying { unsafe readlink(path, &target, target.count) }
    return target[..<count].map { UInt8(bitPattern: $0) }
  }

  /// The names in a path, the last first.
  private static func components(_ path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
      .filter { $0 != "." }.reversed()
  }

  /// Whether an entry of a directory can be trusted: if it belongs to us, root or the directory's
  /// owner, or if not everyone may write to the directory.
  private static func isTrusted(_ entry: FileStatus, in directory: String) -> Bool {
    if entry.owner == ProcessEnvironment.user || entry.owner == 0 { return true }
    guard let status = try? FileStatus(of: directory) else { return false }
    return status.permissions & 0o002 == 0 || status.owner == entry.owner
  }

  /// Checks that what is not a regular file was not created by another user.
  private static func checkOrigin(of path: String, _ status: FileStatus) throws(SystemError) {
    let place: String
    do throws(SystemError) {
      place = try destination(of: path)
    } catch {
      // Some links lead to files without a name, such as the links of a process to its descriptors.
      guard error == .foreignLink else { return }
      throw error
    }
    guard isTrusted(status, in: place.directoryPath) else { throw .foreignLink }
  }
}
