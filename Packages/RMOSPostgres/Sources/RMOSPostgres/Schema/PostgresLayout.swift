import RMOSModels
import RMOSStore

/// The content of the schema of the store, read from the system catalogs.
struct PostgresLayout: Sendable {
  /// A table or view.
  struct Relation: Sendable, Hashable {
    var oid: String
    var name: String
    /// pg_class.relkind: `r` is a table, `p` a partitioned table, `v` a view.
    var kind: String
    var hasRowSecurity: Bool
    var hasRules: Bool
    /// Whether it belongs to an extension.
    var isOfExtension: Bool

    var isTable: Bool { kind == "r" || kind == "p" }
    var isView: Bool { kind == "v" || kind == "m" }
  }

  /// A column of a table.
  struct Column: Sendable, Hashable {
    var name: String
    /// The type as the server writes it, such as `timestamp with time zone`.
    var type: String
    var isNotNull: Bool
    var hasDefault: Bool
    /// Whether only the server sets it: a generated column, or an identity that is always
    /// generated.
    var isGenerated: Bool
    var isPrimaryKey: Bool
    /// Whether texts are equal only if their bytes are.
    var isBytewise: Bool
  }

  /// An index of a table.
  struct Index: Sendable, Hashable {
    var name: String
    /// The key, as in CREATE INDEX: `name`, `created_at DESC`.
    var columns: String
    var isUnique: Bool
    var isPrimaryKey: Bool
    /// Whether it covers only some rows.
    var isPartial: Bool
    /// Whether it is a valid B-tree or hash index without expressions, as RMOS creates.
    var isPlain: Bool
  }

  /// The kinds of entities in the store.
  let catalog: EntityCatalog
  /// The name of the schema.
  let home: String
  /// A digest that changes with the tables and views of the store, and with their columns, indexes,
  /// constraints, triggers and rules.
  let cookie: String
  /// The newest schema version recorded; `nil` if there is none.
  private(set) var version: SchemaVersion?
  /// The version of the ledger; `nil` if none is recorded.
  private(set) var ledgerVersion: Int64?
  /// All tables and views of the schema, by name.
  private(set) var relations: [String: Relation] = [:]
  /// The columns of our tables and views, by table.
  private(set) var columns: [String: [Column]] = [:]
  /// The indexes of our tables, by table.
  private(set) var indexes: [String: [Index]] = [:]
  /// The foreign keys of our tables, and those of other tables that reference them.
  private(set) var foreignKeys: [ForeignKey] = []
  /// The names of the triggers on our tables that are not disabled, by table.
  private(set) var triggers: [String: [String]] = [:]
  /// The names of the CHECK and EXCLUDE constraints of our tables, by table.
  private(set) var checks: [String: [String]] = [:]
  /// The views of the ledger that are missing or have another definition, and that the role may
  /// create.
  private(set) var viewsToCreate: [LedgerView] = []
  /// Why `schema_version` is not a table of RMOS; `nil` if it is, or does not exist.
  private var foreignVersionTable: String?

  /// Tables that newer RMOS applications add.
  private static let newerTables: Set<String> = ["art_jobs", "art_presets"]

  /// Returns the names of all tables of the store.
  static func names(_ catalog: EntityCatalog) -> [String] {
    catalog.kinds.map(\.table) + ["schema_version"] + LedgerTable.allNames
  }

  /// Returns the current ``cookie``.
  static func cookie(
    of connection: PostgresConnection, _ catalog: EntityCatalog, home: String
  ) throws(StoreError) -> String {
    let names = Self.names(catalog) + LedgerView.names(catalog)
    // Many changes do not touch the row of the table in pg_class, so the other catalogs are
    // included. Only a digest is returned, since each transaction asks for it.
    return try connection.query(
      """
      WITH c AS (SELECT t.oid, t.xmin, t.relhastriggers FROM pg_class t
        JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE t.relname = ANY ($1) AND n.nspname = $2)
      SELECT hashtextextended(string_agg(p.part, ',' ORDER BY p.part COLLATE "C"), 0) FROM (
        SELECT 'c' || c.oid || ':' || c.xmin || ':' || c.relhastriggers AS part FROM c
        UNION ALL SELECT 'a' || c.oid || ':' || a.attnum || ':' || a.xmin
        FROM c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        UNION ALL SELECT 't' || t.oid || ':' || t.xmin FROM c JOIN pg_trigger t ON t.tgrelid = c.oid
        UNION ALL SELECT 'i' || i.indexrelid || ':' || i.xmin || ':' || i.indisvalid
        FROM c JOIN pg_index i ON i.indrelid = c.oid
        UNION ALL SELECT 'o' || o.oid || ':' || o.xmin
        FROM c JOIN pg_constraint o ON o.conrelid = c.oid
        UNION ALL SELECT 'r' || r.oid || ':' || r.xmin
        FROM c JOIN pg_rewrite r ON r.ev_class = c.oid) p
      """, [names.postgresArray, home]
    ).first?.text(at: 0) ?? ""
  }

