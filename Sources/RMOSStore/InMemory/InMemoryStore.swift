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
  /// Distinguishes the store's change tokens from those of all others.
  private let mark = ASCII.randomHex()
  private let gate = WriterGate(location: "the store")

  /// Creates an empty store.
  ///
  /// - Parameter catalog: The kinds of entities that it holds.
  public init(catalog: EntityCatalog = .rmos) {
    self.catalog = catalog
    state = Mutex(InMemoryState(catalog))
  }

  /// The text "in memory".
  public var location: String { "in memory" }

  /// Runs `body` on a snapshot, without holding a lock.
  public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    let reader = InMemoryReader(snapshot)
    defer { _ = reader.expire() }
    return try body(reader)
  }

  /// Runs `body` on a copy of the state, which replaces the state if `body` succeeds.
  ///
  /// Waits at most five seconds for another thread within ``withExclusiveWriter(_:)``.
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

  /// Runs `body` as the only writer; the calling thread owns the lock.
  public func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    try gate.exclusively(body)
  }

  /// Returns no issues: a store in memory can always be written to.
  public func checkWriting() throws -> [Issue] { [] }

  /// Returns ``Rehearsal/lookUps``: the store has no rules beyond the shared schema.
  public func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal { .lookUps }

  /// Returns a token with the number of committed transactions.
  public func changeToken() -> String? { "\(mark)-\(state.withLock { $0.version })" }

  /// Returns `nil`: no other database can take the place of this one.
  public func databaseMark() -> String? { nil }

  /// `nil`: the store is not on disk.
  public var sizeOnDisk: Int? { nil }

  /// `nil`: the store does not know.
  public var hasWriter: Bool? { nil }

  /// Runs `body`; there are no indexes to create afterwards.
  public func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result { try body() }

  /// Runs `body` without a backup, since the store does not outlive the process.
  public func withBackup<Result>(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result {
    try body { nil }
  }

  private var snapshot: InMemoryState { state.withLock { $0 } }
}

/// The reading side of an ``InMemoryStore``, valid within one closure.
class InMemoryReader: StoreReader {
  final let catalog: EntityCatalog
  private let cancellation = CancellationCheck()
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
    guard let current else { throw StoreError(.expiredHandle) }
    return current
  }

  /// The state; throws if the closure has ended or if the store does not hold a kind.
  ///
  /// - Throws: ``StoreError/Code/unknownKind``, ``StoreError/Code/handleExpired``.
  final func state(with kind: EntityKind) throws(StoreError) -> InMemoryState {
    guard catalog.contains(kind) else { throw StoreError(.unknownKind(kind, catalog)) }
    return try state()
  }

  /// Changes the state in place.
  final func change<Result>(_ body: (inout InMemoryState) throws -> Result) throws -> Result {
    // The state is taken out of `current`, because a second reference to it would force a copy.
    guard var state = expire() else { throw StoreError(.expiredHandle) }
    defer { current = state }
    return try body(&state)
  }

  final var inspection: any SchemaInspecting { recordInspection }

  final func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try cancellation.within(isCancelled, body)
  }

  final func record(_ kind: EntityKind, id: String) throws -> Record? {
    try state(with: kind)[kind][UTF8Key(id)]?.record
  }

  final func records(_ query: RecordQuery) throws -> [Record] {
    try query.select(
      from: try state(with: query.kind).inOrderAdded(query.kind), in: self)
  }

  final func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    for record in try state(with: kind).sorted(kind) {
      try cancellation.poll()
      try body(record)
    }
  }

  final func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    try state(with: kind)[kind][UTF8Key(id)]?.provenance
  }

  final func runs(limit: Int?, offset: Int) throws -> [LedgerRun] {
    let rest = try state().runs.reversed().dropFirst(max(0, offset))
    return Array(rest.prefix(limit.map { max(0, $0) } ?? rest.count))
  }

  final func runningRuns() throws -> [LedgerRun] {
    try state().runs.reversed().filter { $0.state == .running }
  }

  final func runCount() throws -> Int { try state().runs.count }

  final func forEachIssue(
    matching query: IssueQuery, _ body: (Issue) throws -> Void
  ) throws {
    for issue in query.select(from: try state().issues[query.run] ?? []) {
      try cancellation.poll()
      try body(issue)
    }
  }

  final func failures(
    ofRun run: Int64, among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest> {
    try state().failures[run]?.intersection(digests) ?? []
  }

  final func forEachBeforeImage(
    ofRun run: Int64, _ body: (BeforeImage) throws -> Void
  ) throws {
    for kind in catalog.kinds {
      for image in try state().images(ofRun: run, kind) {
        try cancellation.poll()
        try body(image)
      }
    }
  }

  final func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws {
    for kind in catalog.kinds {
      for (_, change) in (try state().changes[run]?[kind] ?? [:]).sorted(by: { $0.key < $1.key }) {
        try cancellation.poll()
        try body(change)
      }
    }
  }

  final func changes(of kind: EntityKind, id: String) throws -> [RowChange] {
    let (state, key) = (try state(with: kind), UTF8Key(id))
    return state.runs.reversed().compactMap { run in
      state.changes[run.id]?[kind]?[key]
        ?? state.images[run.id]?[kind]?[key].map {
          RowChange(run: run.id, kind: kind, id: id, before: $0, result: .rewritten)
        }
    }
  }
}

