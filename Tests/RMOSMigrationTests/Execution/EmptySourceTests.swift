import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// A source without a file to read, such as a share that is not mounted.
@Suite struct EmptySourceTests {
  private func withStores(_ body: (any RecordStore) throws -> Void) throws {
    try TemporaryDirectory.use { directory in
      try body(InMemoryStore())
      try body(try SQLiteStore(path: directory.file("x.db")))
    }
  }

  private func emptyTree() throws -> SourceTree {
    let tree = try SourceTree()
    try tree.addDirectory("patterns")
    return tree
  }

  /// Options of runs that write, and of runs that do not.
  private static let ways: [@Sendable (inout Migration.Options) -> Void] = [
    { _ in }, { $0.isDryRun = true }, { $0.isAtomic = true },
    {
      $0.isAtomic = true
      $0.isDryRun = true
    },
    { $0.onDuplicate = .update }, { $0.maxErrors = 0 },
  ]

  @Test(arguments: ways.indices)
  func nothingFoundIsAnErrorThatBelongsToNoEntity(_ way: Int) throws {
    try withStores { store in
      var options = Migration.Options()
      Self.ways[way](&options)
      let tree = try emptyTree()
      let run = try RecordedMigration(tree, into: store, options)
      #expect(run.issues.map(\.code) == [.inputNothingFound])
      #expect(run.issues.first?.severity == .error && run.issues.first?.kind == nil)
      #expect(run.outcomes.isEmpty)
      #expect(run.summary.ending == .completed)
      #expect(!run.summary.isSuccess && run.summary.hasFoundNothing)
      #expect(run.summary.severityCounts == [.error: 1])
      let message = try #require(run.issues.first?.message)
      for part in [tree.path, "strip_families/, patterns/, joblogs/", "mounted", "patterns/ holds"]
      { #expect(message.contains(part)) }

      options.allowsEmptySource = true
      let allowed = try RecordedMigration(try emptyTree(), into: store, options)
      #expect(allowed.issues.isEmpty && allowed.summary.isSuccess)
    }
  }

  @Test func theMessageSaysWhatIsThere() throws {
    let tree = try SourceTree(["patterns/p.json": Texts.pattern("p")])
    func message(_ path: String) throws -> String {
      try #require(try RecordedMigration(path, into: InMemoryStore()).issues.first).message
    }
    #expect(try message(tree.path + "/patterns/").contains("itself a directory of patterns"))
    let empty = try SourceTree()
    #expect(try message(empty.path).contains("none of these directories is there"))
    withExtendedLifetime((tree, empty)) {}
  }

  @Test(arguments: ["[]", "", "{", "[[]]"])
  func aFileThatIsReadIsSomethingFound(_ text: String) throws {
    let run = try RecordedMigration(
      try SourceTree(["joblogs/a.json": text]), into: InMemoryStore())
    #expect(!run.summary.hasFoundNothing)
    #expect(run.summary.isSuccess == (text == "[]"))
  }

  @Test func whatCannotBeReadIsSomethingFound() throws {
    let tree = try SourceTree()
    try tree.addLink("patterns", to: "nowhere")
    let run = try RecordedMigration(tree, into: InMemoryStore())
    #expect(run.issues.map(\.code) == [.inputUnreadable])
    #expect(run.summary.notRead.count == 0)
  }

  /// Git checks a link out as a file where links are not supported.
  @Test func aFileInPlaceOfADirectoryFails() throws {
    let tree = try SourceTree(["patterns": "../pp\n", "joblogs/j.json": Texts.job("j")])
    let run = try RecordedMigration(tree, into: InMemoryStore())
    #expect(run.summary.statistics.total.migrated == 1 && run.summary.notRead.count == 0)
    let issue = try #require(run.issues.first { $0.code == .inputUnreadable })
    #expect(issue.source == "patterns" && issue.message.contains("expected a directory"))
  }

  /// Files that are passed over do not count: hidden ones, other extensions, loops, other places.
  @Test func whatIsPassedOverIsNothing() throws {
    let tree = try SourceTree([
      "patterns/.hidden.json": Texts.pattern("p"), "patterns/read.me": "x",
      "other/a.json": Texts.pattern("q"),
    ])
    try tree.addLink("patterns/loop", to: "..")
    let run = try RecordedMigration(tree, into: InMemoryStore())
    #expect(run.runIssues == ["input.loop", "input.not-read", "input.nothing-found"])
  }

  /// The share that is not mounted at night, after a good first run.
  @Test func aSecondRunOverAnEmptiedSourceChangesNothingAndIsNoSuccess() throws {
    try TemporaryDirectory.use { directory in
      let store = try SQLiteStore(path: directory.file("x.db"))
      let tree = try SourceTree([
        "strip_families/f.json": Texts.family("f"), "patterns/p.json": Texts.pattern("p"),
      ])
      _ = try RecordedMigration(tree, into: store)
      let content = try StoreContent(of: store)
      try tree.remove("strip_families")
      try tree.remove("patterns")
      var options = Migration.Options()
      options.rejectsDirectory = directory.file("rejects")
      options.onDuplicate = .update
      let second = try RecordedMigration(tree, into: store, options)
      #expect(!second.summary.isSuccess && second.summary.run == 2)
      #expect(second.summary.backup == nil)
      #expect(try StoreContent(of: store) == content)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: directory.path)
          .allSatisfy { !$0.contains("backup") && $0 != "rejects" })
    }
  }

