import RMOSModels
import RMOSSystem

/// A directory of rejects, in which the files of a run replace the files of earlier runs.
///
/// A run writes into a hidden directory in it, `.incoming`, so the earlier rejects stay until the
/// new ones are complete and on the disk. Then the run writes a list of both, moves the new files
/// into place, removes the obsolete ones, and writes a list of the new ones. Whenever the process
/// is killed, each file is listed or has one of the two hidden names, so the next run may replace
/// it. The directory is locked while a run has it open.
final class RejectsDirectory {
  /// The name of the hidden directory that a run writes to.
  static let incomingName = Array(".incoming".utf8)
  /// The maximum number of files that are synchronized one by one.
  private static let fewFiles = 20
  fileprivate static let bufferSize = 64 << 10

  private let root: PrivateDirectory
  /// The hidden directory that the run writes to.
  let incoming: PrivateDirectory
  /// The directory's path, as given.
  private let path: String
  /// Whether an earlier run left a list.
  private let hasList: Bool
  /// The files of this run.
  private var new = RejectsManifest()
  /// The file that lists them.
  private let list: FileDescriptor
  /// The number of bytes written to ``list``.
  private var written = RejectsManifest.header.count
  /// The lines that are not written to ``list`` yet.
  private var pending: [UInt8] = []

  /// Opens and locks a directory, and removes the files that a killed run was writing.
  ///
  /// - Throws: As ``RejectsPlace/check(source:_:readsThem:)``.
  init(_ path: String) throws(MigrationError) {
    root = try Self.open(path)
    self.path = path
    do throws(MigrationError) {
      hasList = try Self.inspect(root, path)
      (incoming, list) = try Self.prepare(root, path)
    } catch {
      root.close()
      throw error
    }
  }

  /// Creates the directory that a run writes to, and its list.
  private static func prepare(
    _ root: PrivateDirectory, _ path: String
  ) throws(MigrationError) -> (PrivateDirectory, FileDescriptor) {
    do throws(SystemError) {
      try root.makePrivate()
      root.removeStagedFile()
      let incoming = try PrivateDirectory(incomingName, in: root)
      do throws(SystemError) {
        try incoming.removeContents(last: RejectsManifest.name)
        let list = try incoming.createFile(RejectsManifest.name)
        do throws(SystemError) {
          try list.write(RejectsManifest.header)
        } catch {
          list.close()
          throw error
        }
        return (incoming, list)
      } catch {
        incoming.close()
        throw error
      }
    } catch {
      removeIncoming(root)
      throw RejectsPlace(path).unwritable(error)
    }
  }

  /// Opens and locks a directory.
  private static func open(_ path: String) throws(MigrationError) -> PrivateDirectory {
    let root: PrivateDirectory
    do throws(SystemError) {
      root = try PrivateDirectory(existing: path)
    } catch {
      throw RejectsPlace(path).unwritable(error)
    }
    guard root.tryLock() else {
      root.close()
      throw MigrationError(
        .rejectsInUse,
        "another run is writing rejects to \(path); wait until it has finished, or name another "
          + "directory")
    }
    return root
  }

  /// Closes the directory, and removes files that were not published.
  func close() {
    list.close()
    incoming.close()
    Self.removeIncoming(root)
    root.close()
  }

  /// Removes the directory that a run writes to as far as possible; the next run removes the rest.
  private static func removeIncoming(_ root: PrivateDirectory) {
    // The directory is empty once all files are published.
    if (try? root.removeDirectory(incomingName)) != nil { return }
    guard let incoming = try? root.directory(named: incomingName) else { return }
    try? incoming.removeContents(last: RejectsManifest.name)
    incoming.close()
    try? root.removeDirectory(incomingName)
  }

  /// Adds a file that was written to the list.
  ///
  /// - Parameters:
  ///   - path: The path in the directory.
  ///   - digest: The SHA-256 of the file's content.
  /// - Throws: `SystemError` if the list cannot be written.
  func add(_ path: [UInt8], _ digest: SHA256.Digest) throws(SystemError) {
    pending += RejectsManifest.line(path, digest)
    new.add(path, digest)
    if pending.count > Self.bufferSize { try flush() }
  }

