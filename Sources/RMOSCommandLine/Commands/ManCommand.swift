import RMOSModels

/// `rmos-cli man`.
enum ManCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "man", summary: "Print the manual page",
      details: "The page is in roff with the man macros.",
      examples: [
        .init(command: "\(program) man | man -l -", help: "Read it; on macOS, use | mandoc | less"),
        .init(
          command: "\(program) man > /usr/local/share/man/man1/\(program).1", help: "Install it"),
      ]
    ) { arguments, console in
      let page = ManualPage(program: program).roff
      if arguments.has("json") {
        console.printDocument(JSONOutput.success { $0.member("roff", page + "\n") })
      } else {
        console.printDocument(page)
      }
      return .success
    }
  }
}

/// The manual page, made from the command table: roff with the man macros.
struct ManualPage {
  let program: CommandLineProgram

  /// The page.
  var roff: String {
    var page = Roff()
    let version = Roff.escaped("\(program) \(program.version)")
    let title = Roff.escaped(program.name.uppercased())
    page.lines.append(#".TH "\#(title)" 1 "\#(RMOSVersion.date)" "\#(version)" RMOS"#)
    // No hyphenation and no justification, so that commands stay readable.
    page.lines += [".nh", ".ad l"]
    page.section("Name")
    page.name(program.name, program.about)
    page.section("Synopsis")
    page.bold(program.name, then: " COMMAND [arguments] [options]")
    page.section("Description")
    page.text(
      "Moves strip families, patterns and job logs from JSON files into a database that the "
        + "shop's applications share. Nothing in a file is dropped, guessed or overwritten, and "
        + "running it again is always safe.")
    page.paragraph(
      "Options come after the command. --option value and --option=value mean the same, and -qv "
        + "means -q -v; -- ends the options.")
    page.section("Commands")
    for command in program.commands { page.command(command) }
    page.section("Exit status")
    for (status, meaning) in HelpText.exitStatuses { page.entry(status, meaning) }
    page.section("Issues")
    page.text(
      "The codes in brackets behind what migrate says about files and entities, which --accept "
        + "takes:")
    for (codes, meaning) in IssueMeanings.table { page.entry(codes, meaning + ".") }
    for kind in program.catalog.kinds {
      for field in kind.schema.fields {
        guard case .text(let rule) = field.type, !rule.knownValues.isEmpty else { continue }
        page.paragraph(
          "Known values of \(field.member) in \(kind.schema.plural): "
            + rule.knownValues.joined(separator: ", ") + ".")
      }
    }
    page.section("Environment")
    for (name, meaning) in HelpText.environment { page.entry(name, meaning) }
    page.section("Files")
    if let database = program.defaultDatabase {
      page.entry(database, "The database, unless --db or RMOS_DB_PATH names another.")
    }
    page.entry(program.defaultSource, "The legacy directory, unless SOURCE names another.")
    page.entry(
      "$STATE_DIRECTORY/audits, $XDG_STATE_HOME/rmos/audits or ~/.local/state/rmos/audits",
      "The verdicts of the last audits, one file per database, in the first of these directories that "
        + "the environment names.")
    return page.lines.joined(separator: "\n")
  }
}

/// Lines of roff.
private struct Roff {
  var lines: [String] = []

  mutating func macro(_ name: String, _ argument: String? = nil) {
    lines.append(".\(name)" + (argument.map { " \"\(Self.escaped($0))\"" } ?? ""))
  }

  mutating func section(_ title: String) { macro("SH", title.uppercased()) }

  /// The line that `whatis` and `apropos` search, which must have this dash.
  mutating func name(_ name: String, _ about: String) {
    lines.append(#"\#(Self.escaped(name)) \- \#(Self.escaped(about))"#)
  }

  mutating func text(_ text: String) {
    lines += PlainText.wrapped(text, width: 60).map(Self.line)
  }

  mutating func paragraph(_ text: String) {
    macro("PP")
    self.text(text)
  }

  mutating func bold(_ text: String, then rest: String = "") {
    lines.append("\\fB\(Self.escaped(text))\\fR\(Self.escaped(rest))")
  }

  /// A term with its meaning indented below.
  mutating func entry(_ term: String, _ meaning: String) {
    macro("TP")
    bold(term)
    text(meaning)
  }

  mutating func command(_ command: CommandSpec) {
    macro("SS", command.usage)
    text(command.summary + ".")
    if !command.details.isEmpty { paragraph(command.details) }
    for argument in command.arguments { entry(argument.name, argument.help) }
    // The options of every command are described once, with help.
    let isHelp = command.name == "help"
    for option in isHelp ? command.allOptions : command.options {
      entry(option.label, option.help)
    }
    guard !command.examples.isEmpty else { return }
    macro("PP")
    text(command.examples.count == 1 ? "Example:" : "Examples:")
    for example in command.examples { entry(example.command, example.help) }
  }

  /// Returns a line of text, escaped so that it is no request.
  private static func line(_ text: String) -> String {
    let escaped = escaped(text)
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
  }

  fileprivate static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "\"": result += "\\(dq"
      case "'": result += "\\(aq"
      case "`": result += "\\(ga"
      case "^": result += "\\(ha"
      case "~": result += "\\(ti"
      case "\n": result += " "
      default:
        if scalar.isASCII {
          result.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          result += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
        }
      }
    }
    return result
  }
}
