import Foundation
import Testing

/// `export` and `diff`.
@Suite(.waiting) struct ExportCommandTests {
  private func migrated() throws -> Workspace {
    try PreparedWorkspace.migrated.get().copy()
  }

  @Test func anExportIsSummedUpAndMigratesIntoTheSame() throws {
    let workspace = try migrated()
    let result = try Tool.run(["export", "tree", "--db", "x.db"], in: workspace)
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(
      result.output == """
        Wrote 3 files to tree:
          1 strip family
          1 pattern
          1 job log

        """)
    let migrate = try Tool.run(["migrate", "tree", "--db", "y.db", "--json"], in: workspace)
    #expect(migrate.status == 0)
    _ = try Tool.run(["export", "again", "--db", "y.db"], in: workspace)
    let same = try Tool.shell("diff -r tree again", in: workspace)
    #expect(same.status == 0, "\(same.output)")
    let diff = try Tool.run(["diff", "tree", "--db", "x.db"], in: workspace)
    #expect(diff.status == 0)
  }

  /// What a power failure would leave is told by the order of the calls: every file is on the disk
  /// before its directory takes its name, and the names are before the program says so.
  @Test(.enabled(if: Tool.succeeds("strace -o /dev/null true"), "strace does not work here"))
  func whatIsSaidToBeWrittenIsOnTheDisk() throws {
    let workspace = try migrated()
    func calls(_ command: String) throws -> [String] {
      let result = try Tool.shell(
        #"strace -f -y -o trace -e trace=fsync,rename,renameat2,linkat,write "$CLI" \#(command)"#,
        in: workspace)
      try #require(result.status == 0, "\(result.errors)")
      return try String(contentsOfFile: workspace.file("trace"), encoding: .utf8)
        .split(separator: "\n").map { String($0.drop { $0 != " " }.drop { $0 == " " }) }
    }
    func position(_ calls: [String], _ name: String, _ part: String) throws -> Int {
      try #require(
        calls.firstIndex { $0.hasPrefix(name) && $0.contains(part) }, "\(name) … \(part)")
    }
    let export = try calls("export new/tree --db x.db")
    let moved = try position(export, "rename", ".tree.incomplete-1\"")
    #expect(export.count { $0.hasPrefix("rename") } == 1)
    for name in ["strip_families/f1.json", "patterns/p1.json", "joblogs/j1.json"] {
      let kind = String(name.prefix { $0 != "/" })
      let file = try position(export, "fsync", "\(name)>")
      let directory = try position(export, "fsync", "/\(kind)>")
      #expect(file < directory && directory < moved)
    }
    #expect(try position(export, "fsync", "/new/.tree.incomplete-1>") < moved)
    let parent = try position(export, "fsync", "/new>")
    #expect(try moved < parent && parent < position(export, "fsync", "/work>"))
    #expect(try position(export, "fsync", "/work>") < position(export, "write", "Wrote 3 files"))

