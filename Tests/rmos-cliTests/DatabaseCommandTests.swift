import Foundation
import RMOSTestSupport
import Testing

/// `init`, `status`, `runs` and `sample`.
@Suite(.waiting) struct DatabaseCommandTests {
  @Test func initCreatesOnceAndThenSaysThatAllIsWell() throws {
    let workspace = try Workspace()
    let first = try Tool.run(["init", "--db", "x.db"], in: workspace)
    #expect(first.status == 0)
    #expect(first.output.contains(#/Created .*x.db \(schema version 2\)/#))
    let second = try Tool.run(["init", "--db", "x.db"], in: workspace)
    #expect(second.output.contains("is up to date (schema version 2)"))
    let json = try Tool.run(["init", "--db", "x.db", "--json"], in: workspace).json
    #expect(json["created"] as? Bool == false)
    #expect(json["schema_version"] as? Int == 2)
  }

  @Test func initUpgradesVersion1() throws {
    let workspace = try Workspace()
    let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/databases/version1.db")
    try FileManager.default.copyItem(
      at: fixture, to: URL(fileURLWithPath: workspace.file("old.db")))
    let json = try Tool.run(["init", "--db", "old.db", "--json"], in: workspace).json
    #expect(json["created"] as? Bool == false)
    #expect(json["previous_schema_version"] as? Int == 1)
    #expect(json["schema_version"] as? Int == 2)
  }

