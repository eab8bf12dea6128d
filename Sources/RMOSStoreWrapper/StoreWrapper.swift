public import RMOSModels
public import RMOSStore

/// A store that forwards all members to another store, except for those that it implements itself.
///
/// To change what a transaction does, implement ``write(_:)`` and pass a
/// ``StoreTransactionWrapper`` to the closure.
///
/// ```swift
/// struct AnnouncedStore: StoreWrapper {
///   let base: any RecordStore
///
///   func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
///     print("a transaction begins")
///     return try base.write(body)
///   }
/// }
/// ```
public protocol StoreWrapper: RecordStore {
  /// The store that does the work.
  var base: any RecordStore { get }
}

extension StoreWrapper {
  /// Forwards to the base store.
  public var location: String { base.location }
  /// Forwards to the base store.
  public var catalog: EntityCatalog { base.catalog }
  /// Forwards to the base store.
  public var sizeOnDisk: Int? { base.sizeOnDisk }
  /// Forwards to the base store.
  public var hasWriter: Bool? { base.hasWriter }
  /// Forwards to the base store.
  public func changeToken() -> String? { base.changeToken() }
  /// Forwards to the base store.
  public func databaseMark() -> String? { base.databaseMark() }
  /// Forwards to the base store.
  public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    try base.read(body)
  }
  /// Forwards to the base store.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try base.write(body)
  }
  /// Forwards to the base store.
  public func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    try base.withExclusiveWriter(body)
  }
  /// Forwards to the base store.
  public func checkWriting() throws -> [Issue] { try base.checkWriting() }
  /// Forwards to the base store.
  public func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal {
    try base.rehearsal(isCancelled: isCancelled)
  }
  /// Forwards to the base store.
  public func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result {
    try base.withBulkLoad(body)
  }
  /// Forwards to the base store.
  public func withBackup<Result>(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result {
    try base.withBackup(beforeRun: run, isCancelled: isCancelled, body)
  }
}

/// A reader that forwards all members to another reader, except for those that it implements
/// itself.
///
/// To do something before each call, such as counting it, implement only ``willCall()``.
public protocol StoreReaderWrapper: StoreReader {
  /// The reader that does the work.
  var reader: any StoreReader { get }

  /// Called before each method that the wrapper forwards; an error that it throws ends the call.
  ///
  /// The default does nothing.
  func willCall() throws
}

extension StoreReaderWrapper {
  /// Does nothing.
  public func willCall() throws {}
  /// Forwards to the reader.
  public var catalog: EntityCatalog { reader.catalog }
  /// Forwards to the reader.
  public func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try reader.withCancellation(isCancelled, body)
  }
  /// Forwards to the reader.
  public func record(_ kind: EntityKind, id: String) throws -> Record? {
    try willCall()
    return try reader.record(kind, id: id)
  }
  /// Forwards to the reader.
  public func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    try willCall()
    return try reader.contains(kind, id: id)
  }
  /// Forwards to the reader.
  public func records(_ query: RecordQuery) throws -> [Record] {
    try willCall()
    return try reader.records(query)
  }
  /// Forwards to the reader.
  public func count(_ query: RecordQuery) throws -> Int {
    try willCall()
    return try reader.count(query)
  }
  /// Forwards to the reader.
  public func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    try willCall()
    try reader.forEachRecord(kind, body)
  }
  /// Forwards to the reader.
  public func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    try willCall()
    try reader.forEachRow(kind, members: members, body)
  }
  /// Forwards to the reader.
  public func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup] {
    try willCall()
    return try reader.groups(kind, by: members, numbers: numbers)
  }
  /// Forwards to the reader.
  public func counts(_ query: RecordQuery, by key: RecordGroup.Key) throws -> [RecordGroup] {
    try willCall()
    return try reader.counts(query, by: key)
  }
  /// Forwards to the reader.
  public func entityDays() throws -> EntityDays {
    try willCall()
    return try reader.entityDays()
  }
  /// Forwards to the reader.
  public var inspection: any SchemaInspecting { reader.inspection }
  /// Forwards to the reader.
  public func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
    try willCall()
    return try reader.facts(of: batch, in: range)
  }
  /// Forwards to the reader.
  public func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    try willCall()
    return try reader.provenance(kind, id: id)
  }
  /// Forwards to the reader.
  public func provenance(_ kind: EntityKind, ids: [String]) throws -> [Provenance?] {
    try willCall()
    return try reader.provenance(kind, ids: ids)
  }
  /// Forwards to the reader.
  public func runs(limit: Int?, offset: Int) throws -> [LedgerRun] {
    try willCall()
    return try reader.runs(limit: limit, offset: offset)
  }
  /// Forwards to the reader.
  public func runCount() throws -> Int {
    try willCall()
    return try reader.runCount()
  }
  /// Forwards to the reader.
  public func runningRuns() throws -> [LedgerRun] {
    try willCall()
    return try reader.runningRuns()
  }
  /// Forwards to the reader.
  public func run(_ id: Int64) throws -> LedgerRun? {
    try willCall()
    return try reader.run(id)
  }
  /// Forwards to the reader.
  public func failures(
    ofRun run: Int64, among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest> {
    try willCall()
    return try reader.failures(ofRun: run, among: digests)
  }
  /// Forwards to the reader.
  public func forEachIssue(
    matching query: IssueQuery, _ body: (Issue) throws -> Void
  ) throws {
    try willCall()
    try reader.forEachIssue(matching: query, body)
  }
  /// Forwards to the reader.
  public func issueCounts(ofRun run: Int64) throws -> [IssueCount] {
    try willCall()
    return try reader.issueCounts(ofRun: run)
  }
  /// Forwards to the reader.
  public func forEachBeforeImage(
    ofRun run: Int64, _ body: (BeforeImage) throws -> Void
  ) throws {
    try willCall()
    try reader.forEachBeforeImage(ofRun: run, body)
  }
  /// Forwards to the reader.
  public func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws {
    try willCall()
    try reader.forEachRowChange(ofRun: run, body)
  }
  /// Forwards to the reader.
  public func otherColumns(of kind: EntityKind, id: String) throws -> [String: Value] {
    try willCall()
    return try reader.otherColumns(of: kind, id: id)
  }
  /// Forwards to the reader.
  public func malformedTexts(of kind: EntityKind, id: String) throws -> [String: [UInt8]] {
    try willCall()
    return try reader.malformedTexts(of: kind, id: id)
  }
  /// The reader's.
  public func otherReferrers(to kind: EntityKind, id: String) throws -> [String: Int] {
    try willCall()
    return try reader.otherReferrers(to: kind, id: id)
  }
  /// The reader's.
  public func changes(of kind: EntityKind, id: String) throws -> [RowChange] {
    try willCall()
    return try reader.changes(of: kind, id: id)
  }
  /// Forwards to the reader.
  public func forEachUndoObstacle(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    try willCall()
    try reader.forEachUndoObstacle(ofRun: run, body)
  }
  /// Forwards to the reader.
  public func undoCounts(ofRun run: Int64) throws -> UndoCounts {
    try willCall()
    return try reader.undoCounts(ofRun: run)
  }
}

