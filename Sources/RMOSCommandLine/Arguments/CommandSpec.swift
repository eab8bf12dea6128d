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

    /// Creates an argument; without `value`, its name tells what values it takes.
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
    /// The letter after `-`, if there is one.
    let letter: Character?
    /// The value's name in help; `nil` for a flag.
    let placeholder: String?
    /// The values that the option takes; `nil` for a flag.
    let value: ValueSpec?
    let help: String
    /// Whether it may be given several times.
    let isRepeatable: Bool
    /// Older spellings of words, and the words that replace them.
    let olderWords: [String: String]
    /// What to do instead, by words that people expect and that it does not take.
    let waysOut: [String: String]
    /// Whether it is for unattended runs only, and may hold a secret: it is left out of command
    /// lines that are shown.
    let isUnattended: Bool

    /// Creates an option; without `value`, its placeholder tells what values it takes, and a choice
    /// is its own placeholder.
    init(
      name: String, letter: Character? = nil, placeholder: String? = nil, value: ValueSpec? = nil,
      help: String, isRepeatable: Bool = false, olderWords: [String: String] = [:],
      waysOut: [String: String] = [:], isUnattended: Bool = false
    ) {
      self.name = name
      self.olderWords = olderWords
      self.waysOut = waysOut
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

    /// Creates an option that takes one of a type's cases.
    init<Choice>(name: String, of type: Choice.Type, help: String)
    where Choice: RawRepresentable<String> & CaseIterable {
      self.init(name: name, value: .choice(type.allCases.map(\.rawValue)), help: help)
    }

    /// The ways to write it: `--name`, and `-n` before it if there is a letter.
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

  /// The program whose command it is.
  let program: CommandLineProgram
  let name: String
  /// One line that says what the command does.
  let summary: String
  /// A paragraph.
  let details: String
  let arguments: [Argument]
  let options: [Option]
  /// What `--quiet` or `--verbose` means here in particular, by the name of the option.
  let notes: [String: String]
  let examples: [Example]
  /// What makes it exit with status 1; `nil` if nothing does.
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

  /// The options, including the common ones.
  ///
  /// A command's ``notes`` are appended to the help texts of the common options.
  var allOptions: [Option] {
    options
      + Self.commonOptions.map { common in
        guard let note = notes[common.name] else { return common }
        return Option(name: common.name, letter: common.letter, help: "\(common.help); \(note)")
      }
  }

  /// The option of a name.
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

/// What an option or an argument takes: completion offers it, and parsing accepts nothing else.
enum ValueSpec: Sendable {
  case text
  case file
  case directory
  /// A database; opening it tells whether the value names one.
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
  /// One of many names; `of` is what such a name is called, and `listedBy` the command that lists
  /// the names.
  case name([String], of: String, listedBy: String)
  /// A file, or one of a few names.
  case fileOr([String])

  /// Creates the value that a placeholder in help promises: a file for FILE, a directory for DIR.
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

  /// Checks that a text is such a value.
  ///
  /// - Throws: ``UsageError`` that names what was found and expected, after `label`.
  func check(_ text: String, label: String) throws {
    switch self {
    // The code that uses a command or the database reports best what is wrong with it.
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

  /// Checks that a path is not something that only other programs take for one.
  ///
  /// It would be created, or looked for, under that very name.
  private func checkPath(_ text: String, _ label: String) throws {
    let isDirectory = if case .directory = self { true } else { false }
    let noun = isDirectory ? "directory" : "file"
    let wayOut = "For a \(noun) that really has that name, write ./\(text)"
    switch text {
    case _ where text.hasPrefix("~"):
      throw UsageError(
        #"\#(label): "\#(text)" begins with a ~ that the shell did not expand"#,
        hint: "Write the path of the home directory. \(wayOut)")
    case "-":
      throw UsageError(
        #"\#(label): expected a \#(noun), found "-", which stands for standard input or output"#,
        hint: wayOut)
    case ":memory:":
      throw UsageError(
        #"\#(label): "\#(text)" names a database in memory, not a \#(noun)"#, hint: wayOut)
    case _ where text.hasPrefix("file:"):
      throw UsageError(
        #"\#(label): "\#(text)" is a URI; name the \#(noun) by its path"#, hint: wayOut)
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
