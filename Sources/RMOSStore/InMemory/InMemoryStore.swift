public import RMOSModels
import RMOSSystem
import Synchronization

/// A store in memory, for tests, previews and experiments.
///
/// It applies the rules of the shared schema (keys, NOT NULL, foreign keys, conversion to column
/// types), so it accepts and refuses what ``SQLiteStore`` does. Reading and writing an entity by id
/// is O(1); a transaction that writes first copies the tables it changes, and queries sort all
/// entities of their kind.
public final class InMemoryStore: RecordStore {
  /// The kinds of entities that the store holds.
  public let catalog: EntityCatalog
  private let state: Mutex<InMemoryState>
  private let mark = ChangeMark()
  private let gate = WriterGate(location: "the store")

  /// Creates an empty store.
  ///
  /// - Parameter catalog: The kinds of entities that it holds.
  public init(catalog: EntityCatalog = .rmos) {
    self.catalog = catalog
    state = Mutex(InMemoryState(catalog))
  }

  /// "in memory".
  public var location: String { "in memory" }

  /// Runs `body` on a snapshot; no lock is held meanwhile.
  public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    let reader = InMemoryReader(snapshot)
    defer { _ = reader.expire() }
    return try body(reader)
  }

  /// Runs `body` on a copy of the state, which replaces the state if `body` succeeds.
  ///
  /// Waits at most five seconds for a thread within ``withExclusiveWriter(_:)``.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try gate.transaction(timeout: .seconds(5)) {
      let transaction = InMemoryTransaction(snapshot)
      defer { _ = transaction.expire() }
      let result = try body(transaction)
      if var changed = transaction.expire() {
        changed.version += 1
        state.withLock { $0 = changed }
      }
      return result
    }
  }

  /// Runs `body` as the only writer; the calling thread holds the lock.
  public func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    try gate.exclusively(body)
  }

  /// It can always be written to.
  public func checkWriting() throws -> [Issue] { [] }

  /// Look-ups are enough.
  public func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal { .lookUps }

  /// Returns a token with the number of committed transactions.
  public func changeToken() -> String? { "\(mark.text)-\(state.withLock { $0.version })" }

  /// `nil`: it is not on disk.
  public var sizeOnDisk: Int? { nil }

  /// `nil`: it is not known.
  public var hasWriter: Bool? { nil }

  /// Does nothing: there are no indexes.
  public func beginBulkLoad() {}

  /// Does nothing: there are no indexes.
  public func endBulkLoad() {}

  /// Returns `nil`: the store does not outlive the process.
  public func backUp(beforeRun run: Int64, isCancelled: () -> Bool) -> RunBackup? { nil }

  private var snapshot: InMemoryState { state.withLock { $0 } }
}

/// The reading side of an ``InMemoryStore``, valid within one closure.
class InMemoryReader: StoreReader {
  final let catalog: EntityCatalog
  private var current: InMemoryState?

  init(_ state: InMemoryState) {
    catalog = state.catalog
    current = state
  }

  /// Invalidates the reader and returns its state.
  final func expire() -> InMemoryState? {
    defer { current = nil }
    return current
  }

  /// The state; throws if the closure has ended.
  final func state() throws(StoreError) -> InMemoryState {
    guard let current else { throw StoreError.expiredHandle }
    return current
  }

  /// The state, of which a kind is to be read.
  ///
  /// - Throws: ``StoreError/Code/unknownKind``, or that the closure has ended.
  final func state(with kind: EntityKind) throws(StoreError) -> InMemoryState {
    guard catalog.contains(kind) else { throw .unknownKind(kind, catalog) }
    return try state()
  }

  /// Changes the state in place.
  final func change<Result>(_ body: (inout InMemoryState) throws -> Result) throws -> Result {
    // Taken out, so that a second owner does not force a copy.
    guard var state = expire() else { throw StoreError.expiredHandle }
    defer { current = state }
    return try body(&state)
  }

  final func schemaVersion() throws -> SchemaVersion? {
    _ = try state()
    return SchemaVersion(version: SchemaVersion.created, appliedAt: nil)
  }

  final var inspection: SchemaInspection? { nil }

  final func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try body()
  }

  final func record(_ kind: EntityKind, id: String) throws -> Record? {
    try state(with: kind)[kind][InMemoryState.Key(id)]?.record
  }

  final func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    let id = id.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    return try state(with: kind)[kind][InMemoryState.Key(id)] != nil
  }

  final func records(_ query: RecordQuery) throws -> [Record] {
    var matches = try matches(query)
    if query.order == .newestFirst,
      let position = query.kind.schema.position(ofMember: "created_at")
    {
      // Stable: equally old rows stay in the order in which they were added.
      matches.sort { $1.values[position].precedes($0.values[position]) }
    }
    let rest = matches.dropFirst(max(0, query.offset))
    return Array(rest.prefix(query.limit.map { max(0, $0) } ?? rest.count))
  }

  final func count(_ query: RecordQuery) throws -> Int { try matches(query).count }

  private func matches(_ query: RecordQuery) throws -> [Record] {
    let tests = try query.conditions.map { try query.test($0) }
    let state = try state(with: query.kind)
    let records =
      query.order == .id ? state.sorted(query.kind) : state.inOrderAdded(query.kind)
    return records.filter { record in tests.allSatisfy { $0(record) } }
  }

  final func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    for record in try state(with: kind).sorted(kind) { try body(record) }
  }

  final func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    try state(with: kind)[kind][InMemoryState.Key(id)]?.provenance
  }

  final func runs(limit: Int?) throws -> [LedgerRun] {
    let runs = try state().runs.reversed()
    return Array(runs.prefix(limit.map { max(0, $0) } ?? runs.count))
  }

  final func run(_ id: Int64) throws -> LedgerRun? { try state().runs.first { $0.id == id } }

  final func issues(ofRun run: Int64, limit: Int?) throws -> [Issue] {
    let issues = try state().issues[run] ?? []
    return Array(issues.prefix(limit.map { max(0, $0) } ?? issues.count))
  }

  final func forEachBeforeImage(
    ofRun run: Int64, _ body: (BeforeImage) throws -> Void
  ) throws {
    for kind in catalog.kinds {
      let images = try state().images(ofRun: run, kind)
      for (_, image) in images.sorted(by: { $0.key < $1.key }) { try body(image) }
    }
  }

  final func forEachUndoObstacle(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    for obstacle in try state().undoObstacles(ofRun: run) { try body(obstacle) }
  }

  final func undoCounts(ofRun run: Int64) throws -> UndoCounts {
    try state().undoCounts(ofRun: run)
  }
}

