import Foundation

/// A shell that has loaded the completion script.
enum CompletingShell: String, CaseIterable, Sendable {
  case bash, zsh, fish

  /// Why the shell cannot be tested here; `nil` if it can.
  var obstacle: String? {
    if !Tool.has(rawValue) { return "there is no \(rawValue) here" }
    let terminal = "zsh -fc 'zmodload zsh/zpty && zpty shell true'"
    if self == .zsh, !Tool.succeeds(terminal) { return "zsh gets no pseudo-terminal here" }
    return nil
  }

  /// Returns the completions of each line, with the cursor at its end, in the workspace's
  /// directory.
  func offers(for lines: [String], in workspace: Workspace) throws -> [String: Set<String>] {
    let harness = workspace.outside("harness.\(rawValue)")
    try Data(script.utf8).write(to: URL(fileURLWithPath: harness))
    let completion = workspace.outside("completion.\(rawValue)")
    let result = try Tool.shell(
      """
      "$CLI" completions \(rawValue) > "$COMPLETION" || exit
      while IFS= read -r line; do lines+=("$line"); done <<< "$LINES_ASKED"
      exec \(rawValue) \(flags) "$HARNESS" "${lines[@]}"
      """, in: workspace,
      environment: [
        "COMPLETION": completion, "HARNESS": harness,
        "LINES_ASKED": lines.joined(separator: "\n"), "HOME": workspace.outside("home"),
      ])
    struct Failure: Error { var text: String }
    guard result.status == 0, result.errors.isEmpty else {
      throw Failure(text: "\(rawValue): \(result.status) \(result.errors)")
    }
    var offers: [String: Set<String>] = [:]
    var line = ""
    for text in result.output.split(whereSeparator: \.isNewline).map(String.init) {
      if text.hasPrefix("= ") {
        line = String(text.dropFirst(2))
        offers[line] = []
      } else if let word = text.split(separator: "\t").first {
        // Shells differ in whether a directory has a slash.
        offers[line]?.insert(word.hasSuffix("/") ? String(word.dropLast()) : String(word))
      }
    }
    return offers
  }

  private var flags: String { self == .fish ? "--no-config" : self == .zsh ? "-f" : "--norc" }

  /// Prints `= LINE` for each of its arguments, followed by the completions.
  private var script: String {
    switch self {
    case .bash:
      // bash passes = as a separate word.
      #"""
      source "$COMPLETION"
      [[ $(complete -p rmos-cli) == *' -F _rmos_cli rmos-cli' ]] || exit
      for line in "$@"; do
        printf '= %s\n' "$line"
        COMP_LINE=$line COMP_POINT=${#line}
        read -ra COMP_WORDS <<< "${line//=/ = }"
        [[ $line == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        COMPREPLY=()
        _rmos_cli rmos-cli "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        ((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
      done
      exit 0
      """#
    case .zsh:
      // A shell on a pseudo-terminal, in which added matches are printed.
      #"""
      zmodload zsh/zpty || exit
      zpty shell zsh -f -i
      zpty -w shell "PROMPT=; unsetopt beep; autoload -Uz compinit; compinit -D -u"
      zpty -w shell "source ${(q)COMPLETION}"
      zpty -w shell 'compadd() {
        if (( ! ${@[(I)-[AOD]]} )); then
          local -a hits
          builtin compadd -A hits "$@"
          (( $#hits )) && print -rl -- "<<"${^hits}">>"
        fi
        builtin compadd "$@"
      }'
      zpty -w shell 'offer() { _main_complete; print -r "<<end>>" }'
      zpty -w shell 'zle -C offer complete-word offer; bindkey "^I" offer'
      zpty -w shell 'print -r "<<ready""2>>"'
      zpty -rm shell text '*<<ready2>>*'
      for line in "$@"; do
        print -r -- "= $line"
        zpty -w -n shell "$line"$'\t'
        zpty -rm shell text '*<<end>>*'
        print -r -- "$text" | grep -oE '<<[^<>]+>>' | sed -e 's/<<//; s/>>//' -e '/^end$/d'
        zpty -w -n shell $'\x15'
      done
      zpty -d shell
      exit 0
      """#
    case .fish:
      """
      source $COMPLETION
      for line in $argv
        echo "= $line"
        complete -C $line
      end
      """
    }
  }
}
