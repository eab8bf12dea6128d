import Foundation
import Testing

/// A source without files to read, and one that cannot be read completely.
@Suite(.waiting) struct EmptySourceCommandTests {
  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    try FileManager.default.createDirectory(
      atPath: workspace.file("legacy/patterns"), withIntermediateDirectories: true)
    return workspace
  }

  private func migrate(_ workspace: Workspace, _ more: [String]) throws -> Tool.Result {
    try Tool.run(["migrate", "legacy", "--db", "x.db"] + more, in: workspace)
  }

  @Test(arguments: [
    [], ["--dry-run"], ["-q"], ["-q", "--dry-run"], ["-v"], ["--strict"], ["--atomic"],
    ["--rejects", "rejects", "--stats", "stats.json"], ["--on-duplicate", "update"],
  ])
  func itIsAFailureThatIsSaid(_ options: [String]) throws {
    let workspace = try workspace()
    let result = try migrate(workspace, options)
    #expect(result.status == 1)
    #expect(result.errors.contains("legacy: error: there is no file to read in legacy: "))
    #expect(result.errors.contains("[input.nothing-found]\n"))
    if options.contains("-q") {
      #expect(result.output.isEmpty)
    } else {
      #expect(!result.output.contains("Migrated"))
      #expect(result.output.contains("--allow-empty"))
    }
    #expect(workspace.exists("x.db") == !options.contains("--dry-run"))
    #expect(!workspace.exists("rejects"))

    let allowed = try migrate(workspace, options + ["--allow-empty"])
    #expect(allowed.status == 0 && !allowed.errors.contains("error"))
  }

  @Test(arguments: [
    (
      ["Patterns/a.json", "job_logs/b.json"], "legacy",
      "rename legacy/Patterns to legacy/patterns, legacy/job_logs to legacy/joblogs, then rmos-cli "
        + "migrate legacy --db x.db"
    ),
    (
      ["Patterns/a.json"], "legacy/Patterns",
      "rename legacy/Patterns to legacy/patterns, then rmos-cli migrate legacy --db x.db"
    ),
    (["patterns/a.json"], "legacy/patterns", "rmos-cli migrate legacy --db x.db"),
    (["shop/patterns/a.json"], "legacy", "rmos-cli migrate legacy/shop --db x.db"),
    (
      ["a/patterns/a.json", "b/joblogs/b.json"], "legacy/",
      "rmos-cli migrate legacy/a --db x.db  (and so on: 2 sources are there)"
    ),
    (
      ["data/a.json"], "legacy",
      "move the files, or name another source: rmos-cli survey legacy"
    ),
  ])
  func whatIsMeantIsNext(_ files: [String], _ source: String, _ next: String) throws {
    let workspace = try Workspace()
    for file in files { try workspace.write("{}", to: "legacy/" + file) }
    let result = try Tool.run(["migrate", source, "--db", "x.db"], in: workspace)
    #expect(result.status == 1)
    #expect(result.output.hasSuffix("\nNext: \(next)\n"), "\(result.output)")
    #expect(!result.errors.contains("files: is "))
  }

  @Test func programsAreTold() throws {
    let workspace = try workspace()
    for options in [["--dry-run"], []] {
      let result = try migrate(workspace, ["--json"] + options)
      #expect(result.status == 1)
      let json = try result.json
      #expect(json["success"] as? Bool == false && json["error"] == nil)
      let issues = try #require(json["issues"] as? [[String: Any]])
      #expect(issues.map { $0["code"] as? String } == ["input.nothing-found"])
    }
    let report = try Tool.run(["report", "--run", "1", "--db", "x.db", "--json"], in: workspace)
    #expect(try report.json["success"] as? Bool == false)
    for format in ["txt", "json", "html"] {
      let text = try Tool.run(
        ["report", "--run", "1", "--db", "x.db", "--format", format], in: workspace
      ).output
      #expect(text.contains("input.nothing-found"))
    }
    let runs = try Tool.run(["runs", "--db", "x.db"], in: workspace)
    #expect(runs.output.contains("completed, found nothing"))
    let status = try Tool.run(["status", "--db", "x.db"], in: workspace)
    #expect(status.output.contains(", found nothing\n"))
  }

  @Test func itCountsAsAFailureForTheNotice() throws {
    let workspace = try workspace()
    let result = try migrate(
      workspace, ["-q", "--on-finish", #"cat > "body-$RMOS_EXIT_STATUS""#])
    #expect(result.status == 1)
    let body = try workspace.text("body-1")
    #expect(body.contains("input.nothing-found") && body.contains(#""success":false"#))
  }

  @Test func whatMayBeEmptyMayStandAfterADashDash() throws {
    let workspace = try workspace()
    let result = try Tool.run(["migrate", "--db", "x.db", "--", "legacy"], in: workspace)
    let line = try #require(result.output.split(separator: "\n").last?.split(separator: ": ").last)
    #expect(line == "rmos-cli migrate --allow-empty --db x.db -- legacy")
    let again = try Tool.shell(String(line).replacing("rmos-cli", with: "$CLI"), in: workspace)
    #expect(again.status == 0)
  }

  @Test func aDiffWithItIsNoAgreement() throws {
    let workspace = try workspace()
    _ = try migrate(workspace, ["--allow-empty"])
    let diff = ["diff", "legacy", "--db", "x.db"]
    let result = try Tool.run(diff, in: workspace)
    #expect(result.status == 1 && result.output.contains("there is no file to read in legacy"))
    #expect(result.errors.contains("--allow-empty"))
    let quiet = try Tool.run(diff + ["-q"], in: workspace)
    #expect(quiet.status == 1 && quiet.output.isEmpty)
    #expect(quiet.errors.hasPrefix("legacy: error: there is no file to read in legacy"))
    #expect(try Tool.run(diff + ["-q", "--allow-empty"], in: workspace).status == 0)
    let json = try Tool.run(diff + ["--json"], in: workspace).json
    #expect(json["success"] as? Bool == false && json["nothing_found"] is String)
  }

  // MARK: Incomplete reading

  /// With few descriptors, the database can be opened, but not every directory of the source.
  ///
  /// How many are too few depends on how far the threads of a run are, so all are tried repeatedly.
  private static let descriptors = 4...20

  @Test func tooFewDescriptorsEndTheRunAndBlameNoEntity() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    var stopped = 0
    let trials = (1...10).flatMap { round in Self.descriptors.map { (round, $0) } }
    for (round, count) in trials where round == 1 || stopped == 0 {
      for dry in ["", "--dry-run"] {
        let db = "x\(round)-\(count)\(dry).db"
        let result = try Tool.shell(
          "ulimit -n \(count); exec \"$CLI\" migrate legacy --db '\(db)' \(dry) --json",
          in: workspace)
        // With too few descriptors, not even the program can be loaded.
        guard result.status == 0 || result.status == 3, !result.output.isEmpty else { continue }
        let json = try result.json
        let summary = json["summary"] as? [String: Any]
        #expect((summary?["total_failed"] as? Int ?? 0) == 0, "\(count)")
        let error = json["error"] as? [String: Any]
        let message = error?["message"] as? String ?? ""
        #expect(!message.contains("writable directory"), "\(message)")
        guard error?["code"] as? String == "source.unreadable" else { continue }
        stopped += 1
        #expect(result.status == 3 && json["success"] as? Bool == false)
        guard dry.isEmpty, workspace.exists(db) else { continue }
        // The next run resumes.
        let again = try Tool.run(["migrate", "legacy", "--db", db, "-q"], in: workspace)
        #expect(again.status == 0)
      }
    }
    #expect(stopped > 0)
  }

  @Test(.enabled(if: Tool.has("setpriv"), "there is no setpriv to be somebody else"))
  func aSourceThatMayNotBeSearchedIsNotMissing() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    // Root may search everything; others may be nobody's only where they are root.
    let result = try Tool.shell(
      """
      chmod 755 .. . && chmod 744 legacy || exit 9
      if test "$(id -u)" = 0; then set -- setpriv --reuid=65534 --regid=65534 --clear-groups; fi
      cp "$CLI" tool 2>/dev/null; chmod 755 tool
      "$@" ./tool migrate legacy --db x.db --dry-run --json; status=$?
      chmod 755 legacy; exit $status
      """, in: workspace)
    #expect(result.status == 3)
    let error = try #require(try result.json["error"] as? [String: String])
    #expect(error["code"] == "source.unreadable")
    #expect(error["message"]?.contains("searched") == true)
  }
}
