import RMOSModels
import RMOSStore

/// The transaction of a ``PostgresStore``, valid until its closure returns.
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
        // An older application may have deleted a row with this id without its provenance.
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
    let exists = try contains(kind, id: id)
    let parameters = try image.record.checkedParameters()
    try writeOne(session, kind, id) {
      try session.connection.query(
        "DELETE FROM migration_before_images WHERE kind = $1 AND entity_id = $2 AND run_id = $3",
        [kind.table, id, String(run)])
      guard exists else { return }
      guard try replace(kind, parameters, session) else {
        throw StoreError.ignoredUndo(kind, run: run)
      }
      guard let provenance = image.provenance else {
        return try deleteProvenance(kind, id: id, session)
      }
      // A row that was edited before the run keeps its digest, so it still counts as edited. For
      // other rows the digest is computed now, so that changes by a trigger do not count as edits.
      let isAsWritten = provenance.rowDigest == RowDigest(of: image.record)
      try write(provenance, of: image.record, session, keepsDigest: !isAsWritten)
    }
    return exists
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

  // MARK: Helpers

  /// Replaces a row.
  ///
  /// - Returns: Whether the row existed, and the server did not ignore the statement.
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

  /// Writes the provenance of a row that was just written, with the digest of the stored row; with
  /// `keepsDigest`, with its own digest.
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

  /// Calls `body`, which writes one entity, and rolls back all of its statements if one is refused.
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
  /// Returns the values in text form for the columns.
  ///
  /// - Throws: ``StoreError/Code/constraint``, naming the entity, if a column cannot store its
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
  /// Returns whether a constraint is the primary key of a kind's table.
  fileprivate func isKey(_ name: String?, of kind: EntityKind) -> Bool {
    indexes[kind.table]?.contains { $0.name == name && $0.columns == "id" } == true
  }
}

extension ProvenanceColumn {
  /// Inserts or replaces the provenance of an entity; an older application may have deleted a row
  /// without it.
  fileprivate static let replaceSQL: String = {
    let assignments = origin.map { "\($0.name) = excluded.\($0.name)" }
    return "INSERT INTO migration_provenance (\(LedgerTable.provenance.list)) "
      + "VALUES (\(SQL.parameters(allCases.count))) ON CONFLICT (kind, entity_id) "
      + "DO UPDATE SET \(assignments.joined(separator: ", "))"
  }()
}

extension Provenance {
  /// Returns the values for the columns of ``ProvenanceColumn``, in text form.
  func columns(id: String, _ digest: RowDigest?) -> [String?] {
    [
      kind.table, id, String(run), path, locator?.stored, String(byteOffset),
      String(byteLength), "\\x\(sha256)", unknownMembers,
      digest.map { String(Int64(bitPattern: $0.rawValue)) },
    ]
  }
}

extension StoreError {
  /// Whether only one entity was refused, and the transaction can go on.
  var concernsOneRecord: Bool { code == .constraint || code == .duplicateID }

  /// Returns the error for a statement that succeeded without writing the row.
  static func ignoredRow(_ kind: EntityKind) -> StoreError {
    StoreError(
      .constraint,
      "the database silently ignored the row; look for a trigger or a rule on \(kind.table)")
  }

  /// Returns the error for an undo whose statements succeeded without undoing all rows of a kind.
  static func ignoredUndo(_ kind: EntityKind, run: Int64) -> StoreError {
    StoreError(
      .constraint,
      "run \(run) cannot be undone because a trigger or a rule of another application ignores rows "
        + "of \(kind.table); drop it and undo again. Nothing was changed")
  }
}
