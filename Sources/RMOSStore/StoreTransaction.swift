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

  /// Replaces the record that has the same id.
  ///
  /// - Returns: Whether there was one.
  func update(_ record: Record) throws -> Bool

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
}
