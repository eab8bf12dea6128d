import RMOSModels

/// What an option or an argument takes: completion offers it, parsing lets nothing else through.
enum ValueSpec: Sendable {
  case text
  case file
  case directory
  /// An address of the web.
  case url
  /// A command line for the shell.
  case shellCommand
  /// The name of a command.
  case command
  /// One of a few words.
  case choice([String])
  /// One or several of a few words, with commas between.
  case list([String])
  /// One of many names: what a name is called, and the command that lists them.
  case name([String], of: String, listedBy: String)

  /// What a placeholder in help promises: FILE a file, DIR a directory.
  init(placeholder: String) {
    switch placeholder {
    case "FILE": self = .file
    case "DIR": self = .directory
    default: self = .text
    }
  }

  /// The words to choose from; empty where anything goes.
  var words: [String] {
    switch self {
    case .text, .file, .directory, .url, .shellCommand: []
    case .command: CommandTable.commands.map(\.name)
    case .choice(let words), .list(let words), .name(let words, _, _): words
    }
  }

  /// Makes sure that a text is such a value.
  ///
  /// - Throws: ``UsageError`` that names what was found and expected, after `label`.
  func check(_ text: String, label: String) throws {
    switch self {
    // What is done with a file, a directory or a command says best what is wrong with it.
    case .text, .file, .directory, .shellCommand, .command: return
    case .choice(let words):
      if words.contains(text) { return }
      throw UsageError(
        "\(label): expected \(words.joined(separator: " or ")), found “\(text)”",
        hint: Suggestion.hint(for: text, among: words))
    case .name(let words, let noun, let lister):
      if words.contains(text) { return }
      throw UsageError(
        "\(label): there is no \(noun) “\(text)”",
        hint: Suggestion.hint(for: text, among: words) ?? "See \(lister).")
    case .list(let words): try Self.checkList(text, of: words, label)
    case .url:
      if Self.isURL(text) { return }
      throw UsageError(
        "\(label): expected an address that begins with http:// or https://, found “\(text)”")
    }
  }

  private static func checkList(_ text: String, of words: [String], _ label: String) throws {
    var seen: Set<String> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let word = String(part)
      guard words.contains(word) else {
        throw UsageError(
          "\(label): expected \(words.joined(separator: ", ")) or several of them, "
            + "found “\(word)”",
          hint: Suggestion.hint(for: word, among: words))
      }
      if !seen.insert(word).inserted { throw UsageError("\(label): \(word) is given twice") }
    }
  }

  /// Whether a text has the looks of an address that `curl` takes: a scheme, a host and no white
  /// space.
  private static func isURL(_ text: String) -> Bool {
    let lowercase = text.lowercased()
    guard let scheme = ["http://", "https://"].first(where: { lowercase.hasPrefix($0) }) else {
      return false
    }
    let rest = text.dropFirst(scheme.count)
    guard let first = rest.first, !"/?#:@".contains(first) else { return false }
    return rest.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
  }
}
