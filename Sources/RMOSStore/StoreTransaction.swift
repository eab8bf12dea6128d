public import RMOSModels

/// The writing side of a store, valid within one ``RecordStore/write(_:)``.
///
/// When a method refuses an entity, with ``StoreError/Code/constraint`` or
/// ``StoreError/Code/duplicateID``, nothing of that entity is written, and the transaction can
/// continue and be committed.
///
/// Default implementations are derived from the other requirements, and are correct. For a
/// transaction that wraps another, the library RMOSStoreWrapper has a protocol that forwards
/// everything.
public protocol StoreTransaction: StoreReader {
  // MARK: Entities

  /// Inserts a record, with its provenance if it is migrated.
  ///
  /// The digest in the provenance is computed from the row as stored; `provenance.rowDigest` is
  /// ignored.
  /// - Throws: ``StoreError/Code/duplicateID`` if the id is taken, ``StoreError/Code/constraint``
  ///   if the schema refuses the record, as it does a dangling reference.
  func insert(_ record: Record, provenance: Provenance?) throws

  /// Replaces the record that has the same id.
  ///
  /// Its provenance stays, so the row counts as edited from then on. A reference that does not
  /// change may dangle.
  /// - Returns: Whether a record with the id existed.
  /// - Throws: ``StoreError/Code/constraint`` if the schema refuses the record.
  func update(_ record: Record) throws -> Bool

  /// Deletes a record and its provenance.
  ///
  /// - Returns: Whether the record existed.
  /// - Throws: ``StoreError/Code/constraint`` if a foreign key still refers to it: of other
  ///   entities, or of another application's table. A reference without a foreign key, such as that
  ///   of a pattern to its strip family, dangles from then on.
  func delete(_ kind: EntityKind, id: String) throws -> Bool

  // MARK: Migration

  /// Inserts the entities at `indices` of `batch` with their provenance.
  ///
  /// No two of them may have the same id, and none may refer to another.
  /// - Returns: The errors of the entities that are refused, by their indices.
  /// - Throws: ``StoreError`` if the store itself fails; the transaction is lost then.
  func insert(
    _ batch: RecordBatch, at indices: [Int], run: Int64
  ) throws -> [Int: StoreError]

  /// Replaces the record that has the same id, and its provenance, and keeps both in a before-image
  /// of the run of `provenance`; see ``StoreReader/forEachBeforeImage(ofRun:_:)``.
  ///
  /// The digest in the provenance is computed from the row as stored. A run may rewrite a row once.
  /// - Throws: ``StoreError/Code/constraint`` if the schema refuses the record;
  ///   ``StoreError/Code/other`` if there is no record with the id, or if the run has rewritten it
  ///   before.
  func rewrite(_ record: Record, provenance: Provenance) throws

  /// Adds a run to the ledger, and returns the id that the ledger assigns; `run.id` is ignored.
  func beginRun(_ run: LedgerRun) throws -> Int64

  /// Replaces a run in the ledger.
  func updateRun(_ run: LedgerRun) throws

  /// Appends issues to a run.
  func appendIssues(_ issues: [Issue], run: Int64) throws

  /// Keeps the digests of entities that failed in a run, each once, so that a later run can tell
  /// whether they failed before.
  func keepFailures(_ digests: [Provenance.Digest], run: Int64) throws

  /// Removes the digests of a run that ``keepFailures(_:run:)`` has kept.
  func removeFailures(ofRun run: Int64) throws

  /// Keeps the change of a row by a run, in place of an earlier change of the same row by that run.
  ///
  /// ``write(_:run:)`` and ``remove(_:id:run:)`` call it.
  func keep(_ change: RowChange) throws

  /// Removes the changes of a run that ``keep(_:)`` has kept.
  func removeChanges(ofRun run: Int64) throws

  /// Sets the columns of a row that other applications have added to the values that
  /// ``StoreReader/otherColumns(of:id:)`` has returned; columns that no longer exist are ignored.
  ///
  /// The default does nothing.
  func setOtherColumns(_ values: [String: Value], of kind: EntityKind, id: String) throws

  /// Sets columns of a row to texts that are not Unicode, as
  /// ``StoreReader/malformedTexts(of:id:)`` returned them; columns that are gone are ignored.
  ///
  /// The default does nothing.
  func setMalformedTexts(
    _ texts: [String: [UInt8]], of kind: EntityKind, id: String) throws

  /// Restores a row and its provenance, including the digest, to their state before `run` rewrote
  /// them, and removes the before-image.
  ///
  /// A row that has been deleted since is not inserted again.
  /// - Returns: Whether the row existed.
  func restore(_ image: BeforeImage, run: Int64) throws -> Bool

  /// Restores the rows that a run rewrote, with their provenance, and removes the rows that it
  /// inserted and its before-images.
  ///
  /// Call it only if ``StoreReader/forEachUndoObstacle(ofRun:_:)`` finds no obstacle. The caller
  /// has to update the run in the ledger.
  /// - Returns: The numbers of rows removed and restored.
  func undo(run: Int64) throws -> UndoCounts
}

extension StoreTransaction {
  /// Does nothing: tables have only the columns of their kind.
  public func setOtherColumns(
    _ values: [String: Value], of kind: EntityKind, id: String
  ) throws {}

  /// Does nothing: all texts are Unicode.
  public func setMalformedTexts(
    _ texts: [String: [UInt8]], of kind: EntityKind, id: String
  ) throws {}

  /// Inserts the entities one by one.
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
  ///   - startedAt: When the run began, which is the `updated_at` of the row if the source has
  ///     none. If the source has no `created_at`, the stored one stays.
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

// Typed entities.

extension StoreTransaction {
  /// Inserts an entity after checking it by the rules of a migration.
  ///
  /// - Throws: `EntityRejected` if it breaks a rule or refers to an entity that does not exist,
  ///   ``StoreError/Code/duplicateID`` if the id is taken.
  public func create(_ entity: some Entity) throws {
    let record = entity.record
    try check(record)
    try insert(record)
  }

  /// Replaces the entity with the same id, after checking the new one by the rules of a migration.
  ///
  /// - Returns: Whether an entity with the id existed.
  /// - Throws: `EntityRejected` if it breaks a rule or refers to an entity that does not exist.
  public func update(_ entity: some Entity) throws -> Bool {
    let record = entity.record
    try check(record)
    return try update(record)
  }

  /// Checks a record by the rules of a migration, and looks up its references.
  ///
  /// - Throws: `EntityRejected`.
  package func check(_ record: Record) throws {
    let issues = try record.validate() + missingReferences(of: record)
    if issues.contains(where: { $0.severity == .error }) { throw EntityRejected(issues: issues) }
  }
}
