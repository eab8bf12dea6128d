public import RMOSModels
package import RMOSSystem

/// An error of a store.
///
/// Programs can rely on ``code``, which is stable; ``description`` is for people.
public struct StoreError: Error, Sendable, Hashable {
  /// A stable name for a kind of failure.
  ///
  /// Its raw value is the code's text, such as `store.locked`.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's text.
    public let rawValue: String

    /// Creates a code.
    public init(rawValue: String) { self.rawValue = rawValue }
    private init(_ rawValue: String) { self.rawValue = rawValue }

    /// The code's text.
    public var description: String { rawValue }

    /// Another process or store is the writer.
    public static let locked = Code("store.locked")
    /// The database was still busy when the timeout ended.
    public static let busy = Code("store.busy")
    /// The file cannot be opened.
    public static let cannotOpen = Code("store.cannot-open")
    /// The file is not a SQLite database, or is encrypted.
    public static let notADatabase = Code("store.not-a-database")
    /// The database, its directory or its lock was removed, renamed or replaced while in use.
    public static let replaced = Code("store.replaced")
    /// The file has several names (hard links), and SQLite would keep a log for each.
    public static let hardLinked = Code("store.hard-linked")
    /// The file is a SQLite database, but not one of RMOS.
    public static let foreignDatabase = Code("store.foreign")
    /// The file is a database of RMOS with a schema that this version cannot write to.
    public static let unusableSchema = Code("store.schema")
    /// A table of RMOS is gone that was there when the database was opened.
    package static let lostTable = Code("store.lost-table")
    /// A newer version of the software wrote the database.
    public static let newerSchema = Code("store.newer-schema")
    /// The database is damaged.
    public static let corrupt = Code("store.corrupt")
    /// No space is left.
    public static let diskFull = Code("store.disk-full")
    /// Reading or writing failed, or the connection to the database was lost.
    public static let inputOutput = Code("store.io")
    /// The store was opened for reading only.
    public static let readOnly = Code("store.read-only")
    /// The schema refuses the row.
    public static let constraint = Code("store.constraint")
    /// The id is taken.
    public static let duplicateID = Code("store.duplicate-id")
    /// A reader or transaction was used after its closure ended.
    public static let handleExpired = Code("store.handle-expired")
    /// A transaction was started within a transaction.
    public static let nested = Code("store.nested-transaction")
    /// The query names a member that the schema does not have.
    public static let unknownMember = Code("store.unknown-member")
    /// The store does not hold entities of that kind.
    public static let unknownKind = Code("store.unknown-kind")
    /// A file exists where the backup was to be written.
    public static let backupExists = Code("backup.exists")
    /// The system cannot start a thread.
    public static let noThread = Code("system.no-thread")
    /// The caller cancelled the work.
    public static let cancelled = Code("cancelled")
    /// Any other error of the backend.
    public static let other = Code("store.error")
  }

  /// The kind of failure.
  public var code: Code
  /// A description of what failed, why, and how to fix it.
  public var message: String
  /// The path of the database, if there is one.
  public var path: String?
  /// SQLite's extended result code, if SQLite reported the error.
  package var sqliteCode: Int32?
  /// Whether another process changed the file while it was read without locks, so that what was
  /// read may be of two states.
  var isOfChangedFile = false
  /// Whether the error was found after the transaction had been committed.
  package var isAfterCommit = false

  /// Creates an error.
  public init(_ code: Code, _ message: String, path: String? = nil) {
    self.code = code
    self.message = message
    self.path = path
  }

  init(_ code: Code, _ message: String, path: String? = nil, sqliteCode: Int32?) {
    self.init(code, message, path: path)
    self.sqliteCode = sqliteCode
  }

  /// Whether only one entity is refused, so that the transaction can continue.
  package var concernsOneRecord: Bool { code == .constraint || code == .duplicateID }
}

extension StoreError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}

// Errors whose messages all stores share.
extension StoreError {
  /// A reason why a store refuses an operation.
  public enum Refusal: Sendable, Hashable {
    /// The id is taken.
    case duplicateID(EntityKind, id: String)
    /// The store does not accept the entity, for a reason such as "name must not be null".
    case invalid(EntityKind, id: String, String)
    /// The entity refers to an entity that does not exist.
    case brokenForeignKey(EntityKind, id: String)
    /// Other entities refer to the entity that was to be deleted.
    case stillReferenced(EntityKind, id: String, EntityCatalog)
    /// The entity to rewrite does not exist.
    case nothingToUpdate(EntityKind, id: String)
    /// The run has rewritten the entity before.
    case rewrittenTwice(EntityKind, id: String, run: Int64)
    /// The store does not hold the kind, which is not in its catalog.
    case unknownKind(EntityKind, EntityCatalog)
    /// The ledger no longer has the run.
    case noSuchRun(Int64)
    /// A reader or transaction outlived its closure.
    case expiredHandle
    /// The caller cancelled the work.
    case cancelled
  }

