import RMOSModels
import RMOSStore

/// What every way to carry a run out works with.
struct RunContext {
  /// What is written to: the migration's store or, in a dry run, a copy of it.
  let store: any RecordStore
  let feed: SourceFeed
  let batches: BatchExecutor
  let journal: RunJournal
  let isCancelled: () -> Bool

  /// Goes through the source batch by batch.
  ///
  /// - Parameter execute: Migrates a batch, and returns what became of it and the ledger's row.
  /// - Throws: ``SourceFailure``; what `execute` throws.
  fileprivate func forEachBatch(
    _ execute: (SourceBatch) throws -> (result: BatchResult, ledger: LedgerRun?)
  ) throws {
    let ending = try feed.forEachBatch(isCancelled: isCancelled) { batch in
      let (result, ledger) = try execute(batch)
      journal.recordCommitted(result, of: batch, ledger: ledger)
      return journal.ending == .completed
    }
    if ending == .cancelled { journal.interrupt() }
  }

  /// Migrates a batch within a transaction.
  ///
  /// - Returns: What became of it, and the ledger's row as it is once that is committed.
  fileprivate func execute(
    _ batch: SourceBatch, in transaction: any StoreTransaction
  ) throws -> (result: BatchResult, ledger: LedgerRun?) {
    guard let run = journal.run else { preconditionFailure("the run was begun") }
    let target = TransactionTarget(
      transaction: transaction, run: run, startedAt: journal.startedAt)
    let result = try batches.execute(
      batch, in: target, journal.memory, failedBefore: journal.failedCount)
    return (result, try journal.write(result, of: batch, in: transaction))
  }
}

/// Carries a run out without writing: what would happen, over a snapshot of the store.
struct DryRunExecutor {
  let context: RunContext
  /// Whether to foretell a run that one failure rolls back.
  let isAtomic: Bool

  func execute() throws {
    let journal = context.journal
    try context.store.read { reader in
      let target = DryRunTarget(
        reader,
        rereader: EntityRereader(
          root: context.feed.source, options: context.feed.options, access: context.feed.access),
        startedAt: journal.startedAt)
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

/// Carries a run out in one transaction a batch.
struct BatchedRunExecutor {
  let context: RunContext

  func execute() throws {
    let (store, journal) = (context.store, context.journal)
    try store.withExclusiveWriter {
      guard try journal.takeBackup(of: store, isCancelled: context.isCancelled) else { return }
      try store.write { try journal.begin(in: $0) }
      journal.announceStart()
      do {
        try store.beginBulkLoad()
        try context.forEachBatch { batch in
          try store.write { try context.execute(batch, in: $0) }
        }
        try store.endBulkLoad()
      } catch {
        journal.close(with: error, in: store)
        // Where the store cannot do this now, the next to open it for writing does.
        try? store.endBulkLoad()
        throw error
      }
      try store.write { try journal.close(in: $0) }
      journal.settleBackup()
    }
  }
}

/// Carries a run out in one transaction, which one failed entity rolls back.
struct AtomicRunExecutor {
  let context: RunContext

  /// Thrown to roll the transaction back.
  private struct Rollback: Error {}

  func execute() throws {
    let (store, journal) = (context.store, context.journal)
    do {
      try store.withExclusiveWriter {
        guard try journal.takeBackup(of: store, isCancelled: context.isCancelled) else { return }
        try store.write { transaction in
          try journal.begin(in: transaction)
          journal.announceStart()
          // Should the transaction fail after all, all of it is rolled back, and so is the journal.
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