/// The writing side of an ``InMemoryStore``, valid within one closure.
final class InMemoryTransaction: InMemoryReader, StoreTransaction {
  func insert(_ record: Record, provenance: Provenance?) throws {
    _ = try state(with: record.kind)
    try change { state in
      let key = UTF8Key(try record.requiredID())
      guard state[record.kind][key] == nil else {
        throw StoreError(.duplicateID(record.kind, id: key.text))
      }
      let stored = try state.stored(record)
      state.add(stored, provenance?.ofStored(stored), as: key)
    }
  }

  func update(_ record: Record) throws -> Bool {
    _ = try state(with: record.kind)
    return try change { state in
      let key = UTF8Key(try record.requiredID())
      guard let old = state[record.kind][key]?.record else { return false }
      let stored = try state.stored(record, changing: old)
      state[record.kind][key]?.record = stored
      return true
    }
  }

  func rewrite(_ record: Record, provenance: Provenance) throws {
    _ = try state(with: record.kind)
    try change { state in
      let (kind, key) = (record.kind, UTF8Key(try record.requiredID()))
      guard let before = state[kind][key] else {
        throw StoreError(.nothingToUpdate(kind, id: key.text))
      }
      guard state.images[provenance.run]?[kind]?[key] == nil else {
        throw StoreError(.rewrittenTwice(kind, id: key.text, run: provenance.run))
      }
      let stored = try state.stored(record)
      state[kind][key]?.record = stored
      state[kind][key]?.provenance = provenance.ofStored(stored)
      state.images[provenance.run, default: [:]][kind, default: [:]][key] =
        BeforeImage(record: before.record, provenance: before.provenance)
    }
  }

  func restore(_ image: BeforeImage, run: Int64) throws -> Bool {
    let (kind, key) = (image.record.kind, UTF8Key(image.record.id))
    _ = try state(with: kind)
    return try change { state in
      state.images[run]?[kind]?[key] = nil
      guard state[kind][key] != nil else { return false }
      state[kind][key]?.record = image.record
      state[kind][key]?.provenance = image.provenance
      return true
    }
  }

  func keepFailures(_ digests: [Provenance.Digest], run: Int64) throws {
    try change { $0.failures[run, default: []].formUnion(digests) }
  }

  func removeFailures(ofRun run: Int64) throws { try change { $0.failures[run] = nil } }

  func keep(_ change: RowChange) throws {
    _ = try state(with: change.kind)
    try self.change { state in
      state.changes[change.run, default: [:]][change.kind, default: [:]][UTF8Key(change.id)] =
        change
    }
  }

  func removeChanges(ofRun run: Int64) throws { try change { $0.changes[run] = nil } }

  func delete(_ kind: EntityKind, id: String) throws -> Bool {
    _ = try state(with: kind)
    return try change { state in
      let key = UTF8Key(id)
      guard state[kind][key] != nil else { return false }
      guard !state.isReferenced(kind, id: id) else {
        throw StoreError(.stillReferenced(kind, id: id, catalog))
      }
      state[kind][key] = nil
      return true
    }
  }

  func undo(run: Int64) throws -> UndoCounts { try change { $0.undo(run: run) } }

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
        throw StoreError(.noSuchRun(run.id))
      }
      state.runs[index] = run
    }
  }

  func appendIssues(_ issues: [Issue], run: Int64) throws {
    try change { state in
      guard state.runs.contains(where: { $0.id == run }) else { throw StoreError(.noSuchRun(run)) }
      state.issues[run, default: []] += issues
    }
  }
}

extension Provenance {
  /// The provenance with the digest of the stored row.
  fileprivate func ofStored(_ row: Record) -> Provenance {
    var provenance = self
    provenance.rowDigest = RowDigest(of: row)
    return provenance
  }
}
