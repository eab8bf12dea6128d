/// Completion for fish 3 and newer.
struct FishCompletion {
  let program: CommandLineProgram

  /// The prefix of the names of the functions.
  private var function: String { program.identifier }

  /// The script.
  var script: String {
    """
    # fish completion for \(program), made by: \(program) completions fish

    # The command and its arguments so far, without options and their values.
    function __\(function)_words
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
    function __\(function)_is
        set -l words (__\(function)_words)
        test "$words[1]" = $argv[1]
    end

    # Whether this command's argument of this number comes next.
    function __\(function)_at
        set -l words (__\(function)_words)
        test "$words[1]" = "$argv[1]"; and test (count $words) -eq $argv[2]
    end

    # Words with commas between, each once.
    function __\(function)_list
        set -l before (string match -r '^(?:--[a-z-]+=)?(.*,)' -- (commandline -ct))[2]
        for word in $argv
            contains -- $word (string split , -- $before); or echo "$before$word"
        end
    end

    complete -c \(program) -f
    complete -c \(program) -n 'test -z "$(__\(function)_words)"' -s h -l help -d 'Show help'
    complete -c \(program) -n 'test -z "$(__\(function)_words)"' -l version -d 'Show the version'
    complete -c \(program) -n 'test -z "$(__\(function)_words)"' -l json \\
        -d 'Print one JSON object on standard output'
    \(commands)
    """
  }

  private var valueOptions: String {
    program.commands.flatMap { command in
      command.allOptions.filter { $0.value != nil }.flatMap(\.spellings)
        .map { "\(command.name):\($0)" }
    }.joined(separator: " ")
  }

  private var commands: String {
    program.commands.flatMap { command in
      var lines = [
        "",
        "complete -c \(program) -n 'test -z \"$(__\(function)_words)\"' -a \(command.name) "
          + "-d \(quoted(command.summary))",
      ]
      let start = "complete -c \(program) -n "
      lines += command.arguments.enumerated().compactMap { position, argument in
        guard let value = candidates(argument.value) else { return nil }
        return start + "'__\(function)_at \(command.name) \(position + 1)' \(value)"
      }
      lines += command.allOptions.map { option in
        var line = start + "'__\(function)_is \(command.name)' "
        if let letter = option.letter { line += "-s \(letter) " }
        line += "-l \(option.name) "
        if let value = option.value { line += "-r \(candidates(value) ?? "-f") " }
        return line + "-d \(quoted(option.help))"
      }
      return lines
    }.joined(separator: "\n")
  }

  private func candidates(_ value: ValueSpec) -> String? {
    switch value {
    case .text, .url: nil
    case .file, .database: "-F"
    case .fileOr(let words): "-F -a '\(words.joined(separator: " "))'"
    case .directory: "-f -a '(__fish_complete_directories)'"
    case .shellCommand: "-f -a '(__fish_complete_command)'"
    case .list(let words): "-f -a '(__\(function)_list \(words.joined(separator: " ")))'"
    case .command: "-f -a '\(program.commands.map(\.name).joined(separator: " "))'"
    case .choice, .name: "-f -a '\(value.words.joined(separator: " "))'"
    }
  }

  private func quoted(_ text: String) -> String {
    var result = "'"
    for character in text {
      if character == "'" || character == "\\" { result += "\\" }
      result.append(character)
    }
    return result + "'"
  }
}
