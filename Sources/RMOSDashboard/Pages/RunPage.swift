import RMOSHTML
import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore

/// The page of a run: how it ended, what is wrong with its source and why, and what it did.
///
/// While the run is under way, it says what is committed so far, and loads itself again.
struct RunPage {
  private let run: LedgerRun
  private let report: MigrationReport
  private let issues: RunIssues

  init(_ request: RunRequest, in store: any RecordStore) throws {
    let found = try LedgerRun.settling(in: store, { [$0?.run].compactMap(\.self) }) { reader in
      try reader.run(request.run).map { run in
        (run: run, issues: try RunIssues(request, run, in: reader))
      }
    } settled: { found, runs in
      found.map { (run: runs.first ?? $0.run, issues: $0.issues) }
    }
    guard let found else { throw ErrorPage.noRun(String(request.run)) }
    (run, issues) = found
    report = MigrationReport(of: run, issues.counts, database: store.location)
  }

  var document: PageDocument {
    let refreshing: HTML = run.isUnderWay ? " data-refreshing" : ""
    return PageDocument(
      title: "Run \(run.id)", section: "/runs",
      main: """
        \(BarHTML.definitions)<nav class="crumbs" aria-label="Path"><a href="/runs">Runs</a> \
        <span aria-hidden="true">/</span></nav>
        <div id="report"\(refreshing)>
        <h1>Run \(run.id) <span class="dim">\(PageText.short(run.command, limit: 30))</span></h1>
        \(verdict)\(totals)\(issues.section(of: run, report))<div class="columns">
        <div>
        \(outcomes)\(sourceNotes)</div>
        <div>
        \(facts)\(options)\(downloads)</div>
        </div>
        </div>

        """, refreshSeconds: run.isUnderWay ? 5 : nil)
  }

  private var verdict: HTML {
    guard run.isMigration else {
      return "<p class=\"verdict warnings\">\(deed)</p>\n"
    }
    let gravity = report.gravity
    // The report's sentence has the numbers.
    let baseline: HTML =
      report.statistics.total.failed == 0
      ? ""
      : run.knownSince.map {
        " Compared with <a href=\"\(PageLink.run($0))\">run \($0)</a>."
      } ?? ""
    let undone: HTML =
      run.undoneBy.map {
        " It was undone by <a href=\"\(PageLink.run($0))\">run \($0)</a>."
      } ?? ""
    return """
      <p class="verdict \(gravity.rawValue)"><span><strong><span aria-hidden="true">\
      \(gravity.sign) </span>\(report.verdictWord).</strong> \(report.verdict)\(baseline)\(undone)\
      </span></p>

      """
  }

  /// What a run that is no migration did.
  private var deed: HTML {
    let state = PageCell.status(run.stateWord)
    let undone: HTML =
      run.undoneBy.map { " Undone by <a href=\"\(PageLink.run($0))\">run \($0)</a>." } ?? ""
    guard let undo = run.undo else { return "<span>\(state).\(undone)</span>" }
    return """
      <span>\(state). It undid <a href="\(PageLink.run(undo.run))">run \(undo.run)</a>: \
      \(PlainText.counted(undo.removed, "row")) removed, \
      \(PlainText.grouped(undo.restored)) restored.\(undone)</span>
      """
  }

  private func link(_ number: Int, _ filter: HTML) -> HTML {
    number == 0
      ? "0"
      : """
      <a href="\(PageLink.run(run.id))?severity=error&amp;\(filter)#issues">\
      \(PlainText.grouped(number))</a>
      """
  }

  private var totals: HTML {
    guard !run.isUndo else { return "" }
    let total = run.statistics.total
    var items: [(String, HTML)] = [("found", "\(PlainText.grouped(total.found))")]
    for outcome in OutcomesHTML(run.statistics).outcomes {
      let count = total[outcome]
      var number: HTML = "\(PlainText.grouped(count))"
      if outcome == .failed, count > 0 {
        number = """
          <span class="error"><a href="\(PageLink.run(run.id))?severity=error#issues">\
          \(number)</a></span>
          """
        if let new = run.failedNew, let known = run.failedKnown {
          number =
            number
            + "<span class=\"dim note\">\(link(new, "new=true")) new, \(link(known, "new=false")) known</span>"
        }
      }
      items.append((outcome.rawValue, number))
    }
    items.append(("success rate", "\(report.successText)"))
    return """
      <dl class="totals">
      \(items.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>\n" as HTML })</dl>

      """
  }

  private var outcomes: HTML {
    guard !run.isUndo else { return "" }
    return OutcomesHTML(run.statistics).section { kind in
      "<a href=\"/\(kind.pathName)\">\(kind.schema.plural)</a>"
    }
  }

