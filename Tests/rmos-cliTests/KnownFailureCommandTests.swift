import Foundation
import Testing

/// Known and new failures of repeated runs, and the exit status.
@Suite(.waiting) struct KnownFailureCommandTests {
  /// A tree in which two entities fail.
  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    try workspace.writeBrokenPattern()
    try workspace.write("{", to: "legacy/joblogs/broken.json")
    return workspace
  }

  private func migrate(_ options: String..., in workspace: Workspace) throws -> Tool.Result {
    try Tool.run(["migrate", "legacy", "--db", "x.db"] + options, in: workspace)
  }

  /// The run with which the failures of a report were compared.
  private func since(_ report: [String: Any]) -> Any? {
    (report["run"] as? [String: Any])?["known_since"]
  }

  @Test func whatFailedBeforeIsNoNews() throws {
    let workspace = try workspace()
    let first = try migrate("--fail-on", "new", in: workspace)
    #expect(first.status == 1 && !first.output.contains(" 0 new"))
    #expect(first.errors.contains("[json.syntax]") && !first.errors.contains("(new)"))
    for options in [["--dry-run"], []] {
      let next = try Tool.run(["migrate", "legacy/", "--db", "x.db"] + options, in: workspace)
      #expect(next.status == 1)
      #expect(next.output.contains("\n2 failed, 0 new since run 1\n"))
      #expect(next.errors.contains("[json.syntax]\n"))
    }
    let known = try migrate("--fail-on", "new", in: workspace)
    #expect(known.status == 0 && !known.errors.contains("[json.syntax]"))
    #expect(known.errors.contains("2 known failures not listed; -v lists them\n"))
    let quiet = try migrate("--fail-on", "new", "-q", in: workspace)
    #expect(quiet.status == 0 && quiet.output.isEmpty && quiet.errors.isEmpty)
    #expect(try migrate("--fail-on", "new", "-v", in: workspace).errors.contains("[json.syntax]"))

    try workspace.write("[", to: "legacy/joblogs/also.json")
    let news = try migrate("--fail-on", "new", "-q", "--dry-run", in: workspace)
    #expect(news.status == 1)
    #expect(news.errors.contains("legacy/joblogs/also.json:1:2: error: "))
    #expect(news.errors.contains("(new)\n") && !news.errors.contains("broken.json"))
    let all = try migrate("--fail-on", "new", in: workspace)
    #expect(all.status == 1 && all.output.contains("\n3 failed, 1 new since run 5\n"))
    try workspace.write("{]", to: "legacy/joblogs/also.json")
    let mixed = try migrate(in: workspace).errors
    #expect(mixed.contains("(new)\n") && mixed.contains("[json.syntax] (known)\n"))
  }

  @Test func everyReportTellsThemApart() throws {
    let workspace = try workspace()
    let first = try migrate("--json", in: workspace).json
    #expect(first["failed_new"] as? Int == 2 && first["failed_known"] as? Int == 0)
    #expect(since(first) is NSNull)
    // Without a run to compare with, issues are neither new nor known.
    #expect((first["issues"] as? [[String: Any]])?.allSatisfy { $0["new"] == nil } == true)
    try workspace.write("[", to: "legacy/joblogs/also.json")
    let second = try migrate("--json", "--fail-on", "new", in: workspace)
    #expect(second.status == 1)
    let report = try Tool.run(["report", "--db", "x.db", "--json"], in: workspace)
    for json in [try second.json, try report.json] {
      #expect(json["success"] as? Bool == false)
      #expect(json["failed_new"] as? Int == 1 && json["failed_known"] as? Int == 2)
      #expect(since(json) as? Int == 1)
      let issues = try #require(json["issues"] as? [[String: Any]])
      let news = issues.filter { $0["severity"] as? String == "error" }.map {
        "\($0["source"] as? String ?? ""): \($0["new"] as? Bool == true)"
      }
      #expect(
        Set(news) == [
          "joblogs/also.json: true", "joblogs/broken.json: false", "patterns/p2.json: false",
        ])
      let run = try #require(json["run"] as? [String: Any])
      #expect(run["user"] as? String == NSUserName())
      #expect(run["host"] as? String == ProcessInfo.processInfo.hostName)
    }
    let text = try Tool.run(["report", "--db", "x.db", "--format", "text"], in: workspace).output
    #expect(text.contains("3 of 6 entities failed, 1 new since run 1."))
    #expect(text.contains(/New failures +1 since run 1, 2 known\n/))
    #expect(text.contains("joblogs/also.json:1:2 (new)"))
    let status = try Tool.run(["status", "--db", "x.db"], in: workspace).output
    #expect(status.contains("6 found, 0 migrated, 3 skipped, 3 failed, 1 new since run 1\n"))
    let runs = try Tool.run(["runs", "--db", "x.db"], in: workspace).output
    #expect(runs.contains(/skipped +failed +new\n/))
    let list = try Tool.run(["runs", "--db", "x.db", "--json"], in: workspace).json
    let entries = try #require(list["runs"] as? [[String: Any]])
    #expect(entries.map { $0["failed_new"] as? Int } == [1, 2])
    #expect(entries.map { $0["user"] as? String } == [NSUserName(), NSUserName()])
  }

  /// An older ledger does not record whether failures are new.
  @Test(.enabled(if: Tool.has("sqlite3"), "sqlite3 is not installed here"))
  func whatWasNotRecordedIsSaidToBe() throws {
    let workspace = try workspace()
    _ = try migrate(in: workspace)
    let columns = ["user", "host", "failed_new", "failed_known", "known_since"]
    let sql =
      "DROP VIEW migration_run_counts; "
      + columns.map { "ALTER TABLE migration_runs DROP COLUMN \($0); " }.joined()
      + "ALTER TABLE migration_issues DROP COLUMN is_new; DROP TABLE migration_failures; "
      + "PRAGMA user_version = 2"
    _ = try Tool.shell("sqlite3 -init /dev/null x.db '\(sql)'", in: workspace)
    let report = try Tool.run(["report", "--db", "x.db"], in: workspace).output
    #expect(report.contains(/New failures +not recorded\n/) && !report.contains("\nBy "))
    let json = try Tool.run(["report", "--db", "x.db", "--json"], in: workspace).json
    #expect(json["failed_new"] is NSNull && json["failed_known"] is NSNull)
    // There is no run to compare with, for the dry run as for the run.
    for option in ["--dry-run", "-v"] {
      let run = try migrate("--json", option, in: workspace).json
      #expect(run["failed_new"] as? Int == 2 && since(run) is NSNull)
    }
    #expect(since(try migrate("--json", in: workspace).json) as? Int == 2)
  }

  @Test func neitherANothingNorARefusalIsExcused() throws {
    let workspace = try workspace()
    _ = try migrate(in: workspace)
    let atomic = try migrate("--fail-on", "new", "--atomic", in: workspace)
    #expect(atomic.status == 1 && atomic.output.contains("2 failed, 0 new since run 1"))
    #expect(try migrate("--fail-on", "new", "--max-errors", "0", in: workspace).status == 1)
    try FileManager.default.removeItem(atPath: workspace.file("legacy"))
    try FileManager.default.createDirectory(
      atPath: workspace.file("legacy"), withIntermediateDirectories: false)
    #expect(try migrate("--fail-on", "new", in: workspace).status == 1)
    let wrong = try migrate("--fail-on", "never", in: workspace)
    #expect(wrong.status == 2 && wrong.errors.contains("any"))
  }

  @Test(.enabled(if: Tool.has("curl"), NotificationTests.needsCurl))
  func aKnownFailureIsPostedOnlyIfItCounts() throws {
    let server = try HookServer(.status(204))
    let workspace = try workspace()
    func night(_ policy: String) throws -> Int32 {
      try Tool.run(
        [
          "migrate", "legacy", "--db", "x.db", "-q", "--notify", server.url, "--notify-on",
          "failure", "--fail-on", policy,
        ], in: workspace, environment: ["NO_PROXY": "*", "no_proxy": "*"]
      ).status
    }
    #expect(try night("new") == 1 && server.requests.count == 1)
    #expect(try night("new") == 0 && server.requests.count == 1)
    #expect(try night("any") == 1 && server.requests.count == 2)
    let body = try #require(server.requests.last?.body)
    #expect(body.contains("2 of 5 entities failed, 0 new since run 2."))
    #expect(body.contains(#""failed_new":0,"failed_known":2,"known_since":2"#))
  }

  /// A run that is killed is not compared with, and takes nothing away from the one before.
  @Test func aKilledRunChangesNoComparison() throws {
    let workspace = try workspace()
    try workspace.writeLargeTree(isOdd: true)
    let first = try migrate("--json", in: workspace).json
    // One of two entities with the same id may be valid.
    let failed =
      try #require(first["failed_new"] as? Int)
      + #require(first["failed_known"] as? Int)
    #expect(failed > 2)
    try workspace.writeEndlessFile()
    let arguments = ["migrate", "legacy", "--db", "x.db", "--batch-size", "40", "-v"]
    let tool = try RunningTool(arguments, in: workspace)
    try tool.wait(until: "issues are told") { tool.sizeOfErrors >= 10_000 }
    tool.send(SIGKILL)
    #expect(try tool.wait().status == 128 + SIGKILL)
    let runs = try Tool.run(["runs", "--db", "x.db", "--json"], in: workspace).json["runs"]
    #expect((runs as? [[String: Any]])?.first?["state"] as? String == "interrupted")
    try workspace.removeEndlessFile()
    let next = try migrate("--json", "--fail-on", "new", in: workspace)
    #expect(next.status == 0)
    let json = try next.json
    #expect(json["failed_new"] as? Int == 0 && since(json) as? Int == 1)
    #expect(json["failed_known"] as? Int == failed)
  }
}
