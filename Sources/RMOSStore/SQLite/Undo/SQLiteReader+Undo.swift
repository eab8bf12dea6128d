import RMOSModels
import RMOSSystem

extension SQLiteReader {
  final func forEachBeforeImage(
    ofRun run: Int64, _ body: (BeforeImage) throws -> Void
  ) throws {
    for kind in catalog.kinds {
      try forEachImage(of: kind, "run_id = ? ORDER BY entity_id", .integer(run)) {
        try body($1)
      }
    }
  }

  /// The before-images of a row, each with the run that rewrote it.
  final func images(
    of kind: EntityKind, id: String
  ) throws -> [(run: Int64, image: BeforeImage)] {
    var images: [(Int64, BeforeImage)] = []
    try forEachImage(of: kind, "entity_id = ?", .text(id)) { images.append(($0, $1)) }
    return images
  }

  /// Calls `body` with the before-images of a kind that satisfy a condition with a parameter, each
  /// with its run.
  private func forEachImage(
    of kind: EntityKind, _ condition: String, _ parameter: Value,
    _ body: (Int64, BeforeImage) throws -> Void
  ) throws {
    let session = try session()
    guard session.statements.hasUndo else { return }
    let columns = ["entity_id"] + LedgerTable.imageColumns(of: kind)
    let count = Int32(columns.count)
    let list = (columns + ProvenanceColumn.imageNames + ["run_id"]).joined(separator: ", ")
    try session.connection.forEachRow(
      "SELECT \(list) FROM migration_before_images WHERE kind = '\(kind.rawValue)' "
        + "AND \(condition)", parameter
    ) { row in
      let origin = LedgerRow<ProvenanceColumn>(row, first: count - ProvenanceColumn.run.rawValue)
      let record = Record(kind: kind, values: (0..<count).map { row.value(at: $0) })
      let run = row.integer(at: count + Int32(ProvenanceColumn.imageNames.count))
      let provenance = origin.isNull(.run) ? nil : origin.provenance(kind, record.id)
      try body(run, BeforeImage(record: record, provenance: provenance))
    }
  }

  final func forEachUndoObstacle(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    let session = try session()
    guard session.statements.hasLedger else { return }
    for kind in catalog.kinds {
      let table = try session.statements[kind]
      try forEachChange(ofInserted: table, run, session) { try body(.init(kind, $0, $1)) }
      guard session.statements.hasUndo else { continue }
      try forEachChange(ofUpdated: table, run, session) { try body(.init(kind, $0, $1)) }
      for reference in kind.schema.references {
        try forEachBrokenReference(
          table, reference.field, reference.target, run, session, body)
      }
    }
    if session.statements.hasUndo { try forEachReferenceFromOthers(ofRun: run, body) }
  }

  final func undoCounts(ofRun run: Int64) throws -> UndoCounts {
    let session = try session()
    var counts = UndoCounts()
    guard session.statements.hasUndo else { return counts }
    for kind in catalog.kinds {
      let name = kind.rawValue
      let table = try session.statements[kind]
      counts.restored[kind] = try count(
        "SELECT count(*) FROM migration_before_images WHERE kind = '\(name)' AND run_id = ?1",
        run, session)
      counts.removed[kind] = try count(
        "SELECT count(*) FROM migration_provenance p CROSS JOIN "
          + "\(table.source) t "
          + "ON \(table.isID("t.id", "p.entity_id")) WHERE p.kind = '\(name)' "
          + "AND p.run_id = ?1 AND NOT \(Self.isRewritten(name, "p.entity_id"))", run, session)
    }
    counts.removedElsewhere = try countsOfRowsRemovedElsewhere(ofRun: run)
    return counts
  }

  /// The number that a query returns, whose parameter is the run; 0 if it returns no row.
  final func count(_ sql: String, _ run: Int64, _ session: SQLiteSession) throws -> Int {
    Int(try session.connection.integer(sql, .integer(run)) ?? 0)
  }

