import Foundation
import RMOSStore
import Testing

/// `audit`.
@Suite(.waiting) struct AuditCommandTests {
  /// A workspace with a copy of a database of version 1 to 4 as old.db.
  private func workspace(version: Int) throws -> Workspace {
    let workspace = try Workspace()
    let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Fixtures/databases/version\(version).db")
    try FileManager.default.copyItem(
      at: fixture, to: URL(fileURLWithPath: workspace.file("old.db")))
    return workspace
  }

  /// A workspace with a sound database as x.db.
  private func soundWorkspace() throws -> Workspace {
    try PreparedWorkspace.migrated.get().copy()
  }

  @Test func aSoundDatabaseGivesStatus0AndTheVerdictFirst() throws {
    let workspace = try soundWorkspace()
    let (listing, before) = (workspace.listing, try bytes("x.db", workspace))
    let result = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
    #expect(result.output.hasPrefix("x.db is sound\n"))
    let last = /23 checks passed, 0 failed; 0 errors, 0 warnings, 0 notes; \d+\.\d\d s\n$/
    #expect(result.output.contains(last))
    #expect(workspace.listing == listing)
    #expect(try bytes("x.db", workspace) == before)
  }

  @Test func aBadgeIsWrittenWhateverTheVerdict() throws {
    let workspace = try workspace(version: 2)
    let result = try Tool.run(["audit", "--db", "old.db", "--badge", "b.json"], in: workspace)
    #expect(result.status == 1)
    let badge = try JSONSerialization.jsonObject(with: bytes("b.json", workspace))
    #expect((badge as? [String: Any])?["message"] as? String == "6 errors")
  }

  @Test func quietTellsWhatIsWrongOnStandardError() throws {
    let workspace = try workspace(version: 2)
    let command = ["audit", "--db", "old.db", "-q"]
    let result = try Tool.run(command, in: workspace)
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(result.errors.hasPrefix("old.db is not sound: 6 errors, 1 warning\n"))
    #expect(result.errors.contains("\n  joblogs JOB-ROSETTE-20250315-100518: error: "))
    #expect(!result.errors.contains("warning:"))
    let allowed = try Tool.run(command + ["--max-errors", "6"], in: workspace)
    #expect(allowed.status == 0 && allowed.output.isEmpty && allowed.errors.isEmpty)
    // With --quiet, a missing state directory is not mentioned.
    let homeless = try Tool.run(
      ["audit", "--db", "x.db", "-q"], in: try soundWorkspace(),
      environment: ["HOME": "", "XDG_STATE_HOME": ""])
    #expect(homeless.status == 0 && homeless.errors.isEmpty)
    let page = try Tool.run(command + ["--output", "a.html"], in: workspace)
    #expect(page.errors == "old.db is not sound: 6 errors, 1 warning\n")
  }

  @Test func filesThatAreWrittenAreNamedAfterTheVerdict() throws {
    let workspace = try soundWorkspace()
    let all = try Tool.run(
      ["audit", "--db", "x.db", "--output", "a.html", "--repair-plan", "r.sql", "--badge", "b"],
      in: workspace)
    #expect(all.output == "x.db is sound\nWrote a.html\nWrote r.sql\nWrote b\n")
    #expect(try workspace.text("a.html").hasPrefix("<!DOCTYPE html>"))
    let text = try Tool.run(["audit", "--db", "x.db", "--badge", "b"], in: workspace)
    #expect(text.output.hasPrefix("x.db is sound\n\n") && text.output.hasSuffix("\nWrote b\n"))
    let quiet = try Tool.run(["audit", "--db", "x.db", "--badge", "b", "-q"], in: workspace)
    #expect(quiet.output.isEmpty && quiet.errors.isEmpty)
  }

  @Test func theOldNameOfTheTextFormatIsKnown() throws {
    let workspace = try Workspace()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let command = ["audit", "--db", "x.db", "--list-rules", "--format"]
    let text = try Tool.run(command + ["text"], in: workspace)
    let old = try Tool.run(command + ["txt"], in: workspace)
    #expect(old.status == 0 && old.output == text.output)
  }

  @Test func warningsOfAcceptedRulesDoNotCount() throws {
    let workspace = try Workspace()
    try workspace.writeOddJobLog()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let command = ["audit", "--db", "x.db", "--strict"]
    let strict = try Tool.run(command + ["-q"], in: workspace)
    #expect(strict.status == 1 && strict.errors == "x.db is sound, with 1 warning\n")
    let other = try Tool.run(command + ["--accept", "time.order"], in: workspace)
    #expect(other.status == 1 && !other.output.contains("Accepted"))
    let accepted = try Tool.run(command + ["--accept", "field.unknown-value"], in: workspace)
    #expect(accepted.status == 0 && accepted.output.contains("\nAccepted: 1 warning\n"))
  }

