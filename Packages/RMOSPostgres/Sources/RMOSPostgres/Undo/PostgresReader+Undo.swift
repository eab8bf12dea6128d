import RMOSModels
import RMOSStore

// The obstacles to undoing a run, found by queries.

extension PostgresReader {
  final func forEachUndoObstacle(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    let session = try session()
    guard session.statements.hasLedger else { return }
    for kind in catalog.kinds {
      let table = try session.statements[kind]
      try forEachChange(ofInserted: table, run, session) { try body(.init(kind: kind, id: $0, $1)) }
      try forEachChange(ofUpdated: table, run, session) { try body(.init(kind: kind, id: $0, $1)) }
      for reference in kind.schema.references {
        try forEachBrokenReference(table, reference.field, reference.target, run, session, body)
      }
    }
    try forEachReferenceFromOthers(ofRun: run, body)
  }

  final func undoCounts(ofRun run: Int64) throws -> UndoCounts {
    let session = try session()
    var counts = UndoCounts()
    guard session.statements.hasLedger else { return counts }
    for kind in catalog.kinds {
      let name = kind.table.sqlLiteral
      counts.restored[kind] = try session.connection.query(
        "SELECT count(*) FROM migration_before_images WHERE kind = \(name) AND run_id = $1",
        [String(run)]
      ).first?.count(at: 0)
      counts.removed[kind] = try session.connection.query(
        "SELECT count(*) FROM migration_provenance p "
          + "JOIN \(session.statements[kind].source("t")) ON t.id = p.entity_id "
          + "WHERE p.kind = \(name) AND p.run_id = $1 AND NOT \(Self.isRewritten(kind, "p.entity_id"))",
        [String(run)]
      ).first?.count(at: 0)
    }
    counts.removedElsewhere = try countsOfRowsRemovedElsewhere(ofRun: run)
    return counts
  }

  /// Calls `body` with each row that the run inserted and that has changed.
  private func forEachChange(
    ofInserted table: EntityStatements, _ run: Int64, _ session: PostgresSession,
    _ body: (String, UndoObstacle.Reason) throws -> Void
  ) throws {
    let kind = table.kind
    let values = table.expressions("t").joined(separator: ", ")
    try session.connection.forEachRow(
      "SELECT p.entity_id, p.row_digest, \(values) FROM migration_provenance p "
        + "JOIN \(table.source("t")) ON t.id = p.entity_id "
        + "WHERE p.kind = \(kind.table.sqlLiteral) AND p.run_id = $1 "
        + "AND NOT \(Self.isRewritten(kind, "p.entity_id")) ORDER BY p.entity_id COLLATE \"C\"",
      [String(run)]
    ) { row in
      if let reason = row.change(kind, digestAt: 1, recordFrom: 2) {
        try body(row.string(at: 0), reason)
      }
    }
    // A run that rewrote a row keeps an image of it; a run that inserted the row again does not.
    try session.connection.forEachRow(
      "SELECT DISTINCT i.entity_id COLLATE \"C\", p.run_id FROM migration_before_images i "
        + "JOIN migration_provenance p ON p.kind = i.kind AND p.entity_id = i.entity_id "
        + "JOIN \(table.source("t")) ON t.id = i.entity_id "
        + "JOIN migration_before_images j "
        + "ON j.kind = i.kind AND j.entity_id = i.entity_id AND j.run_id = p.run_id "
        + "WHERE i.kind = \(kind.table.sqlLiteral) AND i.from_run = $1 "
        + "AND NOT \(Self.isRewritten(kind, "i.entity_id")) ORDER BY 1", [String(run)]
    ) { row in
      try body(row.string(at: 0), .isUpdated(by: row.integer(at: 1) ?? 0))
    }
  }

