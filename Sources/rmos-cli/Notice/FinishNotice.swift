import RMOSMigration
import RMOSModels
import RMOSSystem

/// Tells the world that a migration is over: `--notify` and `--on-finish`.
///
/// Whatever becomes of that, the run's exit status stays; what goes wrong is a warning.
final class FinishNotice {
  /// When `--notify` posts.
  private enum Occasion: String, CaseIterable {
    case failure, always
  }

  /// What the command line declares.
  static let options: [CommandSpec.Option] = [
    .init(
      name: "notify", placeholder: "URL", value: .url,
      help: "Post the summary there when the run is over, as JSON for Slack, Discord or a program",
      isUnattended: true),
    .init(
      name: "notify-on", value: .choice(Occasion.allCases.map(\.rawValue)),
      help: "Post only where the exit status is not 0, or always [default: always]",
      isUnattended: true),
    .init(
      name: "on-finish", placeholder: "COMMAND", value: .shellCommand,
      help: "Run COMMAND in a shell when the run is over, with that JSON on its standard input",
      isUnattended: true),
  ]

  private let console: Console
  private let source: String
  private let database: String
  private let webhook: Webhook?
  private let occasion: Occasion
  private let command: String?

  /// The summary, as far as there is one.
  var summary: () -> MigrationSummary? = { nil }
  /// Why the run failed, where the command itself has said so.
  var failure: RunNotification.Failure?

  /// Sees to it that the notice is given when the program is done, if the command line asks for
  /// one.
  ///
  /// - Throws: ``UsageError`` where its options make no sense.
  init?(_ arguments: ParsedArguments, source: String, _ console: Console) throws {
    webhook = try arguments["notify"].map { try Webhook(url: $0) }
    if webhook == nil, arguments["notify-on"] != nil {
      throw UsageError("--notify-on needs --notify URL")
    }
    occasion = try arguments.choice("notify-on", of: Occasion.self) ?? .always
    command = arguments["on-finish"]
    self.console = console
    self.source = source
    database = Defaults.databasePath(arguments)
    if webhook == nil, command == nil { return nil }
    console.whenOver = { self.give($0, $1) }
  }

  private func give(_ status: ExitStatus, _ failure: RunNotification.Failure?) {
    // Whoever mistyped the command line is there to read about it.
    if status == .usage { return }
    let json = notification(status, failure ?? self.failure).json
    if let webhook, occasion == .always || status != .success,
      let problem = webhook.post(json)
    {
      warn("--notify: \(problem)")
    }
    if let command {
      let ending = ChildProcess.run(
        "/bin/sh", ["-c", command], input: json + "\n",
        environment: ["RMOS_EXIT_STATUS": String(status.rawValue)])
      if let problem = ending.problem { warn("--on-finish: the command \(problem)") }
    }
  }

  private func notification(
    _ status: ExitStatus, _ failure: RunNotification.Failure?
  ) -> RunNotification {
    var notification: RunNotification
    if let summary = summary() {
      notification = RunNotification(of: summary, exitStatus: status.rawValue, failure: failure)
      // A rehearsal in memory speaks of the database that it stands for.
      notification.database = database
    } else {
      let failure = failure ?? .init(code: "internal", message: "the run did not begin")
      notification = RunNotification(
        of: failure, exitStatus: status.rawValue, source: source, database: database)
    }
    notification.host = ProcessEnvironment.hostName
    return notification
  }

  private func warn(_ text: String) {
    console.note(
      "rmos-cli: " + console.styled("warning:", .warning) + " " + TerminalText.escaped(text))
  }
}
