import Foundation
import Testing

/// `mappings`, and `--mapping` of other commands.
@Suite(.waiting) struct MappingsCommandTests {
  private static let mapping = #"""
    {"mapping": 1, "name": "saw", "joblogs": [{"files": "exports/*.json", "members":
      {"id": "/no", "job_type": "/kind", "parameters": "/settings"}}]}
    """#

  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.write(Self.mapping, to: "saw.json")
    try workspace.write(
      #"[{"no":"r1","kind":"slice","settings":{"a":1}},{"no":"r2","kind":"slice"}]"#,
      to: "legacy/exports/runs.json")
    return workspace
  }

  @Test func theBuiltInOnesAreListedAndPrinted() throws {
    let workspace = try Workspace()
    let list = try Tool.run(["mappings"], in: workspace)
    #expect(list.status == 0)
    #expect(list.output.hasPrefix("any-case "))
    #expect(list.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let json = try Tool.run(["mappings", "--json"], in: workspace).json
    let names = (json["mappings"] as? [[String: Any]])?.compactMap { $0["name"] as? String } ?? []
    #expect(names.count == 9)
    for name in names {
      let text = try Tool.run(["mappings", name], in: workspace)
      #expect(text.status == 0)
      // The output is a working mapping.
      try workspace.write(text.output, to: "\(name).json")
      try workspace.write("[]", to: "legacy/joblogs/a.json")
      let run = try Tool.run(
        ["migrate", "legacy", "--db", "x.db", "--mapping", "./\(name).json", "--dry-run"],
        in: workspace)
      #expect(run.status == 0, "\(run.errors)")
    }
    let unknown = try Tool.run(["mappings", "saw-run"], in: workspace)
    #expect(unknown.status == 2 && unknown.errors.contains("Did you mean saw-runs?"))
  }

  @Test func oneIsPrintedAsJSON() throws {
    let json = try Tool.run(["mappings", "saw-runs", "--json"], in: Workspace()).json
    #expect(json["name"] as? String == "saw-runs")
    #expect((json["sha256"] as? String)?.count == 64)
    #expect((json["text"] as? String)?.hasPrefix("{") == true)
  }

  @Test func whatIsNoMappingAtAllIsRefused() throws {
    let workspace = try workspace()
    let made = try Tool.shell(
      "printf '\\377' > latin.json; truncate -s 5M large.json", in: workspace)
    #expect(made.status == 0)
    for (file, words) in [("latin.json", "not UTF-8"), ("large.json", "has more than")] {
      let result = try Tool.run(
        ["migrate", "legacy", "--db", "x.db", "--mapping", file], in: workspace)
      #expect(result.status == 2 && result.errors.contains(words), "\(result.errors)")
    }
    #expect(!workspace.exists("x.db"))
  }

  @Test func filesOfAnotherShapeAreMigratedAndCompared() throws {
    let workspace = try workspace()
    let options = ["legacy", "--db", "x.db", "--mapping", "any-case", "--mapping", "saw.json"]
    let run = try Tool.run(["migrate"] + options + ["--rejects", "rejects"], in: workspace)
    #expect(run.status == 1)
    #expect(
      run.output.contains(
        "rmos-cli migrate rejects --mapping any-case --mapping saw.json --db x.db"))
    let json = try Tool.run(["migrate"] + options + ["--json"], in: workspace).json
    let used = try #require(json["mappings"] as? [[String: Any]])
    #expect(used.map { $0["name"] as? String } == ["any-case", "saw"])
    #expect(used.map { $0["entities"] as? Int } == [0, 2])
    let diff = try Tool.run(["diff"] + options + ["--json"], in: workspace).json
    let counts = try #require(diff["counts"] as? [String: Any])
    let total = try #require(counts["total"] as? [String: Any])
    #expect(total["equal"] as? Int == 1)
    let report = try Tool.run(["report", "--db", "x.db", "--format", "json"], in: workspace).json
    let recorded = try #require(report["mappings"] as? [[String: Any]])
    #expect(recorded.map { $0["name"] as? String } == ["any-case", "saw"])
    #expect(recorded.allSatisfy { $0["entities"] is NSNull })
  }

  /// No file is read, and no database is created.
  @Test(arguments: [
    (#"{"mapping":1,"name":"x","#, "joblog", "bad.json:2:1: unknown word"),
    (#"{"mapping":1,"name":"x","#, "joblogs", "bad.json:2:12: \"joblogs\" is"),
  ])
  func whatIsWrongStopsTheCommand(_ start: String, _ word: String, _ message: String) throws {
    let workspace = try workspace()
    try workspace.write("\(start)\n\"\(word)\": {}}", to: "bad.json")
    for command in ["migrate", "diff"] {
      let words = [command, "nowhere", "--db", "x.db", "--mapping", "bad.json"]
      let result = try Tool.run(words, in: workspace)
      #expect(result.status == 2)
      #expect(result.errors.contains(message), "\(result.errors)")
      let error = try Tool.run(words + ["--json"], in: workspace).json["error"] as? [String: Any]
      #expect(error?["code"] as? String == "mapping.invalid")
    }
    let missing = try Tool.run(["migrate", "legacy", "--mapping", "saw-run"], in: workspace)
    #expect(missing.status == 2 && missing.errors.contains("Did you mean saw-runs?"))
    #expect(!workspace.listing.contains("x.db"))
  }
}
