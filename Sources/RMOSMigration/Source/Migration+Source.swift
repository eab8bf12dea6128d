import RMOSModels

extension Migration {
  /// Checks that a source can be read, before a store is made for it.
  ///
  /// ``run(observer:)`` checks this itself.
  ///
  /// - Throws: ``MigrationError/Code/sourceUnreadable``.
  public static func checkSource(_ source: String) throws(MigrationError) {
    let path = Array(source.utf8)
    do throws(SystemError) {
      guard try FileHandle.Status(of: path).form == .directory else {
        throw SystemError(code: SystemError.notADirectory)
      }
      try Platform.forEachEntry(ofDirectory: path) { _, _ in }
    } catch {
      throw MigrationError(
        .sourceUnreadable,
        "the source \(source) cannot be read: \(error.reason); expected a directory with "
          + EntityKind.allCases.map(\.table).joined(separator: ", ") + " in it")
    }
  }

  /// Whether a file is, or would be, in a directory that a source is read from.
  package static func reads(_ file: String, from source: String) -> Bool {
    let path = Array(file.utf8)
    let directory = path.lastIndex(of: UInt8(ascii: "/")).map { Array(path[...$0]) } ?? [0x2E]
    return kindRead(from: directory, of: source) != nil
  }

  /// The kind in whose directory a directory is, if any.
  static func kindRead(from directory: [UInt8], of source: String) -> EntityKind? {
    let above = SourceWalker.directories(from: directory)
    return EntityKind.allCases.first { kind in
      let input = Array("\(source)/\(kind.table)".utf8)
      guard let identity = try? FileHandle.Status(of: input).identity else { return false }
      return above.contains(identity)
    }
  }
}
