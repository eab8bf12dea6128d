import RMOSModels
import RMOSStore
import RMOSSystem

/// The records of a run: its row in the ledger, the counts and issues of committed batches, and the
/// ids to remember.
///
/// It also calls the observer and has failed entities copied.
///
/// A batch counts only once ``recordCommitted(_:of:ledger:)`` is called.
final class RunJournal {
  /// The ledger's row; not written in a dry run.
  private var ledger: LedgerRun
  /// The run's number in the ledger; `nil` before ``announceStart()``, and if nothing of the run is
  /// there.
  private(set) var run: Int64?
  /// The runs with which failures are compared, the newest first.
  private(set) var baseline: [Int64] = []
  private(set) var memory: RunMemory
  private(set) var ending = MigrationSummary.Ending.completed
  private var tally: Tally

  private let options: Migration.Options
  private let observer: ((MigrationEvent) -> Void)?
  private let rejects: RejectsWriter?
  private let startedUptime: Duration
  private var batchUptime: Duration
  /// When the ledger's row was written last.
  private var ledgerUptime: Duration
  private var totalBytes: Int?
  private var backup: RunBackup?
  /// Takes the backup; `nil` once that is done, and if none is wanted.
  private var takeBackup: (() throws -> RunBackup?)?
  /// Issues that were found before the run began, and concern no entity.
  private var notices: [Issue] = []

  /// The issues of committed batches that are not in the ledger yet, and what they will be once the
  /// batch being written is committed.
  private var pendingIssues: (now: [Issue], afterCommit: [Issue]) = ([], [])

  /// How long the ledger may lag behind while entities are only skipped.
  private static let ledgerInterval = Duration.seconds(1)
  /// The number of issues by which the ledger may lag behind.
  private static let mostPendingIssues = 1000

  /// Creates the journal of a run that begins now.
  init(
    source: String, _ catalog: EntityCatalog, options: Migration.Options, rejects: RejectsWriter?,
    observer: ((MigrationEvent) -> Void)?
  ) {
    self.options = options
    self.rejects = rejects
    self.observer = observer
    memory = RunMemory(keepsDecided: options.onDuplicate == .update)
    startedUptime = options.clock.uptime()
    batchUptime = startedUptime
    ledgerUptime = startedUptime
    ledger = LedgerRun(
      command: LedgerRun.migrateCommand, startedAt: options.clock.timestamp, source: source,
      optionsJSON: options.json, catalog: catalog)
    tally = Tally(catalog, keepingIssues: options.maxIssuesInSummary)
  }

  /// When the run began, ISO 8601.
  var startedAt: String { ledger.startedAt }

  /// The number of entities that have failed.
  var failedCount: Int { tally.statistics.total.failed }

  private var duration: Duration { options.clock.uptime() - startedUptime }

  // MARK: The beginning

  /// Sets how much there is to read, for progress.
  func setTotal(bytes: Int) { totalBytes = bytes }

  /// Adds an issue that concerns no entity, before the run begins.
  func note(_ issue: Issue) { notices.append(issue) }

  /// Ends the run early because it was cancelled.
  func interrupt() { if ending == .completed { ending = .interrupted } }

  /// Runs `body`, during which ``backUp()`` copies the store as it is now.
  func withBackup(
    of store: any RecordStore, isCancelled: @escaping () -> Bool, _ body: () throws -> Void
  ) throws {
    guard options.takesBackup else { return try body() }
    do {
      try RunBackup.onDemand(of: store, isCancelled: isCancelled) { take in
        takeBackup = take
        defer { takeBackup = nil }
        try body()
      }
    } catch let error as StoreError where error.code == .cancelled {
      interrupt()
    }
  }

  /// Backs up the store as it was before the run, unless that is done already.
  ///
  /// Call it before each change.
  func backUp() throws {
    guard let take = takeBackup else { return }
    backup = try take()
    takeBackup = nil
  }

