/// One command: what it takes and what it does.
///
/// The table of these drives parsing and help.
struct CommandSpec: Sendable {
  /// What stands for itself on the command line.
  struct Argument: Sendable {
    /// Its name in help, such as `SOURCE`.
    let name: String
    let help: String
    var isRequired = false
  }

  /// An option.
  struct Option: Sendable {
    /// The name after `--`.
    let name: String
    /// The letter after `-`, where there is one.
    var letter: Character?
    /// The value's name in help; nil for a flag.
    var placeholder: String?
    let help: String
    /// Whether it may be given several times.
    var isRepeatable = false

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
