import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem
import Synchronization

/// The run in the ledger that gathers what one dashboard writes.
///
/// It begins with the first write, in that write's transaction, and again if it was undone or
/// closed meanwhile.
final class WritingRun: Sendable {
  /// What a request did to an entity.
  enum Outcome {
    case created, changed
  }

  /// The run's number, and when it began.
  private let begun = Mutex<(id: Int64, uptime: Duration)?>(nil)
  private let clock: MigrationClock
  private let source: String
  /// The options, by which the run is recognized later.
  private let optionsJSON: String

  /// Creates the run of a dashboard; nothing is written.
  ///
  /// - Parameters:
  ///   - source: The source that the ledger names.
  ///   - mark: A unique id of this dashboard.
  ///   - clock: The clock.
  init(source: String, mark: String, clock: MigrationClock) {
    self.source = source
    self.clock = clock
    var writer = JSONWriter()
    writer.object { $0.member("session", mark) }
    optionsJSON = writer.text
  }

  /// The run, which begins now unless it has.
  func current(in transaction: any StoreTransaction) throws -> LedgerRun {
    if let run = try known(to: transaction), run.state == .running, run.undoneBy == nil {
      return run
    }
    let now = clock.timestamp
    try transaction.markInterruptedRuns(now: now)
    var run = LedgerRun(
      command: LedgerRun.serverCommand, startedAt: now, source: source, optionsJSON: optionsJSON,
      catalog: transaction.catalog)
    run.id = try transaction.beginRun(run)
    let id = run.id
    begun.withLock { $0 = (id, clock.uptime()) }
    return run
  }

  /// Counts the rows that a request has written, in the request's transaction.
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

  /// Records the warnings of what a request has written, in the request's transaction.
  ///
  /// ``count(_:of:in:_:)`` must follow.
  func note(
    _ warnings: [Issue], in run: inout LedgerRun, _ transaction: any StoreTransaction
  ) throws {
    guard !warnings.isEmpty else { return }
    try transaction.appendIssues(warnings, run: run.id)
    for issue in warnings { run.issueCounts[issue.code, default: 0] += 1 }
  }

  /// Closes the run, if it has begun.
  func finish(in store: any RecordStore) throws {
    guard begun.withLock({ $0 }) != nil else { return }
    try store.write { transaction in
      guard var run = try known(to: transaction), run.state == .running else { return }
      run.state = .completed
      run.finishedAt = clock.timestamp
      try update(&run, transaction)
    }
    begun.withLock { $0 = nil }
  }

  private func update(_ run: inout LedgerRun, _ transaction: any StoreTransaction) throws {
    run.heartbeatAt = clock.timestamp
    if let begin = begun.withLock({ $0 })?.uptime {
      run.seconds = (clock.uptime() - begin).seconds
    }
    try transaction.updateRun(run)
  }

  /// The run as the ledger has it; `nil` if it has not begun, or was rolled back.
  private func known(to transaction: any StoreTransaction) throws -> LedgerRun? {
    guard let id = begun.withLock({ $0 })?.id, let run = try transaction.run(id),
      run.optionsJSON == optionsJSON
    else { return nil }
    return run
  }
}