  @Test func errorsGiveStatus1AndAreGroupedByRule() throws {
    let workspace = try workspace(version: 2)
    let before = try bytes("old.db", workspace)
    let result = try Tool.run(["audit", "--db", "old.db"], in: workspace)
    #expect(result.status == 1)
    #expect(result.output.hasPrefix("old.db is not sound: 6 errors, 1 warning\n"))
    #expect(result.output.contains(#/job logs +12\n/#))
    #expect(result.output.contains("\nreference.missing: 6 findings — "))
    #expect(
      result.output.contains(
        "\n  joblogs JOB-ROSETTE-20250315-100518: error: pattern_id points to the pattern "
          + "\"fleta_wave_7x11\", which does not exist\n"))
    #expect(workspace.listing == ["old.db"])
    #expect(try bytes("old.db", workspace) == before)
  }

  @Test func onlyTenFindingsOfARuleAreShown() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    for number in 0..<12 {
      try workspace.write(
        #"{"id": "w\#(number)", "job_type": "sanding", "parameters": {"a": 1}}"#,
        to: "legacy/joblogs/w\(number).json")
    }
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let result = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("x.db is sound, with 12 warnings\n"))
    #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("  joblogs w") }.count == 10)
    #expect(result.output.contains("\n  … and 2 more\n"))
  }

  /// The first load of a database creates its indexes at the end.
  @Test func noIndexIsAskedForWhileAnotherProcessWrites() throws {
    let workspace = try workspace(version: 2)
    func audit() throws -> String {
      try Tool.run(["audit", "--db", "old.db", "--rule", "schema.index"], in: workspace).output
    }
    let store = try SQLiteStore(path: workspace.file("old.db"), access: .readWrite)
    let during = try store.withExclusiveWriter { try audit() }
    #expect(during.contains("indexes while another process writes"), "\(during)")
    #expect(!during.contains("warning:"))
    #expect(try audit().contains("warning: the index idx_"))
  }

  @Test func thresholdsDecideTheStatus() throws {
    let workspace = try workspace(version: 2)
    for (arguments, status) in [
      ([], 1), (["--max-errors", "5"], 1), (["--max-errors", "6"], 0),
      (["--max-errors", "6", "--strict"], 1), (["--max-errors", "6", "--max-warnings", "0"], 1),
      (["--max-errors", "6", "--max-warnings", "1"], 0),
      (["--skip", "reference.missing", "--skip", "sqlite.foreign-key"], 0),
      (["--rule", "schema.index"], 0), (["--rule", "schema.index", "--strict"], 1),
    ] as [([String], Int32)] {
      let result = try Tool.run(["audit", "--db", "old.db"] + arguments, in: workspace)
      #expect(result.status == status, "\(arguments)")
    }
  }

  @Test func rulesAreChosenByCode() throws {
    let workspace = try workspace(version: 2)
    let json = try Tool.run(
      ["audit", "--db", "old.db", "--rule", "schema.index", "--rule", "id.blank", "--json"],
      in: workspace
    ).json
    #expect(
      (json["rules"] as? [[String: Any]])?.compactMap { $0["code"] as? String }
        == ["schema.index", "id.blank"])
    #expect(json["success"] as? Bool == true)
  }

  @Test func jsonIsOneObjectOnSuccessAndFailure() throws {
    let workspace = try workspace(version: 4)
    for arguments in [["--json"], ["--format", "json"], ["--json", "--format", "json"]] {
      let result = try Tool.run(["audit", "--db", "old.db"] + arguments, in: workspace)
      #expect(result.status == 1)
      let json = try result.json
      #expect(json["success"] as? Bool == false)
      #expect(json["counts"] as? [String: Int] != nil)
      #expect((json["findings"] as? [Any])?.count == 6)
    }
    let both = try Tool.run(["audit", "--json", "--format", "html"], in: workspace)
    #expect(both.status == 2)
    #expect((try both.json["error"] as? [String: Any])?["code"] as? String == "usage")
    let absent = try Tool.run(["audit", "--db", "none.db", "--json"], in: workspace)
    #expect(absent.status == 3)
    #expect((try absent.json["error"] as? [String: Any])?["code"] as? String == "store.cannot-open")
    #expect(workspace.listing == ["old.db"])
  }

  @Test func theReportGoesToAFile() throws {
    let workspace = try workspace(version: 4)
    let result = try Tool.run(
      ["audit", "--db", "old.db", "--format", "html", "--output", "a.html"], in: workspace)
    #expect(result.status == 1)
    #expect(result.output == "old.db is not sound: 6 errors, 0 warnings\nWrote a.html\n")
    #expect(try workspace.text("a.html").hasPrefix("<!DOCTYPE html>"))
    #expect(workspace.listing == ["a.html", "old.db"])
  }

  @Test func asJSONStandardOutputSaysWhichFilesWereWritten() throws {
    let workspace = try workspace(version: 4)
    let result = try Tool.run(
      ["audit", "--db", "old.db", "--json", "--badge", "b.json", "--output", "a.json"],
      in: workspace)
    #expect(result.status == 1)
    let json = try result.json
    #expect(json["success"] as? Bool == false)
    #expect(json["files"] as? [String] == ["a.json", "b.json"])
    #expect(try workspace.text("a.json").contains("\"findings\""))
  }

  @Test func theRepairPlanMendsWhatItSays() throws {
    let workspace = try workspace(version: 1)
    let before = try bytes("old.db", workspace)
    let result = try Tool.run(
      ["audit", "--db", "old.db", "--repair-plan", "plan.sql"], in: workspace)
    #expect(result.status == 1)
    #expect(try bytes("old.db", workspace) == before)
    // Statements that would lose data are commented out.
    for (decision, status) in [(":", Int32(1)), ("sed -i 's/^-- UPDATE/UPDATE/' plan.sql", 0)] {
      let apply = "\(decision); sqlite3 -init /dev/null -bail old.db < plan.sql"
      #expect(try Tool.shell(apply, in: workspace).status == 0)
      let after = try Tool.run(["audit", "--db", "old.db", "--json"], in: workspace)
      #expect(after.status == status)
    }
  }

  @Test func whatCanBeRepairedLeadsToThePlan() throws {
    let workspace = try workspace(version: 1)
    let result = try Tool.run(["audit", "--db", "old.db"], in: workspace)
    let next = "\nNext: rmos-cli audit --db old.db --repair-plan repair.sql\n"
    #expect(result.output.hasSuffix(next))
    let plan = try Tool.run(["audit", "--db", "old.db", "--repair-plan", "p.sql"], in: workspace)
    #expect(!plan.output.contains("Next:"))
    let sound = try Tool.run(["audit", "--db", "x.db"], in: soundWorkspace())
    #expect(sound.status == 0 && !sound.output.contains("Next:"))
  }

  @Test func rulesAreListedWithoutADatabase() throws {
    let workspace = try Workspace()
    let text = try Tool.run(["audit", "--list-rules"], in: workspace)
    #expect(text.status == 0)
    #expect(text.output.contains(#/\nreference\.missing +error +[A-Z]/#))
    let json = try Tool.run(["audit", "--list-rules", "--json"], in: workspace).json
    #expect((json["rules"] as? [Any])?.count == 23)
    #expect(workspace.listing == [])
  }

  @Test(arguments: [
    (["--rule", "reference.mising"], "Did you mean reference.missing?"),
    (["--skip", "nothing"], #"there is no rule "nothing""#),
    (["--rule", "id.blank", "--skip", "id.blank"], "leave no rule"),
    (["--strict", "--max-warnings", "3"], "cannot be combined"),
    (["--format", "pdf"], "expected text, json or html"),
    (["--max-errors", "-1"], "--max-errors"),
    (["--strict", "--output", "old.db"], "is the database"),
    (["--repair-plan", "./old.db"], "is the database"),
    (["--output", "old.db-wal"], "belongs to the database old.db"),
    (["--badge", "./old.db-journal"], "belongs to the database old.db"),
    (["--repair-plan", "old.db.lock"], "belongs to the database old.db"),
    (["--output", "a", "--badge", "./a"], "is named twice"),
  ])
  func whatMakesNoSenseIsAUsageError(_ arguments: [String], _ mention: String) throws {
    let workspace = try workspace(version: 4)
    let before = try bytes("old.db", workspace)
    let result = try Tool.run(["audit", "--db", "old.db"] + arguments, in: workspace)
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains(mention), "\(result.errors)")
    #expect(try bytes("old.db", workspace) == before)
  }

  @Test func whatCannotBeReadOrWrittenGivesStatus3() throws {
    let workspace = try workspace(version: 4)
    try workspace.write(String(repeating: "text ", count: 200), to: "text.db")
    for arguments in [
      ["--db", "text.db"], ["--db", "none.db"], ["--db", "."],
      ["--db", "old.db", "--output", "nowhere/a"], ["--db", "old.db", "--repair-plan", "."],
    ] {
      let result = try Tool.run(["audit"] + arguments, in: workspace)
      #expect(result.status == 3, "\(arguments)")
      #expect(result.errors.hasPrefix("rmos-cli: error: "))
    }
    #expect(workspace.listing == ["old.db", "text.db"])
  }

  @Test func textFromTheDatabaseCannotSteerTheTerminal() throws {
    let workspace = try soundWorkspace()
    _ = try Tool.shell(
      #"sqlite3 -init /dev/null x.db "UPDATE joblogs SET pattern_id = char(27) || '[31m' || char(10)""#,
      in: workspace)
    let result = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    #expect(result.status == 1)
    #expect(result.output.contains(#"\u{1b}[31m\u{a}"#))
    #expect(!result.output.contains("\u{1b}"))
  }

  private func bytes(_ name: String, _ workspace: Workspace) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: workspace.file(name)))
  }
}
