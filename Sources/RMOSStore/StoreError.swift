import RMOSModels

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

extension StoreError {
  /// The same error, saying which entity it is about, where it concerns only one.
  func explained(_ kind: EntityKind, id: String) -> StoreError {
    var error = self
    let name = "\(kind.schema.singular) “\(id.shortened)”"
    switch code {
    case .duplicateID:
      error.message = "there is a \(name) already; use another id, or update that one"
    case .constraint where sqliteCode == 787:  // SQLITE_CONSTRAINT_FOREIGNKEY
      let own = kind.referencedTables
      error.message =
        own.isEmpty
        ? "\(name) breaks a foreign key of another application; add what that refers to first"
        : "\(name) refers to \(own) that are not there, or breaks a foreign key of another "
          + "application; add what it refers to first"
    case .constraint:
      error.message = "\(name): \(message)"
    default: break
    }
    return error
  }

  /// An id that no row has byte for byte, and that is taken all the same.
  static func sameIDToTheDatabase(
    _ kind: EntityKind, id: String, sqliteCode: Int32?
  ) -> StoreError {
    StoreError(
      .duplicateID,
      "there is a \(kind.schema.singular) already whose id is the same as “\(id.shortened)” to "
        + "the database, which does not compare these ids byte by byte (COLLATE in the schema of "
        + "\(kind.table)); use another id", sqliteCode: sqliteCode)
  }

  /// An entity that others refer to cannot be deleted.
  static func stillReferenced(
    _ kind: EntityKind, id: String, sqliteCode: Int32? = nil
  ) -> StoreError {
    StoreError(
      .constraint,
      "the \(kind.schema.singular) “\(id.shortened)” cannot be deleted: job logs refer to it; "
        + "delete or change those first", sqliteCode: sqliteCode)
  }

  /// The statement was no error, and still there is no row.
  static func passedOver(_ kind: EntityKind) -> StoreError {
    StoreError(
      .constraint,
      "the database passes over the row without an error; look for a trigger on \(kind.table) "
        + "with RAISE(IGNORE), or one that takes the row away")
  }

  /// The statements that undo a run were no errors, and still not all of a kind is undone.
  static func undoPassedOver(_ kind: EntityKind, run: Int64) -> StoreError {
    StoreError(
      .constraint,
      "run \(run) cannot be undone: a trigger or a constraint of another application passes over "
        + "rows of \(kind.table) (look for IGNORE in the schema); drop it and undo again. "
        + "Nothing was changed")
  }

  /// What is to be rewritten is not there.
  static func nothingToUpdate(_ kind: EntityKind, _ id: String) -> StoreError {
    StoreError(
      .other,
      "there is no \(kind.schema.singular) “\(id.shortened)” to rewrite; insert it instead")
  }

  /// The ledger does not know the run.
  static func noSuchRun(_ id: Int64) -> StoreError {
    StoreError(.other, "there is no run \(id) in the ledger; begin it first")
  }
}

extension EntityKind {
  /// The kinds that the database's foreign keys lead to, for messages.
  fileprivate var referencedTables: String {
    schema.foreignKeys.map(\.target.schema.plural).joined(separator: " or ")
  }
}

extension Record {
  /// The id, which SQL alone would let be NULL.
  func requiredID() throws(StoreError) -> String {
    if case .text(let id) = values[0] { return id }
    throw StoreError(.constraint, "a \(kind.schema.singular) needs an id that is text")
  }
}

extension String {
  /// At most 80 characters of the text, for messages.
  fileprivate var shortened: String {
    count <= 80 ? self : prefix(79) + "…"
  }
}