  private func flush() throws(SystemError) {
    // A write that failed, as on a full disk, may have written a part.
    try list.seek(to: written)
    try list.write(pending)
    written += pending.count
    pending = []
  }

  /// Checks that the directory's path still leads to it.
  func checkStands() throws(SystemError) { try root.checkIsInPlace(at: Array(path.utf8)) }
}

// MARK: Inspection

extension RejectsDirectory {
  /// Checks that a run may replace the files in a directory, without changing it.
  static func check(_ path: String, readsFiles: Bool) throws(MigrationError) {
    let root = try open(path)
    defer { root.close() }
    _ = try inspect(root, path, readsFiles: readsFiles)
  }

  /// Inspects everything in a directory, without following links.
  ///
  /// - Returns: Whether an earlier run left a list.
  /// - Throws: ``MigrationError/Code/rejectsNotEmpty`` if something in it is not as an earlier run
  ///   left it.
  private static func inspect(
    _ root: PrivateDirectory, _ path: String, readsFiles: Bool = true
  ) throws(MigrationError) -> Bool {
    var inspection = Inspection(readsFiles: readsFiles)
    do throws(SystemError) {
      try inspection.run(root)
    } catch {
      throw RejectsPlace(path).unwritable(error)
    }
    if let reason = inspection.obstacle {
      throw MigrationError(
        .rejectsNotEmpty,
        "\(path) cannot be replaced: \(reason); migrate what was fixed there, then delete "
          + "\(inspection.hasForeign ? "or move away " : "")such files, or name another directory")
    }
    return inspection.hasList
  }

  /// A comparison of a directory with its list of files.
  private struct Inspection {
    /// The maximum number of files that a message names.
    private static let maximumNamed = 3

    /// Whether the content of files is compared too.
    let readsFiles: Bool
    private var manifest = RejectsManifest()
    private(set) var hasList = false
    /// The files that are not listed.
    private var foreign = Named()
    /// The files whose content is not the one that is listed.
    private var edited = Named()

    init(readsFiles: Bool) { self.readsFiles = readsFiles }

    /// The number of some files, and the names of the first ones.
    private struct Named {
      var names: [String] = []
      var count = 0

      mutating func add(_ path: [UInt8], _ note: String = "") {
        count += 1
        if names.count < maximumNamed {
          names.append(PlainText.escaped(SourcePath.text(path)) + note)
        }
      }

      var text: String {
        let more = count - names.count
        return names.joined(separator: ", ")
          + (more > 0 ? " and \(PlainText.grouped(more)) more" : "")
      }
    }

    /// Whether there is a file that is not from an earlier run.
    var hasForeign: Bool { foreign.count > 0 }

    /// The reason for which a run must not replace the files; `nil` if it may.
    var obstacle: String? {
      var reasons: [String] = []
      if foreign.count > 0 {
        reasons.append(
          "\(foreign.text) \(foreign.count == 1 ? "is" : "are") not from an earlier run")
      }
      if edited.count > 0 {
        reasons.append(
          "\(edited.text) \(edited.count == 1 ? "has" : "have") changed since a run wrote "
            + (edited.count == 1 ? "it" : "them"))
      }
      return reasons.isEmpty ? nil : reasons.joined(separator: ", and ")
    }

    mutating func run(_ root: PrivateDirectory) throws(SystemError) {
      if try root.form(of: RejectsManifest.name) == .file {
        let file = try root.file(named: RejectsManifest.name)
        defer { file.close() }
        var manifest = RejectsManifest()
        hasList = try RejectsManifest.forEachLine(of: file) { manifest.add($0, $1) }
        if hasList { self.manifest = manifest }
      }
      try look(at: root, [])
    }

