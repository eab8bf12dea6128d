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
  /// The counts of later runs that were looked up.
  private var laterCounts: [Int64: UndoCounts] = [:]
  /// The losses of before-images that were found.
  private var lostImages: Set<UndoObstacle> = []

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
  mutating func forEachObstacle(
    _ reader: any StoreReader, _ body: (UndoObstacle) throws -> Void
  ) throws {
    for kind in reader.catalog.kinds {
      let wrote = run.statistics[kind].migrated + run.statistics[kind].updated
      let lost = run.lostImages(of: kind, counts.written)
      if lost > 0 {
        let obstacle = UndoObstacle(kind: kind, .lacksImages(ofRun: run.id, rows: lost))
        lostImages.insert(obstacle)
        try body(obstacle)
        continue
      }
      // Usually, nothing is missing.
      let found = counts.written.rows(of: kind) + counts.changed.rows(of: kind)
      guard wrote > found else { continue }
      // A later run that lost before-images may have rewritten rows of this run.
      var isKnown = true
      for other in later {
        guard let obstacle = try loss(of: kind, other, reader) else { continue }
        isKnown = false
        lostImages.insert(obstacle)
        try body(obstacle)
      }
      if isKnown, found == 0, try isUntraced(kind, wrote, reader) {
        try body(UndoObstacle(kind: kind, .isUntraced(rows: wrote)))
      }
    }
  }

  /// The loss of before-images of a later run; `nil` if it lost none.
  private mutating func loss(
    of kind: EntityKind, _ other: LedgerRun, _ reader: any StoreReader
  ) throws -> UndoObstacle? {
    guard other.isMigration, other.statistics[kind].updated > 0 else { return nil }
    let counts = try laterCounts[other.id] ?? reader.undoCounts(ofRun: other.id)
    laterCounts[other.id] = counts
    let lost = other.lostImages(of: kind, counts)
    return lost > 0 ? UndoObstacle(kind: kind, .lacksImages(ofRun: other.id, rows: lost)) : nil
  }

  /// Returns another obstacle to undoing the run as far as lost before-images leave it certain;
  /// `nil` if it is no obstacle, or if the loss was reported.
  ///
  /// Without its before-image, a row that a run updated looks like one that the run inserted.
  mutating func explained(
    _ obstacle: UndoObstacle, _ reader: any StoreReader
  ) throws -> UndoObstacle? {
    guard let kind = obstacle.kind else { return obstacle }
    switch obstacle.reason {
    case .isReferred, .isReferredElsewhere, .mayBeReferredElsewhere:
      // Which rows the undo would remove is unknown.
      return run.lostImages(of: kind, counts.written) > 0 ? nil : obstacle
    case .isReplaced(let writer?):
      guard let other = later.first(where: { $0.id == writer }),
        let loss = try loss(of: kind, other, reader)
      else { return obstacle }
      return lostImages.insert(loss).inserted ? loss : nil
    default: return obstacle
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
