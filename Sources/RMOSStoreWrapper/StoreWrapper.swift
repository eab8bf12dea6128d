public import RMOSModels
public import RMOSStore

/// A store that does what another does, except for the members that it declares itself.
///
/// It forwards everything, also what has a default elsewhere. To change what a transaction does, it
/// hands a ``StoreTransactionWrapper`` to the closure.
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
  /// Reads the base.
  public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    try base.read(body)
  }
  /// Writes the base.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try base.write(body)
  }
  /// Runs `body` as the only writer of the base.
  public func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    try base.withExclusiveWriter(body)
  }
  /// Checks the base.
  public func checkWriting() throws -> [Issue] { try base.checkWriting() }
  /// Forwards to the base store.
  public func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal {
    try base.rehearsal(isCancelled: isCancelled)
  }
  /// Loads into the base.
  public func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result {
    try base.withBulkLoad(body)
  }
  /// Backs the base up once `body` needs it.
  public func withBackup<Result>(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result {
    try base.withBackup(beforeRun: run, isCancelled: isCancelled, body)
  }
}

/// A reader that does what another does, except for the members that it declares itself.
///
/// To do something before each call, such as counting it, declare ``willCall()`` alone.
public protocol StoreReaderWrapper: StoreReader {
  /// The reader that does the work.
  var reader: any StoreReader { get }

  /// Called before each call that the wrapper forwards; what it throws ends the call.
  ///
  /// The default does nothing.
  func willCall() throws
}

extension StoreReaderWrapper {
  /// Does nothing.
  public func willCall() throws {}
  /// The reader's.
  public var catalog: EntityCatalog { reader.catalog }
  /// Runs `body` with the reader's cancellation.
  public func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try reader.withCancellation(isCancelled, body)
  }
  /// The reader's.
  public func record(_ kind: EntityKind, id: String) throws -> Record? {
    try willCall()
    return try reader.record(kind, id: id)
  }
  /// Asks the reader.
  public func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    try willCall()
    return try reader.contains(kind, id: id)
  }
  /// The reader's.
  public func records(_ query: RecordQuery) throws -> [Record] {
    try willCall()
    return try reader.records(query)
  }
  /// The reader's.
  public func count(_ query: RecordQuery) throws -> Int {
    try willCall()
    return try reader.count(query)
  }
  /// The reader's.
  public func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    try willCall()
    try reader.forEachRecord(kind, body)
  }
  /// The reader's.
  public func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    try willCall()
    try reader.forEachRow(kind, members: members, body)
  }
  /// The reader's.
  public func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup] {
    try willCall()
    return try reader.groups(kind, by: members, numbers: numbers)
  }
  /// The reader's.
  public func counts(_ query: RecordQuery, by key: RecordGroup.Key) throws -> [RecordGroup] {
    try willCall()
    return try reader.counts(query, by: key)
  }
  /// The reader's.
  public func entityDays() throws -> EntityDays {
    try willCall()
    return try reader.entityDays()
  }
  /// The reader's.
  public var inspection: any SchemaInspecting { reader.inspection }
  /// The reader's.
  public func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
    try willCall()
    return try reader.facts(of: batch, in: range)
  }
  /// The reader's.
  public func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    try willCall()
    return try reader.provenance(kind, id: id)
  }
  /// The reader's.
  public func provenance(_ kind: EntityKind, ids: [String]) throws -> [Provenance?] {
    try willCall()
    return try reader.provenance(kind, ids: ids)
  }
  /// The reader's.
  public func runs(limit: Int?, offset: Int) throws -> [LedgerRun] {
    try willCall()
    return try reader.runs(limit: limit, offset: offset)
  }
  /// The reader's.
  public func runCount() throws -> Int {
    try willCall()
    return try reader.runCount()
  }
  /// The reader's.
  public func runningRuns() throws -> [LedgerRun] {
    try willCall()
    return try reader.runningRuns()
  }
  /// The reader's.
  public func run(_ id: Int64) throws -> LedgerRun? {
    try willCall()
    return try reader.run(id)
  }
  /// The reader's.
  public func failures(
    ofRun run: Int64, among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest> {
    try willCall()
    return try reader.failures(ofRun: run, among: digests)
  }
  /// The reader's.
  public func forEachIssue(
    matching query: IssueQuery, _ body: (Issue) throws -> Void
  ) throws {
    try willCall()
    try reader.forEachIssue(matching: query, body)
  }
  /// The reader's.
  public func issueCounts(ofRun run: Int64) throws -> [IssueCount] {
    try willCall()
    return try reader.issueCounts(ofRun: run)
  }
  /// The reader's.
  public func forEachBeforeImage(
    ofRun run: Int64, _ body: (BeforeImage) throws -> Void
  ) throws {
    try willCall()
    try reader.forEachBeforeImage(ofRun: run, body)
  }
  /// The reader's.
  public func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws {
    try willCall()
    try reader.forEachRowChange(ofRun: run, body)
  }
  /// The reader's.
  public func otherColumns(of kind: EntityKind, id: String) throws -> [String: Value] {
    try willCall()
    return try reader.otherColumns(of: kind, id: id)
  }
  /// The reader's.
  public func changes(of kind: EntityKind, id: String) throws -> [RowChange] {
    try willCall()
    return try reader.changes(of: kind, id: id)
  }
  /// The reader's.
  public func forEachUndoObstacle(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    try willCall()
    try reader.forEachUndoObstacle(ofRun: run, body)
  }
  /// The reader's.
  public func undoCounts(ofRun run: Int64) throws -> UndoCounts {
    try willCall()
    return try reader.undoCounts(ofRun: run)
  }
}

