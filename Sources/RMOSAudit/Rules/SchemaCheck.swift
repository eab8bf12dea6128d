import RMOSModels
import RMOSStore
import RMOSSystem

/// The schema's version, tables, columns and indexes.
struct SchemaCheck: AuditCheck {
  let rules: [AuditRule] = [.schemaVersion, .schemaTable, .schemaColumn, .schemaIndex]

  /// The columns that an upgrade from version 1 adds.
  private static let newInVersion2: Set<String> = ["pattern_type", "rosette_geometry"]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard context.hasSchema else { return [] }
    let inspector = context.inspector
    try checkVersion(context, inspector)
    let obstacles = try inspector.writingObstacles()
    for kind in context.reader.catalog.kinds {
      guard let table = checkTable(kind.table, kind, obstacles, context) else { continue }
      checkColumns(of: kind, table, context)
      checkIndexes(of: kind, table, context)
    }
    _ = checkTable("schema_version", nil, obstacles, context)
    try checkLedger(context, inspector)
    checkWriting(obstacles, context)
    try checkIDs(context, inspector)
    return rules
  }

  private func checkVersion(_ context: AuditContext, _ inspector: any SchemaInspecting) throws {
    let known = SchemaVersion.supportedText
    func report(_ severity: Severity, _ found: String, _ message: String) {
      context.log.add(
        AuditFinding(
          severity, .schemaVersion, table: "schema_version", column: "version", found: found,
          expected: known, message))
    }
    switch context.schema?.version {
    case nil:
      report(.error, "none", "no schema version is recorded")
    case .some(let version) where version > SchemaVersion.supported.upperBound:
      report(
        .error, "\(version)",
        "the schema has version \(version), newer than the known versions (\(known)); use a newer "
          + "version of this software")
    case .some(let version) where version < SchemaVersion.supported.lowerBound:
      report(.error, "\(version)", "the schema has version \(version); known versions are \(known)")
    case 1?:
      report(.warning, "1", "the schema has version 1; the next migration upgrades it in place")
    default: break
    }
    if let ledger = try inspector.ledgerVersion(), ledger > SchemaVersion.ledger.upperBound {
      report(
        .error, "ledger \(ledger)",
        "the ledger has version \(ledger), newer than the known versions (1 to "
          + "\(SchemaVersion.ledger.upperBound)); use a newer version of this software"
          + (inspector.dialect == .sqlite
            ? " or, if another application set user_version, set it back with PRAGMA user_version = "
              + "\(SchemaVersion.ledger.upperBound)" : ""))
    }
  }

  /// Reports the tables that a ledger lacks: the entities are intact, but their history is not.
  private func checkLedger(_ context: AuditContext, _ inspector: any SchemaInspecting) throws {
    let shared = context.reader.catalog.kinds.map(\.table) + ["schema_version"]
    for table in try inspector.missingTables() where !shared.contains(table) {
      context.log.add(
        AuditFinding(
          .warning, .schemaTable, table: table, found: "no such table", expected: "a table",
          "the table \(table) is missing, and with it what it said of earlier runs; the next "
            + "migration creates an empty one"))
    }
  }

  /// Reports obstacles to writing that the checks of tables and columns do not find.
  private func checkWriting(_ obstacles: [WritingObstacle], _ context: AuditContext) {
    let catalog = context.reader.catalog
    for obstacle in obstacles {
      // The message of such an obstacle is part of the finding about the kind's table.
      let isChecked = catalog.kind(named: obstacle.table ?? "") != nil
      if obstacle.place == .table, isChecked { continue }
      context.log.add(
        AuditFinding(
          .error, obstacle.place == .version ? .schemaVersion : .schemaTable,
          kind: obstacle.table.flatMap(catalog.kind(named:)), table: obstacle.table,
          found: obstacle.found, expected: "a schema that can be written to",
          "nothing can be migrated into this database: \(obstacle.message)"))
    }
  }

  private func checkIDs(_ context: AuditContext, _ inspector: any SchemaInspecting) throws {
    let loose = try inspector.kindsWithLooseIDs()
    for kind in context.reader.catalog.kinds where loose.contains(kind) {
      context.log.add(
        AuditFinding(
          .warning, .schemaColumn, kind: kind, column: "id", found: "another collation",
          expected: "BINARY",
          "\(kind.table).id is declared with a collation other than BINARY, so joins in other "
            + "applications treat as equal ids that RMOS treats as different"))
    }
  }

  private func checkTable(
    _ name: String, _ kind: EntityKind?, _ obstacles: [WritingObstacle], _ context: AuditContext
  ) -> InspectedTable? {
    let table = context.tables[name]
    if let table, table.isTable, !table.isVirtual { return table }
    let found =
      switch table {
      case nil: "no such table"
      case let table? where table.isTable: "a virtual table"
      default: "a view"
      }
    context.log.add(
      AuditFinding(
        .error, .schemaTable, kind: kind, table: name,
        found: found, expected: "a table",
        obstacles.first { $0.place == .table && $0.table == name }?.message
          ?? "the table \(name) is missing; the next migration creates it"))
    return nil
  }

  private func checkColumns(
    of kind: EntityKind, _ table: InspectedTable, _ context: AuditContext
  ) {
    for field in kind.schema.fields {
      check(table.column(field.column), field, version: context.schema?.version) {
        severity, found, expected, message in
        context.log.add(
          AuditFinding(
            severity, .schemaColumn, kind: kind, column: field.column, found: found,
            expected: expected, "the column \(kind.table).\(field.column) \(message)"))
      }
    }
    let known = Set(kind.schema.fields.map(\.column))
    // SQLite itself numbers the rows in an INTEGER PRIMARY KEY.
    for column in table.columns
    where !known.contains(column.name.lowercased()) && column.isNotNull && !column.hasDefault
      && !(column.isPrimaryKey && column.type.uppercased() == "INTEGER")
    {
      context.log.add(
        AuditFinding(
          .error, .schemaColumn, kind: kind, column: column.name, found: "NOT NULL, no default",
          expected: "a default",
          "the unknown column \(kind.table).\(column.name) is NOT NULL without a default, so no row "
            + "can be inserted"))
    }
  }

  /// Compares a column with the field that it stores.
  private func check(
    _ column: InspectedTable.Column?, _ field: FieldSchema, version: Int?,
    _ report: (_ severity: Severity, _ found: String, _ expected: String, _ message: String) -> Void
  ) {
    let definition = field.sqlDefinition
    guard let column else {
      let comesWithUpgrade = version == 1 && Self.newInVersion2.contains(field.column)
      if !comesWithUpgrade {
        report(.error, "no such column", definition, "is missing; expected \(definition)")
      }
      return
    }
    let type = field.type.sqlType
    if ColumnAffinity(declaredAs: column.type) != ColumnAffinity(declaredAs: type) {
      let found = column.type.isEmpty ? "no type" : column.type
      report(
        .error, found, type,
        "is declared as \(found); expected \(type), which decides how SQLite converts values")
    }
    if field.column == "id", !column.isUnique {
      report(
        column.isPrimaryKey ? .warning : .error, "not unique", "PRIMARY KEY",
        "is neither the primary key nor unique, so other applications can write an id twice; create "
          + "a unique index on it")
    }
    // Versions 3 and 4 leave out NOT NULL where there is a default.
    let isLax = (version ?? 0) > 2 && !field.isRequired
    if field.isNotNull, !column.isNotNull, !isLax {
      report(
        .warning, "may be NULL", "NOT NULL",
        "is not declared NOT NULL, so SQLite accepts rows without it")
    }
    // Every entity has an id.
    if field.column != "id", !field.isNotNull, column.isNotNull, !column.hasDefault,
      !column.isPrimaryKey
    {
      report(
        .warning, "NOT NULL", "may be NULL",
        "is declared NOT NULL, so entities without it cannot be written")
    }
  }

  private func checkIndexes(
    of kind: EntityKind, _ table: InspectedTable, _ context: AuditContext
  ) {
    let names = Set(context.tables.values.flatMap(\.indexes).map { $0.name.lowercased() })
    var areUnderWay = false
    for (index, sql) in zip(kind.schema.indexes, context.inspector.createIndexSQL(of: kind)) {
      let column = index.columns.split(separator: " ").first.map(String.init) ?? index.columns
      guard table.column(column) != nil else { continue }
      let isThere = table.indexes.contains {
        !$0.isPartial && $0.columns.lowercased() == index.columns.lowercased()
      }
      if isThere { continue }
      let isTaken = names.contains(index.name)
      if !isTaken, context.hasWriter {
        areUnderWay = true
        continue
      }
      context.log.add(
        AuditFinding(
          .warning, .schemaIndex, kind: kind, column: column,
          found: isTaken ? "another index of that name" : "no such index",
          expected: index.name, repair: isTaken ? nil : .sql(sql),
          isTaken
            ? "the index \(index.name) is not on \(kind.table)(\(index.columns)); drop it, then "
              + sql
            : "the index \(index.name) is missing: \(sql)"))
    }
    if areUnderWay {
      context.log.add(
        AuditFinding(
          .info, .schemaIndex, kind: kind, found: "no such indexes", expected: "indexes",
          "\(kind.table) lacks indexes while another process writes; the load of an empty database "
            + "creates them at its end"))
    }
  }
}

