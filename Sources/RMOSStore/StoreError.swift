/// Why a store could not do something.
///
/// `code` is stable; ``description`` is for people.
public struct StoreError: Error, Sendable, Hashable {
  /// A stable name for the failure.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's text, such as `store.locked`.
    public let rawValue: String
    /// A code of a backend's own.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The code's text.
    public var description: String { rawValue }

    /// Another process or store is the writer.
    public static let locked = Code(rawValue: "store.locked")
    /// The database stayed busy beyond the time to wait.
    public static let busy = Code(rawValue: "store.busy")
    /// The file cannot be opened.
    public static let cannotOpen = Code(rawValue: "store.cannot-open")
    /// The file is no SQLite database (or encrypted).
    public static let notADatabase = Code(rawValue: "store.not-a-database")
    /// The database, its directory or its lock was removed, renamed or replaced while in use.
    public static let replaced = Code(rawValue: "store.replaced")
    /// The file has several names (hard links), by each of which SQLite would keep another log.
    public static let hardLinked = Code(rawValue: "store.hard-linked")
    /// A SQLite database, but not of RMOS.
    public static let foreignDatabase = Code(rawValue: "store.foreign")
    /// A database of RMOS whose schema keeps this version from writing to it.
    public static let unusableSchema = Code(rawValue: "store.schema")
    /// Written by a newer version.
    public static let newerSchema = Code(rawValue: "store.newer-schema")
    /// The database is damaged.
    public static let corrupt = Code(rawValue: "store.corrupt")
    /// No space is left.
    public static let diskFull = Code(rawValue: "store.disk-full")
    /// Reading or writing failed.
    public static let inputOutput = Code(rawValue: "store.io")
    /// The store is open for reading only.
    public static let readOnly = Code(rawValue: "store.read-only")
    /// The schema refuses the row.
    public static let constraint = Code(rawValue: "store.constraint")
    /// The id is taken.
    public static let duplicateID = Code(rawValue: "store.duplicate-id")
    /// A reader or transaction was used after its closure ended.
    public static let handleExpired = Code(rawValue: "store.handle-expired")
    /// A transaction was started within a transaction.
    public static let nested = Code(rawValue: "store.nested-transaction")
    /// The query names a member the schema does not have.
    public static let unknownMember = Code(rawValue: "store.unknown-member")
    /// Something stands where a backup was to be written.
    public static let backupExists = Code(rawValue: "backup.exists")
    /// The work was given up because its caller asked for it.
    public static let cancelled = Code(rawValue: "cancelled")
    /// Anything else the backend reports.
    public static let other = Code(rawValue: "store.error")
  }

  /// What kind of failure.
  public var code: Code
  /// The whole story for people: the thing, what was found, the way out.
  public var message: String
  /// The database's path, where there is one.
  public var path: String?
  /// SQLite's extended result code, where there is one.
  public var sqliteCode: Int32?

  /// An error.
  public init(_ code: Code, _ message: String, path: String? = nil, sqliteCode: Int32? = nil) {
    self.code = code
    self.message = message
    self.path = path
    self.sqliteCode = sqliteCode
  }

  /// Whether only the one entity is refused, and the rest of the transaction can go on.
  public var concernsOneRecord: Bool { code == .constraint || code == .duplicateID }
}

extension StoreError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}
