package import RMOSModels

/// Creates the tables, and upgrades older ones.
///
/// The schema has no triggers, generated columns or strict tables, and no views of shared tables,
/// so that older applications can work with the file.
enum SQLiteSchema {
  /// A statement that upgrades a table of the ledger.
  struct LedgerUpgrade {
    /// The version of the ledger that has the result; `nil` for a column that kinds with more
    /// fields need.
    let version: Int64?
    /// The statement.
    let sql: String
  }

  /// The upgrades of existing tables of the ledger to the current version, and to the columns that
  /// before-images of the kinds in the catalog need.
  static func ledgerUpgrades(
    _ connection: SQLiteConnection, _ catalog: EntityCatalog
  ) throws -> [LedgerUpgrade] {
    /// The upgrades that add the missing columns of a table; none if the table is missing.
    func additions(to table: LedgerTable, _ present: Set<String>) -> [LedgerUpgrade] {
      if present.isEmpty { return [] }
      return table.columns.filter { !present.contains($0.name) }.map { column in
        LedgerUpgrade(
          version: column.version > 1 ? column.version : nil,
          sql: "ALTER TABLE \(table.name) ADD COLUMN \(column.definition)")
      }
    }
    let upgrades = try [LedgerTable.runs, .provenance, .issues].flatMap { table in
      // Columns that version 1 had are not added: their content is lost.
      additions(to: table, try connection.columns(of: table.name)).filter { $0.version != nil }
    }
    let images = LedgerTable.beforeImages(catalog)
    let present = try connection.columns(of: images.name)
    if present == LedgerTable.firstImageColumns {
      // Version 1 created the table with other columns, but never wrote to it.
      return upgrades
        + ["DROP TABLE \(images.name)", images.createSQL].map { LedgerUpgrade(version: 2, sql: $0) }
    }
    return upgrades + additions(to: images, present)
  }

  /// The columns that the ledger's tables lack and no upgrade adds, as `table.column`.
  static func lostLedgerColumns(
    _ connection: SQLiteConnection, _ catalog: EntityCatalog
  ) throws -> [String] {
    try LedgerTable.all(catalog).flatMap { table -> [String] in
      let present = try connection.columns(of: table.name)
      if present.isEmpty || present == LedgerTable.firstImageColumns { return [] }
      return table.essentialColumns.filter { !present.contains($0.name) }
        .map { "\(table.name).\($0.name)" }.sorted()
    }
  }

  private static let versionTableSQL =
    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, "
    + "applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"

  /// The statement that makes a new table of runs continue after the highest number in the other
  /// tables.
  ///
  /// If a new run got the number of a lost one, undoing it would remove the rows of the lost run.
  private static let continuedRunsSQL = """
    INSERT INTO sqlite_sequence (name, seq)
      SELECT '\(LedgerTable.runs.name)', last FROM (
        SELECT max(run_id) AS last FROM (
          \((LedgerTable.allNames.filter { $0 != LedgerTable.runs.name }).map {
            "SELECT run_id FROM \($0)"
          }.joined(separator: " UNION ALL "))))
      WHERE last IS NOT NULL
    """

  /// Creates and upgrades tables, indexes and views; call it within a transaction.
  ///
  /// It reads the layout again, because another process may have upgraded the database.
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
      // The table of another application may have no primary key.
      try connection.execute(
        "INSERT OR IGNORE INTO schema_version (version) SELECT \(SchemaVersion.created) "
          + "WHERE NOT EXISTS (SELECT 1 FROM schema_version WHERE version = \(SchemaVersion.created))"
      )
    }
    for sql in LedgerTable.all(catalog).map(\.createSQL) + layout.ledgerUpgrades.map(\.sql) {
      try connection.execute(sql)
    }
    if layout.missingLedgerTables.contains(where: { $0.name == LedgerTable.runs.name }) {
      try connection.execute(continuedRunsSQL)
    }
    for view in layout.viewsToCreate { try connection.execute(view.createSQL) }
    try connection.execute("PRAGMA user_version = \(SchemaVersion.ledger.upperBound)")
    // Statements that refer to a table that was just created could not be compiled before.
    connection.forgetStatements()
    try SQLiteLayout(of: connection, catalog).validateForWriting(on: connection, path: path)
  }

  /// Creates the missing recommended indexes of owned kinds.
  static func createMissingIndexes(
    _ connection: SQLiteConnection, _ layout: SQLiteLayout
  ) throws {
    let missing = layout.missingIndexSQL
    guard !missing.isEmpty else { return }
    // One thread sorts while another reads the table. The cache is the amount that is sorted at
    // once.
    try connection.execute("PRAGMA threads = 1; PRAGMA \(SQLiteConnection.smallPageCache)")
    defer { try? connection.execute("PRAGMA threads = 0; PRAGMA \(SQLiteConnection.pageCache)") }
    // Each index has a transaction of its own, so that its log is checkpointed while the next index
    // is built.
    for sql in missing { try connection.writeTransaction { try connection.execute(sql) } }
  }

  /// Drops the recommended indexes if all tables of entities are empty and owned.
  static func dropIndexesOfEmptyTables(
    _ connection: SQLiteConnection, _ layout: SQLiteLayout
  ) throws {
    let catalog = layout.catalog
    guard layout.ownsSharedTables else { return }
    try connection.writeTransaction {
      for kind in catalog.kinds
      where try connection.integer("SELECT 1 FROM \(kind.table) LIMIT 1") != nil { return }
      for kind in catalog.kinds {
        for index in kind.schema.indexes where try isRecommended(index, of: kind, connection) {
          try connection.execute("DROP INDEX \(index.name)")
        }
      }
    }
  }

  /// Whether an index exists and has the recommended definition.
  ///
  /// Another application may have made it unique or partial, or used its name for another table.
  private static func isRecommended(
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

// The shared schema in SQL.

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

  /// Whether the column can be added to a table with rows, because its default is NULL or a
  /// constant.
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
  var sqlLiteral: String { "'" + replacing("'", with: "''") + "'" }

  /// The text as a quoted name in SQL.
  var sqlName: String { "\"" + replacing("\"", with: "\"\"") + "\"" }
}