  @Test func theLedgerAndItsReportSaySo() throws {
    try withStores { store in
      let run = try RecordedMigration(try emptyTree(), into: store)
      let ledger = try #require(try store.read { try $0.run(1) })
      #expect(ledger.state == .completed && ledger.hasFoundNothing)
      #expect(ledger.stateText == "completed, found nothing")
      for report in [
        MigrationReport(of: run.summary), try MigrationReport(ofRun: 1, in: store),
      ] {
        #expect(!report.isSuccess && report.hasFoundNothing && report.gravity == .errors)
        #expect(report.issues.map(\.code) == [.inputNothingFound])
        #expect(report.text.contains("Nothing found: "))
        #expect(!report.text.contains("100 %"))
        #expect(report.html.contains("input.nothing-found"))
        #expect(!report.html.contains("100 %"))
        let json = try JSONValue(parsing: report.json)
        #expect(json["success"] == .bool(false))
        #expect(json["issue_counts"]?["input.nothing-found"]?.int64 == 1)
      }
      let allowed = try withExtendedLifetime(try emptyTree()) { tree in
        var options = Migration.Options()
        options.allowsEmptySource = true
        return try Migration(from: tree.path, into: store, options: options).runSynchronously()
      }
      #expect(allowed.optionsJSON.contains(#""allow_empty":true"#))
    }
  }

  @Test func statisticsOfNothingAreNoVerdict() {
    let report = MigrationReport(of: MigrationStatistics())
    #expect(report.gravity == .warnings)
    #expect(report.verdict.contains("whether there was a file to read"))
  }

  @Test func aDiffWithNothingIsNotWithinItsLimits() throws {
    try withStores { store in
      _ = try RecordedMigration(
        try SourceTree(["patterns/p.json": Texts.pattern("p")]), into: store)
      let tree = try emptyTree()
      let report = try Diff(of: tree.path, against: store).runSynchronously()
      withExtendedLifetime(tree) {}
      var limits = DiffReport.Limits()
      limits.onlyInDatabase = 10
      #expect(!report.isWithin(limits) && report.nothingFound?.contains("mounted") == true)
      let json = try JSONValue(parsing: report.json(limits: limits))
      #expect(json["success"] == .bool(false) && json["nothing_found"]?.string != nil)
      #expect(report.text.contains("mounted"))
      limits.allowsEmptySource = true
      #expect(report.isWithin(limits))
    }
    let full = try SourceTree(["patterns/p.json": "[]"])
    let report = try Diff(of: full.path, against: InMemoryStore()).runSynchronously()
    withExtendedLifetime(full) {}
    #expect(report.nothingFound == nil && report.isEmpty)
  }
}
