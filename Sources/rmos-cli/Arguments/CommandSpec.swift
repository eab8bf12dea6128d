/// One command: what it takes and what it does.
///
/// The table of these drives parsing, help, completion and the manual page.
struct CommandSpec: Sendable {
  /// What stands for itself on the command line.
  struct Argument: Sendable {
    /// Its name in help, such as `SOURCE`.
    let name: String
    let help: String
    let isRequired: Bool
    let value: ValueSpec

    /// An argument; its name says what it takes unless `value` does.
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
    /// The letter after `-`, where there is one.
    let letter: Character?
    /// The value's name in help; nil for a flag.
    let placeholder: String?
    /// What it takes; nil for a flag.
    let value: ValueSpec?
    let help: String
    /// Whether it may be given several times.
    let isRepeatable: Bool
    /// Whether it is only for runs that nobody watches, and perhaps holds a secret: left out where
    /// a command line is shown.
    let isUnattended: Bool

    /// An option; its placeholder says what it takes unless `value` does, and a choice is its own
    /// placeholder.
    init(
      name: String, letter: Character? = nil, placeholder: String? = nil, value: ValueSpec? = nil,
      help: String, isRepeatable: Bool = false, isUnattended: Bool = false
    ) {
      self.name = name
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

    /// An option that takes one of a type's cases.
    init<Choice>(name: String, of type: Choice.Type, help: String)
    where Choice: RawRepresentable<String> & CaseIterable {
      self.init(name: name, value: .choice(type.allCases.map(\.rawValue)), help: help)
    }

    /// How it may be written: `--name`, and `-n` before it where there is a letter.
    var spellings: [String] { (letter.map { ["-\($0)"] } ?? []) + ["--\(name)"] }

    /// How the option is written.
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

  let name: String
  /// One line.
  let summary: String
  /// A paragraph.
  let details: String
  var arguments: [Argument] = []
  var options: [Option] = []
  var examples: [Example] = []
  let run: @Sendable (ParsedArguments, Console) throws -> ExitStatus

  /// The options, with those that every command takes.
  var allOptions: [Option] { options + Self.commonOptions }

  /// What every command takes.
  static let commonOptions = [
    Option(name: "json", help: "Print one JSON object on standard output"),
    Option(name: "help", letter: "h", help: "Show this help"),
  ]

  /// The synopsis.
  var usage: String {
    let words = arguments.map { $0.isRequired ? $0.name : "[\($0.name)]" }
    return (["rmos-cli", name] + words + ["[options]"]).joined(separator: " ")
  }
}
