import RMOSModels
public import RMOSStore
import RMOSSystem

/// Undoes a run: removes the rows it inserted and restores those it rewrote.
///
/// ```swift
/// let report = try await Undo(of: 3, in: store).run()
/// for group in report.obstacleGroups { print(group.message) }
/// ```
///
/// Everything happens in one transaction, as the only writer; if anything prevents it, nothing
/// changes. The three tables are then what they were before the run. The undo is a run in the
/// ledger itself.
public struct Undo: Sendable {
  /// How a run is undone.
  public struct Options: Sendable {
    /// Whether to write nothing and only predict what would happen; the store may be read-only.
    public var isDryRun = false
    /// Whether to back up a store on disk before the first write.
    ///
    /// An undo that changes no row leaves no backup. The two newest earlier backups are kept.
    public var takesBackup = true
    /// The maximum number of obstacles the report keeps; all are counted.
    package var maxObstacles = 10_000
    /// The clocks that the ledger uses; tests fix them.
    package var clock: MigrationClock = .system

    /// Creates the default options.
    public init() {}
  }

  private let id: Int64
  private let store: any RecordStore
  private let options: Options
  private var clock: MigrationClock { options.clock }

  /// Creates an undo; nothing happens before ``run()``.
  ///
  /// - Parameters:
  ///   - id: The run's number in the ledger.
  ///   - store: The store.
  ///   - options: How to undo it.
  public init(of id: Int64, in store: any RecordStore, options: Options = Options()) {
    self.id = id
    self.store = store
    self.options = options
  }

  /// Undoes the run, on a thread of its own.
  ///
  /// Cancelling the task abandons the undo, and nothing is changed.
  ///
  /// - Returns: A report of what was done, or of what prevents it. If the run changed nothing, it
  ///   says so, and nothing is done.
  /// - Throws: ``MigrationError`` with ``MigrationError/Code/runMissing`` or
  ///   ``MigrationError/Code/unknownKind``; `StoreError`; `CancellationError` if the task was
  ///   cancelled.
  /// - Complexity: O(n log n) in the rows of the store; with `SQLiteStore` in constant memory.
  public func run() async throws -> UndoReport {
    try await BlockingWork.run(orThrow: MigrationError.noThread) { isCancelled in
      try runSynchronously(isCancelled: isCancelled)
    }
  }

  /// Undoes the run on the calling thread.
  ///
  /// - Parameter isCancelled: Polled periodically; once it returns `true`, the undo is abandoned
  ///   and nothing is changed.
  /// - Returns: As ``run()``.
  /// - Throws: As ``run()``.
  package func runSynchronously(isCancelled: () -> Bool = { false }) throws -> UndoReport {
    if options.isDryRun { return try rehearse(isCancelled) }
    // Before the transaction, which creates missing tables.
    try store.read { try refuseRowsOutOfReach($0) }
    do {
      return try store.withExclusiveWriter { try undo(isCancelled) }
    } catch let error as StoreError where error.code == .locked {
      // The lock may be held by the very run that is to be undone.
      var report = try rehearse(isCancelled)
      guard report.obstacles.first?.reason == .isRunning else { throw error }
      report.isDryRun = false
      return report
    }
  }

  /// Thrown to roll the transaction back.
  private struct Rollback: Error {}

  private func undo(_ isCancelled: () -> Bool) throws -> UndoReport {
    let (begin, now) = (clock.uptime(), clock.timestamp)
    var report = UndoReport(undoneRun: id, database: store.location, store.catalog)
    var isToBeCommitted = false
    do {
      try store.write { transaction in
        // This process holds the lock, so no other run can be under way.
        try transaction.markInterruptedRuns(now: now)
        var undone = try transaction.run(whileNot: isCancelled) {
          try findObstacles(transaction, isUnderWay: { false }, &report)
        }
        guard report.obstacleCount == 0, !report.hasNothingToUndo else { throw Rollback() }
        // The backup is of the state before this transaction, which is not committed.
        if options.takesBackup {
          report.backup = try RunBackup.take(of: store, isCancelled: isCancelled)
        }
        var ledger = LedgerRun(
          command: LedgerRun.undoCommand, startedAt: now, source: undone.source,
          optionsJSON: report.optionsJSON, catalog: store.catalog)
        ledger.id = try transaction.beginRun(ledger)
        report.counts = try transaction.run(whileNot: isCancelled) {
          var counts = try transaction.undo(run: id)
          counts += try transaction.revertChanges(ofRun: id)
          return counts
        }
        undone.undoneBy = ledger.id
        if undone.state == .running {
          // A run of a server, which begins another with its next change.
          undone.state = .completed
          undone.finishedAt = now
        }
        try transaction.updateRun(undone)
        ledger.state = .completed
        ledger.finishedAt = clock.timestamp
        ledger.heartbeatAt = ledger.finishedAt ?? now
        ledger.seconds = (clock.uptime() - begin).seconds
        ledger.optionsJSON = report.optionsJSON
        try transaction.updateRun(ledger)
        report.run = ledger.id
        isToBeCommitted = true
      }
    } catch is Rollback {
    } catch {
      // After some errors it is unknown whether the commit took place; then the backup stays,
      // unless the disk is full.
      if !isToBeCommitted || (error as? StoreError)?.code == .diskFull { report.backup?.discard() }
      throw error
    }
    settleBackup(&report)
    report.duration = clock.uptime() - begin
    return report
  }

