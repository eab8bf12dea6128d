import RMOSModels

/// A command: its arguments and options, and the code that runs it.
///
/// The table of all commands drives parsing, help, completion and the manual page.
struct CommandSpec: Sendable {
  /// A positional argument.
  struct Argument: Sendable {
    /// The argument's name in help, such as `SOURCE`.
    let name: String
    let help: String
    let isRequired: Bool
    let value: ValueSpec

    /// Creates an argument; without `value`, the name determines the values that it takes.
    init(name: String, help: String, isRequired: Bool = false, value: ValueSpec? = nil) {
      self.name = name
      self.help = help
      self.isRequired = isRequired
      self.value = value ?? ValueSpec(placeholder: name)
    }
  }

  /// An option.
  struct Option: Sendable {
    /// The name after `--`.
    let name: String
    /// The letter after `-`; `nil` if there is none.
    let letter: Character?
    /// The value's name in help; `nil` for a flag.
    let placeholder: String?
    /// The values that the option takes; `nil` for a flag.
    let value: ValueSpec?
    let help: String
    /// Whether it may be given several times.
    let isRepeatable: Bool
    /// Older spellings of values, and the current ones.
    let olderWords: [String: String]
    /// Hints for values that users may expect the option to take, but that it does not.
    let hints: [String: String]
    /// Whether the option is for unattended runs, and may hold a secret, so that command lines are
    /// shown without it.
    let isUnattended: Bool

    /// Creates an option; without `value`, the placeholder determines the values that it takes, and
    /// without `placeholder`, the words of a choice are the placeholder.
    init(
      name: String, letter: Character? = nil, placeholder: String? = nil, value: ValueSpec? = nil,
      help: String, isRepeatable: Bool = false, olderWords: [String: String] = [:],
      hints: [String: String] = [:], isUnattended: Bool = false
    ) {
      self.name = name
      self.olderWords = olderWords
      self.hints = hints
      self.letter = letter
      if placeholder == nil, case .choice(let words) = value {
        self.placeholder = words.joined(separator: "|")
      } else {
        self.placeholder = placeholder
      }
      self.value = value ?? placeholder.map { ValueSpec(placeholder: $0) }
      self.help = help
      self.isRepeatable = isRepeatable
      self.isUnattended = isUnattended
    }

    /// Creates an option whose values are a type's cases.
    init<Choice>(name: String, of type: Choice.Type, help: String)
    where Choice: RawRepresentable<String> & CaseIterable {
      let words = type.allCases.map(\.rawValue)
      self.init(
        name: name, value: .choice(words), help: help,
        olderWords: words.contains("text") ? ["txt": "text"] : [:])
    }

    /// The option as it can be written: `-n`, if there is a letter, and `--name`.
    var spellings: [String] { (letter.map { ["-\($0)"] } ?? []) + ["--\(name)"] }

    /// The option in help, with its placeholder.
    var label: String {
      let long = placeholder.map { "--\(name) \($0)" } ?? "--\(name)"
      return (letter.map { "-\($0), \(long)" } ?? long) + (isRepeatable ? " …" : "")
    }
  }

  /// An example in help.
  struct Example: Sendable {
    let command: String
    let help: String
  }

  /// The program to which the command belongs.
  let program: CommandLineProgram
  let name: String
  /// A description of the command in one line.
  let summary: String
  /// A description of the command in a paragraph.
  let details: String
  let arguments: [Argument]
  let options: [Option]
  /// Additions to the help texts of common options such as `--verbose`, by their names.
  let notes: [String: String]
  let examples: [Example]
  /// The conditions for exit status 1; `nil` if there are none.
  let failures: String?
  let run: @Sendable (ParsedArguments, Console) throws -> ExitStatus

  init(
    _ program: CommandLineProgram, name: String, summary: String, details: String,
    arguments: [Argument] = [], options: [Option] = [], notes: [String: String] = [:],
    examples: [Example] = [], failures: String? = nil,
    run: @escaping @Sendable (ParsedArguments, Console) throws -> ExitStatus
  ) {
    self.program = program
    self.name = name
    self.summary = summary
    self.details = details
    self.arguments = arguments
    self.options = options
    self.notes = notes
    self.examples = examples
    self.failures = failures
    self.run = run
  }

  /// The options, including the common ones with their ``notes``.
  var allOptions: [Option] {
    options
      + Self.commonOptions.map { common in
        guard let note = notes[common.name] else { return common }
        return Option(name: common.name, letter: common.letter, help: "\(common.help); \(note)")
      }
  }

  /// Returns the option with a name; `nil` if there is none.
  func option(_ name: String) -> Option? { allOptions.first { $0.name == name } }

