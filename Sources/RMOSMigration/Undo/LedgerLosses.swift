import RMOSModels
import RMOSStore

/// Finds the records of a run that the ledger has lost, by comparing its records with the
/// run's own counts.
///
/// Without its before-images, an undo would remove the rows that the run updated; without their
/// provenance, it would leave the rows that the run inserted.
struct LedgerLosses {
  /// The numbers of rows that undoing a run changes.
  struct Counts {
    /// The rows that the run wrote as a migration.
    var written: UndoCounts
    /// The rows that the run changed as a server.
    var changed: UndoCounts

    /// All of them.
    var sum: UndoCounts {
      var sum = written
      sum += changed
      return sum
    }
  }

  private let run: LedgerRun
  private let later: [LedgerRun]
  private let counts: Counts

  /// Creates a search.
  ///
  /// - Parameters:
  ///   - run: The run that is to be undone.
  ///   - later: The later runs that are not undone.
  ///   - counts: The numbers of rows that undoing the run changes.
  init(_ run: LedgerRun, later: [LedgerRun], _ counts: Counts) {
    self.run = run
    self.later = later
    self.counts = counts
  }

  /// Calls `body` with each loss that prevents undoing the run, kind by kind.
  func forEachObstacle(
    _ reader: any StoreReader, _ body: (UndoObstacle) throws -> Void
  ) throws {
    var laterCounts: [Int64: UndoCounts] = [:]
    for kind in reader.catalog.kinds {
      let wrote = run.statistics[kind].migrated + run.statistics[kind].updated
      let lost = run.lostImages(of: kind, counts.written)
      if lost > 0 {
        try body(UndoObstacle(kind: kind, .lacksImages(ofRun: run.id, rows: lost)))
        continue
      }
      // Usually, nothing is missing.
      let found = counts.written.rows(of: kind) + counts.changed.rows(of: kind)
      guard wrote > found else { continue }
      // A later run that lost before-images may have rewritten rows of this run.
      var isKnown = true
      for other in later where other.isMigration && other.statistics[kind].updated > 0 {
        let counts = try laterCounts[other.id] ?? reader.undoCounts(ofRun: other.id)
        laterCounts[other.id] = counts
        let lost = other.lostImages(of: kind, counts)
        guard lost > 0 else { continue }
        isKnown = false
        try body(UndoObstacle(kind: kind, .lacksImages(ofRun: other.id, rows: lost)))
      }
      if isKnown, found == 0, try isUntraced(kind, wrote, reader) {
        try body(UndoObstacle(kind: kind, .isUntraced(rows: wrote)))
      }
    }
  }

  /// Whether the ledger has nothing left about the rows that the run wrote.
  private func isUntraced(
    _ kind: EntityKind, _ wrote: Int, _ reader: any StoreReader
  ) throws -> Bool {
    // A server records a change for each row, also for a deleted one.
    guard run.isMigration else {
      let hasChanges = try Self.finds { found in
        try reader.forEachRowChange(ofRun: run.id) { if $0.kind == kind { try found() } }
      }
      return run.command == LedgerRun.serverCommand && !hasChanges
    }
    // Later runs may have inserted deleted rows again, which are theirs now.
    let missing = try reader.inspection.missingTables()
    guard later.reduce(0, { $0 + $1.statistics[kind].migrated }) < wrote,
      !reader.catalog.kinds.contains(where: { missing.contains($0.table) })
    else { return false }
    // The rows may still be there without their provenance.
    let hasUnknownRows = try Self.finds { found in
      try reader.inspection.forEachIDWithoutProvenance(of: kind) { _ in try found() }
    }
    guard hasUnknownRows else { return false }
    // Provenance of the run remains for rows that other programs deleted, and in the before-images
    // of later runs.
    return try !Self.finds { found in
      try reader.inspection.forEachDanglingProvenance {
        if $0.run == run.id, reader.catalog.kind(named: $0.kind) == kind { try found() }
      }
      for other in later {
        try reader.forEachBeforeImage(ofRun: other.id) {
          if $0.record.kind == kind, $0.provenance?.run == run.id { try found() }
        }
        try reader.forEachRowChange(ofRun: other.id) {
          if $0.kind == kind, $0.before?.provenance?.run == run.id { try found() }
        }
      }
    }
  }

  /// Thrown to end a search.
  private struct Found: Error {}

  /// Returns whether `search` calls its argument; the call ends the search.
  private static func finds(_ search: (() throws -> Void) throws -> Void) throws -> Bool {
    do {
      try search { throw Found() }
      return false
    } catch is Found {
      return true
    }
  }
}

extension LedgerRun {
  /// How many rows of a kind the run updated that are not among its before-images.
  fileprivate func lostImages(of kind: EntityKind, _ counts: UndoCounts) -> Int {
    isMigration ? max(0, statistics[kind].updated - counts.restored[kind, default: 0]) : 0
  }
}

extension UndoCounts {
  fileprivate func rows(of kind: EntityKind) -> Int {
    removed[kind, default: 0] + restored[kind, default: 0]
  }

  /// Whether no row is counted.
  var isZero: Bool {
    removed.values.allSatisfy { $0 == 0 } && restored.values.allSatisfy { $0 == 0 }
  }
}