  /// Finds the runs with which failures are compared.
  func findBaseline(in reader: any StoreReader) throws {
    baseline = try FailureBaseline(source: ledger.source).runs(in: reader)
    ledger.knownSince = baseline.first
    ledger.failedNew = 0
    ledger.failedKnown = 0
  }

  /// Adds the run to the ledger.
  func begin(in transaction: any StoreTransaction) throws {
    try transaction.markInterruptedRuns(now: ledger.startedAt)
    try findBaseline(in: transaction)
    for issue in notices { ledger.issueCounts[issue.code, default: 0] += 1 }
    ledger.id = try transaction.beginRun(ledger)
    if !notices.isEmpty { try transaction.appendIssues(notices, run: ledger.id) }
  }

  /// Tells the observer that the run has begun, and reports the issues found before.
  ///
  /// Call it once the run is in the ledger or, in an atomic run, in the transaction.
  func announceStart() {
    if ledger.id > 0 { run = ledger.id }
    observer?(.started(run: options.isDryRun ? nil : run))
    tally.add(notices)
    for issue in notices { observer?(.issue(issue)) }
  }

  // MARK: Batches

  /// Writes the results of a batch into the ledger, in the batch's transaction.
  ///
  /// - Returns: The run's ledger row as it is after the commit.
  func write(
    _ result: BatchResult, of batch: SourceBatch, in transaction: any StoreTransaction
  ) throws -> LedgerRun {
    // The ledger only counts issues of severity info: every further run over the same source would
    // add one for each entity.
    let issues = pendingIssues.now + result.issues.filter { $0.severity != .info }
    var state = ledger
    state.statistics = tally.statistics
    state.statistics[batch.records.kind] += result.counts
    state.failedNew = tally.failedNew + result.failedNew
    state.failedKnown = state.statistics.total.failed - (state.failedNew ?? 0)
    state.issueCounts.merge(result.issueCounts, uniquingKeysWith: +)
    state.heartbeatAt = options.clock.timestamp
    state.seconds = duration.seconds
    state.timings = progress(after: batch).timings
    state.timings.notesJSON = notes(after: result, of: batch)
    // If nothing of the batch is written, its transaction need not reach the disk.
    let uptime = options.clock.uptime()
    pendingIssues.afterCommit = issues
    if result.changesStore || issues.count > Self.mostPendingIssues
      || uptime - ledgerUptime >= Self.ledgerInterval
    {
      if !issues.isEmpty { try transaction.appendIssues(issues, run: ledger.id) }
      if !result.failureDigests.isEmpty {
        try transaction.keepFailures(result.failureDigests, run: ledger.id)
      }
      try transaction.updateRun(state)
      ledgerUptime = uptime
      pendingIssues.afterCommit = []
    }
    return state
  }

