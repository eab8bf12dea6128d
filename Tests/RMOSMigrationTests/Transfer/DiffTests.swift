import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite struct DiffTests {
  private func tree(_ more: [String: String] = [:]) throws -> SourceTree {
    try SourceTree(
      [
        "strip_families/f.json": Texts.family("f1", more: #", "shelf": [1, 2.0]"#),
        "patterns/all.jsonl": Texts.pattern("p1", family: "f1") + "\n" + Texts.pattern("p2"),
        "joblogs/j.json": Texts.job("j1", pattern: "p1"),
      ].merging(more) { $1 })
  }

  private func diff(_ tree: SourceTree, _ store: any RecordStore) throws -> DiffReport {
    try withExtendedLifetime(tree) { try Diff(of: tree.path, against: store).runSynchronously() }
  }

  /// Runs `body` with each kind of store, into which `tree` was migrated.
  private func withStores(
    _ tree: SourceTree, _ body: (any RecordStore) throws -> Void
  ) throws {
    try TemporaryDirectory.use { directory in
      for store: any RecordStore in [
        InMemoryStore(), try SQLiteStore(path: directory.file("x.db")),
      ] {
        _ = try RecordedMigration(tree, into: store)
        try body(store)
      }
    }
  }

  @Test func afterAMigrationAllIsEqual() throws {
    let tree = try tree()
    try withStores(tree) { store in
      let report = try diff(tree, store)
      #expect(report.isEmpty && report.entries.isEmpty)
      #expect(report[.patterns].equal == 2 && report.total.equal == 4)
    }
  }

  @Test func whatIsInOneOfThemIsTold() throws {
    let tree = try tree()
    try withStores(tree) { store in
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "added"))
        _ = try transaction.delete(.joblogs, id: "j1")
      }
      let changed = try self.tree(["patterns/all.jsonl": Texts.pattern("p1", family: "f1")])
      let report = try diff(changed, store)
      #expect(report[.patterns].equal == 1 && report[.patterns].onlyInDatabase == 2)
      #expect(report[.joblogs].onlyInSource == 1)
      #expect(report.entries.map(\.id) == ["added", "p2", "j1"])
      #expect(report.entries.map(\.category) == [.onlyInDatabase, .onlyInDatabase, .onlyInSource])
      // The first was never migrated, the second comes from another directory, and the third was
      // deleted together with its provenance.
      #expect(report.entries.map(\.change) == [nil, nil, nil])
      #expect(report.entries.map(\.otherReading) == [nil, .source(tree.path), nil])
      #expect(report.entries[1].path == "patterns/all.jsonl" && report.entries[1].run == 1)
      #expect(report.entries[2].path == "joblogs/j.json" && report.entries[2].line == 1)
    }
  }

  @Test func aRowThatWasEditedDiffersByTheDatabase() throws {
    let tree = try tree()
    try withStores(tree) { store in
      try store.write { transaction in
        var record = try #require(try transaction.record(.patterns, id: "p2"))
        record.values[1] = .text("Wheat\n")
        record.values[3] = .text(#"{ "rings" : [ 2 ] }"#)
        record.values[7] = .text("")
        _ = try transaction.update(record)
      }
      let report = try diff(tree, store)
      let entry = try #require(report.entries.first)
      #expect(report.entries.count == 1 && report[.patterns].different == 1)
      #expect(entry.id == "p2" && entry.change == .database && entry.run == 1)
      #expect(entry.path == "patterns/all.jsonl" && entry.locator == .line(2) && entry.line == 2)
      #expect(
        entry.differences == [
          DiffReport.Difference(member: "name", source: #""Rope""#, database: #""Wheat\n""#),
          DiffReport.Difference(
            member: "geometry", source: #"{"rings":[1]}"#, database: #"{"rings":[2]}"#),
          DiffReport.Difference(member: "metadata", source: nil, database: #""""#),
        ])
    }
  }

  /// An export writes U+FFFD in place of bytes that are not UTF-8; reading a row gives the same.
  @Test func whatIsNotUTF8IsNotEqualToWhatItReadsAs() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let tree = try SourceTree([
        "strip_families/all.jsonl": ["p\u{FFFD}", "q"]
          .map { Texts.family($0, name: "R\u{FFFD}pe") }.joined(separator: "\n")
      ])
      _ = try RecordedMigration(tree, into: SQLiteStore(path: path))
      _ = try sqlite3(
        path,
        """
        UPDATE strip_families SET name = CAST(x'52ff7065' AS TEXT) WHERE id = 'q';
        UPDATE strip_families SET id = CAST(x'70ff' AS TEXT) WHERE id <> 'q';
        """)
      let report = try diff(tree, SQLiteStore(path: path, access: .readOnly))
      #expect(
        report.entries.map(\.category) == [.onlyInSource, .different, .onlyInDatabase])
      #expect(report.entries[1].differences.map(\.member) == ["name"])
      #expect(report[.stripFamilies].equal == 0)
    }
  }

  @Test func aFileThatWasEditedDiffersByTheSource() throws {
    try withStores(try tree()) { store in
      let edited = Texts.family("f1", name: "Maple", more: #", "shelf": [1, 3], "new": null"#)
      let report = try diff(try tree(["strip_families/f.json": edited]), store)
      let entry = try #require(report.entries.first)
      #expect(entry.category == .different && entry.change == .source)
      #expect(
        entry.differences == [
          DiffReport.Difference(member: "name", source: #""Maple""#, database: #""Ebony""#),
          DiffReport.Difference(member: "shelf", source: "[1,3]", database: "[1,2.0]"),
          DiffReport.Difference(member: "new", source: "null", database: nil),
        ])
    }
  }

  @Test func anotherSpellingIsEqual() throws {
    try withStores(try tree()) { store in
      let report = try diff(
        try tree([
          "joblogs/j.json": #"""
          [{"parameters": { "a": 1.0 }, "pattern_id": "p1", "created_at": "2025-01-15",
            "job_type": "\u0073lice", "id": "j1"}]
          """#
        ]), store)
      #expect(report.isEmpty && report[.joblogs].equal == 1)
    }
  }

  @Test func whatCannotBeMigratedStandsOnTheSourcesSide() throws {
    let tree = try tree()
    try withStores(tree) { store in
      let broken = try self.tree([
        "joblogs/j.json": #"{"id": "j1", "job_type": "slice"}"#, "joblogs/k.json": "{",
        "joblogs/l.json": #"{"id": "l", "job_type": ""}"#,
      ])
      let report = try diff(broken, store)
      let counts = report[.joblogs]
      #expect(counts.invalid == 3 && counts.different == 1 && counts.onlyInSource == 2)
      #expect(counts.onlyInDatabase == 0)
      #expect(report.entries.map(\.id) == ["j1", nil, "l"])
      #expect(report.entries.allSatisfy { $0.problem != nil && $0.differences.isEmpty })
      #expect(report.entries[0].change == .source)
      #expect(report.entries[1].problem?.hasSuffix("[json.syntax]") == true)
    }
  }

  @Test func anIdThatStandsAgainCountsOnce() throws {
    let tree = try tree(["patterns/again.json": Texts.pattern("p2", family: "f1")])
    try withStores(tree) { store in
      let report = try diff(tree, store)
      // The one in again.json comes first, so it was migrated.
      #expect(report.isEmpty && report[.patterns].repeated == 1 && report[.patterns].equal == 2)
      #expect(report.text.contains("1 entity of the source with the id of an earlier one"))
    }
  }

  @Test func longValuesAreShownAroundTheFirstDifference() throws {
    func family(_ end: String) -> String {
      Texts.family("f1", name: String(repeating: "n", count: 500) + end)
    }
    let store = InMemoryStore()
    _ = try RecordedMigration(try tree(["strip_families/f.json": family("one")]), into: store)
    let report = try diff(try tree(["strip_families/f.json": family("two")]), store)
    let difference = try #require(report.entries.first?.differences.first)
    #expect(difference.source == "…" + String(repeating: "n", count: 16) + #"two""#)
    #expect(difference.database == "…" + String(repeating: "n", count: 16) + #"one""#)
  }

  @Test func entriesBeyondTheLimitAreCountedAndToldToAnObserver() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      for number in 0..<50 { try transaction.insert(StoreSamples.record(.joblogs, "j\(number)")) }
    }
    let tree = try tree()
    var told = 0
    let report = try withExtendedLifetime(tree) {
      var options = Diff.Options()
      options.maxEntries = 7
      return try Diff(of: tree.path, against: store, options: options)
        .runSynchronously { _ in told += 1 }
    }
    #expect(report.entries.count == 7 && report.entriesOmitted == 46 && told == 53)
    #expect(report[.joblogs].different == 1 && report[.joblogs].onlyInDatabase == 49)
  }

  @Test func theJSONNamesBothValuesOfAMemberThatDiffers() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(
      try SourceTree(["strip_families/f.json": Texts.family("f")]), into: store)
    let tree = try SourceTree(["strip_families/f.json": "[\(Texts.family("f", name: "Maple"))]"])
    let report = try withExtendedLifetime(tree) {
      try Diff(of: tree.path, against: store).runSynchronously()
    }
    let json = try JSONValue(parsing: report.json)
    #expect(json["success"]?.bool == false)
    let entry = try #require(json["entries"]?[0])
    #expect(entry["changed"]?.string == "source" && entry["locator"]?.int64 == 0)
    #expect(
      entry["fields"]?.text
        == #"[{"member":"name","source":"\"Maple\"","database":"\"Ebony\""}]"#)
  }

  @Test func limitsSayHowMuchMayDiffer() throws {
    let store = InMemoryStore()
    try store.write { try $0.insert(StoreSamples.record(.joblogs, "j9")) }
    let report = try diff(try tree(), store)
    #expect(report.total.onlyInSource == 4 && report.total.onlyInDatabase == 1)
    var limits = DiffReport.Limits()
    #expect(!report.isWithin(limits))
    limits.onlyInSource = 4
    #expect(!report.isWithin(limits))
    limits.onlyInDatabase = 1
    #expect(report.isWithin(limits))
    limits.onlyInSource = 3
    #expect(!report.isWithin(limits))
  }

  @Test func aSourceThatIsNotThereAndACancellationAreErrors() throws {
    let store = InMemoryStore()
    let missing = #expect(throws: MigrationError.self) {
      try Diff(of: "/nowhere/at/all", against: store).runSynchronously()
    }
    #expect(missing?.code == .sourceUnreadable)
    let tree = try tree()
    let cancelled = #expect(throws: MigrationError.self) {
      try withExtendedLifetime(tree) {
        try Diff(of: tree.path, against: store).runSynchronously(isCancelled: { true })
      }
    }
    #expect(cancelled?.code == .cancelled)
  }

  /// Each entity is counted once, and the valid ones only in the source are those that a migration
  /// would insert.
  @Test(arguments: UInt64(300)..<312)
  func aDiffAgreesWithTheMigration(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    let store = InMemoryStore()
    let before = try diff(tree.source, store)
    let migrated = try RecordedMigration(tree.source, into: store).summary.statistics
    let after = try diff(tree.source, store)
    let again = try RecordedMigration(tree.source, into: store).summary.statistics
    for kind in EntityCatalog.rmos.kinds {
      for counts in [before[kind], after[kind]] {
        #expect(
          counts.equal + counts.different + counts.onlyInSource + counts.repeated
            == migrated[kind].found)
      }
      #expect(before[kind].equal == 0 && before[kind].different == 0)
      #expect(before[kind].onlyInDatabase == 0 && after[kind].onlyInDatabase == 0)
      #expect(before[kind].onlyInSource - before[kind].invalid >= migrated[kind].migrated)
      #expect(after[kind].equal == migrated[kind].migrated)
      #expect(after[kind].equal + after[kind].repeated >= again[kind].skipped)
    }
    #expect(after.entries.allSatisfy { $0.category != .onlyInDatabase })
  }

  @Test(arguments: UInt64(312)..<316)
  func bothStoresGiveTheSameReport(_ seed: UInt64) throws {
    let (one, other) = (try RandomTree(seed: seed), try RandomTree(seed: seed + 50))
    try TemporaryDirectory.use { directory in
      let stores: [any RecordStore] = [
        InMemoryStore(), try SQLiteStore(path: directory.file("x.db")),
      ]
      // A fixed clock, so that absent timestamps are filled in alike.
      var options = Migration.Options()
      options.clock = .fixed()
      let reports = try stores.map { store in
        _ = try RecordedMigration(one.source, into: store, options)
        var report = try diff(other.source, store)
        report.database = ""
        return report
      }
      #expect(reports[0] == reports[1])
      #expect(!reports[0].isEmpty)
    }
  }
}
