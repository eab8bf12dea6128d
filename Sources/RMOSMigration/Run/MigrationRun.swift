import RMOSModels
import RMOSStore
import RMOSSystem

/// One run of a migration: takes deliveries, has the planner decide and the transaction write, and
/// keeps the books.
///
/// Lives on one thread.
final class MigrationRun {
  let migration: Migration
  let options: MigrationOptions
  /// What is written to: the migration's store or, in a dry run, a copy of it.
  private(set) var store: any RecordStore
  let observer: ((MigrationEvent) -> Void)?
  let isCancelled: () -> Bool
  let planner: Planner

  /// The ledger's row; not written in a dry run.
  var ledger: LedgerRun
  var tally = Tally()
  var ending = MigrationSummary.Ending.completed
  var failedIDs = FailedIDs()
  /// The ids of ``decidedKind`` that an entity of this run has decided about; kept only where rows
  /// are rewritten, since later entities under the same id must not rewrite them again.
  private var decided = IDTable()
  private var decidedKind = EntityKind.stripFamilies
  private let begin: Double
  private var kindBegin: Double
  private var totalBytes: Int?
  private var rejects: RejectsWriter?
  private var backup: RunBackup?
  /// What the store has to say before the run: issues that concern no entity.
  private var remarks: [Issue] = []

  init(
    _ migration: Migration, observer: ((MigrationEvent) -> Void)?,
    isCancelled: @escaping () -> Bool
  ) {
    self.migration = migration
    self.options = migration.options
    self.store = migration.store
    self.observer = observer
    self.isCancelled = isCancelled
    planner = Planner(
      duplicates: options.onDuplicate, overwritesEdits: options.overwritesEdits,
      tellsInformation: observer != nil && options.observedEvents.contains(.information))
    begin = options.clock.uptime()
    kindBegin = begin
    ledger = LedgerRun(
      command: "migrate", startedAt: options.clock.now(), source: migration.source,
      optionsJSON: options.json, toolVersion: RMOSVersion.current,
      processID: ProcessEnvironment.processID)
  }

  /// Runs it to its end.
  func run() throws -> MigrationSummary {
    try checkOptions()
    try openRejects()
    defer { rejects?.finish() }
    if options.measuresSource {
      totalBytes = SourceMeasure(root: migration.source, isCancelled: isCancelled).bytes
    }
    do {
      remarks = try store.checkWriting()
      if options.isDryRun {
        try runDry()
      } else if options.isAtomic {
        try runAtomically()
      } else {
        try runInBatches()
      }
    } catch let error as StoreError {
      ending = .storeFailed
      if options.isAtomic { giveBack() }
      // Of a commit that failed it may not be known what became of it; then the backup stays.
      if ![.inputOutput, .corrupt, .replaced, .other].contains(error.code) { settleBackup() }
      observer?(.finished(summary()))
      throw error
    } catch let failure as SourceFailure {
      ending = .sourceFailed
      if options.isAtomic { options.isDryRun ? tally.takeBack() : giveBack() }
      settleBackup()
      tally.add([failure.issue], keeping: options.maxIssuesInSummary)
      observer?(.issue(failure.issue))
      observer?(.finished(summary()))
      throw failure.error
    }
    rejects?.checkDirectory()
    let summary = summary()
    observer?(.finished(summary))
    return summary
  }

  private func checkOptions() throws {
    guard options.batchSize >= 1 else {
      throw MigrationError(
        .invalidOption, "the batch size is \(options.batchSize); expected at least 1")
    }
    guard (options.maxErrors ?? 0) >= 0 else {
      throw MigrationError(
        .invalidOption,
        "the limit of failed entities is \(options.maxErrors ?? 0); expected 0 or more")
    }
    guard !options.overwritesEdits || options.onDuplicate == .update else {
      throw MigrationError(
        .invalidOption, "--force goes with --on-duplicate update only, since only that overwrites")
    }
    try Migration.checkSource(migration.source)
  }

