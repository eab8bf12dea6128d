public import RMOSModels

/// The reading side of a store, valid within one ``RecordStore/read(_:)`` or
/// ``RecordStore/write(_:)``.
///
/// What has a default is derived from the other requirements, and correct; a store overrides it if
/// it can answer faster, or with less memory. For one that wraps another, the library
/// RMOSStoreWrapper has a protocol that forwards everything.
public protocol StoreReader: AnyObject {
  /// The kinds of entities that the store holds.
  var catalog: EntityCatalog { get }

  /// Runs `body`, and abandons what it asks of this reader when `isCancelled`, which is polled
  /// periodically, returns `true`. If `body` writes, the transaction is lost then.
  ///
  /// A ``CancellationCheck`` does so for a reader that goes through its rows itself.
  /// - Throws: ``StoreError/Code/cancelled``, or what `body` throws.
  func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result

  // MARK: Entities

  /// The record with `id`; `nil` if there is none.
  func record(_ kind: EntityKind, id: String) throws -> Record?

  /// Whether an entity exists; `id` is UTF-8. O(log n).
  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool

  /// The records that match `query`, in its order.
  func records(_ query: RecordQuery) throws -> [Record]

  /// The number of records that match `query`, ignoring its limit and offset.
  func count(_ query: RecordQuery) throws -> Int

  /// Calls `body` with every record of `kind` in byte order of the id, in constant memory.
  ///
  /// Streams may be nested; what `body` throws ends the stream. In a transaction, `body` may write:
  /// the records are those that were there when the stream began, as they were then. That may take
  /// space for temporary files.
  func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws

  /// Calls `body` with the values of some members of every record of `kind`, in the order of
  /// `members`, record by record in no particular order. One pass, in constant memory.
  ///
  /// It reads nothing else of the records, which ``forEachRecord(_:_:)`` does. What holds there of
  /// writing meanwhile holds here too.
  /// - Throws: ``StoreError/Code/unknownMember``, what reading throws, or what `body` throws.
  func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws

  /// Groups the records of a kind by the values of some members, and summarizes the numbers in
  /// others. One pass; the groups are in the order of their values.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - members: The members to group by; none for a single group of all records.
  ///   - numbers: The members to summarize. Stored values that are not numbers are ignored.
  /// - Returns: The groups; none if there are no records.
  /// - Throws: ``StoreError/Code/unknownMember``, or what reading throws.
  func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup]

  /// Counts the records that match `query`, ignoring its order and limit, by a key. The groups are
  /// in the order of their values, and have no numbers.
  ///
  /// - Throws: ``StoreError/Code/unknownMember``, or what reading throws.
  func counts(_ query: RecordQuery, by key: RecordGroup.Key) throws -> [RecordGroup]

  /// The number of entities that came into the store on each day. One pass.
  func entityDays() throws -> EntityDays

  // MARK: Migration

  /// The store's schema and raw rows, for audits; ``recordInspection`` if it has no schema of its
  /// own.
  var inspection: any SchemaInspecting { get }

  /// Looks up what the store knows of the entities of a batch in `range`.
  ///
  /// A store that answers over a network looks them all up at once.
  /// - Returns: The facts of each, in order. Of entities that failed while being read it matters
  ///   only whether one with the id is there.
  func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts]

  /// The provenance of an entity; `nil` if it was not migrated.
  func provenance(_ kind: EntityKind, id: String) throws -> Provenance?

  /// The provenance of each of some entities of a kind, in order; `nil` for those that were not
  /// migrated.
  ///
  /// A store that answers over a network looks them all up at once.
  func provenance(_ kind: EntityKind, ids: [String]) throws -> [Provenance?]

  /// The runs in the ledger, newest first, without the first `offset`; `limit` is the most to
  /// return, `nil` for all.
  func runs(limit: Int?, offset: Int) throws -> [LedgerRun]

  /// The number of runs in the ledger.
  func runCount() throws -> Int

  /// The runs that the ledger marks as running, newest first: also those whose process died.
  func runningRuns() throws -> [LedgerRun]

  /// A run; `nil` if there is none with that number.
  func run(_ id: Int64) throws -> LedgerRun?

  /// Those of `digests` that ``StoreTransaction/keepFailures(_:run:)`` has kept of a run.
  ///
  /// A store that answers over a network looks them all up at once.
  func failures(
    ofRun run: Int64, among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest>

  /// Calls `body` with the issues that match `query`, in order, in constant memory.
  func forEachIssue(matching query: IssueQuery, _ body: (Issue) throws -> Void) throws

  /// The numbers of a run's issues by severity, code, kind and newness, the most severe first; none
  /// if the run has no issues.
  func issueCounts(ofRun run: Int64) throws -> [IssueCount]

  /// Calls `body` with every row that a run rewrote, as it was before, kind by kind in byte order
  /// of the id. There are none once the run is undone.
  func forEachBeforeImage(ofRun run: Int64, _ body: (BeforeImage) throws -> Void) throws

  /// Calls `body` with what ``StoreTransaction/keep(_:)`` has kept of a run, kind by kind in byte
  /// order of the id.
  func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws

  /// The values of the columns that others have added to a row, by the names of the columns; empty
  /// if there is no such row.
  ///
  /// ``StoreTransaction/remove(_:id:run:)`` keeps them. The default knows of none.
  func otherColumns(of kind: EntityKind, id: String) throws -> [String: Value]

  /// What runs did to a row after it was first written, the newest run first: what was kept with
  /// ``StoreTransaction/keep(_:)``, and, as ``RowChange/Result/rewritten``, what
  /// ``StoreTransaction/rewrite(_:provenance:)`` keeps. There is nothing of runs that are undone.
  func changes(of kind: EntityKind, id: String) throws -> [RowChange]

  /// Calls `body` with every row that prevents ``StoreTransaction/undo(run:)``, kind by kind, in a
  /// fixed order.
  ///
  /// The default takes memory for the ids of all rows that runs have rewritten, and finds only what
  /// stands in the tables of the store's kinds.
  func forEachUndoObstacle(ofRun run: Int64, _ body: (UndoObstacle) throws -> Void) throws

  /// The numbers of rows that ``StoreTransaction/undo(run:)`` would remove and restore if nothing
  /// prevented it.
  func undoCounts(ofRun run: Int64) throws -> UndoCounts
}

