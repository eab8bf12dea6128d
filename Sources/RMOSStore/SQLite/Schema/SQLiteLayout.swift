import CSQLite
import RMOSModels
import RMOSSystem

/// The schema of a database as far as this module depends on it, read when a connection is opened.
struct SQLiteLayout {
  /// The kinds that the store holds.
  let catalog: EntityCatalog
  /// The identity of the file; `nil` for a temporary database or one in memory.
  private let file: FileStatus.Identity?
  /// The value of ``SQLiteConnection/schemaCookie`` before the layout was read.
  let schemaCookie: Int64
  /// The newest schema version recorded; `nil` if there is none.
  private(set) var version: SchemaVersion?
  /// The version of the tables of the ledger: `PRAGMA user_version`.
  private(set) var ledgerVersion: Int64
  /// The names of all tables, indexes, views and triggers except those of SQLite itself.
  ///
  /// This and the following sets have names in lower case, because case does not matter in SQL.
  private(set) var names: Set<String> = []
  /// The names of the tables.
  private(set) var tableNames: Set<String> = []
  /// The names of the virtual tables among the tables, such as those of full-text search.
  private(set) var virtualTables: Set<String> = []
  /// The names of the views.
  private(set) var views: Set<String> = []
  /// The names of the tables and views of other applications, as declared.
  private var foreignNames: [String] = []
  /// Whether there are triggers, which always belong to other applications.
  private(set) var hasTriggers = false
  /// Whether there are deferred foreign keys, which always belong to other applications.
  private(set) var hasDeferredKeys = false
  /// Whether the encoding of the database is UTF-8.
  private(set) var isUTF8 = false
  /// The tables or views of the kinds that exist.
  private(set) var tables: [EntityKind: EntityTable] = [:]
  /// Whether the ids of entities in the provenance are compared byte by byte.
  private(set) var hasProvenanceInByteOrder = false
  /// Whether inserting a row cannot remove or change other rows of entities.
  ///
  /// A trigger or a view of another application might; conflict clauses of its tables are
  /// overridden.
  private(set) var insertsKeepRows = false
  /// The upgrades that existing tables of the ledger need.
  private(set) var ledgerUpgrades: [SQLiteSchema.LedgerUpgrade] = []
  /// The views of the ledger that are missing, apart from those whose names are taken.
  private(set) var viewsToCreate: [LedgerView] = []
  /// The columns that tables of the ledger lack and no upgrade adds, as `table.column`.
  private var lostLedgerColumns: [String] = []
  /// The reason why `schema_version` is not that of RMOS; `nil` if it is, or if there is none.
  private var foreignVersionTable: String?

  /// Tables that newer RMOS applications add.
  private static let newerTables: Set<String> = ["art_jobs", "art_presets"]
  /// The table that identifies the workflow session database of the older application.
  private static let sessionTable = "workflow_sessions"

  /// Reads the layout of a database.
  init(of connection: SQLiteConnection, _ catalog: EntityCatalog) throws {
    self.catalog = catalog
    file = connection.identity
    schemaCookie = try connection.schemaCookie
    ledgerVersion = try connection.integer("PRAGMA user_version") ?? 0
    let ledgerViews = LedgerView.all(catalog)
    let own = Set(catalog.kinds.map(\.table) + LedgerTable.allNames + ledgerViews.map(\.name))
      .union(Self.newerTables).union(["schema_version"])
    try connection.forEachRow(
      "SELECT name, type, rootpage = 0 FROM sqlite_schema WHERE substr(name, 1, 7) <> 'sqlite_'"
    ) { row in
      let writtenName = row.text(at: 0) ?? ""
      let name = writtenName.lowercasedASCII
      names.insert(name)
      switch row.text(at: 1) {
      case "trigger":
        hasTriggers = true
        return
      case "view": views.insert(name)
      case "table":
        tableNames.insert(name)
        if row.integer(at: 2) == 1 { virtualTables.insert(name) }
      default: return
      }
      if !own.contains(name) { foreignNames.append(writtenName) }
    }
    // Anything else with the name of a view belongs to another application, and stays.
    viewsToCreate = ledgerViews.filter { !names.contains($0.name) }
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
      !hasTriggers && catalog.kinds.allSatisfy { tables[$0]?.hasRowNumbers == true }
    ledgerUpgrades = try SQLiteSchema.ledgerUpgrades(connection, catalog)
    lostLedgerColumns = try SQLiteSchema.lostLedgerColumns(connection, catalog)
    guard isRelation("schema_version") else { return }
    try readVersion(connection)
  }

  /// Whether there is a table or view with a name.
  private func isRelation(_ name: String) -> Bool {
    tableNames.contains(name) || views.contains(name)
  }

