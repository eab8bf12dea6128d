import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Properties of migrations, for any trees.
///
/// A failing seed is the argument of its test.
@Suite struct PropertyTests {
  static let seeds = Array(UInt64(1)...10)

  private func options(dry: Bool = false) -> Migration.Options {
    var options = Migration.Options()
    options.isDryRun = dry
    options.clock = .fixed()
    return options
  }

  @Test(arguments: seeds)
  func aDryRunIsTheRealRunAndWritesNothing(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    let store = InMemoryStore()
    for _ in 0..<2 {
      let before = try StoreContent(of: store)
      let rehearsed = try RecordedMigration(tree.source, into: store, options(dry: true))
      #expect(try StoreContent(of: store) == before)
      let migrated = try RecordedMigration(tree.source, into: store, options())
      #expect(rehearsed.outcomes == migrated.outcomes)
      #expect(rehearsed.issues == migrated.issues)
      #expect(rehearsed.summary.statistics == migrated.summary.statistics)
      #expect(rehearsed.summary.issueCounts == migrated.summary.issueCounts)
    }
  }

  @Test(arguments: seeds)
  func bothStoresAgree(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    try TemporaryDirectory.use { directory in
      let memory = InMemoryStore()
      let sqlite = try SQLiteStore(path: directory.file("rmos.db"))
      for _ in 0..<2 {
        let one = try RecordedMigration(tree.source, into: memory, options())
        let other = try RecordedMigration(tree.source, into: sqlite, options())
        #expect(one.outcomes == other.outcomes)
        #expect(one.issues == other.issues)
        #expect(try StoreContent(of: memory) == StoreContent(of: sqlite))
        let runs = try (
          memory.read { try $0.runs(limit: 1) }, sqlite.read { try $0.runs(limit: 1) }
        )
        #expect(runs.0.first?.statistics == runs.1.first?.statistics)
        #expect(runs.0.first?.issueCounts == runs.1.first?.issueCounts)
      }
    }
  }

  @Test(arguments: seeds)
  func countsBalance(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    let store = InMemoryStore()
    let recorded = try RecordedMigration(tree.source, into: store, options())
    let summary = recorded.summary
    for kind in EntityCatalog.rmos.kinds {
      let mine = recorded.outcomes.filter { $0.source.hasPrefix(kind.table + "/") }
      let counts = summary.statistics[kind]
      #expect(mine.count == counts.found)
      #expect(mine.count { $0.outcome == .migrated } == counts.migrated)
      #expect(mine.count { $0.outcome == .skipped } == counts.skipped)
      #expect(mine.count { $0.outcome == .failed } == counts.failed)
      #expect(try store.read { try $0.count(RecordQuery(kind)) } == counts.migrated)
    }
    #expect(summary.issueCounts.values.reduce(0, +) == recorded.issues.count)
    #expect(summary.severityCounts.values.reduce(0, +) == recorded.issues.count)
    #expect(summary.issues == recorded.issues.filter { $0.severity != .info })
    // Every failure has an error, and only failures have.
    let errors = recorded.issues.count { $0.severity == .error }
    #expect(errors >= summary.statistics.total.failed)
    #expect((errors == 0) == (summary.statistics.total.failed == 0))
  }

  @Test(arguments: seeds)
  func aSecondRunChangesNothing(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    let store = InMemoryStore()
    let first = try RecordedMigration(tree.source, into: store, options())
    let content = try StoreContent(of: store)
    let second = try RecordedMigration(tree.source, into: store, options())
    #expect(try StoreContent(of: store) == content)
    #expect(second.summary.statistics.total.migrated == 0)
    #expect(second.summary.statistics.total.failed == first.summary.statistics.total.failed)
    for (before, after) in zip(first.outcomes, second.outcomes) {
      switch before.outcome {
      case .migrated:
        #expect(after.outcome == .skipped)
        #expect(after.codes == (before.codes + ["duplicate.identical"]).sorted())
      case .skipped, .failed, .updated:
        #expect(after == before)
      }
    }
  }

  @Test(arguments: seeds)
  func soundEntitiesComeOverWithEveryValueAndToken(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    let store = InMemoryStore()
    let recorded = try RecordedMigration(tree.source, into: store, options())
    #expect(!tree.known.isEmpty)
    for known in tree.known {
      let record = try #require(
        try store.read { try $0.record(known.kind, id: known.id) },
        "\(known.kind) \(known.id): \(recorded.issues.filter { $0.id == known.id })")
      for (member, value) in known.values {
        #expect(String(describing: record[member]) == String(describing: Optional(value)))
        if case .text(let found)? = record[member], case .text(let expected) = value {
          #expect(Array(found.utf8) == Array(expected.utf8), "\(known.id).\(member)")
        }
      }
    }
  }

  /// A record that migration accepted passes the rules again.
  @Test(arguments: seeds)
  func whatIsAcceptedIsValid(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    let store = InMemoryStore()
    let recorded = try RecordedMigration(tree.source, into: store, options())
    let reading: Set<IssueCode> = [.idNumber, .idDerived, .duplicateDiffers, .duplicateIdentical]
    let records = try StoreContent(of: store).records
    #expect(!records.isEmpty)
    for record in records {
      let issues = record.validate()
      #expect(!issues.contains { $0.severity == .error }, "\(issues)")
      // The warnings were all reported when the entity was read.
      let source = recorded.issues.filter {
        $0.kind == record.kind && $0.id.map { Array($0.utf8) } == Array(record.id.utf8)
          && !reading.contains($0.code) && $0.severity == .warning
      }
      #expect(Set(issues.map(\.code)).isSubset(of: Set(source.map(\.code))))
    }
  }

  @Test(arguments: seeds.prefix(8))
  func anAtomicRunIsAllOrNothing(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    let (store, quiet) = (InMemoryStore(), InMemoryStore())
    var atomic = options()
    atomic.isAtomic = true
    let recorded = try RecordedMigration(tree.source, into: store, atomic)
    let plain = try RecordedMigration(tree.source, into: quiet, options())
    #expect(recorded.issues == plain.issues)
    atomic.isDryRun = true
    let rehearsed = try RecordedMigration(tree.source, into: InMemoryStore(), atomic)
    #expect(rehearsed.issues == recorded.issues)
    #expect(rehearsed.summary.statistics == recorded.summary.statistics)
    #expect(rehearsed.summary.ending == recorded.summary.ending)
    let failed = plain.summary.statistics.total.failed
    #expect(recorded.summary.statistics.total.failed == failed)
    #expect(recorded.summary.statistics.total.found == plain.summary.statistics.total.found)
    let content = try StoreContent(of: store)
    #expect(failed == 0 ? try content == StoreContent(of: quiet) : content.records.isEmpty)
  }

  /// A run that is stopped anywhere and repeated ends with the content of one quiet run.
  @Test(arguments: seeds.prefix(12))
  func stoppingAnywhereAndRunningAgainIsOneQuietRun(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    let quiet = InMemoryStore()
    _ = try RecordedMigration(tree.source, into: quiet, options())
    let expected = try StoreContent(of: quiet)
    var random = SeededGenerator(seed: seed)
    let memory = InMemoryStore()
    let failing = FaultyStore(
      memory, failingAt: .entity(random.int(1...max(1, expected.records.count))))
    var small = options()
    small.batchSize = random.int(1...7)
    #expect(throws: StoreError.self) {
      try RecordedMigration(tree.source, into: failing, small)
    }
    failing.repair()
    _ = try RecordedMigration(tree.source, into: failing, small)
    #expect(try StoreContent(of: memory) == expected)
  }
}
