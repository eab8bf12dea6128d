import RMOSModels
import RMOSStore

/// The schema and raw rows of a ``PostgresStore``, for audits.
struct PostgresInspection: SchemaInspecting {
  private let reader: PostgresReader

  init(_ reader: PostgresReader) { self.reader = reader }

  private func session() throws(StoreError) -> PostgresSession { try reader.session() }

  var hasSchema: Bool { true }

  var dialect: SQLDialect { .postgresql }

  // MARK: The schema

  func databaseSize() throws -> Int64? {
    let session = try session()
    return try session.connection.query(
      "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
        + "JOIN pg_namespace n ON n.oid = c.relnamespace "
        + "WHERE n.nspname = $1 AND c.relkind = 'r'", [session.home.name]
    ).first?.integer(at: 0)
  }

  func schemaVersion() throws -> SchemaVersion? { try session().layout.version }

  func ledgerVersion() throws -> Int64? {
    let layout = try session().layout
    return layout.hasLedger ? layout.ledgerVersion : nil
  }

  func inspectTables() throws -> [InspectedTable] {
    let layout = try session().layout
    let tables = layout.relations.values.filter { !$0.isOfExtension }
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      .map { relation in
        let keys = layout.foreignKeys.filter { $0.isInHome && $0.table == relation.name }
        var table = InspectedTable(
          name: relation.name, isTable: !relation.isView, isVirtual: relation.kind == "f",
          hasRowID: false,
          columns: (layout.columns[relation.name] ?? []).map { column in
            InspectedTable.Column(
              name: column.name, type: column.type, isNotNull: column.isNotNull,
              isPrimaryKey: column.isPrimaryKey,
              isUnique: layout.indexes[relation.name]?.contains {
                $0.isUnique && !$0.isPartial && $0.columns == column.name
              } ?? false,
              hasDefault: column.hasDefault || column.isGenerated)
          },
          indexes: (layout.indexes[relation.name] ?? []).map { index in
            (name: index.name, columns: index.columns, isPartial: index.isPartial)
          },
          foreignKeys: keys.flatMap { key in
            key.columns.map { (column: $0.own, table: key.target) }
          })
        table.keysToIDs = keys.flatMap(\.toIDs)
        return table
      }
    let others = Dictionary(grouping: layout.foreignKeys.filter { !$0.isInHome }) {
      $0.qualifiedTable
    }
    return tables
      + others.sorted { $0.key < $1.key }.map { name, keys in
        var table = InspectedTable(
          name: name, isTable: true, hasRowID: false, columns: [], indexes: [], foreignKeys: [])
        table.qualifiedName = name
        table.keysToIDs = keys.flatMap(\.toIDs)
        return table
      }
  }

  func createIndexSQL(of kind: EntityKind) -> [String] { kind.createIndexSQL }

  func missingTables() throws -> [String] {
    let layout = try session().layout
    return layout.isReadable ? layout.missingTables : []
  }

  func writingObstacles() throws -> [WritingObstacle] { try session().layout.writingObstacles }

  /// The kinds whose ids have a collation that is not deterministic, which other accesses refuse.
  func kindsWithLooseIDs() throws -> Set<EntityKind> {
    let session = try session()
    return Set(
      session.catalog.kinds.filter { kind in
        session.layout.columns[kind.table]?.contains { $0.name == "id" && !$0.isBytewise } == true
      })
  }

  /// Checks the indexes with the extension amcheck if it is installed, else only whether they are
  /// marked as valid.
  func forEachIntegrityProblem(
    _ body: (String) throws -> Void
  ) throws -> [(table: String, reason: String)] {
    let session = try session()
    let connection = session.connection
    let indexes = try connection.query(
      """
      SELECT i.indexrelid, i.indexrelid::regclass::text, i.indisvalid AND i.indisready,
        m.amname = 'btree' AND c.relkind = 'r', a.nspname
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN (SELECT quote_ident(s.nspname) AS nspname FROM pg_extension e
        JOIN pg_namespace s ON s.oid = e.extnamespace WHERE e.extname = 'amcheck') a ON true
      WHERE n.nspname = $1 AND c.relname = ANY ($2) ORDER BY 2
      """, [session.home.name, PostgresLayout.names(session.catalog).postgresArray])
    for row in indexes.rows {
      let name = row.string(at: 1)
      guard row.isTrue(at: 2) else {
        try body("the index \(name) is not valid")
        continue
      }
      guard row.isTrue(at: 3), let schema = row.text(at: 4) else { continue }
      do {
        _ = try connection.savepoint {
          try connection.query(
            "SELECT \(schema).bt_index_check($1::oid::regclass, true)", [row.text(at: 0)])
        }
      } catch let error as StoreError where error.code == .corrupt || error.code == .inputOutput {
        guard connection.isInTransaction else { throw error }
        try body(error.message)
      } catch let error as StoreError
        where connection.report?.state == SQLState.insufficientPrivilege
      {
        // By default, only their owner may call the functions of the extension.
        return [(name, error.message)]
      }
    }
    return []
  }

