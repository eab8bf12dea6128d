import RMOSAnalytics
import RMOSDashboard
import RMOSHTTP
import RMOSMigration
public import RMOSModels
import RMOSStore
import RMOSSystem

/// A program with the commands of `rmos-cli`, for the kinds of stores that its openers open.
///
/// The whole program:
///
/// ```swift
/// import RMOSCommandLine
///
/// CommandLineProgram(name: "shop").main()
/// ```
///
/// Help, the manual page and completion use the program's name.
public struct CommandLineProgram: Sendable, CustomStringConvertible {
  /// The program's name on a command line.
  public let name: String
  /// The version that `--version` prints after the name.
  public let version: String
  /// The kinds of entities that the program's databases hold.
  ///
  /// The catalog of RMOS is created when it is first used: creating it takes a fifth of the time of
  /// `--version`.
  public var catalog: EntityCatalog { ownCatalog ?? .rmos }
  private let ownCatalog: EntityCatalog?
  let openers: [any StoreOpener]

  /// Creates a program.
  ///
  /// - Parameters:
  ///   - name: The program's name on a command line.
  ///   - version: The version that `--version` prints; that of RMOS by default.
  ///   - catalog: The kinds of entities that its databases hold; those of RMOS by default.
  ///   - openers: The openers of databases. The first that accepts the value of `--db` opens it;
  ///     the first that has a default location determines the database if none is named.
  public init(
    name: String, version: String? = nil, catalog: EntityCatalog? = nil,
    openers: [any StoreOpener] = [SQLiteOpener()]
  ) {
    self.name = name
    self.version = version ?? RMOSVersion.current
    ownCatalog = catalog
    self.openers = openers
  }

  /// The name.
  public var description: String { name }

  /// The description of the program in help.
  var about: String {
    let names = openers.map(\.name).reversed().joined(separator: " or ")
    return "migrates a luthier shop's legacy JSON files into \(names)"
  }

  /// The name in the form that shell functions can have.
  var identifier: String { String(name.map { $0 == "-" ? "_" : $0 }) }

  var hints: Hints { Hints(program: self) }

  /// The source directory if a command line names none.
  var defaultSource: String { "data/rmos_legacy" }

  /// The argument that names the source.
  var sourceArgument: CommandSpec.Argument {
    .init(
      name: "SOURCE", help: "The legacy directory [default: \(defaultSource)]", value: .directory)
  }

  /// The option that accepts an empty source.
  var allowEmptyOption: CommandSpec.Option {
    .init(
      name: "allow-empty", help: "Accept a source with no files to read (otherwise a failure)")
  }

  /// Runs the process's command line, and ends the process with the command's exit status.
  ///
  /// Call it once, from the main thread: it takes over signals, standard streams and child
  /// processes.
  public func main() -> Never {
    SQLiteLibrary.omitMemoryStatistics()
    ProcessMemory.giveBackLargeBlocks()
    FileDescriptor.occupyStandardDescriptors()
    Signals.ignoreWriteSignals()
    ChildProcess.rememberEndings()
    let words = Array(CommandLine.arguments.dropFirst())
    let farewell = "the command was stopped before its end"
    if Self.wantsJSON(words) {
      let output = JSONOutput.failure(code: "cancelled", message: farewell) + "\n"
      Signals.endOnInterruption(writing: output, to: .standardOutput)
    } else {
      Signals.endOnInterruption(writing: "Interrupted: \(farewell)\n", to: .standardError)
    }
    ProcessEnvironment.end(run(words).rawValue)
  }

  /// Whether a command line asks for JSON.
  private static func wantsJSON(_ words: [String]) -> Bool {
    words.prefix { $0 != "--" }.contains("--json")
  }

  /// Runs a command line and returns its exit status.
  private func run(_ words: [String]) -> ExitStatus {
    let console = Console(program: name)
    var status: ExitStatus
    var failure: RunNotification.Failure?
    var command: CommandSpec?
    do {
      status = try dispatch(words, &command, console)
    } catch {
      let described = describe(error, of: command, words)
      report(described, wantsJSON: Self.wantsJSON(words), console)
      status = described.status
      failure = .init(code: described.code, message: described.message)
    }
    if let problem = console.finish() {
      console.note("\(self): " + console.styled("error: ", .error) + problem)
      if status != .interrupted { status = .couldNotRun }
      failure = failure ?? .init(code: "output.unwritable", message: problem)
    }
    console.onExit?(status, failure)
    return status
  }

  /// Runs the command that the words name, after setting `command` to it.
  private func dispatch(
    _ words: [String], _ command: inout CommandSpec?, _ console: Console
  ) throws -> ExitStatus {
    // With its invalid bytes replaced, the variable would name another file.
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
      return try start(VersionCommand.spec(self), json + words, console)
    }
    if common.count > json.count { return try start(HelpCommand.spec(self), json + words, console) }
    guard let name = words.popFirst() else {
      throw UsageError(
        "no command given", hint: HelpText(program: self, width: console.errorLayout.width).overview
      )
    }
    if name.hasPrefix("-") {
      throw UsageError(
        #"unknown option "\#(name)" before the command"#, hint: "Options come after the command.")
    }
    let spec = try self.command(name)
    command = spec
    return try start(spec, json + words, console)
  }