  /// Creates the error for an operation that a store refuses, with the message that all stores use.
  public init(_ refusal: Refusal) {
    switch refusal {
    case .duplicateID(let kind, let id):
      self = StoreError(.duplicateID, "").explained(kind, id: id)
    case .invalid(let kind, let id, let reason):
      self = StoreError(.constraint, "the store rejected the row (\(reason))")
        .explained(kind, id: id)
    case .brokenForeignKey(let kind, let id):
      // SQLite's code for a broken foreign key selects the message, so that all stores use the
      // same.
      self = StoreError(.constraint, "", sqliteCode: SQLiteResult.constraintForeignKey.rawValue)
        .explained(kind, id: id)
    case .stillReferenced(let kind, let id, let catalog):
      self = .stillReferenced(kind, id: id, catalog, sqliteCode: nil)
    case .nothingToUpdate(let kind, let id):
      self.init(
        .other, "the \(Self.name(kind, id)) does not exist; insert it instead of rewriting it")
    case .rewrittenTwice(let kind, let id, let run):
      self.init(
        .other,
        "run \(run) has rewritten the \(Self.name(kind, id)) already; begin another run for that")
    case .unknownKind(let kind, let catalog):
      let names = catalog.kinds.map(\.rawValue).joined(separator: ", ")
      self.init(.unknownKind, "the store holds no \(kind.schema.plural); its catalog has \(names)")
    case .noSuchRun(let id):
      self.init(
        .other,
        "another program removed run \(id) from migration_runs; what was committed is kept; run "
          + "again")
    case .expiredHandle:
      self.init(
        .handleExpired,
        "a reader or transaction was used after its closure had ended; use it only within")
    case .cancelled: self.init(.cancelled, "the work was cancelled, and nothing was changed")
    }
  }

  /// The caller cancelled the work.
  package static var cancelled: StoreError { StoreError(.cancelled) }

  /// The system cannot start a thread for the work.
  package static func noThread(_ error: SystemError) -> StoreError {
    StoreError(
      .noThread,
      "cannot start a thread: \(error.reason); end other programs, then run again")
  }

  /// The error with a message that names the entity, if it is about a single one.
  func explained(_ kind: EntityKind, id: String) -> StoreError {
    var error = self
    let name = Self.name(kind, id)
    switch code {
    case .duplicateID:
      error.message = "the \(name) already exists; use another id, or update that one"
    case .constraint where sqliteResult == .constraintForeignKey:
      let own = kind.schema.foreignKeys.map(\.target.schema.plural).joined(separator: " or ")
      error.message =
        own.isEmpty
        ? "the \(name) breaks a foreign key of another application; add what it refers to first"
        : "the \(name) refers to \(own) that do not exist, or breaks a foreign key of another "
          + "application; add what it refers to first"
    case .constraint:
      error.message = "\(name): \(message)"
    default: break
    }
    return error
  }

  /// The database considers the id equal to another id, whose bytes differ.
  static func sameIDToTheDatabase(
    _ kind: EntityKind, id: String, sqliteCode: Int32?
  ) -> StoreError {
    StoreError(
      .duplicateID,
      "the database takes the id of another \(kind.schema.singular) for that of the "
        + "\(name(kind, id)), because it does not compare these ids byte by byte (COLLATE in the "
        + "schema of \(kind.table)); use another id", sqliteCode: sqliteCode)
  }

  /// Other rows refer to the entity that was to be deleted.
  static func stillReferenced(
    _ kind: EntityKind, id: String, _ catalog: EntityCatalog, sqliteCode: Int32?
  ) -> StoreError {
    let others = catalog.kinds
      .filter { $0.schema.foreignKeys.contains { $0.target == kind } }
      .map(\.schema.plural)
    let referrers = others.isEmpty ? "other rows" : others.joined(separator: " or ")
    return StoreError(
      .constraint,
      "the \(name(kind, id)) cannot be deleted because \(referrers) refer to it; delete or change "
        + "those first", sqliteCode: sqliteCode)
  }

  /// Rows of tables that others have declared refer to the entity that was to be deleted.
  static func stillReferenced(
    _ kind: EntityKind, id: String, by tables: [String: Int], sqliteCode: Int32? = nil
  ) -> StoreError {
    let found = tables.filter { $0.value > 0 }.sorted { $0.key < $1.key }
    guard !found.isEmpty else {
      let names = tables.keys.sorted().joined(separator: " or ")
      return StoreError(
        .constraint,
        "the \(name(kind, id)) may be referenced by rows of the table \(names) of another "
          + "application, which the user of the database may not read; grant it SELECT",
        sqliteCode: sqliteCode)
    }
    let referrers = found.map { table, count in
      PlainText.counted(count, "row", "rows") + " of the table \(table)"
    }
    return StoreError(
      .constraint,
      "the \(name(kind, id)) is referenced by \(referrers.joined(separator: " and ")), which another "
        + "application has declared; delete or change those first", sqliteCode: sqliteCode)
  }

  /// A statement succeeded, but the database did not write the row.
  static func ignoredRow(_ kind: EntityKind) -> StoreError {
    StoreError(
      .constraint,
      "the database silently ignored the row; look for a trigger on \(kind.table) with "
        + "RAISE(IGNORE), or one that deletes the row")
  }

  /// The statements that undo a run succeeded, but the database did not change all rows of a kind.
  static func ignoredUndo(_ kind: EntityKind, run: Int64) -> StoreError {
    StoreError(
      .constraint,
      "run \(run) cannot be undone because a trigger or a constraint of another application ignores "
        + "rows of \(kind.table); look for IGNORE in the schema, drop it and undo again. "
        + "Nothing was changed")
  }

  /// The name of an entity in messages, with at most the first 79 characters of its id.
  private static func name(_ kind: EntityKind, _ id: String) -> String {
    let id = id.count <= 80 ? id : id.prefix(79) + "…"
    return "\(kind.schema.singular) \"\(id)\""
  }
}

extension Record {
  /// Returns the id, which must be text.
  ///
  /// - Throws: ``StoreError/Code/constraint`` if it is another value.
  public func requiredID() throws(StoreError) -> String {
    if case .text(let id) = values[0] { return id }
    throw StoreError(.constraint, "the id of a \(kind.schema.singular) must be text")
  }
}