  /// Reads the layout; must be called within a transaction.
  init(
    of connection: PostgresConnection, _ catalog: EntityCatalog, home: String
  ) throws(StoreError) {
    self.catalog = catalog
    self.home = home
    let names = Self.names(catalog).postgresArray
    cookie = try Self.cookie(of: connection, catalog, home: home)
    try readRelations(connection)
    try readColumns(connection, names)
    try readIndexes(connection, names)
    try readConstraints(connection, names)
    if isRelation("schema_version") { try readVersion(connection) }
    if relations[LedgerTable.versions.name]?.isTable == true {
      ledgerVersion = try connection.query("SELECT max(version) FROM migration_version").first?
        .integer(at: 0)
    }
    if hasLedger { try readViews(connection) }
  }

  private mutating func readRelations(_ connection: PostgresConnection) throws(StoreError) {
    let result = try connection.query(
      """
      SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relhasrules,
        EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
          AND d.objid = c.oid AND d.deptype = 'e')
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      """, [home])
    for row in result.rows {
      let name = row.string(at: 1)
      relations[name] = Relation(
        oid: row.string(at: 0), name: name, kind: row.string(at: 2),
        hasRowSecurity: row.isTrue(at: 3), hasRules: row.isTrue(at: 4),
        isOfExtension: row.isTrue(at: 5))
    }
  }

  private mutating func readColumns(
    _ connection: PostgresConnection, _ names: String
  ) throws(StoreError) {
    let result = try connection.query(
      """
      SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.atthasdef OR a.attidentity <> '',
        a.attgenerated <> '' OR a.attidentity = 'a',
        EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary
          AND a.attnum = ANY (i.indkey)), coalesce(l.collisdeterministic, true)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_collation l ON l.oid = a.attcollation
      WHERE n.nspname = $2 AND c.relname = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY c.relname, a.attnum
      """, [names, home])
    for row in result.rows {
      columns[row.string(at: 0), default: []].append(
        Column(
          name: row.string(at: 1), type: row.string(at: 2), isNotNull: row.isTrue(at: 3),
          hasDefault: row.isTrue(at: 4), isGenerated: row.isTrue(at: 5),
          isPrimaryKey: row.isTrue(at: 6), isBytewise: row.isTrue(at: 7)))
    }
  }

  private mutating func readIndexes(
    _ connection: PostgresConnection, _ names: String
  ) throws(StoreError) {
    let result = try connection.query(
      """
      SELECT c.relname, x.relname, string_agg(pg_get_indexdef(i.indexrelid, k.n, true)
          || CASE WHEN i.indoption[k.n - 1] & 1 = 1 THEN ' DESC' ELSE '' END, ', ' ORDER BY k.n),
        i.indisunique, i.indisprimary, i.indpred IS NOT NULL,
        i.indexprs IS NULL AND m.amname IN ('btree', 'hash') AND i.indisvalid
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
      JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL generate_series(1, i.indnkeyatts::int) AS k(n)
      WHERE n.nspname = $2 AND c.relname = ANY ($1)
      GROUP BY c.relname, x.relname, i.indexrelid, i.indisunique, i.indisprimary, i.indpred,
        i.indexprs, m.amname, i.indisvalid
      ORDER BY c.relname, x.relname
      """, [names, home])
    for row in result.rows {
      indexes[row.string(at: 0), default: []].append(
        Index(
          name: row.string(at: 1), columns: row.string(at: 2), isUnique: row.isTrue(at: 3),
          isPrimaryKey: row.isTrue(at: 4), isPartial: row.isTrue(at: 5),
          isPlain: row.isTrue(at: 6)))
    }
  }

