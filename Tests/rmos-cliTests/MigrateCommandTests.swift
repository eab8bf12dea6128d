import Foundation
import Testing

/// `rmos-cli migrate`: exit status, text, JSON and the files that it leaves.
@Suite(.waiting) struct MigrateCommandTests {
  private func smallTree() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    return workspace
  }

  @Test func theDirectoryOfOneKindIsNotTheSource() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    let result = try Tool.run(["migrate", "legacy/patterns/", "--dry-run"], in: workspace)
    #expect(result.status == 1)
    #expect(result.errors.contains("that is itself a directory of patterns"))
  }

  @Test func whatIsNotReadIsNamed() throws {
    let workspace = try smallTree()
    let arguments = ["migrate", "legacy", "--db", "x.db", "--dry-run"]
    #expect(try !Tool.run(arguments, in: workspace).output.contains("Not read"))
    for name in 1...6 { try workspace.write("{}", to: "legacy/\u{1B}\(name)/a.json") }
    try workspace.write("text", to: "legacy/a.txt")
    try workspace.write("", to: "legacy/patterns/.hidden")
    let output = try Tool.run(arguments, in: workspace).output
    let words = output.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    #expect(words.contains("Not read: 8 files: "))
    // Files that look like data come first.
    #expect(words.contains(#": \u{1b}1/a.json, \u{1b}2/a.json, \u{1b}3/a.json and 5 more Next: "#))
    #expect(output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let verbose = try Tool.run(arguments + ["-v"], in: workspace).output
    #expect(verbose.contains("patterns/.hidden") && verbose.contains("a.txt"))
  }

  @Test func hiddenFilesAloneAreNoNews() throws {
    let workspace = try smallTree()
    try workspace.write("", to: "legacy/patterns/.hidden")
    let arguments = ["migrate", "legacy", "--db", "x.db"]
    #expect(try !Tool.run(arguments, in: workspace).output.contains("Not read"))
  }

  @Test func whatIsKeptAsideIsNamedByKind() throws {
    let workspace = try smallTree()
    for name in ["a", "b"] {
      try workspace.write(
        #"{"name": "n", "ring_count": 1, "geometry": {"r": 1}, "maker": "x"}"#,
        to: "legacy/patterns/\(name).json")
    }
    for options in [["--dry-run"], []] {
      let output = try Tool.run(["migrate", "legacy", "--db", "x.db"] + options, in: workspace)
        .output
      #expect(output.contains("\nKept aside: patterns: maker (2)\nNext: "))
    }
    let report = try Tool.run(["report", "--db", "x.db"], in: workspace).output
    #expect(report.contains(/Kept aside +patterns: maker \(2\)\n/))
    let runs = try Tool.run(["runs", "--db", "x.db", "--json"], in: workspace).output
    #expect(runs.contains("\"maker\""))
  }

  @Test func whatIsWrongInOneWayIsToldOnce() throws {
    let workspace = try smallTree()
    for number in 100..<112 {
      try workspace.write(
        #"{"id": "x\#(number)", "job_type": "slice"}"#,
        to: "legacy/joblogs/2019/\(number).json")
    }
    try workspace.write(#"{"id": "y", "job_type": "slice"}"#, to: "legacy/joblogs/2020.json")
    let arguments = ["migrate", "legacy", "--db", "x.db", "--dry-run"]
    let few = try Tool.run(arguments, in: workspace).errors.split(separator: "\n")
    let head = try #require(few.firstIndex { $0.contains("13 job logs: \"parameters\"") })
    #expect(few[head].hasPrefix("error: ") && few[head].hasSuffix(" [field.missing]"))
    #expect(
      few[(head + 1)...] == [
        "  legacy/joblogs/2019/100.json:1:1", "  legacy/joblogs/2019/101.json:1:1",
        "  legacy/joblogs/2019/102.json:1:1", "  … and 10 more",
        "hint: rmos-cli survey legacy/joblogs shows their shape [field.missing]",
      ])
    try FileManager.default.removeItem(atPath: workspace.file("legacy/joblogs/2020.json"))
    #expect(
      try Tool.run(arguments, in: workspace).errors.contains(
        "error: 12 job logs, all in legacy/joblogs/2019: "))
    let all = try Tool.run(arguments + ["-v"], in: workspace).errors
    #expect(all.matches(of: #/2019/1\d\d\.json:1:1: error: /#).count == 12)
    #expect(!all.contains("12 job logs,"))
    // A few issues are shown one by one.
    for number in 103..<112 {
      let file = workspace.file("legacy/joblogs/2019/\(number).json")
      try FileManager.default.removeItem(atPath: file)
    }
    let single = try Tool.run(arguments, in: workspace).errors
    #expect(single.matches(of: #/2019/1\d\d\.json:1:1: error: /#).count == 3)
  }

  /// What the example says of a run: the only thing that is not in its tables is a member.
  @Test func theExampleHasOneThingToTell() throws {
    let workspace = try Workspace(as: .afterTheFirstCommand)
    let arguments = ["migrate", "Examples/rmos_legacy", "--db"]
    func told(_ options: [String]) throws -> [Substring] {
      let result = try Tool.run(arguments + options, in: workspace)
      #expect(result.status == 0)
      #expect(result.errors.split(separator: "\n").count == 3)
      return result.output.split(separator: "\n").suffix(3).dropLast()
    }
    let first: [Substring] = [
      "0 errors, 0 warnings, 0 notes", "Kept aside: patterns: catalogue (24)",
    ]
    #expect(try told(["x.db", "--dry-run"]) == first)
    #expect(try told(["x.db"]) == first)
    #expect(try told(["x.db"]).last == "0 errors, 0 warnings, 72 notes")
  }

  @Test func aSoundTreeIsMigratedAndTheSummarySaysSo() throws {
    let workspace = try smallTree()
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("Migrated legacy into "))
    #expect(result.output.contains("(run 1)"))
    #expect(result.output.contains(#/strip families +1 +1 +0 +0 /#))
    #expect(result.output.contains(#/total +3 +3 +0 +0 /#))
    #expect(result.output.contains("0 errors, 0 warnings"))
    #expect(result.output.hasSuffix("Next: rmos-cli status --db x.db\n"))
    #expect(workspace.exists("x.db"))
    #expect(!workspace.exists("x.db-wal"))
    #expect(!workspace.exists("x.db.lock"))
  }

  @Test func withoutATerminalThereIsOneLinePerKindAndNoEscape() throws {
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: smallTree())
    let lines = result.errors.split(separator: "\n")
    #expect(lines.count == 3, "\(result.errors)")
    #expect(lines.first?.hasPrefix("strip families: 1 found, 1 migrated, 0 skipped") == true)
    #expect(lines.last?.hasPrefix("job logs: 1 found") == true)
    #expect(!result.errors.contains("\u{1b}"))
    #expect(!result.errors.contains("\r"))
  }

  @Test func aSecondRunSkipsEverything() throws {
    let workspace = try smallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    #expect(result.status == 0)
    #expect(result.output.contains(#/total +3 +0 +3 +0 /#))
  }

  @Test func defaultPathsAreUsedAndTheDataDirectoryIsCreated() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree("data/rmos_legacy")
    let result = try Tool.run(["migrate"], in: workspace)
    #expect(result.status == 0)
    #expect(workspace.exists("data/rmos.db"))
    #expect(result.output.hasSuffix("Next: rmos-cli status\n"))

    let elsewhere = try smallTree()
    #expect(try Tool.run(["migrate", "legacy"], in: elsewhere).status == 0)
    #expect(elsewhere.exists("data/rmos.db"))
  }

  @Test func theEnvironmentNamesTheDatabaseAndTheOptionOverridesIt() throws {
    let workspace = try smallTree()
    let environment = ["RMOS_DB_PATH": "env.db"]
    _ = try Tool.run(["migrate", "legacy"], in: workspace, environment: environment)
    #expect(workspace.exists("env.db"))
    _ = try Tool.run(
      ["migrate", "legacy", "--db", "opt.db"], in: workspace, environment: environment)
    #expect(workspace.exists("opt.db"))
    #expect(!workspace.exists("data"))
  }

  @Test func aDryRunPredictsAndLeavesNothingBehind() throws {
    let workspace = try smallTree()
    try workspace.writeBrokenPattern()
    let before = workspace.listing
    let dry = try Tool.run(["migrate", "legacy", "--dry-run"], in: workspace)
    #expect(workspace.listing == before)
    #expect(dry.status == 1)
    #expect(dry.output.hasPrefix("Dry run, nothing was written"))
    #expect(dry.output.contains("Next: rmos-cli migrate legacy  ("))
    let real = try Tool.run(["migrate", "legacy"], in: workspace)
    #expect(real.status == dry.status)
    let row = #/total +4 +3 +0 +1 /#
    #expect(dry.output.contains(row))
    #expect(real.output.contains(row))
  }

  @Test(arguments: ["nowhere/x.db", "link.db", "legacy"])
  func aDryRunRefusesThePlaceOfADatabaseThatTheRealRunRefuses(_ path: String) throws {
    let workspace = try smallTree()
    _ = try Tool.shell("ln -s nowhere/y.db link.db", in: workspace)
    let results = try [[], ["--dry-run"]].map {
      try Tool.run(["migrate", "legacy", "--db", path, "--json"] + $0, in: workspace)
    }
    #expect(results.map(\.status) == [3, 3])
    #expect(results[0].output == results[1].output)
    #expect(results[0].output.contains("store.cannot-open"))
  }

  @Test func aDryRunLeavesAnExistingDatabaseAsItIs() throws {
    let workspace = try smallTree()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let url = URL(fileURLWithPath: workspace.file("x.db"))
    let (listing, bytes) = (workspace.listing, try Data(contentsOf: url))
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db", "--dry-run"], in: workspace)
    #expect(result.status == 0)
    #expect(workspace.listing == listing)
    #expect(try Data(contentsOf: url) == bytes)
  }

  /// A dry run predicts the real run, which would not begin.
  @Test(arguments: ["nowhere/x.db", "pipe.db", "loop.db"])
  func aDryRunIsRefusedWhereNoDatabaseCouldBe(_ path: String) throws {
    let workspace = try smallTree()
    _ = try Tool.shell("mkfifo pipe.db && ln -s loop.db loop.db", in: workspace)
    let listing = workspace.listing
    let dry = try Tool.run(["migrate", "legacy", "--db", path, "--dry-run"], in: workspace)
    #expect(workspace.listing == listing)
    let real = try Tool.run(["migrate", "legacy", "--db", path], in: workspace)
    #expect(dry.status == 3 && real.status == 3)
    #expect(dry.errors.contains("\(path) "), "\(dry.errors)")
    #expect(dry.errors == real.errors)
  }

  @Test func aDryRunTakesTheDirectoryOfTheDefaultForGranted() throws {
    let workspace = try smallTree()
    let listing = workspace.listing
    #expect(try Tool.run(["migrate", "legacy", "--dry-run"], in: workspace).status == 0)
    #expect(workspace.listing == listing)
  }

  @Test func theNextCommandAfterADryRunKeepsTheOtherWordsQuoted() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree("my legacy")
    let result = try Tool.run(
      ["migrate", "--batch-size", "10", "my legacy", "--dry-run", "--db=it's.db"], in: workspace)
    let expected = #"Next: rmos-cli migrate --batch-size 10 'my legacy' '--db=it'\''s.db'"#
    #expect(result.output.hasSuffix(expected + "\n"))
  }

  @Test func failuresEndWith1AndAreShownWithTheirPlace() throws {
    let workspace = try smallTree()
    try workspace.writeBrokenPattern()
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    #expect(result.status == 1)
    #expect(result.errors.contains(#/legacy\/patterns\/p2.json:1:\d+: error: .*\[field.missing\]/#))
    #expect(result.errors.contains(#/legacy\/patterns\/p2.json:1:\d+: error: .*\[field.range\]/#))
    #expect(result.output.contains("Next: fix the files and run the same command again"))
  }

  @Test func warningsEndWith1OnlyWhenStrict() throws {
    let workspace = try smallTree()
    try workspace.writeOddJobLog()
    let plain = try Tool.run(["migrate", "legacy", "--db", "a.db"], in: workspace)
    #expect(plain.status == 0)
    #expect(plain.errors.contains("warning: "))
    let strict = try Tool.run(["migrate", "legacy", "--db", "b.db", "--strict"], in: workspace)
    #expect(strict.status == 1)
    for more in [["--dry-run"], []] {
      let quiet = try Tool.run(
        ["migrate", "legacy", "--db", "c.db", "--strict", "-q"] + more, in: workspace)
      #expect(quiet.status == 1 && quiet.output.isEmpty)
      #expect(quiet.errors == "Exit status 1 because of --strict: 1 warning\n")
    }
  }

  @Test func acceptedWarningsDoNotCountWhenStrict() throws {
    let workspace = try smallTree()
    try workspace.writeOddJobLog()
    let command = ["migrate", "legacy", "--strict", "--accept", "field.unknown-value"]
    let accepted = try Tool.run(command + ["--db", "a.db"], in: workspace)
    #expect(accepted.status == 0 && accepted.errors.contains("[field.unknown-value]"))
    #expect(accepted.output.contains("\nAccepted: 1 warning\n"))
    try workspace.write(
      #"{"id": 7, "job_type": "x", "parameters": {"a": 1}}"#, to: "legacy/joblogs/j7.json")
    let other = try Tool.run(command + ["--db", "b.db", "-q"], in: workspace)
    #expect(other.status == 1)
    #expect(other.errors == "Exit status 1 because of --strict: 1 other warning\n")
    let both = try Tool.run(command + ["--accept", "id.number", "--db", "c.db"], in: workspace)
    #expect(both.status == 0 && both.output.contains("\nAccepted: 3 warnings\n"))
    let misspelled = try Tool.run(
      ["migrate", "legacy", "--accept", "id.nubmer", "--db", "d.db"], in: workspace)
    #expect(misspelled.status == 2 && misspelled.errors.contains("Did you mean id.number?"))
  }

  /// With a mapping, files anywhere in the source may be read.
  @Test func statisticsAreNotWrittenWhereTheyAreRead() throws {
    let workspace = try smallTree()
    let command = ["migrate", "legacy", "--db", "a.db", "--stats"]
    for options in [["legacy/patterns/s.json"], ["legacy/s.json", "--mapping", "epoch"]] {
      let result = try Tool.run(command + options, in: workspace)
      #expect(result.status == 2 && result.errors.contains("is in the source"))
    }
    #expect(try Tool.run(command + ["legacy/s.json"], in: workspace).status == 0)
  }

  /// What is almost the name of a required member is in the error: warnings are not shown.
  @Test func quietTellsOfMembersInAnotherCase() throws {
    let workspace = try Workspace()
    try workspace.write(
      #"{"id": "p", "Name": "Rope", "ring_count": 3, "geometry": {"a": 1}}"#,
      to: "legacy/patterns/p.json")
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db", "-q"], in: workspace)
    #expect(
      result.errors == """
        legacy/patterns/p.json:1:1: error: "name" is missing; it is required, and "Name" has a \
        similar name: rename it, or read the source with the mapping "any-case" [field.missing]
        hint: --mapping any-case reads them [field.missing]

        """)
    // A mapping that ignores case reads the member.
    let mapped = try Tool.run(
      ["migrate", "legacy", "--db", "x.db", "-q", "--mapping", "any-case"], in: workspace)
    #expect(mapped.status == 0)
  }

  @Test func anUnknownTypeOfJobIsNotAnsweredWithAllThereAre() throws {
    let workspace = try Workspace()
    try workspace.writeOddJobLog()
    let result = try Tool.run(["migrate", "legacy", "--dry-run"], in: workspace)
    #expect(
      result.errors.contains(
        #"warning: "job_type" is "sanding", which is not a known one; kept as is ["#))
    #expect(result.errors.contains("hint: the known values are on the manual page: rmos-cli man ["))
    let page = try Tool.run(["man"], in: workspace).output
    #expect(page.contains("Known values of job_type in job logs: slice, batch,"))
  }

  @Test func quietShowsErrorsAlone() throws {
    let workspace = try smallTree()
    try workspace.writeOddJobLog()
    let clean = try Tool.run(["migrate", "legacy", "--db", "a.db", "-q"], in: workspace)
    #expect(clean.status == 0)
    #expect(clean.output.isEmpty && clean.errors.isEmpty)
    try workspace.writeBrokenPattern()
    let failed = try Tool.run(["migrate", "legacy", "--db", "b.db", "--quiet"], in: workspace)
    #expect(failed.status == 1)
    #expect(failed.output.isEmpty)
    #expect(failed.errors.contains("error: "))
    #expect(!failed.errors.contains("warning: "))
  }

  @Test func twentyWaysAreShownAndVerboseShowsAllIssues() throws {
    let workspace = try Workspace()
    // Each member has several faults.
    var number = 0
    for member in ["name", "ring_count", "geometry", "strip_family_id", "rosette_geometry"] {
      for value in ["[]", "true", "{}", "[1]", "1.5", "\"x\""] {
        try workspace.write("{\"\(member)\": \(value)}", to: "legacy/patterns/\(number).json")
        number += 1
      }
    }
    try workspace.write(
      #"{"name": "n", "ring_count": 1, "geometry": {"a": 1}}"#, to: "legacy/patterns/no-id.json")
    let json = try Tool.run(["migrate", "legacy", "--dry-run", "--json"], in: workspace).json
    let groups = try #require(json["issue_groups"] as? [[String: Any]])
    let counts = groups.compactMap { $0["count"] as? Int }
    try #require(counts.count > 20)
    let plain = try Tool.run(["migrate", "legacy", "--db", "a.db"], in: workspace)
    let large = plain.errors.matches(of: #/\nerror: \d+ patterns: /#).count
    #expect(large == counts.filter { $0 > 3 }.count)
    let single = plain.errors.matches(of: #/json:1:\d+: error: /#).count
    // If there are many small groups, the largest ones are shown.
    let few = counts.filter { $0 <= 3 }.sorted(by: >).prefix(20 - large).reduce(0, +)
    #expect(single == few)
    let shown = few + counts.filter { $0 > 3 }.reduce(0, +)
    #expect(plain.errors.contains("… and \(counts.reduce(0, +) - shown) more issues; -v shows"))
    #expect(!plain.errors.contains("[id.derived]"))
    let verbose = try Tool.run(["migrate", "legacy", "--db", "b.db", "-v"], in: workspace)
    #expect(verbose.errors.matches(of: #/json:1:\d+: error: /#).count == counts.reduce(0, +))
    #expect(verbose.errors.contains("[id.derived]"))
    #expect(!verbose.errors.contains("more issues"))
  }

  @Test func anEmptyTreeIsAFailureAndTheLayoutIsExplained() throws {
    let workspace = try Workspace()
    try FileManager.default.createDirectory(
      atPath: workspace.file("legacy"), withIntermediateDirectories: false)
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    #expect(result.status == 1)
    #expect(result.errors.contains("strip_families/, patterns/, joblogs/"))
  }

  @Test func atomicWritesNothingWhenOneFails() throws {
    let workspace = try smallTree()
    try workspace.writeBrokenPattern()
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db", "--atomic"], in: workspace)
    #expect(result.status == 1)
    #expect(result.output.hasPrefix("Nothing was written, because an entity failed"))
    // Not even the database, unless it was there before, or others may have it open, which only
    // Linux tells.
    #if os(Linux)
      #expect(!workspace.exists("x.db"))
    #endif
    for suffix in ["-wal", "-shm"] { #expect(!workspace.exists("x.db" + suffix)) }
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let before = try Data(contentsOf: URL(fileURLWithPath: workspace.file("x.db")))
    let again = try Tool.run(["migrate", "legacy", "--db", "x.db", "--atomic"], in: workspace)
    #expect(again.status == 1)
    #expect(try Data(contentsOf: URL(fileURLWithPath: workspace.file("x.db"))) == before)
  }

  @Test func tooManyErrorsStopTheRun() throws {
    let workspace = try smallTree()
    try workspace.writeBrokenPattern()
    let result = try Tool.run(
      ["migrate", "legacy", "--db", "x.db", "--max-errors", "0"], in: workspace)
    #expect(result.status == 1)
    #expect(result.output.hasPrefix("Stopped: too many entities failed"))
    let tolerant = try Tool.run(
      ["migrate", "legacy", "--db", "y.db", "--max-errors", "1"], in: workspace)
    #expect(tolerant.output.hasPrefix("Migrated"))
  }

  @Test func policiesReachTheMigration() throws {
    let workspace = try smallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let again = try Tool.run(
      ["migrate", "legacy", "--db", "x.db", "--on-duplicate", "fail"], in: workspace)
    #expect(again.status == 1)
    #expect(again.output.contains(#/total +3 +0 +0 +3 /#))
    try workspace.write(
      #"{"name": "n", "ring_count": 1, "geometry": {"a": 1}}"#, to: "legacy/patterns/no-id.json")
    let reject = try Tool.run(
      ["migrate", "legacy", "--db", "y.db", "--missing-id", "reject"], in: workspace)
    #expect(reject.errors.contains("[id.missing]"))
    let derive = try Tool.run(["migrate", "legacy", "--db", "z.db"], in: workspace)
    #expect(derive.status == 0)
  }
}
