import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore

/// The migration in progress; hidden if there is none, until the script shows one that begins.
struct RunPanel {
  private let run: LedgerRun?

  init(_ run: LedgerRun?) { self.run = run }

  var section: HTML {
    let total = run?.statistics.total
    let isHidden: HTML = run == nil ? " hidden" : ""
    let refresh: HTML = "<noscript><p><a href=\"/\">Refresh</a></p></noscript>"
    return """
      <section class="run" id="run" aria-labelledby="run-title"\(isHidden)>
      <h2 id="run-title">Migration in progress</h2>
      <div class="stripe" aria-hidden="true"></div>
      <dl>
      <div><dt>Run</dt><dd data-run="id">\(run.map { String($0.id) } ?? "")</dd></div>
      <div><dt>Found</dt><dd data-run="found">\(PlainText.grouped(total?.found ?? 0))</dd></div>
      <div><dt>Failed</dt><dd data-run="failed">\(PlainText.grouped(total?.failed ?? 0))</dd></div>
      <div><dt>Duration</dt><dd data-run="seconds">\(PageText.duration(run?.seconds ?? 0))</dd></div>
      </dl>
      <p class="dim">from <code data-run="source">\(PageText.short(run?.source ?? "–", limit: 400))\
      </code></p>
      \(refresh)</section>

      """
  }
}

/// The runs in the ledger, newest first.
struct RunList {
  private let runs: [LedgerRun]
  private let current: Int64?

  init(_ runs: [LedgerRun], current: Int64?) {
    self.runs = runs
    self.current = current
  }

  var section: HTML {
    guard !runs.isEmpty else {
      return """
        <section aria-labelledby="runs">
        <h2 id="runs">Runs</h2>
        <p class="dim">No runs yet. Start one with the command <code>migrate</code>.</p>
        </section>

        """
    }
    let headings = Self.columns.enumerated().map {
      "<th role=\"columnheader\" scope=\"col\"\($0 > 2 ? Self.numeric : "")>\($1)</th>" as HTML
    }
    return """
      <section aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      <div class="scroll" role="region" tabindex="0" aria-label="Runs">
      <table class="cards runs" role="table">
      <thead role="rowgroup"><tr role="row">\(headings)</tr></thead>
      <tbody role="rowgroup">
      \(runs.map(row))</tbody></table></div>
      <p class="dim note">Full report of a run: the command <code>report --run N</code></p>
      </section>

      """
  }

  private func row(_ run: LedgerRun) -> HTML {
    let total = Totals(run.statistics)
    // A run whose process died stays marked as running.
    let isOver = run.state == .running && run.id != current && !run.isOfRunningServer
    let state = isOver ? LedgerRun.State.interrupted : run.state
    let word = state == .completed && total.failed > 0 ? "completed with failures" : state.rawValue
    let failed: HTML =
      total.failed > 0
      ? "<span class=\"error\">\(PlainText.grouped(total.failed))</span>" : "0"
    let failure: HTML =
      run.failure.map {
        "<br><span class=\"dim\">\(PageText.short($0, limit: 300))</span>"
      } ?? ""
    let notes: HTML =
      run.sourceSentence.map { "<br><span class=\"dim\">\($0)</span>" } ?? ""
    let cells: [HTML] = [
      "<span><span class=\"nowrap\">\(PageCell.status(word))</span>\(failure)\(notes)</span>",
      PageText.time(run.startedAt), "\(PageText.duration(run.seconds))",
      "\(PlainText.grouped(total.found))", "\(PlainText.grouped(total.new))",
      "\(PlainText.grouped(total.skipped))", failed,
    ]
    let row = zip(Self.columns.dropFirst(), cells).enumerated().map { index, cell -> HTML in
      """
      <td role="cell"\(index > 1 ? Self.numeric : "") data-label="\(cell.0)">\(cell.1)</td>
      """
    }
    return """
      <tr role="row"><th role="rowheader" scope="row"><span class="nowrap">\(run.id) \
      <span class="dim">\(PageText.short(run.command, limit: 30))</span></span></th>\(row)</tr>

      """
  }

  private static let columns = [
    "Run", "State", "Started", "Duration", "Found", "New", "Skipped", "Failed",
  ]
  private static let numeric: HTML = " class=\"n\""
}

/// The counts of all kinds, saturating: a ledger may contain any numbers.
private struct Totals {
  var found = 0
  var new = 0
  var skipped = 0
  var failed = 0

  init(_ statistics: MigrationStatistics) {
    for kind in statistics.catalog.kinds {
      let counts = statistics[kind]
      for number in [counts.migrated, counts.updated] { Self.add(number, to: &new) }
      Self.add(counts.skipped, to: &skipped)
      Self.add(counts.failed, to: &failed)
    }
    for number in [new, skipped, failed] { Self.add(number, to: &found) }
  }

  private static func add(_ number: Int, to sum: inout Int) {
    let (result, overflows) = sum.addingReportingOverflow(number)
    sum = overflows ? .max : result
  }
}
