import RMOSModels
import RMOSStore
import RMOSSystem

/// One run of a migration: checks its arguments, and executes it in one of three modes.
struct MigrationRun {
  let migration: Migration
  let observer: ((MigrationEvent) -> Void)?
  let isCancelled: () -> Bool

  private var options: Migration.Options { migration.options }
  private var catalog: EntityCatalog { migration.store.catalog }

  /// Runs the migration.
  func run() throws -> MigrationSummary {
    let rejects = try checkArguments()
    defer { rejects?.finish() }
    let journal = RunJournal(
      source: migration.source, catalog, options: options, rejects: rejects, observer: observer)
    let feed = feed(from: journal.startedAt)
    // The first batches are read while the store is prepared. If no thread can be started, that is
    // reported when the first batch is needed.
    try? feed.start()
    defer { feed.stop() }
    if options.measuresSource {
      let measure = SourceMeasure(
        root: migration.source, catalog, mappings: MappingSet(options.mappings),
        ignoring: options.rejectsDirectory.map { [$0] } ?? [], isCancelled: isCancelled)
      journal.setTotal(bytes: measure.bytes)
    }
    do {
      try execute(journal, feed)
    } catch let error as StoreError {
      journal.recordFailure(error)
      journal.announceEnd(migration.store)
      throw error
    } catch let failure as SourceFailure {
      journal.recordFailure(failure)
      journal.announceEnd(migration.store)
      throw failure.error
    } catch let error as MigrationError {
      journal.recordFailure(error)
      journal.announceEnd(migration.store)
      throw error
    }
    return journal.announceEnd(migration.store)
  }

  /// Checks the same as ``Migration/validate(source:options:catalog:)``, and opens the directory
  /// for rejects.
  private func checkArguments() throws(MigrationError) -> RejectsWriter? {
    guard !options.isDryRun, let directory = options.rejectsDirectory else {
      try Migration.validate(source: migration.source, options: options, catalog: catalog)
      return nil
    }
    // The writer checks the directory itself; checking a large one twice would take long.
    var others = options
    others.rejectsDirectory = nil
    try Migration.validate(source: migration.source, options: others, catalog: catalog)
    return try RejectsWriter(
      directory, source: migration.source, catalog, mappings: MappingSet(options.mappings),
      isCancelled: isCancelled)
  }

  // MARK: The three modes

  private func execute(_ journal: RunJournal, _ feed: SourceFeed) throws {
    for issue in try migration.store.checkWriting() { journal.note(issue) }
    if options.isDryRun {
      try executeDry(journal, feed)
    } else {
      try execute(in: migration.store, journal, feed)
    }
  }

  /// Executes the run in a store that may be written to.
  private func execute(
    in store: any RecordStore, _ journal: RunJournal, _ feed: SourceFeed
  ) throws {
    let context = context(store, journal, feed)
    if options.isAtomic {
      try AtomicRunExecutor(context: context).execute()
    } else {
      try BatchedRunExecutor(context: context).execute()
    }
  }

  /// Predicts the run, or executes it on a copy if only the store can decide.
  private func executeDry(_ journal: RunJournal, _ feed: SourceFeed) throws {
    let store = migration.store
    if store.hasWriter == true {
      note(
        .storeLocked,
        "another process is writing to \(store.location) now; a run cannot start until it "
          + "has finished", journal)
    }
    let rehearsal: Rehearsal
    do {
      rehearsal = try store.rehearsal(isCancelled: isCancelled)
    } catch let error as StoreError where error.code == .cancelled {
      return journal.interrupt()
    }
    switch rehearsal {
    case .copy(let copy): return try execute(in: copy, journal, feed)
    case .lookUps: break
    case .unforeseeable(let reason):
      note(
        .storeUnforeseen,
        "the outcomes cannot be predicted for certain without writing: "
          + "\(store.location) has \(reason)", journal)
    }
    try DryRunExecutor(context: context(store, journal, feed), isAtomic: options.isAtomic)
      .execute()
  }

  private func note(_ code: IssueCode, _ message: String, _ journal: RunJournal) {
    journal.note(Issue(severity: .warning, code: code, message: message))
  }

