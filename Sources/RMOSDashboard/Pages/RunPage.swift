import RMOSHTML
import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore

/// The page of a run: its result, the issues of its source, and its outcomes.
///
/// While the run is in progress, the page shows what is committed so far, and reloads itself.
struct RunPage {
  private let run: LedgerRun
  private let report: MigrationReport
  private let issues: RunIssues
  private let links: RunFigureLinks

  init(_ request: RunRequest, in store: any RecordStore) throws {
    let (found, current) = try CurrentRun.found(in: store) { reader in
      try reader.run(request.run).map { run in
        (
          run: run, issues: try RunIssues(request, run, in: reader),
          links: try RunFigureLinks(of: run, in: reader)
        )
      }
    }
    guard let found else { throw ErrorPage.noRun(String(request.run)) }
    (run, issues, links) = (current.settled(found.run), found.issues, found.links)
    report = MigrationReport(of: run, issues.counts, database: store.location)
  }

  var document: PageDocument {
    let refreshing: HTML = run.isUnderWay ? " data-refreshing" : ""
    return PageDocument(
      title: "Run \(run.id)", section: "/runs",
      main: """
        \(OutcomeBars.definitions)<nav class="crumbs" aria-label="Path"><a href="/runs">Runs</a></nav>
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
      let mood: HTML =
        switch run.state {
        case .completed: "sound"
        case .running: "open"
        case .failed, .interrupted: "warnings"
        }
      return "<p class=\"verdict \(mood)\">\(result)</p>\n"
    }
    let gravity = report.gravity
    let undone: HTML =
      run.undoneBy.map {
        " It was undone by <a href=\"\(PageLink.run($0))\">run \($0)</a>."
      } ?? ""
    return """
      <p class="verdict \(gravity.rawValue)"><span><strong><span aria-hidden="true">\
      \(gravity.sign) </span>\(report.verdictWord).</strong> \(sentence)\(undone)\
      </span></p>

      """
  }

  /// The report's sentence, with a link to the run with which failures were compared.
  private var sentence: HTML {
    let (text, since) = report.verdictSinceRun
    let link: HTML = since.map { " <a href=\"\(PageLink.run($0))\">run \($0)</a>" } ?? ""
    return "\(text)\(link)."
  }

  /// The result of a run that is not a migration.
  private var result: HTML {
    let state = PageCell.status(run.stateText)
    let undone: HTML =
      run.undoneBy.map { " Undone by <a href=\"\(PageLink.run($0))\">run \($0)</a>." } ?? ""
    guard let undo = run.undo else {
      let what: HTML =
        run.command == LedgerRun.serverCommand ? " It gathers what one server wrote." : ""
      return "<span>\(state).\(what)\(undone)</span>"
    }
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
    guard run.isMigration else { return "" }
    let total = run.statistics.total
    var items: [(String, HTML)] = []
    for figure in [.found] + OutcomesHTML(run.statistics).outcomes.map(RunFigure.init) {
      var number = RunCount(of: figure, in: run, links).html
      if figure == .failed, total.failed > 0 {
        number = "<span class=\"error\">\(number)</span>"
        if let new = run.failedNew, let known = run.failedKnown {
          number =
            number
            + "<span class=\"dim note\">\(link(new, "new=true")) new, \(link(known, "new=false")) known</span>"
        }
      }
      items.append((figure.rawValue, number))
    }
    items.append(("success rate", "\(report.successText)"))
    return """
      <dl class="totals">
      \(items.map { PageCell.fact("\($0.0)", $0.1) })</dl>

      """
  }

  private var outcomes: HTML {
    if let undo = run.undo {
      // No list has the removed rows, so the number links to the run that was undone.
      func number(_ number: Int) -> HTML {
        number == 0
          ? "0"
          : "<a href=\"\(PageLink.run(undo.run))#outcomes\">\(PlainText.grouped(number))</a>"
      }
      return outcomeTable(
        ["removed", "restored"],
        undo.byKind.map { ($0.kind, [number($0.removed), number($0.restored)]) },
        [number(undo.removed), number(undo.restored)])
    }
    guard run.isMigration else {
      let outcomes: [RunFigure] = [.migrated, .updated]
      return outcomeTable(
        ["created", "changed"],
        run.statistics.catalog.kinds.map { kind in
          (kind, outcomes.map { RunCount(of: $0, kind, in: run).html })
        },
        outcomes.map { RunCount(of: $0, in: run).html })
    }
    return OutcomesHTML(run.statistics).section {
      "<a href=\"/\($0.pathName)\">\($0.schema.plural)</a>"
    } count: { outcome, kind in
      RunCount(of: outcome.map(RunFigure.init) ?? .found, kind, in: run, links).html
    }
  }

  /// The outcomes of a run that is not a migration, per kind.
  private func outcomeTable(
    _ names: [String], _ rows: [(EntityKind, [HTML])], _ totals: [HTML]
  ) -> HTML {
    func cells(_ cells: [HTML]) -> HTML { HTML(cells.map { "<td class=\"n\">\($0)</td>" as HTML }) }
    return """
      <section aria-labelledby="outcomes">
      <h2 id="outcomes">What it did</h2>
      <table>
      <thead><tr><th scope="col">kind</th>\
      \(names.map { "<th scope=\"col\" class=\"n\">\($0)</th>" as HTML })</tr></thead>
      <tbody>
      \(rows.map { kind, numbers in
        """
        <tr><th scope="row"><a href="/\(kind.pathName)">\(kind.schema.plural)</a></th>\
        \(cells(numbers))</tr>

        """ as HTML
      })</tbody>
      <tfoot>
      <tr><th scope="row">total</th>\(cells(totals))</tr>
      </tfoot>
      </table>
      </section>

      """
  }

  /// The files that the run did not read, and the members that it kept without a column.
  private var sourceNotes: HTML {
    let facts = report.sourceFacts(isWhole: true)
    guard !facts.isEmpty else { return "" }
    return """
      <section aria-labelledby="source">
      <h2 id="source">Other data</h2>
      <dl class="facts">
      \(facts.map { row($0.name, PageText.short($0.text, limit: 4000)) })</dl>
      </section>

      """
  }

  private var facts: HTML {
    // The report's facts, without those that other parts of the page show.
    let hidden =
      ["Run", "Database"] + (run.isMigration ? [] : ["Read"])
      + (run.command == LedgerRun.serverCommand ? ["Took"] : [])
    let facts = (report.run?.facts ?? []).filter { !hidden.contains($0.name) }
    let rows = facts.map { name, value -> HTML in
      switch name {
      case "Ended": row("State", PageCell.status(run.stateText))
      case "Source": row(name, "<code>\(PageText.short(value, limit: 400))</code>")
      case "Started", "Finished": row(name, PageText.time(value))
      case "Took": row(name, "\(PageText.duration(run.seconds))")
      default: row(name, PageText.short(value, limit: 1000))
      }
    }
    let rest =
      (run.finishedAt == nil ? [row("Last committed", PageText.time(run.heartbeatAt))] : [])
      + [row("Process", "\(run.processID)")]
    return """
      <section aria-labelledby="run">
      <h2 id="run">Run</h2>
      <dl class="facts">
      \(row("Command", PageText.short(run.command, limit: 60)))\(rows)\(rest)</dl>
      </section>

      """
  }

  private var options: HTML {
    let options = report.run.map(MigrationReport.options(of:)) ?? []
    // Other runs have no options that the rest of the page does not show.
    guard run.isMigration, !options.isEmpty else { return "" }
    return """
      <section aria-labelledby="options">
      <h2 id="options">Options</h2>
      <dl class="facts">
      \(options.map { row($0.name, PageText.short($0.value, limit: 200)) })</dl>
      </section>

      """
  }

  private func row(_ name: String, _ value: HTML) -> HTML { PageCell.fact("\(name)", value) }

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

/// A file to download about a run.
enum RunDownload: String, CaseIterable {
  case html, json, text, csv

  fileprivate var title: String {
    switch self {
    case .html: "Report as HTML"
    case .json: "Report as JSON"
    case .text: "Report as text"
    case .csv: "Issues as CSV"
    }
  }

  /// Returns the file; as CSV, it has the issues that the request selects.
  func response(
    _ request: RunRequest, in store: any RecordStore, for serverRequest: ServerRequest
  ) throws -> ServerResponse {
    guard let format = ReportFormat(rawValue: rawValue) else {
      guard let table = try CSV.issues(request.query, in: store, for: serverRequest) else {
        throw ErrorPage.noRun(String(request.run))
      }
      return table
    }
    let report: MigrationReport
    do {
      report = try MigrationReport(ofRun: request.run, in: store)
    } catch let error as MigrationError where error.code == .runMissing {
      throw ErrorPage.noRun(String(request.run))
    }
    let type =
      switch format {
      case .html: "text/html; charset=utf-8"
      case .json: "application/json"
      case .text: "text/plain; charset=utf-8"
      }
    return .file(
      Array(report.document(as: format).utf8), name: report.fileName(as: format), type: type)
  }
}

extension LedgerRun {
  /// Whether the run is in progress; a server's run, which lasts as long as the server, never is.
  var isUnderWay: Bool { state == .running && command != Self.serverCommand }
}

extension ErrorPage {
  /// The page for a download in an unknown format.
  static func unknownFormat(_ format: String, _ known: [String]) -> ErrorPage {
    ErrorPage(
      status: 422, title: "Unknown format in the address",
      sentences: """
        <p>"format" must be \(known.joined(separator: ", ")), found \
        "\(PageText.short(format, limit: 100))".</p>

        """)
  }

  /// The page for a run that does not exist.
  static func noRun(_ id: String) -> ErrorPage {
    ErrorPage(
      status: 404, title: "No such run",
      sentences: """
        <p>The ledger has no run <code>\(PageText.short(id, limit: 100))</code>. See all \
        <a href="/runs">runs</a>.</p>

        """)
  }
}
