import RMOSModels

/// Issues as compilers print them.
enum IssueText {
  /// `path:line:column: severity: message [code]`, safe for a terminal.
  ///
  /// Paths are shown with the source directory, so that editors find them.
  static func line(_ issue: Issue, source: String, _ console: Console) -> String {
    var place = source
    while place.count > 1, place.last == "/" { place.removeLast() }
    if let path = issue.source { place += "/" + path }
    if let line = issue.line {
      place += ":\(line)"
      if let column = issue.column { place += ":\(column)" }
    }
    let style: Console.Style =
      switch issue.severity {
      case .error: .error
      case .warning: .warning
      case .info: .dim
      }
    // What the store has to say before a run names the database itself.
    let isOfStore = issue.source == nil && issue.code.rawValue.hasPrefix("store.")
    return (isOfStore ? "" : TerminalText.escaped(place) + ": ")
      + console.styled(issue.severity.rawValue + ":", style) + " "
      + TerminalText.escaped(issue.message) + " [\(TerminalText.escaped(issue.code.rawValue))]"
  }
}
