import RMOSModels

/// `rmos-cli help [COMMAND]`.
enum HelpCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "help", summary: "Show help for the program or a command",
      details: "",
      arguments: [.init(name: "COMMAND", help: "The command to describe", value: .command)],
      examples: [.init(command: "\(program) help migrate", help: "The options of migrate")]
    ) { arguments, console in
      let asJSON = arguments.has("json")
      if let name = arguments.positionals.first {
        return show(try program.command(name), asJSON: asJSON, console)
      }
      if asJSON {
        console.printDocument(
          JSONOutput.success {
            $0.member("version", program.version)
            $0.member("commands", each: program.commands) { $1.write(to: &$0) }
          })
      } else {
        console.printDocument(HelpText(program: program, width: console.layout.width).overview)
      }
      return .success
    }
  }

  /// Shows one command's help.
  static func show(_ spec: CommandSpec, asJSON: Bool, _ console: Console) -> ExitStatus {
    if asJSON {
      console.printDocument(
        JSONOutput.success {
          $0.member("command") { spec.write(to: &$0) }
        })
    } else {
      console.printDocument(
        HelpText(program: spec.program, width: console.layout.width).text(for: spec))
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
        console.printDocument(JSONOutput.success { $0.member("version", program.version) })
      } else {
        console.printDocument("\(program) \(program.version)")
      }
      return .success
    }
  }
}

/// The text of help, made from the command table.
struct HelpText {
  private let program: CommandLineProgram
  private let width: Int

  /// Creates the text for a width; lines of more than 80 columns are hard to read.
  init(program: CommandLineProgram, width: Int) {
    self.program = program
    self.width = min(80, width)
  }

  /// The exit statuses, with their meanings.
  static let exitStatuses = [
    ("0", "clean"), ("1", "ran and found failures"), ("2", "usage error"),
    ("3", "could not run"), ("130", "interrupted"),
  ]

  /// The environment variables that the program reads, with their meanings.
  static let environment = [
    ("RMOS_DB_PATH", "The database if --db is not given."),
    ("RMOS_TOKEN", "The access token of serve if --token is not given."),
    ("RMOS_NOTIFY_TIMEOUT", "Timeout of each attempt of migrate --notify, in seconds (10)."),
    ("NO_COLOR", "If set and not empty, no color."),
    ("TERM", "If dumb, no color and no progress bar."),
    ("COLUMNS", "Maximum width of lines, instead of the terminal's."),
    ("LC_ALL", "With LC_CTYPE and LANG: whether bars may use more than ASCII."),
    ("TMPDIR", "The directory for temporary files."),
    ("STATE_DIRECTORY", "Verdicts of audits are saved in its directory audits; status reads them."),
    ("XDG_STATE_HOME", "Without STATE_DIRECTORY, they are in its rmos/audits (~/.local/state)."),
  ]

  /// The help text of the program, with its commands.
  var overview: String {
    let rows = program.commands.map { ($0.name, $0.summary) }
    let text = """
      \(wrapped("\(program) \(program.version) — \(program.about)"))

      \(wrapped("Usage: \(program) COMMAND [arguments] [options]", hanging: 4))

      Commands:
      \(table(rows))

      """
    return text + "\n"
      + wrapped("See \(program) help COMMAND for a command's arguments, options and examples.")
      + "\n" + wrapped(databaseSentence)
  }

  private var databaseSentence: String {
    let rest = program.defaultDatabase.map { ", or else \($0)" } ?? ""
    return "The database is --db \(program.databasePlaceholder), or else "
      + "RMOS_DB_PATH\(rest)."
  }

  /// Returns the help text of a command.
  func text(for spec: CommandSpec) -> String {
    var text = wrapped("\(program) \(spec.name) — \(spec.summary)")
    text += "\n\n" + wrapped("Usage: \(spec.usage)", hanging: 4) + "\n"
    if !spec.details.isEmpty { text += "\n" + wrapped(spec.details) + "\n" }
    if !spec.arguments.isEmpty {
      text += "\nArguments:\n" + table(spec.arguments.map { ($0.name, $0.help) }) + "\n"
    }
    text += "\nOptions:\n" + table(spec.allOptions.map { ($0.label, $0.help) }) + "\n"
    if !spec.examples.isEmpty {
      text += "\nExamples:\n"
      text += spec.examples.map { example in
        (LineLayout.command(example.command, width: width, indent: 2)
          + PlainText.wrapped(example.help, width: width, indent: 6)).joined(separator: "\n")
      }.joined(separator: "\n")
      text += "\n"
    }
    let statuses = Self.exitStatuses.compactMap { status, meaning -> String? in
      switch status {
      case "0" where spec.failures == nil: "0 done"
      case "1": spec.failures.map { "1 \($0)" }
      default: "\(status) \(meaning)"
      }
    }
    return text + "\n" + wrapped("Exit status: \(statuses.joined(separator: "; ")).")
  }

  /// Returns two columns; a label that is too long for the first gets its own line.
  private func table(_ rows: [(String, String)]) -> String {
    let longest = rows.map(\.0.count).max() ?? 0
    let column = min(longest, width < 60 ? 10 : 26) + 4
    return rows.map { label, help in
      let start = "  " + label
      if start.count + 2 > column {
        return
          (PlainText.wrapped(label, width: width, indent: 2, hanging: 4)
          + PlainText.wrapped(help, width: width, indent: column)).joined(separator: "\n")
      }
      return PlainText.wrapped(
        help, width: width, after: PlainText.padded(start, to: column, left: false),
        hanging: column
      ).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private func wrapped(_ text: String, hanging: Int = 0) -> String {
    PlainText.wrapped(text, width: width, hanging: hanging).joined(separator: "\n")
  }
}
