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

/// An address that JSON is posted to, by the system's `curl`.
struct Webhook {
  /// How often it is tried.
  private static let attempts = 3

  private let url: String
  /// Seconds that one attempt may take.
  private let timeout: Int

  /// A webhook.
  ///
  /// - Parameter url: What ``ValueSpec/url`` has let through.
  /// - Throws: ``UsageError`` where `RMOS_NOTIFY_TIMEOUT` is no number of seconds.
  init(url: String) throws {
    self.url = url
    let text = ProcessEnvironment.variable("RMOS_NOTIFY_TIMEOUT") ?? "10"
    guard let timeout = Int(text), 1...300 ~= timeout else {
      throw UsageError("RMOS_NOTIFY_TIMEOUT: expected seconds from 1 to 300, found “\(text)”")
    }
    self.timeout = timeout
  }

  /// Posts the text; only an answer with a status from 200 to 299 is a success.
  ///
  /// Anything else is tried again, three times in all, after 1 and 2 seconds.
  /// Takes at most three timeouts and six seconds.
  /// - Returns: What went wrong, for people, without what may be secret in the address.
  func post(_ json: String) -> String? {
    let place = WebAddress.shown(url)
    guard let curl = ProcessEnvironment.path(ofProgram: "curl") else {
      return "there is no curl in PATH, so \(place) was not told"
    }
    var problem: String?
    for attempt in 1...Self.attempts {
      problem = post(json, with: curl)
      guard problem != nil else { return nil }
      if attempt < Self.attempts { SystemThread.sleep(seconds: attempt) }
    }
    return problem.map { "\(place) was not told (\(Self.attempts) attempts): \($0)" }
  }

  /// Makes one attempt.
  private func post(_ json: String, with curl: String) -> String? {
    let arguments = [
      // First, so that no configuration file is read.
      "-q", "--silent", "--globoff", "--proto", "=http,https", "--max-redirs", "0",
      "--max-time", String(timeout), "--user-agent", "rmos-cli/\(RMOSVersion.current)",
      // Without waiting for the server to ask for the body.
      "--header", "Content-Type: application/json", "--header", "Expect:",
      "--data-binary", "@-", "--output", "/dev/null",
      "--write-out", "%{http_code} %{redirect_url}", "--url", url,
    ]
    let (ending, output) = ChildProcess.capture(
      curl, arguments, input: json, limit: 16 << 10, deadline: Double(timeout + 1))
    let words = output.split { " \n".contains($0) }
    let status = words.first.flatMap { Int($0) } ?? 0
    let answered = status > 0 ? "it answered \(status), but " : ""
    if case .exited(let code) = ending, code != 0, let meaning = Self.meanings[code] {
      return answered + meaning
    }
    if let problem = ending.problem { return "\(answered)curl \(problem)" }
    switch status {
    case 200..<300: return nil
    case 0: return "curl told no status of the answer"
    case 300..<400:
      let target = words.count > 1 ? " to \(WebAddress.shown(String(words[1])))" : ""
      return "it answered \(status), a redirection\(target), and none is followed"
    default: return "it answered \(status)"
    }
  }

  /// What the most frequent exit statuses of `curl` mean.
  private static let meanings: [Int32: String] = [
    3: "the address makes no sense", 5: "the proxy is not known",
    6: "the host is not known", 7: "nothing answers there", 18: "the answer broke off",
    28: "it took too long", 35: "no secure connection could be made", 52: "it answered nothing",
    56: "the connection broke", 60: "its certificate cannot be trusted",
  ]
}

/// What of an address may be shown.
enum WebAddress {
  /// The scheme, the host and its port; "…" stands for the rest, which may be a password, as is the
  /// path of a webhook.
  static func shown(_ url: String) -> String {
    guard let scheme = url.firstIndex(of: ":") else { return "…" }
    let rest = url[scheme...].drop { $0 == ":" || $0 == "/" }
    let authority = rest.prefix { !"/?#".contains($0) }
    let host = authority.split(separator: "@").last ?? authority
    let path = rest.dropFirst(authority.count)
    return "\(url[..<scheme])://\(host)\(path.isEmpty || path == "/" ? String(path) : "/…")"
  }
}
