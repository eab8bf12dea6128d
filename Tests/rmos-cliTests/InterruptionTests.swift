import Foundation
import RMOSStore
import RMOSTestSupport
import Testing

/// SIGINT and SIGTERM, and a run in progress as other processes see it.
@Suite(.waiting) struct InterruptionTests {
  private static let arguments = ["migrate", "legacy", "--db", "x.db", "--batch-size", "10"]

  /// Starts a migration and waits until it is in the midst of the patterns, or of a job log that
  /// never ends: it cannot be over before the test has done what it is about.
  private func startInTheMidst(
    _ workspace: Workspace, _ arguments: [String] = arguments
  ) throws -> RunningTool {
    try workspace.writeEndlessFile()
    let tool = try RunningTool(arguments, in: workspace)
    try tool.wait(until: "the strip families are done") {
      try tool.errorsSoFar.contains("strip families: ")
    }
    return tool
  }

  /// The content after an uninterrupted run, created once.
  private static let quietContent = Result {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    let arguments = ["migrate", "legacy", "--db", "x.db"]
    #expect(try Tool.run(arguments, in: workspace).status == 1)
    return try Content(of: workspace.file("x.db"))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalEndsTheBatchCleanlyAndRunningAgainCompletesIt(_ signal: Int32) throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    let tool = try startInTheMidst(workspace)
    tool.send(signal)
    let result = try tool.wait()
    #expect(result.status == 130)
    #expect(result.output.hasPrefix("Interrupted: legacy into"))
    // The run may have reached the pattern that fails, which the report then has.
    #expect(
      result.output.contains(
        "Next: rmos-cli migrate legacy --db x.db --batch-size 10  (resumes where it stopped)\n"))

    let midway = try Content(of: workspace.file("x.db"))
    midway.expectBalance("after the signal")
    #expect(midway.runs.map(\.state) == [.interrupted])
    let status = try Tool.run(["status", "--db", "x.db"], in: workspace).output
    #expect(status.contains(#/Interrupted +run 1\n/#))
    #expect(status.contains("Next: rmos-cli migrate legacy --db x.db (resumes"))