  private func openRejects() throws(MigrationError) {
    guard let directory = options.rejectsDirectory else { return }
    if options.isDryRun {
      try Migration.checkRejects(directory, source: migration.source)
    } else {
      rejects = try RejectsWriter(
        directory, source: migration.source, isCancelled: isCancelled)
    }
  }

  /// Takes a backup before the first write; false where the run was cancelled meanwhile.
  private func takeBackup() throws -> Bool {
    guard options.takesBackup, !options.isDryRun else { return true }
    do {
      backup = try RunBackup.take(of: store, isCancelled: isCancelled)
      return true
    } catch let error as StoreError where error.code == .cancelled {
      ending = .interrupted
      return false
    }
  }

  /// Keeps the backup and removes older ones, or, where nothing was changed, removes it.
  private func settleBackup() {
    let total = tally.statistics.total
    if total.migrated + total.updated == 0 {
      backup?.discard()
      backup = nil
    } else if ending == .completed {
      backup?.removeOlder()
    }
  }

  // MARK: The three ways to run

  /// Foretells the run, or makes it on a copy where only the store itself can tell.
  private func runDry() throws {
    if store.hasWriter == true {
      remark(
        .storeLocked,
        "another process is writing to \(store.location) now; a run is refused until "
          + "that has ended")
    }
    let rehearsal: Rehearsal
    do {
      rehearsal = try store.rehearsal(isCancelled: isCancelled)
    } catch let error as StoreError where error.code == .cancelled {
      ending = .interrupted
      return
    }
    switch rehearsal {
    case .lookUps: try foretell()
    case .unforeseeable(let reason):
      remark(
        .storeUnforeseen,
        "what becomes of entities cannot be told for certain without writing: "
          + "\(store.location) has \(reason)")
      try foretell()
    case .copy(let copy):
      store = copy
      try options.isAtomic ? runAtomically() : runInBatches()
    }
  }

  private func remark(_ code: IssueCode, _ message: String) {
    remarks.append(Issue(severity: .warning, code: code, message: message))
  }

  /// Begins: tells the observer that it does, and what the store has to say.
  private func started() {
    observer?(.started(run: options.isDryRun ? nil : ledger.id))
    tally.add(remarks, keeping: options.maxIssuesInSummary)
    for issue in remarks { observer?(.issue(issue)) }
  }

  /// Opens the run in the ledger.
  private func beginRun(in transaction: any StoreTransaction) throws {
    try Ledger.markInterrupted(in: transaction, now: ledger.startedAt)
    for issue in remarks { ledger.issueCounts[issue.code, default: 0] += 1 }
    ledger.id = try transaction.beginRun(ledger)
    if !remarks.isEmpty { try transaction.appendIssues(remarks, run: ledger.id) }
  }

  private func foretell() throws {
    try store.read { reader in
      let knowledge = RehearsedKnowledge(
        reader,
        rereader: EntityRereader(
          root: migration.source, options: readerOptions, access: options.access),
        startedAt: ledger.startedAt)
      started()
      try forEachDelivery { delivery in
        let work = try BatchWork(self, delivery, knowledge) { index, _ throws in
          try knowledge.write(delivery, at: index)
        }
        settle(work, delivery)
      }
    }
    // So that it tells the outcomes of the real run.
    guard options.isAtomic else { return }
    if ending == .completed, tally.statistics.total.failed > 0 { ending = .rolledBack }
    if ending != .completed { tally.takeBack() }
  }

  private func runInBatches() throws {
    try store.withExclusiveWriter {
      guard try takeBackup() else { return }
      try store.write { try beginRun(in: $0) }
      started()
      do {
        try store.beginBulkLoad()
        try forEachDelivery { delivery in
          // The books follow only once the batch is committed.
          let (work, state) = try store.write { try write(delivery, in: $0) }
          ledger = state
          settle(work, delivery)
        }
        try store.endBulkLoad()
      } catch {
        recordFailure(error)
        // Where the store cannot do this now, the next to open it for writing does.
        try? store.endBulkLoad()
        throw error
      }
      switch ending {
      case .interrupted: closeLedger(state: .interrupted)
      case .tooManyErrors:
        closeLedger(state: .failed, "more than \(options.maxErrors ?? 0) entities failed")
      default: closeLedger(state: .completed)
      }
      try store.write { try $0.updateRun(ledger) }
      settleBackup()
    }
  }

