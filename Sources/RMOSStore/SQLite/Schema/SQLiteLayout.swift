import CSQLite
import RMOSModels
import RMOSSystem

/// What a database contains, read once when a connection is opened.
struct SQLiteLayout {
  /// The kinds that the store holds.
  let catalog: EntityCatalog
  /// The newest schema version recorded; `nil` if there is none.
  private(set) var version: SchemaVersion?
  /// `PRAGMA user_version`: the version of the tables that begin with `migration_`.
  private(set) var ledgerVersion: Int64
  /// The names of all tables, indexes, views and triggers but SQLite's own, in lower case, as are
  /// all names below: to SQL, case makes no difference.
  private(set) var names: Set<String> = []
  /// The names of the tables.
  private(set) var tableNames: Set<String> = []
  /// The names of the virtual tables among them, such as the tables of full-text search.
  private(set) var virtualTables: Set<String> = []
  /// The names of the views.
  private(set) var views: Set<String> = []
  /// The tables and views of other applications, as written.
  private var foreignNames: [String] = []
  /// Whether there are triggers, which always belong to other applications.
  private(set) var hasTriggers = false
  /// Whether there are foreign keys that are only checked at the end of a transaction, which always
  /// belong to other applications.
  private(set) var hasDeferredKeys = false
  /// Whether the database keeps texts in UTF-8.
  private(set) var isUTF8 = false
  /// What there is under the names of the entity tables.
  private(set) var tables: [EntityKind: EntityTable] = [:]
  /// Whether the ids of entities in the ledger are in the order of their bytes.
  private(set) var hasProvenanceInByteOrder = false
  /// Whether inserting a row leaves all other rows of entities where they are.
  ///
  /// A trigger, an ON CONFLICT REPLACE or a view of another application may remove some.
  private(set) var insertsKeepRows = false
  /// What the ledger's tables that exist lack.
  private(set) var ledgerUpgrades: [SQLiteSchema.LedgerUpgrade] = []
  /// The views of the ledger that are missing or defined otherwise.
  private(set) var viewsToCreate: [LedgerView] = []
  /// The columns that the ledger's tables lack, as `table.column`.
  private var lostLedgerColumns: [String] = []
  /// Why `schema_version` is not RMOS's; `nil` if it is or is not there.
  private var foreignVersionTable: String?

  /// Tables that newer RMOS applications add.
  private static let newerTables: Set<String> = ["art_jobs", "art_presets"]
  /// The table that identifies the older application's workflow session database.
  private static let sessionTable = "workflow_sessions"

