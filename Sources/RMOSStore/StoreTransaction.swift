public import RMOSModels

/// The writing side of a store, valid within one ``RecordStore/write(_:)``.
///
/// When a method refuses an entity, with ``StoreError/Code/constraint`` or
/// ``StoreError/Code/duplicateID``, only that entity is refused and nothing of it is left: the
/// transaction can go on and be committed.
///
/// What has a default is derived from the other requirements, and correct. For a transaction that
/// wraps another, the library RMOSStoreWrapper has a protocol that forwards everything.
public protocol StoreTransaction: StoreReader {
  // MARK: Entities

  /// Inserts a record, with its provenance if it is migrated.
  ///
  /// The digest kept with the provenance is computed from the row as stored, whatever
  /// `provenance.rowDigest` is.
  /// - Throws: ``StoreError/Code/duplicateID`` if the id is taken, ``StoreError/Code/constraint``
  ///   if the schema refuses the record, as it does a dangling reference.
  func insert(_ record: Record, provenance: Provenance?) throws

  /// Replaces the record that has the same id. Its provenance stays, so the row counts as edited
  /// from then on.
  ///
  /// A reference that stays as it is need not lead anywhere.
  /// - Returns: Whether there was one.
  /// - Throws: ``StoreError/Code/constraint`` if the schema refuses the record.
  func update(_ record: Record) throws -> Bool

  /// Deletes a record and its provenance.
  ///
  /// - Returns: Whether there was one.
  /// - Throws: ``StoreError/Code/constraint`` if other entities still refer to it.
  func delete(_ kind: EntityKind, id: String) throws -> Bool

  // MARK: Migration

  /// Inserts the entities at `indices` of `batch` with their provenance.
  ///
  /// No two of them have the same id, and none refers to another.
  /// - Returns: The entities that are refused, and why.
  /// - Throws: ``StoreError`` if the store itself fails; the transaction is lost then.
  func insert(
    _ batch: RecordBatch, at indices: [Int], run: Int64
  ) throws -> [Int: StoreError]

  /// Replaces the record that has the same id, and its provenance, and keeps both as they were for
  /// the run of `provenance`; see ``StoreReader/forEachBeforeImage(ofRun:_:)``.
  ///
  /// The digest that is kept is computed from the row as stored. A run may rewrite a row once.
  /// - Throws: ``StoreError/Code/constraint`` if the schema refuses the record;
  ///   ``StoreError/Code/other`` if there is none to replace, or the run has rewritten it before.
  func rewrite(_ record: Record, provenance: Provenance) throws

  /// Writes a new run into the ledger, whatever its `id`, and returns the id the ledger gave it.
  func beginRun(_ run: LedgerRun) throws -> Int64

  /// Replaces a run in the ledger.
  func updateRun(_ run: LedgerRun) throws

  /// Appends issues to a run.
  func appendIssues(_ issues: [Issue], run: Int64) throws

  /// Keeps the digests of entities that failed in a run, so that a later run can tell whether they
  /// failed before; each is kept once.
  func keepFailures(_ digests: [Provenance.Digest], run: Int64) throws

  /// Removes what was kept of a run with ``keepFailures(_:run:)``.
  func removeFailures(ofRun run: Int64) throws

  /// Keeps what a run did to a row, in place of what was kept of the same run and row before.
  ///
  /// ``write(_:run:)`` and ``remove(_:id:run:)`` call it.
  func keep(_ change: RowChange) throws

  /// Removes what was kept of a run with ``keep(_:)``.
  func removeChanges(ofRun run: Int64) throws

  /// Sets columns that others have added to a row, as ``StoreReader/otherColumns(of:id:)`` returned
  /// them; those that are gone are ignored.
  ///
  /// The default does nothing.
  func setOtherColumns(_ values: [String: Value], of kind: EntityKind, id: String) throws

  /// Puts a row and its provenance, digest included, back as they were before `run` rewrote them,
  /// and removes the before-image.
  ///
  /// Nothing happens to a row that has been deleted since.
  /// - Returns: Whether there was one.
  func restore(_ image: BeforeImage, run: Int64) throws -> Bool

  /// Restores the rows that a run rewrote, with their provenance, and removes those it inserted.
  ///
  /// Call it only if ``StoreReader/forEachUndoObstacle(ofRun:_:)`` finds nothing. The caller
  /// updates the run itself. Its before-images are removed.
  /// - Returns: The numbers of rows.
  func undo(run: Int64) throws -> UndoCounts
}

extension StoreTransaction {
  /// Does nothing: there are only the columns of the kind.
  public func setOtherColumns(
    _ values: [String: Value], of kind: EntityKind, id: String
  ) throws {}

  /// Inserts the entities one after the other.
  public func insert(
    _ batch: RecordBatch, at indices: [Int], run: Int64
  ) throws -> [Int: StoreError] {
    var refusals: [Int: StoreError] = [:]
    for index in indices {
      do {
        try insert(
          batch.record(at: index), provenance: batch.provenance(at: index, run: run))
      } catch let error as StoreError where error.concernsOneRecord {
        refusals[index] = error
      }
    }
    return refusals
  }
}

// MARK: For callers

extension StoreTransaction {
  /// Inserts a record that is not migrated.
  ///
  /// - Throws: As ``insert(_:provenance:)``.
  public func insert(_ record: Record) throws { try insert(record, provenance: nil) }

  /// Inserts the entity at `index` of `batch` with its provenance.
  ///
  /// - Throws: As ``insert(_:provenance:)``.
  package func insert(_ batch: RecordBatch, at index: Int, run: Int64) throws {
    if let refusal = try insert(batch, at: [index], run: run)[index] { throw refusal }
  }

  /// Rewrites the row of the entity at `index` of `batch`.
  ///
  /// - Parameters:
  ///   - batch: The entities.
  ///   - index: The position of the entity in `batch`.
  ///   - run: The run that rewrites it.
  ///   - startedAt: When the run began: the `updated_at` of a row whose source has none. A
  ///     `created_at` that the source does not have stays as it is.
  /// - Throws: As ``rewrite(_:provenance:)``.
  package func update(
    _ batch: RecordBatch, at index: Int, run: Int64, startedAt: String
  ) throws {
    let id = batch.id(at: index) ?? ""
    guard let stored = try record(batch.kind, id: id) else {
      throw StoreError(.nothingToUpdate(batch.kind, id: id))
    }
    try rewrite(
      batch.row(at: index, rewriting: stored, startedAt: startedAt),
      provenance: batch.provenance(at: index, run: run))
  }
}