// MARK: Derived

extension StoreReader {
  /// Looks the record up.
  public func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    let id = unsafe id.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    return try record(kind, id: id) != nil
  }

  /// Reads all records of the kind.
  public func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    let query = RecordQuery(kind)
    let positions = try members.map { try query.position(of: $0) }
    try forEachRecord(kind) { record in try body(positions.map { record.values[$0] }) }
  }

  /// Counts in one pass over the kind.
  public func count(_ query: RecordQuery) throws -> Int {
    let matches = try query.predicate(in: self)
    var count = 0
    try forEachRecord(query.kind) { if try matches($0) { count += 1 } }
    return count
  }

  /// Looks up each record, its provenance and the entities to which it refers.
  public func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
    try range.map { index in
      var facts = StoredFacts()
      facts.danglingReferences = try batch.danglingReferences(at: index) { kind, id in
        try contains(kind, id: id)
      }
      guard let id = batch.id(at: index), let stored = try record(batch.kind, id: id) else {
        return facts
      }
      facts.comparison = StoredComparison(
        of: batch, at: index, with: stored,
        unknownMembers: try provenance(batch.kind, id: id)?.unknownMembers)
      return facts
    }
  }

  /// Returns nothing: there are only the columns of the kind.
  public func otherColumns(of kind: EntityKind, id: String) throws -> [String: Value] { [:] }

  /// Looks them up one by one.
  public func provenance(_ kind: EntityKind, ids: [String]) throws -> [Provenance?] {
    try ids.map { try provenance(kind, id: $0) }
  }

  /// Reads all runs.
  public func run(_ id: Int64) throws -> LedgerRun? {
    try runs(limit: nil).first { $0.id == id }
  }

  /// Reads all runs.
  public func runningRuns() throws -> [LedgerRun] {
    try runs(limit: nil).filter { $0.state == .running }
  }

  /// Reads all runs.
  public func runCount() throws -> Int { try runs(limit: nil).count }

  /// Reads all issues of the run.
  public func issueCounts(ofRun run: Int64) throws -> [IssueCount] {
    var counts: [IssueCount: Int] = [:]
    try forEachIssue(matching: IssueQuery(run: run)) { issue in
      let key = IssueCount(
        severity: issue.severity, code: issue.code, kind: issue.kind, isNew: issue.isNew, count: 0)
      counts[key, default: 0] += 1
    }
    return [IssueCount](
      adding: counts.map { key, count in
        var key = key
        key.count = count
        return key
      })
  }
}

// MARK: For callers

extension StoreReader {
  /// Whether an entity exists.
  ///
  /// O(log n).
  public func contains(_ kind: EntityKind, id: String) throws -> Bool {
    try contains(kind, id: Array(id.utf8).span)
  }

  /// The runs in the ledger, newest first; `limit` is the most to return, `nil` for all.
  package func runs(limit: Int?) throws -> [LedgerRun] { try runs(limit: limit, offset: 0) }

