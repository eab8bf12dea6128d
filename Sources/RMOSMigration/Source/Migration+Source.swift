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
}
