import Foundation
import Testing

/// The output of `migrate` for programs.
@Suite(.waiting) struct MigrateReportTests {
  @Test func theReportHasTheShapeOfTheDocumentation() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    try workspace.writeBrokenPattern()
    try workspace.writeOddJobLog()
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db", "--json"], in: workspace)
    #expect(result.status == 1)
    #expect(result.errors.isEmpty)
    let json = try result.json
    #expect(
      Set(json.keys) == [
        "timestamp", "success", "summary", "entities", "issue_counts", "issues", "issues_omitted",
        "issue_groups", "issue_groups_omitted", "not_read", "kept_aside",
        "failed_new", "failed_known", "mappings", "run",
      ])
    #expect(json["success"] as? Bool == false)
    let summary = try #require(json["summary"] as? [String: Double])
    #expect(summary["total_found"] == 5)
    #expect(summary["total_migrated"] == 4)
    #expect(summary["total_failed"] == 1)
    #expect(summary["success_rate"] == 80)
    let entities = try #require(json["entities"] as? [String: [String: Int]])
    #expect(
      entities["patterns"]
        == ["found": 2, "migrated": 1, "updated": 0, "skipped": 0, "failed": 1])
    let issues = try #require(json["issues"] as? [[String: Any]])
    #expect(issues.allSatisfy { $0["severity"] as? String != "info" })
    let missing = try #require(issues.first { $0["code"] as? String == "field.missing" })
    #expect(
      Set(missing.keys) == [
        "severity", "code", "kind", "id", "source", "locator", "line", "column", "offset",
        "pointer", "message",
      ])
    #expect(missing["source"] as? String == "patterns/p2.json")
    #expect(missing["id"] as? String == "p2")
    #expect(missing["locator"] is NSNull)
    #expect(json["issues_omitted"] as? Int == 0)
    let groups = try #require(json["issue_groups"] as? [[String: Any]])
    #expect(
      Set(try #require(groups.first).keys) == [
        "severity", "code", "kind", "pointer", "message", "count", "within", "first",
      ])
    #expect(groups.compactMap { $0["count"] as? Int }.reduce(0, +) == issues.count)
    #expect((json["issue_counts"] as? [String: Int])?["field.unknown-value"] == 1)
    let run = try #require(json["run"] as? [String: Any])
    #expect(run["id"] as? Int == 1)
    #expect(run["ending"] as? String == "completed")
    #expect(run["options"] is [String: Any])
  }

  @Test func theReportOfADryRunHasNoRun() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    let json = try Tool.run(["migrate", "legacy", "--dry-run", "--json"], in: workspace).json
    let run = try #require(json["run"] as? [String: Any])
    #expect(run["id"] is NSNull)
    #expect(run["dry_run"] as? Bool == true)
    #expect(json["success"] as? Bool == true)
  }

  @Test func statisticsAreWrittenAsOneFileOverAnOldOne() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    try workspace.write("old, and much longer than what replaces it", to: "stats.json")
    _ = try Tool.run(
      ["migrate", "legacy", "--db", "x.db", "--stats", "stats.json"], in: workspace)
    let data = Data(try workspace.text("stats.json").utf8)
    let json = try #require(
      try JSONSerialization.jsonObject(with: data) as? [String: [String: Int]])
    #expect(Set(json.keys) == ["strip_families", "patterns", "joblogs"])
    #expect(json["joblogs"]?["migrated"] == 1)
    #expect(!workspace.listing.contains { $0.contains(".tmp") })
  }

  @Test func aDryRunWritesNoStatisticsButSaysWhetherItCould() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    try workspace.write("old", to: "stats.json")
    let before = workspace.listing
    for (file, status) in [("stats.json", 0), ("new.json", 0), ("no/such.json", 3)] as [(_, Int32)]
    {
      let result = try Tool.run(
        ["migrate", "legacy", "--db", "x.db", "--dry-run", "--stats", file], in: workspace)
      #expect(result.status == status)
    }
    #expect(workspace.listing == before)
    #expect(try workspace.text("stats.json") == "old")
  }

  /// How a program is run without the right to write wherever it likes; nil where it cannot be.
  static let withoutPrivilege: String? =
    geteuid() != 0 ? "" : Tool.succeeds("\(dropping) true") ? dropping : nil

  private static let dropping = "setpriv --bounding-set=-dac_override"

  @Test(.enabled(if: withoutPrivilege != nil, "root, and no setpriv(1) to become less"))
  func aFileInADirectoryThatTakesNoneIsRefusedBeforeTheRun() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    try workspace.write("old", to: "closed/stats.json")
    _ = try Tool.shell("chmod 555 closed && ln -s closed/stats.json link", in: workspace)
    defer { _ = try? Tool.shell("chmod 755 closed", in: workspace) }
    for file in ["closed/stats.json", "link"] {
      let result = try Tool.shell(
        "\(Self.withoutPrivilege ?? "") \"$CLI\" migrate legacy --db x.db --stats \(file)",
        in: workspace)
      #expect(result.status == 3)
      #expect(result.errors.contains("cannot write the statistics to \(file): Permission denied"))
      #expect(!workspace.exists("x.db"))
    }
  }

  @Test func statisticsThatCannotBeWrittenAreSaidBeforeTheRun() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    for file in ["no/such/stats.json", "legacy"] {
      let result = try Tool.run(
        ["migrate", "legacy", "--db", "x.db", "--stats", file], in: workspace)
      #expect(result.status == 3)
      #expect(result.errors.contains("cannot write the statistics to \(file): "))
      #expect(!workspace.exists("x.db"))
    }
  }

  /// What has the name of one of SQLite's logs, or of the lock, makes the database unusable.
  @Test(arguments: [
    "report --output x.db-wal", "report --output x.db-journal/a", "export x.db-shm",
    "export x.db-wal/a/b", "backup x.db.lock", "backup --force ./x.db.lock",
    "migrate legacy --rejects x.db.lock", "migrate legacy --rejects x.db-journal/y",
  ])
  func nothingTakesTheNamesOfTheDatabasesLogs(_ command: String) throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let before = workspace.listing
    let result = try Tool.run(
      command.split(separator: " ").map(String.init) + ["--db", "x.db"], in: workspace)
    #expect(result.status == 2 && result.errors.contains("belongs to the database x.db"))
    #expect(workspace.listing == before)
  }

  @Test(arguments: [
    ("x.db", "is the database"), ("./x.db", "is the database"), ("new.db", "is the database"),
    ("x.db-wal", "belongs to the database"),
    ("legacy/../new.db", "is the database"), ("legacy/patterns/p1.json", "is in the source"),
    ("legacy/patterns/new.json", "is in the source"),
  ])
  func statisticsNeverTakeThePlaceOfTheDatabaseOrItsSource(_ file: String, _ reason: String) throws
  {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let before = workspace.listing
    for dry in [[], ["--dry-run"]] {
      let database = file.hasSuffix("new.db") ? "new.db" : "x.db"
      let result = try Tool.run(
        ["migrate", "legacy", "--db", database, "--stats", file] + dry, in: workspace)
      #expect(result.status == 2)
      #expect(result.errors.contains(reason))
    }
    #expect(workspace.listing == before)
    #expect(try Tool.run(["audit", "--db", "x.db"], in: workspace).status == 0)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "no /dev/full here"))
  func statisticsThatCannotBeWrittenInTheEndDoNotHideTheReport() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    let command = ["migrate", "legacy", "--stats", "/dev/full", "--db"]
    let text = try Tool.run(command + ["a.db"], in: workspace)
    #expect(text.status == 3)
    #expect(text.output.hasPrefix("Migrated legacy into a.db"))
    #expect(text.errors.contains("cannot write the statistics to /dev/full: No space left"))
    let result = try Tool.run(command + ["b.db", "--json"], in: workspace)
    #expect(result.status == 3)
    let json = try result.json
    #expect((json["error"] as? [String: String])?["code"] == "output.unwritable")
    #expect((json["summary"] as? [String: Double])?["total_migrated"] == 3)
  }

  @Test(
    arguments: [
      (["migrate", "nowhere", "--db", "x.db"], "source.unreadable"),
      (["migrate", "legacy", "--db", "no/such/x.db"], "store.cannot-open"),
      (["migrate", "legacy", "--db", "legacy/patterns/p1.json"], "store.not-a-database"),
      (
        ["migrate", "legacy", "--db", "legacy/patterns/p1.json", "--dry-run"],
        "store.not-a-database"
      ),
      (["migrate", "legacy", "--db", "legacy"], "store.cannot-open"),
      (["status", "--db", "x.db"], "store.cannot-open"),
      (["runs", "--db", "x.db"], "store.cannot-open"),
      (["init", "--db", "legacy/patterns/p1.json"], "store.not-a-database"),
      (["sample", "legacy"], "sample.not-empty"),
    ])
  func whatCannotRunEndsWith3AndSaysWhy(_ arguments: [String], _ code: String) throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    let before = workspace.listing
    let text = try Tool.run(arguments, in: workspace)
    #expect(text.status == 3)
    #expect(text.output.isEmpty)
    #expect(text.errors.hasPrefix("rmos-cli: error: "))
    let result = try Tool.run(arguments + ["--json"], in: workspace)
    #expect(result.status == 3)
    let json = try result.json
    #expect(json["success"] as? Bool == false)
    let error = try #require(json["error"] as? [String: String])
    #expect(error["code"] == code)
    #expect(error["message"]?.isEmpty == false)
    #expect(workspace.listing == before)
  }
}
