import RMOSMigration
import RMOSSystem

/// Where a command's text goes: results to standard output, all else to standard error.
final class Console {
  private let output = OutputBuffer(descriptor: .standardOutput, limit: 1 << 16)
  private let errors = OutputBuffer(descriptor: .standardError, limit: 0)

  /// Whether standard error is a terminal that can redraw a line.
  let showsProgress: Bool
  /// Whether standard error takes colour.
  private let hasColor: Bool
  /// A line on standard error that is redrawn and must go before other text.
  private var hasStatusLine = false
  /// What is done once everything is said: told the exit status and the error behind it.
  var whenOver: ((ExitStatus, RunNotification.Failure?) -> Void)?

  init() {
    let isSmart =
      FileDescriptor.standardError.isTerminal && ProcessEnvironment.variable("TERM") != "dumb"
    showsProgress = isSmart
    hasColor = isSmart && ProcessEnvironment.variable("NO_COLOR") == nil
  }

  /// A style of text on standard error.
  enum Style: String {
    case error = "\u{1b}[1;31m"
    case warning = "\u{1b}[1;33m"
    case dim = "\u{1b}[2m"
  }

  /// Text in a style where the terminal takes it, plain elsewhere.
  func styled(_ text: String, _ style: Style) -> String {
    hasColor ? style.rawValue + text + "\u{1b}[0m" : text
  }

  /// A line of the result.
  func print(_ line: String = "") {
    output.write(line)
    output.write("\n")
  }

  /// Text of the result that has its line breaks.
  func printText(_ text: String) { output.write(text) }

  /// A line beside the result.
  func note(_ line: String) {
    eraseStatusLine()
    errors.write(line + "\n")
  }

  /// Redraws the status line.
  func drawStatusLine(_ line: String) {
    errors.write("\r" + line + "\u{1b}[K")
    hasStatusLine = true
  }

  /// Takes the status line away.
  func eraseStatusLine() {
    guard hasStatusLine else { return }
    errors.write("\r\u{1b}[K")
    hasStatusLine = false
  }

  /// Writes out what is held back.
  ///
  /// - Returns: Why the result could not be written, nil where it could. A pipe that its reader
  ///   closed is no failure.
  func finish() -> String? {
    eraseStatusLine()
    output.flush()
    guard let failure = output.failure, failure != .brokenPipe else { return nil }
    return "cannot write to standard output: \(failure.reason)"
  }
}
