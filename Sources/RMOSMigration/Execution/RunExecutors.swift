import RMOSModels
import RMOSStore

/// What every way to carry a run out works with.
struct RunContext {
  let store: any RecordStore
  let feed: SourceFeed
  let batches: BatchExecutor
  let journal: RunJournal
  let isCancelled: () -> Bool

  /// Migrates a batch within a transaction.
  ///
  /// - Returns: What became of it, and the ledger's row as it is once that is committed.
  fileprivate func execute(
    _ batch: SourceBatch, in transaction: any StoreTransaction
  ) throws -> (result: BatchResult, ledger: LedgerRun) {
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
  let root: String
  /// Whether to foretell a run that one failure rolls back.
  let isAtomic: Bool

  func execute() throws {
    let journal = context.journal
    try (context.store as? SQLiteStore)?.checkIsWritable()
    try context.store.read { reader in
      let target = DryRunTarget(
        reader, rereader: EntityRereader(root: root, options: context.feed.options),
        startedAt: journal.startedAt)
      journal.announceStart()
      try context.feed.forEachBatch { batch in
        let result = try context.batches.execute(
          batch, in: target, journal.memory, failedBefore: journal.failedCount)
        journal.recordCommitted(result, of: batch, ledger: nil)
        return journal.ending == .completed
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
        try context.feed.forEachBatch { batch in
          let (result, ledger) = try store.write { try context.execute(batch, in: $0) }
          journal.recordCommitted(result, of: batch, ledger: ledger)
          return journal.ending == .completed
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
          try context.feed.forEachBatch { batch in
            let (result, ledger) = try context.execute(batch, in: transaction)
            // Should the transaction fail after all, all of it is rolled back, and so is the journal.
            journal.recordCommitted(result, of: batch, ledger: ledger)
            return journal.ending == .completed
          }
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
