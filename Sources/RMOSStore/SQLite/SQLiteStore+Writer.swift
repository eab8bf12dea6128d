extension SQLiteStore {
  /// Whether someone, be it another process, is writing to the database right now.
  ///
  /// For telling people what goes on; to write, use ``withExclusiveWriter(_:)``, which is told for
  /// certain.
  public var hasWriter: Bool { WriterLock.isHeld(database: file.path) }
}
