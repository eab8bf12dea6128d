import RMOSModels

/// Help, made from the command table.
enum HelpText {
  private static let width = 80

  /// What the exit statuses mean.
  static let exitStatuses = [
    ("0", "clean"), ("1", "ran and found failures"), ("2", "wrong usage"),
    ("3", "could not run"), ("130", "interrupted"),
  ]

  /// The variables that the program reads.
  static let environment = [
    ("RMOS_DB_PATH", "The database, where --db is not given."),
    ("RMOS_TOKEN", "What clients of serve must show, where --token is not given."),
    ("RMOS_NOTIFY_TIMEOUT", "How many seconds an attempt of migrate --notify may take (10)."),
    ("NO_COLOR", "No colour on terminals, if set and not empty."),
    ("TERM", "dumb: neither colour nor a line that is redrawn."),
  ]

  /// What the program does and its commands.
  static var overview: String {
    let rows = CommandTable.commands.map { ($0.name, $0.summary) }
    return """
      rmos-cli \(RMOSVersion.current) — migrates a luthier shop's legacy JSON files into SQLite

      Usage: rmos-cli COMMAND [arguments] [options]

      Commands:
      \(table(rows))

      See rmos-cli help COMMAND for a command's arguments, options and examples.
      The database is --db FILE, else RMOS_DB_PATH, else \(Defaults.database).
      """
  }

  /// One command.
  static func text(for spec: CommandSpec) -> String {
    var text = "rmos-cli \(spec.name) — \(spec.summary)\n\nUsage: \(spec.usage)\n"
    if !spec.details.isEmpty { text += "\n" + wrapped(spec.details, indent: 0) + "\n" }
    if !spec.arguments.isEmpty {
      text += "\nArguments:\n" + table(spec.arguments.map { ($0.name, $0.help) }) + "\n"
    }
    text += "\nOptions:\n" + table(spec.allOptions.map { ($0.label, $0.help) }) + "\n"
    if !spec.examples.isEmpty {
      text += "\nExamples:\n"
      text += spec.examples.map { "  \($0.command)\n      \($0.help)" }.joined(separator: "\n")
      text += "\n"
    }
    let statuses = exitStatuses.map { "\($0) \($1)" }.joined(separator: ", ")
    return text + "\n" + wrapped("Exit status: \(statuses).", indent: 0)
  }

  /// Two columns; what is too long for the first takes a line of its own.
  private static func table(_ rows: [(String, String)]) -> String {
    let longest = rows.map(\.0.count).max() ?? 0
    let column = min(longest, 26) + 4
    return rows.map { label, help in
      let text = wrapped(help, indent: column)
      let start = "  " + label
      if start.count + 2 > column { return start + "\n" + text }
      return TerminalText.padded(start, to: column, left: false) + text.dropFirst(column)
    }.joined(separator: "\n")
  }

  /// Text broken at spaces so that no line is wider than a terminal's 80 columns.
  private static func wrapped(_ text: String, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    return wrapped(text, width: width - indent).map { margin + $0 }.joined(separator: "\n")
  }

  /// The lines of a text, broken at spaces.
  static func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return lines + [line]
  }
}
