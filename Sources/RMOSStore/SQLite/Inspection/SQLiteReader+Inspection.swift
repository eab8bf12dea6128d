import RMOSModels
import RMOSSystem

extension SQLiteReader: SchemaInspecting {
  final var inspection: any SchemaInspecting { self }

  final var hasSchema: Bool { true }

  final func databaseSize() throws -> Int64? {
    try session().connection.integer(
      "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
  }

  final func ledgerVersion() throws -> Int64? {
    let layout = try session().layout
    return layout.hasLedger ? layout.ledgerVersion : nil
  }

  final func missingTables() throws -> [String] {
    let layout = try session().layout
    return layout.isEmpty ? [] : layout.missingTables
  }

  final func writingObstacles() throws -> [WritingObstacle] {
    let session = try session()
    return try SQLitePreflight(session.connection, session.layout).obstacles()
  }

  final func kindsWithLooseIDs() throws -> Set<EntityKind> {
    let layout = try session().layout
    return Set(catalog.kinds.filter(layout.hasLooseIDs))
  }

  final func forEachIntegrityProblem(
    _ body: (String) throws -> Void
  ) throws -> [(table: String, reason: String)] {
    let connection = try session().connection
    // The check looks up each row in each index, which reads the same pages many times, so it gets
    // a large cache. It checks the sizes of cells itself, without `cell_size_check`.
    let cache: Int64 = connection.savesMemory ? -4096 : -24576
    return try connection.with([("cache_size", cache), ("cell_size_check", 0)]) {
      try integrityProblems(connection, body)
    }
  }

  private func integrityProblems(
    _ connection: SQLiteConnection, _ body: (String) throws -> Void
  ) throws -> [(table: String, reason: String)] {
    func check(_ argument: String, _ body: (String) throws -> Void) throws {
      try connection.forEachRow("PRAGMA integrity_check(\(argument))") { row in
        // One row of `integrity_check` may list the problems of a whole tree.
        for line in (row.text(at: 0) ?? "").split(separator: "\n")
        where line != "ok" && !line.hasPrefix("*** in database") {
          try body(String(line))
        }
      }
    }
    var isSilent = true
    do {
      try check("2147483647") { problem in
        isSilent = false
        try body(problem)
      }
      return []
    } catch let error as StoreError where error.concernsStatement && isSilent {
      // A single table that needs, for example, a collation which this process lacks makes the
      // whole check fail.
      return try uncheckedTables(connection) { try check($0, body) }
    }
  }

  /// Checks one table after another, and returns those that cannot be checked.
  private func uncheckedTables(
    _ connection: SQLiteConnection, _ check: (String) throws -> Void
  ) throws -> [(table: String, reason: String)] {
    let names = try connection.texts(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name")
    var unchecked: [(table: String, reason: String)] = []
    for name in names {
      do {
        try check(name.sqlName)
      } catch let error as StoreError where error.concernsStatement {
        unchecked.append((name, error.message(withoutPath: connection.handle.path)))
      }
    }
    return unchecked
  }

  final func forEachForeignKeyProblem(
    in table: String, _ body: (InspectedKey, _ parent: String) throws -> Void
  ) throws {
    try session().connection.forEachRow(
      "SELECT rowid, parent FROM pragma_foreign_key_check(?)", .text(table)
    ) { row in
      try body(InspectedKey(id: nil, rowID: row.rowID(at: 0)), row.text(at: 1) ?? "")
    }
  }

  final func forEachRow(
    of kind: EntityKind, in table: InspectedTable, _ body: (InspectedRow) throws -> Void
  ) throws {
    let connection = try session().connection
    let columns = kind.schema.fields.map { table.column($0.column) == nil ? "NULL" : $0.column }
    let fieldCount = Int32(columns.count)
    let sql =
      "SELECT \(columns.joined(separator: ", ")), \(table.rowIDExpression) FROM \(kind.table)"
    // A damaged tree can have cycles. Since a row takes at least four bytes of the file, reading
    // more rows than that shows one.
    var rest = max(1, try (databaseSize() ?? 0) / 4)
    try connection.withStatement(sql) { statement in
      while try statement.step() {
        rest -= 1
        guard rest >= 0 else {
          throw StoreError(
            .corrupt, "the table \(kind.table) has more rows than fit into the file")
        }
        var invalid: [Int] = []
        var values: [Value] = []
        values.reserveCapacity(Int(fieldCount))
        for column in 0..<fieldCount {
          guard statement.type(at: column) == .text else {
            values.append(statement.value(at: column))
            continue
          }
          let bytes = unsafe statement.borrowedText(at: column)
          // ASCII is not validated, which would be much slower than decoding.
          if unsafe !bytes.isASCII, unsafe String(validating: bytes, as: UTF8.self) == nil {
            invalid.append(Int(column))
          }
          unsafe values.append(.text(String(decoding: bytes, as: UTF8.self)))
        }
        let record = Record(kind: kind, values: values)
        let id: String? = if case .text(let id) = values[0] { id } else { nil }
        let key = InspectedKey(id: id, rowID: statement.rowID(at: fieldCount))
        try body(InspectedRow(key: key, record: record, invalidText: invalid))
      }
    }
  }

  final func forEachID(of kind: EntityKind, _ body: (String) throws -> Void) throws {
    try session().connection.forEachRow(
      "SELECT id FROM \(kind.table) WHERE typeof(id) = 'text'"
    ) { try body($0.text(at: 0) ?? "") }
  }

  final func forEachDanglingReference(
    of kind: EntityKind, field: Int, in table: InspectedTable,
    _ body: (InspectedKey, _ reference: String) throws -> Void
  ) throws {
    let field = kind.schema.fields[field]
    guard case .reference(let target) = field.type else { return }
    // In a join, SQLite creates a temporary index if the ids have none.
    let sql =
      "SELECT iif(typeof(t.id) = 'text', t.id, NULL), \(table.rowIDExpression("t")), "
      + "t.\(field.column) FROM \(kind.table) t LEFT JOIN \(target.table) r "
      + "ON \(try session().statements[target].isID("r.id", "t.\(field.column)")) "
      + "WHERE typeof(t.\(field.column)) = 'text' AND r.id IS NULL"
    try session().connection.forEachRow(sql) { row in
      try body(InspectedKey(id: row.text(at: 0), rowID: row.rowID(at: 1)), row.text(at: 2) ?? "")
    }
  }

  final func forEachReference(
    of kind: EntityKind, field: Int, until deadline: ContinuousClock.Instant,
    _ body: (_ reference: String, _ rows: Int, _ isDangling: Bool) throws -> Void
  ) throws -> Bool {
    let field = kind.schema.fields[field]
    guard case .reference(let target) = field.type else { return true }
    // Grouping reads the index of the references in order, and that of the ids in the same order.
    let sql =
      "SELECT reference, rows, NOT EXISTS (SELECT 1 FROM \(target.table) "
      + "WHERE \(try session().statements[target].isID("id", "reference"))) "
      + "FROM (SELECT \(field.column) AS reference, count(*) AS rows FROM \(kind.table) "
      + "WHERE typeof(\(field.column)) = 'text' GROUP BY \(field.column) COLLATE BINARY)"
    let connection = try session().connection
    // The first call is ignored, so that a small table is read completely on any machine.
    var asked = 0
    let isOver = {
      asked += 1
      return asked > 1 && ContinuousClock.now >= deadline
    }
    let end: Void? = try connection.run(until: isOver) {
      try connection.forEachRow(sql) { row in
        try body(row.text(at: 0) ?? "", Int(row.integer(at: 1)), row.integer(at: 2) == 1)
      }
    }
    return end != nil
  }

  final func forEachDanglingProvenance(_ body: (DanglingProvenance) throws -> Void) throws {
    let session = try session()
    func report(_ sql: String) throws {
      try session.connection.forEachRow(sql) { row in
        try body(
          DanglingProvenance(
            kind: row.text(at: 0) ?? "", entityID: row.text(at: 1) ?? "", run: row.integer(at: 2),
            hasEntity: row.integer(at: 3) == 1, hasRun: row.integer(at: 4) == 1))
      }
    }
    let names = catalog.kinds.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    for kind in catalog.kinds {
      let table = try session.statements[kind]
      try report(
        "SELECT p.kind, p.entity_id, p.run_id, t.id IS NOT NULL, r.id IS NOT NULL "
          + "FROM migration_provenance p LEFT JOIN \(table.source) t "
          + "ON \(table.isID("t.id", "p.entity_id")) "
          + "LEFT JOIN migration_runs r ON r.id = p.run_id "
          + "WHERE p.kind = '\(kind.rawValue)' AND (t.id IS NULL OR r.id IS NULL)")
    }
    try report(
      "SELECT kind, entity_id, run_id, 0, 1 FROM migration_provenance "
        + "WHERE kind NOT IN (\(names))")
  }

  final func forEachIDWithoutProvenance(
    of kind: EntityKind, _ body: (String) throws -> Void
  ) throws {
    try session().connection.forEachRow(
      "SELECT t.id FROM \(kind.table) t LEFT JOIN migration_provenance p "
        + "ON p.kind = '\(kind.rawValue)' AND p.entity_id = t.id "
        + "WHERE p.kind IS NULL AND typeof(t.id) = 'text'"
    ) { try body($0.text(at: 0) ?? "") }
  }
}

extension InspectedTable {
  /// The expression for the row number.
  fileprivate var rowIDExpression: String { hasRowID ? "rowid" : "NULL" }

  /// The expression for the row number of the table with an alias.
  fileprivate func rowIDExpression(_ alias: String) -> String {
    hasRowID ? "\(alias).rowid" : "NULL"
  }
}

extension SQLiteStatement {
  /// A row number; `nil` for NULL.
  fileprivate func rowID(at column: Int32) -> Int64? {
    type(at: column) == .null ? nil : integer(at: column)
  }
}

extension SQLiteReader {
  final func inspectTables() throws -> [InspectedTable] {
    let connection = try session().connection
    var tables: [InspectedTable] = []
    try connection.forEachRow(
      "SELECT name, type, rootpage = 0 FROM sqlite_schema "
        + "WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
    ) { row in
      let isTable = row.text(at: 1) == "table"
      tables.append(
        InspectedTable(
          name: row.text(at: 0) ?? "", isTable: isTable,
          isVirtual: isTable && row.integer(at: 2) == 1, hasRowID: false, columns: [], indexes: [],
          foreignKeys: []))
    }
    for position in tables.indices where tables[position].isTable {
      let name = tables[position].name
      do {
        tables[position].columns = try columns(of: name, connection)
      } catch let error as StoreError where tables[position].isVirtual && error.concernsStatement {
        // The module of the virtual table is missing in this process.
        continue
      }
      if tables[position].isVirtual { continue }
      tables[position].hasRowID = try EntityTable.hasRowNumbers(name, connection)
      tables[position].indexes = try indexes(of: name, connection)
      try readForeignKeys(of: &tables[position], connection)
    }
    return tables
  }

  private func columns(
    of table: String, _ connection: SQLiteConnection
  ) throws -> [InspectedTable.Column] {
    var columns: [InspectedTable.Column] = []
    try connection.forEachRow(
      """
      SELECT name, type, "notnull", pk, dflt_value,
        pk AND sum(pk <> 0) OVER () = 1 OR name IN (
          SELECT max(i.name) FROM pragma_index_list(?1) l, pragma_index_info(l.name) i
          WHERE l."unique" AND NOT l.partial GROUP BY l.name HAVING count(*) = 1)
      FROM pragma_table_info(?1) ORDER BY cid
      """, .text(table)
    ) { row in
      columns.append(
        InspectedTable.Column(
          name: row.text(at: 0) ?? "", type: row.text(at: 1) ?? "",
          isNotNull: row.integer(at: 2) != 0, isPrimaryKey: row.integer(at: 3) != 0,
          isUnique: row.integer(at: 5) != 0, hasDefault: row.type(at: 4) != .null))
    }
    return columns
  }

  private func indexes(
    of table: String, _ connection: SQLiteConnection
  ) throws -> [InspectedTable.Index] {
    var indexes: [InspectedTable.Index] = []
    try connection.forEachRow(
      "SELECT l.name, l.partial, x.name, x.desc FROM pragma_index_list(?) l, "
        + "pragma_index_xinfo(l.name) x WHERE x.key ORDER BY l.seq, x.seqno", .text(table)
    ) { row in
      let name = row.text(at: 0) ?? ""
      let key = (row.text(at: 2) ?? "(expression)") + (row.integer(at: 3) != 0 ? " DESC" : "")
      if let last = indexes.indices.last, indexes[last].name == name {
        indexes[last].columns += ", " + key
      } else {
        indexes.append((name, key, isPartial: row.integer(at: 1) != 0))
      }
    }
    return indexes
  }

  private func readForeignKeys(
    of table: inout InspectedTable, _ connection: SQLiteConnection
  ) throws {
    // A key of one column that names no other points to the primary key.
    try connection.forEachRow(
      "SELECT \"from\", \"table\", coalesce(\"to\", 'id'), count(*) OVER (PARTITION BY id) = 1 "
        + "FROM pragma_foreign_key_list(?) ORDER BY id, seq", .text(table.name)
    ) { row in
      let (column, target) = (row.text(at: 0) ?? "", row.text(at: 1) ?? "")
      table.foreignKeys.append((column, target))
      guard row.text(at: 2)?.lowercasedASCII == "id" else { return }
      table.keysToIDs.append((column, target, isWhole: row.integer(at: 3) != 0))
    }
  }
}
