import RMOSModels
import RMOSStore

extension PostgresLayout {
  /// The parts of the schema that prevent rows from being written.
  var writingObstacles: [WritingObstacle] {
    if isEmpty { return [] }
    var obstacles: [WritingObstacle] = []
    func add(_ table: String, _ found: String, _ message: String) {
      obstacles.append(WritingObstacle(.table, table: table, found: found, message))
    }
    for name in catalog.kinds.map(\.table) + ["schema_version"] + LedgerTable.allNames {
      guard let relation = relations[name], !relation.isTable else { continue }
      let found = relation.isView ? "a view" : "a foreign table"
      add(name, found, "\(name) is \(found); rename it, a table is needed")
    }
    let version = version?.version ?? SchemaVersion.created
    for kind in catalog.kinds {
      let isOurs = ownedKinds.contains(kind)
      guard let present = columnNames(kind) else {
        if !isOurs {
          add(
            kind.table, "no such table",
            "its schema version is \(version), but it has no table \(kind.table); the application "
              + "that made it creates that table")
        }
        continue
      }
      let missing = kind.schema.fields.filter {
        !present.contains($0.column) && !(isOurs && $0.canBeAdded)
      }
      if !missing.isEmpty {
        let names = missing.map { "\(kind.table).\($0.column)" }.joined(separator: ", ")
        add(
          kind.table, "no such column",
          "its schema version is \(version), but it has no column \(names); if another application "
            + "renamed it, rename it back, or migrate into another database")
      }
      if let column = mandatoryColumn(of: kind) {
        add(
          kind.table, "NOT NULL, no default",
          "the column \(kind.table).\(column) is another application's, NOT NULL and without a "
            + "default, so no row can be written without it; give it a default")
      }
      if !hasKey(kind) {
        add(
          kind.table, "no primary key",
          "\(kind.table) has no primary key on id, so an id could be there twice; "
            + "ALTER TABLE \(kind.table) ADD PRIMARY KEY (id)")
      }
    }
    for table in LedgerTable.all(catalog) where isRelation(table.name) {
      if let first = lostColumns(table).first {
        add(
          table.name, "no such column",
          "the table \(table.name) lacks \(first); if another application made it, rename it or "
            + "name another database, else restore a backup"
        )
      }
    }
    return obstacles
  }

  private func hasKey(_ kind: EntityKind) -> Bool {
    relations[kind.table]?.isTable != true
      || indexes[kind.table]?.contains { $0.isUnique && !$0.isPartial && $0.columns == "id" }
        == true
  }

  /// Returns a column of another application that every inserted row would have to set.
  private func mandatoryColumn(of kind: EntityKind) -> String? {
    let known = Set(kind.schema.fields.map(\.column) + [EntitySchema.rowOrder])
    return columns[kind.table]?.first {
      $0.isNotNull && !$0.hasDefault && !$0.isGenerated && !known.contains($0.name)
    }?.name
  }

  /// The parts of the schema that make outcomes unpredictable, such as `the trigger x on t`.
  ///
  /// With the shared schema, look-ups predict what the database does with a row. Constraints,
  /// triggers and rules of other applications may refuse, change or ignore it.
  var hindrances: [String] {
    var found: [String] = []
    for table in catalog.kinds.map(\.table) + LedgerTable.names {
      found += (triggers[table] ?? []).map { "the trigger \($0) on \(table)" }
      if let relation = relations[table] {
        if relation.hasRowSecurity { found.append("row security on \(table)") }
        if relation.hasRules { found.append("rules on \(table)") }
      }
    }
    for kind in catalog.kinds {
      found += (checks[kind.table] ?? []).map { "the constraint \($0) on \(kind.table)" }
      found += (indexes[kind.table] ?? [])
        .filter { $0.isPartial || !$0.isPlain || ($0.isUnique && $0.columns != "id") }
        .map { "the index \($0.name)" }
      for column in columns[kind.table] ?? [] {
        let field = kind.schema.fields.first { $0.column == column.name }
        let isOther =
          column.isGenerated
          || (field.map { column.isNotNull && !$0.isNotNull && column.name != "id" } ?? false)
        if isOther { found.append("the column \(kind.table).\(column.name)") }
      }
      for key in foreignKeys where key.table == kind.table && key.isInHome {
        let isReference = kind.schema.references.contains { reference in
          key.target == reference.target.table && key.column?.target == "id"
            && key.column?.own == kind.schema.fields[reference.field].column
        }
        if !isReference {
          let columns = key.columns.map { "\(kind.table).\($0.own)" }.joined(separator: ", ")
          found.append("the foreign key of \(columns)")
        }
      }
    }
    return found
  }
}

extension FieldSchema {
  /// Whether the column can be added to a table with rows: its default must be NULL or a constant.
  fileprivate var canBeAdded: Bool {
    switch defaultValue {
    case .null: !isRequired
    case .text: true
    case .runStart, .sameAs: false
    }
  }
}
