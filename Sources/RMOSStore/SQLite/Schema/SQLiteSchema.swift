package import RMOSModels

/// Creates the tables, and upgrades older ones.
///
/// No triggers, generated columns or strict tables, and no views of shared tables: older
/// applications must be able to work with the file.
enum SQLiteSchema {
  /// Something that the ledger's tables lack.
  struct LedgerUpgrade {
    /// The version of the ledger that has it; `nil` for room for kinds with more fields.
    let version: Int64?
    /// The statement that adds it.
    let sql: String
  }

  /// What the ledger's tables that exist lack of the current version, and of room for before-images
  /// of kinds with more fields than there were.
  static func ledgerUpgrades(
    _ connection: SQLiteConnection, _ catalog: EntityCatalog
  ) throws -> [LedgerUpgrade] {
    /// What adds the columns of a table that are missing; nothing if the table is.
    func additions(to table: LedgerTable, _ present: Set<String>) -> [LedgerUpgrade] {
      if present.isEmpty { return [] }
      return table.columns.filter { !present.contains($0.name) }.map { column in
        LedgerUpgrade(
          version: column.version > 1 ? column.version : nil,
          sql: "ALTER TABLE \(table.name) ADD COLUMN \(column.definition)")
      }
    }
    let upgrades = try [LedgerTable.runs, .provenance, .issues].flatMap { table in
      // What else it lacks is lost.
      additions(to: table, try connection.columns(of: table.name)).filter { $0.version != nil }
    }
    let images = LedgerTable.beforeImages(catalog)
    let present = try connection.columns(of: images.name)
    if !present.isEmpty, !present.contains("value_1") {
      // Version 1 never wrote into it.
      return upgrades
        + ["DROP TABLE \(images.name)", images.createSQL].map { LedgerUpgrade(version: 2, sql: $0) }
    }
    return upgrades + additions(to: images, present)
  }

  /// The columns that the ledger's tables lack and no upgrade adds, as `table.column`.
  static func lostLedgerColumns(_ connection: SQLiteConnection) throws -> [String] {
    try [LedgerTable.runs, .provenance, .issues].flatMap { table -> [String] in
      let present = try connection.columns(of: table.name)
      if present.isEmpty { return [] }
      return table.columns.filter { $0.version == 1 && !present.contains($0.name) }
        .map { "\(table.name).\($0.name)" }.sorted()
    }
  }

  private static let versionTableSQL =
    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, "
    + "applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"

  /// Lets the runs of a table that was lost keep their numbers: undoing a new run of the same
  /// number would remove their rows.
  private static let continuedRunsSQL = """
    INSERT INTO sqlite_sequence (name, seq)
      SELECT '\(LedgerTable.runs.name)', last FROM (
        SELECT max(run_id) AS last FROM (
          \((LedgerTable.allNames.filter { $0 != LedgerTable.runs.name }).map {
            "SELECT run_id FROM \($0)"
          }.joined(separator: " UNION ALL "))))
      WHERE last IS NOT NULL
    """

  /// Creates what is missing; call it within a transaction.
  ///
  /// The layout is read again: another process may have been first.
  static func complete(
    _ connection: SQLiteConnection, _ catalog: EntityCatalog, path: String
  ) throws {
    let layout = try SQLiteLayout(of: connection, catalog)
    try layout.validateForWriting(on: connection, path: path)
    if layout.ownsSharedTables { try connection.execute(versionTableSQL) }
    for kind in layout.ownedKinds { try connection.execute(kind.schema.createTableSQL) }
    for sql in layout.missingColumnSQL { try connection.execute(sql) }
    for sql in layout.missingIndexSQL { try connection.execute(sql) }
    if layout.ownsSharedTables {
      try connection.execute(
        "INSERT OR IGNORE INTO schema_version (version) VALUES (\(SchemaVersion.created))")
    }
    for sql in LedgerTable.all(catalog).map(\.createSQL) + layout.ledgerUpgrades.map(\.sql) {
      try connection.execute(sql)
    }
    if layout.missingLedgerTables.contains(where: { $0.name == LedgerTable.runs.name }) {
      try connection.execute(continuedRunsSQL)
    }
    for view in layout.viewsToCreate {
      try connection.execute("DROP VIEW IF EXISTS \(view.name)")
      try connection.execute(view.createSQL)
    }
    try connection.execute("PRAGMA user_version = \(SchemaVersion.ledger.upperBound)")
    // What refers to a table that was just created could not be checked before.
    connection.forgetStatements()
    try SQLiteLayout(of: connection, catalog).validateForWriting(on: connection, path: path)
  }

