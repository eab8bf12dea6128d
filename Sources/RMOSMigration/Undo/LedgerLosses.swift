import RMOSModels
import RMOSStore

/// Finds what the ledger has lost of a run, by what the run says that it wrote.
///
/// Without the before-images of rows that the run updated, undoing it would remove these, and
/// without their provenance it would leave what it inserted.
struct LedgerLosses {
  /// The numbers of rows that undoing a run changes.
  struct Counts {
    /// Those that it wrote as a migration does.
    var written: UndoCounts
    /// Those that it wrote as a server does.
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
  ///   - counts: What undoing the run changes.
  init(_ run: LedgerRun, later: [LedgerRun], _ counts: Counts) {
    self.run = run
    self.later = later
    self.counts = counts
  }

  /// Calls `body` with what undoing the run would need, kind by kind.
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
      // Mostly, all that the run wrote is there.
      let found = counts.written.rows(of: kind) + counts.changed.rows(of: kind)
      guard wrote > found else { continue }
      // If later runs do not know what they rewrote, that may have been of this run.
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

  /// Whether nothing is left that would tell what became of the rows that the run wrote.
  private func isUntraced(
    _ kind: EntityKind, _ wrote: Int, _ reader: any StoreReader
  ) throws -> Bool {
    // A server keeps a change of each row, also of those that it deleted.
    guard run.isMigration else {
      let hasChanges = try Self.finds { found in
        try reader.forEachRowChange(ofRun: run.id) { if $0.kind == kind { try found() } }
      }
      return run.command == LedgerRun.serverCommand && !hasChanges
    }
    // What was deleted may have been inserted again by a later run, whose rows they are now.
    let missing = try reader.inspection.missingTables()
    guard later.reduce(0, { $0 + $1.statistics[kind].migrated }) < wrote,
      !reader.catalog.kinds.contains(where: { missing.contains($0.table) })
    else { return false }
    // Rows of which nothing is known, as they are without their provenance.
    let hasUnknownRows = try Self.finds { found in
      try reader.inspection.forEachIDWithoutProvenance(of: kind) { _ in try found() }
    }
    guard hasUnknownRows else { return false }
    // Other programs that delete a row leave its provenance, later runs keep it with what they
    // rewrite.
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

  /// Whether `search` calls its argument, which ends it.
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
  /// How many rows of a kind the run updated without their being among its before-images.
  fileprivate func lostImages(of kind: EntityKind, _ counts: UndoCounts) -> Int {
    isMigration ? max(0, statistics[kind].updated - counts.restored[kind, default: 0]) : 0
  }
}

extension UndoCounts {
  fileprivate func rows(of kind: EntityKind) -> Int {
    removed[kind, default: 0] + restored[kind, default: 0]
  }

  /// Whether no row is counted.
  var isNothing: Bool {
    removed.values.allSatisfy { $0 == 0 } && restored.values.allSatisfy { $0 == 0 }
  }
}