  /// Counts a batch and reports it.
  ///
  /// Call it once the batch is committed or, in an atomic run, in the transaction.
  ///
  /// - Parameters:
  ///   - result: The results of the batch.
  ///   - batch: The batch.
  ///   - state: What ``write(_:of:in:)`` returned; `nil` in a dry run.
  func recordCommitted(_ result: BatchResult, of batch: SourceBatch, ledger state: LedgerRun?) {
    if let state { ledger = state }
    pendingIssues = (pendingIssues.afterCommit, [])
    memory.add(result, of: batch.records)
    tally.add(result, of: batch.records.kind)
    tally.countMapped(result, of: batch.records)
    tally.progress = progress(after: batch)
    tally.notRead.add(batch.notRead)
    tally.skippingMappings.formUnion(batch.skippingMappings)
    batchUptime = options.clock.uptime()
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
          bytesRead: tally.progress.bytesRead, totalBytes: totalBytes, duration: duration)))
  }

  /// The progress including a batch that is done but not yet counted.
  private func progress(after batch: SourceBatch) -> Progress {
    var progress = tally.progress
    progress.kindDurations[batch.records.kind, default: .zero] +=
      options.clock.uptime() - batchUptime
    progress.bytesRead += batch.bytes
    progress.filesRead += batch.files
    return progress
  }

  /// The notes for the ledger including a batch that is done but not yet counted.
  private func notes(after result: BatchResult, of batch: SourceBatch) -> String {
    var (notRead, keptMembers) = (tally.notRead, tally.keptMembers)
    notRead.add(batch.notRead)
    keptMembers.add(result.keptMembers)
    return SourceNotes.json(notRead, keptMembers)
  }

  // MARK: The end

  /// Closes the ledger's row of a run that was completed, or stopped early without an error.
  func close(in transaction: any StoreTransaction) throws {
    switch ending {
    case .interrupted: closeLedger(.interrupted)
    case .tooManyErrors:
      closeLedger(.failed, "more than \(options.maxErrors ?? 0) entities failed")
    default: closeLedger(.completed)
    }
    if !pendingIssues.now.isEmpty {
      try transaction.appendIssues(pendingIssues.now, run: ledger.id)
    }
    try transaction.updateRun(ledger)
    try FailureBaseline(source: ledger.source).prune(
      for: ledger, comparedWith: baseline, in: transaction)
  }

  /// Closes the ledger's row of a run that an error ended.
  func close(with error: any Error, in store: any RecordStore) {
    closeLedger(.failed, "\(error)")
    let issue = (error as? SourceFailure)?.issue ?? (error as? MigrationError)?.issue
    if let issue { ledger.issueCounts[issue.code, default: 0] += 1 }
    // The store may have just failed. If this fails too, the next run finds the row still marked
    // as running, and marks it as interrupted.
    try? store.write {
      let issues = pendingIssues.now + (issue.map { [$0] } ?? [])
      if !issues.isEmpty { try $0.appendIssues(issues, run: ledger.id) }
      try $0.updateRun(ledger)
    }
  }

  private func closeLedger(_ state: LedgerRun.State, _ failure: String? = nil) {
    ledger.state = state
    ledger.failure = failure
    ledger.finishedAt = options.clock.timestamp
    ledger.heartbeatAt = ledger.finishedAt ?? ledger.heartbeatAt
    ledger.seconds = duration.seconds
    ledger.timings = tally.progress.timings
    ledger.timings.notesJSON = SourceNotes.json(tally.notRead, tally.keptMembers)
  }

  /// Updates the counts for a store in which nothing of the run is left.
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

  /// Records that the store failed.
  func recordFailure(_ error: StoreError) {
    ending = .storeFailed
    if options.isAtomic { rollBack() }
    // After some errors it is unknown whether the commit took place; then the backup stays.
    if ![.inputOutput, .corrupt, .replaced, .other].contains(error.code) { settleBackup() }
  }

  /// Records that the source could not be read completely.
  func recordFailure(_ failure: SourceFailure) { stop(.sourceFailed, failure.issue) }

  /// Records that the run could not go on.
  func recordFailure(_ error: MigrationError) { stop(.stopped, error.issue) }

  private func stop(_ ending: MigrationSummary.Ending, _ issue: Issue) {
    self.ending = ending
    if options.isAtomic { rollBack() }
    settleBackup()
    tally.add([issue])
    observer?(.issue(issue))
  }

  /// Replaces the rejects of earlier runs by those of this run.
  ///
  /// Unless all of the source was read, earlier rejects stay: their entities may still fail.
  private func publishRejects() {
    let isComplete =
      (ending == .completed || ending == .rolledBack)
      && tally.issueCounts[.inputNothingFound, default: 0] == 0
      && tally.issueCounts[.inputUnreadable, default: 0] == 0
    rejects?.publish(isComplete: isComplete)
  }

  /// Publishes the rejects, and tells the observer that the run has ended.
  ///
  /// - Returns: The run's summary.
  @discardableResult func announceEnd(_ store: any RecordStore) -> MigrationSummary {
    publishRejects()
    let summary = MigrationSummary(
      ending: ending, run: options.isDryRun ? nil : run, user: ledger.user,
      host: ledger.host, startedAt: ledger.startedAt, isDryRun: options.isDryRun,
      source: ledger.source, store: store.location, optionsJSON: ledger.optionsJSON,
      statistics: tally.statistics, issueCounts: tally.issueCounts,
      severityCounts: tally.severityCounts, codeCounts: tally.issues.codeCounts,
      issues: tally.issues.issues, issuesOmitted: tally.issues.omitted,
      issueGroups: tally.issueGroups,
      kindDurations: tally.progress.kindDurations,
      duration: duration, bytesRead: tally.progress.bytesRead, filesRead: tally.progress.filesRead,
      mappings: options.mappings.enumerated().map { position, mapping in
        Mapping.Use(
          name: mapping.name, sha256: mapping.sha256, entities: tally.mapped[position, default: 0],
          hasSkipped: tally.skippingMappings.contains(position))
      },
      rejects: rejects?.rejects, backup: backup, notRead: tally.notRead,
      keptMembers: tally.keptMembers, failedNew: tally.failedNew, knownSince: ledger.knownSince,
      failOn: options.failOn)
    observer?(.finished(summary))
    return summary
  }
}