    private mutating func look(
      at directory: PrivateDirectory, _ prefix: [UInt8]
    ) throws(SystemError) {
      for (name, form) in try directory.entries() {
        if prefix.isEmpty {
          if name == RejectsManifest.name, hasList { continue }
          // A list that a killed run was writing.
          if name == PrivateDirectory.stagedName, form == .file { continue }
          if name == incomingName, form == .directory {
            try below(directory, name) { (below) throws(SystemError) in
              guard try isOfRun(below) else { return foreign.add(name, " (\(form.rawValue))") }
              try lookForLinks(below, name)
            }
            continue
          }
        }
        let path = prefix + name
        switch form {
        case .directory where manifest.lists(directory: path):
          try below(directory, name) { (below) throws(SystemError) in
            try look(at: below, path + [UInt8(ascii: "/")])
          }
        case .file where manifest.lists(path):
          guard readsFiles else { continue }
          let file = try directory.file(named: name)
          defer { file.close() }
          if try !manifest.lists(path, SHA256.hash(of: file)) { edited.add(path) }
        case .file: foreign.add(path)
        default: foreign.add(path, " (\(form.rawValue))")
        }
      }
    }

    /// Whether a run was writing to a directory: its list is created first, and removed last.
    private func isOfRun(_ incoming: PrivateDirectory) throws(SystemError) -> Bool {
      guard try incoming.form(of: RejectsManifest.name) == .file else {
        return try incoming.entries().isEmpty
      }
      let list = try incoming.file(named: RejectsManifest.name)
      defer { list.close() }
      let header = RejectsManifest.header
      return header.starts(with: try list.read(count: header.count))
    }

    /// Adds what is neither a file nor a directory, and so not from a run.
    private mutating func lookForLinks(
      _ directory: PrivateDirectory, _ prefix: [UInt8]
    ) throws(SystemError) {
      for (name, form) in try directory.entries() {
        let path = prefix + [UInt8(ascii: "/")] + name
        switch form {
        case .file: break
        case .directory:
          try below(directory, name) { (below) throws(SystemError) in
            try lookForLinks(below, path)
          }
        default: foreign.add(path, " (\(form.rawValue))")
        }
      }
    }

    /// Calls `body` with a directory that is open meanwhile.
    private func below(
      _ directory: PrivateDirectory, _ name: [UInt8],
      _ body: (PrivateDirectory) throws(SystemError) -> Void
    ) throws(SystemError) {
      let below = try directory.directory(named: name)
      defer { below.close() }
      try body(below)
    }
  }
}

extension SHA256 {
  /// Returns the digest of a file's content from its position on.
  fileprivate static func hash(of file: FileDescriptor) throws(SystemError) -> Digest {
    var hash = SHA256()
    while true {
      let bytes = try file.read(count: RejectsDirectory.bufferSize)
      if bytes.isEmpty { return hash.finalize() }
      hash.update(bytes)
    }
  }
}

// MARK: Publishing

extension RejectsDirectory {
  /// Replaces the files of earlier runs by those of this run.
  ///
  /// - Parameter isComplete: Whether all rejects were written; if not, earlier ones stay unless new
  ///   ones have their names.
  /// - Returns: The number of earlier rejects that were removed.
  /// - Throws: ``MigrationError/Code/rejectsUnwritable``, or
  ///   ``MigrationError/Code/rejectsNotEmpty`` if a file was edited or added meanwhile.
  func publish(isComplete: Bool) throws(MigrationError) -> Int {
    if new.isEmpty, !isComplete || !hasList { return 0 }
    _ = try Self.inspect(root, path)
    do throws(SystemError) {
      var removed = 0
      if new.isEmpty {
        try removeEarlier(in: root, [], &removed)
        // The list is removed last: the next run can remove files that are listed.
        try root.removeFile(RejectsManifest.name)
        return removed
      }
      try flush()
      // Synchronizing many files one by one would take minutes.
      let isMany = new.count > Self.fewFiles
      if isMany { try incoming.synchronizeAll() } else { try incoming.synchronizeContents() }
      if hasList { try writeList { _ in true } } else { try copyList() }
      try place(incoming, in: root, isTop: true)
      if isComplete { try removeEarlier(in: root, [], &removed) }
      // The files must be on the disk before the list forgets the earlier ones.
      if isMany { try root.synchronizeAll() } else { try synchronizeDirectories(of: root) }
      if isComplete {
        if hasList { try copyList() }
      } else if hasList {
        try writeList { !self.new.lists($0) }
      }
      try root.synchronize()
      try incoming.removeFile(RejectsManifest.name)
      return removed
    } catch {
      throw MigrationError(.rejectsUnwritable, error.reason)
    }
  }

