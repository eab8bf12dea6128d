/// Completion for zsh: a file `_rmos-cli` in `$fpath`, or sourced after `compinit`.
enum ZshCompletion {
  /// The script.
  static var script: String {
    """
    #compdef rmos-cli
    # zsh completion for rmos-cli, made by: rmos-cli completions zsh

    _rmos-cli() {
      local curcontext=$curcontext state line ret=1
      local -A opt_args
      local -a commands=(
    \(commands)
      )
      _arguments -C -S \\
        '(- *)'{-h,--help}'[Show help]' \\
        '--json[Print one JSON object on standard output]' \\
        '(- *)--version[Show the version]' \\
        '1:command:->command' \\
        '*::argument:->argument' && ret=0
      case $state in
        command)
          _describe -t commands command commands && ret=0
          ;;
        argument)
          curcontext=${curcontext%:*:*}:rmos-cli-$words[1]:
          case $words[1] in
    \(branches)
          esac
          ;;
      esac
      return ret
    }

    if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
      _rmos-cli "$@"
    else
      compdef _rmos-cli rmos-cli
    fi
    """
  }

  private static var commands: String {
    CommandTable.commands.map { "    \(quoted("\($0.name):\($0.summary)"))" }
      .joined(separator: "\n")
  }

  private static var branches: String {
    CommandTable.commands.map { command in
      let specs =
        command.allOptions.map(spec)
        + command.arguments.map { quoted(":\(escaped($0.name)):\(action($0.value))") }
      return "        \(command.name))\n          _arguments -S \\\n"
        + specs.map { "            \($0)" }.joined(separator: " \\\n")
        + " && ret=0\n          ;;"
    }.joined(separator: "\n")
  }

  private static func spec(_ option: CommandSpec.Option) -> String {
    let isLast = option.name == "help"
    let others =
      isLast
      ? "(- *)"
      : option.isRepeatable
        ? "*" : option.letter == nil ? "" : "(\(option.spellings.joined(separator: " ")))"
    var tail = "[\(escaped(option.help))]"
    if let value = option.value {
      tail += ":\(escaped(option.placeholder ?? option.name)):\(action(value))"
    }
    let names = option.spellings.map { name in
      option.value == nil ? name : name.hasPrefix("--") ? name + "=" : name + "+"
    }
    if names.count == 1 { return quoted(others + names[0] + tail) }
    return quoted(others) + "{" + names.joined(separator: ",") + "}" + quoted(tail)
  }

  private static func action(_ value: ValueSpec) -> String {
    switch value {
    case .text: " "
    case .file: "_files"
    case .fileOr(let words): "{compadd - \(words.joined(separator: " ")); _files}"
    case .directory: "_files -/"
    case .url: "_urls"
    case .shellCommand: "_cmdstring"
    case .list(let words): "_sequence compadd - \(words.joined(separator: " "))"
    case .command, .choice, .name: "(\(value.words.joined(separator: " ")))"
    }
  }

  /// Text between brackets or colons of a specification.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      if "\\[]:".contains(character) { result += "\\" }
      result.append(character)
    }
    return result
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }
}