  private mutating func readConstraints(
    _ connection: PostgresConnection, _ names: String
  ) throws(StoreError) {
    let triggers = try connection.query(
      """
      SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $2 AND c.relname = ANY ($1) AND NOT t.tgisinternal AND t.tgenabled <> 'D'
      ORDER BY 1, 2
      """, [names, home])
    for row in triggers.rows {
      self.triggers[row.string(at: 0), default: []].append(row.string(at: 1))
    }
    let checks = try connection.query(
      """
      SELECT c.relname, o.conname FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $2 AND c.relname = ANY ($1) AND o.contype IN ('c', 'x') ORDER BY 1, 2
      """, [names, home])
    for row in checks.rows {
      self.checks[row.string(at: 0), default: []].append(row.string(at: 1))
    }
    foreignKeys = try ForeignKey.all(of: names, connection, home: home)
  }

  private mutating func readViews(_ connection: PostgresConnection) throws(StoreError) {
    let views = LedgerView.all(catalog)
    let result = try connection.query(
      LedgerView.namesToCreateSQL,
      [home] + [views.map(\.name), views.map(\.summary), views.map(\.select)].map(\.postgresArray))
    let names = Set(result.rows.map { $0.string(at: 0) })
    viewsToCreate = views.filter { names.contains($0.name) }
  }

  /// Reads the newest version recorded, if `schema_version` is a table of RMOS.
  private mutating func readVersion(_ connection: PostgresConnection) throws(StoreError) {
    let names = Set((columns["schema_version"] ?? []).map(\.name))
    let hasTime = names.contains("applied_at")
    // Other tools have a table of that name; that of Flyway has `installed_rank`, `script` and
    // more.
    guard relations["schema_version"]?.isTable == true, names.contains("version"),
      hasTime || names.count == 1
    else {
      foreignVersionTable =
        "its schema_version has the columns \(names.sorted().joined(separator: ", "))"
      return
    }
    let row = try connection.query(
      "SELECT version::text, \(hasTime ? "applied_at::text" : "NULL") FROM schema_version "
        + "ORDER BY version DESC LIMIT 1"
    ).first
    guard let row else { return }
    guard let number = row.integer(at: 0) else {
      foreignVersionTable = "its schema_version holds the text \(row.string(at: 0))"
      return
    }
    version = SchemaVersion(version: Int(number), appliedAt: row.text(at: 1))
  }

  // MARK: The existing schema

  /// Returns whether there is a table or view with a name.
  func isRelation(_ name: String) -> Bool { relations[name] != nil }

  /// Returns the columns of a kind's table; `nil` if there is no table.
  func columnNames(_ kind: EntityKind) -> Set<String>? {
    isRelation(kind.table) ? Set((columns[kind.table] ?? []).map(\.name)) : nil
  }

  /// Whether the schema is empty, apart from tables and views of extensions.
  var isEmpty: Bool { relations.values.allSatisfy(\.isOfExtension) }

  /// Whether any table of the ledger exists.
  ///
  /// The others are then read as empty ones; see ``PostgresConnection/standIns``.
  var hasLedger: Bool { LedgerTable.names.contains { isRelation($0) } }

  /// The missing tables of the ledger; none if there is no ledger.
  var missingLedgerTables: [LedgerTable] {
    let missing = LedgerTable.names.filter { !isRelation($0) }
    // Each write asks for this, so the values of all tables are created only if one is missing.
    guard hasLedger, !missing.isEmpty else { return [] }
    return LedgerTable.all(catalog).filter { missing.contains($0.name) }
  }

  /// Whether `migration_changes` exists.
  var hasChanges: Bool { relations[LedgerTable.changes.name]?.isTable == true }

  /// Whether `migration_failures` exists.
  var hasFailures: Bool { relations[LedgerTable.failures.name]?.isTable == true }

  /// Returns whether there are triggers on the table of a kind.
  func hasTriggers(_ kind: EntityKind) -> Bool { triggers[kind.table] != nil }

  /// Whether triggers, rules or row security on any table of entities may change what is written
  /// to it, or ignore it.
  var mayChangeOrIgnoreEntities: Bool {
    catalog.kinds.contains { kind in
      guard let relation = relations[kind.table] else { return false }
      return triggers[kind.table] != nil || relation.hasRules || relation.hasRowSecurity
    }
  }

  /// Returns whether rows can be written to a kind's table by COPY, and the database does not
  /// change them.
  func takesCopies(_ kind: EntityKind) -> Bool {
    guard let relation = relations[kind.table] else { return false }
    return relation.isTable && !relation.hasRowSecurity && !relation.hasRules
      && triggers[kind.table] == nil && triggers[LedgerTable.provenance.name] == nil
  }

