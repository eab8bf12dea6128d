import RMOSAudit
import RMOSHTML
import RMOSHTTP
import RMOSModels

/// The page at `/audit`: the verdict and the findings of the newest audit.
struct AuditPage {
  private let view: BackgroundAudit.View

  /// The maximum number of findings listed per rule; the downloads have more.
  private static let findingsShown = 100

  init(_ view: BackgroundAudit.View) { self.view = view }

  var document: PageDocument {
    let isUnderWay = view.underWaySince != nil
    let isExpected = view.isOn && view.newest == nil && view.failure == nil
    let refreshing: HTML = isUnderWay || isExpected || view.isAsked ? " data-refreshing" : ""
    return PageDocument(
      title: "Audit", section: "/audit",
      main: """
        <div id="audit"\(refreshing)>
        <h1>Audit</h1>
        \(verdict)\(complaint)\(facts)\(button)\(downloads)\(findings)\(checks)</div>

        """,
      refreshSeconds: isUnderWay && view.newest == nil ? 1 : nil)
  }

  // MARK: Verdict

  private var verdict: HTML {
    let (mood, sign, what, more) = words
    return """
      <p class="verdict \(mood)"><span><strong><span aria-hidden="true">\(sign) </span>\
      \(what)</strong> \(more)</span></p>

      """
  }

  private var words: (mood: HTML, sign: String, what: String, more: HTML) {
    guard let newest = view.newest else {
      if !view.isOn {
        return (
          "warnings", "?", "Not checked.",
          "Background audits are off; run the command <code>audit</code>."
        )
      }
      if let since = view.underWaySince {
        return ("warnings", "?", "Being checked.", "The check began \(PageText.time(since)).")
      }
      if view.failure != nil {
        return ("errors", "✗", "Not checked.", "The check failed, so nothing is known.")
      }
      return (
        "warnings", "?", "Not checked yet.",
        "The check begins in a moment, or when the migration in progress has ended."
      )
    }
    let report = newest.report
    let words = newest.outcome.words
    let what = PageText.capitalized(words) + "."
    let (mood, sign): (HTML, String) =
      switch report.verdict {
      case .errors: ("errors", "✗")
      case .sound where view.hasChanged == false: ("sound", "✓")
      case .sound: ("warnings", "?")
      case .warnings: ("warnings", "!")
      case .notChecked: ("warnings", "?")
      }
    let since = AuditOutcome.sinceWords(view.hasChanged, "the database")
    return (
      mood, sign, what, "Checked \(PageText.time(newest.outcome.finishedAt)); \(since)."
    )
  }

  /// Why the last check failed.
  private var complaint: HTML {
    guard let failure = view.failure else { return "" }
    let rest: HTML =
      view.newest == nil ? "" : " What follows was found by the check before."
    return """
      <p class="error"><span aria-hidden="true">✗</span> The check of \
      \(PageText.time(failure.at)) failed: \(PageText.short(failure.message, limit: 1000)) \
      <code>\(failure.code)</code>.\(rest)</p>

      """
  }

  private var facts: HTML {
    var rows: [(HTML, HTML)] = []
    if let newest = view.newest {
      let report = newest.report
      let counts = report.severityCounts
      let words = [(Severity.error, "error"), (.warning, "warning"), (.info, "note")].map {
        PlainText.counted(counts[$0, default: 0], $1)
      }
      rows += [
        ("Findings", "\(words.joined(separator: ", "))"),
        (
          "Checks", "\(Self.checks(of: report))"
        ),
        (
          "Entities",
          "\(report.catalog.kinds.map { Self.count(of: $0, report) }.joined(separator: ", "))"
        ),
        ("Duration", "\(Self.duration(newest.outcome.seconds))"),
      ]
    }
    if view.isOn { rows.append(("Next check", next)) }
    if rows.isEmpty { return "" }
    return "<dl class=\"facts narrow\">\n\(rows.map(PageCell.fact))</dl>\n"
  }

  /// The number of checks with each result; those that passed with warnings are counted apart.
  private static func checks(of report: AuditReport) -> String {
    let warning = report.results.count(where: \.warns)
    let open = report.results.count { $0.state == .incomplete }
    let counts = [
      (report.passedChecks - warning, "passed"), (report.failedChecks - open, "failed"),
      (warning, "with warnings"), (open, "not completed"),
      (report.results.count { $0.state == .notApplicable }, "not applicable"),
    ]
    return counts.enumerated().filter { $0.offset < 2 || $0.element.0 > 0 }
      .map { "\($0.element.0) \($0.element.1)" }.joined(separator: ", ")
  }

