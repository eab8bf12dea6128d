public import RMOSModels

/// The writing side of a store, valid within one ``RecordStore/write(_:)``.
///
/// When a method refuses an entity, only that entity is refused: the transaction can go on and be
/// committed.
public protocol StoreTransaction: StoreReader {
  // MARK: Entities

  /// Inserts a record.
  ///
  /// - Throws: ``StoreError/Code/duplicateID`` if the id is taken, ``StoreError/Code/constraint`` if
  ///   the schema refuses the record, as it does a dangling reference.
  func insert(_ record: Record) throws

  /// Replaces the record that has the same id. Its provenance stays, so the row counts as edited
  /// from then on.
  ///
  /// - Returns: Whether there was one.
  func update(_ record: Record) throws -> Bool

  /// Deletes a record and its provenance.
  ///
  /// - Returns: Whether there was one.
  /// - Throws: ``StoreError/Code/constraint`` if other entities still refer to it.
  func delete(_ kind: EntityKind, id: String) throws -> Bool

  // MARK: Migration

  /// Inserts the entity at `index` of `batch` with its provenance.
  func insert(_ batch: RecordBatch, at index: Int, run: Int64) throws

  /// Rewrites the row of the entity at `index` of `batch`, and keeps the row and its provenance as
  /// they were; see ``StoreReader/forEachBeforeImage(ofRun:_:)``.
  ///
  /// `RecordBatch.row(at:rewriting:startedAt:)` gives the new row. A run may rewrite a row once.
  /// - Parameters:
  ///   - batch: The entities.
  ///   - index: The position of the entity in `batch`.
  ///   - run: The run that rewrites it.
  ///   - startedAt: When the run began: the `updated_at` of a row whose source has none. A
  ///     `created_at` that the source does not have stays as it is.
  /// - Throws: ``StoreError/Code/constraint`` if the schema refuses the row.
  func update(_ batch: RecordBatch, at index: Int, run: Int64, startedAt: String) throws

  /// Writes a new run into the ledger, whatever its `id`, and returns the id the ledger gave it.
  func beginRun(_ run: LedgerRun) throws -> Int64

  /// Replaces a run in the ledger.
  func updateRun(_ run: LedgerRun) throws

  /// Appends issues to a run.
  func appendIssues(_ issues: [Issue], run: Int64) throws

  /// Restores the rows that a run rewrote, with their provenance, and removes those it inserted.
  ///
  /// Call it only if ``StoreReader/forEachUndoObstacle(ofRun:_:)`` finds nothing. The caller updates
  /// the run itself. Its before-images are removed.
  /// - Returns: The numbers of rows.
  func undo(run: Int64) throws -> UndoCounts
}