  /// The version of the shared schema; `nil` if the store has no schema yet.
  package func schemaVersion() throws -> SchemaVersion? { try inspection.schemaVersion() }

  /// The issues of a run, in order; `limit` is the most to return, `nil` for all.
  package func issues(ofRun run: Int64, limit: Int? = nil) throws -> [Issue] {
    var query = IssueQuery(run: run)
    query.limit = limit
    return try issues(matching: query)
  }

  /// The issues that match `query`, in order.
  public func issues(matching query: IssueQuery) throws -> [Issue] {
    var issues: [Issue] = []
    try forEachIssue(matching: query) { issues.append($0) }
    return issues
  }

  /// Calls `body` with every issue of a run, in order, in constant memory.
  package func forEachIssue(ofRun run: Int64, _ body: (Issue) throws -> Void) throws {
    try forEachIssue(matching: IssueQuery(run: run), body)
  }

  /// Compares the entity at `index` of `batch` with the store.
  package func comparison(of batch: RecordBatch, at index: Int) throws -> StoredComparison {
    try facts(of: batch, in: index..<index + 1).first?.comparison ?? .absent
  }

  /// Whether an entity's row has changed since a run wrote it; `nil` if there is no such row.
  package func editState(_ kind: EntityKind, id: String) throws -> EditState? {
    guard let record = try record(kind, id: id) else { return nil }
    return EditState(of: record, try provenance(kind, id: id))
  }

  /// The run that wrote each of some records which have changed since; `nil` for the others.
  package func runsBeforeEdits(of records: [Record]) throws -> [Int64?] {
    var runs = [Int64?](repeating: nil, count: records.count)
    for (kind, positions) in Dictionary(grouping: records.indices, by: { records[$0].kind }) {
      let origins = try provenance(kind, ids: positions.map { records[$0].id })
      for (position, origin) in zip(positions, origins) {
        guard case .edited(let run) = EditState(of: records[position], origin) else { continue }
        runs[position] = run
      }
    }
    return runs
  }

  /// Runs `body` unless `isCancelled`, and abandons it once that returns `true`.
  ///
  /// - Throws: ``StoreError/Code/cancelled``, or what `body` throws.
  package func run<Result>(
    whileNot isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    guard !isCancelled() else { throw StoreError.cancelled }
    let result = try withCancellation(isCancelled, body)
    guard !isCancelled() else { throw StoreError.cancelled }
    return result
  }
}

extension StoreReader {
  /// Calls `body` with the records that match `query`, in its order, within its limit and offset.
  ///
  /// - Parameters:
  ///   - query: The query.
  ///   - size: How many records are in memory at once, if the store can only return a page of them.
  ///   - body: Takes a record; what it throws ends the stream.
  /// - Throws: `StoreError`, or what `body` throws.
  package func forEachRecord(
    matching query: RecordQuery, pageSize size: Int = 1_000, _ body: (Record) throws -> Void
  ) throws {
    if let reader = self as? any StreamingReader, try reader.streamRecords(query, body) { return }
    var (offset, rest) = (query.offset, query.limit ?? .max)
    while rest > 0 {
      let size = min(rest, size)
      let records = try records(query.limit(size, offset: offset))
      for record in records { try body(record) }
      let (next, overflows) = offset.addingReportingOverflow(size)
      if records.count < size || overflows { return }
      (offset, rest) = (next, rest - size)
    }
  }
}

/// Abandons work of a reader that goes through its rows itself, which nothing else can interrupt.
///
/// The reader has one, runs ``within(_:_:)`` for its ``StoreReader/withCancellation(_:_:)``, and
/// calls ``poll()`` for each row.
public final class CancellationCheck {
  private var checks: [() -> Bool] = []
  private var count = 0

  /// Creates a check that never cancels.
  public init() {}

  /// Runs `body`, within which ``poll()`` throws once `isCancelled` returns `true`.
  ///
  /// - Throws: ``StoreError/Code/cancelled``, or what `body` throws.
  public func within<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try withoutActuallyEscaping(isCancelled) { isCancelled in
      checks.append(isCancelled)
      defer { checks.removeLast() }
      return try body()
    }
  }

  /// Asks whether the work is cancelled, at every 64th call.
  ///
  /// - Throws: ``StoreError/Code/cancelled``.
  public func poll() throws(StoreError) {
    guard !checks.isEmpty else { return }
    count &+= 1
    guard count.isMultiple(of: 64) else { return }
    if checks.contains(where: { $0() }) { throw .cancelled }
  }
}
