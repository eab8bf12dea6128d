import RMOSDashboard
import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// From the words of the command line to the exit status.
enum Program {
  static func run(_ words: [String]) -> ExitStatus {
    let console = Console()
    let wantsJSON = words.prefix { $0 != "--" }.contains("--json")
    var status: ExitStatus
    var failure: RunNotification.Failure?
    do {
      status = try dispatch(words, console)
    } catch {
      status = report(error, wantsJSON: wantsJSON, console)
      let (code, message, _, _) = describe(error)
      failure = .init(code: code, message: message)
    }
    if let problem = console.finish() {
      console.note("rmos-cli: " + problem)
      if status != .interrupted { status = .couldNotRun }
      failure = failure ?? .init(code: "output.unwritable", message: problem)
    }
    console.whenOver?(status, failure)
    return status
  }

  private static func dispatch(_ words: [String], _ console: Console) throws -> ExitStatus {
    // With its bytes replaced it would name another file: one that is not there, or a new one.
    if let text = ProcessEnvironment.textNotUTF8(inVariables: ["RMOS_DB_PATH"]) {
      throw UsageError(
        "“\(text)” is not UTF-8", hint: "Rename the file, or make a link to it whose name is.")
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
        "unknown option “\(name)” before the command", hint: "Options come after the command.")
    }
    return try start(CommandTable.command(name), json + words, console)
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

  private static func report(
    _ error: any Error, wantsJSON: Bool, _ console: Console
  ) -> ExitStatus {
    let (code, message, hint, status) = describe(error)
    if wantsJSON {
      console.print(JSONOutput.failure(code: code, message: message))
      return status
    }
    console.note(
      "rmos-cli: " + console.styled("error: ", .error) + TerminalText.escaped(message))
    if let hint {
      // Hints may be of several lines, of our own text but for the words of the command line.
      let lines = hint.split(separator: "\n", omittingEmptySubsequences: false)
      console.note(lines.map { TerminalText.escaped(String($0)) }.joined(separator: "\n"))
    }
    return status
  }

  private static func describe(
    _ error: any Error
  ) -> (code: String, message: String, hint: String?, status: ExitStatus) {
    switch error {
    case let error as UsageError: ("usage", error.message, error.hint, .usage)
    case let error as CommandError: (error.code, error.message, nil, .couldNotRun)
    case let error as MigrationError where error.code == .invalidOption:
      (error.code.rawValue, error.message, nil, .usage)
    case let error as MigrationError: (error.code.rawValue, error.message, nil, .couldNotRun)
    case let error as HTTPServerError
    where error.code == .invalidOption || error.code == .tokenRequired:
      (error.code.rawValue, error.message, nil, .usage)
    case let error as HTTPServerError: (error.code.rawValue, error.message, nil, .couldNotRun)
    case let error as StoreError: (error.code.rawValue, error.message, nil, .couldNotRun)
    default: ("internal", "\(error)", nil, .couldNotRun)
    }
  }
}

/// The exit status of the program.
enum ExitStatus: Int32 {
  /// Ran, and found nothing wrong.
  case success = 0
  /// Ran, and found failures.
  case failures = 1
  /// The command line makes no sense.
  case usage = 2
  /// Could not run, or could not go on.
  case couldNotRun = 3
  /// Stopped by SIGINT, SIGTERM or SIGHUP.
  case interrupted = 130
}
