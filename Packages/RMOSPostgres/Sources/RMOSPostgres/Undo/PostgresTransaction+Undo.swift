import RMOSModels
import RMOSStore

extension PostgresTransaction {
  func undo(run: Int64) throws -> UndoCounts {
    let session = try session()
    // With triggers, rows are undone one by one, so that digests are computed from the rows as the
    // triggers leave them.
    if session.layout.hasTriggersOnEntities { return try undoRowByRow(run) }
    var counts = UndoCounts()
    // Rows are restored before others are removed, to which they may refer until then.
    for kind in catalog.kinds { counts.restored[kind] = try restoreRows(kind, run, session) }
    try restoreProvenance(run, session)
    // The remaining rows of the run are those that it inserted. In reverse order, since later kinds
    // refer to earlier ones.
    for kind in catalog.kinds.reversed() {
      counts.removed[kind] = try undo(
        run, session,
        "DELETE FROM \(kind.table) t USING migration_provenance p "
          + "WHERE p.kind = \(kind.table.sqlLiteral) AND p.run_id = $1 AND p.entity_id = t.id")
    }
    _ = try undo(run, session, "DELETE FROM migration_provenance WHERE run_id = $1")
    return counts
  }

  /// Restores the rows of a kind that the run rewrote, and returns their number.
  private func restoreRows(
    _ kind: EntityKind, _ run: Int64, _ session: PostgresSession
  ) throws -> Int {
    let assignments = zip(kind.schema.fields.dropFirst(), LedgerTable.imageColumns(of: kind))
      .map { "\($0.column) = i.\($1)::\($0.type.acceptedTypes[0])" }
    return try undo(
      run, session,
      "UPDATE \(kind.table) t SET \(assignments.joined(separator: ", ")) "
        + "FROM migration_before_images i WHERE i.kind = \(kind.table.sqlLiteral) "
        + "AND i.run_id = $1 AND i.entity_id = t.id")
  }

  /// Restores the provenance of the restored rows, and removes their before-images.
  private func restoreProvenance(_ run: Int64, _ session: PostgresSession) throws {
    let assignments = ProvenanceColumn.origin.map { "\($0.name) = excluded.\($0.name)" }
    _ = try undo(
      run, session,
      "INSERT INTO migration_provenance (\(LedgerTable.provenance.list)) "
        + "SELECT kind, entity_id, \(ProvenanceColumn.imageNames.joined(separator: ", ")) "
        + "FROM migration_before_images WHERE run_id = $1 AND from_run IS NOT NULL "
        + "ON CONFLICT (kind, entity_id) DO UPDATE SET \(assignments.joined(separator: ", "))")
    _ = try undo(
      run, session,
      "DELETE FROM migration_provenance p USING migration_before_images i "
        + "WHERE i.run_id = $1 AND i.from_run IS NULL AND p.kind = i.kind "
        + "AND p.entity_id = i.entity_id")
    _ = try undo(run, session, "DELETE FROM migration_before_images WHERE run_id = $1")
  }

  /// Restores rows one by one, and then deletes the remaining rows of the run.
  private func undoRowByRow(_ run: Int64) throws -> UndoCounts {
    var restored: [EntityKind: Int] = [:]
    try forEachBeforeImage(ofRun: run) { image in
      if try restore(image, run: run) { restored[image.record.kind, default: 0] += 1 }
    }
    var counts = UndoCounts()
    for kind in catalog.kinds { counts.restored[kind] = restored[kind, default: 0] }
    for kind in catalog.kinds.reversed() { counts.removed[kind] = try removeRows(kind, run) }
    return counts
  }

  /// Deletes the rows of a kind whose provenance names the run, and returns their number.
  private func removeRows(_ kind: EntityKind, _ run: Int64) throws -> Int {
    var count = 0
    try session().connection.forEachRow(
      "SELECT entity_id FROM migration_provenance WHERE kind = $1 AND run_id = $2 "
        + "ORDER BY entity_id", [kind.table, String(run)]
    ) { row in
      let id = row.string(at: 0)
      // The row may have been deleted without its provenance.
      guard try contains(kind, id: id) else { return }
      guard try delete(kind, id: id), try !contains(kind, id: id) else {
        throw StoreError.ignoredUndo(kind, run: run)
      }
      count += 1
    }
    return count
  }

  /// Executes a statement with the run as its parameter, and returns the number of changed rows.
  private func undo(
    _ run: Int64, _ session: PostgresSession, _ sql: String
  ) throws(StoreError) -> Int {
    do throws(StoreError) {
      return try session.connection.query(sql, [String(run)]).changes
    } catch {
      guard error.code == .constraint else { throw error }
      throw StoreError(
        .constraint,
        "run \(run) cannot be undone: \(error.message); look for a constraint of another "
          + "application. Nothing was changed", path: error.path)
    }
  }
}
