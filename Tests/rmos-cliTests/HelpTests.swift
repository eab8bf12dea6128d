import Foundation
import RMOSTestSupport
import Testing

/// Compares help exactly with the files in Snapshots.
///
/// To renew them after a change, run the tests with RMOS_UPDATE_SNAPSHOTS=1 and read the
/// difference.
@Suite(.waiting) struct HelpTests {
  static let commands = [
    "migrate", "survey", "audit", "report", "status", "history", "runs", "analytics",
    "cut-list", "serve", "undo", "export",
    "diff", "mappings", "backup", "init", "sample", "completions", "man", "help", "version",
  ]

  private func expectSnapshot(_ text: String, _ name: String) throws {
    let path = Fixtures.package + "/Tests/rmos-cliTests/Snapshots/\(name).txt"
    let expected = try snapshot(path, renewedWith: text)
    #expect(text == expected)
  }

  @Test func overviewIsAsInTheSnapshot() throws {
    let result = try Tool.run(["help"], in: Workspace())
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
    try expectSnapshot(result.output, "help")
  }

  @Test(arguments: commands)
  func helpOfACommandIsAsInTheSnapshot(_ command: String) throws {
    let workspace = try Workspace()
    let result = try Tool.run(["help", command], in: workspace)
    #expect(result.status == 0)
    try expectSnapshot(result.output, "help-\(command)")
    for flag in ["--help", "-h"] {
      #expect(try Tool.run([command, flag], in: workspace).output == result.output)
    }
  }

  @Test(arguments: [["--help"], ["-h"], ["help"]])
  func everyWayToAskForHelpGivesTheOverview(_ arguments: [String]) throws {
    let workspace = try Workspace()
    let overview = try Tool.run(["help"], in: workspace).output
    #expect(try Tool.run(arguments, in: workspace).output == overview)
  }

  @Test func helpIsGivenWhereTheCommandLineIsNotComplete() throws {
    let result = try Tool.run(["sample", "--help"], in: Workspace())
    #expect(result.status == 0)
    #expect(result.output.contains("Usage: rmos-cli sample DIR"))
  }

  @Test func noLineOfHelpIsWiderThan80Columns() throws {
    let workspace = try Workspace()
    for arguments in [["help"]] + Self.commands.map({ ["help", $0] }) {
      for line in try Tool.run(arguments, in: workspace).output.split(separator: "\n") {
        #expect(line.count <= 80, "\(line)")
      }
    }
  }

  @Test func helpAsJSONListsEveryCommandWithItsOptions() throws {
    let one = try Tool.run(["help", "undo", "--json"], in: Workspace()).json
    #expect((one["command"] as? [String: Any])?["name"] as? String == "undo")
    let json = try Tool.run(["help", "--json"], in: Workspace()).json
    #expect(json["success"] as? Bool == true)
    let commands = try #require(json["commands"] as? [[String: Any]])
    #expect(commands.compactMap { $0["name"] as? String } == Self.commands)
    let migrate = try #require(commands.first?["options"] as? [[String: Any]])
    #expect(migrate.contains { $0["name"] as? String == "--dry-run" })
  }

  @Test(arguments: [["--version"], ["version"]])
  func versionIsOneLine(_ arguments: [String]) throws {
    let result = try Tool.run(arguments, in: Workspace())
    #expect(result.status == 0)
    let pattern = /rmos-cli \d+\.\d+\.\d+\n/
    #expect(result.output.wholeMatch(of: pattern) != nil)
  }

  @Test func versionAsJSON() throws {
    for arguments in [["--version", "--json"], ["version", "--json"], ["--json", "--version"]] {
      let json = try Tool.run(arguments, in: Workspace()).json
      #expect((json["version"] as? String)?.isEmpty == false)
    }
  }
}