  private func start(
    _ spec: CommandSpec, _ words: [String], _ console: Console
  ) throws -> ExitStatus {
    let arguments = try ParsedArguments(words, for: spec)
    if arguments.has("help") {
      return HelpCommand.show(spec, asJSON: arguments.has("json"), console)
    }
    console.isQuiet = arguments.has("quiet")
    return try spec.run(arguments, console)
  }

  /// The description of an error for the user.
  struct Description {
    let code: String
    let message: String
    let hint: String?
    let status: ExitStatus

    /// Returns a copy in which each secret is replaced by what may be shown.
    fileprivate func hiding(_ secrets: [(text: String, shown: String)]) -> Description {
      if secrets.isEmpty { return self }
      func hidden(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing($1.text, with: $1.shown) }
      }
      return Description(
        code: code, message: hidden(message), hint: hint.map(hidden), status: status)
    }
  }

  private func report(_ error: Description, wantsJSON: Bool, _ console: Console) {
    if wantsJSON {
      console.printDocument(
        JSONOutput.failure(code: error.code, message: error.message, hint: error.hint))
      return
    }
    if error.status == .interrupted {
      console.note("Interrupted: " + PlainText.escaped(error.message))
      return
    }
    console.note(
      "\(self): " + console.styled("error: ", .error) + PlainText.escaped(error.message))
    if let hint = error.hint {
      // A hint may have several lines, so it is escaped line by line.
      let lines = hint.split(separator: "\n", omittingEmptySubsequences: false)
      console.note(lines.map { PlainText.escaped(String($0)) }.joined(separator: "\n"))
    }
  }

  /// Returns the description of an error, without the passwords in the command line.
  func describe(
    _ error: any Error, of command: CommandSpec?, _ words: [String]
  ) -> Description {
    describe(error, command, words).hiding(secrets(in: words))
  }

  private func describe(
    _ error: any Error, _ command: CommandSpec?, _ words: [String]
  ) -> Description {
    func hint(_ code: String) -> String? { hints.forError(code, of: command, words) }
    func library(
      _ code: String, _ message: String, _ status: ExitStatus = .couldNotRun
    ) -> Description {
      Description(code: code, message: message, hint: hint(code), status: status)
    }
    switch error {
    case let error as UsageError:
      return Description(
        code: "usage", message: error.message, hint: error.hint, status: .usage)
    case let error as CommandError:
      return Description(
        code: error.code, message: error.message,
        hint: error.hint ?? hint(error.code), status: error.status)
    case let error as MigrationError:
      let status: ExitStatus =
        switch error.code {
        case .invalidOption: .usage
        case .cancelled: .interrupted
        default: .couldNotRun
        }
      return library(error.code.rawValue, error.message, status)
    case let error as HTTPServerError:
      let isUsage = error.code == .invalidOption || error.code == .tokenRequired
      return library(error.code.rawValue, error.message, isUsage ? .usage : .couldNotRun)
    case let error as AnalyticsError: return library(error.code.rawValue, error.message, .usage)
    case let error as StoreError:
      let isCancelled = error.code == .cancelled
      return library(error.code.rawValue, error.message, isCancelled ? .interrupted : .couldNotRun)
    default: return library("internal", "\(error)")
    }
  }
}

extension CommandLineProgram {
  /// The commands, in the order of help.
  var commands: [CommandSpec] {
    [
      MigrateCommand.spec, SurveyCommand.spec, AuditCommand.spec, ReportCommand.spec,
      StatusCommand.spec, HistoryCommand.spec, RunsCommand.spec, AnalyticsCommand.spec,
      CutListCommand.spec, ServeCommand.spec, UndoCommand.spec,
      ExportCommand.spec, DiffCommand.spec, MappingsCommand.spec, BackupCommand.spec,
      InitCommand.spec, SampleCommand.spec,
      CompletionsCommand.spec, ManCommand.spec, HelpCommand.spec, VersionCommand.spec,
    ].map { $0(self) }
  }

  /// Returns the command with a name.
  ///
  /// - Throws: ``UsageError``, which suggests the nearest name, if there is none.
  func command(_ name: String) throws -> CommandSpec {
    let commands = commands
    if let spec = commands.first(where: { $0.name == name }) { return spec }
    throw UsageError(
      #"unknown command "\#(name)""#,
      hint: Suggestion.hint(for: name, among: commands.map(\.name)) ?? "See \(self) help.")
  }
}

/// The exit status of the program.
enum ExitStatus: Int32 {
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