  /// Calls `body` with each row that the run inserted and that cannot be removed, because it has
  /// changed or may have.
  private func forEachChange(
    ofInserted table: EntityStatements, _ run: Int64, _ session: SQLiteSession,
    _ body: (String, UndoObstacle.Reason) throws -> Void
  ) throws {
    let kind = table.kind.rawValue
    let hasUndo = session.statements.hasUndo
    let digest = hasUndo ? "p.row_digest" : "NULL"
    let values = table.expressions(of: "t").joined(separator: ", ")
    let isInserted = hasUndo ? "AND NOT \(Self.isRewritten(kind, "p.entity_id"))" : ""
    let written =
      "SELECT p.entity_id, \(digest), \(values) FROM migration_provenance p "
      + "CROSS JOIN \(table.source) t ON \(table.isID("t.id", "p.entity_id")) "
      + "WHERE p.kind = '\(kind)' AND p.run_id = ?1 \(isInserted) ORDER BY p.entity_id"
    try session.connection.forEachRow(written, .integer(run)) { row in
      let state = EditState(row.rowDigest(at: 1), found: row.rowDigest(table, at: 2), run: run)
      if let reason = state.obstacle { try body(row.text(at: 0) ?? "", reason) }
    }
    guard hasUndo else { return }
    // If the last writer has no before-image of the row, it has inserted the row anew, which is no
    // obstacle here.
    let later =
      "SELECT DISTINCT i.entity_id, p.run_id FROM migration_before_images i "
      + "JOIN migration_provenance p ON p.kind = i.kind AND p.entity_id = i.entity_id "
      + "JOIN \(table.source) t ON \(table.isID("t.id", "i.entity_id")) "
      + "JOIN migration_before_images j "
      + "ON j.kind = i.kind AND j.entity_id = i.entity_id AND j.run_id = p.run_id "
      + "WHERE i.kind = '\(kind)' AND i.from_run = ?1 "
      + "AND NOT \(Self.isRewritten(kind, "i.entity_id")) ORDER BY i.entity_id"
    try session.connection.forEachRow(later, .integer(run)) { row in
      try body(row.text(at: 0) ?? "", .isUpdated(by: row.integer(at: 1)))
    }
  }

  /// Calls `body` with each row that the run rewrote and that cannot be restored, because it has
  /// changed or may have.
  private func forEachChange(
    ofUpdated table: EntityStatements, _ run: Int64, _ session: SQLiteSession,
    _ body: (String, UndoObstacle.Reason) throws -> Void
  ) throws {
    let sql =
      "SELECT i.entity_id, t.id IS NOT NULL, p.run_id, j.run_id IS NOT NULL, p.row_digest, "
      + "\(table.expressions(of: "t").joined(separator: ", ")) FROM migration_before_images i "
      + "LEFT JOIN \(table.source) t ON \(table.isID("t.id", "i.entity_id")) "
      + "LEFT JOIN migration_provenance p ON p.kind = i.kind AND p.entity_id = i.entity_id "
      + "LEFT JOIN migration_before_images j "
      + "ON j.kind = i.kind AND j.entity_id = i.entity_id AND j.run_id = p.run_id "
      + "WHERE i.kind = '\(table.kind.rawValue)' AND i.run_id = ?1 ORDER BY i.entity_id"
    try session.connection.forEachRow(sql, .integer(run)) { row in
      let writer: Int64? = row.type(at: 2) == .null ? nil : row.integer(at: 2)
      let reason: UndoObstacle.Reason? =
        if row.integer(at: 1) == 0 {
          .isDeleted
        } else if let writer, writer != run {
          row.integer(at: 3) != 0 ? .isUpdated(by: writer) : .isReplaced(by: writer)
        } else if writer == nil {
          .isReplaced(by: nil)
        } else {
          EditState(row.rowDigest(at: 4), found: row.rowDigest(table, at: 5), run: run).obstacle
        }
      if let reason { try body(row.text(at: 0) ?? "", reason) }
    }
  }

