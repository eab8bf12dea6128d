import RMOSAnalytics
import RMOSAudit
import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore

/// The page at `/`: the store's health, contents and recent runs.
struct OverviewPage {
  private let status: MigrationStatus
  /// The history; `nil` if it is still being counted, or if it cannot be read because a table is
  /// missing or damaged.
  private let history: MigrationHistory?
  private let isCountingHistory: Bool
  private let runs: [LedgerRun]
  /// The newest migration, which may be older than ``runs``.
  private let newestMigration: LedgerRun?
  private let current: CurrentRun
  private let today: CalendarDay
  /// The newest patterns, for their drawings.
  private var drawn: [Record] = []

  /// The maximum number of runs listed.
  private static let runsShown = 6

  init(
    store: any RecordStore, status: MigrationStatus, today: CalendarDay,
    history: () throws -> MigrationHistory?
  ) throws {
    // If something cannot be read, the health section reports why.
    let found = try Self.ifReadable {
      try CurrentRun.found(in: store) { reader in
        (
          runs: try reader.runs(limit: Self.runsShown),
          newestMigration: try reader.newestRun(where: \.isMigration)
        )
      }
    }
    let history = try Self.ifReadable(history)
    self.init(
      status: status, history: history ?? nil, isCountingHistory: history == .some(nil),
      runs: found?.answer.runs ?? [],
      newestMigration: found?.answer.newestMigration,
      current: found?.current ?? CurrentRun(id: nil), today: today)
    let ids = (status.recentEntities[.patterns] ?? []).compactMap { $0.id.map(Value.text) }
    let query = RecordQuery(.patterns).filter(.isAny(member: "id", of: ids))
    if !ids.isEmpty {
      drawn = try Self.ifReadable { try store.read { try $0.records(query) } } ?? []
    }
  }

  private static func ifReadable<Result>(_ body: () throws -> Result) throws -> Result? {
    do {
      return try body()
    } catch let error as StoreError where [.corrupt, .other].contains(error.code) {
      return nil
    }
  }

  init(
    status: MigrationStatus, history: MigrationHistory?, isCountingHistory: Bool = false,
    runs: [LedgerRun], newestMigration: LedgerRun?, current: CurrentRun, today: CalendarDay
  ) {
    self.status = status
    self.history = history
    self.isCountingHistory = isCountingHistory
    self.runs = runs.map(current.settled)
    self.newestMigration = newestMigration
    self.current = current
    self.today = today
  }

  private var catalog: EntityCatalog { status.catalog }

  var document: PageDocument {
    PageDocument(
      title: "Overview", section: "/",
      main: """
        \(HistoryChart.definitions)<div id="overview" data-total="\(status.entityCounts.total)" \
        data-run="\(status.currentRun.map { String($0.id) } ?? "")" \
        data-verdict="\(status.validation.verdict.rawValue)" \
        data-audit="\(status.lastAudit?.outcome.finishedAt ?? "")">
        <h1>Overview</h1>
        \(verdict)\(hasErrors ? health : "")\(RunPanel(status.currentRun).section)\(counts)\
        <div class="columns">
        <div>
        <section aria-labelledby="history">
        <h2 id="history">History</h2>
        <p class="dim note">New entities by the day they were migrated or created</p>
        \(historyFigure)</section>
        \(RunList(runs).section)</div>
        <div>
        \(hasErrors ? "" : health)\(database)</div>
        </div>
        \(recent)</div>
        <p class="away" id="announcement" role="status" aria-live="polite"></p>

        """,
      refreshSeconds: isCountingHistory ? 1 : nil)
  }

  private var historyFigure: HTML {
    if isCountingHistory {
      return "<div id=\"days\" data-refreshing=\"200\"><p>Counting…</p></div>\n"
    }
    return history.map { "<div id=\"days\">\n\(HistoryChart($0, today: today).figure)</div>\n" }
      ?? "<p>The history cannot be read.</p>\n"
  }

  private var verdict: HTML {
    let health = status.validation
    let (mood, sign) =
      switch health.verdict {
      case _ where unfinished?.isNew == true: ("errors", "✗")
      case .sound: unfinished == nil ? ("sound", "✓") : ("warnings", "!")
      case .warnings: ("warnings", "!")
      case .notChecked: isKnownUnsound ? ("errors", "✗") : ("warnings", "?")
      case .errors: ("errors", "✗")
      }
    let word = PageText.capitalized(health.words) + "."
    // A failed migration comes before the verdict.
    let failure: HTML = unfinished.map { "\($0.what)</strong> \($0.next) <strong>" } ?? ""
    let last = status.database.lastMigration
    let when: HTML =
      switch (last, unfinished?.isOver ?? true) {
      case (let last?, true): " Last migration: \(PageText.time(last))."
      case (let last?, false): " Last completed migration: \(PageText.time(last))."
      case (nil, true): " Nothing has been migrated into this database yet."
      case (nil, false): ""
      }
    return """
      <p class="verdict \(mood)"><span><strong><span aria-hidden="true">\(sign) </span>\
      \(failure)\(word)</strong>\(audit)\(when)</span></p>

      """
  }

