import Foundation
import Testing

/// Whatever names, ids, values and arguments hold, what the program prints cannot steer a terminal
/// or reorder what a person reads.
@Suite(.waiting) struct HostileTextTests {
  /// Controls of ASCII (but NUL), DEL, C1, bidirectional, line and paragraph separators.
  private static let steering: [Unicode.Scalar] =
    [0x01...0x1F, 0x7F...0x9F, 0x61C...0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069]
    .joined().compactMap { Unicode.Scalar(UInt32($0)) }
  private static let steeringSet = Set(steering)

  /// A text with all of these controls, and with terminal escapes.
  private static let text: String = {
    var text = "x\u{1b}[2J\u{9b}31m\u{1b}]0;title\u{7}".unicodeScalars
    text.append(contentsOf: steering)
    return String(text)
  }()

  /// The same as a file name that every file system accepts.
  private static let name = "n\u{1b}[31m\u{9b}2J\u{7f}\u{202e}gnp\u{2066}\u{2028}\u{61c}\n\u{7}"

  private func expectInert(_ text: String, _ comment: Comment) {
    let found = text.unicodeScalars.filter { $0 != "\n" && Self.steeringSet.contains($0) }
    #expect(found.isEmpty, comment)
  }

  /// A migrated workspace in which everything that a user or a file can name is hostile.
  private func hostile() throws -> Workspace {
    let workspace = try Workspace()
    let escaped = String(
      Self.text.unicodeScalars.flatMap { scalar -> [Character] in
        let digits = String(scalar.value, radix: 16)
        return scalar.value < 0x20
          ? Array("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
          : [Character(scalar)]
      })
    try workspace.write(
      #"{"id": "f\#(escaped)", "name": "\#(escaped)", "strip_width_mm": 2, "#
        + #""strip_thickness_mm": 1, "material_type": "\#(escaped)", "#
        + #""strips": ["\#(escaped)"], "created_at": "2025-01-01", "\#(escaped)": "\#(escaped)"}"#,
      to: "legacy/strip_families/\(Self.name).json")
    try workspace.write(
      #"[{"id": "p\#(escaped)", "name": "\#(escaped)", "ring_count": 3, "#
        + #""geometry": {"\#(escaped)": "\#(escaped)"}, "strip_family_id": "f\#(escaped)", "#
        + #""pattern_type": "\#(escaped)", "created_at": "2025-01-01"}, "#
        + #"{"id": "q\#(escaped)", "status": "\#(escaped)", "ring_count": "\#(escaped)"}]"#,
      to: "legacy/patterns/\(Self.name)/\(Self.name).json")
    try workspace.write(
      #"{"j\#(escaped)": {"id": "k\#(escaped)", "job_type": "x"}, "#
        + #""l\#(escaped)": {"job_type": "\#(escaped)", "pattern_id": "no\#(escaped)", "#
        + #""parameters": {"a": 1}, "start_time": "\#(escaped)"}, "#
        + #""m\#(escaped)": {"job_type": "\#(escaped)", "parameters": {"a": "\#(escaped)"}}}"#,
      to: "legacy/joblogs/\(Self.name).json")
    try workspace.write("{ \(Self.text)", to: "legacy/joblogs/broken\(Self.name).json")
    return workspace
  }

  @Test func whatComesFromFilesIsInert() throws {
    let workspace = try hostile()
    let database = "db\(Self.name)"
    let first = ["--rejects", "out\(Self.name)", "--stats", "stats\(Self.name)"]
    let source = ["migrate", "legacy", "--db", database]
    let more = ["--on-duplicate", "update", "-v"]
    var commands = [
      source + ["--dry-run", "-v"], source + first, source + more + ["--json"], source + more,
      ["diff", "legacy", "--db", database, "-v"], ["audit"], ["audit", "--format", "html"],
      ["status"], ["history"], ["runs"], ["report"], ["report", "--format", "html"],
      ["report", "--format", "json"], ["report", "stats\(Self.name)"],
      ["report", "--output", "reports\(Self.name)"], ["export", "tree\(Self.name)"],
      ["backup", "copy\(Self.name)"], ["undo", "1", "--dry-run", "-v"], ["undo", "9"],
      ["sample", "sample\(Self.name)", "--count", "3"], ["init"], ["serve", "--port", "0", "-x"],
    ]
    commands += commands.dropFirst(2).map { $0 + ["--json"] }
    for var command in commands {
      let isOwn = command[0] == "sample" || command.contains("--db")
      if !isOwn, !command.contains("stats\(Self.name)") { command += ["--db", database] }
      let result = try Tool.run(command, in: workspace)
      expectInert(result.output, "output of \(command)")
      expectInert(result.errors, "errors of \(command)")
      if command.contains("--json"), !result.output.isEmpty {
        #expect(throws: Never.self) {
          try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        }
      }
    }
    // The text itself is unchanged.
    let json = try Tool.run(["migrate", "legacy", "--db", database, "--json"], in: workspace)
    #expect(json.output.contains(#"\u009b"#))
    #expect(json.output.contains(#"\u202e"#))
    let issues = try #require(
      (try json.json["run"] as? [String: Any])?["issues"] as? [[String: Any]]
        ?? (try json.json["issues"] as? [[String: Any]]))
    #expect(
      issues.contains { ($0["source"] as? String)?.contains(Self.name) == true })
    // An export, which is a file, has the texts of the source.
    let exported = try Tool.shell("cat tree*/patterns/*", in: workspace)
    #expect(exported.output.contains("\u{9b}") && exported.output.contains("\u{202e}"))
  }

  @Test func argumentsAreShownInertWhereverTheyStand() throws {
    let workspace = try Workspace()
    let word = Self.name
    var commands: [[String]] = [
      [word], ["--" + word], ["help", word], ["--version", word], ["-" + word],
      ["completions", word], ["man", word],
    ]
    let names = [
      "migrate", "audit", "report", "status", "history", "runs", "serve", "export", "diff",
      "undo", "sample", "init", "backup", "completions", "help", "version", "man",
    ]
    for name in names {
      commands += [
        [name, word], [name, "--" + word], [name, "-" + word], [name, word, word],
        [name, "--db", word + "/" + word], [name, "--db=" + word, word],
      ]
    }
    for option in [
      "--batch-size", "--max-errors", "--on-duplicate", "--missing-id", "--notify", "--rejects",
      "--stats", "--notify-on",
    ] {
      commands.append(["migrate", word, option, word])
      commands.append(["migrate", option + "=" + word])
    }
    commands += [
      ["audit", "--rule", word], ["audit", "--format", word], ["report", "--format", word],
      ["report", "--run", word], ["history", "--limit", word], ["sample", "x", "--count", word],
      ["serve", "--host", word, "--db", word], ["serve", "--port", word],
    ]
    for command in commands {
      for arguments in [command, command + ["--json"]] {
        // A database that it would make is another's in the next turn.
        let result = try Tool.run(
          arguments, in: workspace, environment: ["RMOS_DB_PATH": "none/\(word)"])
        expectInert(result.output, "output of \(arguments)")
        expectInert(result.errors, "errors of \(arguments)")
      }
    }
  }
}
