public import RMOSModels
public import RMOSStore

/// A type that opens the databases of one kind for a ``CommandLineProgram``, such as
/// ``SQLiteOpener``.
///
/// No requirement has a default implementation, so that nobody forgets to hide passwords or to
/// protect files.
public protocol StoreOpener: Sendable {
  /// The name of such databases, such as "SQLite".
  var name: String { get }

  /// The placeholder of `--db` in help, such as `FILE`.
  var placeholder: String { get }

  /// The database if a command line names none; `nil` if one must be named.
  var defaultLocation: String? { get }

  /// Returns whether `location`, a value of `--db`, names such a database.
  func opens(_ location: String) -> Bool

  /// Returns `location` as messages and logs may show it: without passwords.
  func shown(_ location: String) -> String

  /// Returns the file that holds the database, so that no command overwrites it; `nil` if it is not
  /// in a file.
  func file(of location: String) -> String?

  /// Opens a database.
  ///
  /// - Parameters:
  ///   - location: The value of `--db`, for which ``opens(_:)`` is `true`.
  ///   - catalog: The kinds of entities that the database holds.
  ///   - purpose: The purpose for which the command opens the database.
  /// - Returns: The store; `nil` if there is no database and `purpose` does not create one.
  /// - Throws: `StoreError`.
  func open(
    _ location: String, catalog: EntityCatalog, for purpose: StorePurpose
  ) throws -> OpenedStore?
}

/// The purpose for which a command opens a database.
public enum StorePurpose: Sendable, Hashable {
  /// Reads a database that must exist, and changes nothing.
  case reading
  /// Reads a database in any state, for an audit. Those of other applications are refused.
  case inspecting
  /// Reads the database for a dry run, and changes nothing. If it does not exist, it is checked as
  /// far as possible that a run could create it.
  case rehearsing
  /// Changes a database that must exist.
  case changing
  /// Changes a database, and creates it if it does not exist.
  case creating
  /// Serves a database that must exist to many clients, for as long as the process runs, and does
  /// not wait long for other writers.
  case serving(allowsWrites: Bool)

  /// How long a store should wait for other writers.
  ///
  /// A request that waits occupies one of the server's threads, so it soon gets a response that
  /// says when to retry.
  public var busyTimeout: Duration {
    if case .serving = self { .milliseconds(500) } else { .seconds(5) }
  }
}

/// An open store, with the operations that commands need beyond those of `RecordStore`.
public struct OpenedStore: Sendable {
  /// The store.
  public let store: any RecordStore
  let bringUpToDate: @Sendable () throws -> Void
  let backUp:
    @Sendable (_ file: String, _ replacing: Bool, _ isCancelled: () -> Bool) throws -> Void
  let close: @Sendable () -> Void
  let discard: @Sendable () -> Void

  /// Creates the description of an open store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - bringUpToDate: Creates missing tables, and upgrades those of an older version.
  ///   - backUp: Writes a copy of the store to a file. If the file exists, it is replaced if
  ///     `replacing`; otherwise `StoreError.Code.backupExists` is thrown. `isCancelled` is polled
  ///     periodically; when it returns `true`, the copy is abandoned with
  ///     `StoreError.Code.cancelled`.
  ///   - close: Closes the store before the process ends, even if other threads still hold it.
  ///   - discard: Closes the store, and removes what opening it created if nothing has been written
  ///     since. By default it only closes the store.
  public init(
    _ store: any RecordStore,
    bringUpToDate: @escaping @Sendable () throws -> Void,
    backUp:
      @escaping @Sendable (
        _ file: String, _ replacing: Bool, _ isCancelled: () -> Bool
      ) throws -> Void,
    close: @escaping @Sendable () -> Void,
    discard: (@Sendable () -> Void)? = nil
  ) {
    self.store = store
    self.bringUpToDate = bringUpToDate
    self.backUp = backUp
    self.close = close
    self.discard = discard ?? close
  }
}
