import RMOSModels
import RMOSSystem

/// The arguments of a command line, parsed according to a ``CommandSpec``.
struct ParsedArguments {
  private(set) var positionals: [String] = []
  private var values: [String: [String]] = [:]
  private var flags: Set<String> = []
  /// The words as given, each with the option to which it belongs.
  private var words: [(text: String, option: String?)] = []
  private let spec: CommandSpec

  /// The program to which the command belongs.
  var program: CommandLineProgram { spec.program }

  /// Whether a flag is given.
  ///
  /// - Precondition: The command declares the flag.
  func has(_ flag: String) -> Bool {
    let isKnown = spec.option(flag).map { $0.value == nil } ?? false
    precondition(isKnown, "--\(flag) is not a flag of \(spec.name)")
    return flags.contains(flag)
  }

  /// The value of an option, the last one if there are several; `nil` if it is not given.
  ///
  /// - Precondition: The command declares the option.
  subscript(option: String) -> String? { all(option).last }

  /// All values of an option that may be given several times, in order.
  ///
  /// - Precondition: The command declares the option.
  func all(_ option: String) -> [String] {
    precondition(spec.option(option)?.value != nil, "--\(option) is not an option of \(spec.name)")
    return values[option] ?? []
  }

  /// The value of an option as a whole number; `nil` if it is not given.
  ///
  /// - Throws: ``UsageError`` if it is not a number, or out of range.
  func integer(_ option: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = self[option] else { return nil }
    guard let number = text.wholeNumber.flatMap({ Int(exactly: $0) }), range.contains(number) else {
      let expected =
        range.upperBound == .max
        ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
      throw UsageError(#"--\#(option): expected a whole number \#(expected), found "\#(text)""#)
    }
    return number
  }

  /// The value of an option as a number that is not negative; `nil` if it is not given.
  ///
  /// - Throws: ``UsageError`` if it is not such a number.
  func number(_ option: String, allowsZero: Bool) throws -> Double? {
    guard let text = self[option] else { return nil }
    if let number = text.decimalNumber, allowsZero || number > 0 { return number }
    let expected = allowsZero ? "a number of at least 0" : "a number above 0"
    throw UsageError(#"--\#(option): expected \#(expected), found "\#(text)""#)
  }

  /// The value of an option as one of a type's cases; `nil` if it is not given.
  ///
  /// - Precondition: The option takes exactly these cases, so that parsing has refused others.
  func choice<Choice>(_ option: String, of type: Choice.Type) -> Choice?
  where Choice: RawRepresentable<String> & CaseIterable {
    choices(option, of: type).last
  }

  /// The values of an option, separated by commas, as a type's cases; empty if it is not given.
  ///
  /// - Precondition: The option takes exactly these cases, so that parsing has refused others.
  func choices<Choice>(_ option: String, of type: Choice.Type) -> [Choice]
  where Choice: RawRepresentable<String> & CaseIterable {
    precondition(spec.option(option)?.value?.words == type.allCases.map(\.rawValue))
    return self[option]?.split(separator: ",").compactMap { Choice(rawValue: String($0)) } ?? []
  }

  /// Returns the command line without some options, and without those for unattended runs, quoted
  /// for a shell and safe to show.
  func commandLine(without options: String...) -> String {
    let hidden = Set(spec.options.filter(\.isUnattended).map(\.name) + options)
    let kept = words.filter { $0.option.map { !hidden.contains($0) } ?? true }.map {
      PlainText.shellWord(program.shown($0.text))
    }
    return ([program.name, spec.name] + kept).joined(separator: " ")
  }

  /// Returns ``commandLine(without:)`` with an option added.
  func commandLine(adding name: String, _ value: String? = nil) -> String {
    let line = commandLine()
    let option = value.map { "\(name) \($0)" } ?? name
    // After "--" the option would be an argument.
    if words.contains(where: { $0.option == nil && $0.text == "--" }) {
      let start = "\(program) \(spec.name)"
      return "\(start) --\(option)\(line.dropFirst(start.count))"
    }
    return "\(line) --\(option)"
  }

  /// Parses the words after the command's name.
  ///
  /// - Throws: ``UsageError``.
  init(_ words: [String], for spec: CommandSpec) throws {
    self.spec = spec
    var rest = words[...]
    var areOptionsOver = false
    while let word = rest.popFirst() {
      if areOptionsOver || word == "-" || !word.hasPrefix("-") {
        self.words.append((word, nil))
        positionals.append(word)
      } else if word == "--" {
        self.words.append((word, nil))
        areOptionsOver = true
      } else if let letters = combinedFlags(word) {
        for letter in letters { try take(option: letter, &rest) }
      } else {
        try take(option: word, &rest)
      }
    }
    // Help is shown even for an incomplete command line.
    if has("help") { return }
    try checkPositionals()
    if has("quiet"), has("verbose") {
      throw UsageError("--quiet and --verbose cannot be combined")
    }
  }

  /// Returns the flags that a word such as `-qv` combines, as words; `nil` if the word does not
  /// combine flags.
  private func combinedFlags(_ word: String) -> [String]? {
    guard word.count > 2, !word.hasPrefix("--") else { return nil }
    let letters = word.dropFirst()
    let flags = Set(spec.allOptions.filter { $0.value == nil }.compactMap(\.letter))
    return letters.allSatisfy(flags.contains) ? letters.map { "-\($0)" } : nil
  }

  private func checkPositionals() throws {
    if positionals.count > spec.arguments.count {
      var hint = "Usage: \(spec.usage)"
      if positionals[spec.arguments.count].hasPrefix("-") {
        hint += "\nAfter --, every word is an argument: write options before it."
      } else if spec.option("db") != nil, self["db"] == nil {
        hint += "\nName the database with --db \(program.databasePlaceholder)."
      }
      throw UsageError(
        #"unexpected argument "\#(positionals[spec.arguments.count])""#, hint: hint)
    }
    for (index, argument) in spec.arguments.enumerated() {
      if index >= positionals.count {
        if argument.isRequired {
          throw UsageError("\(argument.name) is missing", hint: "Usage: \(spec.usage)")
        }
      } else if positionals[index].isEmpty {
        throw UsageError("\(argument.name) is empty")
      } else {
        try argument.value.check(positionals[index], label: argument.name)
      }
    }
  }

  private mutating func take(option word: String, _ rest: inout ArraySlice<String>) throws {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let label = String(parts[0])
    let option = try find(label)
    words.append((word, option.name))
    guard let spec = option.value else {
      if parts.count > 1 { throw UsageError("\(label) takes no value") }
      flags.insert(option.name)
      return
    }
    if values[option.name] != nil, !option.isRepeatable {
      throw UsageError("\(label) is given more than once")
    }
    func take(_ text: String) throws {
      let value = text.split(separator: ",", omittingEmptySubsequences: false).map {
        option.olderWords[String($0)] ?? String($0)
      }.joined(separator: ",")
      if let hint = option.hints[text] {
        throw UsageError(
          "--\(option.name): \(text) is not among \(option.placeholder ?? "")", hint: hint)
      }
      try spec.check(value, label: "--\(option.name)")
      values[option.name, default: []].append(value)
    }
    if parts.count > 1 {
      if parts[1].isEmpty { throw UsageError("\(label) needs a value") }
      try take(String(parts[1]))
    } else if let value = rest.first, !value.isEmpty, value == "-" || !value.hasPrefix("-") {
      rest.removeFirst()
      words.append((value, option.name))
      try take(value)
    } else {
      let hint = rest.first.map {
        $0.isEmpty ? nil : "If the value begins with -, write \(label)=\($0)"
      }
      throw UsageError("\(label) needs a value", hint: hint ?? nil)
    }
  }

  private func find(_ label: String) throws -> CommandSpec.Option {
    let known = spec.allOptions
    if let match = known.first(where: { $0.spellings.contains(label) }) { return match }
    let name = String(label.drop { $0 == "-" })
    throw UsageError(
      #"unknown option "\#(label)" for \#(spec.name)"#,
      hint: Suggestion.hint(for: name, among: known.map(\.name), prefix: "--")
        ?? "See \(program) help \(spec.name).")
  }
}

extension PlainText {
  /// Returns a word for a POSIX shell, quoted if necessary, and safe to show.
  static func shellWord(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./=:,+@%".utf8.contains(byte) || byte >= 0x80
      }
    }
    if plain, !word.isEmpty { return escaped(word) }
    var quoted = "'"
    for character in word.unicodeScalars {
      if character == "'" { quoted += "'\\''" } else { quoted.unicodeScalars.append(character) }
    }
    return escaped(quoted + "'")
  }
}

/// The error of a command line that is not valid.
///
/// The message names the word; the hint tells what to write instead.
struct UsageError: Error {
  let message: String
  let hint: String?

  init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }
}

/// The error of a command; the libraries throw their own.
struct CommandError: Error {
  /// The stable code of the failure.
  let code: String
  let message: String
  /// How to resolve the failure, in terms of options and commands.
  var hint: String?
  var status = ExitStatus.couldNotRun
}
