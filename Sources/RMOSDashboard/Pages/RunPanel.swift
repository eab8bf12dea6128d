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
    // A link to a place on the run's page, which the script completes if there is no run yet.
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
struct RunList {
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
    let columns: [RunColumn] = [
      .run, .state, .failed, .found, .migrated, .updated, .skipped, .started, .duration,
    ].filter { $0.says(somethingOf: runs) }
    return """
      <section aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      \(RunTable(runs: runs, columns: columns).table)\
      <p class="note"><a href="/runs">All runs</a></p>
      </section>

      """
  }
}
