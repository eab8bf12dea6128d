import RMOSModels

extension SQLiteTransaction {
  func undo(run: Int64) throws -> UndoCounts {
    let session = try enforcingSession()
    session.connection.knownIDs?.removeAll()
    var counts = UndoCounts()
    // Counted before the provenance, which says what the run inserted, changes.
    counts.removedElsewhere = try countsOfRowsRemovedElsewhere(ofRun: run)
    // SQLite does not count the rows that it deletes with others.
    let removed = try mayDeleteEntitiesAlong(session) ? undoCounts(ofRun: run).removed : nil
    // Rows are restored first, because before that they may refer to rows to be removed.
    for kind in catalog.kinds {
      counts.restored[kind] = try restoreRows(kind, run, session)
    }
    try restoreProvenance(run, session)
    // The remaining rows of the run are those that it inserted. In reverse order of the catalog,
    // rows are removed before those to which they refer.
    for kind in catalog.kinds.reversed() {
      counts.removed[kind] = try removeRows(kind, run, session)
    }
    if let removed { counts.removed = removed }
    try checkRemoval(run, session)
    let isLast =
      try count("SELECT 1 FROM migration_provenance WHERE run_id <> ?1 LIMIT 1", run, session) == 0
    _ =
      isLast
      ? try emptyTable("migration_provenance", session)
      : try undo(run, session, "DELETE FROM migration_provenance WHERE run_id = ?1")
    return counts
  }

  /// Removes the rows of a kind whose provenance names the run, and returns their number.
  private func removeRows(
    _ kind: EntityKind, _ run: Int64, _ session: SQLiteSession
  ) throws -> Int {
    if try isWhole(kind, run, session) { return try emptyTable(kind.table, session) }
    return try undo(
      run, session,
      "DELETE FROM \(kind.table) WHERE id COLLATE BINARY IN (SELECT entity_id "
        + "FROM migration_provenance WHERE kind = '\(kind.rawValue)' AND run_id = ?1)")
  }

  /// Whether all rows of a kind belong to the run and can be removed without effects on other
  /// tables: there are no triggers, and no rows that might refer to them.
  private func isWhole(
    _ kind: EntityKind, _ run: Int64, _ session: SQLiteSession
  ) throws -> Bool {
    let layout = session.layout
    guard !layout.hasTriggers, !layout.hasDeferredKeys, layout.hasRowNumbers(kind) else {
      return false
    }
    let all = try session.connection.integer("SELECT count(*) FROM \(kind.table)") ?? 0
    let table = try session.statements[kind]
    guard all > 0,
      try Int(all)
        == count(
          "SELECT count(*) FROM migration_provenance p CROSS JOIN \(kind.table) t "
            + "ON \(table.isID("t.id", "p.entity_id")) "
            + "WHERE p.kind = '\(kind.rawValue)' AND p.run_id = ?1", run, session)
    else { return false }
    return try referringTables(kind, session).allSatisfy { name in
      try session.connection.integer("SELECT 1 FROM \(name.sqlName) LIMIT 1") == nil
    }
  }

  /// Removes all rows of a table and returns their number.
  ///
  /// While foreign keys are enforced, SQLite would delete row by row, and change the pages of
  /// indexes many times; otherwise it frees all pages at once.
  private func emptyTable(_ table: String, _ session: SQLiteSession) throws -> Int {
    let connection = session.connection
    try connection.setEnforcesKeys(false)
    defer { try? connection.setEnforcesKeys(true) }
    try connection.execute("DELETE FROM \(table)")
    return connection.changes
  }

  /// Restores the rows of a kind that the run rewrote, and returns their number.
  private func restoreRows(
    _ kind: EntityKind, _ run: Int64, _ session: SQLiteSession
  ) throws -> Int {
    let table = try session.statements[kind]
    let assignments = zip(kind.schema.fields.dropFirst(), LedgerTable.imageColumns(of: kind))
      .map { "\($0.column) = i.\($1)" }
    let restored = try undo(
      run, session,
      "\(table.updateVerb) \(kind.table) SET \(assignments.joined(separator: ", ")) "
        + "FROM migration_before_images i WHERE i.kind = '\(kind.rawValue)' AND i.run_id = ?1 "
        + "AND i.entity_id = \(kind.table).id")
    let images =
      "SELECT count(*) FROM migration_before_images i WHERE i.kind = '\(kind.rawValue)' "
      + "AND i.run_id = ?1"
    // Only if the numbers differ are the rows counted that still exist, which takes longer.
    if try restored != count(images, run, session),
      try restored
        != count(
          "\(images) AND EXISTS (SELECT 1 FROM \(kind.table) t "
            + "WHERE \(table.isID("t.id", "i.entity_id")))", run, session)
    {
      throw StoreError.ignoredUndo(kind, run: run)
    }
    return restored
  }

