import Foundation
import Testing

/// The hints that the program adds to errors of the libraries, in terms of its options.
@Suite(.waiting) struct HintTests {
  private func migrated() throws -> Workspace {
    try PreparedWorkspace.migrated.get().copy()
  }

  @Test(arguments: [
    ("serve --db x.db --host 0.0.0.0", "serve.token-required", "--token"),
    ("serve --db x.db --host 192.0.2.1 --token t", "serve.no-address", "--host"),
    ("backup copy.db --db x.db", "backup.exists", "--force"),
    ("report --db x.db --run 9", "report.no-run", "rmos-cli runs"),
    ("report legacy/patterns/p1.json", "statistics.invalid", "--stats"),
    ("report x.db", "statistics.invalid", "report --db x.db"),
    ("status --db none.db", "store.cannot-open", "rmos-cli init"),
    ("status --db text.db", "store.not-a-database", "--db FILE"),
    ("migrate legacy --db x.db --rejects full", "rejects.not-empty", "--rejects DIR"),
  ])
  func anErrorComesWithItsWayOut(_ command: String, _ code: String, _ option: String) throws {
    let workspace = try migrated()
    try workspace.write(String(repeating: "text ", count: 200), to: "text.db")
    try workspace.write("", to: "copy.db")
    try workspace.write("", to: "full/notes.txt")
    let words = command.split(separator: " ").map(String.init)
    let text = try Tool.run(words, in: workspace)
    #expect(text.errors.split(separator: "\n").last?.contains(option) == true, "\(text.errors)")
    let error = try Tool.run(words + ["--json"], in: workspace).json["error"] as? [String: String]
    #expect(error?["code"] == code)
    #expect(error?["hint"]?.contains(option) == true)
    #expect(error?["message"]?.contains(option) == false)
  }

  @Test func aDefaultIsSaidToBeOne() throws {
    let workspace = try migrated()
    for command in ["migrate", "diff", "survey"] {
      let result = try Tool.run([command], in: workspace)
      #expect(result.status == 3)
      #expect(result.errors.hasSuffix(" was given; data/rmos_legacy is the default.\n"))
      let named = try Tool.run([command, "data/rmos_legacy"], in: workspace)
      #expect(named.status == 3 && !named.errors.contains("default"))
    }
  }

  @Test func aBackupOverTheDatabaseIsNotToBeForced() throws {
    let workspace = try migrated()
    for words in [
      ["backup", "x.db", "--db", "x.db"], ["backup", "x.db", "--db", "x.db", "--force"],
    ] {
      let run = try Tool.run(words, in: workspace)
      #expect(run.status == 3 && run.errors.contains("is the database itself"), "\(run.errors)")
      #expect(!run.errors.contains("--force"))
    }
  }