/// SQLite's own check of the file.
struct IntegrityCheck: AuditCheck {
  let rules: [AuditRule] = [.integrity]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard context.hasSchema else { return [] }
    do {
      let unchecked = try context.inspector.forEachIntegrityProblem { report($0, context) }
      for (table, reason) in unchecked {
        context.log.add(
          AuditFinding(
            .warning, .integrity, table: table, found: "not checked", expected: "ok",
            "the table \(table) was not checked (\(reason)): only the application that created it "
              + "can check it"))
      }
    } catch let error as StoreError where error.code == .corrupt {
      // The file is damaged so badly that even the check fails.
      report(error.message, context)
    }
    return rules
  }

  private func report(_ problem: String, _ context: AuditContext) {
    let message =
      switch context.inspector.dialect {
      case .sqlite where Self.isOfConstraint(problem):
        "\(problem.shortened), which the table no longer allows: its declaration was changed, or "
          + "its constraints were switched off, when the row was written; correct the row or the "
          + "declaration"
      case .sqlite:
        "the file is damaged: \(problem.shortened); restore a backup, or recover what can be read "
          + "with the sqlite3 shell's .recover"
      case .postgresql:
        "the database is damaged: \(problem.shortened); build the index again with REINDEX, or "
          + "restore a backup"
      }
    context.log.add(
      AuditFinding(.error, .integrity, found: problem, expected: "ok", message))
  }

  /// Whether a row breaks a constraint, such as "NULL value in patterns.name", in a file that may
  /// be whole.
  private static func isOfConstraint(_ problem: String) -> Bool {
    problem.hasPrefix("CHECK constraint failed in ") || problem.contains(" value in ")
  }
}