  /// Restores the provenance of the restored rows, and removes their before-images.
  private func restoreProvenance(_ run: Int64, _ session: SQLiteSession) throws {
    _ = try undo(
      run, session,
      "INSERT OR REPLACE INTO migration_provenance (\(ProvenanceColumn.list())) "
        + "SELECT kind, entity_id, \(ProvenanceColumn.imageNames.joined(separator: ", ")) "
        + "FROM migration_before_images WHERE run_id = ?1 AND from_run IS NOT NULL")
    _ = try undo(
      run, session,
      "DELETE FROM migration_provenance WHERE (kind, entity_id) IN "
        + "(SELECT kind, entity_id FROM migration_before_images "
        + "WHERE run_id = ?1 AND from_run IS NULL)")
    if session.layout.hasTriggers {
      for kind in catalog.kinds { try digestRestored(kind, run, session) }
    }
    _ = try undo(run, session, "DELETE FROM migration_before_images WHERE run_id = ?1")
  }

  /// Checks that the rows that the run inserted are removed: a trigger can ignore a deletion, or
  /// revert it.
  private func checkRemoval(_ run: Int64, _ session: SQLiteSession) throws {
    guard session.layout.hasTriggers else { return }
    for kind in catalog.kinds {
      let table = try session.statements[kind]
      let remaining = try count(
        "SELECT EXISTS (SELECT 1 FROM migration_provenance p CROSS JOIN \(kind.table) t "
          + "ON \(table.isID("t.id", "p.entity_id")) "
          + "WHERE p.kind = '\(kind.rawValue)' AND p.run_id = ?1)", run, session)
      guard remaining == 0 else { throw StoreError.ignoredUndo(kind, run: run) }
    }
  }

  /// Runs a statement with the run as its parameter, and returns the number of changed rows.
  private func undo(_ run: Int64, _ session: SQLiteSession, _ sql: String) throws -> Int {
    do {
      try session.connection.run(sql, .integer(run))
      return session.connection.changes
    } catch var error as StoreError where error.code == .constraint {
      error.message =
        "run \(run) cannot be undone: \(error.message); look for a trigger or a constraint of "
        + "another application. Nothing was changed"
      throw error
    }
  }

  /// Updates the digest of each restored row that a trigger has changed, unless the row was edited
  /// before the run rewrote it.
  private func digestRestored(_ kind: EntityKind, _ run: Int64, _ session: SQLiteSession) throws {
    let table = try session.statements[kind]
    let images = LedgerTable.imageColumns(of: kind).map { "i.\($0)" }
    let sql =
      "SELECT i.row_digest, i.entity_id, \(images.joined(separator: ", ")), "
      + "\(table.expressions(of: "t").joined(separator: ", ")) FROM migration_before_images i "
      + "CROSS JOIN \(table.source) t ON \(table.isID("t.id", "i.entity_id")) "
      + "WHERE i.kind = '\(kind.rawValue)' AND i.run_id = ?1 AND i.from_run IS NOT NULL"
    try session.connection.forEachRow(sql, .integer(run)) { row in
      let written = row.rowDigest(at: 0)
      let found = row.rowDigest(table, at: 1 + Int32(table.fieldCount))
      guard found != written, row.rowDigest(table, at: 1) == written else { return }
      try session.connection.run(
        "UPDATE migration_provenance SET row_digest = ?1 WHERE kind = ?2 AND entity_id = ?3",
        .integer(Int64(bitPattern: found.rawValue)), .text(kind.rawValue),
        .text(row.text(at: 1) ?? ""))
    }
  }
}