  /// Returns whether the rows of a kind have a number in the order of insertion.
  func hasRowOrder(_ kind: EntityKind) -> Bool {
    columnNames(kind)?.contains(EntitySchema.rowOrder) == true
  }

  /// Whether this program may complete the shared tables: those of versions 1 and 2.
  var ownsSharedTables: Bool { (version?.version ?? 0) <= SchemaVersion.created }

  /// The shared tables that are missing.
  private var missingSharedTables: [String] {
    (catalog.kinds.map(\.table) + ["schema_version"]).filter { !isRelation($0) }
  }

  /// The missing tables: the shared ones, and those that a ledger of its version has.
  var missingTables: [String] {
    let isCurrent = hasLedger && ledgerVersion == LedgerTable.currentVersion
    let added = isCurrent ? LedgerTable.addedNames.filter { !isRelation($0) } : []
    return missingSharedTables + missingLedgerTables.map(\.name) + added
  }

  /// The kinds whose tables this program may complete; these always include the kinds that other
  /// applications do not know.
  var ownedKinds: [EntityKind] {
    ownsSharedTables
      ? catalog.kinds : catalog.kinds.filter { !EntityCatalog.rmos.kinds.contains($0) }
  }

  /// The statements that create the recommended indexes that are missing.
  var missingIndexSQL: [String] {
    ownedKinds.flatMap { kind in
      let present = Set((indexes[kind.table] ?? []).map(\.name))
      return zip(kind.schema.indexes, kind.createIndexSQL)
        .filter { !present.contains($0.0.name) }.map(\.1)
    }
  }

  /// The fields whose columns the tables of entities lack.
  var missingColumns: [(kind: EntityKind, field: FieldSchema)] {
    ownedKinds.flatMap { kind -> [(EntityKind, FieldSchema)] in
      guard let present = columnNames(kind) else { return [] }
      return kind.schema.fields.filter { !present.contains($0.column) }.map { (kind, $0) }
    }
  }

  /// The statements that add missing columns to the tables of entities.
  var missingColumnSQL: [String] {
    let order = ownedKinds.filter { isRelation($0.table) && !hasRowOrder($0) }
    return
      (missingColumns.map { ($0.kind, $0.field.sqlDefinition) }
      + order.map { ($0, EntitySchema.rowOrderDefinition) })
      .map { "ALTER TABLE \($0.table) ADD COLUMN \($1)" }
  }

  /// The statements that add missing columns to the existing tables of the ledger.
  var missingLedgerSQL: [String] {
    LedgerTable.all(catalog).flatMap(missingColumnSQL)
  }

  /// Returns the missing columns of a table of the ledger that cannot be added.
  func lostColumns(_ table: LedgerTable) -> [String] {
    isRelation(table.name) ? table.lostColumns(present: names(ofColumnsIn: table)) : []
  }

  /// The statements that add missing columns to the before-images, for kinds with more fields.
  private var missingImageSQL: [String] { missingColumnSQL(LedgerTable.beforeImages(catalog)) }

  private func missingColumnSQL(_ table: LedgerTable) -> [String] {
    isRelation(table.name) ? table.upgradeSQL(present: names(ofColumnsIn: table)) : []
  }

  /// Returns the select list for a table of the ledger, with NULL for missing columns.
  func list(_ table: LedgerTable) -> String { table.list(present: names(ofColumnsIn: table)) }

  /// Returns a column of a table of the ledger, or NULL if the table does not have it.
  func expression(_ column: String, of table: LedgerTable) -> String {
    names(ofColumnsIn: table).contains(column) ? column : "NULL"
  }

  private func names(ofColumnsIn table: LedgerTable) -> Set<String> {
    Set((columns[table.name] ?? []).map(\.name))
  }

  /// Whether the existing tables of the ledger can be read.
  var hasReadableLedger: Bool {
    hasLedger && missingImageSQL.isEmpty
      && LedgerTable.names.allSatisfy { relations[$0]?.isTable ?? true }
  }

  /// Whether all tables and columns exist that writing needs.
  var isComplete: Bool {
    guard let version else { return false }
    return version.version >= SchemaVersion.created && hasReadableLedger
      && missingLedgerTables.isEmpty && hasChanges && hasFailures && missingLedgerSQL.isEmpty
      && ledgerVersion == LedgerTable.currentVersion
      && ownedKinds.allSatisfy { isRelation($0.table) } && missingColumnSQL.isEmpty
  }

