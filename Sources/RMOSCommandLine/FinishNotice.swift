import RMOSMigration
import RMOSModels
import RMOSSystem

/// Reports the end of a migration to other programs: `--notify` and `--on-finish`.
///
/// A report that fails is a warning; the exit status of the run does not change.
final class FinishNotice {
  /// The values of `--notify-on`.
  private enum Occasion: String, CaseIterable {
    case failure, always
  }

  /// The options for `migrate`.
  static let options: [CommandSpec.Option] = [
    .init(
      name: "notify", placeholder: "URL", value: .url,
      help: "When the run ends, post its summary to URL as JSON for Slack, Discord or a program",
      isUnattended: true),
    .init(
      name: "notify-on", value: .choice(Occasion.allCases.map(\.rawValue)),
      help: "Post only if the exit status is not 0, or always [default: always]",
      isUnattended: true),
    .init(
      name: "on-finish", placeholder: "COMMAND", value: .shellCommand,
      help: "When the run ends, run COMMAND in a shell with that JSON on its standard input",
      isUnattended: true),
  ]

  private let console: Console
  private let source: String
  private let database: String
  private let webhook: Webhook?
  private let occasion: Occasion
  private let command: String?

  /// Returns the summary of the run; `nil` if it did not begin.
  var summary: () -> MigrationSummary? = { nil }
  /// Why the run failed, if the command itself has reported it.
  var failure: RunNotification.Failure?

  /// Creates a notice that is sent at the end of the program; `nil` if the command line asks for
  /// none.
  ///
  /// - Throws: ``UsageError`` if the options cannot be combined.
  init?(_ arguments: ParsedArguments, source: String, _ console: Console) throws {
    webhook = try arguments["notify"].map { try Webhook(url: $0, arguments.program) }
    if webhook == nil, arguments["notify-on"] != nil {
      throw UsageError("--notify-on requires --notify URL")
    }
    occasion = arguments.choice("notify-on", of: Occasion.self) ?? .always
    command = arguments["on-finish"]
    self.console = console
    self.source = source
    database = arguments.database.shown
    if webhook == nil, command == nil { return nil }
    console.onExit = { self.send($0, $1) }
  }

  private func send(_ status: ExitStatus, _ failure: RunNotification.Failure?) {
    // The user who mistyped a command line sees the error anyway.
    if status == .usage { return }
    let json = notification(status, failure ?? self.failure).json
    if let webhook, occasion == .always || status != .success,
      let problem = webhook.post(json)
    {
      console.warn("--notify: \(problem)")
    }
    if let command {
      let ending = ChildProcess.run(
        "/bin/sh", ["-c", command], input: json + "\n",
        environment: ["RMOS_EXIT_STATUS": String(status.rawValue)])
      if let problem = ending.problem { console.warn("--on-finish: the command \(problem)") }
    }
  }

  private func notification(
    _ status: ExitStatus, _ failure: RunNotification.Failure?
  ) -> RunNotification {
    var notification: RunNotification
    if let summary = summary() {
      notification = RunNotification(of: summary, exitStatus: status.rawValue, failure: failure)
      // A dry run for a database that does not exist yet uses a store in memory.
      notification.database = database
    } else {
      let failure = failure ?? .init(code: "internal", message: "the run did not begin")
      notification = RunNotification(
        of: failure, exitStatus: status.rawValue, source: source, database: database)
    }
    notification.host = ProcessEnvironment.hostName
    return notification
  }
}

/// A URL to which JSON is posted with the system's `curl`.
private struct Webhook {
  /// The number of attempts.
  private static let attempts = 3

  private let url: String
  /// The User-Agent field.
  private let agent: String
  /// The timeout of one attempt, in seconds.
  private let timeout: Int

