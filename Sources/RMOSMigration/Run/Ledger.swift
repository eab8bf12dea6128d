import RMOSStore

/// What runs say about one another in the ledger.
enum Ledger {
  /// Marks runs that still count as running as interrupted.
  ///
  /// To be called by the only writer: since it holds the lock, nobody else can be running.
  static func markInterrupted(in transaction: any StoreTransaction, now: String) throws {
    for var run in try transaction.runs(limit: nil) where run.state == .running {
      run.state = .interrupted
      run.finishedAt = now
      run.failure = run.failure ?? "the process ended without closing the run"
      try transaction.updateRun(run)
    }
  }
}
