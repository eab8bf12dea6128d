import Foundation
import Testing

/// Output on a terminal, which script(1) provides.
@Suite(
  .waiting,
  .enabled(
    if: Tool.succeeds("script -qec 'stty cols 100' /dev/null </dev/null"),
    "needs script(1), stty(1) and pseudo-terminals"))
struct TerminalTests {
  private static let size = 3000

  /// The output of migrating a sample, as a terminal receives it.
  private func session(
    _ options: String = "", environment: [String: String] = ["TERM": "xterm"], columns: Int = 100
  ) throws -> String {
    let workspace = try Workspace()
    try workspace.write("{", to: "broken/patterns/a.json")
    let sample = try Tool.run(
      ["sample", "tree", "--count", "\(Self.size)"], in: workspace)
    #expect(sample.status == 0)
    let command =
      "stty cols \(columns); $CLI migrate tree --db x.db --batch-size 50 \(options); "
      + "$CLI migrate broken --db y.db \(options); exit 0"
    let result = try Tool.shell(
      "script -qec '\(command)' /dev/null </dev/null", in: workspace, environment: environment)
    #expect(result.status == 0)
    return result.output
  }

  private static var bar: Regex<Substring> { #/\d+ %  [\d,]+ entities/# }

  @Test func aBarIsDrawnAndErasedAtTheEnd() throws {
    let text = try session()
    #expect(text.contains(Self.bar))
    #expect(text.contains("[#"))
    let summary = try #require(text.firstRange(of: "Migrated tree into"))
    #expect(text[..<summary.lowerBound].contains(Self.bar))
    #expect(text[..<summary.lowerBound].hasSuffix("\r\u{1b}[K"))
    #expect(text.contains("\u{1b}[1;31merror:\u{1b}[0m"))
    #expect(!text.contains(/strip families: \d/))
  }

  @Test func theBarFitsANarrowTerminal() throws {
    let text = try session(columns: 40)
    let lines = text.split { $0 == "\r" || $0 == "\n" || $0 == "\r\n" }
    let bars = lines.filter { $0.contains("entities") && $0.contains("%") }
    #expect(!bars.isEmpty)
    for bar in bars {
      #expect(bar.replacing("\u{1b}[K", with: "").count < 40)
    }
  }

  @Test func noColorTakesTheColourButNotTheBar() throws {
    let text = try session(environment: ["TERM": "xterm", "NO_COLOR": "1"])
    #expect(text.contains(Self.bar))
    #expect(!text.contains("\u{1b}[1;31m"))
    #expect(text.contains("error: "))
  }

  @Test func aDumbTerminalGetsPlainLines() throws {
    let text = try session(environment: ["TERM": "dumb"])
    #expect(!text.contains("\u{1b}"))
    #expect(!text.contains(Self.bar))
    #expect(text.contains("strip families: "))
  }

  @Test func quietGetsNoBar() throws {
    let text = try session("-q")
    #expect(!text.contains(Self.bar))
    #expect(!text.contains("Migrated"))
  }
}
