public import RMOSModels

/// The reading side of a store, valid within one ``RecordStore/read(_:)`` or
/// ``RecordStore/write(_:)``.
///
/// Default implementations are derived from the other requirements, and are correct; a store
/// implements them itself if it can answer faster or with less memory. For a reader that wraps
/// another, the library RMOSStoreWrapper has a protocol that forwards everything.
public protocol StoreReader: AnyObject {
  /// The kinds of entities that the store holds.
  var catalog: EntityCatalog { get }

  /// Runs `body`, in which calls of this reader are abandoned when `isCancelled`, which is polled
  /// periodically, returns `true`.
  ///
  /// If `body` has written before, the transaction is then lost. A reader that goes through its
  /// rows itself can use a ``CancellationCheck``.
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
  /// Streams may be nested; an error that `body` throws ends the stream. In a transaction, `body`
  /// may write: the records are those that existed when the stream began, with their values at that
  /// time, which may take space for temporary files.
  func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws

  /// Calls `body` with the values of some members of every record of `kind`, in one pass and in
  /// constant memory.
  ///
  /// The values are in the order of `members`; the records are in no particular order. Unlike
  /// ``forEachRecord(_:_:)``, it does not read other members. In a transaction, `body` may write,
  /// as there.
  /// - Throws: ``StoreError/Code/unknownMember``, what reading throws, or what `body` throws.
  func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws

  /// Groups the records of a kind by the values of some members, and summarizes the numbers in
  /// others, in one pass.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - members: The members to group by; none for a single group of all records.
  ///   - numbers: The members to summarize; values that are not numbers are ignored.
  /// - Returns: The groups, in the order of their values; none if there are no records.
  /// - Throws: ``StoreError/Code/unknownMember``, or what reading throws.
  func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup]

  /// Counts the records that match `query`, ignoring its order and limit, by a key.
  ///
  /// The groups are in the order of their values, and have no numbers.
  /// - Throws: ``StoreError/Code/unknownMember``, or what reading throws.
  func counts(_ query: RecordQuery, by key: RecordGroup.Key) throws -> [RecordGroup]

  /// The number of entities that came into the store on each day, counted in one pass.
  func entityDays() throws -> EntityDays

  // MARK: Migration

  /// The store's schema and raw rows, for audits; ``recordInspection`` if it has no schema of its
  /// own.
  var inspection: any SchemaInspecting { get }

  /// Looks up the entities of a batch in `range`, and their references.
  ///
  /// A store on a network should look all of them up at once.
  /// - Returns: The facts about each entity, in order. For entities that failed while they were
  ///   read, only the presence of their id matters.
  func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts]

  /// The provenance of an entity; `nil` if it was not migrated.
  func provenance(_ kind: EntityKind, id: String) throws -> Provenance?

  /// The provenance of several entities of a kind, in the order of the ids; `nil` for those that
  /// were not migrated.
  ///
  /// A store on a network should look all of them up at once.
  func provenance(_ kind: EntityKind, ids: [String]) throws -> [Provenance?]

  /// The runs in the ledger, newest first, without the first `offset`, and at most `limit` if it is
  /// not `nil`.
  func runs(limit: Int?, offset: Int) throws -> [LedgerRun]

  /// The number of runs in the ledger.
  func runCount() throws -> Int

  /// The runs that are marked as running, including those whose process died, newest first.
  func runningRuns() throws -> [LedgerRun]

  /// The run with a number; `nil` if there is none.
  func run(_ id: Int64) throws -> LedgerRun?

  /// The digests among `digests` that ``StoreTransaction/keepFailures(_:run:)`` has kept of a run.
  ///
  /// A store on a network should look all of them up at once.
  func failures(
    ofRun run: Int64, among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest>

  /// Calls `body` with the issues that match `query`, in order, in constant memory.
  func forEachIssue(matching query: IssueQuery, _ body: (Issue) throws -> Void) throws

  /// The numbers of a run's issues by severity, code, kind and newness, the most severe first;
  /// empty if the run has no issues.
  func issueCounts(ofRun run: Int64) throws -> [IssueCount]

  /// Calls `body` with the before-image of every row that a run rewrote, kind by kind in byte order
  /// of the id.
  ///
  /// Undoing a run removes its before-images.
  func forEachBeforeImage(ofRun run: Int64, _ body: (BeforeImage) throws -> Void) throws

  /// Calls `body` with every change of a run that ``StoreTransaction/keep(_:)`` has kept, kind by
  /// kind in byte order of the id.
  func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws

  /// The values of a row in columns that other applications have added, by the names of the
  /// columns; empty if there is no such row.
  ///
  /// ``StoreTransaction/remove(_:id:run:)`` keeps them. The default returns none.
  func otherColumns(of kind: EntityKind, id: String) throws -> [String: Value]

  /// The texts of a row, other than its id, that are not Unicode, byte by byte as the database
  /// keeps them, by the names of their columns.
  ///
  /// A `Value` holds such a text with replacement characters. ``StoreTransaction/write(_:run:)``
  /// and ``StoreTransaction/remove(_:id:run:)`` keep its bytes. The default knows of none.
  func malformedTexts(of kind: EntityKind, id: String) throws -> [String: [UInt8]]

  /// The number of references to a row by foreign keys that others have declared, by the names of
  /// the tables that hold the references; 0 for a table that the store may not read.
  ///
  /// Deleting the row would be refused because of them, or would delete or change those rows, too.
  /// The default knows of none.
  func otherReferrers(to kind: EntityKind, id: String) throws -> [String: Int]

  /// The changes of a row by runs, newest run first: those that ``StoreTransaction/keep(_:)`` has
  /// kept, and, as ``RowChange/Result/rewritten``, those by
  /// ``StoreTransaction/rewrite(_:provenance:)``.
  ///
  /// Undoing a run removes its changes.
  func changes(of kind: EntityKind, id: String) throws -> [RowChange]

  /// Calls `body` with every obstacle to ``StoreTransaction/undo(run:)``, kind by kind, in a fixed
  /// order.
  ///
  /// The default takes memory for the ids of all rows that runs have rewritten, and does not find
  /// references from tables of other applications.
  func forEachUndoObstacle(ofRun run: Int64, _ body: (UndoObstacle) throws -> Void) throws

  /// The numbers of rows that ``StoreTransaction/undo(run:)`` would remove and restore if there
  /// were no obstacles.
  func undoCounts(ofRun run: Int64) throws -> UndoCounts
}

