import RMOSModels
import RMOSStore

extension PostgresTransaction {
  func undo(run: Int64) throws -> UndoCounts {
    let session = try session()
    // Counted before the provenance, which says what the run inserted, changes. Some rows may be
    // deleted with those of other kinds, so the statements do not count them.
    var counts = try undoCounts(ofRun: run)
    // Rows are restored before others are removed, to which they may refer until then.
    for kind in catalog.kinds { counts.restored[kind] = 0 }
    if session.layout.mayChangeOrIgnoreEntities {
      // One by one, so that digests are computed from the rows as triggers leave them.
      try forEachBeforeImage(ofRun: run) { image in
        if try restore(image, run: run) { counts.restored[image.record.kind, default: 0] += 1 }
      }
    } else {
      for kind in catalog.kinds { counts.restored[kind] = try restoreRows(kind, run, session) }
      try restoreProvenance(run, session)
    }
    // The remaining rows of the run are those that it inserted. In reverse order, since later kinds
    // refer to earlier ones.
    for kind in catalog.kinds.reversed() {
      _ = try undo(
        run, session,
        "DELETE FROM \(kind.table) t USING migration_provenance p "
          + "WHERE p.kind = \(kind.table.sqlLiteral) AND p.run_id = $1 AND p.entity_id = t.id")
    }
    try checkRemoval(run, session)
    _ = try undo(run, session, "DELETE FROM migration_provenance WHERE run_id = $1")
    return counts
  }

  /// Checks that the rows that the run inserted are removed: a trigger or a rule can ignore a
  /// deletion, or revert it.
  private func checkRemoval(_ run: Int64, _ session: PostgresSession) throws {
    guard session.layout.mayChangeOrIgnoreEntities else { return }
    for kind in catalog.kinds {
      let remaining = try session.connection.query(
        "SELECT 1 FROM migration_provenance p "
          + "JOIN \(session.statements[kind].source("t")) ON t.id = p.entity_id "
          + "WHERE p.kind = \(kind.table.sqlLiteral) AND p.run_id = $1 LIMIT 1", [String(run)])
      guard remaining.first == nil else { throw StoreError.ignoredUndo(kind, run: run) }
    }
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
        "run \(run) cannot be undone: \(error.message); look for a trigger or a constraint of "
          + "another application. Nothing was changed", path: error.path)
    }
  }
}