    let backup = try calls("backup copy.db --db x.db")
    let linked = try position(backup, "linkat", ".incomplete-")
    #expect(try position(backup, "fsync", ".incomplete-") < linked)
    #expect(backup[linked...].contains { $0.hasPrefix("fsync") })
  }

  @Test(.enabled(if: DiskFullTests.canMount, "mounting a tmpfs is not allowed here"))
  func anExportThatFailsLeavesNothing() throws {
    let workspace = try migrated()
    let mounted = try Tool.shell(
      "mkdir m && mount -t tmpfs -o size=64k none m && mkdir m/old && cat /dev/zero >m/full",
      in: workspace)
    defer { _ = try? Tool.shell("umount m", in: workspace) }
    #expect(mounted.errors.contains("No space"))
    for target in ["m/new", "m/old"] {
      let result = try Tool.run(["export", target, "--db", "x.db"], in: workspace)
      #expect(result.status == 3 && result.errors.contains("No space left on device; free some"))
    }
    #expect(try Tool.shell("ls -A m m/old", in: workspace).output == "m:\nfull\nold\n\nm/old:\n")
  }

  @Test func linesAndCompactFilesAreAskedForByOptions() throws {
    let workspace = try migrated()
    let result = try Tool.run(["export", "tree", "--db", "x.db", "--lines"], in: workspace)
    #expect(result.status == 0)
    let line =
      #"{"id":"j1","job_type":"slice","pattern_id":"p1","status":"pending","#
      + #""parameters":{"feed":5},"created_at":"2025-01-01","updated_at":"2025-01-01"}"# + "\n"
    #expect(try workspace.text("tree/joblogs/joblogs.jsonl") == line)
    _ = try Tool.run(["export", "files", "--db", "x.db", "--compact"], in: workspace)
    #expect(try workspace.text("files/joblogs/j1.json") == line)
  }

  @Test func anExportAsJSON() throws {
    let workspace = try migrated()
    let json = try Tool.run(["export", "tree", "--db", "x.db", "--json"], in: workspace).json
    #expect(json["success"] as? Bool == true)
    #expect(
      json["entities"] as? [String: Int] == ["strip_families": 1, "patterns": 1, "joblogs": 1])
    #expect(json["files"] as? Int == 3 && json["left_out"] as? Int == 0)
    #expect((json["issues"] as? [Any])?.isEmpty == true)
  }

  @Test func aDirectoryWithSomethingInItIsRefused() throws {
    let workspace = try migrated()
    let listing = workspace.listing
    let result = try Tool.run(["export", "legacy", "--db", "x.db"], in: workspace)
    #expect(result.status == 3 && result.output.isEmpty)
    #expect(result.errors.contains("legacy is not empty"))
    let json = try Tool.run(["export", "legacy", "--db", "x.db", "--json"], in: workspace).json
    #expect((json["error"] as? [String: Any])?["code"] as? String == "export.not-empty")
    #expect(workspace.listing == listing)
  }

  @Test func rowsThatNoFileCanSayGiveStatus1() throws {
    guard Tool.has("sqlite3") else { return }
    let workspace = try migrated()
    // Two ids that are not UTF-8 become equal when their bytes are replaced.
    let sql =
      "UPDATE joblogs SET id = NULL; UPDATE patterns SET metadata_json = 'x'; "
      + "INSERT INTO patterns (id, name, ring_count, geometry_json) "
      + "VALUES (CAST(x'61FF' AS TEXT), 'a', 1, '{}'), (CAST(x'61FE' AS TEXT), 'b', 1, '{}');"
    _ = try Tool.shell("sqlite3 -init /dev/null x.db \"\(sql)\"", in: workspace)
    let result = try Tool.run(["export", "tree", "--db", "x.db"], in: workspace)
    #expect(result.status == 1)
    #expect(result.output.hasSuffix("  2 patterns\n  0 job logs\nLeft out: 2 rows\n"))
    #expect(result.errors.contains("job log: has no id"))
    #expect(result.errors.contains(#"pattern "p1": "metadata" is text"#))
    #expect(result.errors.contains("[export.inexact]"))
    #expect(workspace.exists("tree/patterns/p1.json"))
  }

  @Test func aDiffWithoutADifferenceIsATable() throws {
    let workspace = try migrated()
    let result = try Tool.run(["diff", "legacy", "--db", "x.db"], in: workspace)
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(
      result.output == """
                        equal  different  only in source  only in database
        strip families      1          0               0                 0
        patterns            1          0               0                 0
        job logs            1          0               0                 0
        total               3          0               0                 0

        """)
  }

  @Test func aDiffNamesWhatDiffersWithBothValues() throws {
    let workspace = try migrated()
    try workspace.write(
      """
      {"id": "j1", "job_type": "slice\\u001b[31m", "pattern_id": "p1", "parameters": {"feed": 6},
       "created_at": "2025-01-01"}
      """, to: "legacy/joblogs/j1.json")
    try workspace.writeOddJobLog()
    try workspace.writeBrokenPattern()
    try FileManager.default.removeItem(atPath: workspace.file("legacy/strip_families"))
    let listing = workspace.listing
    let result = try Tool.run(["diff", "legacy", "--db", "x.db"], in: workspace)
    #expect(result.status == 1 && result.errors.isEmpty)
    #expect(
      result.output == #"""
        only in the database: strip family "f1", from strip_families/f1.json; gone from the source since run 1
        only in the source: pattern "p2" (patterns/p2.json:1)
          cannot be migrated: "name" is missing; it is required [field.missing]
        different: job log "j1" (joblogs/j1.json:1); the source changed since run 1
          job_type: "slice\u001b[31m" in the source, "slice" in the database
          parameters: {"feed":6} in the source, {"feed":5} in the database
        only in the source: job log "j2" (joblogs/j2.json:1)

                        equal  different  only in source  only in database
        strip families      0          0               0                 1
        patterns            1          0               1                 0
        job logs            0          1               1                 0
        total               1          1               2                 1

        1 entity of the source cannot be migrated: counted as different if the database has the id, else as only in the source

        """#)
    #expect(workspace.listing == listing)
    let verbose = try Tool.run(["diff", "legacy", "--db", "x.db", "-v"], in: workspace)
    #expect(verbose.output == result.output && verbose.status == 1)
    let quiet = try Tool.run(["diff", "legacy", "--db", "x.db", "-q"], in: workspace)
    #expect(quiet.output.isEmpty && quiet.status == 1)
    #expect(
      quiet.errors
        == "legacy and x.db differ by more than is allowed: 1 different, 2 only in the source, 1 "
        + "only in the database\n")
  }

  @Test func aDiffSaysWhichOtherSourceARowIsFrom() throws {
    let workspace = try migrated()
    _ = try Tool.shell("cp -r legacy other; rm -r other/strip_families", in: workspace)
    let result = try Tool.run(["diff", "other", "--db", "x.db"], in: workspace)
    let line =
      #"only in the database: strip family "f1", from strip_families/f1.json; "#
      + "run 1 migrated it from legacy\n\n"
    #expect(result.output.hasPrefix(line))
    let json = try Tool.run(["diff", "other", "--db", "x.db", "--json"], in: workspace)
    #expect(json.output.contains(#""changed": null"#))
    // The same directory, spelled differently.
    let same = try Tool.run(["diff", "./legacy/", "--db", "x.db"], in: workspace)
    #expect(same.status == 0)
  }

  @Test func aDiffSaysWhatOtherProgramsDeleted() throws {
    guard Tool.has("sqlite3") else { return }
    let workspace = try migrated()
    _ = try Tool.shell("sqlite3 -init /dev/null x.db 'DELETE FROM joblogs'", in: workspace)
    let result = try Tool.run(["diff", "legacy", "--db", "x.db"], in: workspace)
    #expect(result.status == 1)
    let line =
      #"only in the source: job log "j1" (joblogs/j1.json:1); "#
      + "deleted from the database since run 1\n"
    #expect(result.output.hasPrefix(line))
  }

  @Test func limitsDecideTheStatus() throws {
    let workspace = try migrated()
    try workspace.writeOddJobLog()
    let diff = ["diff", "legacy", "--db", "x.db", "-q"]
    #expect(try Tool.run(diff, in: workspace).status == 1)
    let status = try Tool.run(diff + ["--max-only-in-source", "1"], in: workspace).status
    #expect(status == 0)
    let other = ["--max-different", "9", "--max-only-in-database", "9"]
    #expect(try Tool.run(diff + other, in: workspace).status == 1)
    #expect(try Tool.run(diff + ["--max-different", "-1"], in: workspace).status == 2)
  }

  @Test func aDiffAsJSON() throws {
    let workspace = try migrated()
    try workspace.writeOddJobLog()
    let result = try Tool.run(["diff", "legacy", "--db", "x.db", "--json"], in: workspace)
    #expect(result.status == 1)
    let json = try result.json
    #expect(json["success"] as? Bool == false && json["source"] as? String == "legacy")
    let total = try #require((json["counts"] as? [String: [String: Int]])?["total"])
    #expect(total["equal"] == 3 && total["only_in_source"] == 1 && total["different"] == 0)
    let entry = try #require((json["entries"] as? [[String: Any]])?.first)
    #expect(entry["category"] as? String == "only_in_source" && entry["id"] as? String == "j2")
    #expect(entry["path"] as? String == "joblogs/j2.json" && entry["changed"] is NSNull)
    #expect(json["entries_omitted"] as? Int == 0)
  }

  @Test func aDiffShowsTheFirstEntriesAndAllOnDemand() throws {
    let workspace = try migrated()
    for number in 0..<60 {
      try workspace.write(
        #"{"id": "n\#(number)", "job_type": "slice", "parameters": {"a": 1}}"#,
        to: "legacy/joblogs/n\(number).json")
    }
    let short = try Tool.run(["diff", "legacy", "--db", "x.db"], in: workspace)
    #expect(short.output.contains("\n… and 10 more\n"))
    #expect(short.errors == "-v shows them all\n")
    let all = try Tool.run(["diff", "legacy", "--db", "x.db", "-v"], in: workspace)
    #expect(all.output.split(separator: "\n").filter { $0.hasPrefix("only in the") }.count == 60)
    #expect(!all.output.contains("more\n") && all.errors.isEmpty)
  }

  @Test(arguments: [["export", "tree"], ["diff", "legacy"]])
  func aDatabaseThatIsNotThereIsSaid(_ arguments: [String]) throws {
    let workspace = try migrated()
    let result = try Tool.run(arguments + ["--db", "none.db"], in: workspace)
    #expect(result.status == 3)
    #expect(result.errors.contains("there is no database at none.db"))
    #expect(!workspace.exists("none.db") && !workspace.exists("tree"))
  }
}