/// How much was read, and how long it took.
private struct Progress {
  var kindDurations: [EntityKind: Duration] = [:]
  var bytesRead = 0
  var filesRead = 0

  /// The progress as the ledger keeps it.
  var timings: LedgerRun.Timings {
    var timings = LedgerRun.Timings()
    timings.kindSeconds = kindDurations.mapValues(\.seconds)
    timings.bytesRead = bytesRead
    timings.filesRead = filesRead
    return timings
  }
}

/// The counts and issues of the committed batches.
private struct Tally {
  var statistics: MigrationStatistics
  var failedNew = 0
  var issueCounts: [IssueCode: Int] = [:]
  /// The number of issues of severity info.
  private var notes = 0
  /// The errors and warnings.
  private(set) var issues: IssueTally
  var issueGroups = IssueGroups()
  var progress = Progress()
  var notRead = FilesNotRead()
  var keptMembers = KeptMembers()
  /// How many entities each mapping read, by its position among the run's.
  var mapped: [Int: Int] = [:]
  /// The positions of the mappings whose rules left out objects.
  var skippingMappings: Set<Int> = []

  init(_ catalog: EntityCatalog, keepingIssues limit: Int) {
    statistics = MigrationStatistics(catalog)
    issues = IssueTally(keeping: limit)
  }

  /// Counts the mapped entities in the part of a batch that was executed.
  mutating func countMapped(_ result: BatchResult, of batch: RecordBatch) {
    for entry in batch.entries.prefix(result.counts.found) {
      if let mapping = entry.mapping { mapped[mapping, default: 0] += 1 }
    }
  }

  /// Adds a batch.
  mutating func add(_ result: BatchResult, of kind: EntityKind) {
    statistics[kind] += result.counts
    failedNew += result.failedNew
    issueCounts.merge(result.issueCounts, uniquingKeysWith: +)
    keptMembers.add(result.keptMembers)
    notes += result.unreportedInformation
    for issue in result.issues { add(issue) }
  }

  /// Adds issues that concern no entity.
  mutating func add(_ notices: [Issue]) {
    for issue in notices {
      issueCounts[issue.code, default: 0] += 1
      add(issue)
    }
  }

  private mutating func add(_ issue: Issue) {
    if issue.severity == .info { notes += 1 }
    issues.add(issue)
    issueGroups.add(issue)
  }

  /// How often each severity was reported.
  var severityCounts: [Severity: Int] {
    var counts = issues.severityCounts
    if notes > 0 { counts[.info] = notes }
    return counts
  }

  /// Counts migrated entities as skipped, because they were rolled back.
  mutating func rollBack() {
    keptMembers = KeptMembers()
    for kind in statistics.catalog.kinds {
      statistics[kind].skipped += statistics[kind].migrated + statistics[kind].updated
      statistics[kind].migrated = 0
      statistics[kind].updated = 0
    }
  }
}
