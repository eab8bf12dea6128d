import Foundation
import Testing

/// `migrate --rejects`.
@Suite(.waiting) struct RejectsCommandTests {
  private func broken() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    try workspace.writeBrokenPattern()
    return workspace
  }

  @Test func rejectsAreMendedAndMigrated() throws {
    let workspace = try broken()
    let first = try Tool.shell(
      "umask 0; $CLI migrate legacy --db x.db --rejects rejects", in: workspace)
    #expect(first.status == 1)
    #expect(
      first.output.hasSuffix(
        """
        Rejects: 1 in rejects
        Next: fix the files in rejects, then rmos-cli migrate rejects --db x.db
        Next: rmos-cli report --db x.db  (lists what failed, and why)

        """))
    #expect(
      workspace.listing.filter { $0.hasPrefix("rejects/") } == [
        "rejects/README.txt", "rejects/SHA256SUMS", "rejects/patterns",
        "rejects/patterns/p2.json",
        "rejects/patterns/p2.json.issues",
      ])
    let modes = try Tool.shell(
      "find rejects -type d ! -perm 700; find rejects -type f ! -perm 600", in: workspace)
    #expect(modes.output.isEmpty)
    #expect(
      try workspace.text("rejects/patterns/p2.json")
        == workspace.text("legacy/patterns/p2.json"))

    let same = try Tool.run(
      ["migrate", "rejects", "--db", "x.db", "--rejects", "rejects"], in: workspace)
    #expect(same.status == 3 && same.errors.contains("rejects holds the source rejects"))
    try workspace.write(
      #"{"id": "p2", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#,
      to: "rejects/patterns/p2.json")
    let second = try Tool.run(["migrate", "rejects", "--db", "x.db", "--json"], in: workspace)
    #expect(second.status == 0)
    #expect((try second.json["summary"] as? [String: Any])?["total_migrated"] as? Int == 1)
  }

  /// Fixed rejects block the next run until the command that the program suggests removes them.
  @Test func roomIsMadeForTheNextRejects() throws {
    let workspace = try broken()
    let night = ["migrate", "legacy", "--db", "x.db", "--rejects", "rejects", "-q"]
    #expect(try Tool.run(night, in: workspace).status == 1)
    #expect(try workspace.text("rejects/README.txt").contains("it migrates nothing at all"))
    let fixed = #"{"id": "p2", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#
    try workspace.write(fixed, to: "rejects/patterns/p2.json")
    let dry = try Tool.run(["migrate", "rejects", "--db", "x.db", "--dry-run"], in: workspace)
    #expect(!dry.output.contains("rm -r"))
    let migrated = try Tool.run(["migrate", "rejects", "--db", "x.db"], in: workspace)
    let step = try #require(migrated.output.firstMatch(of: /Next: (rm -r rejects)  \(/)?.1)
    #expect(try Tool.run(night, in: workspace).status == 3)
    _ = try Tool.shell(String(step), in: workspace)
    // The file in the source is still broken.
    #expect(try Tool.run(night, in: workspace).status == 1)
    #expect(workspace.exists("rejects/patterns/p2.json"))
    // If the database has another row, the edit is not in it.
    let again = try Workspace()
    try again.writeSmallTree()
    try again.writeBrokenPattern()
    _ = try Tool.run(night, in: again)
    try again.write(
      fixed.replacing(#""n""#, with: #""m""#), to: "legacy/patterns/p2.json")
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: again)
    try again.write(fixed, to: "rejects/patterns/p2.json")
    let differs = try Tool.run(["migrate", "rejects", "--db", "x.db"], in: again)
    #expect(differs.status == 0 && differs.errors.contains("[duplicate.differs]"))
    #expect(!differs.output.contains("rm -r"))
  }

  @Test func rejectsAreInTheReportAsJSON() throws {
    let workspace = try broken()
    let json = try Tool.run(
      ["migrate", "legacy", "--db", "x.db", "--rejects", "a/b", "--json"], in: workspace
    ).json
    let rejects = try #require(
      (json["run"] as? [String: Any])?["rejects"] as? [String: Any])
    #expect(rejects["directory"] as? String == "a/b")
    #expect(rejects["written"] as? Int == 1 && rejects["not_written"] as? Int == 0)
    #expect(rejects["failure"] is NSNull)
  }

  @Test func aDirectoryThatWillNotDoIsRefusedBeforeThereIsADatabase() throws {
    let workspace = try broken()
    try workspace.write("", to: "file")
    try workspace.write("", to: "full/notes.txt")
    _ = try Tool.shell("ln -s nowhere/x link", in: workspace)
    for (directory, code) in [
      ("legacy", "rejects.in-source"), ("full", "rejects.not-empty"),
      ("legacy/patterns/r", "rejects.in-source"),
      ("file", "rejects.unwritable"), ("link", "rejects.unwritable"),
      ("link/below", "rejects.unwritable"),
    ] {
      for dry in [[], ["--dry-run"]] {
        let result = try Tool.run(
          ["migrate", "legacy", "--db", "x.db", "--rejects", directory, "--json"] + dry,
          in: workspace)
        #expect(result.status == 3)
        #expect((try result.json["error"] as? [String: String])?["code"] == code)
      }
    }
    #expect(!workspace.exists("x.db") && !workspace.exists("legacy/patterns/r"))
  }

  @Test func theDatabasesOwnDirectoryIsNoPlaceForRejects() throws {
    let workspace = try broken()
    _ = try Tool.shell("mkdir r", in: workspace)
    for dry in [[], ["--dry-run"]] {
      let result = try Tool.run(
        ["migrate", "legacy", "--db", "r/x.db", "--rejects", "r/"] + dry, in: workspace)
      #expect(result.status == 2)
      #expect(result.errors.contains("r/ contains the database r/x.db"))
    }
    #expect(!workspace.exists("r/x.db"))
  }

  @Test func aDryRunWritesNoRejects() throws {
    let workspace = try broken()
    let before = workspace.listing
    let result = try Tool.run(
      ["migrate", "legacy", "--db", "x.db", "--rejects", "r", "--dry-run"], in: workspace)
    #expect(result.status == 1)
    #expect(workspace.listing == before)
  }

  /// A limit of file sizes simulates a full disk; the database stays below it.
  @Test func whatCannotBeWrittenIsToldAndGivesStatus3() throws {
    let workspace = try broken()
    let long = String(repeating: "x", count: 2 << 20)
    try workspace.write(#"{"id": "p3", "name": "\#(long)"}"#, to: "legacy/patterns/p3.json")
    let command = "trap '' XFSZ; ulimit -f 1024; $CLI migrate legacy --db x.db --rejects "
    let result = try Tool.shell(command + "r", in: workspace)
    #expect(result.status == 3)
    #expect(result.errors.contains("1 of 2 rejects could not be written to r"))
    #expect(result.output.contains("Rejects: 1 in r\n"))
    #expect(workspace.exists("r/patterns/p2.json"))
    #expect(!workspace.exists("r/patterns/p3.json"))
    #expect(workspace.exists("r/patterns/p3.json.issues"))
    let json = try Tool.shell(command + "r2 --json", in: workspace)
    #expect(json.status == 3)
    #expect((try json.json["error"] as? [String: String])?["code"] == "rejects.unwritable")
    let run = try #require(try json.json["run"] as? [String: Any])
    #expect((run["rejects"] as? [String: Any])?["not_written"] as? Int == 1)
  }

  /// Repeated runs, as on a schedule.
  @Test func oneDirectoryServesEveryNight() throws {
    let workspace = try broken()
    let command = "$CLI migrate legacy --db x.db --rejects rejects"
    for _ in 0..<2 {
      let night = try Tool.shell(command, in: workspace)
      #expect(night.status == 1 && night.output.contains("Rejects: 1 in rejects\n"))
    }
    let sums = try Tool.shell(
      "if command -v sha256sum > /dev/null; then cd rejects && sha256sum -c SHA256SUMS; fi",
      in: workspace)
    #expect(sums.status == 0, "\(sums.output)")

    try workspace.write("{}", to: "rejects/patterns/p2.json")
    let refused = try Tool.shell(command, in: workspace)
    #expect(refused.status == 3)
    #expect(refused.errors.contains("patterns/p2.json has changed since a run wrote it"))
    #expect(refused.errors.contains("Nothing was migrated. To list"))
    let command2 = try #require(refused.errors.firstMatch(of: /\((cd rejects .*)\)/)?.1)
    if Tool.has("sha256sum") {
      let edited = try Tool.shell(String(command2), in: workspace)
      #expect(edited.output == "patterns/p2.json: FAILED\n")
    }
    // No new database is left behind either.
    let new = try Tool.shell("$CLI migrate legacy --db new.db --rejects rejects", in: workspace)
    #expect(new.status == 3 && !workspace.listing.contains { $0.hasPrefix("new.db") })
    _ = try Tool.shell("rm rejects/patterns/p2.json", in: workspace)

    try workspace.write(
      #"{"id": "p2", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#,
      to: "legacy/patterns/p2.json")
    let mended = try Tool.shell(command, in: workspace)
    #expect(mended.status == 0)
    #expect(mended.output.contains("Rejects: none in rejects (1 earlier removed)\n"))
    #expect(workspace.listing.filter { $0.hasPrefix("rejects/") }.isEmpty)
    #expect(workspace.exists("rejects"))
  }

  /// A limit of file sizes simulates a full disk; the earlier rejects are kept.
  @Test func whatCannotBeReplacedStays() throws {
    let workspace = try broken()
    let command = "$CLI migrate legacy --db x.db --rejects r"
    #expect(try Tool.shell(command, in: workspace).status == 1)
    let long = String(repeating: "x", count: 2 << 20)
    try workspace.write(#"{"id": "p3", "name": "\#(long)"}"#, to: "legacy/patterns/p3.json")
    try workspace.write(
      #"{"id": "p2", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#,
      to: "legacy/patterns/p2.json")
    let result = try Tool.shell("trap '' XFSZ; ulimit -f 1024; " + command, in: workspace)
    #expect(result.status == 3)
    // p3 is not complete, so whether p2 is obsolete is not decided.
    #expect(workspace.exists("r/patterns/p2.json"))
    #expect(workspace.exists("r/patterns/p3.json.issues"))
    #expect(try Tool.shell(command, in: workspace).status == 1)
    #expect(!workspace.exists("r/patterns/p2.json") && workspace.exists("r/patterns/p3.json"))
  }
}