  /// Thrown to roll an atomic run back.
  private struct GivenUp: Error {}

  private func runAtomically() throws {
    do {
      try store.withExclusiveWriter {
        guard try takeBackup() else { return }
        try store.write { transaction in
          try beginRun(in: transaction)
          started()
          try forEachDelivery { delivery in
            let (work, state) = try write(delivery, in: transaction)
            ledger = state
            settle(work, delivery)
          }
          guard ending == .completed, tally.statistics.total.failed == 0 else { throw GivenUp() }
          closeLedger(state: .completed)
          try transaction.updateRun(ledger)
        }
        settleBackup()
      }
    } catch is GivenUp {
      if ending == .completed { ending = .rolledBack }
      giveBack()
      settleBackup()
    }
  }

  /// Brings the books in line with a store in which nothing of the run is left.
  private func giveBack() {
    ledger.id = 0
    tally.takeBack()
  }

  /// Processes a delivery within its transaction, and brings the ledger up to date in it.
  ///
  /// - Returns: What was done, and the ledger's row as it is once that is committed.
  private func write(
    _ delivery: SourceReader.Delivery, in transaction: any StoreTransaction
  ) throws -> (work: BatchWork, ledger: LedgerRun) {
    let run = ledger.id
    let work = try BatchWork(self, delivery, TransactionKnowledge(transaction: transaction)) {
      index, writing in
      switch writing {
      case .insert: try transaction.insert(delivery.batch, at: index, run: run)
      case .update:
        try transaction.update(
          delivery.batch, at: index, run: run, startedAt: ledger.startedAt)
      }
    }
    // Of severity info the ledger keeps the counts: every run again over the same source would
    // add one for each entity.
    let issues = work.issues.filter { $0.severity != .info }
    if !issues.isEmpty { try transaction.appendIssues(issues, run: run) }
    var state = ledger
    state.statistics = tally.statistics + work.statistics
    state.issueCounts.merge(work.issueCounts, uniquingKeysWith: +)
    state.heartbeatAt = options.clock.now()
    state.seconds = options.clock.uptime() - begin
    state.timings = timings(after: delivery)
    try transaction.updateRun(state)
    return (work, state)
  }

  private func recordFailure(_ error: any Error) {
    closeLedger(state: .failed, "\(error)")
    let issue = (error as? SourceFailure)?.issue
    if let issue { ledger.issueCounts[issue.code, default: 0] += 1 }
    // The store may have just failed; if it cannot take this either, the next run finds the row
    // still marked as running and knows.
    try? store.write {
      if let issue { try $0.appendIssues([issue], run: ledger.id) }
      try $0.updateRun(ledger)
    }
  }

  private func closeLedger(state: LedgerRun.State, _ failure: String? = nil) {
    ledger.state = state
    ledger.failure = failure
    ledger.finishedAt = options.clock.now()
    ledger.heartbeatAt = ledger.finishedAt ?? ledger.heartbeatAt
    ledger.seconds = options.clock.uptime() - begin
    ledger.timings = tally.timings
  }

  // MARK: Reading ahead

  private var readerOptions: EntityReader.Options {
    EntityReader.Options(
      derivesIDs: options.missingID == .derive, runStart: ledger.startedAt)
  }