  /// Replaces the list by that of the new files.
  private func copyList() throws(SystemError) { try writeList { _ in false } }

  /// Replaces the list by one of the new files, and of the earlier ones for which `isKept` returns
  /// `true`.
  private func writeList(keepingEarlier isKept: ([UInt8]) -> Bool) throws(SystemError) {
    let output = try root.stageFile()
    defer { output.close() }
    do throws(SystemError) {
      let input = try incoming.file(named: RejectsManifest.name)
      defer { input.close() }
      while true {
        let bytes = try input.read(count: RejectsDirectory.bufferSize)
        if bytes.isEmpty { break }
        try output.write(bytes)
      }
      if hasList {
        let before = try root.file(named: RejectsManifest.name)
        defer { before.close() }
        var pending: [UInt8] = []
        _ = try RejectsManifest.forEachLine(of: before) { (path, digest) throws(SystemError) in
          guard isKept(path) else { return }
          pending += RejectsManifest.line(path, digest)
          guard pending.count > Self.bufferSize else { return }
          try output.write(pending)
          pending = []
        }
        try output.write(pending)
      }
      try output.synchronize()
      try root.move(PrivateDirectory.stagedName, to: root, as: RejectsManifest.name)
      try root.synchronize()
    } catch {
      root.removeStagedFile()
      throw error
    }
  }

  /// Moves the content of a directory of new files into a directory that may have earlier ones.
  private func place(
    _ source: PrivateDirectory, in target: PrivateDirectory, isTop: Bool = false
  ) throws(SystemError) {
    for (name, form) in try source.entries() {
      if isTop, name == RejectsManifest.name { continue }
      let there = try target.form(of: name)
      guard form == .directory else {
        // Rejects of a file are a directory with its items, or the file as a whole.
        if there == .directory {
          let old = try target.directory(named: name)
          defer { old.close() }
          try old.removeContents()
          try target.removeDirectory(name)
        }
        try source.move(name, to: target, as: name)
        continue
      }
      if there == .file { try target.removeFile(name) }
      let below = try source.directory(named: name)
      defer { below.close() }
      let place = try PrivateDirectory(name, in: target)
      defer { place.close() }
      try self.place(below, in: place)
      try source.removeDirectory(name)
    }
  }

  /// Waits until the names in a directory and in those below it are on the disk.
  private func synchronizeDirectories(of directory: PrivateDirectory) throws(SystemError) {
    for (name, form) in try directory.entries() where form == .directory {
      let below = try directory.directory(named: name)
      defer { below.close() }
      try synchronizeDirectories(of: below)
    }
    try directory.synchronize()
  }

  /// Removes the files that are not new, and directories without new files.
  private func removeEarlier(
    in directory: PrivateDirectory, _ prefix: [UInt8], _ removed: inout Int
  ) throws(SystemError) {
    for (name, form) in try directory.entries() {
      let path = prefix + name
      if prefix.isEmpty, name == Self.incomingName || name == RejectsManifest.name { continue }
      if form == .directory {
        let below = try directory.directory(named: name)
        defer { below.close() }
        try removeEarlier(in: below, path + [UInt8(ascii: "/")], &removed)
        if !new.lists(directory: path) { try directory.removeDirectory(name) }
      } else if !new.lists(path) {
        try directory.removeFile(name)
        // Each reject has one file of issues.
        if path.suffix(7).elementsEqual(".issues".utf8) { removed += 1 }
      }
    }
  }
}
