import Foundation
import RMOSModels
import Testing

/// No line is wider than the terminal, unless a single word is.
@Suite(.waiting) struct NarrowTerminalTests {
  /// Every command that prints text for people, with the database and the tree of `workspace`.
  static let commands: [[String]] =
    [
      ["migrate", "legacy", "--db", "new.db"],
      ["migrate", "legacy", "--db", "new.db", "--dry-run"],
      ["migrate", "legacy", "--db", "shop.db", "-v", "--rejects", "rejects"],
      ["survey", "legacy"], ["survey", "legacy", "-v"], ["audit", "--db", "shop.db"],
      ["audit", "--db", "shop.db", "-v"], ["audit", "--list-rules"], ["report", "--db", "shop.db"],
      ["status", "--db", "shop.db"], ["history", "--db", "shop.db"], ["runs", "--db", "shop.db"],
      ["analytics", "--db", "shop.db"], ["analytics", "--db", "shop.db", "-v"],
      ["analytics", "--db", "shop.db", "--from", "2020-01-01", "--to", "2030-01-01"],
      ["cut-list", "p1", "--count", "12", "--db", "shop.db", "--stick-mm", "300"],
      ["diff", "legacy", "--db", "shop.db"], ["undo", "1", "--db", "shop.db", "--dry-run"],
      ["undo", "1", "--db", "shop.db"], ["mappings"], ["help"], ["version"],
      ["export", "out", "--db", "shop.db"], ["backup", "copy.db", "--db", "shop.db"],
      ["init", "--db", "empty.db"], ["sample", "sample", "--count", "20"],
      ["status", "--db", "missing.db"], ["migrate", "nowhere"], ["frobnicate"], [],
    ] + HelpTests.commands.map { ["help", $0] }

  private static let tree = Result {
    try PreparedWorkspace { workspace in
      _ = try Tool.run(
        ["sample", "legacy", "--count", "60", "--broken", "20"], in: workspace)
      // Wide characters and marks that take no column of their own.
      let wide = String(repeating: "寄木細工の模様 ", count: 8)
      let marked = String(repeating: "Rosette\u{301} ", count: 12)
      let rings = #"{"rings": [{"radius_mm": 40, "tile_length_mm": 2, "segments": 90}]}"#
      try workspace.write(
        #"{"id": "p1", "name": "\#(wide)", "ring_count": 3, "geometry": \#(rings)}"#,
        to: "legacy/patterns/p1.json")
      try workspace.write(
        """
        {"id": "f1", "name": "\(marked)", "strip_width_mm": 2, "strip_thickness_mm": 1,
         "material_type": "\(wide)", "strips": [{"length_mm": 300}]}
        """, to: "legacy/strip_families/f1.json")
      try workspace.write(
        #"{"id": "j1", "job_type": "\#(wide)", "parameters": {"a": 1}, "status": "\#(marked)"}"#,
        to: "legacy/joblogs/j1.json")
      _ = try Tool.run(["migrate", "legacy", "--db", "shop.db"], in: workspace)
    }
  }

  @Test(arguments: [40, 60, 80, 120])
  func noLineIsWiderThanTheTerminal(_ width: Int) throws {
    let workspace = try Self.tree.get().copy()
    for command in Self.commands {
      let result = try Tool.run(command, in: workspace, environment: ["COLUMNS": "\(width)"])
      let text = result.output + result.errors
      #expect(command.contains("-q") || !text.isEmpty)
      for line in text.split(separator: "\n") where PlainText.width(String(line)) > width {
        let words = line.split(separator: " ")
        #expect(words.count == 1, "\(command) in \(width): \(line)")
      }
    }
  }

  @Test func aPipeGetsTablesOf80ColumnsAndMessagesOfOneLine() throws {
    let workspace = try Workspace()
    try workspace.write(
      #"{"id": "p1", "name": "", "ring_count": 3, "geometry": {"a": "b"}}"#,
      to: "legacy/patterns/a-rather-long-name-of-a-file-so-that-the-message-is-long.json")
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    #expect(result.errors.contains(/(?m)^legacy\/.{80,}\[field\.empty\]$/))
    let runs = try Tool.run(["runs", "--db", "x.db"], in: workspace)
    for line in runs.output.split(separator: "\n") { #expect(line.count <= 80) }
  }

  /// A command that is copied from the terminal is complete.
  @Test func aCommandThatIsTooLongGoesOnAsAShellReadsIt() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    let result = try Tool.run(
      ["migrate", "legacy", "--db", "a-name-of-a-database.db", "--batch-size", "7", "--dry-run"],
      in: workspace, environment: ["COLUMNS": "40"])
    let next = try #require(result.output.firstRange(of: "Next:"))
    let command = String(result.output[next.upperBound...])
    #expect(command.contains(" \\\n"))
    let again = try Tool.shell(
      command.replacing("rmos-cli", with: "\"$CLI\"", maxReplacements: 1), in: workspace)
    #expect(again.status == 0, "\(again.errors)")
    #expect(workspace.exists("a-name-of-a-database.db"))
  }

  @Test(
    .enabled(
      if: Tool.succeeds("script -qec 'stty cols 40' /dev/null </dev/null"),
      "needs script(1), stty(1) and pseudo-terminals"), arguments: [40, 120])
  func aTerminalSaysHowWideItIs(_ width: Int) throws {
    let tree = try Self.tree.get().copy()
    let command =
      "stty cols \(width); for c in runs status report analytics; do $CLI $c --db shop.db; done"
    let result = try Tool.shell(
      "script -qec '\(command)' /dev/null </dev/null", in: tree, environment: ["TERM": "xterm"])
    #expect(result.status == 0)
    let lines = result.output.split(whereSeparator: \.isNewline).map(String.init)
    #expect(lines.contains { PlainText.width($0) > width / 2 })
    for line in lines where PlainText.width(line) > width {
      #expect(line.split(separator: " ").count == 1, "\(line)")
    }
  }

  /// A long path does not misalign the columns of other rows.
  @Test func aLongPathGetsALineOfItsOwnInATable() throws {
    let workspace = try Workspace()
    let source = String(repeating: "a-long-name/", count: 8) + "legacy"
    try workspace.writeSmallTree(source)
    #expect(try Tool.run(["migrate", source, "--db", "x.db"], in: workspace).status == 0)
    let lines = try Tool.run(["runs", "--db", "x.db"], in: workspace).output.split(separator: "\n")
    #expect(lines.count == 6)
    #expect(lines.contains { $0.contains(/^1 +migrate +completed +\S+$/) })
    #expect(lines.last == "    \(source)")
  }
}
