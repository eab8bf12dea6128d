import RMOSHTML
import RMOSModels

extension AuditReport {
  /// The report as a page that stands alone: no scripts, nothing loaded from elsewhere, in the look
  /// of the project's other pages.
  ///
  /// Text from the database is escaped; characters that would reorder it are shown as `\u{…}`.
  public var html: String {
    let title = "Audit of \(database)"
    let page = HTMLPage(title: title)
    var text = ""
    page.writeHead(to: &text)
    let body: HTML = """
      <main>
      <header><h1>\(title)</h1></header>
      <p class="verdict \(verdict == .notChecked ? "warnings" : verdict.rawValue)">\(verdictText)</p>
      \(countsTable)
      \(results.filter { $0.total > 0 }.map(section))
      \(rulesTable)
      </main>

      """
    text += body.markup
    page.writeEnd(to: &text)
    return text
  }

  private var verdictText: String {
    let word =
      switch verdict {
      case .sound: "Sound"
      case .warnings: "Sound, with warnings"
      case .errors: "Not sound"
      case .notChecked: "Not fully checked"
      }
    let names: [(Severity, String)] = [(.error, "error"), (.warning, "warning"), (.info, "note")]
    let counts = names.map { PlainText.counted(severityCounts[$0, default: 0], $1) }
    return "\(word): \(counts.joined(separator: ", ")); \(passedChecks) checks passed, "
      + "\(failedChecks) failed\(omittedRules.isEmpty ? "" : ", \(omittedRules.count) not made")."
  }

  private var countsTable: HTML {
    let rows: [HTML] = EntityKind.allCases.map { kind in
      let count = counts[kind].map { String($0) } ?? "unreadable"
      return "<tr><th scope=\"row\">\(kind.schema.plural)</th><td class=\"n\">\(count)</td></tr>\n"
    }
    return """
      <section>
      <h2>Entities</h2>
      <div class="scroll"><table>
      <thead><tr><th scope="col">kind</th><th scope="col" class="n">rows</th></tr></thead>
      <tbody>
      \(rows)</tbody>
      </table></div>
      </section>
      """
  }

  private func section(_ result: RuleResult) -> HTML {
    let rows: [HTML] = result.findings.map { finding in
      let place = [finding.table, finding.column].compactMap(\.self).joined(separator: ".")
      let row = finding.id ?? finding.row.map { "row \($0)" } ?? ""
      let severity = finding.severity.rawValue
      return "<tr><td class=\"\(severity)\">\(severity)</td><td>\(place)</td><td>\(row)</td>"
        + "<td>\(finding.message)</td></tr>\n"
    }
    let rest = result.total - result.findings.count
    let more: HTML = rest > 0 ? "<p class=\"dim\">… and \(rest) more.</p>\n" : ""
    return """
      <section>
      <h2>\(result.rule.code): \(result.total)</h2>
      <p>\(result.rule.summary).</p>
      <div class="scroll"><table>
      <thead><tr><th scope="col">severity</th><th scope="col">place</th>\
      <th scope="col">id</th><th scope="col">message</th></tr></thead>
      <tbody>
      \(rows)</tbody>
      </table></div>
      \(more)</section>

      """
  }

  private var rulesTable: HTML {
    let rows: [HTML] = results.map { result in
      let state = result.state == .notApplicable ? "not applicable" : result.state.rawValue
      return "<tr><th scope=\"row\">\(result.rule.code)</th><td>\(state)</td>"
        + "<td class=\"n\">\(result.total)</td></tr>\n"
    }
    return """
      <section>
      <h2>Checks</h2>
      <div class="scroll"><table>
      <thead><tr><th scope="col">rule</th><th scope="col">state</th>\
      <th scope="col" class="n">findings</th></tr></thead>
      <tbody>
      \(rows)</tbody>
      </table></div>
      </section>
      """
  }
}