  /// Creates the recommended indexes that are missing, if the tables are ours to complete.
  static func createMissingIndexes(
    _ connection: SQLiteConnection, _ catalog: EntityCatalog
  ) throws {
    let missing = try SQLiteLayout(of: connection, catalog).missingIndexSQL
    guard !missing.isEmpty else { return }
    // One thread sorts while the other reads the table. As much is sorted at once as there is
    // cache: little enough for the processor's own.
    try connection.execute("PRAGMA threads = 1; PRAGMA cache_size = -2048")
    defer { try? connection.execute("PRAGMA threads = 0; PRAGMA \(SQLiteConnection.pageCache)") }
    // The indexes are created one by one, so that the log of one is checkpointed while the next is
    // built.
    for sql in missing { try connection.writeTransaction { try connection.execute(sql) } }
  }

  /// Drops the recommended indexes of empty tables that are ours to complete.
  static func dropIndexesOfEmptyTables(
    _ connection: SQLiteConnection, _ catalog: EntityCatalog
  ) throws {
    let layout = try SQLiteLayout(of: connection, catalog)
    guard layout.ownsSharedTables else { return }
    try connection.writeTransaction {
      for kind in catalog.kinds
      where try connection.integer("SELECT 1 FROM \(kind.table) LIMIT 1") != nil { return }
      for kind in catalog.kinds {
        for index in kind.schema.indexes where try isOurs(index, of: kind, connection) {
          try connection.execute("DROP INDEX \(index.name)")
        }
      }
    }
  }

  /// Whether an index exists and is what would be created under its name.
  ///
  /// Another application may have made it unique or partial, or used its name for another table.
  private static func isOurs(
    _ index: (name: String, columns: String), of kind: EntityKind, _ connection: SQLiteConnection
  ) throws -> Bool {
    try connection.integer(
      """
      SELECT 1 FROM pragma_index_list('\(kind.table)') l
      WHERE l.name = '\(index.name)' COLLATE NOCASE AND NOT l."unique" AND NOT l.partial
        AND (SELECT group_concat(lower(x.name) || CASE WHEN x.desc THEN ' DESC' ELSE '' END)
          FROM pragma_index_xinfo(l.name) x WHERE x.key AND x.coll = 'BINARY'
        ) = '\(index.columns)'
      """) != nil
  }
}

// The shared schema as SQL.

extension EntitySchema {
  /// The CREATE TABLE statement of the table.
  package var createTableSQL: String {
    var parts = fields.map(\.sqlDefinition)
    for key in foreignKeys {
      parts.append("FOREIGN KEY (\(fields[key.field].column)) REFERENCES \(key.target.table)(id)")
    }
    return "CREATE TABLE IF NOT EXISTS \(table) (\(parts.joined(separator: ", ")))"
  }

  /// The CREATE INDEX statements of the recommended indexes.
  package var createIndexSQL: [String] {
    indexes.map { "CREATE INDEX IF NOT EXISTS \($0.name) ON \(table)(\($0.columns))" }
  }
}

extension FieldSchema {
  /// The column's definition in CREATE TABLE.
  package var sqlDefinition: String {
    if member == "id" { return "id TEXT PRIMARY KEY" }
    var sql = "\(column) \(type.sqlType)"
    if isNotNull { sql += " NOT NULL" }
    switch defaultValue {
    case .null: break
    case .text(let text): sql += " DEFAULT \(text.sqlLiteral)"
    case .runStart, .sameAs: sql += " DEFAULT CURRENT_TIMESTAMP"
    }
    return sql
  }

  /// Whether a table that has rows can be given the column: its default must be NULL or constant.
  var canBeAdded: Bool {
    switch defaultValue {
    case .null: !isRequired
    case .text: true
    case .runStart, .sameAs: false
    }
  }
}

extension FieldType {
  /// The SQL type of the column.
  package var sqlType: String {
    switch self {
    case .text, .reference, .timestamp, .json: "TEXT"
    case .integer: "INTEGER"
    case .real: "REAL"
    }
  }
}

extension String {
  /// The text as a literal of SQL.
  var sqlLiteral: String {
    "'" + replacing("'", with: "''") + "'"
  }

  /// The text as a quoted name in SQL.
  var sqlName: String { "\"" + replacing("\"", with: "\"\"") + "\"" }
}
