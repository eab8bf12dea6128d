import RMOSModels

/// Creates the tables, and brings older ones up to date.
///
/// No triggers, views, generated columns or strict tables: older applications must be able to work
/// with the file.
enum SQLiteSchema {
  /// The project's own tables.
  static let ledgerTables = [
    "migration_runs", "migration_provenance", "migration_issues", "migration_before_images",
  ]

  /// The statements that create them; each may find its table there.
  static let ledgerSQL = [
    """
    CREATE TABLE IF NOT EXISTS migration_runs (
      id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, state TEXT NOT NULL,
      started_at TEXT NOT NULL, heartbeat_at TEXT NOT NULL, finished_at TEXT,
      source TEXT NOT NULL, options_json TEXT NOT NULL, tool_version TEXT NOT NULL,
      process_id INTEGER NOT NULL, statistics_json TEXT NOT NULL,
      issue_counts_json TEXT NOT NULL, seconds REAL NOT NULL, timings_json TEXT NOT NULL,
      failure TEXT, undone_by INTEGER)
    """,
    """
    CREATE TABLE IF NOT EXISTS migration_provenance (
      kind TEXT NOT NULL, entity_id TEXT NOT NULL, run_id INTEGER NOT NULL, path TEXT NOT NULL,
      locator, byte_offset INTEGER NOT NULL, byte_length INTEGER NOT NULL, sha256 BLOB NOT NULL,
      unknown_json TEXT, row_digest INTEGER, PRIMARY KEY (kind, entity_id)) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS migration_issues (
      run_id INTEGER NOT NULL, seq INTEGER NOT NULL, severity TEXT NOT NULL, code TEXT NOT NULL,
      kind TEXT, entity_id TEXT, source TEXT, locator, line INTEGER, column_number INTEGER,
      byte_offset INTEGER, pointer TEXT, message TEXT NOT NULL,
      PRIMARY KEY (run_id, seq)) WITHOUT ROWID
    """,
    beforeImagesSQL,
  ]

  // Columns without a type keep any value exactly as the row had it.
  private static let beforeImagesSQL = """
    CREATE TABLE IF NOT EXISTS migration_before_images (
      kind TEXT NOT NULL, entity_id TEXT NOT NULL, run_id INTEGER NOT NULL,
      \(imageColumns.joined(separator: ", ")),
      from_run INTEGER, path, locator, byte_offset, byte_length, sha256, unknown_json, row_digest,
      PRIMARY KEY (kind, entity_id, run_id)) WITHOUT ROWID
    """

  /// A column for each field but the id, of the kind that has most.
  private static let imageColumns: [String] = {
    let count = EntityKind.allCases.map { $0.schema.fields.count }.max() ?? 1
    return (1..<count).map { "value_\($0)" }
  }()

  /// The before-images' columns for the fields of a kind but its id, in schema order.
  static func beforeImageColumns(of kind: EntityKind) -> [String] {
    Array(imageColumns.prefix(kind.schema.fields.count - 1))
  }

  private static let provenanceParts = [
    "path", "locator", "byte_offset", "byte_length", "sha256", "unknown_json", "row_digest",
  ]

  /// The before-images' columns for a provenance, the run first.
  static let provenanceColumns = (["from_run"] + provenanceParts).joined(separator: ", ")

  /// The same columns of the provenance table, under an alias.
  static func provenanceColumns(of alias: String) -> String {
    (["run_id"] + provenanceParts).map { "\(alias).\($0)" }.joined(separator: ", ")
  }

  /// What brings the ledger's tables that are there from version 1 to version 2.
  static func ledgerUpgradeSQL(_ connection: SQLiteConnection) throws -> [String] {
    /// Whether a table is there without a column.
    func lacks(_ table: String, _ column: String) throws -> Bool {
      try connection.integer(
        "SELECT max(name = '\(column)' COLLATE NOCASE) FROM pragma_table_info('\(table)')") == 0
    }
    var sql: [String] = []
    if try lacks("migration_runs", "undone_by") {
      sql.append("ALTER TABLE migration_runs ADD COLUMN undone_by INTEGER")
    }
    if try lacks("migration_provenance", "row_digest") {
      sql.append("ALTER TABLE migration_provenance ADD COLUMN row_digest INTEGER")
    }
    if try lacks("migration_before_images", "value_1") {
      // No version 1 ever wrote into it.
      sql += ["DROP TABLE migration_before_images", beforeImagesSQL]
    }
    return sql
  }