  /// Removes older backups or, if no row was changed, this one.
  private func settleBackup(_ report: inout UndoReport) {
    if report.removed + report.restored > 0 {
      report.backup?.removeOlder()
    } else {
      report.backup?.discard()
      report.backup = nil
    }
  }

  private func rehearse(_ isCancelled: () -> Bool) throws -> UndoReport {
    let begin = clock.uptime()
    var report = UndoReport(undoneRun: id, database: store.location, store.catalog)
    report.isDryRun = true
    _ = try store.checkWriting()
    try store.read { reader in
      try refuseRowsOutOfReach(reader)
      try reader.run(whileNot: isCancelled) {
        _ = try findObstacles(reader, isUnderWay: { store.hasWriter ?? true }, &report)
        guard report.obstacleCount == 0 else { return }
        report.counts = try writtenCounts(reader).sum
      }
    }
    if report.obstacleCount == 0,
      case .copy(let copy) = try store.rehearsal(isCancelled: isCancelled)
    {
      // Only the store knows what else prevents the undo, such as a trigger.
      var options = options
      options.isDryRun = false
      options.takesBackup = false
      report.counts = try Undo(of: id, in: copy, options: options)
        .runSynchronously(isCancelled: isCancelled).counts
    }
    report.duration = clock.uptime() - begin
    return report
  }

  /// Refuses to undo a run of which some rows would neither be removed nor restored, because this
  /// program does not know their kind, or because a table is missing.
  private func refuseRowsOutOfReach(_ reader: any StoreReader) throws {
    guard let run = try reader.run(id) else { return }
    if let name = run.unknownKinds.first {
      throw MigrationError(
        .unknownKind,
        "run \(id) also wrote entities of the kind \(Violation.quoted(name)), which this program "
          + "does not know; undo the run with the program that wrote them")
    }
    let lost = try reader.tablesWithLostEntities()
    guard !lost.isEmpty else { return }
    throw StoreError(
      .lostTable,
      "\(store.location) lacks the table \(lost.joined(separator: ", ")), whose entities are in the "
        + "ledger; nothing was undone. If another application renamed it, rename it back; if it "
        + "is gone for good, a migration creates an empty one")
  }

  /// Collects the obstacles.
  ///
  /// - Returns: The run that is to be undone.
  private func findObstacles(
    _ reader: any StoreReader, isUnderWay: () -> Bool, _ report: inout UndoReport
  ) throws -> LedgerRun {
    guard let run = try reader.run(id) else {
      throw MigrationReport.missingRun(id, try reader.runs(limit: 1).first, store.location)
    }
    if run.isUndo {
      report.add(UndoObstacle(.isUndo))
    } else if let undo = run.undoneBy {
      report.add(UndoObstacle(.isUndone(by: undo)))
    } else if run.state == .running, run.command != LedgerRun.serverCommand, isUnderWay() {
      report.add(UndoObstacle(.isRunning))
    } else {
      var groups = UndoObstacleGroups()
      let laterRuns = try reader.runs(after: id).filter { $0.undoneBy == nil && !$0.isUndo }
      var later = LaterRuns(of: laterRuns)
      let counts = try writtenCounts(reader)
      var losses = LedgerLosses(run, later: laterRuns, counts)
      try losses.forEachObstacle(reader) { obstacle in
        report.add(obstacle, keeping: options.maxObstacles)
        groups.add(obstacle, undoFirst: nil)
      }
      try forEachObstacle(ofRun: id, reader) { obstacle in
        guard let obstacle = try losses.explained(obstacle, reader) else { return }
        report.add(obstacle, keeping: options.maxObstacles)
        let runs = try self.laterRuns(behind: obstacle, after: id, later, reader)
        groups.add(obstacle, undoFirst: runs.first)
        for run in runs { later.insert(run) }
      }
      report.obstacleGroups = groups.sorted
      try addRunsInTheirWay(to: &later, reader)
      report.runsToUndoFirst = later.found.sorted(by: >)
      let total = run.statistics.total
      report.hasNothingToUndo =
        report.obstacleCount == 0 && total.migrated + total.updated == 0 && counts.sum.isZero
    }
    return run
  }

  /// The numbers of rows that undoing the run changes.
  private func writtenCounts(_ reader: any StoreReader) throws -> LedgerLosses.Counts {
    LedgerLosses.Counts(
      written: try reader.undoCounts(ofRun: id), changed: try reader.changeCounts(ofRun: id))
  }

