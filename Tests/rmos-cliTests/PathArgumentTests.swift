import Testing

/// Paths that have a meaning only for a shell or SQLite.
@Suite(.waiting) struct PathArgumentTests {
  @Test(arguments: [
    ["migrate", "~/legacy"], ["migrate", "file:legacy"], ["migrate", ":memory:"],
    ["migrate", "legacy", "--rejects=~/rejects"], ["migrate", "legacy", "--stats", "file:s.json"],
    ["diff", "~"], ["export", "~/out"], ["report", "--output=~/out"], ["sample", "file:out"],
    ["backup", "-"], ["survey", "-"], ["report", "-"], ["report", "--output", "-"],
    ["analytics", "--output", "-"], ["audit", "--output", "-"], ["audit", "--badge=-"],
    ["migrate", "legacy", "--stats", "-"], ["migrate", "legacy", "--mapping", "-"],
    ["migrate", "-"], ["export", "-"], ["sample", "-"], ["migrate", "legacy", "--rejects", "-"],
  ])
  func areRefused(_ words: [String]) throws {
    let workspace = try Workspace()
    let result = try Tool.run(words, in: workspace)
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.errors.contains("write ./"))
    #expect(!workspace.exists("~") && !workspace.exists("file:out") && !workspace.exists("-"))
  }

  @Test func aHyphenIsNoDatabase() throws {
    let workspace = try Workspace()
    for command in ["init", "status"] {
      let result = try Tool.run([command, "--db", "-"], in: workspace)
      #expect(result.status == 3 && result.errors.contains(#""-" stands for standard input"#))
    }
    #expect(workspace.listing.isEmpty)
  }

  @Test func areTakenAsWritten() throws {
    let workspace = try Workspace()
    let result = try Tool.run(["sample", "./~", "--count", "1"], in: workspace)
    #expect(result.status == 0 && workspace.exists("~"))
  }
}