  /// The feed of the source for a run that began at a time.
  private func feed(from startedAt: String) -> SourceFeed {
    SourceFeed(
      SourceInput(
        source: migration.source, catalog: catalog,
        decoding: EntityDecoder.Options(
          derivesIDs: options.missingID == .derive, runStart: startedAt),
        batchSize: options.batchSize, access: options.access,
        refusesEmptySource: !options.allowsEmptySource,
        mappings: MappingSet(options.mappings),
        ignored: options.rejectsDirectory.map { [$0] } ?? []))
  }

  private func context(
    _ store: any RecordStore, _ journal: RunJournal, _ feed: SourceFeed
  ) -> RunContext {
    let planner = Planner(
      duplicates: options.onDuplicate, overwritesEdits: options.overwritesEdits,
      reportsInformation: observer != nil && options.observedEvents.contains(.information))
    return RunContext(
      store: store, feed: feed, lines: SourceLines(root: migration.source),
      sources: EarlierSources(before: migration.source),
      batches: BatchExecutor(
        planner: planner, maxErrors: options.maxErrors, isCancelled: isCancelled,
        digester: FailureDigester(
          root: migration.source, access: options.access, isCancelled: isCancelled)),
      journal: journal, isCancelled: isCancelled)
  }
}

/// The parts that all modes of a run share.
struct RunContext {
  /// The store to write to: the migration's or, in a dry run, a copy of it.
  let store: any RecordStore
  let feed: SourceFeed
  let lines: SourceLines
  let sources: EarlierSources
  let batches: BatchExecutor
  let journal: RunJournal
  let isCancelled: () -> Bool

  /// Runs `body` as the only writer of the store, with a backup at hand, unless the run was
  /// cancelled.
  fileprivate func withWriter(_ body: () throws -> Void) throws {
    try store.withExclusiveWriter {
      if isCancelled() { return journal.interrupt() }
      try journal.withBackup(of: store, isCancelled: isCancelled, body)
    }
  }

  /// Reads the source batch by batch.
  ///
  /// - Parameter execute: Migrates a batch, and returns its results and the ledger's row.
  /// - Throws: ``SourceFailure``; what `execute` throws.
  fileprivate func forEachBatch(
    _ execute: (SourceBatch) throws -> (result: BatchResult, ledger: LedgerRun?)
  ) throws {
    let ending = try feed.forEachBatch(isCancelled: isCancelled) { batch in
      do {
        let (result, ledger) = try execute(batch)
        journal.recordCommitted(result, of: batch, ledger: ledger)
      } catch let error as StoreError where error.code == .cancelled {
        // Cancelled during the backup, before the batch changed anything.
        journal.interrupt()
      }
      return journal.ending == .completed
    }
    if ending == .cancelled { journal.interrupt() }
  }

  /// Migrates a batch within a transaction.
  ///
  /// - Returns: The results, and the run's ledger row as it is after the commit.
  fileprivate func execute(
    _ batch: SourceBatch, in transaction: any StoreTransaction
  ) throws -> (result: BatchResult, ledger: LedgerRun?) {
    guard let run = journal.run else { preconditionFailure("the run has not begun") }
    let target = TransactionTarget(
      transaction: transaction, lines: lines, sources: sources, run: run,
      startedAt: journal.startedAt, baseline: journal.baseline, willChange: journal.backUp)
    let result = try batches.execute(
      batch, in: target, journal.memory, failedBefore: journal.failedCount)
    return (result, try journal.write(result, of: batch, in: transaction))
  }
}

/// Predicts a run over a snapshot of the store, without writing.
struct DryRunExecutor {
  let context: RunContext
  /// Whether to predict a run that one failure rolls back.
  let isAtomic: Bool

  func execute() throws {
    let journal = context.journal
    try context.store.read { reader in
      try journal.findBaseline(in: reader)
      let target = DryRunTarget(
        reader,
        rereader: EntityRereader(of: context.feed.input),
        lines: context.lines, sources: context.sources, startedAt: journal.startedAt,
        baseline: journal.baseline)
      journal.announceStart()
      try context.forEachBatch { batch in
        let result = try context.batches.execute(
          batch, in: target, journal.memory, failedBefore: journal.failedCount)
        return (result, nil)
      }
    }
    if isAtomic, journal.ending != .completed || journal.failedCount > 0 { journal.rollBack() }
  }
}

