import Foundation
import RMOSTestSupport
import Testing

/// `undo`, and `migrate --on-duplicate update`.
@Suite(.waiting) struct UndoCommandTests {
  private func write(_ name: String, in workspace: Workspace) throws {
    try workspace.write(
      #"{"id": "f", "name": "\#(name)", "strip_width_mm": 2, "strip_thickness_mm": 0.8, "#
        + #""material_type": "Ebony", "strips": [{"id": "s1"}]}"#,
      to: "legacy/strip_families/f.json")
  }

  private func migrate(_ workspace: Workspace, _ more: String...) throws -> Tool.Result {
    try Tool.run(["migrate", "legacy", "--db", "x.db"] + more, in: workspace)
  }

  @Test func anUpdateIsShownAndUndone() throws {
    let workspace = try Workspace()
    try write("Ebony", in: workspace)
    #expect(try migrate(workspace).status == 0)
    try write("Maple", in: workspace)
    let dry = try migrate(workspace, "--on-duplicate", "update", "--dry-run")
    #expect(dry.output.contains("updated"))
    let verbose = try migrate(workspace, "--on-duplicate", "update", "-v")
    #expect(verbose.status == 0 && verbose.output.contains("updated"))
    #expect(verbose.errors.contains("updated [duplicate.differs]"))
    let diff = try Tool.run(["diff", "legacy", "--db", "x.db", "-q"], in: workspace)
    #expect(diff.status == 0)

    let before = try Content(of: workspace.file("x.db"))
    let rehearsed = try Tool.run(["undo", "2", "--db", "x.db", "--dry-run"], in: workspace)
    #expect(rehearsed.status == 0 && rehearsed.output.contains("Dry run"))
    #expect(rehearsed.output.contains("Next: rmos-cli undo 2 --db x.db\n"))
    #expect(try Content(of: workspace.file("x.db")).runs == before.runs)
    let undone = try Tool.run(["undo", "2", "--db", "x.db"], in: workspace)
    #expect(undone.status == 0)
    #expect(undone.output.contains(#/Undid run 2 in x.db \(run 3\)/#))
    #expect(undone.output.contains(#/strip families +0 +1\n/#))
    // Now the source differs again.
    #expect(try Tool.run(["diff", "legacy", "--db", "x.db", "-q"], in: workspace).status == 1)

    let runs = try Tool.run(["runs", "--db", "x.db"], in: workspace)
    #expect(runs.output.contains("completed, undone by 3"))
    let json = try Tool.run(["runs", "--db", "x.db", "--json"], in: workspace).json
    let list = try #require(json["runs"] as? [[String: Any]])
    #expect(list.map { $0["undone_by"] as? Int } == [nil, 3, nil])
    #expect(list.map { $0["command"] as? String } == ["undo", "migrate", "migrate"])
    let status = try Tool.run(["status", "--db", "x.db"], in: workspace)
    #expect(status.output.contains("undid run 2: 0 removed, 1 restored"))
    let report = try Tool.run(["report", "--db", "x.db", "--json"], in: workspace).json
    #expect((report["run"] as? [String: Any])?["id"] as? Int == 2)
  }

  @Test(arguments: ["+1", " 1", "0x1", "1.0", "-1", "0", "99999999999999999999"])
  func aRunIsNamedByDigitsAlone(_ word: String) throws {
    let workspace = try Workspace()
    try write("Ebony", in: workspace)
    #expect(try migrate(workspace).status == 0)
    let result = try Tool.run(["undo", "--db", "x.db", "--", word], in: workspace)
    #expect(result.status == 2, "\(result.errors)")
    #expect(result.errors.contains("RUN: expected the number of a run"))
  }

