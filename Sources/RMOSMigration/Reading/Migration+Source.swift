package import RMOSModels
import RMOSSystem

extension Migration {
  /// Checks that a source can be read, before a store is created for it.
  ///
  /// - Throws: ``MigrationError/Code/sourceUnreadable``.
  package static func checkSource(
    _ source: String, _ catalog: EntityCatalog = .rmos
  ) throws(MigrationError) {
    let path = Array(source.utf8)
    var isListed = false
    do throws(SystemError) {
      guard try FileStatus(of: path).form == .directory else {
        throw .notADirectory
      }
      try unsafe FileSystem.forEachEntry(ofDirectory: path) { _, _ in }
      isListed = true
      // With read but no search permission a directory can be listed, but its files not examined.
      _ = try FileStatus(of: path + Array("/.".utf8))
    } catch {
      let reason = isListed ? "it may be listed but not searched: \(error.reason)" : error.reason
      throw MigrationError(
        .sourceUnreadable,
        "the source \(source) cannot be read: \(reason); expected a directory with "
          + catalog.kinds.map(\.table).joined(separator: ", ") + " in it")
    }
  }

  /// Whether a file is, or would be, in a directory that a source is read from.
  package static func reads(
    _ file: String, from source: String, _ catalog: EntityCatalog = .rmos
  ) -> Bool {
    kindRead(from: Array(file.utf8).directoryPath, of: source, catalog) != nil
  }

  /// The kind in whose directory a directory is, if any.
  static func kindRead(
    from directory: [UInt8], of source: String, _ catalog: EntityCatalog
  ) -> EntityKind? {
    let above = SourceWalker.directories(from: directory)
    return catalog.kinds.first { kind in
      let input = Array("\(source)/\(kind.table)".utf8)
      guard let identity = try? FileStatus(of: input).identity else { return false }
      return above.contains(identity)
    }
  }
}
