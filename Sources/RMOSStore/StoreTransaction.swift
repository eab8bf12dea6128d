public import RMOSModels

/// The writing side of a store, valid within one ``RecordStore/write(_:)``.
///
/// What a method refuses it refuses alone: the transaction goes on and may be kept.
public protocol StoreTransaction: StoreReader {
  /// Inserts a record.
  ///
  /// - Throws: ``StoreError/Code/duplicateID`` where the id is taken,
  ///   ``StoreError/Code/constraint`` where the schema refuses it, as it does a dangling reference.
  func insert(_ record: Record) throws

  /// Inserts the entity at `index` of `batch` with its provenance.
  func insert(_ batch: RecordBatch, at index: Int, run: Int64) throws

  /// Replaces the record that has the same id; its provenance stays, so the row counts as edited
  /// from then on.
  ///
  /// - Returns: Whether there was one.
  func update(_ record: Record) throws -> Bool

  /// Rewrites the row of the entity at `index` of `batch`, and keeps the row and its provenance as
  /// they were; see ``StoreReader/forEachBeforeImage(ofRun:_:)``.
  ///
  /// A run may rewrite a row once.
  /// - Parameters:
  ///   - batch: The entities.
  ///   - index: Which of them.
  ///   - run: The run that rewrites it.
  ///   - startedAt: When the run began; stands in for `updated_at` where the source gives none. A
  ///     `created_at` that it does not give stays as it is.
  /// - Throws: ``StoreError/Code/constraint`` where the schema refuses it.
  func update(_ batch: RecordBatch, at index: Int, run: Int64, startedAt: String) throws

  /// Deletes a record and its provenance.
  ///
  /// - Returns: Whether there was one.
  /// - Throws: ``StoreError/Code/constraint`` where job logs still refer to it.
  func delete(_ kind: EntityKind, id: String) throws -> Bool

  /// Writes a new run into the ledger, whatever its `id`, and returns the id the ledger gave it.
  func beginRun(_ run: LedgerRun) throws -> Int64

  /// Replaces the ledger's state of a run.
  func updateRun(_ run: LedgerRun) throws

  /// Appends issues to a run.
  func appendIssues(_ issues: [Issue], run: Int64) throws

  /// Restores the rows that a run rewrote, with their provenance, and removes those it inserted.
  ///
  /// To be called only where ``StoreReader/forEachUndoObstacle(ofRun:_:)`` finds none; the ledger's
  /// row of the run is the caller's. Its before-images are gone after.
  /// - Returns: How many rows.
  func undo(run: Int64) throws -> UndoCounts
}
