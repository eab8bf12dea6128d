/// Completion for fish 3 and newer.
enum FishCompletion {
  /// The script.
  static var script: String {
    """
    # fish completion for rmos-cli, made by: rmos-cli completions fish

    # The command and its arguments so far, without options and their values.
    function __rmos_cli_words
        set -l words
        set -l over
        set -l skip
        for token in (commandline -opc)[2..-1]
            if set -q skip[1]
                set -e skip
            else if not set -q over[1]; and test "$token" = --
                set over 1
            else if not set -q over[1]; and string match -q -- '-*' $token
                if contains -- "$words[1]:$token" \(valueOptions)
                    set skip 1
                end
            else
                set -a words $token
            end
        end
        printf '%s\\n' $words
    end

    # Whether the command is this one.
    function __rmos_cli_is
        set -l words (__rmos_cli_words)
        test "$words[1]" = $argv[1]
    end

    # Whether this command's argument of this number comes next.
    function __rmos_cli_at
        set -l words (__rmos_cli_words)
        test "$words[1]" = "$argv[1]"; and test (count $words) -eq $argv[2]
    end

    # Words with commas between, each once.
    function __rmos_cli_list
        set -l before (string match -r '^(?:--[a-z-]+=)?(.*,)' -- (commandline -ct))[2]
        for word in $argv
            contains -- $word (string split , -- $before); or echo "$before$word"
        end
    end

    complete -c rmos-cli -f
    complete -c rmos-cli -n 'test -z "$(__rmos_cli_words)"' -s h -l help -d 'Show help'
    complete -c rmos-cli -n 'test -z "$(__rmos_cli_words)"' -l version -d 'Show the version'
    complete -c rmos-cli -n 'test -z "$(__rmos_cli_words)"' -l json \\
        -d 'Print one JSON object on standard output'
    \(commands)
    """
  }

  private static var valueOptions: String {
    CommandTable.commands.flatMap { command in
      command.allOptions.filter { $0.value != nil }.flatMap(\.spellings)
        .map { "\(command.name):\($0)" }
    }.joined(separator: " ")
  }

  private static var commands: String {
    CommandTable.commands.flatMap { command in
      var lines = [
        "",
        "complete -c rmos-cli -n 'test -z \"$(__rmos_cli_words)\"' -a \(command.name) "
          + "-d \(quoted(command.summary))",
      ]
      let start = "complete -c rmos-cli -n "
      lines += command.arguments.enumerated().compactMap { position, argument in
        guard let value = candidates(argument.value) else { return nil }
        return start + "'__rmos_cli_at \(command.name) \(position + 1)' \(value)"
      }
      lines += command.allOptions.map { option in
        var line = start + "'__rmos_cli_is \(command.name)' "
        if let letter = option.letter { line += "-s \(letter) " }
        line += "-l \(option.name) "
        if let value = option.value { line += "-r \(candidates(value) ?? "-f") " }
        return line + "-d \(quoted(option.help))"
      }
      return lines
    }.joined(separator: "\n")
  }

  private static func candidates(_ value: ValueSpec) -> String? {
    switch value {
    case .text, .url: nil
    case .file: "-F"
    case .fileOr(let words): "-F -a '\(words.joined(separator: " "))'"
    case .directory: "-f -a '(__fish_complete_directories)'"
    case .shellCommand: "-f -a '(__fish_complete_command)'"
    case .list(let words): "-f -a '(__rmos_cli_list \(words.joined(separator: " ")))'"
    case .command, .choice, .name: "-f -a '\(value.words.joined(separator: " "))'"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "'"
    for character in text {
      if character == "'" || character == "\\" { result += "\\" }
      result.append(character)
    }
    return result + "'"
  }
}