  /// What the run did not read, and what it kept beside the tables.
  private var sourceNotes: HTML {
    let facts = report.sourceFacts(isWhole: true)
    guard !facts.isEmpty else { return "" }
    return """
      <section aria-labelledby="source">
      <h2 id="source">Beside its entities</h2>
      <dl class="facts">
      \(facts.map { row($0.name, PageText.short($0.value, limit: 4000)) })</dl>
      </section>

      """
  }

  private var facts: HTML {
    let who = run.who.map { PageText.short($0, limit: 200) } ?? Self.unrecorded
    let read =
      PlainText.counted(run.timings.filesRead, "file") + ", "
      + PlainText.counted(run.timings.bytesRead, "byte")
    var rows = [
      row("Command", PageText.short(run.command, limit: 60)),
      row("State", PageCell.status(run.stateWord)),
      row("By", who),
      row("Source", "<code>\(PageText.short(run.source, limit: 400))</code>"),
      row("Started", PageText.time(run.startedAt)),
    ]
    rows.append(
      run.finishedAt.map { row("Ended", PageText.time($0)) }
        ?? row("Last committed", PageText.time(run.heartbeatAt)))
    rows += [
      row("Took", "\(PageText.duration(run.seconds))"), row("Read", "\(read)"),
      row("Version", "RMOS \(run.toolVersion)"), row("Process", "\(run.processID)"),
    ]
    if let failure = run.failure {
      rows.append(row("Failure", PageText.short(failure, limit: 1000)))
    }
    return """
      <section aria-labelledby="run">
      <h2 id="run">Run</h2>
      <dl class="facts">
      \(rows)</dl>
      </section>

      """
  }

  private static let unrecorded: HTML = "<span class=\"dim\">not recorded</span>"

  private var options: HTML {
    let options = report.run.map(MigrationReport.options(of:)) ?? []
    guard !options.isEmpty else { return "" }
    return """
      <section aria-labelledby="options">
      <h2 id="options">Options</h2>
      <dl class="facts">
      \(options.map { row($0.name, PageText.short($0.value, limit: 200)) })</dl>
      </section>

      """
  }

  private func row(_ name: String, _ value: HTML) -> HTML {
    "<div><dt>\(name)</dt><dd>\(value)</dd></div>\n"
  }

  private var downloads: HTML {
    let links = RunDownload.allCases.map { format in
      "<li><a href=\"\(PageLink.run(run.id))?format=\(format.rawValue)\">\(format.title)</a></li>\n"
        as HTML
    }
    return """
      <section aria-labelledby="downloads">
      <h2 id="downloads">Downloads</h2>
      <ul class="plain">
      \(links)</ul>
      </section>

      """
  }
}

/// A run as a file.
enum RunDownload: String, CaseIterable {
  case html, json, text, csv

  /// The most issues that a table has.
  static let mostIssues = 100_000

  fileprivate var title: String {
    switch self {
    case .html: "Report as HTML"
    case .json: "Report as JSON"
    case .text: "Report as text"
    case .csv: "Issues as CSV"
    }
  }

  /// The file, of the issues that a request selects.
  func response(_ request: RunRequest, in store: any RecordStore) throws -> ServerResponse {
    if self == .csv {
      var query = request.query
      query.limit = Self.mostIssues
      let issues = try store.read { reader -> [Issue]? in
        try reader.run(request.run).map { _ in try reader.issues(matching: query) }
      }
      guard let issues else { throw ErrorPage.noRun(String(request.run)) }
      return .csv(CSV(issues).bytes, name: "issues_\(request.run)")
    }
    let report: MigrationReport
    do {
      report = try MigrationReport(ofRun: request.run, in: store)
    } catch let error as MigrationError where error.code == .runMissing {
      throw ErrorPage.noRun(String(request.run))
    }
    let format: ReportFormat =
      switch self {
      case .html: .html
      case .json: .json
      case .text, .csv: .txt
      }
    return .file(
      Array(report.document(as: format).utf8), name: report.fileName(as: format),
      type: self == .html
        ? "text/html; charset=utf-8"
        : self == .json ? "application/json" : "text/plain; charset=utf-8")
  }
}

extension LedgerRun {
  /// Whether it is a migration or an undo in progress; a server's run lasts as long as the server.
  var isUnderWay: Bool { state == .running && command != Self.serverCommand }
}

extension ErrorPage {
  /// There is no file in that format.
  static func unknownFormat(_ format: String, _ known: [String]) -> ErrorPage {
    ErrorPage(
      status: 422, title: "Unknown format in the address",
      sentences: """
        <p>"format" must be \(known.joined(separator: ", ")), found \
        "\(PageText.short(format, limit: 100))".</p>

        """)
  }

  /// The run does not exist.
  static func noRun(_ id: String) -> ErrorPage {
    ErrorPage(
      status: 404, title: "No such run",
      sentences: """
        <p>The ledger has no run <code>\(PageText.short(id, limit: 100))</code>. See all \
        <a href="/runs">runs</a>.</p>

        """)
  }
}
