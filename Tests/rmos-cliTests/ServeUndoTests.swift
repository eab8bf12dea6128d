import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Undoing what `rmos-cli serve --allow-writes` wrote.
@Suite(.waiting, .enabled(if: Tool.has("curl"), "curl is not installed")) struct ServeUndoTests {
  private static let api = "api/rmos/stores/"

  private func send(
    _ method: String, _ path: String, _ body: String? = nil, _ serving: Serving
  ) throws -> Int {
    var arguments = ["-X", method]
    if let body { arguments += ["-H", "Content-Type: application/json", "-d", body] }
    return try serving.json(Self.api + path, arguments).status
  }

  private func workspace() throws -> Workspace {
    try Self.prepared.get().copy()
  }

  private static let prepared = Result {
    try PreparedWorkspace { workspace in
      try PreparedWorkspace.require(
        Tool.run(["sample", "legacy", "--count", "60"], in: workspace))
      try PreparedWorkspace.require(
        Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace))
    }
  }

  /// The id of a job log, and that of a pattern to which it does not refer.
  private func ids(_ workspace: Workspace) throws -> (job: String, pattern: String) {
    let content = try Content(of: workspace.file("x.db"))
    let job = try #require(content.records[.joblogs]?.first)
    let pattern = try #require(content.records[.patterns]?.first?.id)
    return (job.id, pattern)
  }

  @Test(arguments: [SIGTERM, SIGKILL])
  func changesAreUndoneHoweverTheServerEnded(_ signal: Int32) throws {
    let workspace = try workspace()
    let before = try Content(of: workspace.file("x.db"))
    let (job, pattern) = try ids(workspace)
    let serving = try Serving(["--allow-writes"], in: workspace)
    #expect(try send("PATCH", "patterns/\(pattern)", #"{"name":"other"}"#, serving) == 200)
    #expect(try send("PATCH", "patterns/\(pattern)", #"{"name":"another"}"#, serving) == 200)
    #expect(try send("DELETE", "joblogs/\(job)", nil, serving) == 200)
    let family =
      #"{"id":"new","name":"n","strip_width_mm":2,"strip_thickness_mm":1,"material_type":"m","#
      + #""strips":[1]}"#
    #expect(try send("POST", "strip-families", family, serving) == 201)
    // The run of a running server does not count as interrupted.
    let during = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace).json
    #expect((during["interrupted_runs"] as? [Any])?.isEmpty == true)
    #expect((during["last_run"] as? [String: Any])?["command"] as? String == "serve")
    #expect(try serving.stop(signal).status == (signal == SIGTERM ? 0 : 137))
    #expect(try Content(of: workspace.file("x.db")) != before)
    let runs = try Tool.run(["runs", "--db", "x.db", "--json"], in: workspace).json
    let newest = try #require((runs["runs"] as? [[String: Any]])?.first)
    #expect(newest["command"] as? String == "serve")
    let status = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace).json
    let last = try #require(status["last_run"] as? [String: Any])
    #expect(last["state"] as? String == (signal == SIGTERM ? "completed" : "interrupted"))
    let dry = try Tool.run(["undo", "2", "--db", "x.db", "--dry-run", "--json"], in: workspace)
    #expect(dry.status == 0, "\(dry.output)")
    let undo = try Tool.run(["undo", "2", "--db", "x.db"], in: workspace)
    #expect(undo.status == 0, "\(undo.output)\(undo.errors)")
    #expect(try Content(of: workspace.file("x.db")) == before)
    let audit = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    #expect(audit.status == 0, "\(audit.output)")
    // A run cannot be undone twice.
    #expect(try Tool.run(["undo", "2", "--db", "x.db"], in: workspace).status == 1)
  }

  @Test func aMigrationBetweenTwoRequestsSeparatesTheirRuns() throws {
    let workspace = try workspace()
    let (_, pattern) = try ids(workspace)
    let serving = try Serving(["--allow-writes"], in: workspace)
    #expect(try send("PATCH", "patterns/\(pattern)", #"{"name":"other"}"#, serving) == 200)
    let again = ["migrate", "legacy", "--db", "x.db", "--on-duplicate", "update"]
    #expect(try Tool.run(again, in: workspace).status == 0)
    #expect(try send("PATCH", "patterns/\(pattern)", #"{"ring_count":77}"#, serving) == 200)
    #expect(try serving.stop().status == 0)
    let content = try Content(of: workspace.file("x.db"))
    // The edit was not overwritten; what was written after the migration is of a run of its own.
    let row = content.records[.patterns]?.first { $0.id == pattern }
    #expect(row?["name"] == .text("other"))
    #expect(content.runs.map(\.command) == ["serve", "migrate", "serve", "migrate"])
    #expect(content.runs.allSatisfy { $0.state == .completed })
    // The run of the server has to be undone first.
    let refused = try Tool.run(["undo", "1", "--db", "x.db"], in: workspace)
    #expect(refused.status == 1)
    #expect(refused.output.contains("rmos-cli undo 4 --db x.db"))
    for run in ["4", "2"] {
      #expect(try Tool.run(["undo", run, "--db", "x.db"], in: workspace).status == 0)
    }
  }

  @Test func aDatabaseWithoutALedgerGetsOneWithTheFirstWrite() throws {
    let workspace = try Workspace()
    let file = Fixtures.package + "/Tests/Fixtures/databases/version2.db"
    try FileManager.default.copyItem(atPath: file, toPath: workspace.file("x.db"))
    let before = try Content(of: workspace.file("x.db")).records
    let pattern = try #require(before[.patterns]?.first?.id)
    let serving = try Serving(["--allow-writes"], in: workspace)
    #expect(try send("PATCH", "patterns/\(pattern)", #"{"name":"other"}"#, serving) == 200)
    serving.tool.send(SIGKILL)
    _ = try serving.tool.wait()
    let undo = try Tool.run(["undo", "1", "--db", "x.db"], in: workspace)
    #expect(undo.status == 0, "\(undo.output)\(undo.errors)")
    #expect(try Content(of: workspace.file("x.db")).records == before)
  }

  /// As a version of this program leaves it that did not keep what servers write.
  @Test(.enabled(if: Tool.has("sqlite3"), "sqlite3 is not installed"))
  func aDatabaseWithoutTheTableCanBeReadAndGetsIt() throws {
    let workspace = try workspace()
    let drop = "sqlite3 -init /dev/null x.db 'DROP TABLE migration_changes'"
    #expect(try Tool.shell(drop, in: workspace).status == 0)
    let before = try Content(of: workspace.file("x.db"))
    let (_, pattern) = try ids(workspace)
    for command in [["status"], ["audit"], ["report"], ["undo", "1", "--dry-run"]] {
      #expect(try Tool.run(command + ["--db", "x.db"], in: workspace).status == 0)
    }
    let serving = try Serving(["--allow-writes"], in: workspace)
    #expect(try serving.json(Self.api + "patterns/\(pattern)/origin").status == 200)
    #expect(try send("PATCH", "patterns/\(pattern)", #"{"name":"other"}"#, serving) == 200)
    #expect(try serving.stop().status == 0)
    #expect(try Tool.run(["undo", "2", "--db", "x.db"], in: workspace).status == 0)
    #expect(try Content(of: workspace.file("x.db")) == before)
  }
}
