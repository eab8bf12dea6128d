import RMOSModels

/// `rmos-cli help [COMMAND]`.
enum HelpCommand {
  static let spec = CommandSpec(
    name: "help", summary: "Show help, or the help of a command",
    details: "",
    arguments: [.init(name: "COMMAND", help: "The command to explain")],
    examples: [.init(command: "rmos-cli help migrate", help: "All about migrating")]
  ) { arguments, console in
    let asJSON = arguments.has("json")
    if let name = arguments.positionals.first {
      return show(try CommandTable.command(name), asJSON: asJSON, console)
    }
    if asJSON {
      console.print(
        JSONOutput.success { writer in
          writer.member("version", RMOSVersion.current)
          writer.key("commands")
          writer.beginArray()
          for spec in CommandTable.commands { spec.write(to: &writer) }
          writer.endArray()
        })
    } else {
      console.print(HelpText.overview)
    }
    return .success
  }

  /// Shows one command's help.
  static func show(_ spec: CommandSpec, asJSON: Bool, _ console: Console) -> ExitStatus {
    if asJSON {
      console.print(
        JSONOutput.success { writer in
          writer.key("command")
          spec.write(to: &writer)
        })
    } else {
      console.print(HelpText.text(for: spec))
    }
    return .success
  }
}

extension CommandSpec {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("name", name)
    writer.member("summary", summary)
    writer.member("usage", usage)
    writer.key("arguments")
    writer.beginArray()
    for argument in arguments {
      writer.beginObject()
      writer.member("name", argument.name)
      writer.member("required", argument.isRequired)
      writer.member("help", argument.help)
      writer.endObject()
    }
    writer.endArray()
    writer.key("options")
    writer.beginArray()
    for option in allOptions {
      writer.beginObject()
      writer.member("name", "--" + option.name)
      writer.member("letter", option.letter.map { "-\($0)" })
      writer.member("value", option.placeholder)
      writer.member("help", option.help)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }
}
