import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem
import Synchronization

/// The run in the ledger of what a dashboard writes.
///
/// It begins with the first write, in that write's transaction. A write begins another run if this
/// one was undone or completed, if the ledger has a newer run, or if another program has changed
/// the row since this run wrote it. So undoing a run never undoes changes that others made.
final class WritingRun: Sendable {
  /// The kind of change that a request makes to an entity.
  enum Outcome {
    case created, changed
  }

  /// The run's number, and when it began.
  private let begun = Mutex<(id: Int64, uptime: Duration)?>(nil)
  private let clock: MigrationClock
  private let source: String
  /// The options in the ledger, by which the dashboard recognizes its runs.
  private let optionsJSON: String

  /// Creates the run of a dashboard, without writing to the ledger.
  ///
  /// - Parameters:
  ///   - source: The source that the ledger names.
  ///   - mark: A unique identifier of the dashboard.
  ///   - clock: The clock.
  init(source: String, mark: String, clock: MigrationClock) {
    self.source = source
    self.clock = clock
    var writer = JSONWriter()
    writer.object { $0.member("session", mark) }
    optionsJSON = writer.text
  }

  /// Refuses, before the first write, a store that has lost the table of a kind since entities of
  /// that kind were migrated: the write would create an empty one in its place.
  ///
  /// Later, the store itself notices the loss.
  /// - Throws: `StoreError` with the code `store.lost-table`.
  func checkTables(of store: any RecordStore) throws {
    guard begun.withLock({ $0 }) == nil else { return }
    let lost = try store.read { try $0.tablesWithLostEntities() }
    guard !lost.isEmpty else { return }
    throw StoreError(
      .lostTable,
      "\(store.location) lacks the table \(lost.joined(separator: ", ")), whose entities are in the "
        + "ledger; nothing was written. If another application renamed it, rename it back; a "
        + "migration creates an empty one")
  }

  /// Returns the run for writing an entity, and begins it if necessary.
  func current(
    in transaction: any StoreTransaction, toWrite kind: EntityKind, id: String
  ) throws -> LedgerRun {
    if let run = try known(to: transaction), run.state == .running, run.undoneBy == nil,
      try transaction.runs(limit: 1).first?.id == run.id,
      try !transaction.hasForeignChange(of: kind, id: id, after: run.id)
    {
      return run
    }
    let now = clock.timestamp
    try transaction.markInterruptedRuns(now: now)
    try close(in: transaction)
    var run = LedgerRun(
      command: LedgerRun.serverCommand, startedAt: now, source: source, optionsJSON: optionsJSON,
      catalog: transaction.catalog)
    run.id = try transaction.beginRun(run)
    let id = run.id
    begun.withLock { $0 = (id, clock.uptime()) }
    return run
  }

  /// Counts the row that a request has written, in the request's transaction.
  func count(
    _ outcome: Outcome, of kind: EntityKind, in run: inout LedgerRun,
    _ transaction: any StoreTransaction
  ) throws {
    switch outcome {
    case .created: run.statistics[kind].migrated += 1
    case .changed: run.statistics[kind].updated += 1
    }
    try update(&run, transaction)
  }

  /// Records the warnings about the row that a request has written, in the request's transaction.
  ///
  /// Call ``count(_:of:in:_:)`` after it, which writes the run to the ledger.
  func note(
    _ warnings: [Issue], in run: inout LedgerRun, _ transaction: any StoreTransaction
  ) throws {
    guard !warnings.isEmpty else { return }
    try transaction.appendIssues(warnings, run: run.id)
    for issue in warnings { run.issueCounts[issue.code, default: 0] += 1 }
  }

  /// Completes the run, if it has begun.
  func finish(in store: any RecordStore) throws {
    guard begun.withLock({ $0 }) != nil else { return }
    try store.write { try close(in: $0) }
    begun.withLock { $0 = nil }
  }

  /// Completes the dashboard's runs that are not completed.
  ///
  /// There may be two, if a rollback took back the end of one and the beginning of the next.
  private func close(in transaction: any StoreTransaction) throws {
    for var run in try transaction.runningRuns() where run.optionsJSON == optionsJSON {
      run.state = .completed
      run.finishedAt = clock.timestamp
      try update(&run, transaction)
    }
  }

  private func update(_ run: inout LedgerRun, _ transaction: any StoreTransaction) throws {
    run.heartbeatAt = clock.timestamp
    if let begin = begun.withLock({ $0 }), begin.id == run.id {
      run.seconds = (clock.uptime() - begin.uptime).seconds
    }
    try transaction.updateRun(run)
  }

  /// The run as the ledger has it; `nil` if it has not begun, or if its beginning was rolled back.
  private func known(to transaction: any StoreTransaction) throws -> LedgerRun? {
    guard let id = begun.withLock({ $0 })?.id, let run = try transaction.run(id),
      run.optionsJSON == optionsJSON
    else { return nil }
    return run
  }
}

extension StoreReader {
  /// Whether a row that a run wrote is no longer as the run left it.
  fileprivate func hasForeignChange(
    of kind: EntityKind, id: String, after run: Int64
  ) throws -> Bool {
    guard let change = try changes(of: kind, id: id).first(where: { $0.run == run })
    else { return false }
    let record = try record(kind, id: id)
    return switch change.result {
    case .written(let digest): record.map { RowDigest(of: $0) } != digest
    case .deleted: record != nil
    case .rewritten: false
    }
  }
}
