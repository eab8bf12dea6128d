import RMOSModels

extension StoreReader {
  /// An inspection based on the records alone, which a store without a schema of its own returns as
  /// its ``inspection``.
  ///
  /// Its tables are as the kinds declare them. It looks up each reference, and the provenance of
  /// each row.
  public var recordInspection: any SchemaInspecting { RecordInspection(reader: self) }
}

private struct RecordInspection: SchemaInspecting {
  let reader: any StoreReader

  // MARK: The schema, which is as the kinds declare it

  var hasSchema: Bool { false }

  func databaseSize() throws -> Int64? { nil }

  func schemaVersion() throws -> SchemaVersion? {
    SchemaVersion(version: SchemaVersion.created, appliedAt: nil)
  }

  func ledgerVersion() throws -> Int64? { nil }

  func inspectTables() throws -> [InspectedTable] {
    reader.catalog.kinds.map { kind in
      InspectedTable(
        name: kind.table, isTable: true, hasRowID: false,
        columns: kind.schema.fields.map { field in
          InspectedTable.Column(
            name: field.column, type: "", isNotNull: field.isNotNull,
            isPrimaryKey: field.column == "id", hasDefault: false)
        }, indexes: [], foreignKeys: [])
    }
  }

  func missingTables() throws -> [String] { [] }

  func writingObstacles() throws -> [WritingObstacle] { [] }

  func kindsWithLooseIDs() throws -> Set<EntityKind> { [] }

  func forEachIntegrityProblem(
    _ body: (String) throws -> Void
  ) throws -> [(table: String, reason: String)] { [] }

  func forEachForeignKeyProblem(
    in table: String, _ body: (InspectedKey, _ parent: String) throws -> Void
  ) throws {}

  // MARK: The records

  func forEachRow(
    of kind: EntityKind, in table: InspectedTable, _ body: (InspectedRow) throws -> Void
  ) throws {
    try reader.forEachRecord(kind) { record in
      try body(InspectedRow(key: InspectedKey(id: record.id, rowID: nil), record: record))
    }
  }

  func forEachID(of kind: EntityKind, _ body: (String) throws -> Void) throws {
    try reader.forEachRecord(kind) { try body($0.id) }
  }

  func forEachDanglingReference(
    of kind: EntityKind, field: Int, in table: InspectedTable,
    _ body: (InspectedKey, _ reference: String) throws -> Void
  ) throws {
    guard let target = kind.schema.target(ofField: field) else { return }
    try reader.forEachRecord(kind) { record in
      guard case .text(let reference) = record.values[field],
        try !reader.contains(target, id: reference)
      else { return }
      try body(InspectedKey(id: record.id, rowID: nil), reference)
    }
  }

  /// Calls `body` for each row: equal references are not grouped.
  func forEachReference(
    of kind: EntityKind, field: Int, until deadline: ContinuousClock.Instant,
    _ body: (_ reference: String, _ rows: Int, _ isDangling: Bool) throws -> Void
  ) throws -> Bool {
    guard let target = kind.schema.target(ofField: field) else { return true }
    struct OutOfTime: Error {}
    var rows = 0
    do {
      try reader.forEachRecord(kind) { record in
        // The first 256 rows are read without looking at the deadline, so that a small store is
        // read completely on any machine.
        rows += 1
        if rows % 256 == 0, ContinuousClock.now >= deadline { throw OutOfTime() }
        guard case .text(let reference) = record.values[field] else { return }
        try body(reference, 1, !reader.contains(target, id: reference))
      }
      return true
    } catch is OutOfTime {
      return false
    }
  }

  // MARK: Provenance

  func forEachDanglingProvenance(_ body: (DanglingProvenance) throws -> Void) throws {
    let runs = Set(try reader.runs(limit: nil).map(\.id))
    for kind in reader.catalog.kinds {
      try reader.forEachRecord(kind) { record in
        guard let provenance = try reader.provenance(kind, id: record.id),
          !runs.contains(provenance.run)
        else { return }
        try body(
          DanglingProvenance(
            kind: kind.rawValue, entityID: record.id, run: provenance.run, hasEntity: true,
            hasRun: false))
      }
    }
  }

  func forEachIDWithoutProvenance(
    of kind: EntityKind, _ body: (String) throws -> Void
  ) throws {
    try reader.forEachRecord(kind) { record in
      if try reader.provenance(kind, id: record.id) == nil { try body(record.id) }
    }
  }
}

extension EntitySchema {
  /// The kind that a field refers to; `nil` if it is not a reference.
  fileprivate func target(ofField field: Int) -> EntityKind? {
    references.first { $0.field == field }?.target
  }
}