/// A transaction that does what another does, except for the members that it declares itself.
public protocol StoreTransactionWrapper: StoreReaderWrapper, StoreTransaction {
  /// The transaction that does the work.
  var transaction: any StoreTransaction { get }
}

extension StoreTransactionWrapper {
  /// The transaction.
  public var reader: any StoreReader { transaction }
  /// Inserts in the transaction.
  public func insert(_ record: Record, provenance: Provenance?) throws {
    try willCall()
    try transaction.insert(record, provenance: provenance)
  }
  /// Updates in the transaction.
  public func update(_ record: Record) throws -> Bool {
    try willCall()
    return try transaction.update(record)
  }
  /// Deletes in the transaction.
  public func delete(_ kind: EntityKind, id: String) throws -> Bool {
    try willCall()
    return try transaction.delete(kind, id: id)
  }
  /// Inserts in the transaction.
  public func insert(
    _ batch: RecordBatch, at indices: [Int], run: Int64
  ) throws -> [Int: StoreError] {
    try willCall()
    return try transaction.insert(batch, at: indices, run: run)
  }
  /// Sets them in the transaction.
  public func setOtherColumns(
    _ values: [String: Value], of kind: EntityKind, id: String
  ) throws {
    try willCall()
    try transaction.setOtherColumns(values, of: kind, id: id)
  }
  /// Rewrites in the transaction.
  public func rewrite(_ record: Record, provenance: Provenance) throws {
    try willCall()
    try transaction.rewrite(record, provenance: provenance)
  }
  /// Begins it in the transaction.
  public func beginRun(_ run: LedgerRun) throws -> Int64 {
    try willCall()
    return try transaction.beginRun(run)
  }
  /// Updates it in the transaction.
  public func updateRun(_ run: LedgerRun) throws {
    try willCall()
    try transaction.updateRun(run)
  }
  /// Appends them in the transaction.
  public func appendIssues(_ issues: [Issue], run: Int64) throws {
    try willCall()
    try transaction.appendIssues(issues, run: run)
  }
  /// Keeps them in the transaction.
  public func keepFailures(_ digests: [Provenance.Digest], run: Int64) throws {
    try willCall()
    try transaction.keepFailures(digests, run: run)
  }
  /// Removes them in the transaction.
  public func removeFailures(ofRun run: Int64) throws {
    try willCall()
    try transaction.removeFailures(ofRun: run)
  }
  /// Keeps it in the transaction.
  public func keep(_ change: RowChange) throws {
    try willCall()
    try transaction.keep(change)
  }
  /// Removes them in the transaction.
  public func removeChanges(ofRun run: Int64) throws {
    try willCall()
    try transaction.removeChanges(ofRun: run)
  }
  /// Restores in the transaction.
  public func restore(_ image: BeforeImage, run: Int64) throws -> Bool {
    try willCall()
    return try transaction.restore(image, run: run)
  }
  /// Undoes in the transaction.
  public func undo(run: Int64) throws -> UndoCounts {
    try willCall()
    return try transaction.undo(run: run)
  }
}
