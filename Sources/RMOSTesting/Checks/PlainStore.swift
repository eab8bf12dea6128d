import RMOSModels
import RMOSStore
import RMOSStoreWrapper

/// What a store answers by the members that have no default alone, so that everything else is
/// derived from them.
final class PlainReader: StoreReader {
  private let base: any StoreReader

  init(_ base: any StoreReader) { self.base = base }

  var catalog: EntityCatalog { base.catalog }
  func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try base.withCancellation(isCancelled, body)
  }
  func record(_ kind: EntityKind, id: String) throws -> Record? {
    try base.record(kind, id: id)
  }
  func records(_ query: RecordQuery) throws -> [Record] { try base.records(query) }
  func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    try base.forEachRecord(kind, body)
  }
  var inspection: any SchemaInspecting { recordInspection }
  func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    try base.provenance(kind, id: id)
  }
  func runs(limit: Int?, offset: Int) throws -> [LedgerRun] {
    try base.runs(limit: limit, offset: offset)
  }
  func forEachIssue(
    matching query: IssueQuery, _ body: (Issue) throws -> Void
  ) throws {
    let issues = try base.issues(ofRun: query.run)
    for issue in query.select(from: issues) { try body(issue) }
  }
  func failures(
    ofRun run: Int64, among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest> {
    try base.failures(ofRun: run, among: digests)
  }
  func forEachBeforeImage(
    ofRun run: Int64, _ body: (BeforeImage) throws -> Void
  ) throws {
    try base.forEachBeforeImage(ofRun: run, body)
  }
  func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws {
    try base.forEachRowChange(ofRun: run, body)
  }
}

/// The same for a transaction.
final class PlainTransaction: StoreReaderWrapper, StoreTransaction {
  let reader: any StoreReader
  private let base: any StoreTransaction

  init(_ base: any StoreTransaction) {
    self.base = base
    reader = PlainReader(base)
  }

  func insert(_ record: Record, provenance: Provenance?) throws {
    try base.insert(record, provenance: provenance)
  }
  func update(_ record: Record) throws -> Bool { try base.update(record) }
  func delete(_ kind: EntityKind, id: String) throws -> Bool { try base.delete(kind, id: id) }
  func rewrite(_ record: Record, provenance: Provenance) throws {
    try base.rewrite(record, provenance: provenance)
  }
  func beginRun(_ run: LedgerRun) throws -> Int64 { try base.beginRun(run) }
  func updateRun(_ run: LedgerRun) throws { try base.updateRun(run) }
  func appendIssues(_ issues: [Issue], run: Int64) throws {
    try base.appendIssues(issues, run: run)
  }
  func keepFailures(_ digests: [Provenance.Digest], run: Int64) throws {
    try base.keepFailures(digests, run: run)
  }
  func removeFailures(ofRun run: Int64) throws { try base.removeFailures(ofRun: run) }
  func keep(_ change: RowChange) throws { try base.keep(change) }
  func removeChanges(ofRun run: Int64) throws { try base.removeChanges(ofRun: run) }
  func restore(_ image: BeforeImage, run: Int64) throws -> Bool {
    try base.restore(image, run: run)
  }
}