extension RecordQuery {
  fileprivate func test(_ condition: Condition) throws -> (Record) -> Bool {
    switch condition {
    case .equals(let member, let value):
      let position = try position(of: member)
      let sought = kind.schema.fields[position].type.affinity.stored(value)
      return { $0.values[position].isSame(as: sought) }
    case .contains(let member, let text):
      let position = try position(of: member)
      let sought = Array(text.lowercasedASCII.utf8)
      return { record in
        guard case .text(let text) = record.values[position] else { return false }
        return Array(text.lowercasedASCII.utf8).containsSubsequence(sought)
      }
    }
  }
}

extension [UInt8] {
  fileprivate func containsSubsequence(_ sought: [UInt8]) -> Bool {
    guard !sought.isEmpty else { return true }
    guard count >= sought.count else { return false }
    return (0...count - sought.count).contains { start in
      self[start..<start + sought.count].elementsEqual(sought)
    }
  }
}

/// The writing side of an ``InMemoryStore``, valid within one closure.
final class InMemoryTransaction: InMemoryReader, StoreTransaction {
  func insert(_ record: Record) throws { try insert(record, provenance: nil) }

  func insert(_ batch: RecordBatch, at index: Int, run: Int64) throws {
    try insert(batch.record(at: index), provenance: batch.provenance(at: index, run: run))
  }

  private func insert(_ record: Record, provenance: Provenance?) throws {
    _ = try state(with: record.kind)
    try change { state in
      let key = InMemoryState.Key(try record.requiredID())
      guard state[record.kind][key] == nil else {
        throw StoreError(.duplicateID, "").explained(record.kind, id: key.text)
      }
      let stored = try state.stored(record)
      state.add(stored, provenance, as: key)
    }
  }

  func update(_ record: Record) throws -> Bool {
    _ = try state(with: record.kind)
    return try change { state in
      let key = InMemoryState.Key(try record.requiredID())
      guard let old = state[record.kind][key]?.record else { return false }
      let stored = try state.stored(record, changing: old)
      state[record.kind][key]?.record = stored
      return true
    }
  }

  func update(
    _ batch: RecordBatch, at index: Int, run: Int64, startedAt: String
  ) throws {
    _ = try state(with: batch.kind)
    try change { state in
      let (kind, id) = (batch.kind, batch.text(batch.entries[index].id))
      let key = InMemoryState.Key(id)
      guard let before = state[kind][key] else { throw StoreError.nothingToUpdate(kind, id) }
      let record = try state.stored(
        batch.row(at: index, rewriting: before.record, startedAt: startedAt))
      var provenance = batch.provenance(at: index, run: run)
      provenance.rowDigest = RowDigest(of: record)
      state[kind][key] = InMemoryState.Row(
        record: record, provenance: provenance, number: before.number)
      state.images[run, default: [:]][kind, default: [:]][key] =
        BeforeImage(record: before.record, provenance: before.provenance)
    }
  }

  func delete(_ kind: EntityKind, id: String) throws -> Bool {
    _ = try state(with: kind)
    return try change { state in
      let key = InMemoryState.Key(id)
      guard state[kind][key] != nil else { return false }
      guard !state.isReferenced(kind, id: id) else {
        throw StoreError.stillReferenced(kind, id: id, catalog)
      }
      state[kind][key] = nil
      return true
    }
  }

  func beginRun(_ run: LedgerRun) throws -> Int64 {
    try change { state in
      var run = run
      run.id = Int64(state.runs.count + 1)
      state.runs.append(run)
      return run.id
    }
  }

  func updateRun(_ run: LedgerRun) throws {
    try change { state in
      guard let index = state.runs.firstIndex(where: { $0.id == run.id }) else {
        throw StoreError.noSuchRun(run.id)
      }
      state.runs[index] = run
    }
  }

  func appendIssues(_ issues: [Issue], run: Int64) throws {
    try change { state in
      guard state.runs.contains(where: { $0.id == run }) else { throw StoreError.noSuchRun(run) }
      state.issues[run, default: []] += issues
    }
  }

  func undo(run: Int64) throws -> UndoCounts { try change { $0.undo(run: run) } }
}
