import RMOSModels
import RMOSSystem

/// The layout of lines for the place where they are printed.
struct LineLayout {
  /// The width for files and pipes.
  private static let defaultWidth = 80

  /// The maximum number of columns of tables.
  let width: Int
  /// Whether text is wrapped too; in files and pipes each message is one line, so that programs can
  /// search for it.
  let wrapsText: Bool

  /// Creates the layout for a descriptor, with the width of `COLUMNS` or else of the terminal.
  init(of descriptor: FileDescriptor) {
    let variable = ProcessEnvironment.variable("COLUMNS").flatMap { Int($0) }
    if let variable, 1...10_000 ~= variable {
      self.init(width: variable, wrapsText: true)
    } else if descriptor.isTerminal {
      self.init(width: descriptor.terminalWidth, wrapsText: true)
    } else {
      self.init(width: Self.defaultWidth, wrapsText: false)
    }
  }

  private init(width: Int, wrapsText: Bool) {
    // Fewer than 20 columns would be unreadable.
    self.width = max(20, width)
    self.wrapsText = wrapsText
  }

  /// Returns the lines of a text, wrapped if necessary, with a hanging indent.
  func fitted(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
      guard wrapsText else { return [String(line)] }
      let indent = line.prefix { $0 == " " }.count
      return PlainText.wrapped(
        String(line.dropFirst(indent)), width: width, indent: indent, hanging: indent + 2)
    }
  }

  /// Returns the lines of a text after a label, of which the further ones are aligned with the
  /// first.
  func fitted(_ text: String, after label: String) -> [String] {
    guard wrapsText else { return [label + text] }
    return PlainText.wrapped(
      text, width: width, after: label, hanging: min(PlainText.width(label), width / 2))
  }

  /// Returns the lines that show the next step.
  ///
  /// A command that is too long continues on the next line after a backslash, as in a shell.
  func next(_ text: String, program: String) -> [String] {
    guard wrapsText, let start = text.firstRange(of: program + " ")?.lowerBound else {
      return fitted("Next: " + text)
    }
    let before = text[..<start]
    let command = text[start...].prefix(
      upTo: text[start...].firstRange(of: "  (")?.lowerBound
        ?? text.endIndex)
    let after = text[command.endIndex...].drop { $0 == " " }
    if PlainText.width("Next: " + text) <= width { return ["Next: " + text] }
    var lines = PlainText.wrapped(
      before.isEmpty ? "Next:" : "Next: " + before, width: width, hanging: 2)
    lines += Self.command(String(command), width: width, indent: 2)
    if !after.isEmpty {
      lines += PlainText.wrapped(String(after), width: width, indent: 2, hanging: 2)
    }
    return lines
  }

  /// Returns the lines of a command, each but the last ending in a backslash.
  static func command(_ text: String, width: Int, indent: Int) -> [String] {
    let lines = PlainText.wrapped(text, width: width, indent: indent, hanging: indent + 4)
    guard lines.count > 1 else { return lines }
    let narrow = PlainText.wrapped(text, width: width - 2, indent: indent, hanging: indent + 4)
    return narrow.dropLast().map { $0 + " \\" } + narrow.suffix(1)
  }
}