  /// What a killed program leaves, only opening for writing rolls back.
  @Test func initRollsBackAWriteThatWasCutOff() throws {
    let workspace = try Workspace()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let other = try workspace.beginSpillingTransaction(in: "x.db")
    other.kill()
    #expect(workspace.exists("x.db-journal"))
    let status = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace)
    #expect(status.status == 3)
    #expect((try status.json["error"] as? [String: String])?["code"] == "store.read-only")
    let json = try Tool.run(["init", "--db", "x.db", "--json"], in: workspace).json
    #expect(json["created"] as? Bool == false)
    #expect(json["created_tables"] as? [String] == [])
    #expect(json["previous_schema_version"] as? Int == 2)
    #expect(try Tool.run(["status", "--db", "x.db"], in: workspace).status == 0)
    #expect(
      try sqlite3(workspace.file("x.db"), "SELECT name FROM sqlite_schema WHERE name = 't'") == "")
  }

  @Test func statusShowsCountsAndTheLastRunAndChangesNothing() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let url = URL(fileURLWithPath: workspace.file("x.db"))
    let (listing, bytes) = (workspace.listing, try Data(contentsOf: url))
    let text = try Tool.run(["status", "--db", "x.db"], in: workspace)
    #expect(text.status == 0)
    #expect(text.output.contains(#/Database +\S*x.db\n/#))
    #expect(text.output.contains(#/Schema version +2, applied /#))
    #expect(text.output.contains(#/Total +3\n/#))
    #expect(text.output.contains(#/Health +sound\n/#))
    #expect(text.output.contains(#/Last run +run 1, migrate, started .*, completed after /#))
    #expect(workspace.listing == listing)
    #expect(try Data(contentsOf: url) == bytes)
  }

  @Test func statusAsJSON() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let json = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace).json
    #expect(json["success"] as? Bool == true)
    #expect((json["database"] as? String)?.hasSuffix("x.db") == true)
    #expect((json["size_bytes"] as? Int).map { $0 > 4096 } == true)
    #expect(json["schema_version"] as? Int == 2)
    #expect(
      json["counts"] as? [String: Int]
        == ["strip_families": 1, "patterns": 1, "joblogs": 1, "total": 3])
    #expect(json["current_run"] is NSNull)
    #expect((json["interrupted_runs"] as? [Any])?.isEmpty == true)
    let health = try #require(json["health"] as? [String: Any])
    #expect(health["status"] as? String == "healthy")
    #expect(health["complete"] as? Bool == true)
    let run = try #require(json["last_run"] as? [String: Any])
    #expect(run["state"] as? String == "completed")
    #expect(run["source"] as? String == "legacy")
    #expect((run["entities"] as? [String: [String: Int]])?["patterns"]?["migrated"] == 1)
  }

  @Test func statusOfANewDatabaseSaysThatNothingRan() throws {
    let workspace = try Workspace()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let result = try Tool.run(["status", "--db", "x.db"], in: workspace)
    #expect(result.output.contains(#/Last run +none\n/#))
    #expect(result.output.hasSuffix("Next: rmos-cli migrate SOURCE --dry-run --db x.db\n"))
  }

  @Test(arguments: ["version1", "version2", "version3", "version4"])
  func statusReadsOldDatabases(_ name: String) throws {
    let workspace = try Workspace()
    let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/databases/\(name).db")
    let copy = URL(fileURLWithPath: workspace.file("old.db"))
    try FileManager.default.copyItem(at: fixture, to: copy)
    let json = try Tool.run(["status", "--db", "old.db", "--json"], in: workspace).json
    #expect(json["schema_version"] as? Int == Int(name.suffix(1)))
    #expect(json["last_run"] is NSNull)
    let health = try #require(json["health"] as? [String: Any])
    #expect(health["status"] as? String == "errors_detected")
    #expect(health["references_dangling"] as? Int == 6)
    #expect(try Data(contentsOf: copy) == Data(contentsOf: fixture))
    #expect(workspace.listing == ["old.db"])
  }

  @Test func runsAreListedNewestFirst() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    for _ in 0..<3 { _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace) }
    let text = try Tool.run(
      ["runs", "--db", "x.db"], in: workspace, environment: ["COLUMNS": "200"])
    #expect(text.status == 0)
    let lines = text.output.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines.dropFirst().map { $0.prefix(1) } == ["3", "2", "1"])
    let json = try Tool.run(["runs", "--db", "x.db", "--limit", "2", "--json"], in: workspace).json
    let runs = try #require(json["runs"] as? [[String: Any]])
    #expect(runs.map { $0["id"] as? Int } == [3, 2])
  }

  @Test func theLimitKeepsTheNewestRunsAndSaysSo() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    for _ in 0..<3 { _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace) }
    let few = try Tool.run(["runs", "--db", "x.db", "--limit", "1"], in: workspace)
    #expect(few.output.hasSuffix("\n2 earlier runs; --limit N shows more.\n"))
    let json = try Tool.run(["runs", "--db", "x.db", "--limit", "1", "--json"], in: workspace).json
    #expect((json["runs"] as? [Any])?.count == 1 && json["total"] as? Int == 3)
    let all = try Tool.run(["runs", "--db", "x.db", "--limit", "3"], in: workspace)
    #expect(!all.output.contains("earlier"))
  }

  @Test func runsOfANewDatabaseAreNone() throws {
    let workspace = try Workspace()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let result = try Tool.run(["runs", "--db", "x.db"], in: workspace)
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("No runs yet."))
  }

  @Test func aSampleMigratesWithoutAFailure() throws {
    let workspace = try Workspace()
    let sample = try Tool.run(["sample", "tree", "--count", "200"], in: workspace)
    #expect(sample.status == 0)
    #expect(sample.output.hasSuffix("Next: rmos-cli migrate tree --dry-run\n"))
    let json = try Tool.run(["migrate", "tree", "--db", "x.db", "--json"], in: workspace).json
    let summary = try #require(json["summary"] as? [String: Double])
    #expect(summary["total_found"] == 200)
    #expect(summary["total_failed"] == 0)
  }

  @Test func aSampleIsTheSameForTheSameSeedAndCountsWhatItWrote() throws {
    let workspace = try Workspace()
    let arguments = ["--count", "60", "--broken", "30", "--seed", "7", "--json"]
    let json = try Tool.run(["sample", "a"] + arguments, in: workspace).json
    let entities = try #require(json["entities"] as? [String: Int])
    #expect(entities.values.reduce(0, +) == 60)
    _ = try Tool.run(["sample", "b"] + arguments, in: workspace)
    let same = try Tool.shell("diff -r a b", in: workspace)
    #expect(same.status == 0, "\(same.output)")
  }
}