  @Test func anAuditThatCannotRunDoesNotCallForAnAudit() throws {
    let workspace = try migrated()
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: workspace.file("x.db")))
    try file.truncate(atOffset: 8192)
    try file.close()
    for (command, isOffered) in [("status", true), ("audit", false)] {
      let result = try Tool.run([command, "--db", "x.db"], in: workspace)
      #expect(result.status == 3 && result.errors.contains("is damaged"), "\(result.errors)")
      #expect(result.errors.contains("rmos-cli audit") == isOffered)
    }
  }

  @Test(arguments: [
    ([], "--on-duplicate update"), (["--on-duplicate", "update"], "--force"),
    (["--on-duplicate", "update", "--force"], nil), (["-q"], nil),
  ])
  func issuesOfOneCodeShareTheirHint(_ options: [String], _ option: String?) throws {
    let workspace = try migrated()
    let sql = "UPDATE patterns SET ring_count = 8; UPDATE joblogs SET parameters_json = '{}'"
    guard Tool.has("sqlite3") else { return }
    #expect(try Tool.shell("sqlite3 -init /dev/null x.db \"\(sql)\"", in: workspace).status == 0)
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db"] + options, in: workspace)
    let hints = result.errors.split(separator: "\n").filter { $0.hasPrefix("hint: ") }
    #expect(hints.count == (option == nil ? 0 : 1))
    if let option { #expect(hints.first?.contains(option) == true) }
  }

  @Test func theMappingThatAMessageNamesIsOfferedOnce() throws {
    let workspace = try Workspace()
    for name in ["a", "b", "c", "d", "e"] {
      try workspace.write(
        #"{"job_type": "slice", "parameters": {"a": 1}, "Status": "failed", "start_time": 1735689600}"#,
        to: "legacy/joblogs/\(name).json")
    }
    func hints(_ options: [String]) throws -> [Substring] {
      let result = try Tool.run(["migrate", "legacy", "--dry-run"] + options, in: workspace)
      return result.errors.split(separator: "\n").filter { $0.contains("hint: --mapping") }
    }
    #expect(
      try hints([]) == [
        "hint: --mapping any-case reads them [field.look-alike]",
        "hint: --mapping epoch reads them [field.type]",
      ])
    #expect(try hints(["--mapping", "any-case", "--mapping", "epoch"]).isEmpty)
    // Two mappings cannot be combined, so the hint is to have one proposed.
    let one = ["migrate", "legacy", "--dry-run", "--mapping", "any-case"]
    let result = try Tool.run(one, in: workspace)
    #expect(result.errors.contains("hint: rmos-cli survey legacy --propose FILE"))
  }

  /// A mapping that reads ids would add the rows again under these.
  @Test func rowsWithDerivedIDsAreFirstUndone() throws {
    let workspace = try Workspace()
    try workspace.write(
      #"[{"_id": "a", "name": "A", "ring_count": 1, "geometry": {"a": 1}}]"#,
      to: "legacy/patterns/a.json")
    for (options, hint) in [
      (["--dry-run"], "hint: --mapping any-case reads them"),
      (["--db", "x.db"], "hint: first rmos-cli undo 1 --db x.db, then --mapping any-case reads"),
    ] {
      let result = try Tool.run(["migrate", "legacy"] + options, in: workspace)
      #expect(result.errors.contains(hint), "\(result.errors)")
    }
  }

  /// No option is suggested if none would help.
  @Test func entitiesThatRepeatAnIDHaveNoHint() throws {
    let workspace = try Workspace()
    let rest = #""ring_count": 1, "geometry": {"a": 1}}"#
    try workspace.write(
      #"[{"id": "x", "name": "A", \#(rest), {"id": "x", "name": "B", \#(rest)]"#,
      to: "legacy/patterns/a.json")
    for options in [["--dry-run"], ["--db", "x.db"]] {
      let result = try Tool.run(["migrate", "legacy"] + options, in: workspace)
      #expect(
        result.errors.contains("appears earlier in the source (patterns/a.json:1)"),
        "\(result.errors)")
      #expect(!result.errors.contains("hint:"))
    }
  }

  @Test func whereNothingMigratesASurveyComesNext() throws {
    let workspace = try Workspace()
    try workspace.write(#"[{"a": 1}, {"a": 2}]"#, to: "legacy/patterns/a.json")
    let result = try Tool.run(["migrate", "legacy", "--dry-run"], in: workspace)
    let text = result.output + result.errors
    #expect(text.contains("Next: rmos-cli survey legacy  (shows what shape"), "\(text)")
    #expect(text.contains("hint: rmos-cli survey legacy/patterns/a.json shows their shape"))
    let mapped = try Tool.run(
      ["migrate", "legacy", "--dry-run", "--mapping", "any-case"], in: workspace)
    #expect((mapped.output + mapped.errors).contains("Next: complete the mapping or fix the files"))
  }

  @Test func findingsOfAnAuditComeWithTheirWayOut() throws {
    guard Tool.has("sqlite3") else { return }
    let workspace = try migrated()
    _ = try Tool.shell("sqlite3 -init /dev/null x.db 'DROP TABLE joblogs'", in: workspace)
    let result = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    #expect(result.status == 1)
    #expect(result.output.contains("  hint: rmos-cli init creates missing tables\n"))
  }
}
