import RMOSModels
import RMOSStore

/// The writing side of a ``PostgresStore``, valid within one closure.
final class PostgresTransaction: PostgresReader, StoreTransaction {
  func insert(_ record: Record, provenance: Provenance?) throws {
    let session = try session()
    let id = try record.requiredID()
    let table = try session.statements[record.kind]
    let parameters = try record.checkedParameters()
    try writeOne(session, record.kind, id) {
      guard try session.connection.query(table.insert, parameters).changes > 0 else {
        throw StoreError.ignoredRow(record.kind)
      }
      if let provenance {
        try write(provenance, of: record, session)
      } else {
        // An older application that deleted the row may have left its provenance behind.
        try deleteProvenance(record.kind, id: id, session)
      }
    }
  }

  func insert(
    _ batch: RecordBatch, at indices: [Int], run: Int64
  ) throws -> [Int: StoreError] {
    let session = try session()
    var refusals: [Int: StoreError] = [:]
    if try BatchInsertion(batch, indices, run: run).run(session) { return refusals }
    for index in indices {
      do {
        try insert(batch.record(at: index), provenance: batch.provenance(at: index, run: run))
      } catch let error as StoreError where error.concernsOneRecord {
        refusals[index] = error
      }
    }
    return refusals
  }

  func update(_ record: Record) throws -> Bool {
    let session = try session()
    let id = try record.requiredID()
    guard try self.record(record.kind, id: id) != nil else { return false }
    let parameters = try record.checkedParameters()
    return try writeOne(session, record.kind, id) {
      try replace(record.kind, parameters, session)
    }
  }

  func rewrite(_ record: Record, provenance: Provenance) throws {
    let session = try session()
    let (kind, id) = (record.kind, try record.requiredID())
    let table = try session.statements[kind]
    let parameters = try record.checkedParameters()
    try writeOne(session, kind, id) {
      let kept = try session.connection.query(
        table.insertBeforeImage, [id, String(provenance.run)])
      guard kept.changes > 0 else {
        throw try contains(kind, id: id)
          ? StoreError(.rewrittenTwice(kind, id: id, run: provenance.run))
          : StoreError(.nothingToUpdate(kind, id: id))
      }
      guard try replace(kind, parameters, session) else { throw StoreError.ignoredRow(kind) }
      try write(provenance, of: record, session)
    }
  }

  func restore(_ image: BeforeImage, run: Int64) throws -> Bool {
    let session = try session()
    let (kind, id) = (image.record.kind, image.record.id)
    let isThere = try contains(kind, id: id)
    let parameters = try image.record.checkedParameters()
    try writeOne(session, kind, id) {
      try session.connection.query(
        "DELETE FROM migration_before_images WHERE kind = $1 AND entity_id = $2 AND run_id = $3",
        [kind.table, id, String(run)])
      guard isThere else { return }
      guard try replace(kind, parameters, session) else {
        throw StoreError.ignoredUndo(kind, run: run)
      }
      guard let provenance = image.provenance else {
        return try deleteProvenance(kind, id: id, session)
      }
      // An edit before the run stays one; what a trigger has changed now is none.
      let isAsWritten = provenance.rowDigest == RowDigest(of: image.record)
      try write(provenance, of: image.record, session, keepsDigest: !isAsWritten)
    }
    return isThere
  }

  func delete(_ kind: EntityKind, id: String) throws -> Bool {
    let session = try session()
    let table = try session.statements[kind]
    guard !id.utf8.contains(0) else { return false }
    do {
      return try session.connection.savepoint {
        guard try session.connection.query(table.delete, [id]).changes > 0 else { return false }
        try deleteProvenance(kind, id: id, session)
        return true
      }
    } catch let error as StoreError where error.code == .constraint {
      guard session.connection.report?.isOfForeignKey == true else { throw error }
      throw StoreError(.stillReferenced(kind, id: id, catalog))
    }
  }

  // MARK: Pieces

  /// Replaces a row.
  ///
  /// - Returns: Whether it existed and was not ignored.
  private func replace(
    _ kind: EntityKind, _ parameters: [String?], _ session: PostgresSession
  ) throws(StoreError) -> Bool {
    try session.connection.query(session.statements[kind].update, parameters).changes > 0
  }