  /// Calls `body` with each row that the run rewrote and that has changed.
  private func forEachChange(
    ofUpdated table: EntityStatements, _ run: Int64, _ session: PostgresSession,
    _ body: (String, UndoObstacle.Reason) throws -> Void
  ) throws {
    let kind = table.kind
    try session.connection.forEachRow(
      "SELECT i.entity_id, t.id IS NOT NULL, p.run_id, j.run_id IS NOT NULL, p.row_digest, "
        + "\(table.expressions("t").joined(separator: ", ")) FROM migration_before_images i "
        + "LEFT JOIN \(table.source("t")) ON t.id = i.entity_id "
        + "LEFT JOIN migration_provenance p ON p.kind = i.kind AND p.entity_id = i.entity_id "
        + "LEFT JOIN migration_before_images j "
        + "ON j.kind = i.kind AND j.entity_id = i.entity_id AND j.run_id = p.run_id "
        + "WHERE i.kind = \(kind.table.sqlLiteral) AND i.run_id = $1 "
        + "ORDER BY i.entity_id COLLATE \"C\"", [String(run)]
    ) { row in
      let reason: UndoObstacle.Reason? =
        if !row.isTrue(at: 1) {
          .isDeleted
        } else if let writer = row.integer(at: 2), writer != run {
          row.isTrue(at: 3) ? .isUpdated(by: writer) : .isReplaced(by: writer)
        } else if row.isNull(at: 2) {
          .isReplaced(by: nil)
        } else {
          row.change(kind, digestAt: 4, recordFrom: 5)
        }
      if let reason { try body(row.string(at: 0), reason) }
    }
  }

  /// Calls `body` with each reference in one field that would dangle.
  private func forEachBrokenReference(
    _ table: EntityStatements, _ field: Int, _ target: EntityKind, _ run: Int64,
    _ session: PostgresSession, _ body: (UndoObstacle) throws -> Void
  ) throws {
    let (kind, column) = (table.kind, table.expressions("t")[field])
    let image = "i.\(LedgerTable.imageColumns(of: kind)[field - 1])"
    let referred = try session.statements[target].source("r")
    // A reference that dangles already, because of another application, is no obstacle.
    func isRemoved(_ id: String) -> String {
      "\(Self.isRemovedByUndo(target, id)) AND EXISTS (SELECT 1 FROM \(referred) WHERE r.id = \(id))"
    }
    func forEach(_ sql: String, _ obstacle: (String, String) -> UndoObstacle) throws {
      try session.connection.forEachRow(sql, [String(run)]) { row in
        try body(obstacle(row.string(at: 0), row.string(at: 1)))
      }
    }
    try forEach(
      "SELECT t.id, \(column) FROM \(table.source("t")) WHERE \(column) IS NOT NULL "
        + "AND \(isRemoved(column)) AND NOT \(Self.isWritten(kind, "t.id")) "
        + "AND NOT \(Self.isRewritten(kind, "t.id")) ORDER BY t.id COLLATE \"C\""
    ) { UndoObstacle(kind: target, id: $1, .isReferred(by: kind, id: $0)) }
    let images =
      "SELECT i.entity_id, \(image) FROM migration_before_images i "
      + "WHERE i.kind = \(kind.table.sqlLiteral) AND i.run_id = $1 AND \(image) IS NOT NULL"
    try forEach(
      "\(images) AND \(isRemoved(image)) ORDER BY i.entity_id COLLATE \"C\""
    ) { UndoObstacle(kind: target, id: $1, .isReferred(by: kind, id: $0)) }
    try forEach(
      "\(images) AND NOT EXISTS (SELECT 1 FROM \(referred) WHERE r.id = \(image)) "
        + "ORDER BY i.entity_id COLLATE \"C\""
    ) { UndoObstacle(kind: kind, id: $0, .misses(target, id: $1)) }
  }

  /// Returns the condition that run $1 was the last to write the row.
  private static func isWritten(_ kind: EntityKind, _ id: String) -> String {
    "EXISTS (SELECT 1 FROM migration_provenance w WHERE w.kind = \(kind.table.sqlLiteral) "
      + "AND w.entity_id = \(id) AND w.run_id = $1)"
  }

  /// Returns the condition that run $1 rewrote the row.
  private static func isRewritten(_ kind: EntityKind, _ id: String) -> String {
    "EXISTS (SELECT 1 FROM migration_before_images b WHERE b.kind = \(kind.table.sqlLiteral) "
      + "AND b.entity_id = \(id) AND b.run_id = $1)"
  }

  /// Returns the condition that undoing run $1 removes the row if it exists.
  static func isRemovedByUndo(_ kind: EntityKind, _ id: String) -> String {
    "\(Self.isWritten(kind, id)) AND NOT \(Self.isRewritten(kind, id))"
  }
}

extension PostgresRow {
  /// Returns why a row with a digest and values in these columns cannot be undone; `nil` if it can.
  fileprivate func change(
    _ kind: EntityKind, digestAt digest: Int, recordFrom first: Int
  ) -> UndoObstacle.Reason? {
    guard let written = integer(at: digest) else { return .isUnknown }
    let found = RowDigest(of: kind.record(self, from: first))
    return RowDigest(rawValue: UInt64(bitPattern: written)) == found ? nil : .isEdited
  }
}