  private static func count(of kind: EntityKind, _ report: AuditReport) -> String {
    guard let count = report.counts[kind] else { return "unreadable \(kind.schema.plural)" }
    return PlainText.counted(count, kind.schema.singular, kind.schema.plural)
  }

  private static func duration(_ seconds: Double) -> String {
    seconds < 1 ? PlainText.fixed(seconds, decimals: 2) + " s" : PageText.duration(seconds)
  }

  private var next: HTML {
    if let since = view.underWaySince, view.newest != nil {
      return "in progress since \(PageText.time(since))"
    }
    if view.underWaySince != nil { return "in progress" }
    if view.isAsked { return "in a moment, or when the migration in progress has ended" }
    guard let nextAt = view.nextAt, !view.isNextDue else {
      return view.hasChanged == false && view.failure == nil
        ? "after the next change" : "in a moment, or when the migration in progress has ended"
    }
    if view.hasChanged == false, view.failure == nil {
      return "after the next change, \(PageText.time(nextAt)) at the earliest"
    }
    return "\(PageText.time(nextAt))"
  }

  /// A button to ask for a check now, which works without scripts.
  private var button: HTML {
    guard view.isOn, view.underWaySince == nil, !view.isAsked,
      view.newest != nil || view.failure != nil
    else { return "" }
    return """
      <form class="check" action="/audit" method="post"><button type="submit">Check now</button></form>

      """
  }

  private var downloads: HTML {
    guard let newest = view.newest else { return "" }
    let plan = RepairPlan(for: newest.report)
    let repair: HTML =
      plan.steps.isEmpty
      ? newest.report.errorCount + newest.report.warningCount > 0
        ? "<span class=\"dim\">There is no repair plan: a person must fix the findings.</span>" : ""
      : """
      <a href="/audit?format=sql" download>Repair plan (SQL)</a> <span class="dim">\
      \(PlainText.counted(plan.steps.count, "step")), to be read before it is applied</span>
      """
    return """
      <p class="summary"><a href="/audit?format=text" download>Report as text</a> \
      <a href="/audit?format=json" download>Report as JSON</a> \(repair)</p>

      """
  }

  // MARK: Findings

  private var findings: HTML {
    guard let report = view.newest?.report else { return "" }
    let results = report.resultsWorstFirst
    let sections = results.map(section)
    guard results.count > 1 else { return HTML(sections) }
    let links = results.map { result -> HTML in
      """
      <li><a href="#\(result.rule.code)">\(result.rule.code)</a> <span class="dim">\
      \(PlainText.grouped(result.total))</span></li>

      """
    }
    return """
      <nav class="jumps" aria-label="Findings by rule"><ul>
      \(links)</ul></nav>
      \(sections)
      """
  }

  private func section(_ result: AuditReport.RuleResult) -> HTML {
    let shown = result.findings.prefix(Self.findingsShown)
    let counts = Severity.allCases.sorted(by: >).compactMap { severity in
      result.counts[severity].map {
        PlainText.counted($0, severity == .info ? "note" : severity.rawValue)
      }
    }.joined(separator: ", ")
    // If all have the same severity, the heading has it.
    let isMixed = result.counts.count { $0.value > 0 } > 1
    let columns = ["Where"] + (isMixed ? ["Severity"] : []) + ["Column", "Finding"]
    let headings = columns.map {
      "<th role=\"columnheader\" scope=\"col\">\($0)</th>" as HTML
    }
    let (name, sign, _) = Self.look(of: result.worst ?? .info)
    let (rest, omitted) = (result.total - shown.count, result.total - result.findings.count)
    let inDownloads: HTML =
      omitted == 0
      ? "; the downloads have all"
      : omitted < rest
        ? "; the downloads have \(PlainText.grouped(rest - omitted)) of them" : ""
    let more: HTML =
      rest > 0
      ? "<p class=\"dim note\">\(PlainText.grouped(rest)) more are not listed\(inDownloads).</p>\n"
      : ""
    return """
      <section aria-labelledby="\(result.rule.code)">
      <h2 id="\(result.rule.code)"><span class="\(name)" aria-hidden="true">\(sign)</span> \
      <code>\(result.rule.code)</code>: \(counts)</h2>
      <p class="dim">Rule: \(result.rule.summary).</p>
      <div class="scroll" role="region" tabindex="0" aria-label="\(result.rule.code), as a table">
      <table class="cards audit" role="table">
      <thead role="rowgroup"><tr role="row">\(headings)</tr></thead>
      <tbody role="rowgroup">
      \(shown.map { row($0, showsSeverity: isMixed) })</tbody></table></div>
      \(more)</section>

      """
  }