  private func deleteProvenance(
    _ kind: EntityKind, id: String, _ session: PostgresSession
  ) throws(StoreError) {
    try session.connection.query(
      "DELETE FROM migration_provenance WHERE kind = $1 AND entity_id = $2", [kind.table, id])
  }

  /// Writes the provenance of a row just written, with the digest of the stored row, unless the
  /// provenance keeps its own digest.
  private func write(
    _ provenance: Provenance, of record: Record, _ session: PostgresSession,
    keepsDigest: Bool = false
  ) throws {
    let digest: RowDigest?
    if keepsDigest {
      digest = provenance.rowDigest
    } else if session.layout.hasTriggers(record.kind) {
      guard let stored = try self.record(record.kind, id: record.id) else {
        throw StoreError.ignoredRow(record.kind)
      }
      digest = RowDigest(of: stored)
    } else {
      digest = RowDigest(of: record.asStored)
    }
    try session.connection.query(
      ProvenanceColumn.replaceSQL, provenance.columns(id: record.id, digest))
  }

  /// Runs the statements that write one entity; if one of them is refused, all are rolled back.
  private func writeOne<Result>(
    _ session: PostgresSession, _ kind: EntityKind, _ id: String, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try session.connection.savepoint(body)
    } catch let error as StoreError where error.code == .constraint {
      guard session.connection.isInTransaction, let report = session.connection.report else {
        throw error
      }
      if report.isOfForeignKey { throw StoreError(.brokenForeignKey(kind, id: id)) }
      if report.state == SQLState.uniqueViolation,
        session.layout.isKey(report.constraint, of: kind)
      {
        throw StoreError(.duplicateID(kind, id: id))
      }
      throw StoreError(.invalid(kind, id: id, report.text))
    }
  }
}

extension Record {
  /// The values in text form as the columns take them.
  ///
  /// - Throws: ``StoreError/Code/constraint``, naming the entity, if a column cannot hold its
  ///   value.
  fileprivate func checkedParameters() throws(StoreError) -> [String?] {
    do {
      return try parameters()
    } catch {
      throw StoreError(.invalid(kind, id: id, error.message))
    }
  }
}

extension PostgresLayout {
  /// Whether a constraint is the primary key of a kind's table.
  fileprivate func isKey(_ name: String?, of kind: EntityKind) -> Bool {
    indexes[kind.table]?.contains { $0.name == name && $0.columns == "id" } == true
  }
}

extension ProvenanceColumn {
  /// Replaces the provenance of an entity: where an older application deleted a row, it is still
  /// there.
  fileprivate static let replaceSQL: String = {
    let assignments = origin.map { "\($0.name) = excluded.\($0.name)" }
    return "INSERT INTO migration_provenance (\(LedgerTable.provenance.list)) "
      + "VALUES (\(SQL.parameters(allCases.count))) ON CONFLICT (kind, entity_id) "
      + "DO UPDATE SET \(assignments.joined(separator: ", "))"
  }()
}

extension Provenance {
  /// The columns of ``ProvenanceColumn`` in text form.
  func columns(id: String, _ digest: RowDigest?) -> [String?] {
    [
      kind.table, id, String(run), path, locator?.stored, String(byteOffset),
      String(byteLength), "\\x\(sha256)", unknownMembers,
      digest.map { String(Int64(bitPattern: $0.rawValue)) },
    ]
  }
}

extension StoreError {
  /// Whether only one entity is refused, and the transaction can go on.
  var concernsOneRecord: Bool { code == .constraint || code == .duplicateID }

  /// The statement succeeded, and still there is no row.
  static func ignoredRow(_ kind: EntityKind) -> StoreError {
    StoreError(
      .constraint,
      "the database silently ignored the row; look for a trigger or a rule on \(kind.table)")
  }

  /// The statements that undo a run succeeded, and still not all rows of a kind are undone.
  static func ignoredUndo(_ kind: EntityKind, run: Int64) -> StoreError {
    StoreError(
      .constraint,
      "run \(run) cannot be undone because a trigger or a rule of another application ignores rows "
        + "of \(kind.table); drop it and undo again. Nothing was changed")
  }
}
