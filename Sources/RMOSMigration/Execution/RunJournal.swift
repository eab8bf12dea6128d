import RMOSModels
import RMOSStore
import RMOSSystem

/// The books of a run: its row in the ledger, the counts and issues of what is committed, and the ids
/// to keep in mind; it tells the observer and the copies of what failed.
///
/// What a batch comes to counts from ``recordCommitted(_:of:ledger:)`` on.
final class RunJournal {
  /// The ledger's row; not written in a dry run.
  private var ledger: LedgerRun
  /// The run's number in the ledger; `nil` if there is nothing of it.
  private(set) var run: Int64?
  private(set) var memory: RunMemory
  private(set) var ending = MigrationSummary.Ending.completed
  private var tally = Tally()

  private let options: MigrationOptions
  private let observer: ((MigrationEvent) -> Void)?
  private let rejects: RejectsWriter?
  private let startedUptime: Double
  private var kindUptime: Double
  private var totalBytes: Int?
  private var backup: RunBackup?
  /// What there is to say before the run: issues that concern no entity.
  private var notices: [Issue] = []

  /// Opens the books of a run that begins now.
  init(
    source: String, options: MigrationOptions, rejects: RejectsWriter?,
    observer: ((MigrationEvent) -> Void)?
  ) {
    self.options = options
    self.rejects = rejects
    self.observer = observer
    memory = RunMemory(keepsDecided: options.onDuplicate == .update)
    startedUptime = options.clock.uptime()
    kindUptime = startedUptime
    ledger = LedgerRun(
      command: "migrate", startedAt: options.clock.now(), source: source,
      optionsJSON: options.json, toolVersion: RMOSVersion.current,
      processID: ProcessEnvironment.processID)
  }

  /// When the run began, ISO 8601.
  var startedAt: String { ledger.startedAt }

  /// How many entities have failed.
  var failedCount: Int { tally.statistics.total.failed }

  private var seconds: Double { options.clock.uptime() - startedUptime }

  // MARK: The beginning

  /// Sets how much there is to read, for progress.
  func setTotal(bytes: Int) { totalBytes = bytes }

  /// Adds an issue that concerns no entity, before the run begins.
  func note(_ issue: Issue) { notices.append(issue) }

  /// Ends the run early because it was cancelled.
  func interrupt() { if ending == .completed { ending = .interrupted } }

  /// Takes a backup before the first write.
  ///
  /// - Returns: Whether to go on; false if the run was cancelled meanwhile.
  func takeBackup(of store: any RecordStore, isCancelled: () -> Bool) throws -> Bool {
    guard options.takesBackup, !options.isDryRun else { return true }
    do {
      backup = try RunBackup.take(of: store, isCancelled: isCancelled)
      return true
    } catch let error as StoreError where error.code == .cancelled {
      interrupt()
      return false
    }
  }

  /// Writes the run into the ledger.
  func begin(in transaction: any StoreTransaction) throws {
    try transaction.markInterruptedRuns(now: ledger.startedAt)
    for issue in notices { ledger.issueCounts[issue.code, default: 0] += 1 }
    ledger.id = try transaction.beginRun(ledger)
    run = ledger.id
    if !notices.isEmpty { try transaction.appendIssues(notices, run: ledger.id) }
  }

  /// Tells the observer that the run has begun, and what there is to say before it.
  func announceStart() {
    observer?(.started(run: options.isDryRun ? nil : run))
    tally.add(notices, keeping: options.maxIssuesInSummary)
    for issue in notices { observer?(.issue(issue)) }
  }

  // MARK: Batches

  /// Writes into the ledger what a batch came to, in the batch's transaction.
  ///
  /// - Returns: The ledger's row as it is once that is committed.
  func write(
    _ result: BatchResult, of batch: SourceBatch, in transaction: any StoreTransaction
  ) throws -> LedgerRun {
    // Of severity info the ledger keeps the counts: every run again over the same source would
    // add one for each entity.
    let issues = result.issues.filter { $0.severity != .info }
    if !issues.isEmpty { try transaction.appendIssues(issues, run: ledger.id) }
    var state = ledger
    state.statistics = tally.statistics + result.statistics
    state.issueCounts.merge(result.issueCounts, uniquingKeysWith: +)
    state.heartbeatAt = options.clock.now()
    state.seconds = seconds
    state.timings = timings(result, after: batch)
    try transaction.updateRun(state)
    return state
  }