// MARK: Default implementations

extension StoreReader {
  /// Reads the record.
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

  /// Looks up each entity, its provenance and its references one by one.
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

  /// Returns no values: tables have only the columns of their kind.
  public func otherColumns(of kind: EntityKind, id: String) throws -> [String: Value] { [:] }

  /// Returns nothing: all texts are Unicode.
  public func malformedTexts(
    of kind: EntityKind, id: String
  ) throws -> [String: [UInt8]] { [:] }

  /// Returns nothing: there are only the tables of the kinds.
  public func otherReferrers(to kind: EntityKind, id: String) throws -> [String: Int] { [:] }

  /// Looks up the entities one by one.
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

  /// Compares the entity at `index` of `batch` with the row that has its id.
  package func comparison(of batch: RecordBatch, at index: Int) throws -> StoredComparison {
    try facts(of: batch, in: index..<index + 1).first?.comparison ?? .absent
  }

  /// Whether an entity's row has changed since a run wrote it; `nil` if there is no such row.
  package func editState(_ kind: EntityKind, id: String) throws -> EditState? {
    guard let record = try record(kind, id: id) else { return nil }
    return EditState(of: record, try provenance(kind, id: id))
  }

  /// For each record whose row has been edited since a run wrote it, that run; `nil` for the
  /// others.
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