/// Executes a run with one transaction per batch.
struct BatchedRunExecutor {
  let context: RunContext

  func execute() throws {
    let (store, journal) = (context.store, context.journal)
    try context.withWriter {
      try store.write { try journal.begin(in: $0) }
      journal.announceStart()
      do {
        try store.withBulkLoad {
          try context.forEachBatch { try commit($0) }
        }
      } catch {
        journal.close(with: error, in: store)
        throw error
      }
      try store.write { try journal.close(in: $0) }
      journal.settleBackup()
    }
  }
}

extension BatchedRunExecutor {
  /// Migrates a batch in a transaction, and counts it if an error is found only after the commit.
  private func commit(
    _ batch: SourceBatch
  ) throws -> (result: BatchResult, ledger: LedgerRun?) {
    var written: (result: BatchResult, ledger: LedgerRun?)?
    do {
      return try context.store.write { transaction in
        let results = try context.execute(batch, in: transaction)
        written = results
        return results
      }
    } catch let error as StoreError where error.isAfterCommit {
      if let (result, ledger) = written {
        context.journal.recordCommitted(result, of: batch, ledger: ledger)
      }
      throw error
    }
  }
}

/// Executes a run in one transaction, which one failed entity rolls back.
struct AtomicRunExecutor {
  let context: RunContext

  /// Thrown to roll the transaction back.
  private struct Rollback: Error {}

  func execute() throws {
    let (store, journal) = (context.store, context.journal)
    do {
      try context.withWriter {
        try store.write { transaction in
          try journal.begin(in: transaction)
          journal.announceStart()
          // If the transaction fails, the journal is rolled back with it.
          try context.forEachBatch { try context.execute($0, in: transaction) }
          guard journal.ending == .completed, journal.failedCount == 0 else { throw Rollback() }
          try journal.close(in: transaction)
        }
        journal.settleBackup()
      }
    } catch is Rollback {
      journal.rollBack()
      journal.settleBackup()
    }
  }
}

/// The amount to read, determined by walking the source without opening a file.
struct SourceMeasure {
  /// The size of all input files in bytes; a file read for several kinds counts once for each.
  let bytes: Int

  /// Measures a source, or a part of it if `isCancelled` becomes `true`.
  ///
  /// - Parameters:
  ///   - root: The source directory.
  ///   - catalog: The kinds that are read from it.
  ///   - mappings: How files of other shapes are read.
  ///   - ignored: Directories that mappings do not read.
  ///   - isCancelled: Polled periodically; once it returns `true`, the walk is abandoned.
  init(
    root: String, _ catalog: EntityCatalog, mappings: MappingSet = .none,
    ignoring ignored: [String] = [], isCancelled: @escaping () -> Bool = { false }
  ) {
    var bytes = 0
    let root = Array(root.utf8)
    // An error in listing the source is reported when it is read.
    let top = try? SourceTop(of: root, catalog)
    func add(_ path: [UInt8], at absolutePath: [UInt8], as kind: EntityKind, home: EntityKind?) {
      guard mappings.reads(path, as: kind, at: home) else { return }
      bytes += (try? FileStatus(of: absolutePath))?.size ?? 0
    }
    for kind in catalog.kinds {
      for (name, _) in top?.inputs ?? [] {
        let path = root + [UInt8(ascii: "/")] + name
        add(name, at: path, as: kind, home: SourceTop.home(of: name, catalog))
      }
      let others = try? top?.openDirectories(passingOver: ignored)
      let elsewhere = (others ?? []).filter {
        !$0.elementsEqual(kind.table.utf8) && mappings.mayRead($0, as: kind)
      }
      for directory in [Array(kind.table.utf8)] + elsewhere {
        let home = catalog.kinds.first { directory.elementsEqual($0.table.utf8) }
        var walker = SourceWalker(
          root: root, directory: directory, for: .all, isCancelled: isCancelled)
        while let item = walker.next() {
          switch item {
          case .file(let path, _), .copy(let path, _, _):
            add(path, at: walker.absolute(path), as: kind, home: home)
          case .unread, .unreadable, .loop: continue
          }
        }
      }
    }
    self.bytes = bytes
  }
}
