import RMOSModels

/// `rmos-cli help [COMMAND]`.
enum HelpCommand {
  static let spec = CommandSpec(
    name: "help", summary: "Show help, or the help of a command",
    details: "",
    arguments: [.init(name: "COMMAND", help: "The command to explain", value: .command)],
    examples: [.init(command: "rmos-cli help migrate", help: "All about migrating")]
  ) { arguments, console in
    let asJSON = arguments.has("json")
    if let name = arguments.positionals.first {
      return show(try CommandTable.command(name), asJSON: asJSON, console)
    }
    if asJSON {
      console.print(
        JSONOutput.success {
          $0.member("version", RMOSVersion.current)
          $0.member("commands") {
            $0.array {
              for spec in CommandTable.commands { spec.write(to: &$0) }
            }
          }
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
        JSONOutput.success {
          $0.member("command") { spec.write(to: &$0) }
        })
    } else {
      console.print(HelpText.text(for: spec))
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
      $0.member("arguments") {
        $0.array {
          for argument in arguments {
            $0.object {
              $0.member("name", argument.name)
              $0.member("required", argument.isRequired)
              $0.member("help", argument.help)
            }
          }
        }
      }
      $0.member("options") {
        $0.array {
          for option in allOptions {
            $0.object {
              $0.member("name", "--" + option.name)
              $0.member("letter", option.letter.map { "-\($0)" })
              $0.member("value", option.placeholder)
              $0.member("help", option.help)
            }
          }
        }
      }
    }
  }
}
