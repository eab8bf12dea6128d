import RMOSModels
import RMOSSystem

/// What a database holds, as far as it matters here: read once when a connection is opened.
struct SQLiteLayout {
  /// The newest schema version recorded; nil where none is.
  private(set) var version: SchemaVersion?
  /// `PRAGMA user_version`: the version of the tables that begin with `migration_`.
  private(set) var ledgerVersion: Int64
  /// The names of all tables, indexes, views and triggers but SQLite's own, as written.
  private var writtenNames: [String] = []
  /// The same in lower case, as are all names below: to SQL, case makes no difference.
  private(set) var names: Set<String> = []
  /// The names of the views.
  private var views: Set<String> = []
  /// Whether there are triggers; they are always another application's.
  private(set) var hasTriggers = false
  /// The columns of the entity tables.
  private(set) var columns: [EntityKind: Set<String>] = [:]
  /// The tables whose rows have numbers, which views and tables WITHOUT ROWID have not.
  private var numberedTables: Set<String> = []
  /// What brings the ledger's tables that are there from version 1 to version 2.
  private(set) var missingLedgerSQL: [String] = []

  /// The newest version of the shared schema that this version works with.
  static let newestVersion = 4
  /// The version of the `migration_` tables.
  ///
  /// Version 1 knew neither row digests nor undone runs, and kept no before-images.
  static let ledgerVersion: Int64 = 2

  /// Reads the layout.
  init(of connection: SQLiteConnection) throws {
    ledgerVersion = try connection.integer("PRAGMA user_version") ?? 0
    try connection.withStatement(
      "SELECT name, type FROM sqlite_schema WHERE substr(name, 1, 7) <> 'sqlite_'"
    ) { statement in
      while try statement.step() {
        let writtenName = statement.text(at: 0) ?? ""
        let name = writtenName.lowercasedASCII
        writtenNames.append(writtenName)
        names.insert(name)
        switch statement.text(at: 1) {
        case "trigger": hasTriggers = true
        case "view": views.insert(name)
        default: break
        }
      }
    }
    for kind in EntityKind.allCases where names.contains(kind.table) {
      columns[kind] = try connection.withStatement("SELECT name FROM pragma_table_info(?)") {
        statement in
        try statement.bind(kind.table, at: 1)
        var columns: Set<String> = []
        while try statement.step() { columns.insert((statement.text(at: 0) ?? "").lowercasedASCII) }
        return columns
      }
    }
    numberedTables = try Self.numberedTables(connection)
    missingLedgerSQL = try SQLiteSchema.ledgerUpgradeSQL(connection)
    guard names.contains("schema_version") else { return }
    version = try Self.version(connection)
  }

  /// The tables whose rows have numbers.
  ///
  /// The index of a primary key is listed but stands in no schema where the table is that index:
  /// the sign of WITHOUT ROWID that old versions of SQLite give too. Virtual tables have no root
  /// page.
  static func numberedTables(_ connection: SQLiteConnection) throws -> Set<String> {
    try connection.withStatement(
      """
      SELECT name FROM sqlite_schema s WHERE type = 'table' AND rootpage > 0 AND NOT EXISTS (
        SELECT 1 FROM pragma_index_list(s.name) l WHERE l.origin = 'pk' AND NOT EXISTS (
          SELECT 1 FROM sqlite_schema i WHERE i.type = 'index' AND i.name = l.name))
      """
    ) { statement in
      var names: Set<String> = []
      while try statement.step() { names.insert((statement.text(at: 0) ?? "").lowercasedASCII) }
      return names
    }
  }

  /// The newest version recorded; nil where there is none, or the table is not as it should be.
  private static func version(_ connection: SQLiteConnection) throws -> SchemaVersion? {
    func has(_ column: String) throws -> Bool {
      try connection.integer(
        "SELECT 1 FROM pragma_table_info('schema_version') "
          + "WHERE name = '\(column)' COLLATE NOCASE") != nil
    }
    guard try has("version") else { return nil }
    let appliedAt = try has("applied_at") ? "applied_at" : "NULL"
    return try connection.withStatement(
      "SELECT version, \(appliedAt) FROM schema_version ORDER BY version DESC LIMIT 1"
    ) { statement in
      guard try statement.step() else { return nil }
      return SchemaVersion(
        version: Int(statement.integer(at: 0)), appliedAt: statement.text(at: 1))
    }
  }

