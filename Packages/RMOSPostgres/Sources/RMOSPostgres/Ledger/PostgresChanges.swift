import RMOSModels
import RMOSStore

// The changes of rows by a server.

extension PostgresReader {
  final func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws {
    let session = try session()
    guard session.layout.hasChanges else { return }
    for kind in catalog.kinds {
      try session.connection.forEachRow(
        "SELECT entity_id, row_digest, before_json FROM migration_changes "
          + "WHERE kind = $1 AND run_id = $2 ORDER BY entity_id COLLATE \"C\"",
        [kind.table, String(run)]
      ) { row in try body(try row.change(kind, row.string(at: 0), run: run)) }
    }
  }

  final func changes(of kind: EntityKind, id: String) throws -> [RowChange] {
    let session = try session()
    guard session.statements.hasLedger, !id.utf8.contains(0) else { return [] }
    var changes: [RowChange] = []
    if session.layout.hasChanges {
      try session.connection.forEachRow(
        "SELECT run_id, row_digest, before_json FROM migration_changes "
          + "WHERE kind = $1 AND entity_id = $2", [kind.table, id]
      ) { changes.append(try $0.change(kind, id, run: $0.integer(at: 0) ?? 0)) }
    }
    try forEachImage(of: kind, "entity_id = $2", id) { run, image in
      changes.append(RowChange(run: run, kind: kind, id: id, before: image, result: .rewritten))
    }
    return changes.sorted { $0.run > $1.run }
  }
}

extension PostgresTransaction {
  func keep(_ change: RowChange) throws {
    let stored = change.stored
    try session().connection.query(
      "INSERT INTO migration_changes (kind, entity_id, run_id, row_digest, before_json) "
        + "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, entity_id, run_id) DO UPDATE "
        + "SET row_digest = excluded.row_digest, before_json = excluded.before_json",
      [
        change.kind.table, change.id, String(change.run), stored.digest.map { String($0) },
        stored.before,
      ])
  }

  func removeChanges(ofRun run: Int64) throws {
    try session().connection.query(
      "DELETE FROM migration_changes WHERE run_id = $1", [String(run)])
  }
}

// The values in columns of other applications, which are kept with a row that a server deletes.

extension PostgresReader {
  final func otherColumns(of kind: EntityKind, id: String) throws -> [String: Value] {
    let session = try session()
    let columns = session.layout.otherColumns(of: kind)
    guard !columns.isEmpty, !id.utf8.contains(0) else { return [:] }
    let list = columns.map { "\(SQL.quoted($0.name))::text" }.joined(separator: ", ")
    var values: [String: Value] = [:]
    try session.connection.forEachRow("SELECT \(list) FROM \(kind.table) WHERE id = $1", [id]) {
      row in
      for (position, column) in columns.enumerated() {
        values[column.name] = row.text(at: position).map(Value.text) ?? .null
      }
    }
    return values
  }
}

extension PostgresTransaction {
  func setOtherColumns(_ values: [String: Value], of kind: EntityKind, id: String) throws {
    let session = try session()
    let columns = session.layout.otherColumns(of: kind).filter { values[$0.name] != nil }
    guard !columns.isEmpty else { return }
    let assignments = columns.enumerated().map { position, column in
      "\(SQL.quoted(column.name)) = $\(position + 2)::text::\(column.type)"
    }
    let texts = columns.map { column -> String? in
      if case .text(let text)? = values[column.name] { text } else { nil }
    }
    try session.connection.query(
      "UPDATE \(kind.table) SET \(assignments.joined(separator: ", ")) WHERE id = $1",
      [id] + texts)
  }
}

extension PostgresLayout {
  /// Returns the columns that others have added to the table of a kind and that can be set.
  fileprivate func otherColumns(of kind: EntityKind) -> [Column] {
    let known = Set(kind.schema.fields.map(\.column) + [EntitySchema.rowOrder])
    return (columns[kind.table] ?? []).filter { !known.contains($0.name) && !$0.isGenerated }
  }
}

extension PostgresRow {
  /// Returns a change whose digest and before-image are in the second and the third column.
  fileprivate func change(
    _ kind: EntityKind, _ id: String, run: Int64
  ) throws(StoreError) -> RowChange {
    try RowChange(
      run: run, kind: kind, id: id, stored: (integer(at: 1), text(at: 2)))
  }
}
