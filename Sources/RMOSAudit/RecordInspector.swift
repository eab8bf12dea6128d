import RMOSModels
import RMOSStore

/// Inspects a store that has no schema of its own, by its records alone.
///
/// Its tables are as the kinds declare them. A look-up per reference, and one per row for its
/// provenance.
final class RecordInspector: SchemaInspecting {
  private let reader: any StoreReader
  private let isCancelled: () -> Bool

  init(_ reader: any StoreReader, isCancelled: @escaping () -> Bool) {
    self.reader = reader
    self.isCancelled = isCancelled
  }

  /// The records of a kind; a reader that cannot be interrupted is stopped here.
  private func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    var count = 0
    try reader.forEachRecord(kind) { record in
      count += 1
      if count % 256 == 0, isCancelled() { throw StoreError.cancelled }
      try body(record)
    }
  }

  // MARK: The schema, of which there is none

  func databaseSize() throws -> Int64 { 0 }

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
    in table: String, _ body: (ForeignKeyProblem) throws -> Void
  ) throws {}

  // MARK: The records

  func forEachRow(
    of kind: EntityKind, in table: InspectedTable, _ body: (InspectedRow) throws -> Void
  ) throws {
    try forEachRecord(kind) { record in
      try body(InspectedRow(key: InspectedKey(id: record.id, rowID: nil), record: record))
    }
  }

  func forEachID(of kind: EntityKind, _ body: (String) throws -> Void) throws {
    try forEachRecord(kind) { try body($0.id) }
  }

  func forEachDanglingReference(
    of kind: EntityKind, field: Int, in table: InspectedTable,
    _ body: (InspectedKey, _ reference: String) throws -> Void
  ) throws {
    guard let target = kind.schema.target(ofField: field) else { return }
    try forEachRecord(kind) { record in
      guard case .text(let reference) = record.values[field],
        try !reader.contains(target, id: reference)
      else { return }
      try body(InspectedKey(id: record.id, rowID: nil), reference)
    }
  }

  func forEachReference(
    of kind: EntityKind, field: Int, until deadline: ContinuousClock.Instant,
    _ body: (_ reference: String, _ rows: Int, _ isDangling: Bool) throws -> Void
  ) throws -> Bool {
    guard let target = kind.schema.target(ofField: field) else { return true }
    struct OutOfTime: Error {}
    var rows = 0
    do {
      try forEachRecord(kind) { record in
        // Not before 256 rows: a small store is read whole however slow the machine is.
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
      try forEachRecord(kind) { record in
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
    try forEachRecord(kind) { record in
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
