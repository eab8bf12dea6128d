import RMOSModels

/// `rmos-cli completions SHELL`.
enum CompletionsCommand {
  /// The shells.
  private enum Shell: String, CaseIterable {
    case bash, zsh, fish

    var script: String {
      switch self {
      case .bash: BashCompletion.script
      case .zsh: ZshCompletion.script
      case .fish: FishCompletion.script
      }
    }
  }

  static let spec = CommandSpec(
    name: "completions", summary: "Print a shell's completion script",
    details: "The script completes commands, options, their values, files and directories. "
      + "Scripts/install.sh installs the scripts where the shells look for them.",
    arguments: [
      .init(
        name: "SHELL", help: "bash, zsh or fish", isRequired: true,
        value: .choice(Shell.allCases.map(\.rawValue)))
    ],
    examples: [
      .init(command: "source <(rmos-cli completions bash)", help: "In the current bash session"),
      .init(
        command: "rmos-cli completions zsh > ~/.zsh/functions/_rmos-cli",
        help: "For zsh, if that directory is in fpath"),
      .init(
        command: "rmos-cli completions fish > ~/.config/fish/completions/rmos-cli.fish",
        help: "For fish"),
    ]
  ) { arguments, console in
    guard let shell = Shell(rawValue: arguments.positionals[0]) else { return .usage }
    if arguments.has("json") {
      console.print(
        JSONOutput.success {
          $0.member("shell", shell.rawValue)
          $0.member("script", shell.script + "\n")
        })
    } else {
      console.print(shell.script)
    }
    return .success
  }
}
