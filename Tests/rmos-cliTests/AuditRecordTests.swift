import Foundation
import RMOSTestSupport
import Testing

/// The last audit, as `status` shows it.
@Suite(.waiting) struct AuditRecordTests {
  private static var line: Regex<(Substring, Substring, Substring)> {
    #/Last audit +(\d{4}-\d\d-\d\d \d\d:\d\d) UTC, (.+)\n/#
  }

  private func audits(_ workspace: Workspace, _ directory: String = "state/rmos/audits") -> [String]
  {
    let names = try? FileManager.default.contentsOfDirectory(atPath: workspace.outside(directory))
    return (names ?? []).sorted()
  }

  private func lastAudit(
    _ workspace: Workspace, _ environment: [String: String] = [:]
  ) throws -> String? {
    let result = try Tool.run(["status", "--db", "x.db"], in: workspace, environment: environment)
    #expect(result.status == 0)
    return result.output.firstMatch(of: Self.line).map { String($0.output.2) }
  }

  @Test func statusTellsOfTheLastAuditAndWhetherTheFileHasChangedSince() throws {
    let workspace = try Serving.workspace()
    #expect(try lastAudit(workspace) == nil)
    let before = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace).json
    #expect(before["last_audit"] is NSNull)

    let listing = workspace.listing
    let audit = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    #expect(audit.status == 0 && audit.errors.isEmpty)
    #expect(workspace.listing == listing, "nothing beside the database")
    #expect(audits(workspace).count == 1)
    #expect(try lastAudit(workspace) == "sound; its file has not changed since")

    try workspace.write(
      #"{"id": "j2", "job_type": "slice", "parameters": {}}"#, to: "more/joblogs/j2.json")
    _ = try Tool.run(["migrate", "more", "--db", "x.db"], in: workspace)
    #expect(try lastAudit(workspace) == "sound; its file has changed since")
    let after = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace).json
    let last = try #require(after["last_audit"] as? [String: Any])
    #expect(last["verdict"] as? String == "sound")
    #expect(last["changed_since"] as? Bool == true)

