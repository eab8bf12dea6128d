import Foundation
import Testing

/// The options of all commands have the same meaning everywhere.
@Suite(.waiting) struct CommonOptionTests {
  /// A valid command line of each command for `workspace()`.
  static let commands: [[String]] = [
    ["migrate", "legacy", "--db", "new.db"], ["survey", "legacy"], ["audit", "--db", "shop.db"],
    ["report", "--db", "shop.db"], ["status", "--db", "shop.db"], ["history", "--db", "shop.db"],
    ["runs", "--db", "shop.db"], ["analytics", "--db", "shop.db"],
    ["cut-list", "p1", "--count", "2", "--db", "shop.db"], ["undo", "1", "--db", "shop.db"],
    ["export", "out", "--db", "shop.db"], ["diff", "legacy", "--db", "shop.db"], ["mappings"],
    ["backup", "copy.db", "--db", "shop.db"], ["init", "--db", "empty.db"],
    ["sample", "sample", "--count", "5"],
  ]
  static let documents = [
    ["help"], ["version"], ["man"], ["completions", "bash"], ["mappings", "saw-runs"],
  ]

  private func workspace() throws -> Workspace {
    try Self.prepared.get().copy()
  }

  private static let prepared = Result {
    try PreparedWorkspace { workspace in
      try workspace.write(
        #"{"id": "p1", "name": "Rope", "ring_count": 3, "geometry": {"a": "b"}}"#,
        to: "legacy/patterns/p1.json")
      try PreparedWorkspace.require(
        Tool.run(["migrate", "legacy", "--db", "shop.db"], in: workspace))
    }
  }

  @Test func everyCommandIsHere() {
    let tested = Set((Self.commands + Self.documents).map { $0[0] })
    #expect(tested.union(["serve"]) == Set(HelpTests.commands))
  }

  @Test(arguments: commands)
  func quietPrintsNothingWhereNothingIsWrong(_ command: [String]) throws {
    let result = try Tool.run(command + ["-q"], in: try workspace())
    #expect(result.status == 0)
    #expect(result.output.isEmpty)
    #expect(result.errors.isEmpty)
  }

  @Test(arguments: commands)
  func quietStillPrintsWhatIsForPrograms(_ command: [String]) throws {
    let result = try Tool.run(command + ["-q", "--json"], in: try workspace())
    #expect(try result.json["success"] as? Bool == true)
  }

  @Test(arguments: documents)
  func quietStillPrintsDocuments(_ command: [String]) throws {
    let workspace = try workspace()
    let plain = try Tool.run(command, in: workspace)
    #expect(!plain.output.isEmpty)
    for flag in ["-q", "-v"] {
      #expect(try Tool.run(command + [flag], in: workspace).output == plain.output)
    }
  }

  @Test(arguments: commands)
  func verboseIsTakenAndPrintsNoLess(_ command: [String]) throws {
    let plain = try Tool.run(command, in: try workspace())
    let verbose = try Tool.run(command + ["--verbose"], in: try workspace())
    #expect(verbose.status == plain.status)
    func lines(_ text: String) -> Int { text.split(separator: "\n").count }
    #expect(lines(verbose.output) >= lines(plain.output))
  }

  @Test(arguments: commands + documents)
  func bothAtOnceAreRefused(_ command: [String]) throws {
    let result = try Tool.run(command + ["-qv"], in: try workspace())
    #expect(result.status == 2)
    #expect(result.errors.contains("--quiet and --verbose cannot be combined"))
  }

  @Test func theOlderSpellingOfAFormatIsTaken() throws {
    let workspace = try workspace()
    func report(_ format: String) throws -> String {
      try Tool.run(["report", "--db", "shop.db", "--format", format], in: workspace).output
    }
    let text = try report("text")
    #expect(text.hasPrefix("MIGRATION REPORT"))
    #expect(try report("txt") == text)
  }

  @Test func anAuditShowsAllFindingsOnlyIfVerbose() throws {
    let workspace = try Workspace()
    let jobs = (0..<30).map {
      #"{"id": "j\#($0)", "job_type": "odd", "parameters": {"a": 1}}"#
    }
    try workspace.write("[\(jobs.joined(separator: ","))]", to: "legacy/joblogs/all.json")
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    func findings(_ flags: [String]) throws -> Int {
      try Tool.run(["audit", "--db", "x.db"] + flags, in: workspace).output
        .split(separator: "\n").count { $0.hasPrefix("  joblogs ") }
    }
    #expect(try findings([]) == 10)
    #expect(try findings(["-v"]) == 30)
  }
}
