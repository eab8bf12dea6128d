public import RMOSModels
import RMOSSystem

extension SQLiteStore {
  /// Checks, without changing anything, that rows can be written: that the file and the files next
  /// to it are writable, and that all statements for writing can be compiled.
  ///
  /// - Returns: Issues that the user should know before a run, such as a table that it creates.
  /// - Throws: ``StoreError`` with ``StoreError/Code/foreignDatabase``,
  ///   ``StoreError/Code/newerSchema``, ``StoreError/Code/unusableSchema``,
  ///   ``StoreError/Code/readOnly`` or ``StoreError/Code/cannotOpen``.
  public func checkWriting() throws -> [Issue] {
    try file.checkRights()
    return try readers.withSession { session in
      let connection = session.connection
      let layout: SQLiteLayout
      if let known = try? writingSession().layout, try known.isCurrent(on: connection) {
        // It was validated when the connection for writing was opened, or when it last changed.
        layout = known
      } else {
        layout = try SQLiteLayout(of: connection, catalog)
        try layout.validateForWriting(on: connection, path: location)
      }
      return layout.isEmpty
        ? []
        : Issue.incompleteStore(
          location, version: layout.version, tables: layout.missingTables,
          columns: layout.missingColumns.map { "\($0.kind.table).\($0.field.column)" })
    }
  }

  /// Refuses a database of another application, which ``Access/inspect`` can open.
  ///
  /// - Throws: ``StoreError`` with ``StoreError/Code/foreignDatabase``.
  package func checkOrigin() throws {
    try readers.withSession { try $0.layout.validateOrigin(path: location) }
  }

  /// Returns ``Rehearsal/lookUps`` if the schema is the shared one, and a private copy if other
  /// applications have added constraints or triggers that only the database itself can apply.
  public func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal {
    try rehearsal(largest: SQLiteRehearsal.sizeLimit, isCancelled: isCancelled)
  }

  /// Returns the way to predict like ``rehearsal(isCancelled:)``, but does not copy a database of
  /// more than `largest` bytes.
  package func rehearsal(largest: Int64, isCancelled: () -> Bool) throws -> Rehearsal {
    try readers.withSession { session in
      let layout = try SQLiteLayout(of: session.connection, catalog)
      let hindrances = try SQLiteForesight(session.connection, layout).hindrances()
      guard !hindrances.isEmpty else { return .lookUps }
      let names =
        hindrances.prefix(3).joined(separator: ", ")
        + (hindrances.count > 3 ? " and \(hindrances.count - 3) more" : "")
      let size = try session.connection.integer(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
      guard (size ?? 0) <= largest else {
        return .unforeseeable("\(names), and the database is too large to be copied")
      }
      do {
        return .copy(
          try SQLiteRehearsal(
            of: session.connection, catalog, location: location, isCancelled: isCancelled))
      } catch let error as StoreError where error.code != .cancelled {
        return .unforeseeable(
          "\(names), and no private copy can be made (\(error.message))")
      }
    }
  }
}

/// A private copy of a database, to which a dry run writes as the run would.
///
/// It is a temporary database of SQLite, which other processes cannot open, and which is removed
/// with the value or the process. Several threads may use it, one after another.
final class SQLiteRehearsal: RecordStore {
  /// The location of the original.
  let location: String
  let catalog: EntityCatalog
  private let path: String
  private let connection: SQLiteConnection
  private let gate: WriterGate

  /// The size of the largest database that is copied, in bytes.
  static let sizeLimit: Int64 = 1 << 30

  /// Copies what `source` is connected to.
  ///
  /// - Throws: ``StoreError/Code/cancelled``, or what SQLite reports.
  init(
    of source: SQLiteConnection, _ catalog: EntityCatalog, location: String,
    isCancelled: () -> Bool
  ) throws {
    self.location = location
    self.catalog = catalog
    path = source.handle.path
    gate = WriterGate(location: location)
    connection = try SQLiteConnection(path: "", mode: .create, busyTimeout: .zero, shownAs: path)
    // The private copy need not survive a crash.
    try connection.execute("PRAGMA synchronous = OFF")
    try source.copyContent(to: connection, isCancelled: isCancelled)
    try connection.execute("PRAGMA foreign_keys = ON")
  }

  func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    try gate.transaction(timeout: .zero) {
      try explainingLackOfRoom {
        try connection.readTransaction { _ in
          let session = try SQLiteSession(connection, catalog)
          try session.completeForReading()
          let reader = SQLiteReader(session)
          defer { reader.expire() }
          return try body(reader)
        }
      }
    }
  }

  func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try gate.transaction(timeout: .zero) {
      try explainingLackOfRoom {
        try connection.writeTransaction {
          var session = try SQLiteSession(connection, catalog)
          if !session.layout.isComplete {
            try SQLiteSchema.complete(connection, catalog, path: path)
            connection.forgetStatements()
            session = try SQLiteSession(connection, catalog)
          }
          let transaction = SQLiteTransaction(session)
          defer { transaction.expire() }
          return try body(transaction)
        }
      }
    }
  }

  func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    try gate.exclusively(body)
  }

  func checkWriting() throws -> [Issue] { [] }

  func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal { .lookUps }

  // A dry run does not ask the copy for these.
  var sizeOnDisk: Int? { nil }
  var hasWriter: Bool? { nil }
  func changeToken() -> String? { nil }
  func databaseMark() -> String? { nil }
  func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result { try body() }
  func withBackup<Result>(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result {
    try body { nil }
  }

  /// Runs `body`, and replaces the message of an error that the disk with temporary files has
  /// caused.
  private func explainingLackOfRoom<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as StoreError
      where [.diskFull, .inputOutput, .cannotOpen].contains(error.code)
    {
      throw StoreError(
        error.code,
        "the private copy of \(location) for the dry run cannot be written; free space for temporary "
          + "files, or set another directory for them (SQLITE_TMPDIR)",
        path: path, sqliteCode: error.sqliteCode)
    }
  }
}