  func forEachForeignKeyProblem(
    in table: String, _ body: (InspectedKey, _ parent: String) throws -> Void
  ) throws {
    let session = try session()
    let isOfKind = session.catalog.kinds.contains { $0.table == table }
    // A table that the role may not read cannot be checked here.
    for key in session.layout.foreignKeys
    where key.isInHome && key.table == table && (isOfKind || key.isReadable)
      && key.hasReadableTarget
    {
      let isSet = key.columns.map { "t.\(SQL.quoted($0.own)) IS NOT NULL" }
      try session.connection.forEachRow(
        "SELECT 1 FROM \(key.source) t WHERE \(isSet.joined(separator: " AND ")) "
          + "AND NOT EXISTS (SELECT 1 FROM \(key.targetSource) r WHERE \(key.join("t", "r")))"
      ) { _ in
        try body(InspectedKey(id: nil, rowID: nil), key.target)
      }
    }
  }

  // MARK: The rows

  func forEachRow(
    of kind: EntityKind, in table: InspectedTable, _ body: (InspectedRow) throws -> Void
  ) throws {
    let columns = kind.schema.fields.map { table.column($0.column) == nil ? "NULL" : $0.column }
    try session().connection.forEachRow(
      "SELECT \(columns.joined(separator: ", ")) FROM \(kind.table)"
    ) { row in
      let record = kind.record(row)
      try body(
        InspectedRow(key: InspectedKey(id: row.text(at: 0), rowID: nil), record: record))
    }
  }

  func forEachID(of kind: EntityKind, _ body: (String) throws -> Void) throws {
    try session().connection.forEachRow(
      "SELECT id FROM \(kind.table) WHERE id IS NOT NULL"
    ) { try body($0.string(at: 0)) }
  }

  func forEachDanglingReference(
    of kind: EntityKind, field: Int, in table: InspectedTable,
    _ body: (InspectedKey, _ reference: String) throws -> Void
  ) throws {
    let field = kind.schema.fields[field]
    guard case .reference(let target) = field.type else { return }
    try session().connection.forEachRow(
      "SELECT t.id, t.\(field.column) FROM \(kind.table) t LEFT JOIN \(target.table) r "
        + "ON r.id = t.\(field.column) WHERE t.\(field.column) IS NOT NULL AND r.id IS NULL"
    ) { row in
      try body(InspectedKey(id: row.text(at: 0), rowID: nil), row.string(at: 1))
    }
  }

  func forEachReference(
    of kind: EntityKind, field: Int, until deadline: ContinuousClock.Instant,
    _ body: (_ reference: String, _ rows: Int, _ isDangling: Bool) throws -> Void
  ) throws -> Bool {
    let field = kind.schema.fields[field]
    guard case .reference(let target) = field.type else { return true }
    let connection = try session().connection
    struct OutOfTime: Error {}
    // Most of the time goes into the grouping, before the first row arrives. The deadline is
    // checked only every 512 rows, so a small table is read completely even on a slow machine.
    var rows = 0
    do {
      try connection.forEachRow(
        "SELECT g.reference, g.rows, r.id IS NULL FROM (SELECT \(field.column) AS reference, "
          + "count(*) AS rows FROM \(kind.table) WHERE \(field.column) IS NOT NULL "
          + "GROUP BY \(field.column)) g LEFT JOIN \(target.table) r ON r.id = g.reference"
      ) { row in
        rows += 1
        if rows % 512 == 0, ContinuousClock.now >= deadline { throw OutOfTime() }
        try body(row.string(at: 0), row.count(at: 1), row.isTrue(at: 2))
      }
      return true
    } catch is OutOfTime {
      return false
    }
  }

  // MARK: Provenance

  func forEachDanglingProvenance(_ body: (DanglingProvenance) throws -> Void) throws {
    let session = try session()
    func report(_ sql: String, _ parameters: [String]) throws {
      try session.connection.forEachRow(sql, parameters) { row in
        try body(
          DanglingProvenance(
            kind: row.string(at: 0), entityID: row.string(at: 1), run: row.integer(at: 2) ?? 0,
            hasEntity: row.isTrue(at: 3), hasRun: row.isTrue(at: 4)))
      }
    }
    for kind in session.catalog.kinds {
      let table = try session.statements[kind]
      try report(
        "SELECT p.kind, p.entity_id, p.run_id, t.id IS NOT NULL, r.id IS NOT NULL "
          + "FROM migration_provenance p LEFT JOIN \(table.source("t")) ON t.id = p.entity_id "
          + "LEFT JOIN migration_runs r ON r.id = p.run_id "
          + "WHERE p.kind = $1 AND (t.id IS NULL OR r.id IS NULL)", [kind.table])
    }
    try report(
      "SELECT kind, entity_id, run_id, false, true FROM migration_provenance "
        + "WHERE kind <> ALL ($1)", [session.catalog.kinds.map(\.table).postgresArray])
  }

  func forEachIDWithoutProvenance(
    of kind: EntityKind, _ body: (String) throws -> Void
  ) throws {
    try session().connection.forEachRow(
      "SELECT t.id FROM \(kind.table) t LEFT JOIN migration_provenance p "
        + "ON p.kind = $1 AND p.entity_id = t.id WHERE p.kind IS NULL AND t.id IS NOT NULL",
      [kind.table]
    ) { try body($0.string(at: 0)) }
  }
}

extension PostgresLayout.ForeignKey {
  /// The columns that point to a column `id`, as ``InspectedTable/keysToIDs``.
  fileprivate var toIDs: [(column: String, table: String, isWhole: Bool)] {
    isOfPartition
      ? []
      : columns.filter { $0.target == "id" }.map { ($0.own, target, columns.count == 1) }
  }
}