  private static let versionTableSQL =
    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, "
    + "applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"

  /// Creates what is missing; to be called within a transaction.
  ///
  /// The layout is read anew: another process may have been first.
  static func complete(_ connection: SQLiteConnection, path: String) throws {
    let layout = try SQLiteLayout(of: connection)
    try layout.validateForWriting(on: connection, path: path)
    if layout.ownsSharedTables {
      try connection.execute(versionTableSQL)
      for kind in EntityKind.allCases { try connection.execute(kind.schema.createTableSQL) }
      for sql in layout.missingColumnSQL { try connection.execute(sql) }
      for sql in layout.missingIndexSQL { try connection.execute(sql) }
      try connection.execute("INSERT OR IGNORE INTO schema_version (version) VALUES (2)")
    }
    for sql in ledgerSQL + layout.missingLedgerSQL { try connection.execute(sql) }
    try connection.execute("PRAGMA user_version = \(SQLiteLayout.ledgerVersion)")
    // What refers to a table that was created just now could not be looked at before.
    connection.forgetStatements()
    try SQLiteLayout(of: connection).validateForWriting(on: connection, path: path)
  }

  /// The columns of the ledger's tables, by table, as ``ledgerSQL`` declares them.
  static let ledgerColumns: [(table: String, columns: [String])] =
    zip(ledgerTables, ledgerSQL).map { (table: $0, columns: columns(declaredBy: $1).sorted()) }

  /// The names of the columns that a CREATE TABLE statement of ours declares.
  private static func columns(declaredBy sql: String) -> [String] {
    guard let open = sql.firstIndex(of: "("), let close = sql.lastIndex(of: ")") else { return [] }
    var depth = 0
    let parts = sql[sql.index(after: open)..<close].split { character in
      depth += character == "(" ? 1 : character == ")" ? -1 : 0
      return character == "," && depth == 0
    }
    return parts.compactMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
      .filter { $0 != "PRIMARY" }
  }

  /// The columns that ``ledgerUpgradeSQL(_:)`` adds.
  private static let upgradedLedgerColumns: Set<String> = ["undone_by", "row_digest"]

  /// The columns that the ledger's tables lack and no upgrade adds, as `table.column`.
  static func lostLedgerColumns(_ connection: SQLiteConnection) throws -> [String] {
    var lost: [String] = []
    for (table, columns) in ledgerColumns where table != "migration_before_images" {
      let present = try connection.columns(of: table)
      if present.isEmpty { continue }
      lost += columns.filter { !present.contains($0) && !upgradedLedgerColumns.contains($0) }
        .map { "\(table).\($0)" }
    }
    return lost
  }

  /// Creates the recommended indexes that are missing, where the tables are ours to complete.
  static func createMissingIndexes(_ connection: SQLiteConnection) throws {
    let missing = try SQLiteLayout(of: connection).missingIndexSQL
    guard !missing.isEmpty else { return }
    try connection.writeTransaction {
      for sql in missing { try connection.execute(sql) }
    }
  }

  /// Drops the recommended indexes of empty tables that are ours to complete.
  static func dropIndexesOfEmptyTables(_ connection: SQLiteConnection) throws {
    let layout = try SQLiteLayout(of: connection)
    guard layout.ownsSharedTables else { return }
    try connection.writeTransaction {
      for kind in EntityKind.allCases
      where try connection.integer("SELECT 1 FROM \(kind.table) LIMIT 1") != nil { return }
      for kind in EntityKind.allCases {
        for index in kind.schema.indexes where try isOurs(index, of: kind, connection) {
          try connection.execute("DROP INDEX \(index.name)")
        }
      }
    }
  }

  /// Whether an index is there and is what would be created under its name.
  ///
  /// Another application may have made it unique, or partial, or given its name to another table's.
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
