public import RMOSModels

/// The reading side of a store, valid within one ``RecordStore/read(_:)`` or
/// ``RecordStore/write(_:)``.
public protocol StoreReader: AnyObject {
  /// The version of the shared schema, and when it was applied (as stored); nil for a store that
  /// has no schema yet.
  func schemaVersion() throws -> SchemaVersion?

  /// The record with `id`, nil where there is none.
  func record(_ kind: EntityKind, id: String) throws -> Record?

  /// Whether an entity exists; `id` is UTF-8. O(log n).
  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool

  /// How the entity at `index` of `batch` relates to the store. See ``StoredComparison``.
  func comparison(of batch: RecordBatch, at index: Int) throws -> StoredComparison

  /// The records that match `query`, in its order.
  func records(_ query: RecordQuery) throws -> [Record]

  /// How many records match `query`, its limit and offset aside.
  func count(_ query: RecordQuery) throws -> Int

  /// Calls `body` with every record of `kind` in byte order of the id, in constant memory.
  func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws

  /// How many records there are for each combination of values of some members, and what the numbers
  /// in other members come to, in the order of the values. One pass.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - members: Whose values to group by; none for a single group of all.
  ///   - numbers: The members to sum up. What is stored in them and is no number does not count.
  /// - Returns: The groups; none where there is no record.
  /// - Throws: ``StoreError/Code/unknownMember``, or what reading throws.
  func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup]

  /// How many entities came into the store on which day. One pass.
  func entityDays() throws -> EntityDays

  /// The provenance of an entity, nil where it was not migrated.
  func provenance(_ kind: EntityKind, id: String) throws -> Provenance?

  /// The runs in the ledger, newest first; `limit` is how many at most, nil for all.
  func runs(limit: Int?) throws -> [LedgerRun]

  /// One run, nil where there is none.
  func run(_ id: Int64) throws -> LedgerRun?

  /// The issues a run recorded, in order; `limit` is how many at most, nil for all.
  func issues(ofRun run: Int64, limit: Int?) throws -> [Issue]

  /// Calls `body` with every issue a run recorded, in order, in constant memory.
  func forEachIssue(ofRun run: Int64, _ body: (Issue) throws -> Void) throws

  /// Calls `body` with every row a run rewrote, as it was before, kind by kind in byte order of the
  /// id; with none once the run is undone.
  func forEachBeforeImage(ofRun run: Int64, _ body: (BeforeImage) throws -> Void) throws

  /// Calls `body` with everything about rows that stands in the way of
  /// ``StoreTransaction/undo(run:)``, kind by kind, in a fixed order.
  ///
  /// O(rows log rows) in constant memory; ``InMemoryStore`` takes memory for the rows.
  func forEachUndoObstacle(ofRun run: Int64, _ body: (UndoObstacle) throws -> Void) throws

  /// What ``StoreTransaction/undo(run:)`` would remove and restore where nothing stands in its way.
  func undoCounts(ofRun run: Int64) throws -> UndoCounts
}

extension StoreReader {
  /// Goes through all of ``issues(ofRun:limit:)``.
  public func forEachIssue(ofRun run: Int64, _ body: (Issue) throws -> Void) throws {
    for issue in try issues(ofRun: run, limit: nil) { try body(issue) }
  }

  /// Whether an entity exists.
  ///
  /// O(log n).
  public func contains(_ kind: EntityKind, id: String) throws -> Bool {
    try contains(kind, id: Array(id.utf8).span)
  }

  /// Whether an entity's row was changed since a run wrote it; nil where there is no row.
  public func editState(_ kind: EntityKind, id: String) throws -> EditState? {
    guard let record = try record(kind, id: id) else { return nil }
    return EditState(of: record, try provenance(kind, id: id))
  }

  /// Compares with the stored record and its provenance.
  public func comparison(of batch: RecordBatch, at index: Int) throws -> StoredComparison {
    guard let id = batch.id(at: index), let stored = try record(batch.kind, id: id) else {
      return .absent
    }
    let unknown = try provenance(batch.kind, id: id)?.unknownMembers
    return StoredComparison(
      of: batch, at: index, with: stored.values, storedUnknownMembers: unknown)
  }
}

/// The version of the shared schema.
public struct SchemaVersion: Sendable, Hashable {
  /// 1 to 4; see Documentation/Database.md.
  public var version: Int
  /// When it was applied, as stored.
  public var appliedAt: String?

  /// A version.
  public init(version: Int, appliedAt: String?) {
    self.version = version
    self.appliedAt = appliedAt
  }
}

extension StoreReader {
  /// Runs `body` and gives up what it asks of the store, however long that takes, once
  /// `isCancelled` says so.
  ///
  /// Where `body` writes, the transaction is lost then.
  ///
  /// - Throws: ``StoreError/Code/cancelled``, or what `body` throws.
  package func run<Result>(
    whileNot isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    let result: Result?
    if isCancelled() {
      result = nil
    } else if let reader = self as? SQLiteReader {
      result = try reader.session().connection.run(until: isCancelled, body)
    } else {
      result = try body()
    }
    guard let result, !isCancelled() else {
      throw StoreError(.cancelled, "it was given up, and nothing was changed")
    }
    return result
  }
}
