import RMOSModels
import RMOSStore

/// One run of a migration: checks what it was given, and has it carried out in one of three ways.
struct MigrationRun {
  let migration: Migration
  let observer: ((MigrationEvent) -> Void)?
  let isCancelled: () -> Bool

  private var options: MigrationOptions { migration.options }

  /// Runs it to its end.
  func run() throws -> MigrationSummary {
    try options.check()
    try Migration.checkSource(migration.source)
    let rejects = try openRejects()
    defer { rejects?.finish() }
    let journal = RunJournal(
      source: migration.source, options: options, rejects: rejects, observer: observer)
    if options.measuresSource {
      journal.setTotal(bytes: SourceMeasure(root: migration.source).bytes)
    }
    do {
      try execute(journal)
    } catch let error as StoreError {
      journal.recordFailure(error)
      _ = journal.announceEnd(migration.store)
      throw error
    }
    return journal.announceEnd(migration.store)
  }

  private func openRejects() throws(MigrationError) -> RejectsWriter? {
    guard let directory = options.rejectsDirectory else { return nil }
    if options.isDryRun {
      try Migration.checkRejects(directory, source: migration.source)
      return nil
    }
    return try RejectsWriter(directory, source: migration.source)
  }

  private func execute(_ journal: RunJournal) throws {
    let planner = Planner(
      duplicates: options.onDuplicate, overwritesEdits: options.overwritesEdits,
      reportsInformation: observer != nil && options.observedEvents.contains(.information))
    let context = RunContext(
      store: migration.store,
      feed: SourceFeed(
        root: migration.source, batchSize: options.batchSize,
        options: EntityDecoder.Options(
          derivesIDs: options.missingID == .derive, runStart: journal.startedAt)),
      batches: BatchExecutor(
        planner: planner, maxErrors: options.maxErrors, isCancelled: isCancelled),
      journal: journal, isCancelled: isCancelled)
    if options.isDryRun {
      try DryRunExecutor(context: context, root: migration.source, isAtomic: options.isAtomic)
        .execute()
    } else if options.isAtomic {
      try AtomicRunExecutor(context: context).execute()
    } else {
      try BatchedRunExecutor(context: context).execute()
    }
  }
}

extension MigrationOptions {
  /// Checks that the options make sense.
  fileprivate func check() throws(MigrationError) {
    guard batchSize >= 1 else {
      throw MigrationError(.invalidOption, "the batch size is \(batchSize); expected at least 1")
    }
    guard (maxErrors ?? 0) >= 0 else {
      throw MigrationError(
        .invalidOption, "the limit of failed entities is \(maxErrors ?? 0); expected 0 or more")
    }
    guard !overwritesEdits || onDuplicate == .update else {
      throw MigrationError(
        .invalidOption, "--force goes with --on-duplicate update only, since only that overwrites")
    }
  }
}