    try workspace.removeEndlessFile()
    #expect(try Tool.run(Self.arguments, in: workspace).status == 1)
    #expect(try Content(of: workspace.file("x.db")) == Self.quietContent.get())
  }

  /// Commands without anything to clean up report the interruption too, and exit with its status.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func anyCommandEndsWithTheStatusOfAnInterruption(_ signal: Int32) throws {
    let workspace = try Workspace()
    let tool = try RunningTool(["sample", "tree", "--count", "10000000"], in: workspace)
    try tool.wait(until: "files are written") { workspace.exists(".tree.incomplete-1") }
    tool.send(signal)
    let result = try tool.wait()
    #expect(result.status == 130)
    #expect(result.output.isEmpty)
    #expect(
      result.errors
        == "Interrupted: the sample was cancelled; the directory is what it was before\n")
    #expect(workspace.listing.isEmpty)
  }

  /// Commands that only look at the database, or create it in one transaction, report it as well.
  @Test(
    .enabled(if: RunningTool.seesOpenFiles, "there is no /proc here"),
    arguments: ["status", "history", "runs", "init"], [[], ["--json"]])
  func aCommandThatWaitsForTheDatabaseReportsTheInterruption(
    _ command: String, _ options: [String]
  ) throws {
    let workspace = try Workspace()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let path = workspace.file("x.db")
    let other = try workspace.beginSpillingTransaction(in: "x.db")
    defer { other.kill() }
    let tool = try RunningTool([command, "--db", "x.db"] + options, in: workspace)
    try tool.wait(until: "the database is open") { tool.hasOpen(path) }
    tool.send(SIGTERM)
    let result = try tool.wait()
    #expect(result.status == 130)
    let message = "the command was stopped before its end"
    if options.isEmpty {
      #expect(result.output.isEmpty)
      #expect(result.errors == "Interrupted: \(message)\n")
    } else {
      let error = try result.json["error"] as? [String: String]
      #expect(error == ["code": "cancelled", "message": message])
      #expect(result.errors.isEmpty)
    }
  }

  /// A line that never ends is given up all the same: the file is larger than anyone reads in the
  /// time that the test has.
  @Test(
    .enabled(if: RunningTool.seesOpenFiles, "there is no /proc here"), .timeLimit(.minutes(5)),
    arguments: [
      "migrate legacy --db x.db", "migrate legacy --db x.db --rejects out",
      "migrate legacy --db y.db --dry-run", "diff legacy --db x.db",
    ])
  func aFileIsGivenUpInItsMidst(_ command: String) throws {
    let workspace = try Workspace()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let name = "legacy/patterns/a.jsonl"
    try workspace.write("{  ", to: name)
    #expect(truncate(workspace.file(name), 1 << 43) == 0)
    let tool = try RunningTool(command.split(separator: " ").map(String.init), in: workspace)
    try tool.wait(until: "the file is read") { tool.hasOpen(workspace.file(name)) }
    tool.send(SIGTERM)
    #expect(try tool.wait().status == 130)
    #if os(Linux)
      #expect(!workspace.exists("y.db"))
    #endif
  }

  /// The audit of so many rows takes much longer than a signal.
  @Test(.enabled(if: RunningTool.seesOpenFiles, "there is no /proc here"))
  func anAuditIsGivenUpInItsMidst() throws {
    let workspace = try Workspace()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    _ = try sqlite3(
      workspace.file("x.db"),
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)
      INSERT INTO strip_families
        (id, name, strip_width_mm, strip_thickness_mm, material_type, strips_json)
      SELECT i, i, 1, 1, 'm', '[1]' FROM n
      """)
    let tool = try RunningTool(["audit", "--db", "x.db", "--json"], in: workspace)
    try tool.wait(until: "the database is open") { tool.hasOpen(workspace.file("x.db")) }
    tool.send(SIGINT)
    let result = try tool.wait()
    #expect(result.status == 130)
    #expect((try result.json["error"] as? [String: Any])?["code"] as? String == "cancelled")
  }

  /// The copy of the failed entities is complete, too.
  @Test(
    .enabled(if: RunningTool.seesOpenFiles, "there is no /proc here"), .timeLimit(.minutes(5)))
  func aRejectIsGivenUpInItsMidst() throws {
    let workspace = try Workspace()
    let name = "legacy/patterns/a.json"
    try workspace.write("[  \0", to: name)
    #expect(truncate(workspace.file(name), 1 << 43) == 0)
    // The limit keeps a failing test from filling the disk.
    let tool = try RunningTool(
      ["-c", "ulimit -f 2000000; exec \"$CLI\" migrate legacy --db x.db --rejects out"],
      program: "/bin/bash", in: workspace)
    try tool.wait(until: "the file is copied") {
      tool.hasOpen(workspace.file("out/.incoming/patterns/a.json/.incomplete"))
    }
    tool.send(SIGTERM)
    #expect(try tool.wait().status == 130)
    #expect(
      workspace.listing.filter { $0.hasPrefix("out/") } == [
        "out/README.txt", "out/SHA256SUMS", "out/patterns", "out/patterns/a.json",
        "out/patterns/a.json/~rest.json.issues",
      ])
  }

  /// SIGHUP is ignored if it was at the start, as with nohup.
  @Test func aHangupThatIsIgnoredStaysIgnored() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree(isOdd: true)
    let shell = ["-c", "trap '' HUP; exec \"$CLI\" \(Self.arguments.joined(separator: " ")) -v"]
    let tool = try RunningTool(shell, program: "/bin/bash", in: workspace, holdsErrors: true)
    try tool.wait(until: "the database is written") { workspace.exists("x.db-wal") }
    tool.send(SIGHUP)
    #expect(try tool.wait().status == 1)
    #expect(try Content(of: workspace.file("x.db")).runs.map(\.state) == [.completed])
  }

  /// The system and the shell both send a hangup when a terminal goes, and a service manager with
  /// its request to stop.
  @Test(arguments: [[SIGTERM, SIGHUP], [SIGHUP, SIGTERM], [SIGHUP, SIGHUP, SIGINT]])
  func aHangupIsNotASecondRequest(_ signals: [Int32]) throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    let tool = try startInTheMidst(workspace)
    for signal in signals { tool.send(signal) }
    #expect(try tool.wait().status == 130)
    #expect(try Content(of: workspace.file("x.db")).runs.map(\.state) == [.interrupted])
  }

  @Test func anInterruptedReportSaysSo() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    try workspace.writeEndlessFile()
    let tool = try RunningTool(Self.arguments + ["--json", "-v"], in: workspace)
    try tool.wait(until: "an issue is told") {
      try tool.errorsSoFar.contains("patterns/all.json:")
    }
    tool.send(SIGINT)
    let result = try tool.wait()
    #expect(result.status == 130)
    let json = try result.json
    #expect(json["success"] as? Bool == false)
    #expect((json["run"] as? [String: Any])?["ending"] as? String == "interrupted")
  }

  /// All entities are one transaction, so there is nothing to resume.
  @Test func anInterruptedAtomicRunStartsOver() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    let tool = try startInTheMidst(workspace, Self.arguments + ["--atomic"])
    tool.send(SIGINT)
    let result = try tool.wait()
    #expect(result.status == 130)
    #expect(
      result.output.hasSuffix(" --batch-size 10 --atomic  (starts over; nothing was written)\n"))
    #if os(Linux)
      #expect(!workspace.exists("x.db"))
    #endif
  }

  @Test func quietSaysHowToGoOnToo() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    try workspace.writeEndlessFile()
    let tool = try RunningTool(Self.arguments + ["-q"], in: workspace)
    try tool.wait(until: "the database is written") { workspace.exists("x.db-wal") }
    tool.send(SIGINT)
    let result = try tool.wait()
    #expect(result.status == 130)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains("Interrupted: legacy into x.db"))
    #expect(result.errors.contains("Next: rmos-cli migrate legacy --db x.db --batch-size 10 -q"))
  }

  @Test func aSecondSignalEndsAtOnceAndHurtsNothing() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    let tool = try startInTheMidst(workspace)
    tool.send(SIGINT)
    tool.send(SIGTERM)
    #expect(try tool.wait().status == 130)
    try workspace.removeEndlessFile()
    #expect(try Tool.run(Self.arguments, in: workspace).status == 1)
    #expect(try Content(of: workspace.file("x.db")) == Self.quietContent.get())
  }

  @Test func whileOneRunsStatusShowsItAndASecondIsRefused() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree(isOdd: true)
    let tool = try RunningTool(Self.arguments + ["-v"], in: workspace, holdsErrors: true)
    // The database exists before the run is in its ledger.
    var status: [String: Any] = [:]
    while tool.isRunning, status["current_run"] as? [String: Any] == nil {
      let result = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace)
      if result.status == 0 { status = try result.json }
    }
    let current = try #require(status["current_run"] as? [String: Any])
    #expect(current["state"] as? String == "running")
    #expect((status["interrupted_runs"] as? [Any])?.isEmpty == true)
    let text = try Tool.run(["status", "--db", "x.db"], in: workspace).output
    #expect(text.contains(#/Running +run 1, migrate, started .*, process \d+/#))

    let second = try Tool.run(Self.arguments + ["--json"], in: workspace)
    #expect(second.status == 3)
    #expect((try second.json["error"] as? [String: String])?["code"] == "store.locked")

    #expect(try tool.wait().status == 1)
    #expect(try Content(of: workspace.file("x.db")).runs.map(\.state) == [.completed])
  }
}