/// A transaction that forwards all members to another transaction, except for those that it
/// implements itself.
public protocol StoreTransactionWrapper: StoreReaderWrapper, StoreTransaction {
  /// The transaction that does the work.
  var transaction: any StoreTransaction { get }
}

extension StoreTransactionWrapper {
  /// The transaction, to which the reading members are forwarded.
  public var reader: any StoreReader { transaction }
  /// Forwards to the transaction.
  public func insert(_ record: Record, provenance: Provenance?) throws {
    try willCall()
    try transaction.insert(record, provenance: provenance)
  }
  /// Forwards to the transaction.
  public func update(_ record: Record) throws -> Bool {
    try willCall()
    return try transaction.update(record)
  }
  /// Forwards to the transaction.
  public func delete(_ kind: EntityKind, id: String) throws -> Bool {
    try willCall()
    return try transaction.delete(kind, id: id)
  }
  /// Forwards to the transaction.
  public func insert(
    _ batch: RecordBatch, at indices: [Int], run: Int64
  ) throws -> [Int: StoreError] {
    try willCall()
    return try transaction.insert(batch, at: indices, run: run)
  }
  /// Forwards to the transaction.
  public func setOtherColumns(
    _ values: [String: Value], of kind: EntityKind, id: String
  ) throws {
    try willCall()
    try transaction.setOtherColumns(values, of: kind, id: id)
  }
  /// Sets them in the transaction.
  public func setMalformedTexts(
    _ texts: [String: [UInt8]], of kind: EntityKind, id: String
  ) throws {
    try willCall()
    try transaction.setMalformedTexts(texts, of: kind, id: id)
  }
  /// Forwards to the transaction.
  public func rewrite(_ record: Record, provenance: Provenance) throws {
    try willCall()
    try transaction.rewrite(record, provenance: provenance)
  }
  /// Forwards to the transaction.
  public func beginRun(_ run: LedgerRun) throws -> Int64 {
    try willCall()
    return try transaction.beginRun(run)
  }
  /// Forwards to the transaction.
  public func updateRun(_ run: LedgerRun) throws {
    try willCall()
    try transaction.updateRun(run)
  }
  /// Forwards to the transaction.
  public func appendIssues(_ issues: [Issue], run: Int64) throws {
    try willCall()
    try transaction.appendIssues(issues, run: run)
  }
  /// Forwards to the transaction.
  public func keepFailures(_ digests: [Provenance.Digest], run: Int64) throws {
    try willCall()
    try transaction.keepFailures(digests, run: run)
  }
  /// Forwards to the transaction.
  public func removeFailures(ofRun run: Int64) throws {
    try willCall()
    try transaction.removeFailures(ofRun: run)
  }
  /// Forwards to the transaction.
  public func keep(_ change: RowChange) throws {
    try willCall()
    try transaction.keep(change)
  }
  /// Forwards to the transaction.
  public func removeChanges(ofRun run: Int64) throws {
    try willCall()
    try transaction.removeChanges(ofRun: run)
  }
  /// Forwards to the transaction.
  public func restore(_ image: BeforeImage, run: Int64) throws -> Bool {
    try willCall()
    return try transaction.restore(image, run: run)
  }
  /// Forwards to the transaction.
  public func undo(run: Int64) throws -> UndoCounts {
    try willCall()
    return try transaction.undo(run: run)
  }
}