  /// Whether an audit found errors, and the health check is not complete enough to see them.
  private var isKnownUnsound: Bool {
    !status.validation.isComplete && status.lastAudit?.outcome.verdict == .errors
  }

  /// The verdict of the last audit, unless the health check is as complete.
  private var audit: HTML {
    guard let last = status.lastAudit, !status.validation.isComplete else { return "" }
    let since = AuditOutcome.sinceWords(last.hasChanged, "the database")
    return """
       <a href="/audit">Audit</a> of \(PageText.time(last.outcome.finishedAt)): \
      \(last.outcome.words); \(since).
      """
  }

  /// The failure of the newest migration, with a link to its page; `nil` if it succeeded.
  ///
  /// `isOver` is `false` if it has not read the whole source. `isNew` is `false` if all failures
  /// are known, or if it was interrupted, since the next run continues it.
  private var unfinished: (what: HTML, next: HTML, isOver: Bool, isNew: Bool)? {
    guard let run = newestMigration, run.id != current.id, run.undoneBy == nil else { return nil }
    let link = PageLink.run(run.id)
    let report: HTML = "See <a href=\"\(link)\">run \(run.id)</a>."
    switch run.state {
    case .completed:
      if run.hasFoundNothing {
        return ("The last migration found nothing to read.", report, true, true)
      }
      let failed = run.statistics.total.failed
      guard failed > 0 else { return nil }
      let what = PlainText.counted(failed, "entity", "entities")
      let new = run.failedNew.map { ", \(PlainText.grouped($0)) of them new" } ?? ""
      return (
        "<a href=\"\(link)?severity=error#issues\">\(what)</a> failed in the last migration\(new).",
        report, true, run.failedNew != 0
      )
    case .failed: return ("The last migration failed.", report, false, true)
    // A run whose process has died is still marked as running.
    case .interrupted, .running:
      return (
        "The last migration was interrupted.",
        "\(report) Running the same command again continues it.", false, false
      )
    }
  }

  private var counts: HTML {
    let tiles = catalog.displayOrder.map { kind -> HTML in
      """
      <li><a href="/\(kind.pathName)"><span class="what">\(HistoryChart.key(to: kind))\
      \(kind.pageTitle)</span> <span class="count" data-count="\(kind.rawValue)">\
      \(PlainText.grouped(status.entityCounts[kind]))</span></a></li>

      """
    }
    return "<ul class=\"tiles\" aria-label=\"Entities\">\n\(tiles)</ul>\n"
  }

  /// Whether the database has errors, in which case the health section comes first.
  private var hasErrors: Bool { !status.validation.errors.isEmpty }

  private var health: HTML {
    let validation = status.validation
    let errors = worstFirst(validation.errors)
    let findings =
      errors.map { finding($0, "error", "✗") }
      + worstFirst(validation.warnings).map { finding($0, "warning", "!") }
    // If there has been an audit, its page has the other findings.
    let shown = status.lastAudit == nil ? findings.count : Self.findingsShown
    let rest: HTML =
      findings.count > shown
      ? """
      <p class="note"><a href="/audit">All \(findings.count) on the audit page</a></p>

      """ : ""
    let list: HTML =
      findings.isEmpty
      ? validation.isComplete ? "<p>An audit found no problems.</p>\n" : ""
      : "<ul class=\"findings\">\n\(Array(findings.prefix(shown)))</ul>\n\(rest)"
    let open: HTML =
      validation.isComplete
      ? ""
      : """
      <p>Checked: \(validation.checked.isEmpty ? "nothing" : validation.checked.joined(separator: ", ")).<br>
      Not checked: \(validation.notChecked.joined(separator: ", ")).</p>

      """
    let audit: HTML =
      status.lastAudit.map {
        """
        Last <a href="/audit">audit</a> \(PageText.time($0.outcome.finishedAt)): \
        \($0.outcome.words); \(AuditOutcome.sinceWords($0.hasChanged, "the database"))
        """
      }
      ?? (status.isAudited
        ? "No background <a href=\"/audit\">audit</a> yet"
        : "Background audits are off; run the command <code>audit</code>")
    return """
      <section aria-labelledby="health">
      <h2 id="health">Health</h2>
      \(list)\(open)<p class="dim note">\(audit)</p>
      </section>

      """
  }

  /// The maximum number of findings listed if the audit page has all of them.
  private static let findingsShown = 3

  private func worstFirst(_ sentences: [String]) -> [String] {
    let counts = sentences.enumerated().map { index, sentence in
      (index: index, count: status.validation.problems[sentence]?.count ?? 1)
    }
    return counts.sorted { ($1.count, $0.index) < ($0.count, $1.index) }
      .map { sentences[$0.index] }
  }

  /// A finding of the health check, represented by its first example.
  private func finding(_ sentence: String, _ name: String, _ sign: String) -> HTML {
    let problem = status.validation.problems[sentence]
    let text = problem.map(\.first) ?? sentence
    let words =
      problem.map {
        $0.count > 1 ? "and \(PlainText.grouped($0.count - 1)) more like it" : "details"
      }
    let more: HTML =
      if status.lastAudit != nil, let problem, let words {
        " <a href=\"/audit#\(problem.code)\">\(words)</a>"
      } else if let problem, problem.count > 1, let words {
        " \(words)"
      } else {
        ""
      }
    return """
      <li><span class="\(name)"><span aria-hidden="true">\(sign)</span> \(name)</span> \
      \(PageText.short(text, limit: 1000))\(more)</li>

      """
  }

