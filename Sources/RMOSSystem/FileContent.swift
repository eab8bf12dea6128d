import CLibrary

// Reading and replacing files as a whole.

extension FileSystem {
  /// The content of a file.
  package enum Content {
    /// All bytes of the file.
    case bytes([UInt8])
    /// The file has more bytes than were asked for.
    case tooLarge
  }

  /// Reads a file or a pipe of at most `limit` bytes: `open`, `poll`, `read`.
  ///
  /// Waits for the writer of a pipe as long as it takes, but gives up on a pipe that no process
  /// opens for writing within five seconds.
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
      // A pipe reports a hangup only after a writer has opened and closed it.
      if turnsLeft == 0 || file.waits(for: .hungUp, milliseconds: Turn.milliseconds) {
        return .bytes(content)
      }
      if Signals.isInterrupted { throw .interrupted }
      turnsLeft -= 1
      if turnsLeft == 0 { throw .noPeer }
    }
    return .tooLarge
  }

  /// Checks that ``replaceContent(of:with:)`` could write to a path: its directory must accept new
  /// files, and an existing file must be writable.
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

  /// Replaces the content of a file atomically: a reader sees either the old text or the new one.
  ///
  /// The text is written to a hidden file in the same directory, `.NAME.tmp-1`, which is then
  /// renamed; a hidden file that a killed process left is removed. A link is followed unless
  /// another user may have created it. Files that are not regular (a pipe, a terminal) and
  /// `/dev/stdout` are written to directly.
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

  /// The open descriptor that `/dev/stdout`, `/dev/stderr` or `/dev/fd/N` names; `nil` for any
  /// other path.
  ///
  /// Opening such a path would open the file again, at its beginning.
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
    // Leaves room for the prefix and the suffix within the 255 bytes of a name.
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

  /// The permissions of the replaced file if this user owns it, else those of a new file.
  private static func permissions(replacing path: String) -> UInt32 {
    if let status = try? FileStatus(ofLink: path), status.form == .file,
      status.owner == ProcessEnvironment.user
    {
      return status.permissions & 0o777
    }
    return 0o666 & ~creationMask
  }

  /// The umask of the process.
  ///
  /// `umask` can only read it by changing it for all threads, so what the system reports is
  /// preferred.
  private static let creationMask: UInt32 = {
    if let mask = reportedCreationMask { return mask }
    let mask = umask(0o077)
    umask(mask)
    return UInt32(mask)
  }()

  /// The umask that `/proc/self/status` reports; `nil` on systems without it.
  private static var reportedCreationMask: UInt32? {
    let name = "Umask:"
    guard case .bytes(let bytes)? = try? content(of: "/proc/self/status", limit: 1 << 16)
    else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.first { $0.hasPrefix(name) }.flatMap { line in
      UInt32(line.dropFirst(name.count).drop { $0 == "\t" || $0 == " " }, radix: 8)
    }
  }

  // MARK: Links of other users

  /// Resolves the links in a path, whose last component need not exist: `lstat`, `readlink`.
  ///
  /// In a directory that anyone may write to, a link of another user is not followed, because it
  /// may lead to a file that only this user may write to. Links of root and of the directory's
  /// owner are followed, as the kernel's own protection of links does.
  package static func destination(of path: String) throws(SystemError) -> String {
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

  /// The target of a link: `readlink`.
  private static func linkTarget(_ path: String) throws(SystemError) -> [UInt8] {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = try retrying { unsafe readlink(path, &target, target.count) }
    return target[..<count].map { UInt8(bitPattern: $0) }
  }

  /// The names in a path, in reverse order.
  private static func components(_ path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
      .filter { $0 != "." }.reversed()
  }

  /// Whether an entry of a directory can be trusted: it belongs to this user, root or the owner of
  /// the directory, or not everyone may write to the directory.
  private static func isTrusted(_ entry: FileStatus, in directory: String) -> Bool {
    if entry.owner == ProcessEnvironment.user || entry.owner == 0 { return true }
    guard let status = try? FileStatus(of: directory) else { return false }
    return status.permissions & 0o002 == 0 || status.owner == entry.owner
  }

  /// Checks that a file that is not regular was not created by another user.
  private static func checkOrigin(of path: String, _ status: FileStatus) throws(SystemError) {
    let place: String
    do throws(SystemError) {
      place = try destination(of: path)
    } catch {
      // Some links cannot be resolved, because their files have no name: those to the descriptors
      // of a process.
      guard error == .foreignLink else { return }
      throw error
    }
    guard isTrusted(status, in: place.directoryPath) else { throw .foreignLink }
  }
}
