import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// Reports of summaries, of runs in a ledger, and of statistics files.
@Suite struct MigrationReportTests {
  @Test(arguments: UInt64(300)..<306)
  func theLedgerTellsWhatTheSummaryTold(seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    try TemporaryDirectory.use { directory in
      let stores: [any RecordStore] = [
        InMemoryStore(), try SQLiteStore(path: directory.file("x.db")),
      ]
      for store in stores {
        var options = Migration.Options()
        options.clock = .fixed("2025-06-01T08:00:00Z")
        let summary = try Migration(from: tree.path, into: store, options: options)
          .runSynchronously()
        let told = MigrationReport(of: summary)
        var kept = try MigrationReport(ofRun: nil, in: store)
        #expect(kept.severityCounts == told.severityCounts)
        #expect(kept.codeGroups == told.codeGroups)
        // Only the ledger knows when a run ended.
        #expect(kept.run?.finishedAt == "2025-06-01T08:00:00Z")
        kept.run?.finishedAt = nil
        #expect(kept.json == told.json && kept.text == told.text && kept.html == told.html)
      }
    }
  }

  /// Also of issues that the summary does not keep.
  @Test func everyIssueIsCountedWithItsSeverity() throws {
    func pattern(_ id: String, _ name: String, _ metadata: String) -> String {
      #"{"id": "\#(id)", "name": \#(name), "ring_count": 1, "geometry": {"a": 1}\#(metadata)}"#
    }
    let listed = #", "metadata": [1]"#
    let tree = try SourceTree([
      "patterns/a.jsonl": [
        pattern("a", "\"n\"", listed), pattern("b", "\"n\"", listed), pattern("c", "7", ""),
      ].joined(separator: "\n")
    ])
    var options = Migration.Options()
    options.maxIssuesInSummary = 1
    let summary = try Migration(from: tree.path, into: InMemoryStore(), options: options)
      .runSynchronously()
    let groups = MigrationReport(of: summary).codeGroups
    #expect(groups.map(\.severity) == [.error, .warning] && groups.map(\.count) == [1, 2])
    #expect(summary.severityCounts == [.error: 1, .warning: 2] && summary.issuesOmitted == 2)
  }

