import RMOSDashboard
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSSystem
import Synchronization

/// `rmos-cli serve`.
enum ServeCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "serve", summary: "Serve the dashboard and its HTTP API",
      details:
        "Serves the dashboard and its API until SIGINT, SIGTERM or SIGHUP, which let current "
        + "requests finish. Only this machine can reach it, unless --host opens it to others, which "
        + "requires a token: clients send it as a bearer token, browsers as the password of any "
        + "user. The whole database is audited in the background on startup and after changes, "
        + "at most every 10 minutes.",
      options: [
        program.databaseOption,
        .init(
          name: "host", placeholder: "HOST",
          help: "The name or address to listen on [default: 127.0.0.1]"),
        .init(
          name: "port", placeholder: "N", help: "The port; 0 picks a free one [default: 8000]"),
        .init(
          name: "token", placeholder: "TOKEN",
          help: "Access token that clients must send; prefer RMOS_TOKEN, which does not appear in "
            + "the list of processes"),
        .init(
          name: "allow-host", placeholder: "NAME",
          help: "Accept NAME or NAME:PORT in the Host header, such as a proxy's", isRepeatable: true
        ),
        .init(name: "allow-writes", help: "Allow creating, changing and deleting entities"),
        .init(name: "no-audit", help: "Do not audit the whole database in the background"),
      ],
      notes: ["verbose": "also log each request on standard error"],
      examples: [
        .init(command: "\(program) serve --db shop.db", help: "http://127.0.0.1:8000/"),
        .init(
          command: "RMOS_TOKEN=… \(program) serve --host 0.0.0.0",
          help: "For other machines, with a token"),
      ],
      run: run)
  }

  @Sendable private static func run(
    _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    ProcessMemory.keepSmall()
    var configuration = try configuration(arguments)
    let log = arguments.has("verbose") ? AccessLog() : nil
    if let log { configuration.log = { log.write($0) } }
    configuration.isPage = Dashboard.isPage
    configuration.hostAdvice = "option --allow-host"
    var options = Dashboard.Options()
    options.allowsWrites = arguments.has("allow-writes")
    if arguments.has("no-audit") { options.auditInterval = nil }
    let opened = try arguments.database.open(
      for: .serving(allowsWrites: options.allowsWrites))
    let store = opened.store
    options.writingSource = "HTTP, \(configuration.host)"
    let dashboard = Dashboard(
      store: store, options: options,
      observingAudits: keepVerdicts(of: store, in: arguments.database))
    let server = try HTTPServer(configuration: configuration) { dashboard.response(to: $0) }
    // Signals are handled before the URL is printed, since its reader may send one at once.
    try stopOnInterruption(server, dashboard)
    announce(server, store, options, asJSON: arguments.has("json"), console)
    // If the URL cannot be printed, the program reports that at its end.
    guard console.finish() == nil else { return .couldNotRun }
    defer { log?.finish() }
    // Handlers that are still running may hold the store until the process ends.
    defer { opened.close() }
    // If the store is busy, the run counts as interrupted, and can still be undone.
    defer { try? dashboard.close() }
    // The audits start only now, so that their thread does not receive the signals that stop the
    // server.
    dashboard.startAuditing()
    try server.run()
    return .success
  }

  private static func configuration(
    _ arguments: ParsedArguments
  ) throws -> HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration()
    configuration.host = arguments["host"] ?? configuration.host
    configuration.port = try arguments.integer("port", in: 0...65_535) ?? configuration.port
    configuration.token = arguments["token"] ?? ProcessEnvironment.variable("RMOS_TOKEN")
    configuration.allowedHosts = arguments.all("allow-host")
    return configuration
  }

  /// Saves the verdicts of audits in the background, which the command `status` shows.
  private static func keepVerdicts(
    of store: any RecordStore, in database: NamedDatabase
  ) -> AuditObserver {
    let hasFailed = Mutex(false)
    return {
      let record = database.auditRecord(of: store)
      let state = record.state()
      return { report, outcome in
        do throws(CommandError) {
          try record.write(report, outcome, state: state)
        } catch {
          let isKnown = hasFailed.withLock { known in
            defer { known = true }
            return known
          }
          if isKnown { return }
          // Standard error that nobody reads must not hold up the audit.
          let line = "warning: verdicts cannot be saved for the command status: \(error.message)"
          _ = FileDescriptor.standardError.writeWithoutWaiting(
            Array((PlainText.escaped(line) + "\n").utf8))
        }
      }
    }
  }

  private static func stopOnInterruption(
    _ server: HTTPServer, _ dashboard: Dashboard
  ) throws {
    do throws(SystemError) {
      try Signals.onInterruption { count in
        if count > 1 { ProcessEnvironment.endAtOnce(ExitStatus.interrupted.rawValue) }
        server.stop()
        // The audit ends at once, since it would slow down the requests in progress.
        dashboard.cancelAuditing()
      }
    } catch {
      throw CommandError(
        code: "system.no-thread", message: "cannot start a thread: \(error.reason)")
    }
  }

  private static func announce(
    _ server: HTTPServer, _ store: any RecordStore, _ options: Dashboard.Options, asJSON: Bool,
    _ console: Console
  ) {
    if asJSON {
      console.printDocument(
        JSONOutput.success { writer in
          writer.member("url", server.url)
          writer.member("host", server.configuration.host)
          writer.member("port", server.port)
          writer.member("database", store.location)
          writer.member("allows_writes", options.allowsWrites)
        })
      return
    }
    let writes = options.allowsWrites ? ", writes allowed" : ""
    console.print(
      "Serving \(PlainText.escaped(store.location)) at \(PlainText.escaped(server.url))"
        + writes)
  }
}

/// Logs each request on standard error.
///
/// The log must not block the server, so lines that nobody reads are dropped, and counted.
private final class AccessLog: Sendable {
  /// The number of lines dropped since the last one that was written.
  private let dropped = Mutex(0)

  /// Writes a line; several threads may call it.
  func write(_ entry: HTTPServer.LogEntry) {
    let line = Self.line(entry) + "\n"
    dropped.withLock { dropped in
      let isWritten =
        Self.report(&dropped) && FileDescriptor.standardError.writeWithoutWaiting(Array(line.utf8))
      if !isWritten { dropped += 1 }
    }
  }

  /// Reports the lines that were dropped last.
  func finish() { dropped.withLock { _ = Self.report(&$0) } }

  private static func report(_ dropped: inout Int) -> Bool {
    if dropped == 0 { return true }
    let line = "… \(PlainText.counted(dropped, "line")) dropped, because they were not read\n"
    guard FileDescriptor.standardError.writeWithoutWaiting(Array(line.utf8)) else { return false }
    dropped = 0
    return true
  }

  /// Returns the line, safe for a terminal and short enough to be written to a pipe at once.
  private static func line(_ entry: HTTPServer.LogEntry) -> String {
    let milliseconds = PlainText.fixed(entry.duration / .milliseconds(1), decimals: 1)
    let end =
      " \(entry.status) \(entry.size) bytes \(milliseconds) ms"
      + (entry.isWhole ? "" : ", abandoned")
    let request = [entry.method, entry.target].map { PlainText.escaped($0 ?? "-") }
    let start = "\(entry.peer) \(request.joined(separator: " "))"
    // One byte is left for the line break.
    let room = FileDescriptor.longestWholeWrite - end.utf8.count - 1
    if start.utf8.count <= room { return start + end }
    // The 6 bytes are for "…" and for the replacement of a character that is cut in two.
    return String(decoding: start.utf8.prefix(room - 6), as: UTF8.self) + "…" + end
  }
}