  /// Calls `body` with every delivery, while another thread reads ahead.
  private func forEachDelivery(_ body: (SourceReader.Delivery) throws -> Void) throws {
    let channel = BatchChannel()
    let (root, options, readerOptions) = (migration.source, options, readerOptions)
    let thread = try SystemThread.start {
      let reader = SourceReader(
        root: root, batchSize: options.batchSize, options: readerOptions, access: options.access,
        refusesEmptySource: !options.allowsEmptySource, isCancelled: { channel.isUnwanted }
      ) { delivery throws(ReadFailure) in try channel.send(delivery) }
      do throws(ReadFailure) {
        try reader.readAll()
        channel.end()
      } catch {
        // Being stopped needs no telling.
        if case .source(let failure) = error { channel.end(failure) } else { channel.end() }
      }
    }
    defer {
      channel.close()
      // A share that does not answer keeps nobody waiting for ever.
      if channel.waitForEnd(turns: 50) { thread.join() } else { thread.detach() }
    }
    while true {
      switch channel.receive(isCancelled: isCancelled) {
      case .end:
        if let failure = channel.failure { throw failure }
        return
      case .cancelled:
        ending = .interrupted
        return
      case .delivery(let delivery):
        try body(delivery)
        if ending != .completed { return }
        channel.recycle(delivery.batch)
      }
    }
  }

  // MARK: Keeping the books

  /// Whether an earlier entity of this run decided about the row under the same id.
  func hasDecided(_ batch: RecordBatch, at index: Int) -> Bool {
    guard options.onDuplicate == .update, batch.kind == decidedKind else { return false }
    let id = batch.entries[index].id
    return decided[IDTable.Key(batch.arena.span.extracting(id.range))] != nil
  }

  /// Remembers that an entity decided about the row under its id: the first that is sound does.
  func decide(_ batch: RecordBatch, at index: Int) {
    guard options.onDuplicate == .update else { return }
    if batch.kind != decidedKind { (decidedKind, decided) = (batch.kind, IDTable()) }
    let id = batch.entries[index].id
    decided.insert(IDTable.Key(batch.arena.span.extracting(id.range)))
  }

  /// Takes a batch into the books once it is committed, and tells the observer.
  private func settle(_ work: BatchWork, _ delivery: SourceReader.Delivery) {
    tally.add(work, keeping: options.maxIssuesInSummary)
    tally.timings = timings(after: delivery)
    if let ending = work.ending { self.ending = ending }
    let now = options.clock.uptime()
    let kind = delivery.batch.kind
    kindBegin = now
    // An atomic run that met a failure will not be in the ledger.
    rejects?.write(work.failures, of: delivery, run: options.isAtomic ? nil : ledger.id)
    if rejects?.wasCancelled == true, ending == .completed { ending = .interrupted }
    guard let observer else { return }
    work.tell(observer, delivery.batch, options.observedEvents)
    observer(
      .progress(
        MigrationProgress(
          statistics: tally.statistics, kind: kind, bytesRead: tally.timings.bytesRead,
          totalBytes: totalBytes, seconds: now - begin)))
  }

  /// The timings with a delivery that is done but not in the books.
  private func timings(after delivery: SourceReader.Delivery) -> LedgerRun.Timings {
    var timings = tally.timings
    timings.kindSeconds[delivery.batch.kind, default: 0] += options.clock.uptime() - kindBegin
    timings.bytesRead += delivery.bytes
    timings.filesRead += delivery.files
    return timings
  }

  private func summary() -> MigrationSummary {
    MigrationSummary(
      ending: ending, run: options.isDryRun || ledger.id == 0 ? nil : ledger.id,
      startedAt: ledger.startedAt,
      isDryRun: options.isDryRun, source: migration.source, store: store.location,
      optionsJSON: ledger.optionsJSON, statistics: tally.statistics,
      issueCounts: tally.issueCounts, severityCounts: tally.severityCounts, issues: tally.issues,
      issuesOmitted: tally.issuesOmitted, kindSeconds: tally.timings.kindSeconds,
      seconds: options.clock.uptime() - begin, bytesRead: tally.timings.bytesRead,
      filesRead: tally.timings.filesRead, rejects: rejects?.rejects, backup: backup)
  }
}
