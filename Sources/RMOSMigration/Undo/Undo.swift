import RMOSModels
public import RMOSStore
import RMOSSystem

/// Undoes a run: removes the rows it inserted and restores those it rewrote.
///
/// ```swift
/// let report = try Undo(of: store).run(3)
/// for group in report.obstacleGroups { print(group.message) }
/// ```
///
/// All in one transaction, as the only writer; where anything stands in the way, nothing changes.
/// The three tables are then what they were before the run. Undoing is a run in the ledger itself.
public struct Undo: Sendable {
  private let store: any RecordStore
  private let maxObstacles: Int
  private let takesBackup: Bool
  private let clock: MigrationClock

  /// An undoing; nothing happens before `run`.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - maxObstacles: How many obstacles the report keeps; all are counted.
  ///   - takesBackup: Whether a store that outlives the process is backed up before the first write.
  ///     An undo that changes no row leaves no backup; of older ones the last two stay.
  ///   - clock: What the ledger calls now.
  public init(
    of store: any RecordStore, maxObstacles: Int = 10_000, takesBackup: Bool = true,
    clock: MigrationClock = .system
  ) {
    self.store = store
    self.maxObstacles = maxObstacles
    self.takesBackup = takesBackup
    self.clock = clock
  }

  /// Undoes a run.
  ///
  /// - Parameters:
  ///   - id: The run's number in the ledger.
  ///   - isDryRun: Whether to write nothing and only say what would happen; a store that is open for
  ///     reading only will do.
  ///   - isCancelled: Asked now and then, from this thread; once true, the undoing is given up and
  ///     nothing is changed.
  /// - Returns: What was done, or what stands in the way. Where the run changed nothing, nothing is
  ///   done, and the report says so.
  /// - Throws: ``MigrationError`` with ``MigrationError/Code/runMissing``; `StoreError`, with
  ///   `StoreError/Code/cancelled` where it was given up.
  /// - Complexity: O(n log n) in the rows of the store; with `SQLiteStore` in constant memory.
  public func run(
    _ id: Int64, isDryRun: Bool = false, isCancelled: () -> Bool = { false }
  ) throws -> UndoReport {
    if isDryRun { return try rehearse(id, isCancelled) }
    do {
      return try store.withExclusiveWriter { try undo(id, isCancelled) }
    } catch let error as StoreError where error.code == .locked {
      // The run asked for may be what holds the lock.
      let report = try rehearse(id, isCancelled)
      guard report.obstacles.first?.reason == .isRunning else { throw error }
      return report
    }
  }

  /// Thrown to end a transaction without a trace.
  private struct Rollback: Error {}

  private func undo(_ id: Int64, _ isCancelled: () -> Bool) throws -> UndoReport {
    let (begin, now) = (clock.uptime(), clock.now())
    var report = UndoReport(undoneRun: id, database: store.location)
    var isToBeCommitted = false
    do {
      try store.write { transaction in
        // Nobody else holds the lock, so what counts as running is not.
        try transaction.markInterruptedRuns(now: now)
        var undone = try transaction.run(whileNot: isCancelled) {
          try findObstacles(id, transaction, isUnderWay: { false }, &report)
        }
        guard report.obstacleCount == 0, !report.hasNothingToUndo else { throw Rollback() }
        // Others see, and so the copy has, what was committed before; and nobody else writes.
        if takesBackup {
          report.backup = try RunBackup.take(of: store, isCancelled: isCancelled)
        }
        var ledger = LedgerRun(
          command: "undo", startedAt: now, source: undone.source, optionsJSON: report.optionsJSON,
          toolVersion: RMOSVersion.current, processID: ProcessEnvironment.processID)
        ledger.id = try transaction.beginRun(ledger)
        report.counts = try transaction.run(whileNot: isCancelled) {
          try transaction.undo(run: id)
        }
        undone.undoneBy = ledger.id
        try transaction.updateRun(undone)
        ledger.state = .completed
        ledger.finishedAt = clock.now()
        ledger.heartbeatAt = ledger.finishedAt ?? now
        ledger.seconds = clock.uptime() - begin
        ledger.optionsJSON = report.optionsJSON
        try transaction.updateRun(ledger)
        report.run = ledger.id
        isToBeCommitted = true
      }
    } catch is Rollback {
    } catch {
      // Of a commit that failed it may not be known what became of it; then the backup stays, unless
      // the room is needed.
      if !isToBeCommitted || (error as? StoreError)?.code == .diskFull { report.backup?.discard() }
      throw error
    }
    settleBackup(&report)
    report.seconds = clock.uptime() - begin
    return report
  }

