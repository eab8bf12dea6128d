import RMOSDashboard
import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// Runs a command line and returns its exit status.
package enum Program {
  package static func run(_ words: [String]) -> ExitStatus {
    let console = Console()
    let wantsJSON = words.prefix { $0 != "--" }.contains("--json")
    var status: ExitStatus
    var failure: RunNotification.Failure?
    var command: CommandSpec?
    do {
      status = try dispatch(words, &command, console)
    } catch {
      let described = describe(error, of: command)
      report(described, wantsJSON: wantsJSON, console)
      status = described.status
      failure = .init(code: described.code, message: described.message)
    }
    if let problem = console.finish() {
      console.note("rmos-cli: " + problem)
      if status != .interrupted { status = .couldNotRun }
      failure = failure ?? .init(code: "output.unwritable", message: problem)
    }
    console.whenOver?(status, failure)
    return status
  }

  /// Runs the command that the words name, and sets `command` to it before.
  private static func dispatch(
    _ words: [String], _ command: inout CommandSpec?, _ console: Console
  ) throws -> ExitStatus {
    // With its invalid bytes replaced, it would name another file.
    if let text = ProcessEnvironment.textNotUTF8(inVariables: ["RMOS_DB_PATH"]) {
      throw UsageError(
        #""\#(text)" is not UTF-8"#, hint: "Rename the file, or make a link to it whose name is.")
    }
    var words = words[...]
    var common: [String] = []
    while let word = words.first, ["--json", "--help", "-h", "--version"].contains(word) {
      common.append(word)
      words.removeFirst()
    }
    let json = common.filter { $0 == "--json" }
    if common.contains("--version") {
      return try start(VersionCommand.spec, json + words, console)
    }
    if common.count > json.count { return try start(HelpCommand.spec, json + words, console) }
    guard let name = words.popFirst() else {
      throw UsageError("no command given", hint: HelpText.overview)
    }
    if name.hasPrefix("-") {
      throw UsageError(
        #"unknown option "\#(name)" before the command"#, hint: "Options come after the command.")
    }
    let spec = try CommandTable.command(name)
    command = spec
    return try start(spec, json + words, console)
  }

  private static func start(
    _ spec: CommandSpec, _ words: [String], _ console: Console
  ) throws -> ExitStatus {
    let arguments = try ParsedArguments(words, for: spec)
    if arguments.has("help") {
      return HelpCommand.show(spec, asJSON: arguments.has("json"), console)
    }
    return try spec.run(arguments, console)
  }

  /// An error as it is reported.
  private struct Description {
    let code: String
    let message: String
    let hint: String?
    let status: ExitStatus
  }

  private static func report(_ error: Description, wantsJSON: Bool, _ console: Console) {
    if wantsJSON {
      console.print(
        JSONOutput.failure(code: error.code, message: error.message, hint: error.hint))
      return
    }
    console.note(
      "rmos-cli: " + console.styled("error: ", .error) + TerminalText.escaped(error.message))
    if let hint = error.hint {
      // A hint may have several lines; only the words of the command line need escaping.
      let lines = hint.split(separator: "\n", omittingEmptySubsequences: false)
      console.note(lines.map { TerminalText.escaped(String($0)) }.joined(separator: "\n"))
    }
  }

  private static func describe(_ error: any Error, of command: CommandSpec?) -> Description {
    func library(_ code: String, _ message: String, isUsage: Bool = false) -> Description {
      Description(
        code: code, message: message, hint: Hints.forError(code, of: command),
        status: isUsage ? .usage : .couldNotRun)
    }
    switch error {
    case let error as UsageError:
      return Description(
        code: "usage", message: error.message, hint: error.hint, status: .usage)
    case let error as CommandError:
      return Description(
        code: error.code, message: error.message,
        hint: error.hint ?? Hints.forError(error.code, of: command), status: error.status)
    case let error as MigrationError:
      return library(error.code.rawValue, error.message, isUsage: error.code == .invalidOption)
    case let error as HTTPServerError:
      let isUsage = error.code == .invalidOption || error.code == .tokenRequired
      return library(error.code.rawValue, error.message, isUsage: isUsage)
    case let error as StoreError: return library(error.code.rawValue, error.message)
    default: return library("internal", "\(error)")
    }
  }
}

/// The exit status of the program.
package enum ExitStatus: Int32 {
  /// The command found nothing wrong.
  case success = 0
  /// The command ran and found failures.
  case failures = 1
  /// The command line cannot be understood.
  case usage = 2
  /// The command could not start, or stopped early.
  case couldNotRun = 3
  /// Stopped by SIGINT, SIGTERM or SIGHUP.
  case interrupted = 130
}
