/// Completion for zsh: a file `_rmos-cli` in `$fpath`, or sourced after `compinit`.
struct ZshCompletion {
  let program: CommandLineProgram

  /// The script.
  var script: String {
    """
    #compdef \(program)
    # zsh completion for \(program), made by: \(program) completions zsh

    _\(program)() {
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
          curcontext=${curcontext%:*:*}:\(program)-$words[1]:
          case $words[1] in
    \(branches)
          esac
          ;;
      esac
      return ret
    }

    if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
      _\(program) "$@"
    else
      compdef _\(program) \(program)
    fi
    """
  }

  private var commands: String {
    program.commands.map { "    \(quoted("\($0.name):\($0.summary)"))" }
      .joined(separator: "\n")
  }

  private var branches: String {
    program.commands.map { command in
      let specs =
        command.allOptions.map(spec)
        + command.arguments.map { quoted(":\(escaped($0.name)):\(action($0.value))") }
      return "        \(command.name))\n          _arguments -S \\\n"
        + specs.map { "            \($0)" }.joined(separator: " \\\n")
        + " && ret=0\n          ;;"
    }.joined(separator: "\n")
  }

  private func spec(_ option: CommandSpec.Option) -> String {
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

  private func action(_ value: ValueSpec) -> String {
    switch value {
    case .text: " "
    case .file, .database: "_files"
    case .fileOr(let words): "{compadd - \(words.joined(separator: " ")); _files}"
    case .directory: "_files -/"
    case .url: "_urls"
    case .shellCommand: "_cmdstring"
    case .list(let words): "_sequence compadd - \(words.joined(separator: " "))"
    case .command: "(\(program.commands.map(\.name).joined(separator: " ")))"
    case .choice, .name: "(\(value.words.joined(separator: " ")))"
    }
  }

  /// Returns text for use between brackets or colons of a specification.
  private func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      if "\\[]:".contains(character) { result += "\\" }
      result.append(character)
    }
    return result
  }

  private func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }
}