  /// Whether any table of the store exists.
  var isReadable: Bool { Self.names(catalog).contains { isRelation($0) } }

  // MARK: Validation

  /// Why the schema belongs to another application; `nil` if it is one of RMOS, or empty.
  private var foreignReason: String? {
    if isEmpty { return nil }
    if let foreignVersionTable { return foreignVersionTable }
    if let version, version.version < SchemaVersion.supported.lowerBound {
      return "its schema_version is \(version.version)"
    }
    if !hasLedger || LedgerTable.all(catalog).contains(where: { !lostColumns($0).isEmpty }) {
      let own = Set(Self.names(catalog) + LedgerView.names(catalog)).union(Self.newerTables)
      let foreign = relations.values.filter { !own.contains($0.name) && !$0.isOfExtension }
        .map(\.name).sorted()
      let missing = missingSharedTables.filter {
        $0 == "schema_version" || EntityCatalog.rmos.kind(named: $0) != nil
      }
      if !missing.isEmpty, !foreign.isEmpty {
        let more = foreign.count > 3 ? " and \(foreign.count - 3) more" : ""
        return "it has no \(missing.joined(separator: ", ")), but "
          + "\(foreign.prefix(3).joined(separator: ", "))\(more)"
      }
    }
    for kind in catalog.kinds {
      if let present = columnNames(kind), !present.contains("id") {
        return "its \(kind.table) has no column id"
      }
    }
    return nil
  }

  /// Refuses a schema of another application.
  ///
  /// - Throws: ``StoreError/Code/foreignDatabase``.
  func validateOrigin(location: String) throws(StoreError) {
    guard let reason = foreignReason else { return }
    throw StoreError(
      .foreignDatabase,
      "the schema \(home) of \(location) is not one of RMOS: \(reason). Name another database, or "
        + "create a schema for RMOS alone and put it first in the search_path", path: location)
  }

  /// Refuses a schema that belongs to another application, is newer than this version knows, or has
  /// columns that cannot keep all values exactly as written.
  ///
  /// - Throws: ``StoreError/Code/foreignDatabase``, ``StoreError/Code/newerSchema``,
  ///   ``StoreError/Code/unusableSchema``.
  func validate(location: String) throws(StoreError) {
    try validateOrigin(location: location)
    if let found = version?.version, found > SchemaVersion.supported.upperBound {
      throw StoreError(
        .newerSchema,
        "\(location) has schema version \(found); this version knows "
          + "\(SchemaVersion.supported.upperBound) and older. Update this program, or name another "
          + "database", path: location)
    }
    if let found = ledgerVersion, found > LedgerTable.currentVersion {
      throw StoreError(
        .newerSchema,
        "\(location) has migration tables of version \(found); this version knows "
          + "\(LedgerTable.currentVersion) and older. Update this program, or name another "
          + "database", path: location)
    }
    let others = otherTypes
    guard let first = others.first else { return }
    let more =
      others.count > 1
      ? " (\(others.count - 1) more: \(others.dropFirst().map(\.column).joined(separator: ", ")))"
      : ""
    throw StoreError(
      .unusableSchema,
      "\(location) cannot be used: the column \(first.column) is \(first.found), and "
        + "\(first.expected) is needed, so that every value is kept as it was written\(more). "
        + "Name another database, or create a schema for RMOS alone and put it first in the "
        + "search_path", path: location)
  }

  /// The columns of entities that have a wrong type.
  var otherTypes: [(column: String, found: String, expected: String)] {
    catalog.kinds.flatMap { kind in
      (columns[kind.table] ?? []).compactMap { column in
        guard let field = kind.schema.fields.first(where: { $0.column == column.name }) else {
          return nil
        }
        let accepted = field.type.acceptedTypes
        if accepted.contains(column.type), column.isBytewise { return nil }
        let found = column.isBytewise ? column.type : "\(column.type) with a loose collation"
        return ("\(kind.table).\(column.name)", found, accepted[0])
      }
    }
  }
}

extension [String] {
  /// The text form of an array of text.
  var postgresArray: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(reduce(2) { $0 + $1.utf8.count + 3 })
    for text in self {
      bytes.append(UInt8(ascii: bytes.isEmpty ? "{" : ","))
      bytes.append(UInt8(ascii: "\""))
      for byte in text.utf8 {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
          bytes.append(UInt8(ascii: "\\"))
        }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "\""))
    }
    return bytes.isEmpty ? "{}" : String(decoding: bytes, as: UTF8.self) + "}"
  }
}
