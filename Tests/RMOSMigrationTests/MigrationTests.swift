import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Synchronization
import Testing

@Suite struct MigrationTests {
  private func options(_ change: (inout Migration.Options) -> Void) -> Migration.Options {
    var options = Migration.Options()
    change(&options)
    return options
  }

  @Test func theExampleMigratesWhole() throws {
    let store = InMemoryStore()
    let recorded = try RecordedMigration(Fixtures.exampleTree, into: store)
    let statistics = recorded.summary.statistics
    #expect(statistics[.stripFamilies].migrated == 8)
    #expect(statistics[.patterns].migrated == 24)
    #expect(statistics[.joblogs].migrated == 40)
    #expect(statistics.total.found == 72)
    #expect(recorded.summary.isSuccess)
    #expect(recorded.summary.successRate == 100)
  }

  @Test func theAsynchronousRunGivesTheSame() async throws {
    let store = InMemoryStore()
    let seen = Mutex(0)
    let summary = try await Migration(from: Fixtures.exampleTree, into: store).run { event in
      if case .outcome = event { seen.withLock { $0 += 1 } }
    }
    #expect(summary.statistics.total.migrated == 72)
    #expect(seen.withLock { $0 } == 72)
  }

  @Test func aCancelledTaskEndsTheBatchAndKeepsWhatIsCommitted() async throws {
    let tree = try SourceTree()
    defer { withExtendedLifetime(tree) {} }
    for index in 0..<400 { try tree.add("patterns/\(index).json", Texts.pattern("p\(index)")) }
    let store = InMemoryStore()
    let migration = Migration(from: tree.path, into: store, options: options { $0.batchSize = 10 })
    let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
    let isCancelled = DispatchSemaphore(value: 0)
    let task = Task {
      try await migration.run { event in
        guard case .progress(let progress) = event, progress.statistics.total.found == 50 else {
          return
        }
        // Continue once the task has been cancelled. The batch that is then abandoned may report
        // the same number again.
        arrival.yield()
        isCancelled.wait()
        isCancelled.signal()
      }
    }
    for await _ in arrivals {
      task.cancel()
      isCancelled.signal()
      break
    }
    let summary = try await task.value
    let stored = try store.read { try $0.count(RecordQuery(.patterns)) }
    #expect(summary.ending == .interrupted)
    #expect(50..<400 ~= stored)
    #expect(summary.statistics.total.migrated == stored)
    #expect(try store.read { try $0.run(summary.run ?? 0) }?.state == .interrupted)
    let again = try await migration.run()
    #expect(again.ending == .completed)
    #expect(again.statistics.total.skipped == stored)
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 400)
  }

  @Test func cancellingBetweenEntitiesCommitsWhatWasDone() throws {
    let tree = try SourceTree()
    defer { withExtendedLifetime(tree) {} }
    let patterns = (0..<1200).map { Texts.pattern("p\($0)") }
    try tree.add("patterns/all.json", "[\(patterns.joined(separator: ","))]")
    let store = FaultyStore(InMemoryStore(), failingAt: nil)
    let summary = try Migration(from: tree.path, into: store).runSynchronously(isCancelled: {
      // Called at entities 0, 512 and 1,024.
      store.counts.entities >= 600
    })
    #expect(summary.ending == .interrupted)
    #expect(summary.statistics.total.migrated == 1024)
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 1024)
    #expect(try store.read { try $0.runs(limit: 1) }.first?.state == .interrupted)
  }

  @Test func oneFailedEntityNeverStopsTheRest() throws {
    let tree = try SourceTree([
      "strip_families/a.json": Texts.family("a"), "strip_families/b.json": "{",
      "strip_families/c.json": Texts.family("c"),
    ])
    let recorded = try RecordedMigration(
      tree, into: InMemoryStore(), options { $0.batchSize = 1 })
    #expect(recorded.outcomes.map(\.outcome) == [.migrated, .failed, .migrated])
    #expect(!recorded.summary.isSuccess)
    #expect(recorded.summary.issueCounts == [.jsonSyntax: 1])
  }

  @Test(arguments: [1, 2, 3, 1000])
  func theBatchSizeChangesNothing(_ size: Int) throws {
    let (one, other) = (InMemoryStore(), InMemoryStore())
    let clock = MigrationClock.fixed()
    let expected = try RecordedMigration(
      Fixtures.exampleTree, into: one, options { $0.clock = clock })
    let recorded = try RecordedMigration(
      Fixtures.exampleTree, into: other,
      options {
        $0.clock = clock
        $0.batchSize = size
      })
    #expect(recorded.outcomes == expected.outcomes)
    #expect(try StoreContent(of: other) == StoreContent(of: one))
  }

  @Test func anAtomicRunWithAFailureWritesNothingAtAll() throws {
    let tree = try SourceTree([
      "strip_families/a.json": Texts.family("a"), "strip_families/b.json": "[]x",
      "patterns/p.json": Texts.pattern("p", family: "a"),
    ])
    let store = InMemoryStore()
    let recorded = try RecordedMigration(tree, into: store, options { $0.isAtomic = true })
    #expect(recorded.summary.ending == .rolledBack)
    #expect(recorded.summary.run == nil)
    #expect(recorded.summary.statistics.total.migrated == 0)
    #expect(recorded.summary.statistics.total.skipped == 2)
    #expect(recorded.summary.statistics.total.failed == 1)
    try store.read { reader throws in
      #expect(try reader.runs(limit: nil).isEmpty)
      #expect(try reader.count(RecordQuery(.stripFamilies)) == 0)
    }
    try tree.remove("strip_families/b.json")
    let clean = try RecordedMigration(tree, into: store, options { $0.isAtomic = true })
    #expect(clean.summary.statistics.total.migrated == 2)
    #expect(try store.read { try $0.runs(limit: nil) }.map(\.state) == [.completed])
  }

  @Test(arguments: [0, 1, 2, 5])
  func oneFailureMoreThanToleratedStopsTheRun(_ limit: Int) throws {
    let tree = try SourceTree()
    defer { withExtendedLifetime(tree) {} }
    for index in 0..<6 {
      try tree.add("strip_families/\(index)a.json", "{}")
      try tree.add("strip_families/\(index)b.json", Texts.family("f\(index)"))
    }
    let store = InMemoryStore()
    let recorded = try RecordedMigration(tree, into: store, options { $0.maxErrors = limit })
    #expect(recorded.summary.ending == .tooManyErrors)
    #expect(recorded.summary.statistics.total.failed == limit + 1)
    #expect(recorded.summary.statistics.total.migrated == limit)
    #expect(try store.read { try $0.count(RecordQuery(.stripFamilies)) } == limit)
    #expect(try store.read { try $0.runs(limit: 1) }.first?.state == .failed)
  }

  @Test func asManyFailuresAsToleratedDoNotStopTheRun() throws {
    let tree = try SourceTree([
      "patterns/a.json": "{}", "patterns/b.json": Texts.pattern("b"),
    ])
    let recorded = try RecordedMigration(
      tree, into: InMemoryStore(), options { $0.maxErrors = 1 })
    #expect(recorded.summary.ending == .completed)
    #expect(recorded.summary.statistics.total.found == 2)
  }

  @Test func duplicatesFailWhereTheyAreToFail() throws {
    let tree = try SourceTree([
      "strip_families/a.json": Texts.family("a"), "strip_families/b.json": Texts.family("a"),
    ])
    let recorded = try RecordedMigration(
      tree, into: InMemoryStore(), options { $0.onDuplicate = .fail })
    #expect(recorded.outcomes.map(\.outcome) == [.migrated, .failed])
    #expect(recorded.outcomes[1].codes == ["duplicate.identical"])
    #expect(recorded.issues.map(\.severity) == [.error])
  }

  @Test func aDuplicateThatDiffersNamesTheMembers() throws {
    let tree = try SourceTree([
      "strip_families/a.json": Texts.family("a", more: #", "shelf": 1, "box": 2"#),
      "strip_families/b.json": Texts.family("a", name: "Maple", more: #", "box": 2, "shelf": 2"#),
      "strip_families/c.json": Texts.family("a", more: #", "box": 2.0, "shelf": 1"#),
    ])
    let store = InMemoryStore()
    for isDryRun in [true, false] {
      let recorded = try RecordedMigration(tree, into: store, options { $0.isDryRun = isDryRun })
      #expect(recorded.outcomes.map(\.outcome) == [.migrated, .skipped, .skipped])
      #expect(recorded.issues.map(\.code) == [.duplicateDiffers, .duplicateIdentical])
      #expect(recorded.issues[0].message.contains(#""name", "shelf""#))
    }
  }

  @Test func entitiesWithoutIDAreRefusedWhereIDsAreNotDerived() throws {
    let tree = try SourceTree([
      "strip_families/a.json": Texts.family("a").replacingOccurrences(of: #""id": "a", "#, with: "")
    ])
    let recorded = try RecordedMigration(
      tree, into: InMemoryStore(), options { $0.missingID = .reject })
    #expect(recorded.outcomes.map(\.codes) == [["id.missing"]])
    #expect(recorded.summary.statistics.total.failed == 1)
  }

  @Test func aReferenceToWhatFailedSaysSo() throws {
    let tree = try SourceTree([
      "strip_families/a.json": #"{"id": "a"}"#,
      "patterns/p.json": Texts.pattern("p", family: "a"),
      "patterns/q.json": Texts.pattern("q", family: "z"),
    ])
    let recorded = try RecordedMigration(tree, into: InMemoryStore())
    let missing = recorded.issues.filter { $0.code == .referenceMissing }
    #expect(missing.count == 2)
    #expect(missing[0].message.contains("failed in this run"))
    #expect(missing[1].message.contains("neither in the store nor in the source"))
    #expect(missing[0].pointer == "/strip_family_id")
  }

  @Test func whatPointsNowhereFailsOnEveryRunWhateverStandsUnderItsID() throws {
    let tree = try SourceTree([
      "patterns/a.json": Texts.pattern("p", family: "z"), "patterns/b.json": Texts.pattern("p"),
    ])
    let store = InMemoryStore()
    for second in [Outcome.migrated, .skipped] {
      let recorded = try RecordedMigration(tree, into: store)
      #expect(recorded.outcomes.map(\.outcome) == [.failed, second])
      #expect(recorded.outcomes[0].codes == ["reference.missing"])
    }
  }

  @Test func aSourceThatIsNotThereIsAnError() {
    let error = #expect(throws: MigrationError.self) {
      try RecordedMigration("/nowhere/at/all", into: InMemoryStore())
    }
    #expect(error?.code == .sourceUnreadable)
  }

  @Test func impossibleOptionsAreErrors() {
    for change in [{ $0.batchSize = 0 }, { $0.maxErrors = -1 }]
      as [(inout Migration.Options) -> Void]
    {
      let error = #expect(throws: MigrationError.self) {
        try RecordedMigration(Fixtures.exampleTree, into: InMemoryStore(), options(change))
      }
      #expect(error?.code == .invalidOption)
    }
  }

  @Test func theLedgerKeepsAllAndTheSummaryTheFirst() throws {
    let tree = try SourceTree()
    defer { withExtendedLifetime(tree) {} }
    for index in 0..<30 { try tree.add("patterns/\(index).json", "{") }
    let store = InMemoryStore()
    let recorded = try RecordedMigration(
      tree, into: store, options { $0.maxIssuesInSummary = 10 })
    #expect(recorded.summary.issues.count == 10)
    #expect(recorded.summary.issuesOmitted == 20)
    #expect(recorded.issues.count == 30)
    let run = try #require(recorded.summary.run)
    let kept = try store.read { try $0.issues(ofRun: run, limit: nil) }
    #expect(kept == recorded.issues)
    let ledger = try #require(try store.read { try $0.run(run) })
    #expect(ledger.state == .completed)
    #expect(ledger.statistics == recorded.summary.statistics)
    #expect(ledger.issueCounts == [.jsonSyntax: 30])
    #expect(ledger.finishedAt != nil)
  }

  @Test func aFailingStoreStopsTheRunWithWhatIsCommittedIntact() throws {
    let tree = try SourceTree()
    defer { withExtendedLifetime(tree) {} }
    for index in 10..<60 { try tree.add("patterns/\(index).json", Texts.pattern("p\(index)")) }
    let memory = InMemoryStore()
    let store = FaultyStore(memory, failingAt: .entity(25))
    var ending: MigrationSummary.Ending?
    var told: MigrationStatistics?
    let error = #expect(throws: StoreError.self) {
      try Migration(from: tree.path, into: store, options: options { $0.batchSize = 10 })
        .runSynchronously(observer: { event in
          if case .finished(let summary) = event {
            ending = summary.ending
            told = summary.statistics
          }
        })
    }
    #expect(error?.code == .diskFull)
    #expect(ending == .storeFailed)
    #expect(told?.total.migrated == 20)
    #expect(try memory.read { try $0.count(RecordQuery(.patterns)) } == 20)
    let run = try memory.read { try $0.runs(limit: 1) }.first
    #expect(run?.state == .failed)
    #expect(run?.statistics.total.migrated == 20)

    store.repair()
    let rest = try RecordedMigration(tree, into: store)
    #expect(rest.summary.statistics.total.migrated == 30)
    #expect(rest.summary.statistics.total.skipped == 20)
    let quiet = InMemoryStore()
    _ = try RecordedMigration(tree, into: quiet)
    #expect(try StoreContent(of: memory) == StoreContent(of: quiet))
  }

  /// Its row is rolled back, so nothing may name its number.
  @Test func aRunThatTheLedgerRefusesHasNoNumber() throws {
    let store = FaultyStore(InMemoryStore(), failingAt: .beforeCommit(1))
    var summary: MigrationSummary?
    #expect(throws: StoreError.self) {
      try Migration(from: Fixtures.exampleTree, into: store).runSynchronously { event in
        if case .finished(let finished) = event { summary = finished }
      }
    }
    #expect(summary?.ending == .storeFailed)
    #expect(summary?.run == nil)
    #expect(try store.read { try $0.runs(limit: nil) }.isEmpty)
  }

  @Test func aRunWhoseProcessDiedIsRecognisedAtTheNextStart() throws {
    let store = InMemoryStore()
    let dead = try store.write {
      try $0.beginRun(
        LedgerRun(
          command: "migrate", startedAt: "2026-01-01T00:00:00Z", source: "x", optionsJSON: "{}",
          toolVersion: "0", processID: 1))
    }
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    let runs = try store.read { try $0.runs(limit: nil) }
    #expect(runs.map(\.state) == [.completed, .interrupted])
    #expect(runs.last?.id == dead)
  }

  @Test func progressKnowsTheTotalWhereTheSourceIsMeasured() throws {
    var last: MigrationProgress?
    _ = try Migration(
      from: Fixtures.exampleTree, into: InMemoryStore(),
      options: options { $0.measuresSource = true }
    ).runSynchronously(observer: { if case .progress(let progress) = $0 { last = progress } })
    let progress = try #require(last)
    #expect(progress.totalBytes == progress.bytesRead)
    #expect(progress.statistics.total.found == 72)
  }

  @Test(arguments: ["all.jsonl", "all.json"])
  func progressMovesWithinALongFile(_ name: String) throws {
    let tree = try SourceTree()
    defer { withExtendedLifetime(tree) {} }
    let patterns = (0..<20_000).map {
      #"{"id": "p\#($0)", "name": "N", "ring_count": 1, "geometry": {"rows": 1}}"#
    }
    let text =
      name == "all.json"
      ? "[" + patterns.joined(separator: ",") + "]" : patterns.joined(separator: "\n")
    try tree.add("patterns/\(name)", text)
    var counts: [Int] = []
    _ = try Migration(
      from: tree.path, into: InMemoryStore(), options: options { $0.batchSize = 500 }
    ).runSynchronously(observer: { event in
      if case .progress(let progress) = event, progress.kind == .patterns {
        counts.append(progress.bytesRead)
      }
    })
    #expect(counts == counts.sorted() && Set(counts).count > 3)
    #expect(counts.first.map { 0 < $0 && $0 < text.utf8.count } == true)
    #expect(counts.last == text.utf8.count)
  }

  @Test(arguments: [false, true])
  func allThatIsWrongWithAnEntityIsToldAtOnce(isDryRun: Bool) throws {
    let tree = try SourceTree()
    defer { withExtendedLifetime(tree) {} }
    try tree.add(
      "patterns/p.json",
      #"{"id": "p", "name": "", "ring_count": 3, "geometry": {"a": 1}, "strip_family_id": "none"}"#)
    // A reference of the wrong type is not also reported as missing.
    try tree.add(
      "joblogs/j.json",
      #"{"id": "j", "job_type": "slice", "parameters": {}, "pattern_id": "p", "strip_family_id": 1}"#
    )
    let summary = try Migration(
      from: tree.path, into: InMemoryStore(), options: options { $0.isDryRun = isDryRun }
    ).runSynchronously()
    #expect(
      summary.issues.filter { $0.severity == .error }.map { "\($0.code) \($0.pointer ?? "")" } == [
        "field.empty /name", "reference.missing /strip_family_id",
        "field.type /strip_family_id", "reference.missing /pattern_id",
      ])
    #expect(summary.issues.contains { $0.message.contains("which failed in this run") })
  }

  @Test func timestampsNotGivenStandForTheStartOfTheRun() throws {
    let tree = try SourceTree([
      "strip_families/a.json": Texts.family("a").replacingOccurrences(
        of: #", "created_at": "2025-01-15""#, with: "")
    ])
    let store = InMemoryStore()
    _ = try RecordedMigration(
      tree, into: store, options { $0.clock = .fixed("2026-05-05T05:05:05Z") })
    let record = try store.read { try $0.record(.stripFamilies, id: "a") }
    #expect(record?["created_at"] == .text("2026-05-05T05:05:05Z"))
    #expect(record?["updated_at"] == .text("2026-05-05T05:05:05Z"))
    let later = try RecordedMigration(
      tree, into: store, options { $0.clock = .fixed("2027-01-01T00:00:00Z") })
    #expect(later.issues.map(\.code) == [.duplicateIdentical])
  }
}