  /// Runs `body` unless `isCancelled` returns `true`, and abandons it once it does.
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
  ///   - size: The number of records in memory at once, if the store cannot stream the query.
  ///   - body: The function to call; an error that it throws ends the stream.
  /// - Throws: `StoreError`, or what `body` throws.
  package func forEachRecord(
    matching query: RecordQuery, pageSize size: Int = 1_000, _ body: (Record) throws -> Void
  ) throws {
    if let reader = self as? any StreamingReader, try reader.streamRecords(query, body) { return }
    var (offset, rest) = (max(0, query.offset), query.limit ?? .max)
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

/// Makes a reader cancellable that goes through its rows itself.
///
/// The reader implements ``StoreReader/withCancellation(_:_:)`` by ``within(_:_:)``, and calls
/// ``poll()`` for each row.
public final class CancellationCheck {
  private var checks: [() -> Bool] = []
  private var count = 0

  /// Creates a check that never cancels.
  public init() {}

  /// Runs `body`, in which ``poll()`` throws once `isCancelled` returns `true`.
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

  /// Throws if the work is cancelled, which is checked at every 64th call.
  ///
  /// - Throws: ``StoreError/Code/cancelled``.
  public func poll() throws(StoreError) {
    guard !checks.isEmpty else { return }
    count &+= 1
    guard count.isMultiple(of: 64) else { return }
    if checks.contains(where: { $0() }) { throw .cancelled }
  }
}

// Typed entities.

extension StoreReader {
  /// The entity with `id`; `nil` if there is none.
  ///
  /// ```swift
  /// let pattern = try store.read { try $0.entity(Pattern.self, id: "torres_wave_5x11") }
  /// ```
  /// - Throws: ``StoreError``; `EntityRejected` if a stored value is not what the schema declares.
  public func entity<E: Entity>(_ type: E.Type, id: String) throws -> E? {
    try record(E.kind, id: id).map { try E(record: $0) }
  }

  /// The entities that match, as in a ``RecordQuery``.
  ///
  /// - Throws: As ``entity(_:id:)``.
  public func entities<E: Entity>(
    _ type: E.Type, where conditions: [RecordQuery.Condition] = [],
    order: RecordQuery.Order = .id, limit: Int? = nil, offset: Int = 0
  ) throws -> [E] {
    let query = RecordQuery(
      E.kind, where: conditions, order: order, limit: limit, offset: offset)
    return try records(query).map { try E(record: $0) }
  }

  /// An issue for each reference of a record to an entity that does not exist.
  package func missingReferences(of record: Record) throws -> [Issue] {
    var issues: [Issue] = []
    let schema = record.kind.schema
    for reference in schema.references {
      let (field, target) = (schema.fields[reference.field], reference.target)
      guard case .text(let id) = record.values[reference.field], try !contains(target, id: id)
      else { continue }
      let similar = try SimilarID.first(like: id, of: target) { try contains(target, id: $0) }
      issues.append(
        Issue(
          severity: .error, code: .referenceMissing, kind: record.kind, id: record.id,
          pointer: "/\(field.member)",
          message: "\"\(field.member)\" points to the \(target.schema.singular) "
            + "\(Violation.quoted(id)), which is not in the store; "
            + SimilarID.advice(for: id, similar, otherwise: "add it first").text(inFile: false)))
    }
    return issues
  }
}

/// Thrown to end a search.
private struct AllFound: Error {}

extension StoreReader {
  /// The missing tables of kinds of which the ledger has entities.
  package func tablesWithLostEntities() throws -> [String] {
    let missing = try inspection.missingTables()
    let kinds = catalog.kinds.filter { missing.contains($0.table) }
    guard !kinds.isEmpty, try inspection.ledgerVersion() != nil else { return [] }
    var lost: Set<EntityKind> = []
    do {
      try inspection.forEachDanglingProvenance { provenance in
        guard let kind = kinds.first(where: { $0.rawValue == provenance.kind }) else { return }
        lost.insert(kind)
        if lost.count == kinds.count { throw AllFound() }
      }
    } catch is AllFound {}
    return kinds.filter(lost.contains).map(\.table)
  }
}