  private static func look(of severity: Severity) -> (name: HTML, sign: String, word: String) {
    switch severity {
    case .error: ("error", "✗", "error")
    case .warning: ("warning", "!", "warning")
    case .info: ("dim", "·", "note")
    }
  }

  private func row(_ finding: AuditFinding, showsSeverity: Bool) -> HTML {
    let (name, sign, word) = Self.look(of: finding.severity)
    let severity: HTML =
      showsSeverity
      ? """
      <td role="cell" data-label="Severity"><span class="\(name)"><span aria-hidden="true">\
      \(sign)</span> \(word)</span></td>
      """ : ""
    let column: HTML = finding.column.map { "<code>\(PageText.name($0))</code>" } ?? "–"
    return """
      <tr role="row"><th role="rowheader" scope="row">\(place(of: finding))</th>\(severity)\
      <td role="cell" data-label="Column">\(column)</td>\
      <td role="cell" data-label="Finding"><span>\
      \(PageText.short(finding.message, limit: 600))</span></td></tr>

      """
  }

  /// The row that a finding is about, with a link to the entity if there is one.
  private func place(of finding: AuditFinding) -> HTML {
    let table = finding.table.map { HTML(text: $0) } ?? "the file"
    if let id = finding.id {
      // Dangling provenance names an entity that does not exist.
      guard let kind = finding.kind, finding.code != AuditRule.danglingProvenance.code else {
        return "\(PageText.short(id, limit: 80)) <span class=\"dim id\">\(table)</span>"
      }
      let link = PageCell.link(to: kind, id: id, String(id.unicodeScalars.prefix(80)))
      return "\(link) <span class=\"dim id\">\(kind.schema.singular)</span>"
    }
    guard let row = finding.row else { return table }
    if finding.table == "migration_runs" {
      return "<a href=\"\(PageLink.run(row))\">run \(row)</a>"
    }
    return "row \(row) <span class=\"dim id\">\(table)</span>"
  }

  // MARK: Checks

  private var checks: HTML {
    guard let report = view.newest?.report else { return "" }
    let rows = report.results.map { result -> HTML in
      let (name, sign, word): (HTML, String, String) =
        switch result.state {
        case .passed where result.warns: ("warning", "!", "with warnings")
        case .passed: ("good", "✓", "passed")
        case .failed: ("bad", "✗", "failed")
        case .incomplete: ("bad", "?", "not completed")
        case .notApplicable: ("off", "–", "not applicable")
        }
      return """
        <tr><th scope="row"><code>\(result.rule.code)</code></th><td><span class="state \(name)">\
        <span aria-hidden="true">\(sign)</span> \(word)</span></td>\
        <td class="n">\(PlainText.grouped(result.total))</td>\
        <td>\(result.rule.summary)</td></tr>

        """
    }
    return """
      <details id="checks">
      <summary>All \(PlainText.counted(report.results.count, "check"))</summary>
      <div class="scroll" role="region" tabindex="0" aria-label="All checks"><table>
      <thead><tr><th scope="col">Rule</th><th scope="col">Result</th>\
      <th scope="col" class="n">Findings</th><th scope="col">What it looks for</th></tr></thead>
      <tbody>
      \(rows)</tbody></table></div>
      </details>

      """
  }
}

extension AuditReport.RuleResult {
  /// Whether the check passed with warnings.
  fileprivate var warns: Bool { state == .passed && counts[.warning, default: 0] > 0 }
}

extension AuditPage {
  /// A file to download: the report as text or JSON, or the repair plan.
  enum Format: String, CaseIterable {
    case text, json, sql
  }

  /// Returns the report or the repair plan as a file.
  ///
  /// - Throws: ``ErrorPage`` if there is no report.
  func download(_ format: Format) throws(ErrorPage) -> ServerResponse {
    guard let report = view.newest?.report else { throw .noAudit }
    let (type, name, text) =
      switch format {
      case .text: ("text/plain; charset=utf-8", "audit.txt", report.text() + "\n")
      case .json: ("application/json", "audit.json", report.json + "\n")
      case .sql: ("application/sql", "repair.sql", report.repairPlan)
      }
    return .file(Array(text.utf8), name: name, type: type)
  }
}
