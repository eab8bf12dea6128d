import RMOSModels

/// `rmos-cli help [COMMAND]`.
enum HelpCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "help", summary: "Show help, or the help of a command",
      details: "",
      arguments: [.init(name: "COMMAND", help: "The command to describe", value: .command)],
      examples: [.init(command: "\(program) help migrate", help: "The options of migrate")]
    ) { arguments, console in
      let asJSON = arguments.has("json")
      if let name = arguments.positionals.first {
        return show(try program.command(name), asJSON: asJSON, console)
      }
      if asJSON {
        console.print(
          JSONOutput.success {
            $0.member("version", program.version)
            $0.member("commands", each: program.commands) { $1.write(to: &$0) }
          })
      } else {
        console.print(HelpText(program: program).overview)
      }
      return .success
    }
  }

  /// Shows one command's help.
  static func show(_ spec: CommandSpec, asJSON: Bool, _ console: Console) -> ExitStatus {
    if asJSON {
      console.print(
        JSONOutput.success {
          $0.member("command") { spec.write(to: &$0) }
        })
    } else {
      console.print(HelpText(program: spec.program).text(for: spec))
    }
    return .success
  }
}

extension CommandSpec {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("name", name)
      $0.member("summary", summary)
      $0.member("usage", usage)
      $0.member("arguments", objects: arguments) { writer, argument in
        writer.member("name", argument.name)
        writer.member("required", argument.isRequired)
        writer.member("help", argument.help)
      }
      $0.member("options", objects: allOptions) { writer, option in
        writer.member("name", "--" + option.name)
        writer.member("letter", option.letter.map { "-\($0)" })
        writer.member("value", option.placeholder)
        writer.member("help", option.help)
      }
    }
  }
}

/// `rmos-cli version`, also `rmos-cli --version`.
enum VersionCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "version", summary: "Show the version (also --version)", details: ""
    ) { arguments, console in
      if arguments.has("json") {
        console.print(JSONOutput.success { $0.member("version", program.version) })
      } else {
        console.print("\(program) \(program.version)")
      }
      return .success
    }
  }
}

/// The text of help, made from the command table.
struct HelpText {
  let program: CommandLineProgram

  private static let width = 80

  /// What the exit statuses mean.
  static let exitStatuses = [
    ("0", "clean"), ("1", "ran and found failures"), ("2", "wrong usage"),
    ("3", "could not run"), ("130", "interrupted"),
  ]

  /// The variables that the program reads.
  static let environment = [
    ("RMOS_DB_PATH", "The database if --db is not given."),
    ("RMOS_TOKEN", "The access token of serve if --token is not given."),
    ("RMOS_NOTIFY_TIMEOUT", "Seconds that an attempt of migrate --notify may take (10)."),
    ("NO_COLOR", "If set and not empty, no color."),
    ("TERM", "If dumb, no color and no progress bar."),
    ("LC_ALL", "With LC_CTYPE and LANG: whether bars may be more than ASCII."),
    ("TMPDIR", "Where temporary files are kept."),
  ]

  /// What the program does, and its commands.
  var overview: String {
    let rows = program.commands.map { ($0.name, $0.summary) }
    return """
      \(program) \(program.version) — \(program.about)

      Usage: \(program) COMMAND [arguments] [options]

      Commands:
      \(table(rows))

      See \(program) help COMMAND for a command's arguments, options and examples.
      \(wayToDatabase)
      """
  }

  private var wayToDatabase: String {
    let rest = program.defaultDatabase.map { ", or else \($0)" } ?? ""
    return "The database is --db \(program.databasePlaceholder), or else "
      + "RMOS_DB_PATH\(rest)."
  }

  /// One command.
  func text(for spec: CommandSpec) -> String {
    var text = "\(program) \(spec.name) — \(spec.summary)\n\nUsage: \(spec.usage)\n"
    if !spec.details.isEmpty { text += "\n" + Self.wrapped(spec.details, indent: 0) + "\n" }
    if !spec.arguments.isEmpty {
      text += "\nArguments:\n" + table(spec.arguments.map { ($0.name, $0.help) }) + "\n"
    }
    text += "\nOptions:\n" + table(spec.allOptions.map { ($0.label, $0.help) }) + "\n"
    if !spec.examples.isEmpty {
      text += "\nExamples:\n"
      text += spec.examples.map { "  \($0.command)\n      \($0.help)" }.joined(separator: "\n")
      text += "\n"
    }
    let statuses = Self.exitStatuses.map { "\($0) \($1)" }.joined(separator: ", ")
    return text + "\n" + Self.wrapped("Exit status: \(statuses).", indent: 0)
  }

  /// Two columns; text that is too long for the first gets its own line.
  private func table(_ rows: [(String, String)]) -> String {
    let longest = rows.map(\.0.count).max() ?? 0
    let column = min(longest, 26) + 4
    return rows.map { label, help in
      let text = Self.wrapped(help, indent: column)
      let start = "  " + label
      if start.count + 2 > column { return start + "\n" + text }
      return TerminalText.padded(start, to: column, left: false) + text.dropFirst(column)
    }.joined(separator: "\n")
  }

  /// The text, wrapped at 80 columns.
  private static func wrapped(_ text: String, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    return wrapped(text, width: width - indent).map { margin + $0 }.joined(separator: "\n")
  }

  /// The lines of a text, wrapped at spaces.
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