  /// Calls `body` with each obstacle to undoing a run, including those that remain once the later
  /// runs that have to be undone first are undone.
  private func forEachObstacle(
    ofRun run: Int64, _ reader: any StoreReader, _ body: (UndoObstacle) throws -> Void
  ) throws {
    var followed = 0
    func explain(_ obstacle: UndoObstacle) throws {
      var obstacle = try explained(obstacle, of: run, reader)
      // Following a row takes several look-ups: do it only for as many rows as are listed.
      guard case .isUpdated(let writer) = obstacle.reason, followed < options.maxObstacles,
        let kind = obstacle.kind, let id = obstacle.id
      else { return try body(obstacle) }
      followed += 1
      let history = try RowHistory(of: kind, id, since: run, reader)
      if let newest = history.runs.first, newest > writer {
        obstacle.reason = .isUpdated(by: newest)
      }
      try body(obstacle)
      for reason in history.obstacles { try body(UndoObstacle(kind: kind, id: id, reason)) }
    }
    try reader.forEachUndoObstacle(ofRun: run, explain)
    try reader.forEachChangeObstacle(ofRun: run, explain)
  }

  /// Returns an obstacle, as an update by a run if it is an edit that a server made: undoing the
  /// server's run removes it.
  private func explained(
    _ obstacle: UndoObstacle, of run: Int64, _ reader: any StoreReader
  ) throws -> UndoObstacle {
    guard [.isEdited, .isDeleted].contains(obstacle.reason), let kind = obstacle.kind,
      let id = obstacle.id, let newest = try reader.changes(of: kind, id: id).first,
      newest.run > run
    else { return obstacle }
    let found = try reader.record(kind, id: id).map { RowChange.Result.written(RowDigest(of: $0)) }
    guard newest.result == found ?? .deleted else { return obstacle }
    return UndoObstacle(kind: kind, id: id, .isUpdated(by: newest.run))
  }

  /// The later runs that have to be undone first.
  private struct LaterRuns {
    private(set) var found: Set<Int64> = []
    /// The runs not found so far that may have to be undone: those that changed rows.
    private var others: [Int64]

    init(of runs: [LedgerRun]) {
      others = runs.filter {
        let total = $0.statistics.total
        return total.migrated + total.updated > 0
      }.map(\.id)
    }

    /// Adds a run; returns whether it is a new one.
    @discardableResult mutating func insert(_ run: Int64) -> Bool {
      guard found.insert(run).inserted else { return false }
      others.removeAll { $0 == run }
      return true
    }

    /// Whether all runs between two others that may have to be undone have been found.
    func isComplete(after run: Int64, before end: Int64 = .max) -> Bool {
      !others.contains { run < $0 && $0 < end }
    }
  }

  /// Adds the runs that have to be undone before those that were found.
  private func addRunsInTheirWay(
    to later: inout LaterRuns, _ reader: any StoreReader
  ) throws {
    // The oldest first: it may lead to all others, which then need not be examined.
    var unexamined = later.found.sorted(by: >)
    while let run = unexamined.popLast() {
      if later.isComplete(after: run) { continue }
      var added: [Int64] = []
      try forEachObstacle(ofRun: run, reader) { obstacle in
        for next in try laterRuns(behind: obstacle, after: run, later, reader)
        where later.insert(next) {
          added.append(next)
        }
      }
      unexamined = (unexamined + added).sorted(by: >)
    }
  }

  /// The later runs that wrote the entity of an obstacle to undoing `run`, the newest first.
  ///
  /// Undoing these runs removes the obstacle; the list is empty if undoing runs does not remove it.
  /// Runs that are known already may be absent, except for the newest.
  private func laterRuns(
    behind obstacle: UndoObstacle, after run: Int64, _ known: LaterRuns, _ reader: any StoreReader
  ) throws -> [Int64] {
    var writers: [Int64]
    switch obstacle.reason {
    case .isUpdated(let newest):
      writers = [newest]
      // Further runs can only be in between.
      if !known.isComplete(after: run, before: newest), let kind = obstacle.kind,
        let id = obstacle.id
      {
        writers += try RowHistory(of: kind, id, since: run, reader).runs
      }
    case .isReferred(let kind, let referrer):
      writers = try reader.changes(of: kind, id: referrer).map(\.run)
      let isRewritten = writers.contains { $0 > run }
      if let writer = try reader.provenance(kind, id: referrer)?.run { writers.append(writer) }
      // If the referring row was edited since, its run cannot be undone either, and the edit may
      // have added the reference.
      if !isRewritten, writers.contains(where: { $0 > run }),
        case .edited = try reader.editState(kind, id: referrer)
      {
        return []
      }
    default: return []
    }
    return Set(writers).filter { $0 > run }.sorted(by: >)
  }
}
