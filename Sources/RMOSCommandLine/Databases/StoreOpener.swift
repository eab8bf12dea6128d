public import RMOSModels
public import RMOSStore

/// How a ``CommandLineProgram`` opens the databases of one kind, such as ``SQLiteOpener``.
///
/// No requirement has a default: a password that is shown or a file that is overwritten cannot be
/// forgotten.
public protocol StoreOpener: Sendable {
  /// What people call such databases, such as "SQLite".
  var name: String { get }

  /// What `--db` takes, as help shows it, such as `FILE`.
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
  ///   - location: The value of `--db`, which this opener takes.
  ///   - catalog: The kinds of entities that the database holds.
  ///   - purpose: The purpose for which the command opens the database.
  /// - Returns: The store; `nil` if there is no database and `purpose` does not create one.
  /// - Throws: `StoreError`.
  func open(
    _ location: String, catalog: EntityCatalog, for purpose: StorePurpose
  ) throws -> OpenedStore?
}

/// What a command does with the database that it opens.
public enum StorePurpose: Sendable, Hashable {
  /// Reads a database that must exist, and changes nothing.
  case reading
  /// Reads a database in whatever state it is, for an audit. Another application's is refused.
  case inspecting
  /// Reads what a run would begin with, and changes nothing. That a run could create the database
  /// is checked as far as possible.
  case rehearsing
  /// Changes a database that must exist.
  case changing
  /// Changes a database, and creates it if it does not exist.
  case creating
  /// Serves a database that must exist to many clients, for as long as the process runs. No one
  /// waits long for other writers.
  case serving(allowsWrites: Bool)

  /// How long a store should wait for other writers.
  ///
  /// A client of a server that waits occupies a thread that others need; its answer says when to
  /// retry.
  public var busyTimeout: Duration {
    if case .serving = self { .milliseconds(500) } else { .seconds(5) }
  }
}

/// An open store, and what commands do with it beyond `RecordStore`.
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
  ///   - bringUpToDate: Creates the tables that are missing, and upgrades those of an older
  ///     version.
  ///   - backUp: Writes a copy of the store to a file. If the file exists, it is replaced if
  ///     `replacing`; otherwise `StoreError.Code.backupExists` is thrown. `isCancelled` is polled
  ///     periodically; when it returns `true`, the copy is abandoned with
  ///     `StoreError.Code.cancelled`.
  ///   - close: Closes the store, which others may still hold: the process is about to end.
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
