import RMOSModels

/// Creates the tables, and brings older ones up to date.
///
/// No triggers, views, generated columns or strict tables: older applications must be able to work
/// with the file.
enum SQLiteSchema {
  /// The statements that create the project's own tables; each may find its table there.
  static let ledgerSQL = [
    """
    CREATE TABLE IF NOT EXISTS migration_runs (
      id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, state TEXT NOT NULL,
      started_at TEXT NOT NULL, heartbeat_at TEXT NOT NULL, finished_at TEXT,
      source TEXT NOT NULL, options_json TEXT NOT NULL, tool_version TEXT NOT NULL,
      process_id INTEGER NOT NULL, statistics_json TEXT NOT NULL,
      issue_counts_json TEXT NOT NULL, seconds REAL NOT NULL, timings_json TEXT NOT NULL,
      failure TEXT)
    """,
    """
    CREATE TABLE IF NOT EXISTS migration_provenance (
      kind TEXT NOT NULL, entity_id TEXT NOT NULL, run_id INTEGER NOT NULL, path TEXT NOT NULL,
      locator, byte_offset INTEGER NOT NULL, byte_length INTEGER NOT NULL, sha256 BLOB NOT NULL,
      unknown_json TEXT, PRIMARY KEY (kind, entity_id)) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS migration_issues (
      run_id INTEGER NOT NULL, seq INTEGER NOT NULL, severity TEXT NOT NULL, code TEXT NOT NULL,
      kind TEXT, entity_id TEXT, source TEXT, locator, line INTEGER, column_number INTEGER,
      byte_offset INTEGER, pointer TEXT, message TEXT NOT NULL,
      PRIMARY KEY (run_id, seq)) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS migration_before_images (
      run_id INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, entity_id TEXT NOT NULL,
      row_json TEXT NOT NULL, provenance_json TEXT, PRIMARY KEY (run_id, seq)) WITHOUT ROWID
    """,
  ]

  private static let versionTableSQL =
    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, "
    + "applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"

  /// Creates what is missing, in one transaction.
  ///
  /// The layout is read anew within: another process may have been first.
  static func complete(_ connection: SQLiteConnection, path: String) throws {
    try connection.writeTransaction {
      let layout = try SQLiteLayout(of: connection)
      try layout.validate(path: path, forWriting: true)
      if layout.ownsSharedTables {
        try connection.execute(versionTableSQL)
        for kind in EntityKind.allCases { try connection.execute(kind.schema.createTableSQL) }
        for sql in layout.missingColumnSQL { try connection.execute(sql) }
        for sql in layout.missingIndexSQL { try connection.execute(sql) }
        try connection.execute("INSERT OR IGNORE INTO schema_version (version) VALUES (2)")
      }
      for sql in ledgerSQL { try connection.execute(sql) }
      try connection.execute("PRAGMA user_version = \(SQLiteLayout.ledgerVersion)")
    }
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
        for index in kind.schema.indexes {
          try connection.execute("DROP INDEX IF EXISTS \(index.name)")
        }
      }
    }
  }
}