  /// Takes a batch into the books, and tells of it.
  ///
  /// To be called once it is committed; in an atomic run, once the one transaction holds it.
  /// - Parameters:
  ///   - result: What became of the batch.
  ///   - batch: The batch.
  ///   - state: What ``write(_:of:in:)`` returned; `nil` in a dry run.
  func recordCommitted(_ result: BatchResult, of batch: SourceBatch, ledger state: LedgerRun?) {
    if let state { ledger = state }
    memory.add(result, of: batch.records)
    tally.add(result, keeping: options.maxIssuesInSummary)
    tally.notRead.add(batch.notRead)
    tally.timings = state?.timings ?? timings(nil, after: batch)
    kindUptime = options.clock.uptime()
    if let ending = result.ending { self.ending = ending }
    // An atomic run that met a failure will not be in the ledger.
    rejects?.write(result.failures, of: batch, run: options.isAtomic ? nil : run)
    if rejects?.wasCancelled == true { interrupt() }
    guard let observer else { return }
    result.report(to: observer, batch.records, options.observedEvents)
    observer(
      .progress(
        MigrationProgress(
          statistics: tally.statistics, kind: batch.records.kind,
          bytesRead: tally.timings.bytesRead, totalBytes: totalBytes, seconds: seconds)))
  }

  /// The timings with a batch that is done but not in the books.
  ///
  /// - Parameters:
  ///   - result: What the batch came to, if that is to be in the notes too.
  ///   - batch: The batch.
  /// - Returns: The timings.
  private func timings(
    _ result: BatchResult?, after batch: SourceBatch
  ) -> LedgerRun.Timings {
    var timings = tally.timings
    timings.kindSeconds[batch.records.kind, default: 0] += options.clock.uptime() - kindUptime
    timings.bytesRead += batch.bytes
    timings.filesRead += batch.files
    if let result {
      var (notRead, keptMembers) = (tally.notRead, tally.keptMembers)
      notRead.add(batch.notRead)
      keptMembers.add(result.keptMembers)
      timings.notesJSON = SourceNotes.json(notRead, keptMembers)
    }
    return timings
  }

  // MARK: The end

  /// Closes the ledger's row of a run that went through, or ended early of itself.
  func close(in transaction: any StoreTransaction) throws {
    switch ending {
    case .interrupted: closeLedger(.interrupted)
    case .tooManyErrors:
      closeLedger(.failed, "more than \(options.maxErrors ?? 0) entities failed")
    default: closeLedger(.completed)
    }
    try transaction.updateRun(ledger)
  }

  /// Closes the ledger's row of a run that an error ended.
  func close(with error: any Error, in store: any RecordStore) {
    closeLedger(.failed, "\(error)")
    let issue = (error as? SourceFailure)?.issue
    if let issue { ledger.issueCounts[issue.code, default: 0] += 1 }
    // The store may have just failed; if it cannot take this either, the next run finds the row
    // still marked as running and knows.
    try? store.write {
      if let issue { try $0.appendIssues([issue], run: ledger.id) }
      try $0.updateRun(ledger)
    }
  }

  private func closeLedger(_ state: LedgerRun.State, _ failure: String? = nil) {
    ledger.state = state
    ledger.failure = failure
    ledger.finishedAt = options.clock.now()
    ledger.heartbeatAt = ledger.finishedAt ?? ledger.heartbeatAt
    ledger.seconds = seconds
    ledger.timings = tally.timings
  }

  /// Brings the books in line with a store in which nothing of the run is left.
  func rollBack() {
    if ending == .completed { ending = .rolledBack }
    ledger.id = 0
    run = nil
    tally.rollBack()
  }

  /// Keeps the backup and removes older ones, or, if nothing was changed, removes it.
  func settleBackup() {
    let total = tally.statistics.total
    if total.migrated + total.updated == 0 {
      backup?.discard()
      backup = nil
    } else if ending == .completed {
      backup?.removeOlder()
    }
  }

  /// Takes note that the store failed.
  func recordFailure(_ error: StoreError) {
    ending = .storeFailed
    if options.isAtomic { rollBack() }
    // Of a commit that failed it may not be known what became of it; then the backup stays.
    if ![.inputOutput, .corrupt, .replaced, .other].contains(error.code) { settleBackup() }
  }

  /// Takes note that the source could not be read to its end.
  func recordFailure(_ failure: SourceFailure) {
    ending = .sourceFailed
    if options.isAtomic { rollBack() }
    settleBackup()
    tally.add([failure.issue], keeping: options.maxIssuesInSummary)
    observer?(.issue(failure.issue))
  }

  /// Makes sure that the copies of what failed are where they should be.
  func checkRejects() { rejects?.checkDirectory() }

