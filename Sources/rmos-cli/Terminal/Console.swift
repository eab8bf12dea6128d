import RMOSMigration
import RMOSModels
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

extension Console {
  /// Says that the work was given up because a signal asked for it.
  func interrupted(by error: MigrationError, asJSON: Bool) -> ExitStatus {
    interrupted(by: error.code.rawValue, error.message, asJSON: asJSON)
  }

  /// Says that the work was given up because a signal asked for it.
  func interrupted(by code: String, _ message: String, asJSON: Bool) -> ExitStatus {
    if asJSON {
      print(JSONOutput.failure(code: code, message: message))
    } else {
      note("Interrupted: \(message)")
    }
    return .interrupted
  }
}

/// Buffered output to one descriptor that never traps and remembers why writing failed.
final class OutputBuffer: TextOutputStream {
  private let descriptor: FileDescriptor
  private let limit: Int
  private var buffer: [UInt8] = []

  /// The first failure, `nil` if there was none.
  ///
  /// Later text is dropped.
  private(set) var failure: SystemError?

  /// Output that holds back at most `limit` bytes; 0 writes at once.
  init(descriptor: FileDescriptor, limit: Int) {
    self.descriptor = descriptor
    self.limit = limit
  }

  func write(_ text: String) {
    guard failure == nil else { return }
    buffer.append(contentsOf: text.utf8)
    if buffer.count > limit { flush() }
  }

  /// Writes out what is held back.
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

/// The JSON objects that are the program's own; all others come from the libraries.
enum JSONOutput {
  /// The answer of a command that could not run.
  static func failure(code: String, message: String) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", false)
      $0.member("error") {
        $0.object {
          $0.member("code", code)
          $0.member("message", message)
        }
      }
    }
    return writer.text
  }

  /// The answer of a command whose result went to files.
  static func files(_ files: [String], isSuccess: Bool = true) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", isSuccess)
      $0.member("files") { writer in
        writer.array { for file in files { $0.string(file) } }
      }
    }
    return writer.text
  }

  /// A successful answer with further members.
  static func success(_ write: (inout JSONWriter) throws -> Void) rethrows -> String {
    var writer = JSONWriter(style: .pretty)
    try writer.object {
      $0.member("success", true)
      try write(&$0)
    }
    return writer.text
  }
}