  /// Reads the layout of a database.
  init(of connection: SQLiteConnection, _ catalog: EntityCatalog) throws {
    self.catalog = catalog
    ledgerVersion = try connection.integer("PRAGMA user_version") ?? 0
    let ledgerViews = LedgerView.all(catalog)
    var viewSQL: [String: String] = [:]
    let own = Set(catalog.kinds.map(\.table) + LedgerTable.allNames + ledgerViews.map(\.name))
      .union(Self.newerTables).union(["schema_version"])
    try connection.withStatement(
      "SELECT name, type, rootpage = 0, CASE type WHEN 'view' THEN sql END FROM sqlite_schema "
        + "WHERE substr(name, 1, 7) <> 'sqlite_'"
    ) { statement in
      while try statement.step() {
        let writtenName = statement.text(at: 0) ?? ""
        let name = writtenName.lowercasedASCII
        names.insert(name)
        switch statement.text(at: 1) {
        case "trigger": hasTriggers = true
        case "view":
          views.insert(name)
          viewSQL[name] = statement.text(at: 3)
        case "table":
          tableNames.insert(name)
          if statement.integer(at: 2) == 1 { virtualTables.insert(name) }
        default: continue
        }
        if statement.text(at: 1) != "trigger", !own.contains(name) {
          foreignNames.append(writtenName)
        }
      }
    }
    // What else has the name of a view is another application's.
    viewsToCreate = ledgerViews.filter { view in
      viewSQL[view.name].map { $0 != view.createSQL } ?? !names.contains(view.name)
    }
    isUTF8 =
      try connection.integer("SELECT 1 FROM pragma_encoding WHERE encoding = 'UTF-8'") != nil
    for kind in catalog.kinds where isRelation(kind.table) {
      let isTable = tableNames.subtracting(virtualTables).contains(kind.table)
      tables[kind] = try EntityTable(of: kind, isTable: isTable, isUTF8: isUTF8, connection)
    }
    hasProvenanceInByteOrder =
      try isUTF8
      && connection.collation(ofColumn: "entity_id", in: LedgerTable.provenance.name) == "BINARY"
    hasDeferredKeys =
      try connection.integer(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%DEFERRED%'") != nil
    insertsKeepRows =
      try !hasTriggers
      && catalog.kinds.allSatisfy { tables[$0]?.hasRowNumbers == true }
      && connection.integer(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%CONFLICT%'") == nil
    ledgerUpgrades = try SQLiteSchema.ledgerUpgrades(connection, catalog)
    if hasLedger {
      lostLedgerColumns = try SQLiteSchema.lostLedgerColumns(connection)
    }
    guard isRelation("schema_version") else { return }
    try readVersion(connection)
  }

  private func isRelation(_ name: String) -> Bool {
    tableNames.contains(name) || views.contains(name)
  }

  /// Whether batches of entities may be inserted without SQLite checking foreign keys, by code that
  /// looks up the references in the fields of the schema, and by one statement for several rows.
  ///
  /// That code knows no other foreign keys, compares ids byte by byte, and takes values as they
  /// are.
  func allowsUncheckedInserts(_ connection: SQLiteConnection) throws -> Bool {
    guard insertsKeepRows, !hasDeferredKeys,
      tables.values.allSatisfy(\.convertingColumns.isEmpty)
    else { return false }
    return try catalog.kinds.allSatisfy { kind in
      try connection.withStatement(
        """
        SELECT k.seq, lower(k."from"), lower(k."table"), lower(coalesce(k."to", 'id')), upper(c.type)
        FROM pragma_foreign_key_list(?1) k LEFT JOIN pragma_table_info(?1) c
          ON lower(c.name) = lower(k."from")
        """
      ) { statement in
        try statement.bind(kind.table, at: 1)
        while try statement.step() {
          let column = statement.text(at: 1)
          let key = kind.schema.foreignKeys.first { kind.schema.fields[$0.field].column == column }
          guard let key, statement.integer(at: 0) == 0, statement.text(at: 2) == key.target.table,
            statement.text(at: 3) == "id", statement.text(at: 4) == "TEXT",
            tables[key.target]?.hasIDsInByteOrder == true
          else { return false }
        }
        return true
      }
    }
  }

  /// Reads the newest version recorded, if `schema_version` is RMOS's.
  private mutating func readVersion(_ connection: SQLiteConnection) throws {
    guard tableNames.contains("schema_version") else {
      foreignVersionTable = "its schema_version is a view"
      return
    }
    let columns = try connection.columns(of: "schema_version")
    let hasTime = columns.contains("applied_at")
    // Many tools have a table of that name: Flyway's has `installed_rank`, `script` and others.
    guard columns.contains("version"), hasTime || columns.count == 1 else {
      foreignVersionTable =
        "its schema_version has the columns \(columns.sorted().joined(separator: ", "))"
      return
    }
    try connection.withStatement(
      "SELECT version, \(hasTime ? "applied_at" : "NULL") FROM schema_version "
        + "ORDER BY version DESC LIMIT 1"
    ) { statement in
      guard try statement.step() else { return }
      guard statement.type(at: 0) == .integer else {
        foreignVersionTable =
          "its schema_version holds \(Violation.quoted(statement.text(at: 0) ?? "NULL"))"
        return
      }
      version = SchemaVersion(
        version: Int(statement.integer(at: 0)), appliedAt: statement.text(at: 1))
    }
    let isOfAnother = version.map { !SchemaVersion.supported.contains($0.version) }
    if isOfAnother ?? (foreignVersionTable != nil), try Self.isDamaged("schema_version", connection)
    {
      throw StoreError.damaged(connection.handle.path, "its schema_version cannot be read")
    }
  }

  /// Whether SQLite's own check finds something in a table.
  private static func isDamaged(_ table: String, _ connection: SQLiteConnection) throws -> Bool {
    try connection.withStatement("PRAGMA integrity_check(\(table))") { statement in
      try statement.step() && statement.text(at: 0) != "ok"
    }
  }

  /// Whether the rows of a kind have numbers.
  func hasRowNumbers(_ kind: EntityKind) -> Bool { tables[kind]?.hasRowNumbers == true }

  /// Whether the database compares the ids of a kind otherwise than byte by byte.
  func hasLooseIDs(_ kind: EntityKind) -> Bool { tables[kind]?.hasLooseIDs == true }

  /// Whether there is nothing yet.
  var isEmpty: Bool { names.isEmpty }

  /// Whether there is a ledger, so that `PRAGMA user_version` is ours: any of its tables.
  ///
  /// Missing tables are read as empty: see ``SQLiteSession/completeForReading()``.
  var hasLedger: Bool { !names.isDisjoint(with: LedgerTable.names) }

  /// The tables that the ledger lacks; none if there is no ledger.
  var missingLedgerTables: [LedgerTable] {
    let missing = LedgerTable.names.filter { !names.contains($0) }
    // Asked for at each read, so the tables are not made without need.
    guard hasLedger, !missing.isEmpty else { return [] }
    return LedgerTable.all(catalog).filter { missing.contains($0.name) }
  }

  /// Whether the table of what servers wrote exists.
  var hasChanges: Bool { tableNames.contains(LedgerTable.changes.name) }

  /// Whether the table of what failed exists.
  var hasFailures: Bool { tableNames.contains(LedgerTable.failures.name) }

  /// The newest version of the ledger all of whose columns the tables have.
  var readableLedgerVersion: Int64 {
    ledgerUpgrades.compactMap(\.version).min().map { $0 - 1 } ?? SchemaVersion.ledger.upperBound
  }

  /// Whether the table of before-images has room for every kind.
  var hasRoomForImages: Bool { ledgerUpgrades.allSatisfy { $0.version != nil } }

  /// Why the ledger can be neither read nor written; `nil` if it can be.
  var ledgerObstacle: String? {
    if lostLedgerColumns.isEmpty { return nil }
    return
      "its migration tables lack \(lostLedgerColumns.joined(separator: ", ")); restore a backup, "
      + "or drop the views and tables that start with migration_, which loses what is known of "
      + "earlier runs"
  }

  /// Whether this program may complete the shared tables, as it may in versions 1 and 2.
  ///
  /// The tables of newer applications stay as they are.
  var ownsSharedTables: Bool { (version?.version ?? 0) <= SchemaVersion.created }

  /// The shared tables that are missing.
  var missingSharedTables: [String] {
    (catalog.kinds.map(\.table) + ["schema_version"]).filter { !isRelation($0) }
  }

  /// The tables that are missing, of the shared ones and of a ledger.
  ///
  /// Older ledgers do not have all tables.
  var missingTables: [String] {
    let isCurrent = hasLedger && ledgerVersion == SchemaVersion.ledger.upperBound
    let added = isCurrent ? LedgerTable.addedNames.filter { !names.contains($0) } : []
    return missingSharedTables + missingLedgerTables.map(\.name) + added
  }

  /// The kinds whose tables this program may complete; tables of kinds that other applications do
  /// not know are always among them.
  var ownedKinds: [EntityKind] {
    ownsSharedTables ? catalog.kinds : catalog.kinds.filter { !EntityCatalog.rmos.contains($0) }
  }

  /// The tables that the first write creates.
  var tablesToCreate: Set<String> {
    Set(LedgerTable.allNames.filter { !isRelation($0) })
      .union(
        ownsSharedTables ? missingSharedTables : ownedKinds.map(\.table).filter { !isRelation($0) })
  }

  /// The recommended indexes that are missing from tables that are ours to complete.
  var missingIndexSQL: [String] {
    ownedKinds.flatMap { kind in
      zip(kind.schema.indexes, kind.schema.createIndexSQL)
        .filter { !names.contains($0.0.name) }.map(\.1)
    }
  }

  /// The columns that tables of ours lack, such as those of version 1, as ALTER TABLE statements.
  var missingColumnSQL: [String] {
    ownedKinds.flatMap { kind -> [String] in
      guard let present = tables[kind]?.columns else { return [] }
      return kind.schema.fields.filter { !present.contains($0.column) }.map {
        "ALTER TABLE \(kind.table) ADD COLUMN \($0.sqlDefinition)"
      }
    }
  }

  /// Whether everything that writing needs exists, apart from indexes.
  var isComplete: Bool {
    guard let version else { return false }
    return version.version >= SchemaVersion.created && hasLedger && missingLedgerTables.isEmpty
      && ledgerVersion == SchemaVersion.ledger.upperBound
      && ledgerUpgrades.isEmpty && hasChanges && hasFailures && viewsToCreate.isEmpty
      && ownedKinds.allSatisfy { tables[$0] != nil } && missingColumnSQL.isEmpty
  }

  /// Whether there is something to read, so that completing it can wait for the first write.
  var isReadable: Bool { !isEmpty }

  // MARK: Whose it is

  /// Why the database is another application's; `nil` if it is RMOS's, or empty.
  private var foreignReason: String? {
    if isEmpty {
      guard ledgerVersion != 0 else { return nil }
      return "it is empty, but its user_version is \(ledgerVersion), which another application set"
    }
    if let foreignVersionTable { return foreignVersionTable }
    if let version, version.version < SchemaVersion.supported.lowerBound {
      return "its schema_version is \(version.version)"
    }
    if !hasLedger {
      // Only the tables that every RMOS application knows tell whether the database is one of RMOS.
      let missing = missingSharedTables.filter {
        $0 == "schema_version" || EntityCatalog.rmos.kind(named: $0) != nil
      }
      let found = foreignNames.isEmpty ? Array(tableNames.union(views)) : foreignNames
      if missing.contains("schema_version"), !found.isEmpty {
        return "it has no schema_version, but \(Self.examples(found))"
      }
      if !missing.isEmpty, !foreignNames.isEmpty {
        return "it has no \(missing.joined(separator: ", ")), but \(Self.examples(foreignNames))"
      }
    }
    for kind in catalog.kinds where tableNames.contains(kind.table) {
      if let table = tables[kind], !table.columns.contains("id") {
        return "its \(kind.table) has no column id"
      }
    }
    return nil
  }

  private static func examples(_ names: [String]) -> String {
    let more = names.count > 3 ? " and \(names.count - 3) more" : ""
    return names.sorted().prefix(3).joined(separator: ", ") + more
  }

  /// Whether it is the workflow session database of the older application, which that calls its
  /// RMOS database in some of its settings.
  private var isSessionDatabase: Bool {
    tableNames.contains(Self.sessionTable) && tables.isEmpty
  }

  /// Refuses a database of another application.
  ///
  /// - Throws: ``StoreError/Code/foreignDatabase``.
  func validateOrigin(path: String) throws(StoreError) {
    guard let reason = foreignReason else { return }
    let message =
      isSessionDatabase
      ? "\(path) is the workflow session database of the older application and holds no "
        + "patterns, strip families or job logs; its RMOS database is services/api/data/rmos.db. "
        + "Name that file"
      : "\(path) is a SQLite database, but not one of RMOS: \(reason). Name another file"
    throw StoreError(.foreignDatabase, message, path: path)
  }

  /// Refuses a database that is another application's, or newer than this version knows.
  ///
  /// - Throws: ``StoreError/Code/foreignDatabase``, ``StoreError/Code/newerSchema``.
  func validate(path: String) throws(StoreError) {
    try validateOrigin(path: path)
    if let found = version?.version, found > SchemaVersion.supported.upperBound {
      throw StoreError(
        .newerSchema,
        "\(path) has schema version \(found); this version knows "
          + "\(SchemaVersion.supported.upperBound) and older. Update this program, or name another "
          + "database", path: path)
    }
    if hasLedger, ledgerVersion > SchemaVersion.ledger.upperBound {
      throw StoreError(
        .newerSchema,
        "\(path) has migration tables of version \(ledgerVersion); this version knows "
          + "\(SchemaVersion.ledger.upperBound). Update this program, or name another database; if "
          + "another application set user_version, PRAGMA user_version = "
          + "\(SchemaVersion.ledger.upperBound) fixes it", path: path)
    }
  }

  /// Also refuses a database that this version cannot write to as it is; changes nothing.
  ///
  /// - Throws: ``StoreError/Code/unusableSchema``, and what ``validate(path:)`` throws.
  func validateForWriting(on connection: SQLiteConnection, path: String) throws {
    try validate(path: path)
    let obstacles = try SQLitePreflight(connection, self).obstacles()
    guard let first = obstacles.first else { return }
    let more = obstacles.count > 1 ? " (and \(obstacles.count - 1) more)" : ""
    throw StoreError(
      .unusableSchema, "\(path) cannot be written to: \(first.message)\(more)", path: path)
  }
}

extension SQLiteConnection {
  /// The names of a table's or view's columns, in lower case; none if it cannot be resolved.
  func columns(of table: String) throws -> Set<String> {
    do {
      return try withStatement("SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1") {
        statement in
        try statement.bind(table, at: 1)
        var columns: Set<String> = []
        while try statement.step() {
          columns.insert((statement.text(at: 0) ?? "").lowercasedASCII)
        }
        return columns
      }
    } catch let error as StoreError where error.concernsStatement {
      // A view on a missing table, or a virtual table whose module is missing.
      return []
    }
  }

  /// The name of a column's collation, in upper case: `sqlite3_table_column_metadata`.
  ///
  /// `BINARY` if there is no such column or table, or it is a view.
  func collation(ofColumn column: String, in table: String) throws -> String {
    var name: UnsafePointer<CChar>?
    let result = unsafe sqlite3_table_column_metadata(
      handle.pointer, "main", table, column, nil, &name, nil, nil, nil)
    guard result != SQLITE_ERROR, let name = unsafe name else { return "BINARY" }
    try handle.check(result)
    return unsafe String(cString: name).uppercased()
  }
}