  @Test func whatStandsInTheWayIsListedAndNothingChanges() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try migrate(workspace)
    _ = try Tool.run(["undo", "1", "--db", "x.db"], in: workspace)
    _ = try migrate(workspace)
    let again = try Tool.run(["undo", "1", "--db", "x.db"], in: workspace)
    #expect(again.status == 1)
    #expect(again.output.contains("1 obstacle to undoing run 1"))
    #expect(again.output.contains("by run 2 [run.undone]"))
    let json = try Tool.run(["undo", "2", "--db", "x.db", "--json"], in: workspace)
    #expect(json.status == 1)
    let report = try json.json
    #expect(report["success"] as? Bool == false && report["run"] is NSNull)
    let obstacles = try #require(report["obstacles"] as? [[String: Any]])
    #expect(obstacles.map { $0["code"] as? String } == ["run.is-undo"])
    #expect(obstacles[0]["kind"] is NSNull && obstacles[0]["message"] is String)
    let done = try Tool.run(["undo", "3", "--db", "x.db", "--json"], in: workspace).json
    #expect((done["removed"] as? [String: Int])?["total"] == 3)
    #expect(done["success"] as? Bool == true && done["run"] as? Int == 4)
  }

  @Test func whatLaterRunsAreBehindIsSaidInALine() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try migrate(workspace)
    let lines = (1...34).map { #"{"id":"k\#($0)","job_type":"slice","parameters":{"a":1},"# }
      .map { $0 + #""pattern_id":"p1"}"# }
    try workspace.write(lines.joined(separator: "\n"), to: "more/joblogs/k.jsonl")
    _ = try Tool.run(["migrate", "more", "--db", "x.db"], in: workspace)
    for more in [[], ["--dry-run"]] {
      let result = try Tool.run(["undo", "1", "--db", "x.db"] + more, in: workspace)
      #expect(result.status == 1)
      #expect(result.output.contains("34 obstacles to undoing run 1\n"))
      #expect(result.output.contains("undo run 2 first (job log \"k1\", job log"))
      #expect(result.output.split(separator: "\n").count == 4)
      let last = "Next: rmos-cli undo 2 --db x.db, then rmos-cli undo 1 --db x.db"
      #expect(result.output.hasSuffix("\(last)\(more.isEmpty ? "" : " --dry-run")\n"))
    }
    let all = try Tool.run(["undo", "1", "--db", "x.db", "-v"], in: workspace)
    // The group with the run to undo first, and each of its obstacles.
    #expect(all.output.matches(of: #/\[row.referred\]/#).count == 1 + 34)
    #expect(all.output.contains("undo run 2 first (job log \"k1\", job log"))
    let quiet = try Tool.run(["undo", "1", "--db", "x.db", "-q"], in: workspace)
    #expect(quiet.status == 1 && quiet.output.isEmpty)
    #expect(quiet.errors.contains("34 obstacles to undoing run 1\n"))
    #expect(quiet.errors.contains("undo run 2 first (job log"))
    let json = try Tool.run(["undo", "1", "--db", "x.db", "--json"], in: workspace).json
    #expect(json["undo_first"] as? [Int] == [2])
    #expect((json["obstacles"] as? [Any])?.count == 34)
    let groups = try #require(json["obstacle_groups"] as? [[String: Any]])
    #expect(groups.map { $0["count"] as? Int } == [34])
  }

  @Test func moreIsOfferedOnlyWhereThereIsMore() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try migrate(workspace)
    let lines = (1...3).map {
      #"{"id":"k\#($0)","job_type":"slice","parameters":{"a":1},"pattern_id":"p1"}"#
    }
    try workspace.write(lines.joined(separator: "\n"), to: "more/joblogs/k.jsonl")
    _ = try Tool.run(["migrate", "more", "--db", "x.db"], in: workspace)
    let result = try Tool.run(["undo", "1", "--db", "x.db"], in: workspace)
    #expect(result.output.contains("3 obstacles") && !result.output.contains("-v lists"))
  }

  @Test func aRunThatChangedNothingIsNotOfferedForUndoing() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try migrate(workspace)
    _ = try migrate(workspace)
    let before = try Content(of: workspace.file("x.db"))
    for more in [["--dry-run"], []] {
      let result = try Tool.run(["undo", "2", "--db", "x.db"] + more, in: workspace)
      #expect(result.status == 0)
      #expect(result.output == "Run 2 changed nothing in x.db, so there is nothing to undo\n")
    }
    #expect(try Content(of: workspace.file("x.db")).runs == before.runs)
    #expect(!workspace.listing.contains { $0.contains("backup") })
  }

  private static let senseless: [([String], Int32)] = [
    (["undo"], 2), (["undo", "x", "--db", "x.db"], 2), (["undo", "0", "--db", "x.db"], 2),
    (["undo", "7", "--db", "x.db"], 3), (["undo", "7", "--db", "x.db", "--dry-run"], 3),
    (["undo", "1", "--db", "nowhere.db"], 3), (["migrate", "legacy", "--force"], 2),
    (["migrate", "legacy", "--force", "--on-duplicate", "skip"], 2),
  ]

  @Test(arguments: senseless)
  func whatMakesNoSenseIsRefused(_ words: [String], _ status: Int32) throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try migrate(workspace)
    let listing = workspace.listing
    let result = try Tool.run(words, in: workspace)
    #expect(result.status == status && !result.errors.isEmpty)
    #expect(workspace.listing == listing)
  }

  @Test func theBackupIsShownAndCanBeDoneWithout() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try migrate(workspace)
    try FileManager.default.copyItem(
      atPath: workspace.file("x.db"), toPath: workspace.file("y.db"))
    let shown = try Tool.run(["undo", "1", "--db", "x.db"], in: workspace)
    #expect(shown.output.contains("\nBackup:  x.db.backup-2 (from before the undo)\n"))
    #expect(workspace.listing.contains("x.db.backup-2"))
    let without = try Tool.run(
      ["undo", "1", "--db", "y.db", "--no-backup", "--json"], in: workspace)
    #expect(without.status == 0)
    #expect(try without.json["backup"] is NSNull)
    #expect(!workspace.listing.contains { $0.hasPrefix("y.db.backup") })
  }

  @Test(arguments: 1...4)
  func aRunThatIsNotThereLeavesAnOlderDatabaseAsItIs(_ version: Int) throws {
    let workspace = try Workspace()
    let bytes = try #require(
      FileManager.default.contents(atPath: Fixtures.database(version: version)))
    try bytes.write(to: URL(fileURLWithPath: workspace.file("old.db")))
    let result = try Tool.run(["undo", "1", "--db", "old.db", "--json"], in: workspace)
    #expect(result.status == 3)
    #expect((try result.json["error"] as? [String: Any])?["code"] as? String == "report.no-run")
    #expect(FileManager.default.contents(atPath: workspace.file("old.db")) == bytes)
    #expect(workspace.listing == ["old.db"])
  }

  @Test func anEditIsAConflictUnlessForced() throws {
    let workspace = try Workspace()
    try write("Ebony", in: workspace)
    _ = try migrate(workspace)
    let edit = "sqlite3 -init /dev/null x.db \"UPDATE strip_families SET name = 'mine'\""
    guard Tool.has("sqlite3") else { return }
    #expect(try Tool.shell(edit, in: workspace).status == 0)
    try write("Maple", in: workspace)
    let conflict = try migrate(workspace, "--on-duplicate", "update", "--strict")
    #expect(conflict.status == 1)
    #expect(conflict.errors.contains("[duplicate.differs]"))
    let diff = try Tool.run(["diff", "legacy", "--db", "x.db"], in: workspace)
    #expect(diff.output.contains("the source and the database changed since run 1"))
    let undo = try Tool.run(["undo", "1", "--db", "x.db"], in: workspace)
    #expect(undo.status == 1 && undo.output.contains("[row.edited]"))
    #expect(try migrate(workspace, "--on-duplicate", "update", "--force").status == 0)
    #expect(try Tool.run(["diff", "legacy", "--db", "x.db", "-q"], in: workspace).status == 0)
  }
}