  /// Tells the observer that the run has ended.
  ///
  /// - Returns: The run's summary.
  func announceEnd(_ store: any RecordStore) -> MigrationSummary {
    let summary = MigrationSummary(
      ending: ending, run: options.isDryRun ? nil : run, startedAt: ledger.startedAt,
      isDryRun: options.isDryRun,
      source: ledger.source, store: store.location, optionsJSON: ledger.optionsJSON,
      statistics: tally.statistics, issueCounts: tally.issueCounts,
      severityCounts: tally.severityCounts, issues: tally.issues,
      issuesOmitted: tally.issuesOmitted, kindSeconds: tally.timings.kindSeconds,
      seconds: seconds, bytesRead: tally.timings.bytesRead, filesRead: tally.timings.filesRead,
      rejects: rejects?.rejects, backup: backup, notRead: tally.notRead,
      keptMembers: tally.keptMembers)
    observer?(.finished(summary))
    return summary
  }
}

/// Counts and issues of what is committed so far.
private struct Tally {
  var statistics = MigrationStatistics()
  var issueCounts: [IssueCode: Int] = [:]
  var severityCounts: [Severity: Int] = [:]
  /// The first errors and warnings.
  var issues: [Issue] = []
  var issuesOmitted = 0
  var timings = LedgerRun.Timings()
  var notRead = FilesNotRead()
  var keptMembers = KeptMembers()

  /// Adds a batch; keeps its errors and warnings while there are fewer than `limit`.
  mutating func add(_ result: BatchResult, keeping limit: Int) {
    statistics = statistics + result.statistics
    issueCounts.merge(result.issueCounts, uniquingKeysWith: +)
    keptMembers.add(result.keptMembers)
    if result.unreportedInformation > 0 {
      severityCounts[.info, default: 0] += result.unreportedInformation
    }
    for issue in result.issues {
      severityCounts[issue.severity, default: 0] += 1
      guard issue.severity != .info else { continue }
      if issues.count < limit { issues.append(issue) } else { issuesOmitted += 1 }
    }
  }

  /// Adds issues that concern no entity; keeps them while there are fewer than `limit`.
  mutating func add(_ notices: [Issue], keeping limit: Int) {
    for issue in notices {
      issueCounts[issue.code, default: 0] += 1
      severityCounts[issue.severity, default: 0] += 1
      if issues.count < limit { issues.append(issue) } else { issuesOmitted += 1 }
    }
  }

  /// Counts what was migrated as left out, since it was rolled back.
  mutating func rollBack() {
    keptMembers = KeptMembers()
    for kind in EntityKind.allCases {
      statistics[kind].skipped += statistics[kind].migrated + statistics[kind].updated
      statistics[kind].migrated = 0
      statistics[kind].updated = 0
    }
  }
}

extension StoreTransaction {
  /// Marks runs that still count as running as interrupted.
  ///
  /// To be called by the only writer: since it holds the lock, nobody else can be running.
  func markInterruptedRuns(now: String) throws {
    for var run in try runs(limit: nil) where run.state == .running {
      run.state = .interrupted
      run.finishedAt = now
      run.failure = run.failure ?? "the process ended without closing the run"
      try updateRun(run)
    }
  }
}

/// The ids that a run keeps in mind, of what is committed.
struct RunMemory {
  /// How many failed ids are kept at most.
  private static let failedLimit = 100_000

  /// The ids that failed, for saying so where something refers to them.
  private var failed: [EntityKind: Set<[UInt8]>] = [:]
  private var failedCount = 0
  /// The ids of ``decidedKind`` that an entity of this run has decided about; kept only where rows
  /// are rewritten, since later entities under the same id must not rewrite them again.
  private var decided = IDTable()
  private var decidedKind = EntityKind.stripFamilies
  private let keepsDecided: Bool

  /// Creates an empty memory.
  ///
  /// - Parameter keepsDecided: Whether the run rewrites rows.
  init(keepsDecided: Bool) { self.keepsDecided = keepsDecided }

  /// Whether something failed under this id in this run.
  func hasFailed(_ kind: EntityKind, _ id: some Collection<UInt8>) -> Bool {
    failed[kind]?.contains(Array(id)) ?? false
  }

  /// Whether an entity of this run decided about the row under this id: the first that is sound
  /// does.
  func hasDecided(_ kind: EntityKind, _ id: IDTable.Key) -> Bool {
    kind == decidedKind && decided[id] != nil
  }

  /// Adds what became of a batch.
  mutating func add(_ result: BatchResult, of batch: RecordBatch) {
    if batch.kind != decidedKind { (decidedKind, decided) = (batch.kind, IDTable()) }
    for (index, result) in result.outcomes.enumerated() {
      let id = batch.entries[index].id
      if id.isEmpty { continue }
      if result.outcome == .failed {
        remember(failed: batch.arena[id.range], batch.kind)
      } else if keepsDecided {
        decided.insert(batch.idKey(at: index))
      }
    }
  }

  private mutating func remember(failed id: ArraySlice<UInt8>, _ kind: EntityKind) {
    guard failedCount < Self.failedLimit, failed[kind, default: []].insert(Array(id)).inserted
    else { return }
    failedCount += 1
  }
}