  @Test func severitiesAndGroupsAreCounted() throws {
    let report = try ReportSamples.report()
    #expect(report.severityCounts == [.error: 8, .warning: 3, .info: 12])
    #expect(
      report.codeGroups.map(\.code) == [
        .fieldMissing, .fieldRange, .fieldUnknownValue, .fieldRange, .idDerived,
      ])
    #expect(report.codeGroups.map(\.severity) == [.error, .error, .warning, .warning, .info])
    #expect(report.codeGroups.map(\.count) == [5, 3, 2, 1, 12])
    #expect(report.issueGroups.groups.map(\.count) == [5, 1, 3, 2])
    #expect(report.issueGroups.groups[0].firsts[0] == ReportSamples.issues[0])
  }

  @Test func ofManyIssuesTheFirstAreKeptAndTheRestCounted() throws {
    let report = try ReportSamples.report(maxIssues: 2)
    #expect(report.issues == Array(ReportSamples.issues.prefix(2)))
    #expect(report.issuesOmitted == ReportSamples.issues.count - 2)
    #expect(report.severityCounts == [.error: 8, .warning: 3, .info: 12])
    // The first issue of each group is known all the same.
    #expect(Set(report.issueGroups.groups.map(\.code)).count == 3)
  }

  @Test func whatAnOlderVersionDidNotRecordIsSaidToBeUnknown() throws {
    var run = ReportSamples.run
    run.timings.notesJSON = nil
    let report = try ReportSamples.report(run)
    #expect(report.notRead == nil && report.keptMembers == nil)
    #expect(report.text.contains(/Not read +not recorded/))
    #expect(report.html.contains("not recorded"))
    #expect(report.json.contains("\"not_read\": null"))
    // A run of another command has no source with files that could be left unread.
    run.command = "import"
    #expect(try !ReportSamples.report(run).text.contains("not recorded"))
  }

  @Test(arguments: ["undo", "serve"])
  func withoutANumberItIsOfTheNewestMigration(_ later: String) throws {
    let store = InMemoryStore()
    try store.write { transaction in
      for command in ["migrate", "migrate"] + Array(repeating: later, count: 9) {
        _ = try transaction.beginRun(StoreSamples.run(command))
      }
    }
    #expect(try MigrationReport(ofRun: nil, in: store).run?.id == 2)
  }

  @Test func mappingsThatReadNothingHaveASectionOfTheirOwn() throws {
    var report = try ReportSamples.report()
    for (names, words) in [
      (["a"], "a read nothing: its rules"), (["a", "b"], "a, b read nothing: their rules"),
    ] {
      report.run?.countedMappings = names.map { Mapping.Use(name: $0, sha256: "", entities: 0) }
      #expect(report.sourceFacts().last?.text.hasPrefix(words) == true)
      let page = report.html
      #expect(page.contains("<h2 id=\"mappings\">Mappings</h2>\n<p>\(words)"))
      #expect(page.matches(of: /id="kept-aside"/).count == 1)
    }
  }

  @Test func whereNothingIsOddNothingIsSaid() throws {
    var run = ReportSamples.run
    for notes in ["{}", #"{"not_read": {"count": 9, "by_reason": {"hidden": 9}, "files": []}}"#] {
      run.timings.notesJSON = notes
      let report = try ReportSamples.report(run)
      for document in [report.text, report.html] {
        #expect(!document.contains("Not read") && !document.contains("Kept aside"))
      }
    }
  }

  @Test func theNewestRunIsReportedUnlessOneIsNamed() throws {
    let store = try ReportSamples.store(ReportSamples.run)
    var second = ReportSamples.run
    second.id = try store.write { try $0.beginRun(second) }
    #expect(try MigrationReport(ofRun: nil, in: store).run?.id == second.id)
    #expect(try MigrationReport(ofRun: 1, in: store).run?.id == 1)
  }

  @Test func aRunThatIsNotThereIsSaidWithWhatThereIs() throws {
    #expect(
      throws: MigrationError(
        .runMissing, "the ledger of in memory has no run yet; a migration adds one")
    ) { try MigrationReport(ofRun: nil, in: InMemoryStore()) }
    let store = try ReportSamples.store(ReportSamples.run)
    #expect(
      throws: MigrationError(
        .runMissing, "the ledger of in memory has no run 7; expected 1 to 1, the newest")
    ) { try MigrationReport(ofRun: 7, in: store) }
  }

  @Test func anEndingIsReadFromTheLedger() throws {
    var run = ReportSamples.run
    func ending() throws -> MigrationSummary.Ending? { try ReportSamples.report(run).run?.ending }
    run.state = .interrupted
    #expect(try ending() == .interrupted)
    run.state = .failed
    #expect(try ending() == .storeFailed)
    run.optionsJSON = #"{"max_errors":7}"#
    #expect(try ending() == .tooManyErrors)
    run.optionsJSON = #"{"max_errors":8}"#
    #expect(try ending() == .storeFailed)
    run.state = .running
    #expect(try ending() == nil)
    #expect(try !ReportSamples.report(run).isSuccess)
  }

  @Test func aRunWithoutAWriterIsInterrupted() throws {
    try TemporaryDirectory.use { directory in
      let store = try SQLiteStore(path: directory.file("x.db"))
      let run = try store.write { try $0.beginRun(StoreSamples.run()) }
      #expect(try MigrationReport(ofRun: run, in: store).run?.ending == .interrupted)
      try store.withExclusiveWriter {
        let other = try SQLiteStore(path: directory.file("x.db"), access: .readOnly)
        #expect(try MigrationReport(ofRun: run, in: other).run?.ending == nil)
      }
    }
  }

  @Test(arguments: [(1_000_000, 1, "99.9 %"), (3, 1, "66.6 %"), (1, 1, "0.0 %"), (5, 0, "100 %")])
  func theSuccessRateIsNeverRoundedUp(_ found: Int, _ failed: Int, _ text: String) {
    var statistics = MigrationStatistics()
    statistics[.patterns].migrated = found - failed
    statistics[.patterns].failed = failed
    #expect(MigrationReport(of: statistics).text.contains("Success rate: \(text)\n"))
  }

  @Test func hugeCountsInALedgerDoNotOverflow() throws {
    let report = try MigrationReport(
      statisticsJSON: Self.statistics(#"{"found":1000000000000,"migrated":1000000000000,"#))
    #expect(report.statistics.total.found == 3_000_000_000_000)
  }

  private static func statistics(_ start: String) -> String {
    let counts = start + #""skipped":0,"failed":0}"#
    return #"{"patterns":\#(counts),"joblogs":\#(counts),"strip_families":\#(counts)}"#
  }

  // MARK: Statistics files

  @Test func whatWasWrittenReadsBack() throws {
    let statistics = ReportSamples.run.statistics
    for text in [statistics.json, "\u{FEFF}" + statistics.json + "\n"] {
      #expect(try MigrationReport(statisticsJSON: text).statistics == statistics)
    }
  }

  @Test func statisticsMayLackUpdates() throws {
    let text = Self.statistics(#"{"found":2,"migrated":2,"#)
    let report = try MigrationReport(statisticsJSON: text)
    #expect(report.statistics.total.migrated == 6)
    #expect(report.isSuccess)
    #expect(report.run == nil)
  }

  @Test(arguments: [
    ("", "are not valid JSON: line 1, column 1: found nothing, expected a value"),
    ("[]", "have [] at the top; expected an object with strip_families, patterns, joblogs"),
    ("{}", "have no member strip_families at the top; expected strip_families, patterns, joblogs"),
    (
      #"{"run":1}"#,
      #"have the member "run" at the top; expected only strip_families, patterns, joblogs"#
    ),
    (#"{"joblogs":{},"joblogs":{}}"#, "have the member joblogs twice at the top; expected it once"),
    (
      statistics(#"{"migrated":0,"#),
      "have no member found at /strip_families; expected found, migrated, skipped, failed"
    ),
    (
      statistics(#"{"found":1,"migrated":0,"#),
      "have 1 at /strip_families/found; expected 0, the sum of its outcomes"
    ),
    (
      statistics(#"{"found":0,"migrated":-1,"#),
      "have -1 at /strip_families/migrated; expected a whole number from 0 to 1,000,000,000,000"
    ),
    (
      statistics(#"{"found":0,"migrated":9223372036854775807,"#),
      "have 9223372036854775807 at /strip_families/migrated; "
        + "expected a whole number from 0 to 1,000,000,000,000"
    ),
    (
      statistics(#"{"found":"1","migrated":1,"#),
      #"have "1" at /strip_families/found; expected a whole number from 0 to 1,000,000,000,000"#
    ),
  ])
  func statisticsThatAreNoneAreRefusedWithTheReason(_ text: String, _ reason: String) {
    #expect(throws: MigrationError(.statisticsInvalid, "the statistics " + reason)) {
      try MigrationReport(statisticsJSON: text)
    }
  }
}
