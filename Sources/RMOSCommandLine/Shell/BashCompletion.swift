/// Completion for bash 3.2 and newer, with or without the package bash-completion.
struct BashCompletion {
  let program: CommandLineProgram

  /// The prefix of the names of the functions.
  private var function: String { program.identifier }

  /// The script.
  var script: String {
    """
    # bash completion for \(program), made by: \(program) completions bash

    _\(function)_offer() {
      local word
      while IFS= read -r word; do
        COMPREPLY+=("$word")
      done < <(compgen "$@" -- "$current")
    }

    _\(function)_paths() {
      compopt -o filenames 2>/dev/null
      _\(function)_offer "$1"
    }

    # Words with commas between, each once.
    _\(function)_list() {
      local before='' word
      [[ $current == *,* ]] && before=${current%,*},
      for word in $1; do
        [[ ,$before == *,$word,* ]] || _\(function)_offer -W "$before$word"
      done
    }

    _\(function)_takes_value() {
      case $1 in
    \(lines(valueOptions, indent: 4))
      esac
      return 1
    }

    _\(function)() {
      local current=${COMP_WORDS[COMP_CWORD]} command='' option='' over='' word
      local -i position=0 i=1
      COMPREPLY=()
      while ((i < COMP_CWORD)); do
        word=${COMP_WORDS[i]}
        i+=1
        if [[ -z $over && $word == -- ]]; then
          over=1
        elif [[ -z $over && $word == -* ]]; then
          if _\(function)_takes_value "$command:$word"; then
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

    complete -F _\(function) \(program)
    """
  }

  private func lines(_ cases: [String], indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    return cases.map { margin + $0 }.joined(separator: "\n")
  }

  /// `migrate:--db | migrate:--stats) return 0 ;;`, a line per command.
  private var valueOptions: [String] {
    program.commands.compactMap { command in
      let labels = command.allOptions.filter { $0.value != nil }.flatMap(\.spellings)
      if labels.isEmpty { return nil }
      return labels.map { "\(command.name):\($0)" }.joined(separator: " | ") + ") return 0 ;;"
    }
  }

  private var values: [String] {
    program.commands.flatMap { command in
      command.allOptions.compactMap { option in
        guard let value = option.value, let action = action(value) else { return nil }
        return option.spellings.map { "\(command.name):\($0)" }.joined(separator: " | ")
          + ") \(action) ;;"
      }
    }
  }

  private var options: [String] {
    ["'') _\(function)_offer -W '--help --json --version' ;;"]
      + program.commands.map { command in
        let labels = command.allOptions.flatMap { $0.spellings.reversed() }
        return "\(command.name)) _\(function)_offer -W '\(labels.joined(separator: " "))' ;;"
      }
  }

  private var arguments: [String] {
    [":0) _\(function)_offer -W '\(program.commands.map(\.name).joined(separator: " "))' ;;"]
      + program.commands.flatMap { command in
        command.arguments.enumerated().compactMap { position, argument in
          action(argument.value).map { "\(command.name):\(position)) \($0) ;;" }
        }
      }
  }

  private func offer(_ words: [String]) -> String {
    "_\(function)_offer -W '\(words.joined(separator: " "))'"
  }

  private func action(_ value: ValueSpec) -> String? {
    switch value {
    case .text, .url: nil
    case .file, .database: "_\(function)_paths -f"
    case .fileOr(let words): "_\(function)_paths -f; \(offer(words))"
    case .directory: "_\(function)_paths -d"
    case .shellCommand: "_\(function)_offer -c"
    case .list(let words): "_\(function)_list '\(words.joined(separator: " "))'"
    case .command: offer(program.commands.map(\.name))
    case .choice(let words), .name(let words, _, _): offer(words)
    }
  }
}
