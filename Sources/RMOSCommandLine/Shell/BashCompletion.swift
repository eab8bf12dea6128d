/// Completion for bash 3.2 and newer, with or without the package bash-completion.
enum BashCompletion {
  /// The script.
  static var script: String {
    """
    # bash completion for rmos-cli, made by: rmos-cli completions bash

    _rmos_cli_offer() {
      local word
      while IFS= read -r word; do
        COMPREPLY+=("$word")
      done < <(compgen "$@" -- "$current")
    }

    _rmos_cli_paths() {
      compopt -o filenames 2>/dev/null
      _rmos_cli_offer "$1"
    }

    # Words with commas between, each once.
    _rmos_cli_list() {
      local before='' word
      [[ $current == *,* ]] && before=${current%,*},
      for word in $1; do
        [[ ,$before == *,$word,* ]] || _rmos_cli_offer -W "$before$word"
      done
    }

    _rmos_cli_takes_value() {
      case $1 in
    \(lines(valueOptions, indent: 4))
      esac
      return 1
    }

    _rmos_cli() {
      local current=${COMP_WORDS[COMP_CWORD]} command='' option='' over='' word
      local -i position=0 i=1
      COMPREPLY=()
      while ((i < COMP_CWORD)); do
        word=${COMP_WORDS[i]}
        i+=1
        if [[ -z $over && $word == -- ]]; then
          over=1
        elif [[ -z $over && $word == -* ]]; then
          if _rmos_cli_takes_value "$command:$word"; then
            # In bash 4 and newer, = is a word of its own.
            [[ ${COMP_WORDS[i]} == = ]] && i+=1
            ((i >= COMP_CWORD)) && option=$word
            i+=1
          fi
        elif [[ -z $command ]]; then
          command=$word
        else
          position+=1
        fi
      done
      if [[ -n $option ]]; then
        [[ $current == = ]] && current=''
      elif [[ -z $over && $current == --*=* ]]; then
        option=${current%%=*}
        current=${current#*=}
      fi
      if [[ -n $option ]]; then
        case $command:$option in
    \(lines(values, indent: 6))
        esac
      elif [[ -z $over && $current == -* ]]; then
        case $command in
    \(lines(options, indent: 6))
        esac
      else
        case $command:$position in
    \(lines(arguments, indent: 6))
        esac
      fi
    }

    complete -F _rmos_cli rmos-cli
    """
  }

  private static func lines(_ cases: [String], indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    return cases.map { margin + $0 }.joined(separator: "\n")
  }

  /// `migrate:--db | migrate:--stats) return 0 ;;`, a line a command.
  private static var valueOptions: [String] {
    CommandTable.commands.compactMap { command in
      let labels = command.allOptions.filter { $0.value != nil }.flatMap(\.spellings)
      if labels.isEmpty { return nil }
      return labels.map { "\(command.name):\($0)" }.joined(separator: " | ") + ") return 0 ;;"
    }
  }

  private static var values: [String] {
    CommandTable.commands.flatMap { command in
      command.allOptions.compactMap { option in
        guard let value = option.value, let action = action(value) else { return nil }
        return option.spellings.map { "\(command.name):\($0)" }.joined(separator: " | ")
          + ") \(action) ;;"
      }
    }
  }

  private static var options: [String] {
    ["'') _rmos_cli_offer -W '--help --json --version' ;;"]
      + CommandTable.commands.map { command in
        let labels = command.allOptions.flatMap { $0.spellings.reversed() }
        return "\(command.name)) _rmos_cli_offer -W '\(labels.joined(separator: " "))' ;;"
      }
  }

  private static var arguments: [String] {
    [":0) _rmos_cli_offer -W '\(ValueSpec.command.words.joined(separator: " "))' ;;"]
      + CommandTable.commands.flatMap { command in
        command.arguments.enumerated().compactMap { position, argument in
          action(argument.value).map { "\(command.name):\(position)) \($0) ;;" }
        }
      }
  }

  private static func action(_ value: ValueSpec) -> String? {
    switch value {
    case .text, .url: nil
    case .file: "_rmos_cli_paths -f"
    case .fileOr(let words):
      "_rmos_cli_paths -f; _rmos_cli_offer -W '\(words.joined(separator: " "))'"
    case .directory: "_rmos_cli_paths -d"
    case .shellCommand: "_rmos_cli_offer -c"
    case .list(let words): "_rmos_cli_list '\(words.joined(separator: " "))'"
    case .command, .choice, .name: "_rmos_cli_offer -W '\(value.words.joined(separator: " "))'"
    }
  }
}