  /// Removes older backups, or, where no row was changed, this one.
  private func settleBackup(_ report: inout UndoReport) {
    if report.removed + report.restored > 0 {
      report.backup?.removeOlder()
    } else {
      report.backup?.discard()
      report.backup = nil
    }
  }

  private func rehearse(_ id: Int64, _ isCancelled: () -> Bool) throws -> UndoReport {
    let begin = clock.uptime()
    var report = UndoReport(undoneRun: id, database: store.location)
    report.isDryRun = true
    _ = try store.checkWriting()
    try store.read { reader in
      try reader.run(whileNot: isCancelled) {
        _ = try findObstacles(
          id, reader, isUnderWay: { store.hasWriter ?? true }, &report)
        guard report.obstacleCount == 0 else { return }
        report.counts = try reader.undoCounts(ofRun: id)
      }
    }
    if report.obstacleCount == 0,
      case .copy(let copy) = try store.rehearsal(isCancelled: isCancelled)
    {
      // What else stands in its way only the store itself can tell.
      report.counts = try Undo(of: copy, takesBackup: false, clock: clock).run(
        id, isCancelled: isCancelled
      ).counts
    }
    report.seconds = clock.uptime() - begin
    return report
  }

  /// Collects what stands in the way.
  ///
  /// - Returns: The run that is to be undone.
  private func findObstacles(
    _ id: Int64, _ reader: any StoreReader, isUnderWay: () -> Bool, _ report: inout UndoReport
  ) throws -> LedgerRun {
    guard let run = try reader.run(id) else {
      throw MigrationReport.missingRun(id, try reader.runs(limit: 1).first, store.location)
    }
    if run.command == "undo" {
      report.add(UndoObstacle(.isUndo))
    } else if let undo = run.undoneBy {
      report.add(UndoObstacle(.isUndone(by: undo)))
    } else if run.state == .running, isUnderWay() {
      report.add(UndoObstacle(.isRunning))
    } else {
      var groups = UndoObstacleGroups()
      try reader.forEachUndoObstacle(ofRun: id) { obstacle in
        report.add(obstacle, keeping: maxObstacles)
        groups.add(obstacle, undoFirst: try laterRun(behind: obstacle, of: id, reader))
      }
      report.obstacleGroups = groups.sorted
      let total = run.statistics.total
      if report.obstacleCount == 0, total.migrated + total.updated == 0 {
        let counts = try reader.undoCounts(ofRun: id)
        report.hasNothingToUndo =
          counts.removed.values.allSatisfy { $0 == 0 }
          && counts.restored.values.allSatisfy { $0 == 0 }
      }
    }
    return run
  }

  /// The later run that has to be undone before an obstacle is gone; `nil` where none helps.
  private func laterRun(
    behind obstacle: UndoObstacle, of id: Int64, _ reader: any StoreReader
  ) throws -> Int64? {
    switch obstacle.reason {
    case .isUpdated(let run): return run
    case .isReferred(let kind, let referrer):
      guard let run = try reader.provenance(kind, id: referrer)?.run, run > id else { return nil }
      // A row that somebody changed since stands in the way of undoing that run too, and the change
      // may be what refers to this row.
      if case .edited = try reader.editState(kind, id: referrer) { return nil }
      return run
    default: return nil
    }
  }
}
