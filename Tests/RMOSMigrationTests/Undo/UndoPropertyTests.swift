import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Properties of updating and undoing, for any trees.
@Suite struct UndoPropertyTests {
  static let seeds = Array(UInt64(500)..<505)

  /// The three tables with all provenance, and the ledger's runs.
  private struct Everything: Hashable {
    var records: [Record] = []
    var provenance: [Provenance?] = []
    var runs: [LedgerRun] = []

    init(_ store: any RecordStore) throws {
      var (records, provenance): ([Record], [Provenance?]) = ([], [])
      runs = try store.read { reader in
        for kind in EntityCatalog.rmos.kinds {
          try reader.forEachRecord(kind) { records.append($0) }
        }
        provenance = try records.map { try reader.provenance($0.kind, id: $0.id) }
        return try reader.runs(limit: nil)
      }
      (self.records, self.provenance) = (records, provenance)
    }

    /// Whether the tables and their provenance are the same, whatever the ledger says.
    func hasSameRows(as other: Everything) -> Bool {
      records == other.records && provenance == other.provenance
    }
  }

  private func options(
    _ policy: Migration.Options.DuplicatePolicy = .skip, force: Bool = false, dry: Bool = false,
    day: Int = 1
  ) -> Migration.Options {
    var options = Migration.Options()
    options.onDuplicate = policy
    options.overwritesEdits = force
    options.isDryRun = dry
    options.batchSize = 100
    options.clock = .fixed("2026-03-0\(day)T09:30:00Z")
    return options
  }

  private func withStores(_ body: (any RecordStore) throws -> Void) throws {
    try TemporaryDirectory.use { directory in
      try body(InMemoryStore())
      try body(try SQLiteStore(path: directory.file("x.db")))
    }
  }

  /// Changes some rows as another application would, and deletes some.
  private func plantEdits(_ seed: UInt64, in store: any RecordStore) throws {
    var random = SeededGenerator(seed: seed)
    try store.write { transaction in
      for kind in EntityCatalog.rmos.kinds {
        for var record in try transaction.records(RecordQuery(kind)) {
          let dice = random.int(0...9)
          if dice < 3 {
            record.values[1] = .text("edited \(dice)")
            #expect(try transaction.update(record))
          } else if dice == 3, kind == .joblogs {
            #expect(try transaction.delete(kind, id: record.id))
          }
        }
      }
    }
  }

  @Test(arguments: seeds)
  func aDryRunPredictsAnUpdateAndASecondOneUpdatesNothing(_ seed: UInt64) throws {
    let (one, other) = (try RandomTree(seed: seed), try RandomTree(seed: seed + 100))
    let force = seed.isMultiple(of: 2)
    try withStores { store in
      _ = try RecordedMigration(one.source, into: store, options())
      try plantEdits(seed, in: store)
      let before = try Everything(store)
      let rehearsed = try RecordedMigration(
        other.source, into: store, options(.update, force: force, dry: true, day: 2))
      #expect(try Everything(store) == before)
      let run = try RecordedMigration(
        other.source, into: store, options(.update, force: force, day: 2))
      #expect(rehearsed.outcomes == run.outcomes)
      #expect(rehearsed.issues == run.issues)
      #expect(rehearsed.summary.issueCounts == run.summary.issueCounts)
      #expect(run.summary.statistics.total.updated > 0)
      #expect(run.summary.statistics.total.found == run.outcomes.count)
      let after = try Everything(store)

      let again = try RecordedMigration(
        other.source, into: store, options(.update, force: force, day: 3))
      #expect(again.summary.statistics.total.updated == 0)
      #expect(again.summary.statistics.total.migrated == 0)
      #expect(try Everything(store).hasSameRows(as: after))
      for (first, second) in zip(run.outcomes, again.outcomes)
      where first.outcome != .updated && first.outcome != .migrated {
        #expect(first == second)
      }
    }
  }

  @Test(arguments: seeds)
  func undoingGoesBackRunByRun(_ seed: UInt64) throws {
    let (one, other) = (try RandomTree(seed: seed), try RandomTree(seed: seed + 100))
    try withStores { store in
      let empty = try Everything(store)
      _ = try RecordedMigration(one.source, into: store, options())
      let first = try Everything(store)
      let update = try RecordedMigration(other.source, into: store, options(.update, day: 2))
      let second = try Everything(store)

      // The first run cannot be undone before the second.
      let refused = try Undo(of: 1, in: store).runSynchronously()
      #expect(!refused.isSuccess && refused.run == nil)
      #expect(refused.obstacles.contains { $0.reason == .isUpdated(by: 2) })
      #expect(try Everything(store) == second)

      let rehearsed = try Undo(of: 2, in: store) { $0.isDryRun = true }.runSynchronously()
      #expect(try Everything(store) == second)
      let undone = try Undo(of: 2, in: store).runSynchronously()
      #expect(undone.isSuccess && undone.counts == rehearsed.counts, "\(undone.obstacles)")
      #expect(undone.removed == update.summary.statistics.total.migrated)
      #expect(undone.restored == update.summary.statistics.total.updated)
      #expect(try Everything(store).hasSameRows(as: first))
      #expect(try store.read { try $0.run(2)?.undoneBy } == undone.run)

      #expect(try Undo(of: 1, in: store).runSynchronously().isSuccess)
      #expect(try Everything(store).hasSameRows(as: empty))

      // And forward again.
      _ = try RecordedMigration(one.source, into: store, options())
      #expect(try Everything(store).records == first.records)
    }
  }

  @Test(arguments: seeds)
  func undoingAForcedUpdateBringsTheEditsBack(_ seed: UInt64) throws {
    let (one, other) = (try RandomTree(seed: seed), try RandomTree(seed: seed + 100))
    try withStores { store in
      _ = try RecordedMigration(one.source, into: store, options())
      try plantEdits(seed, in: store)
      let before = try Everything(store)
      _ = try RecordedMigration(other.source, into: store, options(.update, force: true, day: 2))
      let undone = try Undo(of: 2, in: store).runSynchronously()
      #expect(undone.isSuccess, "\(undone.obstacles)")
      #expect(try Everything(store).hasSameRows(as: before))
      let refused = try Undo(of: 1, in: store).runSynchronously()
      #expect(refused.obstacles.contains { $0.reason == .isEdited })
      #expect(try Everything(store).hasSameRows(as: before))
    }
  }

  @Test(arguments: seeds)
  func bothStoresFindTheSameObstacles(_ seed: UInt64) throws {
    let (one, other) = (try RandomTree(seed: seed), try RandomTree(seed: seed + 100))
    var found: [[UndoObstacle]] = []
    try withStores { store in
      _ = try RecordedMigration(one.source, into: store, options())
      _ = try RecordedMigration(
        other.source, into: store, options(seed.isMultiple(of: 2) ? .update : .skip, day: 2))
      try plantEdits(seed, in: store)
      let before = try Everything(store)
      for run in [Int64(1), 2] {
        let report = try Undo(of: run, in: store).runSynchronously()
        #expect(report.obstacleCount == report.obstacles.count && report.obstacleCount > 0)
        found.append(report.obstacles)
      }
      #expect(try Everything(store) == before)
    }
    #expect(found.count == 4 && found[0] == found[2] && found[1] == found[3])
  }
}
