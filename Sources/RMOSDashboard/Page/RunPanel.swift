import RMOSModels
import RMOSStore

/// The migration under way; hidden where none is, for the script to show when one begins.
struct RunPanel {
  private let run: MigrationStatus.CurrentRun?

  init(_ run: MigrationStatus.CurrentRun?) { self.run = run }

  var section: HTML {
    let isHidden: HTML = run == nil ? " hidden" : ""
    let refresh: HTML = "<noscript><p><a href=\"/\">Ask again</a></p></noscript>"
    return """
      <section class="run" id="run" aria-labelledby="run-title"\(isHidden)>
      <h2 id="run-title">Migration under way</h2>
      <div class="stripe" aria-hidden="true"></div>
      <dl>
      <div><dt>Run</dt><dd data-run="id">\(run.map { String($0.id) } ?? "")</dd></div>
      <div><dt>Found</dt><dd data-run="found">\(PlainText.grouped(run?.found ?? 0))</dd></div>
      <div><dt>Failed</dt><dd data-run="failed">\(PlainText.grouped(run?.failed ?? 0))</dd></div>
      <div><dt>For</dt><dd data-run="seconds">\(PageText.duration(run?.seconds ?? 0))</dd></div>
      </dl>
      <p class="dim">from <code data-run="source">\(PageText.short(run?.source ?? "–", limit: 400))\
      </code></p>
      \(refresh)</section>

      """
  }
}

/// The runs that the ledger holds, newest first.
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
        <p class="dim">The ledger holds no runs. Begin with <code>rmos-cli migrate</code>.</p>
        </section>

        """
    }
    return """
      <section aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      <div class="scroll" role="region" tabindex="0" aria-label="Runs">
      <table>
      <thead><tr><th scope="col">Run</th><th scope="col">State</th><th scope="col">Began</th>\
      <th scope="col" class="n">Took</th><th scope="col" class="n">Found</th>\
      <th scope="col" class="n">New</th><th scope="col" class="n">Skipped</th>\
      <th scope="col" class="n">Failed</th></tr></thead>
      <tbody>
      \(runs.map(row))</tbody></table></div>
      <p class="dim note">All of a run: <code>rmos-cli report --run N</code></p>
      </section>

      """
  }

  private func row(_ run: LedgerRun) -> HTML {
    let total = Totals(run.statistics)
    // A run whose process died says "running" for ever.
    let isOver = run.state == .running && run.id != current
    let state = isOver ? LedgerRun.State.interrupted : run.state
    let failed: HTML =
      total.failed > 0
      ? "<span class=\"error\">\(PlainText.grouped(total.failed))</span>" : "0"
    let failure: HTML =
      run.failure.map {
        "<br><span class=\"dim\">\(PageText.short($0, limit: 300))</span>"
      } ?? ""
    return """
      <tr><th scope="row"><span class="nowrap">\(run.id) \
      <span class="dim">\(PageText.short(run.command, limit: 30))</span></span></th>\
      <td><span class="nowrap">\(PageCell.status(state.rawValue))</span>\(failure)</td>\
      <td>\(PageText.time(run.startedAt))</td>\
      <td class="n">\(PageText.duration(run.seconds))</td>\
      <td class="n">\(PlainText.grouped(total.found))</td>\
      <td class="n">\(PlainText.grouped(total.new))</td>\
      <td class="n">\(PlainText.grouped(total.skipped))</td><td class="n">\(failed)</td></tr>

      """
  }
}

/// The counts of all kinds, at most the largest number there is: a ledger may hold anything.
private struct Totals {
  var found = 0
  var new = 0
  var skipped = 0
  var failed = 0

  init(_ statistics: MigrationStatistics) {
    for kind in EntityKind.allCases {
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