  private var database: HTML {
    let database = status.database
    let size = database.sizeMB.map { PlainText.grouped($0, decimals: 2) + " MB" }
    let schema: HTML =
      database.schemaVersion.map {
        "version \($0)<br><span class=\"dim\">\(PageText.time(database.schemaAppliedAt))</span>"
      } ?? "none yet"
    return """
      <section aria-labelledby="database">
      <h2 id="database">Database</h2>
      <dl class="facts">
      <div><dt>File</dt><dd><code>\(PageText.short(database.location, limit: 400))</code></dd></div>
      <div><dt>Size</dt><dd>\(size ?? "–")</dd></div>
      <div><dt>Schema</dt><dd>\(schema)</dd></div>
      <div><dt>Entities</dt><dd data-count="total">\
      \(PlainText.grouped(status.entityCounts.total))</dd></div>
      </dl>
      </section>

      """
  }

  private var recent: HTML {
    let columns = catalog.displayOrder.map { kind -> HTML in
      let items = (status.recentEntities[kind] ?? []).map { item($0, kind) }
      let list: HTML =
        items.isEmpty
        ? "<p class=\"dim\">None yet.</p>\n" : "<ul class=\"recent\">\n\(items)</ul>\n"
      return "<div><h3>\(kind.pageTitle)</h3>\n\(list)</div>\n"
    }
    return """
      <section aria-labelledby="recent">
      <h2 id="recent">Recently created</h2>
      <div class="thirds">
      \(columns)</div>
      </section>

      """
  }

  private func item(_ entity: MigrationStatus.RecentEntity, _ kind: EntityKind) -> HTML {
    let status: HTML = entity.status.map { "\(PageCell.status($0)) · " } ?? ""
    let record =
      kind == .patterns
      ? entity.id.flatMap { id in drawn.first { $0.id.utf8.elementsEqual(id.utf8) } } : nil
    let drawing: HTML = record.map { PatternDrawing($0).thumbnail } ?? ""
    return """
      <li>\(drawing)\(PageCell.link(to: kind, id: entity.id, entity.title)) <span class="dim id">\
      \(PageText.id(entity.id ?? "", limit: 80))</span> <span class="dim">\(status)\
      \(PageText.time(entity.createdAt))</span></li>

      """
  }
}

/// The migration in progress; hidden if there is none, until the script sees one begin.
private struct RunPanel {
  private let run: LedgerRun?

  init(_ run: LedgerRun?) { self.run = run }

  var section: HTML {
    let total = run?.statistics.total
    let isHidden: HTML = run == nil ? " hidden" : ""
    // The script sets the link if there is no run yet.
    func place(_ fragment: String) -> HTML {
      "data-place=\"\(fragment)\""
        + (run.map { " href=\"\(PageLink.run($0.id))\(fragment)\"" } ?? "")
    }
    let refresh: HTML = "<noscript><p><a href=\"/\">Refresh</a></p></noscript>"
    return """
      <section class="run" id="run" aria-labelledby="run-title"\(isHidden)>
      <h2 id="run-title">Migration in progress</h2>
      <div class="stripe" aria-hidden="true"></div>
      <dl>
      <div><dt>Run</dt><dd><a data-run="id" \(place(""))>\
      \(run.map { String($0.id) } ?? "")</a></dd></div>
      <div><dt>Found</dt><dd><a data-run="found" \(place("#outcomes"))>\
      \(PlainText.grouped(total?.found ?? 0))</a></dd></div>
      <div><dt>Failed</dt><dd><a data-run="failed" \(place("#issues"))>\
      \(PlainText.grouped(total?.failed ?? 0))</a></dd></div>
      <div><dt>Duration</dt><dd data-run="seconds">\(PageText.duration(run?.seconds ?? 0))</dd></div>
      </dl>
      <p class="dim">from <code data-run="source">\(PageText.short(run?.source ?? "–", limit: 400))\
      </code></p>
      \(refresh)</section>

      """
  }
}

/// The newest runs in the ledger.
private struct RunList {
  private let runs: [LedgerRun]

  init(_ runs: [LedgerRun]) { self.runs = runs }

  var section: HTML {
    guard !runs.isEmpty else {
      return """
        <section aria-labelledby="runs">
        <h2 id="runs">Runs</h2>
        <p class="dim">No runs yet. Start one with the command <code>migrate</code>.</p>
        </section>

        """
    }
    let columns: [RunListColumn] = [
      .run, .state, .failed, .found, .migrated, .updated, .skipped, .started, .duration,
    ].filter { $0.isUseful(for: runs) }
    return """
      <section aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      \(RunTable(runs: runs, columns: columns).table)\
      <p class="note"><a href="/runs">All runs</a></p>
      </section>

      """
  }
}