  /// Creates a webhook.
  ///
  /// - Parameters:
  ///   - url: A URL that ``ValueSpec/url`` has accepted.
  ///   - program: The program that posts.
  /// - Throws: ``UsageError`` if `RMOS_NOTIFY_TIMEOUT` is not a number of seconds.
  init(url: String, _ program: CommandLineProgram) throws {
    self.url = url
    agent = "\(program)/\(program.version)"
    let text = ProcessEnvironment.variable("RMOS_NOTIFY_TIMEOUT") ?? "10"
    guard let timeout = text.wholeNumber, 1...300 ~= timeout else {
      throw UsageError(#"RMOS_NOTIFY_TIMEOUT: expected seconds from 1 to 300, found "\#(text)""#)
    }
    self.timeout = Int(timeout)
  }

  /// Posts the text, in up to three attempts.
  ///
  /// Only an answer with a status from 200 to 299 is a success. Between the attempts it waits 1 and
  /// 2 seconds, so it takes at most three timeouts and six seconds.
  ///
  /// - Returns: The problem, without the parts of the URL that may be secret; `nil` on success.
  func post(_ json: String) -> String? {
    let place = WebAddress.shown(url)
    guard let curl = ProcessEnvironment.path(ofProgram: "curl") else {
      return "curl is not in PATH, so nothing was posted to \(place)"
    }
    var problem: String?
    for attempt in 1...Self.attempts {
      problem = post(json, with: curl)
      guard problem != nil else { return nil }
      if attempt < Self.attempts { SystemThread.sleep(seconds: attempt) }
    }
    return problem.map { "could not post to \(place) (\(Self.attempts) attempts): \($0)" }
  }

  /// Makes one attempt.
  private func post(_ json: String, with curl: String) -> String? {
    let arguments = [
      // -q must come first to keep curl from reading its configuration file.
      "-q", "--silent", "--globoff", "--proto", "=http,https", "--max-redirs", "0",
      "--max-time", String(timeout), "--user-agent", agent,
      // With an empty Expect field, curl sends the body without waiting for 100 Continue.
      "--header", "Content-Type: application/json", "--header", "Expect:",
      "--data-binary", "@-", "--output", "/dev/null",
      "--write-out", "%{http_code} %{redirect_url}", "--url", url,
    ]
    let (ending, output) = ChildProcess.capture(
      curl, arguments, input: json, limit: 16 << 10, timeout: .seconds(timeout + 1))
    let words = output.split { " \n".contains($0) }
    let status = words.first.flatMap { Int($0) } ?? 0
    let answered = status > 0 ? "it answered \(status), but " : ""
    if case .exited(let code) = ending, code != 0, let meaning = Self.meanings[code] {
      return answered + meaning
    }
    if let problem = ending.problem { return "\(answered)curl \(problem)" }
    switch status {
    case 200..<300: return nil
    case 0: return "curl reported no status"
    case 300..<400:
      let target = words.count > 1 ? " to \(WebAddress.shown(String(words[1])))" : ""
      return "it answered \(status), a redirect\(target), and redirects are not followed"
    default: return "it answered \(status)"
    }
  }

  /// The meanings of the most frequent exit statuses of `curl`.
  private static let meanings: [Int32: String] = [
    3: "the URL is malformed", 5: "the proxy could not be resolved",
    6: "the host could not be resolved", 7: "the connection was refused",
    18: "the response was incomplete", 28: "it timed out",
    35: "no secure connection could be established", 52: "the response was empty",
    56: "the connection was lost", 60: "its certificate is not trusted",
  ]
}

/// The part of a URL that is safe to show.
private enum WebAddress {
  /// Returns the scheme, the host and its port, and "…" in place of the rest, which may be secret,
  /// as the path of a webhook is.
  static func shown(_ url: String) -> String {
    guard let scheme = url.firstIndex(of: ":") else { return "…" }
    let rest = url[scheme...].drop { $0 == ":" || $0 == "/" }
    let authority = rest.prefix { !"/?#".contains($0) }
    let host = authority.split(separator: "@").last ?? authority
    let path = rest.dropFirst(authority.count)
    return "\(url[..<scheme])://\(host)\(path.isEmpty || path == "/" ? String(path) : "/…")"
  }
}