  /// Whether the rows of a kind have numbers.
  func hasRowNumbers(_ kind: EntityKind) -> Bool { numberedTables.contains(kind.table) }

  /// Whether there is nothing at all yet.
  var isEmpty: Bool { names.isEmpty }

  /// Whether the tables of the ledger are there, all of them.
  var hasLedger: Bool { names.isSuperset(of: SQLiteSchema.ledgerTables) }

  /// Whether `PRAGMA user_version` is ours.
  private var ownsLedgerVersion: Bool { !names.isDisjoint(with: SQLiteSchema.ledgerTables) }

  /// Whether the shared tables are ours to complete, as those of versions 1 and 2 are.
  ///
  /// Those of newer applications stay as they are.
  var ownsSharedTables: Bool { (version?.version ?? 0) <= 2 }

  /// The recommended indexes that are missing from tables that are ours to complete.
  var missingIndexSQL: [String] {
    guard ownsSharedTables else { return [] }
    return EntityKind.allCases.flatMap { kind in
      zip(kind.schema.indexes, kind.schema.createIndexSQL)
        .filter { !names.contains($0.0.name) }.map(\.1)
    }
  }

  /// The columns that version 1 lacks, as ALTER TABLE statements.
  var missingColumnSQL: [String] {
    EntityKind.allCases.flatMap { kind -> [String] in
      guard let present = columns[kind] else { return [] }
      return kind.schema.fields.filter { !present.contains($0.column) }.map {
        "ALTER TABLE \(kind.table) ADD COLUMN \($0.sqlDefinition)"
      }
    }
  }

  /// Whether everything that writing needs is there, apart from indexes.
  var isComplete: Bool {
    guard let version else { return false }
    return version.version >= 2 && hasLedger && ledgerVersion == Self.ledgerVersion
      && missingLedgerSQL.isEmpty
      && (!ownsSharedTables
        || (columns.count == EntityKind.allCases.count && missingColumnSQL.isEmpty))
  }

  /// Whether what there is can be read whole, so that completing it can wait for the first write.
  var isReadable: Bool { version != nil && columns.count == EntityKind.allCases.count }

  /// Refuses what is not RMOS's or is newer than this version knows.
  ///
  /// - Throws: ``StoreError/Code/foreignDatabase``, ``StoreError/Code/newerSchema``.
  func validate(path: String, forWriting: Bool) throws {
    if let found = version?.version {
      guard found <= Self.newestVersion else {
        throw StoreError(
          .newerSchema,
          "\(path) has schema version \(found); this version knows \(Self.newestVersion) and older."
            + " Update rmos-cli, or name another database", path: path)
      }
      guard found >= 1 else { throw foreign(path, "its schema_version is \(found)") }
    } else if !isEmpty, !names.contains("schema_version") {
      let examples = writtenNames.sorted().prefix(3).joined(separator: ", ")
      throw foreign(path, "it has no schema_version, but \(examples)")
    }
    if ownsLedgerVersion, ledgerVersion > Self.ledgerVersion {
      throw StoreError(
        .newerSchema,
        "\(path) has migration tables of version \(ledgerVersion); this version knows "
          + "\(Self.ledgerVersion). Update rmos-cli, or name another database", path: path)
    }
    guard forWriting else { return }
    if !ownsLedgerVersion, ledgerVersion != 0 {
      throw foreign(path, "its user_version is \(ledgerVersion), which another application set")
    }
    for kind in EntityKind.allCases {
      if views.contains(kind.table) { throw foreign(path, "\(kind.table) is a view, no table") }
      guard let version = version?.version, !ownsSharedTables else { continue }
      guard let present = columns[kind] else {
        throw foreign(path, "its schema version is \(version), but it has no table \(kind.table)")
      }
      if let missing = kind.schema.fields.first(where: { !present.contains($0.column) }) {
        throw foreign(
          path,
          "its schema version is \(version), but it has no column \(kind.table).\(missing.column)")
      }
    }
  }

  private func foreign(_ path: String, _ reason: String) -> StoreError {
    StoreError(
      .foreignDatabase,
      "\(path) is a SQLite database, but not one of RMOS: \(reason). Name another file",
      path: path)
  }
}