  /// Calls `body` with each reference in one field that undoing the run would break.
  private func forEachBrokenReference(
    _ table: EntityStatements, _ field: Int, _ target: EntityKind, _ run: Int64,
    _ session: SQLiteSession, _ body: (UndoObstacle) throws -> Void
  ) throws {
    let (kind, column) = (table.kind.rawValue, table.expressions(of: "t")[field])
    let referred = try session.statements[target]
    let image = LedgerTable.imageColumns(of: table.kind)[field - 1]
    /// The condition that undoing the run removes an existing row; a reference that dangles already
    /// is no obstacle.
    func isRemoved(_ id: String) -> String {
      "\(Self.isRemovedByUndo(target, id)) "
        + "AND EXISTS (SELECT 1 FROM \(referred.source) r WHERE \(referred.isID("r.id", id)))"
    }
    func forEach(_ sql: String, _ obstacle: (String, String) -> UndoObstacle) throws {
      try session.connection.forEachRow(sql, .integer(run)) { row in
        try body(obstacle(row.text(at: 0) ?? "", row.text(at: 1) ?? ""))
      }
    }
    try forEach(
      // The first condition is the fastest: it is looked up in the order of the ids, and is false
      // for most rows.
      "SELECT t.id, \(column) FROM \(table.source) t WHERE \(column) IS NOT NULL "
        + "AND NOT \(Self.isWritten(kind, "t.id")) AND NOT \(Self.isRewritten(kind, "t.id")) "
        + "AND \(isRemoved(column)) ORDER BY t.id"
    ) { UndoObstacle(target, $1, .isReferred(by: table.kind, id: $0)) }
    let images = "FROM migration_before_images i WHERE i.kind = '\(kind)' AND i.run_id = ?1"
    try forEach(
      "SELECT i.entity_id, i.\(image) \(images) AND i.\(image) IS NOT NULL "
        + "AND \(isRemoved("i.\(image)")) ORDER BY i.entity_id"
    ) { UndoObstacle(target, $1, .isReferred(by: table.kind, id: $0)) }
    try forEach(
      "SELECT i.entity_id, i.\(image) \(images) AND i.\(image) IS NOT NULL "
        + "AND NOT EXISTS (SELECT 1 FROM \(referred.source) r "
        + "WHERE \(referred.isID("r.id", "i.\(image)"))) ORDER BY i.entity_id"
    ) { UndoObstacle(table.kind, $0, .misses(target, id: $1)) }
  }

  /// The condition that run ?1 was the last to write the row.
  private static func isWritten(_ kind: String, _ id: String) -> String {
    "EXISTS (SELECT 1 FROM migration_provenance w "
      + "WHERE w.kind = '\(kind)' AND w.entity_id = \(id) AND w.run_id = ?1)"
  }

  /// The condition that run ?1 rewrote the row.
  private static func isRewritten(_ kind: String, _ id: String) -> String {
    "EXISTS (SELECT 1 FROM migration_before_images b "
      + "WHERE b.kind = '\(kind)' AND b.entity_id = \(id) AND b.run_id = ?1)"
  }

  /// The condition that undoing run ?1 removes the row if it exists.
  static func isRemovedByUndo(_ kind: EntityKind, _ id: String) -> String {
    "\(isWritten(kind.rawValue, id)) AND NOT \(isRewritten(kind.rawValue, id))"
  }
}

extension SQLiteStatement {
  /// The digest of a row whose fields begin at the column `first`.
  func rowDigest(_ table: EntityStatements, at first: Int32) -> RowDigest {
    var hasher = RowHasher()
    for column in first..<first + Int32(table.fieldCount) {
      switch type(at: column) {
      case .null: hasher.combineNull()
      case .integer: hasher.combine(integer(at: column))
      case .real: hasher.combine(real(at: column))
      case .text: unsafe hasher.combine(text: UnsafeRawBufferPointer(borrowedText(at: column)))
      case .blob: unsafe blob(at: column).withUnsafeBytes { unsafe hasher.combine(blob: $0) }
      }
    }
    return hasher.digest
  }
}