    _ = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    #expect(try lastAudit(workspace) == "sound, with 1 warning; its file has not changed since")
    #expect(audits(workspace).count == 1)
  }

  @Test func anAuditOfSomeRulesLeavesTheRecordAsItIs() throws {
    let workspace = try Serving.workspace()
    let part = ["audit", "--db", "x.db", "--rule", "reference.missing"]
    _ = try Tool.run(part, in: workspace)
    #expect(audits(workspace).isEmpty)
    _ = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    let record = try Data(
      contentsOf: URL(
        fileURLWithPath: workspace.outside("state/rmos/audits/\(audits(workspace)[0])")))
    _ = try Tool.run(part, in: workspace)
    #expect(
      try Data(
        contentsOf: URL(
          fileURLWithPath: workspace.outside("state/rmos/audits/\(audits(workspace)[0])")))
        == record)
  }

  @Test func aDatabaseHasOneRecordWhateverItIsCalled() throws {
    let workspace = try Serving.workspace()
    try FileManager.default.createSymbolicLink(
      atPath: workspace.file("link.db"), withDestinationPath: "x.db")
    for name in ["x.db", "./x.db", workspace.file("x.db"), "link.db"] {
      _ = try Tool.run(["audit", "--db", name], in: workspace)
    }
    #expect(audits(workspace).count == 1)
    _ = try Tool.run(["init", "--db", "other.db"], in: workspace)
    _ = try Tool.run(["audit", "--db", "other.db"], in: workspace)
    #expect(audits(workspace).count == 2)
  }

  @Test func theStateDirectoryOfAServiceComesFirst() throws {
    let workspace = try Serving.workspace()
    let environment = [
      "STATE_DIRECTORY": workspace.outside("service") + ":" + workspace.outside("second")
    ]
    _ = try Tool.run(["audit", "--db", "x.db"], in: workspace, environment: environment)
    #expect(audits(workspace, "service/audits").count == 1)
    #expect(audits(workspace).isEmpty)
    #expect(try lastAudit(workspace, environment) != nil)
    #expect(try lastAudit(workspace) == nil)
  }

  @Test func withoutXDGItIsInTheHomeDirectory() throws {
    let workspace = try Serving.workspace()
    // A relative path is ignored, as the specification of XDG_STATE_HOME demands.
    let environment = ["XDG_STATE_HOME": "state", "HOME": workspace.outside("home")]
    _ = try Tool.run(["audit", "--db", "x.db"], in: workspace, environment: environment)
    #expect(audits(workspace, "home/.local/state/rmos/audits").count == 1)
    #expect(try lastAudit(workspace, environment) != nil)
  }

  @Test func aStateDirectoryThatCannotBeWrittenIsAWarning() throws {
    let workspace = try Serving.workspace()
    try Data().write(to: URL(fileURLWithPath: workspace.outside("file")))
    for environment in [
      ["XDG_STATE_HOME": workspace.outside("file")], ["XDG_STATE_HOME": "", "HOME": ""],
    ] {
      let result = try Tool.run(["audit", "--db", "x.db"], in: workspace, environment: environment)
      #expect(result.status == 0)
      #expect(result.output.hasPrefix("x.db is sound\n"))
      #expect(result.errors.contains("warning: the verdict cannot be saved for the command status"))
      let json = try Tool.run(
        ["audit", "--db", "x.db", "--json"], in: workspace, environment: environment)
      #expect(try json.json["verdict"] as? String == "sound")
    }
  }

  @Test(arguments: ["", "{", "[]", #"{"database": "elsewhere"}"#])
  func aRecordThatIsNoneIsPassedOver(_ text: String) throws {
    let workspace = try Serving.workspace()
    _ = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    let path = workspace.outside("state/rmos/audits/\(audits(workspace)[0])")
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    #expect(try lastAudit(workspace) == nil)
    _ = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    #expect(try lastAudit(workspace) != nil)
  }
}

/// The audits of `serve`.
@Suite(.waiting, .enabled(if: Tool.has("curl"), "curl is not installed")) struct ServeAuditTests {
  private static let place = "api/rmos/stores/migration/audit"

  @Test func theVerdictOfTheServerIsKnownToStatus() throws {
    let workspace = try Serving.workspace()
    let serving = try Serving(in: workspace)
    try eventually("the audit is over", every: .milliseconds(10)) {
      try serving.json(Self.place).status != 202
    }
    #expect(try serving.curl("audit").contains("class=\"verdict sound\""))
    let status = try Tool.run(["status", "--db", "x.db"], in: workspace).output
    #expect(status.contains(#/Last audit .* UTC, sound; its file has not changed since\n/#))
    let result = try serving.stop()
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
  }

  @Test func withoutAuditsThereAreNone() throws {
    let workspace = try Serving.workspace()
    let serving = try Serving(["--no-audit"], in: workspace)
    #expect(try serving.json(Self.place).status == 404)
    #expect(try serving.curl("audit").contains("Background audits are off"))
    #expect(try serving.stop().status == 0)
    let status = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace).json
    #expect(status["last_audit"] is NSNull)
  }

  @Test(.enabled(if: Tool.has("sqlite3"), "sqlite3 is missing"))
  func anAuditUnderWayDoesNotHoldUpTheEnd() throws {
    let workspace = try Serving.workspace()
    // So many rows that an audit takes longer than the test.
    let grow =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
      + "INSERT INTO strip_families (id, name, strip_width_mm, strip_thickness_mm, material_type, "
      + "strips_json) SELECT 'n' || i, 'N', 1, 1, 'Koa', '[' || printf('%.500c', '1') || ']' FROM n"
    _ = try Tool.shell("sqlite3 x.db \"\(grow)\"", in: workspace)
    let serving = try Serving(in: workspace)
    let answer = try serving.json(Self.place)
    #expect(answer.status == 202 || answer.status == 200)
    let result = try serving.stop()
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
  }

  @Test func thatVerdictsCannotBeKeptIsSaidOnce() throws {
    let workspace = try Serving.workspace()
    try Data().write(to: URL(fileURLWithPath: workspace.outside("file")))
    let serving = try Serving(
      in: workspace, environment: ["XDG_STATE_HOME": workspace.outside("file")])
    try eventually("the audit is over", every: .milliseconds(10)) {
      try serving.json(Self.place).status != 202
    }
    let result = try serving.stop()
    #expect(result.status == 0)
    #expect(result.errors.contains("warning: verdicts cannot be saved"))
  }
}
