public import RMOSModels
import RMOSStore
import RMOSSystem

/// Opens SQLite databases, which are named by the paths of their files.
///
/// It accepts every location, so it must be the last of a program's openers.
public struct SQLiteOpener: StoreOpener {
  /// The database if a command line names none; `nil` if one must be named.
  public let defaultLocation: String?

  /// Creates an opener.
  ///
  /// - Parameter defaultLocation: The database if a command line names none; its directory is
  ///   created with it.
  public init(defaultLocation: String? = "data/rmos.db") {
    self.defaultLocation = defaultLocation
  }

  /// "SQLite".
  public var name: String { "SQLite" }

  /// `FILE`.
  public var placeholder: String { "FILE" }

  /// Returns `true`, since every text is a path.
  public func opens(_ location: String) -> Bool { true }

  /// The path as it is given.
  public func shown(_ location: String) -> String { location }

  /// The path as it is given.
  public func file(of location: String) -> String? { location }

  /// Opens the database at a path.
  public func open(
    _ location: String, catalog: EntityCatalog, for purpose: StorePurpose
  ) throws -> OpenedStore? {
    try SQLiteStore.checkName(location)
    switch purpose {
    case .creating:
      if location == defaultLocation { try makeDirectory(of: location) }
    case .rehearsing:
      guard let size = FileStatus.size(of: location), size > 0 else {
        // The directory of the default path is created with the database.
        if location != defaultLocation || FileStatus.exists(location.directoryPath) {
          try SQLiteStore.check(path: location, catalog: catalog)
        }
        return nil
      }
    case .reading, .inspecting, .changing, .serving:
      guard FileStatus.exists(location) else { return nil }
    }
    let store = try SQLiteStore(
      path: location, catalog: catalog, access: access(for: purpose),
      busyTimeout: purpose.busyTimeout, followsPath: isServing(purpose),
      listMemory: isServing(purpose) ? Self.listMemory : 0)
    if purpose == .inspecting { try store.checkOrigin() }
    return OpenedStore(
      store,
      bringUpToDate: { try store.bringUpToDate() },
      backUp: { file, replacing, isCancelled in
        try store.backUpSynchronously(to: file, replacing: replacing, isCancelled: isCancelled)
      },
      close: { store.close() },
      discard: { store.closeRemovingUnused() })
  }

  private func access(for purpose: StorePurpose) -> SQLiteStore.Access {
    switch purpose {
    case .reading, .rehearsing, .serving(allowsWrites: false): .readOnly
    case .inspecting: .inspect
    case .changing, .serving(allowsWrites: true): .readWrite
    case .creating: .create
    }
  }

  /// Servers continue with a database that replaces the file, and answer lists from memory.
  private func isServing(_ purpose: StorePurpose) -> Bool {
    if case .serving = purpose { true } else { false }
  }

  /// The memory for lists, which suffices for a list of 600,000 job logs.
  private static let listMemory = 14 << 20

  private func makeDirectory(of location: String) throws {
    let directory = location.directoryPath
    do throws(SystemError) {
      try FileSystem.makeDirectories(directory, permissions: 0o777)
    } catch {
      throw CommandError(
        code: "store.cannot-open",
        message: "cannot create the directory \(directory) for \(location): \(error.reason)",
        hint: "Name another database with --db \(placeholder).")
    }
  }
}
