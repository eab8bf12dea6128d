public import RMOSStore

/// A store of the package, for tests that both have to pass.
public enum Backend: String, CaseIterable, Sendable {
  /// A database in a file.
  case sqlite
  /// A store in memory.
  case inMemory

  /// Opens an empty store.
  ///
  /// - Throws: What the store throws.
  public func store(in directory: TemporaryDirectory) throws -> any RecordStore {
    switch self {
    case .sqlite: try SQLiteStore(path: directory.file("rmos.db"))
    case .inMemory: InMemoryStore()
    }
  }
}