  /// Whether batches may be inserted without SQLite enforcing foreign keys, by statements that
  /// insert several rows, after looking up the references in the fields of the schema.
  ///
  /// That is so if the tables have no other foreign keys, compare ids byte by byte, and do not
  /// convert values.
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

  /// Returns `known` if the database still has that layout; otherwise reads the layout, which takes
  /// several times as long.
  static func current(
    of connection: SQLiteConnection, known: SQLiteLayout
  ) throws -> SQLiteLayout {
    try known.isCurrent(on: connection) ? known : SQLiteLayout(of: connection, known.catalog)
  }

  /// Whether it is the layout of this file, and neither the schema of the database nor a version
  /// has changed since they were read.
  func isCurrent(on connection: SQLiteConnection) throws -> Bool {
    guard connection.identity == file, try connection.schemaCookie == schemaCookie,
      try connection.integer("PRAGMA user_version") == ledgerVersion
    else { return false }
    guard tableNames.contains("schema_version"), foreignVersionTable == nil else { return true }
    let newest = try connection.integer("SELECT max(version) FROM schema_version")
    return newest == version.map { Int64($0.version) }
  }

  /// Reads the newest version recorded, if `schema_version` is RMOS's.
  private mutating func readVersion(_ connection: SQLiteConnection) throws {
    guard tableNames.contains("schema_version") else {
      foreignVersionTable = "its schema_version is a view"
      return
    }
    let columns = try connection.columns(of: "schema_version")
    let hasTime = columns.contains("applied_at")
    // Other tools have a table of that name too, such as Flyway, whose table has `installed_rank`,
    // `script` and other columns.
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

  /// Whether SQLite's own check finds a problem in a table.
  private static func isDamaged(_ table: String, _ connection: SQLiteConnection) throws -> Bool {
    try connection.withStatement("PRAGMA integrity_check(\(table))") { statement in
      try statement.step() && statement.text(at: 0) != "ok"
    }
  }

  /// Whether the rows of a kind have numbers.
  func hasRowNumbers(_ kind: EntityKind) -> Bool { tables[kind]?.hasRowNumbers == true }

  /// Whether the database does not compare the ids of a kind byte by byte.
  func hasLooseIDs(_ kind: EntityKind) -> Bool { tables[kind]?.hasLooseIDs == true }

  /// Whether the database has no tables, indexes, views or triggers.
  var isEmpty: Bool { names.isEmpty }

  /// Whether the database has any table of the ledger, so that `PRAGMA user_version` belongs to
  /// RMOS.
  ///
  /// Missing tables are read as empty ones: see ``SQLiteSession/completeForReading()``.
  var hasLedger: Bool { !names.isDisjoint(with: LedgerTable.names) }

  /// The tables that the ledger lacks; none if there is no ledger.
  var missingLedgerTables: [LedgerTable] {
    let missing = LedgerTable.names.filter { !names.contains($0) }
    // This is called for each read, so the declarations of tables are not created without need.
    guard hasLedger, !missing.isEmpty else { return [] }
    return LedgerTable.all(catalog).filter { missing.contains($0.name) }
  }

  /// Whether the ledger has the table of changes by servers.
  var hasChanges: Bool { tableNames.contains(LedgerTable.changes.name) }

  /// Whether the ledger has the table of digests of entities that failed.
  var hasFailures: Bool { tableNames.contains(LedgerTable.failures.name) }

  /// The newest version of the ledger of which the tables have all columns.
  var readableLedgerVersion: Int64 {
    ledgerUpgrades.compactMap(\.version).min().map { $0 - 1 } ?? SchemaVersion.ledger.upperBound
  }

  /// Whether the table of before-images has enough columns for every kind.
  var hasRoomForImages: Bool { ledgerUpgrades.allSatisfy { $0.version != nil } }

  /// The reason why the ledger can be neither read nor written; `nil` if it can be.
  var ledgerObstacle: String? {
    if lostLedgerColumns.isEmpty { return nil }
    return
      "its migration tables lack \(lostLedgerColumns.joined(separator: ", ")); if another "
      + "application made them, rename them or name another database, else restore a backup"
  }

  /// Whether this program may upgrade the shared tables, as it may in versions 1 and 2; newer
  /// versions belong to other applications.
  var ownsSharedTables: Bool { (version?.version ?? 0) <= SchemaVersion.created }

  /// The shared tables that are missing.
  var missingSharedTables: [String] {
    (catalog.kinds.map(\.table) + ["schema_version"]).filter { !isRelation($0) }
  }

  /// The shared tables that are missing and, if there is a ledger, those that its version should
  /// have.
  var missingTables: [String] {
    let isCurrent = hasLedger && ledgerVersion == SchemaVersion.ledger.upperBound
    let added = isCurrent ? LedgerTable.addedNames.filter { !names.contains($0) } : []
    return missingSharedTables + missingLedgerTables.map(\.name) + added
  }

  /// The kinds whose tables this program may create and upgrade, which always include kinds that
  /// other applications do not know.
  var ownedKinds: [EntityKind] {
    ownsSharedTables ? catalog.kinds : catalog.kinds.filter { !EntityCatalog.rmos.contains($0) }
  }

  /// The tables that the first write creates.
  var tablesToCreate: Set<String> {
    Set(LedgerTable.allNames.filter { !isRelation($0) })
      .union(
        ownsSharedTables ? missingSharedTables : ownedKinds.map(\.table).filter { !isRelation($0) })
  }

  /// The statements that create the missing recommended indexes of owned kinds.
  var missingIndexSQL: [String] {
    ownedKinds.flatMap { kind in
      zip(kind.schema.indexes, kind.schema.createIndexSQL)
        .filter { !names.contains($0.0.name) }.map(\.1)
    }
  }

  /// The fields whose columns tables of owned kinds lack, as those of version 1 do.
  var missingColumns: [(kind: EntityKind, field: FieldSchema)] {
    ownedKinds.flatMap { kind -> [(EntityKind, FieldSchema)] in
      guard let present = tables[kind]?.columns else { return [] }
      return kind.schema.fields.filter { !present.contains($0.column) }.map { (kind, $0) }
    }
  }

  /// The statements that add ``missingColumns``.
  var missingColumnSQL: [String] {
    missingColumns.map { "ALTER TABLE \($0.kind.table) ADD COLUMN \($0.field.sqlDefinition)" }
  }

  /// Whether the database has everything that writing needs, apart from indexes.
  var isComplete: Bool {
    guard let version else { return false }
    return version.version >= SchemaVersion.created && hasLedger && missingLedgerTables.isEmpty
      && ledgerVersion == SchemaVersion.ledger.upperBound
      && ledgerUpgrades.isEmpty && hasChanges && hasFailures && viewsToCreate.isEmpty
      && ownedKinds.allSatisfy { tables[$0] != nil } && missingColumns.isEmpty
  }

  // MARK: Origin

  /// The reason why the database belongs to another application; `nil` if it belongs to RMOS, or is
  /// empty.
  private var foreignReason: String? {
    if isEmpty {
      guard ledgerVersion != 0 else { return nil }
      return "it is empty, but its user_version is \(ledgerVersion), which another application set"
    }
    if let foreignVersionTable { return foreignVersionTable }
    if let version, version.version < SchemaVersion.supported.lowerBound {
      return "its schema_version is \(version.version)"
    }
    if !hasLedger || ledgerObstacle != nil {
      // Only tables that every RMOS application knows identify a database of RMOS.
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

  /// Up to three of some names, and the number of the others, for messages.
  private static func examples(_ names: [String]) -> String {
    let more = names.count > 3 ? " and \(names.count - 3) more" : ""
    return names.sorted().prefix(3).joined(separator: ", ") + more
  }

  /// Whether it is the workflow session database of the older application, some settings of which
  /// call it the RMOS database.
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

  /// Refuses a database of another application, or of a newer version than this one supports.
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

  /// Refuses a database that has lost a shared table since it was opened.
  ///
  /// An empty table must not take the place of one that another application has renamed.
  /// - Throws: ``StoreError/Code/lostTable``.
  func validateTables(of earlier: SQLiteLayout, path: String) throws(StoreError) {
    let missing = Set(earlier.missingSharedTables)
    let lost = missingSharedTables.filter { !missing.contains($0) }
    guard !earlier.isEmpty, !lost.isEmpty else { return }
    throw StoreError(
      .lostTable,
      "\(path) no longer has the table \(lost.joined(separator: ", ")), which it had when it was "
        + "opened; nothing was written. If another application renamed it, rename it back; to have "
        + "an empty one created, open the database again", path: path)
  }

  /// Refuses a database that ``validate(path:)`` refuses, or whose schema prevents writing; changes
  /// nothing.
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
  /// The names of the columns of a table or view, in lower case; none if SQLite cannot resolve it.
  func columns(of table: String) throws -> Set<String> {
    do {
      let names = try texts(
        "SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1", .text(table))
      return Set(names.map(\.lowercasedASCII))
    } catch let error as StoreError where error.concernsStatement {
      // It is a view of a missing table, or a virtual table whose module is missing.
      return []
    }
  }

  /// The name of a column's collation, in upper case; `BINARY` if the table or column does not
  /// exist, or if the table is a view: `sqlite3_table_column_metadata`.
  func collation(ofColumn column: String, in table: String) throws -> String {
    var name: UnsafePointer<CChar>?
    let result = unsafe sqlite3_table_column_metadata(
      handle.pointer, "main", table, column, nil, &name, nil, nil, nil)
    guard result != SQLITE_ERROR, let name = unsafe name else { return "BINARY" }
    try handle.check(result)
    return unsafe String(cString: name).uppercased()
  }
}
