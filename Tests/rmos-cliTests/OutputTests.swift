import Foundation
import Testing

/// Output that cannot be written.
@Suite(.waiting) struct OutputTests {
  @Test func aPipeThatClosesEarlyIsNoError() throws {
    let workspace = try Workspace()
    for number in 0..<2000 {
      try workspace.write("{", to: "legacy/patterns/\(number).json")
    }
    // Far more than a pipe holds, so that writing fails at the closed end.
    let result = try Tool.shell(
      #""$CLI" migrate legacy --db x.db --json | head -c 1 >/dev/null; echo ${PIPESTATUS[0]}"#,
      in: workspace)
    #expect(result.output == "1\n")
    #expect(result.errors.isEmpty)
    let help = try Tool.shell(#""$CLI" help migrate | true; echo ${PIPESTATUS[0]}"#, in: workspace)
    #expect(help.output == "0\n")
    #expect(help.errors.isEmpty)
  }

  @Test func standardErrorMayBeAClosedPipeToo() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    let result = try Tool.shell(
      #"{ "$CLI" migrate legacy --db x.db 2>&1 >&3; echo $? >&3; } 3>&1 | true"#, in: workspace)
    #expect(result.output.isEmpty || result.output.hasSuffix("0\n"))
    let status = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace).json
    #expect((status["counts"] as? [String: Int])?["total"] == 3)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "no /dev/full here"))
  func aFullDiskUnderStandardOutputEndsWith3() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    for command in [
      "--version", "help", "migrate legacy --db x.db", "status --db x.db --json",
      "serve --db x.db --port 0",
    ] {
      let result = try Tool.shell(#""$CLI" \#(command) > /dev/full"#, in: workspace)
      #expect(result.status == 3)
      #expect(
        result.errors.components(
          separatedBy: "rmos-cli: error: cannot write to standard output: No space left"
        )
        .count == 2)
    }
  }

  @Test func closedDescriptorsAreNotMistakenForFiles() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    let result = try Tool.shell(#""$CLI" migrate legacy --db x.db <&- >&- 2>&-"#, in: workspace)
    #expect(result.status == 3)
    let check = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace).json
    #expect((check["counts"] as? [String: Int])?["total"] == 3)
  }

  @Test func textFromFilesCannotSteerTheTerminal() throws {
    let workspace = try Workspace()
    let hostile = "\u{1b}[2J\u{9b}31m\u{202e}evil\u{7}\n\u{2028}"
    let escaped = #"\u001b[2J\u009b31m\u202eevil\u0007\n\u2028"#
    try workspace.write(
      #"{"id": "\#(escaped)", "name": "x", "status": "\#(escaped)", "pattern_id": "\#(escaped)","#
        + #" "job_type": "\#(escaped)", "parameters": {}, "start_time": "\#(escaped)"}"#,
      to: "legacy/joblogs/a.json")
    try workspace.write(
      #"{"\#(escaped)": {"job_type": "\#(escaped)", "parameters": {"a": 1}}}"#,
      to: "legacy/joblogs/b.json")
    try workspace.write("{", to: "legacy/joblogs/\u{1b}]0;title\u{7}.json")
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db", "-v"], in: workspace)
    #expect(result.status == 1)
    let text = result.output + result.errors
    for scalar in hostile.unicodeScalars where !scalar.isASCII || scalar.value < 32 {
      #expect(scalar == "\n" || !text.unicodeScalars.contains(scalar), "\(scalar.value)")
    }
    #expect(text.contains(#"\u{1b}[2J\u{9b}31m\u{202e}evil\u{7}\u{a}\u{2028}"#))
    #expect(text.contains(#"joblogs/\u{1b}]0;title\u{7}.json"#))
    for line in result.errors.split(separator: "\n") {
      #expect(line.contains(#/(error|warning|info): |^job logs: |^hint: /#), "\(line)")
    }
  }

  @Test func pathsOnTheCommandLineAreShownSafelyToo() throws {
    let workspace = try Workspace()
    let result = try Tool.run(["migrate", "no\u{1b}[31m\nwhere"], in: workspace)
    #expect(result.status == 3)
    #expect(!result.errors.contains("\u{1b}"))
    #expect(result.errors.split(separator: "\n").count == 1)
  }
}
