import RMOSModels
import RMOSSystem

/// The path of a directory for rejects, which may not exist yet.
package struct RejectsPlace {
  /// The path, as given.
  let path: String

  package init(_ path: String) { self.path = path }

  /// Whether the directory has rejects of an earlier run.
  package var holdsRejects: Bool {
    let list = path + "/" + String(decoding: RejectsManifest.name, as: UTF8.self)
    let header = RejectsManifest.header
    guard let file = try? FileDescriptor(reading: Array(list.utf8)) else { return false }
    defer { file.close() }
    return (try? file.read(count: header.count)) == header
  }

  /// Checks that the rejects of a source can be written to the directory, without creating it.
  ///
  /// Unless `readsThem`, earlier rejects are recognized by their names alone.
  ///
  /// - Throws: ``MigrationError/Code/rejectsNotEmpty``, ``MigrationError/Code/rejectsInUse``,
  ///   ``MigrationError/Code/rejectsInSource`` or ``MigrationError/Code/rejectsUnwritable``.
  func check(
    source: String, _ catalog: EntityCatalog, readsThem: Bool = true
  ) throws(MigrationError) {
    try checkPath(source: source, catalog)
    if (try? FileStatus(of: path)) != nil {
      try RejectsDirectory.check(path, readsFiles: readsThem)
    }
  }

  /// Checks the same, except for the content of the directory.
  func checkPath(source: String, _ catalog: EntityCatalog) throws(MigrationError) {
    let bytes = Array(path.utf8)
    let existing = nearest
    do throws(SystemError) {
      guard let status = try? FileStatus(of: existing) else { throw SystemError.leadsNowhere }
      if let identity = try? FileStatus(of: bytes).identity, identity == status.identity {
        guard status.form == .directory else { throw SystemError.notADirectory }
        try FileSystem.checkOwned(directory: bytes)
      }
      try FileSystem.checkWritable(directory: existing)
    } catch {
      throw unwritable(error)
    }
    if let kind = SourceTop.kindRead(from: existing, of: source, catalog) {
      throw MigrationError(
        .rejectsInSource,
        "\(path) is in \(source)/\(kind.table), which is read from; name a directory elsewhere")
    }
    if let identity = try? FileStatus(of: bytes).identity,
      SourceWalker.directories(from: Array(source.utf8)).contains(identity)
    {
      throw MigrationError(
        .rejectsInSource,
        "\(path) holds the source \(source), which a run must not replace; name a directory "
          + "elsewhere")
    }
  }

  /// The path of the directory or its nearest existing parent; a dangling link counts as existing.
  private var nearest: [UInt8] {
    var path = Array(path.utf8)
    while (try? FileStatus(of: path)) == nil {
      while path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
      if FileStatus.isLink(path) { return path }
      guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return [UInt8(ascii: ".")] }
      if slash == 0 { return [UInt8(ascii: "/")] }
      path.removeSubrange(slash...)
    }
    return path
  }

  /// Returns the error of a directory that cannot be written to.
  func unwritable(_ error: SystemError) -> MigrationError {
    MigrationError(
      .rejectsUnwritable,
      "rejects cannot be written to \(path): \(error.reason); name a directory that can be "
        + "written to")
  }
}