  /// The options that every command takes.
  static let commonOptions = [
    Option(name: "json", help: "Print one JSON object on standard output"),
    Option(
      name: "quiet", letter: "q", help: "Print only errors and requested output such as JSON"),
    Option(
      name: "verbose", letter: "v",
      help: "Show full lists instead of the first or most frequent entries"),
    Option(name: "help", letter: "h", help: "Show this help"),
  ]

  /// The synopsis.
  var usage: String {
    let words = arguments.map { $0.isRequired ? $0.name : "[\($0.name)]" }
    return ([program.name, name] + words + ["[options]"]).joined(separator: " ")
  }
}

/// The values of an option or an argument: completion offers them, and parsing accepts no others.
enum ValueSpec: Sendable {
  case text
  case file
  case directory
  /// A database, which is checked only when it is opened.
  case database
  /// An HTTP URL.
  case url
  /// A command line for the shell.
  case shellCommand
  /// The name of a command.
  case command
  /// One of a few words.
  case choice([String])
  /// One or more of a few words, separated by commas.
  case list([String])
  /// One of many names; `of` is the noun for what they name, and `listedBy` the command that lists
  /// them.
  case name([String], of: String, listedBy: String)
  /// A file, or one of a few names.
  case fileOr([String])

  /// Creates the values for a placeholder in help: files for FILE, directories for DIR.
  init(placeholder: String) {
    switch placeholder {
    case "FILE": self = .file
    case "DIR": self = .directory
    default: self = .text
    }
  }

  /// The words to choose from; empty if there are none, or if they are the names of commands.
  var words: [String] {
    switch self {
    case .text, .file, .directory, .database, .command, .url, .shellCommand: []
    case .choice(let words), .list(let words), .name(let words, _, _), .fileOr(let words): words
    }
  }

  /// Checks that a text is one of the values.
  ///
  /// - Throws: ``UsageError`` that begins with `label`, and names what was found and expected.
  func check(_ text: String, label: String) throws {
    switch self {
    // The code that uses a command or a database reports better what is wrong with it.
    case .text, .shellCommand, .command, .database: return
    case .file, .fileOr, .directory: try checkPath(text, label)
    case .choice(let words):
      if words.contains(text) { return }
      throw UsageError(
        #"\#(label): expected \#(alternatives(words)), found "\#(text)""#,
        hint: Suggestion.hint(for: text, among: words))
    case .name(let words, let noun, let lister):
      if words.contains(text) { return }
      throw UsageError(
        #"\#(label): there is no \#(noun) "\#(text)""#,
        hint: Suggestion.hint(for: text, among: words) ?? "See \(lister).")
    case .list(let words): try checkList(text, of: words, label)
    case .url:
      if Self.isURL(text) { return }
      throw UsageError(
        #"\#(label): expected a URL that begins with http:// or https://, found "\#(text)""#)
    }
  }

  /// Refuses a text that has another meaning elsewhere, such as `-` or `:memory:`, and would be
  /// taken literally as a path.
  private func checkPath(_ text: String, _ label: String) throws {
    let isDirectory = if case .directory = self { true } else { false }
    let noun = isDirectory ? "directory" : "file"
    let hint = "For a \(noun) that really has that name, write ./\(text)"
    switch text {
    case _ where text.hasPrefix("~"):
      throw UsageError(
        #"\#(label): "\#(text)" begins with a ~ that the shell did not expand"#,
        hint: "Write the path of the home directory. \(hint)")
    case "-":
      throw UsageError(
        #"\#(label): expected a \#(noun), found "-", which stands for standard input or output"#,
        hint: hint)
    case ":memory:":
      throw UsageError(
        #"\#(label): "\#(text)" names a database in memory, not a \#(noun)"#, hint: hint)
    case _ where text.hasPrefix("file:"):
      throw UsageError(
        #"\#(label): "\#(text)" is a URI; name the \#(noun) by its path"#, hint: hint)
    default: return
    }
  }

  /// `a, b or c`.
  private func alternatives(_ words: [String]) -> String {
    let first = words.dropLast().joined(separator: ", ")
    return first.isEmpty ? words.joined() : "\(first) or \(words[words.count - 1])"
  }

  private func checkList(_ text: String, of words: [String], _ label: String) throws {
    var seen: Set<String> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let word = String(part)
      guard words.contains(word) else {
        throw UsageError(
          #"\#(label): expected a list of \#(alternatives(words)), found "\#(word)""#,
          hint: Suggestion.hint(for: word, among: words))
      }
      if !seen.insert(word).inserted {
        throw UsageError("\(label): \(word) is given more than once")
      }
    }
  }

  /// Whether a text looks like a URL that `curl` accepts: a scheme, a host and no white space.
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
