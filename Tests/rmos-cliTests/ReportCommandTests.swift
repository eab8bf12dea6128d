import Foundation
import Testing

/// `report`.
@Suite(.waiting) struct ReportCommandTests {
  @Test func whatIsNoStatisticsFileIsRefused() throws {
    let workspace = try Workspace()
    let made = try Tool.shell(
      "printf '\\377' > latin.json; truncate -s 65M large.json", in: workspace)
    #expect(made.status == 0)
    for (file, code) in [
      ("latin.json", "statistics.invalid"), ("large.json", "input.too-large"),
      ("none.json", "input.unreadable"),
    ] {
      let result = try Tool.run(["report", file, "--json"], in: workspace)
      let error = try #require(result.json["error"] as? [String: Any])
      #expect(result.status == 3 && error["code"] as? String == code)
    }
  }

  /// A workspace with a run that has a failure, and its statistics.
  private func migratedWorkspace() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    try workspace.writeBrokenPattern()
    try workspace.writeOddJobLog()
    let command = ["migrate", "legacy", "--db", "x.db", "--stats", "stats.json"]
    #expect(try Tool.run(command, in: workspace).status == 1)
    return workspace
  }

  @Test func oneFormatIsWrittenToAFileOfThatName() throws {
    let workspace = try migratedWorkspace()
    let command = ["report", "--db", "x.db", "--format", "html", "--output"]
    let result = try Tool.run(command + ["r.html"], in: workspace)
    #expect(result.status == 0 && result.output == "Wrote r.html\n")
    #expect(try workspace.text("r.html").hasPrefix("<!DOCTYPE html>"))
    // A path without a known ending is a directory.
    let other = try Tool.run(command + ["r.d"], in: workspace)
    #expect(other.output == "Wrote r.d/migration_report_1.html\n")
    // The database is never overwritten.
    _ = try Tool.run(["init", "--db", "db.html"], in: workspace)
    let over = ["report", "--db", "db.html", "--format", "html", "--output", "db.html"]
    #expect(try Tool.run(over, in: workspace).status != 0)
    #expect(try Tool.run(["status", "--db", "db.html"], in: workspace).status == 0)
  }

  @Test func theNewestRunIsReportedAsTextWithoutAFile() throws {
    let workspace = try migratedWorkspace()
    let listing = workspace.listing
    let result = try Tool.run(["report", "--db", "x.db"], in: workspace)
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
    #expect(result.output.hasPrefix("MIGRATION REPORT\n"))
    #expect(result.output.contains("1 of 5 entities failed."))
    #expect(result.output.contains("patterns/p2.json:1:1 [p2]"))
    #expect(workspace.listing == listing)
  }

  @Test func theJSONReportIsThatOfTheMigration() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    try workspace.writeBrokenPattern()
    var told = try Tool.run(["migrate", "legacy", "--db", "x.db", "--json"], in: workspace).json
    var toldRun = try #require(told.removeValue(forKey: "run") as? [String: Any])
    // The duration in the ledger is a little shorter, and only the ledger has the end.
    toldRun["seconds"] = nil
    for arguments in [["--json"], ["--format", "json"], ["--run", "1", "--json"]] {
      var kept = try Tool.run(["report", "--db", "x.db"] + arguments, in: workspace).json
      var run = try #require(kept.removeValue(forKey: "run") as? [String: Any])
      run["seconds"] = nil
      #expect(run.removeValue(forKey: "finished_at") is String)
      #expect(run as NSDictionary == toldRun as NSDictionary)
      #expect(kept as NSDictionary == told as NSDictionary)
    }
  }

  @Test func aStatisticsFileIsReportedWithoutADatabase() throws {
    let workspace = try migratedWorkspace()
    let result = try Tool.run(["report", "stats.json", "--json"], in: workspace)
    #expect(result.status == 0)
    let summary = try #require(try result.json["summary"] as? [String: Double])
    #expect(summary["total_found"] == 5)
    #expect(summary["success_rate"] == 80)
    #expect(try result.json["run"] is NSNull)
  }

  @Test func aNumberInTheirPlaceIsTakenForARun() throws {
    let workspace = try migratedWorkspace()
    let result = try Tool.run(["report", "1", "--db", "x.db"], in: workspace)
    #expect(result.status == 3)
    #expect(result.errors.hasSuffix("rmos-cli report --run 1 --db x.db\n"))
    #expect(try Tool.run(["report", "--run", "1", "--db", "x.db"], in: workspace).status == 0)
  }

  @Test func aDatabaseInTheirPlaceIsToldFromStatistics() throws {
    let workspace = try migratedWorkspace()
    let result = try Tool.run(["report", "x.db"], in: workspace)
    #expect(result.status == 3)
    #expect(result.errors.contains("x.db is a database, not a statistics file"))
    #expect(result.errors.hasSuffix("rmos-cli report --db x.db\n"))
    try workspace.write("", to: "empty.json")
    let empty = try Tool.run(["report", "empty.json"], in: workspace)
    #expect(empty.status == 3)
    #expect(!empty.errors.contains("database"), "\(empty.errors)")
  }

  @Test func filesAreWrittenWhereAsked() throws {
    let workspace = try migratedWorkspace()
    let command = ["report", "--db", "x.db", "--format", "json,html,txt", "--output", "a/b"]
    let result = try Tool.run(command, in: workspace)
    #expect(result.status == 0)
    let files = ["json", "html", "txt"].map { "a/b/migration_report_1.\($0)" }
    #expect(result.output == files.map { "Wrote \($0)\n" }.joined())
    #expect(workspace.listing.filter { $0.hasPrefix("a/b/") } == files.sorted())
    #expect(try workspace.text(files[1]).hasPrefix("<!DOCTYPE html>\n"))
    let again = try Tool.run(command + ["--json"], in: workspace)
    #expect(try again.json["files"] as? [String] == files)
    let statistics = try Tool.run(
      ["report", "stats.json", "--output", "a/b/"], in: workspace)
    #expect(statistics.output == "Wrote a/b/migration_report_stats.txt\n")
  }

  @Test func theEndingOfAFileIsItsFormat() throws {
    let workspace = try migratedWorkspace()
    let result = try Tool.run(["report", "--db", "x.db", "--output", "r.html"], in: workspace)
    #expect(result.output == "Wrote r.html\n")
    #expect(try workspace.text("r.html").hasPrefix("<!DOCTYPE html>\n"))
    _ = try Tool.shell("mkdir d.html", in: workspace)
    let directory = try Tool.run(["report", "--db", "x.db", "--output", "d.html"], in: workspace)
    #expect(directory.output == "Wrote d.html/migration_report_1.txt\n")
  }

  @Test(arguments: [
    (["--format", "json,html"], "standard output takes one format, found 2"),
    (["--format", "htm"], "Did you mean html?"),
    (["--format", "json,"], #"expected a list of text, json or html, found """#),
    (["--format", "txt,text", "--output", "out"], "text is given more than once"),
    (["--format", "html", "--json"], "cannot be combined on standard output"),
    (["stats.json", "--run", "1"], "cannot be combined"),
    (["--run", "0"], "expected a whole number"),
    (["--output", "r.html", "--format", "text"], "r.html ends in .html, but the format is text"),
    (["--output", "r.html", "--format", "text,html"], "r.html is one file, but --format names 2"),
    (["--output", "r.csv"], "r.csv ends in .csv, but the formats are text, json, html"),
  ])
  func whatMakesNoSenseIsRefused(_ arguments: [String], _ message: String) throws {
    let workspace = try migratedWorkspace()
    let listing = workspace.listing
    let result = try Tool.run(["report", "--db", "x.db"] + arguments, in: workspace)
    #expect(result.status == 2)
    #expect(result.errors.contains(message) || result.output.contains(message))
    #expect(workspace.listing == listing)
  }

  @Test(arguments: [
    (["report", "--db", "x.db", "--run", "7"], "report.no-run"),
    (["report", "--db", "none.db"], "store.cannot-open"),
    (["report", "none.json"], "input.unreadable"),
    (["report", "legacy"], "input.unreadable"),
    (["report", "legacy/patterns/p1.json"], "statistics.invalid"),
    (["report", "x.db"], "statistics.invalid"),
    (["report", "stats.json", "--output", "stats.json"], "output.unwritable"),
    (["report", "stats.json", "--output", "stats.json/below"], "output.unwritable"),
  ])
  func whatCannotBeReportedEndsWith3(_ arguments: [String], _ code: String) throws {
    let workspace = try migratedWorkspace()
    let listing = workspace.listing
    let result = try Tool.run(arguments + ["--json"], in: workspace)
    #expect(result.status == 3)
    let error = try #require(try result.json["error"] as? [String: String])
    #expect(error["code"] == code)
    #expect(workspace.listing == listing)
  }
}