/// Finds out whether look-ups suffice to predict what a database will do with a row.
///
/// With the shared schema they do. Constraints and triggers of other applications may refuse,
/// change or ignore a row for reasons that only the database itself can evaluate.
struct SQLiteForesight {
  private let connection: SQLiteConnection
  private let layout: SQLiteLayout

  init(_ connection: SQLiteConnection, _ layout: SQLiteLayout) {
    self.connection = connection
    self.layout = layout
  }

  /// The parts of the schema that make outcomes unpredictable, such as "the trigger tr".
  func hindrances() throws -> [String] {
    var found = try triggers() + layout.missingSharedTables.map { "no table \($0) yet" }
    for kind in layout.catalog.kinds where layout.tableNames.contains(kind.table) {
      found += try indexes(of: kind.table)
      found += try columns(of: kind)
      found += try constraints(of: kind.table)
      found += try foreignKeys(of: kind)
    }
    return found + (try foreignKeysOfOthers())
  }

  private var entityTables: String {
    layout.catalog.kinds.map { "'\($0.table)'" }.joined(separator: ", ")
  }

  /// Triggers on tables of entities and of the ledger.
  private func triggers() throws -> [String] {
    let tables = layout.catalog.kinds.map(\.table) + LedgerTable.names
    let list = tables.map { "'\($0)'" }.joined(separator: ", ")
    return try connection.texts(
      "SELECT 'the trigger ' || name FROM sqlite_schema WHERE type = 'trigger' "
        + "AND lower(tbl_name) IN (\(list)) ORDER BY name")
  }

  /// Indexes that are unique, apart from that of the primary key, partial, or on expressions.
  private func indexes(of table: String) throws -> [String] {
    try connection.texts(
      """
      SELECT 'the index ' || l.name FROM pragma_index_list(?1) l WHERE l.partial
        OR l."unique" AND NOT (l.origin = 'pk' AND 'id' = (
          SELECT group_concat(lower(x.name)) FROM pragma_index_xinfo(l.name) x WHERE x.key))
        OR EXISTS (SELECT 1 FROM pragma_index_xinfo(l.name) x WHERE x.key AND x.name IS NULL)
      """, .text(table))
  }

  /// Columns that differ from the shared schema.
  private func columns(of kind: EntityKind) throws -> [String] {
    if layout.hasLooseIDs(kind) { return ["the collation of \(kind.table).id"] }
    var found: [String] = []
    try connection.forEachRow(
      "SELECT name, upper(type), \"notnull\" AND dflt_value IS NULL, hidden, pk "
        + "FROM pragma_table_xinfo(?)", .text(kind.table)
    ) { column in
      let name = (column.text(at: 0) ?? "").lowercasedASCII
      let isOther: Bool
      if let field = kind.schema.fields.first(where: { $0.column == name }) {
        isOther =
          column.text(at: 1) != field.type.sqlType
          || (column.integer(at: 2) != 0 && !field.isNotNull && name != "id")
          || (column.integer(at: 4) != 0) != (name == "id")
      } else {
        // An additional column matters only if it is generated, or part of the key.
        isOther = column.integer(at: 3) != 0 || column.integer(at: 4) != 0
      }
      if isOther { found.append("the column \(kind.table).\(name)") }
    }
    return found
  }

  /// Constraints in CREATE TABLE, found by keywords; a false positive only causes a copy.
  private func constraints(of table: String) throws -> [String] {
    try connection.texts(
      """
      SELECT 'the constraints of ' || name FROM sqlite_schema WHERE type = 'table'
        AND lower(name) = ?1 AND (sql LIKE '%CHECK%' OR sql LIKE '%CONFLICT%'
        OR sql LIKE '%) STRICT%' OR sql LIKE '%, STRICT%' OR sql LIKE 'CREATE VIRTUAL%')
      """, .text(table))
  }

  /// Foreign keys of the table that are not references of its kind.
  private func foreignKeys(of kind: EntityKind) throws -> [String] {
    var found: [String] = []
    try connection.forEachRow(
      "SELECT lower(\"from\"), lower(\"table\"), lower(coalesce(\"to\", 'id')) "
        + "FROM pragma_foreign_key_list(?)", .text(kind.table)
    ) { key in
      let column = key.text(at: 0) ?? ""
      let isReference = kind.schema.references.contains { reference in
        kind.schema.fields[reference.field].column == column
          && reference.target.table == key.text(at: 1) && key.text(at: 2) == "id"
      }
      if !isReference { found.append("the foreign key of \(kind.table).\(column)") }
    }
    return found
  }

  /// Foreign keys of other tables to columns other than the id, which an update may change.
  private func foreignKeysOfOthers() throws -> [String] {
    try connection.texts(
      """
      SELECT DISTINCT 'the foreign key of ' || m.name FROM sqlite_schema m,
        pragma_foreign_key_list(m.name) k WHERE m.type = 'table' AND m.rootpage > 0
        AND lower(k."table") IN (\(entityTables)) AND lower(coalesce(k."to", 'id')) <> 'id'
      """)
  }
}
