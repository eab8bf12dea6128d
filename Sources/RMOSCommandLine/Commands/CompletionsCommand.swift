import RMOSModels

/// `rmos-cli completions SHELL`.
enum CompletionsCommand {
  /// The shells.
  private enum Shell: String, CaseIterable {
    case bash, zsh, fish

    func script(for program: CommandLineProgram) -> String {
      switch self {
      case .bash: BashCompletion(program: program).script
      case .zsh: ZshCompletion(program: program).script
      case .fish: FishCompletion(program: program).script
      }
    }
  }

  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "completions", summary: "Print a shell's completion script",
      details: "The script completes commands, options, their values, files and directories. "
        + "Scripts/install.sh installs the scripts where the shells look for them.",
      arguments: [
        .init(
          name: "SHELL", help: "bash, zsh or fish", isRequired: true,
          value: .choice(Shell.allCases.map(\.rawValue)))
      ],
      examples: [
        .init(
          command: "source <(\(program) completions bash)", help: "In the current bash session"),
        .init(
          command: "\(program) completions zsh > ~/.zsh/functions/_\(program)",
          help: "For zsh, if that directory is in fpath"),
        .init(
          command: "\(program) completions fish > ~/.config/fish/completions/\(program).fish",
          help: "For fish"),
      ]
    ) { arguments, console in
      guard let shell = Shell(rawValue: arguments.positionals[0]) else { return .usage }
      if arguments.has("json") {
        console.printDocument(
          JSONOutput.success {
            $0.member("shell", shell.rawValue)
            $0.member("script", shell.script(for: program) + "\n")
          })
      } else {
        console.printDocument(shell.script(for: program))
      }
      return .success
    }
  }
}
