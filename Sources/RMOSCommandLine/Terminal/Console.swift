import RMOSMigration
import RMOSModels
import RMOSSystem

/// Writes a command's results to standard output and everything else to standard error.
final class Console {
  private let output = OutputBuffer(descriptor: .standardOutput, limit: 1 << 16)
  private let errors = OutputBuffer(descriptor: .standardError, limit: 0)

  /// The layout of standard output.
  let layout = LineLayout(of: .standardOutput)
  /// The layout of standard error.
  let errorLayout = LineLayout(of: .standardError)
  /// Whether results for people are left out: `--quiet`.
  var isQuiet = false
  /// Whether standard error is a terminal that can redraw a line.
  let showsProgress: Bool
  /// Whether standard error takes color.
  private let hasColor: Bool
  /// Whether a status line is on the terminal, to be erased before other text.
  private var hasStatusLine = false
  /// Called at the end of the program, with the exit status and the failure that caused it.
  var onExit: ((ExitStatus, RunNotification.Failure?) -> Void)?

  private let program: String

  /// Creates a console for the program with a name.
  init(program: String) {
    self.program = program
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

  /// Returns text in a style if the terminal supports it, otherwise plain.
  func styled(_ text: String, _ style: Style) -> String {
    hasColor ? style.rawValue + text + "\u{1b}[0m" : text
  }

  /// Prints lines of the result for people, wrapped if necessary, unless `--quiet` is given.
  func print(_ text: String = "") {
    guard !isQuiet else { return }
    for line in layout.fitted(text) { output.write(line + "\n") }
  }

  /// Prints a table of the result for people, unless `--quiet` is given.
  func print(_ table: TextTable) {
    guard !isQuiet else { return }
    for line in table.lines(width: layout.width) { output.write(line + "\n") }
  }

  /// Prints a list that an option asks for, which `--quiet` does not suppress.
  func printList(_ table: TextTable) {
    printDocument(table.lines(width: layout.width).joined(separator: "\n"))
  }

  /// Prints a label and a text, whose further lines are aligned with the first.
  func print(_ label: String, _ text: String) {
    guard !isQuiet else { return }
    for line in layout.fitted(text, after: label) { output.write(line + "\n") }
  }

  /// Prints the next step: a command, or words that end with one.
  func printNext(_ text: String) {
    guard !isQuiet else { return }
    for line in layout.next(text, program: program) { output.write(line + "\n") }
  }

  /// Prints a document, such as JSON or a script, with a line break at its end.
  ///
  /// Documents are for programs, so they are neither wrapped nor suppressed by `--quiet`.
  func printDocument(_ text: String) {
    // Bytes are compared, since CR LF, with which CSV ends, is one Character.
    output.write(text.utf8.last == UInt8(ascii: "\n") ? text : text + "\n")
  }

  /// Prints lines on standard error, wrapped if necessary.
  func note(_ text: String) {
    eraseStatusLine()
    errors.write(errorLayout.fitted(text).map { $0 + "\n" }.joined())
  }

  /// Prints a warning on standard error.
  func warn(_ text: String) {
    note("\(program): " + styled("warning:", .warning) + " " + PlainText.escaped(text))
  }

  /// Prints the next step on standard error.
  func noteNext(_ text: String) {
    eraseStatusLine()
    errors.write(errorLayout.next(text, program: program).map { $0 + "\n" }.joined())
  }

  /// Redraws the status line.
  func drawStatusLine(_ line: String) {
    errors.write("\r" + line + "\u{1b}[K")
    hasStatusLine = true
  }

  /// Erases the status line.
  func eraseStatusLine() {
    guard hasStatusLine else { return }
    errors.write("\r\u{1b}[K")
    hasStatusLine = false
  }

  /// Flushes the output.
  ///
  /// - Returns: Why the output could not be written; `nil` if it was, or if its reader closed the
  ///   pipe.
  func finish() -> String? {
    eraseStatusLine()
    output.flush()
    guard let failure = output.failure, failure != .brokenPipe else { return nil }
    return "cannot write to standard output: \(failure.reason)"
  }
}

/// Buffered output to a descriptor, which records the first failure instead of throwing it.
private final class OutputBuffer: TextOutputStream {
  private let descriptor: FileDescriptor
  private let limit: Int
  private var buffer: [UInt8] = []

  /// The first failure, after which text is dropped; `nil` if there was none.
  private(set) var failure: SystemError?

  /// Creates output that buffers at most `limit` bytes; 0 writes at once.
  init(descriptor: FileDescriptor, limit: Int) {
    self.descriptor = descriptor
    self.limit = limit
  }

  func write(_ text: String) {
    guard failure == nil else { return }
    buffer.append(contentsOf: text.utf8)
    if buffer.count > limit { flush() }
  }

  /// Writes the buffered text.
  func flush() {
    guard failure == nil, !buffer.isEmpty else { return }
    do throws(SystemError) {
      try descriptor.writeToReader(buffer)
    } catch {
      failure = error
    }
    buffer.removeAll(keepingCapacity: true)
  }
}

/// The JSON objects that commands print, other than those of the libraries.
enum JSONOutput {
  /// The output of a command that could not run.
  static func failure(code: String, message: String, hint: String? = nil) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", false)
      $0.member("error") {
        $0.object {
          $0.member("code", code)
          $0.member("message", message)
          if let hint { $0.member("hint", hint) }
        }
      }
    }
    return writer.text
  }

  /// The output of a command whose result went to files.
  static func files(_ files: [String], isSuccess: Bool = true) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", isSuccess)
      $0.member("files", strings: files)
    }
    return writer.text
  }

  /// The output of a successful command, with further members.
  static func success(_ write: (inout JSONWriter) throws -> Void) rethrows -> String {
    var writer = JSONWriter(style: .pretty)
    try writer.object {
      $0.member("success", true)
      try write(&$0)
    }
    return writer.text
  }
}
