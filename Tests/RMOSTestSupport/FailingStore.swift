import RMOSModels
public import RMOSStore
import Synchronization

/// A store that fails on demand: the transaction that inserts (or rewrites) the `failingInsert`-th entity throws
/// as a full disk would, and so does every one after it until ``repair()``.
public final class FailingStore: StoreWrapper {
  /// The wrapped store.
  public let base: any RecordStore
  private let state: Mutex<(inserts: Int, isBroken: Bool)>
  private let failingInsert: Int

  /// Wraps a store.
  public init(_ base: any RecordStore, failingInsert: Int) {
    self.base = base
    self.failingInsert = failingInsert
    state = Mutex((0, true))
  }

  /// Lets everything succeed from now on.
  public func repair() { state.withLock { $0.isBroken = false } }

  /// How many entities were to be inserted or rewritten so far.
  public var insertCount: Int { state.withLock { $0.inserts } }

  /// Writes the wrapped store, counting inserts.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try base.write { transaction in
      try body(FailingTransaction(transaction, countInsert: countInsert))
    }
  }

  private func countInsert() throws {
    let fails = state.withLock { state in
      state.inserts += 1
      return state.isBroken && state.inserts >= failingInsert
    }
    if fails { throw StoreError(.diskFull, "no space is left; free some and run again") }
  }
}

private final class FailingTransaction: StoreTransaction {
  private let base: any StoreTransaction
  private let countInsert: () throws -> Void

  init(_ base: any StoreTransaction, countInsert: @escaping () throws -> Void) {
    self.base = base
    self.countInsert = countInsert
  }

  var catalog: EntityCatalog { base.catalog }

  func insert(_ record: Record) throws {
    try countInsert()
    try base.insert(record)
  }
  func insert(_ batch: RecordBatch, at index: Int, run: Int64) throws {
    try countInsert()
    try base.insert(batch, at: index, run: run)
  }
  func update(_ record: Record) throws -> Bool { try base.update(record) }
  func update(_ batch: RecordBatch, at index: Int, run: Int64, startedAt: String) throws {
    try countInsert()
    try base.update(batch, at: index, run: run, startedAt: startedAt)
  }
  func undo(run: Int64) throws -> UndoCounts { try base.undo(run: run) }
  func forEachBeforeImage(ofRun run: Int64, _ body: (BeforeImage) throws -> Void) throws {
    try base.forEachBeforeImage(ofRun: run, body)
  }
  func forEachUndoObstacle(ofRun run: Int64, _ body: (UndoObstacle) throws -> Void) throws {
    try base.forEachUndoObstacle(ofRun: run, body)
  }
  func undoCounts(ofRun run: Int64) throws -> UndoCounts { try base.undoCounts(ofRun: run) }
  func delete(_ kind: EntityKind, id: String) throws -> Bool { try base.delete(kind, id: id) }
  func beginRun(_ run: LedgerRun) throws -> Int64 { try base.beginRun(run) }
  func updateRun(_ run: LedgerRun) throws { try base.updateRun(run) }
  func appendIssues(_ issues: [Issue], run: Int64) throws {
    try base.appendIssues(issues, run: run)
  }
  var inspection: SchemaInspection? { base.inspection }
  func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try base.withCancellation(isCancelled, body)
  }
  func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup] {
    try base.groups(kind, by: members, numbers: numbers)
  }
  func entityDays() throws -> EntityDays { try base.entityDays() }
  func forEachIssue(ofRun run: Int64, _ body: (Issue) throws -> Void) throws {
    try base.forEachIssue(ofRun: run, body)
  }
  func schemaVersion() throws -> SchemaVersion? { try base.schemaVersion() }
  func record(_ kind: EntityKind, id: String) throws -> Record? { try base.record(kind, id: id) }
  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    try base.contains(kind, id: id)
  }
  func comparison(of batch: RecordBatch, at index: Int) throws -> StoredComparison {
    try base.comparison(of: batch, at: index)
  }
  func records(_ query: RecordQuery) throws -> [Record] { try base.records(query) }
  func count(_ query: RecordQuery) throws -> Int { try base.count(query) }
  func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    try base.forEachRecord(kind, body)
  }
  func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    try base.provenance(kind, id: id)
  }
  func runs(limit: Int?) throws -> [LedgerRun] { try base.runs(limit: limit) }
  func run(_ id: Int64) throws -> LedgerRun? { try base.run(id) }
  func issues(ofRun run: Int64, limit: Int?) throws -> [Issue] {
    try base.issues(ofRun: run, limit: limit)
  }
}
