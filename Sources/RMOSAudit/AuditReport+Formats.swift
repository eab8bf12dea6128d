import RMOSHTML
package import RMOSModels

extension AuditReport {
  /// The report as a JSON object.
  ///
  /// `success` (no errors), `verdict`, `complete`, `rules_not_checked`, `database`,
  /// `schema_version`, `counts`, `checks` (`passed`, `failed`), `severity_counts`, `seconds`,
  /// `rules` (each with `code`, `severity`, `summary`, `state` and its `errors`, `warnings` and
  /// `infos`), `findings` and `findings_omitted`.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", errorCount == 0)
      writeMembers(to: &$0)
    }
    return writer.text
  }

  /// Writes the members of ``json`` without `success`.
  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("verdict", verdict.rawValue)
    writer.member("complete", omittedRules.isEmpty)
    writer.member("rules_not_checked", strings: omittedRules.map(\.code))
    writer.member("database", database)
    writer.member("schema_version", schema)
    writer.member("counts") { $0.counts(of: self) }
    writer.member("checks") {
      $0.object {
        $0.member("passed", passedChecks)
        $0.member("failed", failedChecks)
      }
    }
    writer.member("severity_counts") {
      $0.object {
        for severity in Severity.allCases.reversed() {
          $0.member(severity.rawValue, severityCounts[severity, default: 0])
        }
      }
    }
    writer.member("seconds", duration / .seconds(1))
    writer.member("rules", each: results) { $0.result($1) }
    writer.member("findings", each: findings) { $0.finding($1) }
    writer.member("findings_omitted", omittedFindings)
  }
}

extension JSONWriter {
  fileprivate mutating func counts(of report: AuditReport) {
    object {
      for kind in report.catalog.kinds { $0.member(kind.rawValue, report.counts[kind]) }
      $0.member("total", report.counts.values.reduce(0, +))
    }
  }

  fileprivate mutating func result(_ result: AuditReport.RuleResult) {
    object {
      $0.member("code", result.rule.code)
      $0.member("severity", result.rule.severity.rawValue)
      $0.member("summary", result.rule.summary)
      $0.member("state", result.state.rawValue)
      $0.member("errors", result.counts[.error, default: 0])
      $0.member("warnings", result.counts[.warning, default: 0])
      $0.member("infos", result.counts[.info, default: 0])
    }
  }

  fileprivate mutating func finding(_ finding: AuditFinding) {
    object {
      $0.member("severity", finding.severity.rawValue)
      $0.member("code", finding.code)
      $0.member("kind", finding.kind?.rawValue)
      $0.member("table", finding.table)
      $0.member("id", finding.id)
      $0.member("row", finding.row)
      $0.member("column", finding.column)
      $0.member("found", finding.found)
      $0.member("expected", finding.expected)
      $0.member("message", finding.message)
    }
  }
}

extension AuditReport {
  /// SQL that would fix what was found, as a script for SQLite: for a person to review and apply.
  ///
  /// The statements check their preconditions again, so an outdated script does no harm. A
  /// statement that would destroy something that migrating the same files again restores is
  /// commented out, below what to do instead. Where a row was edited since a run wrote it, or is
  /// gone, a comment names the file that still holds it.
  public var repairPlan: String { RepairPlan(for: self).sql }
}

extension AuditReport {
  /// The report as a self-contained page without scripts, in the style of the other pages.
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
    return
      "\(word): \(counts.joined(separator: ", ")); \(PlainText.counted(passedChecks, "check")) passed, "
      + "\(failedChecks) failed\(omittedRules.isEmpty ? "" : ", \(omittedRules.count) not made")."
  }

  private var countsTable: HTML {
    let rows: [HTML] = catalog.kinds.map { kind in
      let count = counts[kind].map { PlainText.grouped($0) } ?? "unreadable"
      return "<tr><th scope=\"row\">\(kind.schema.plural)</th><td class=\"n\">\(count)</td></tr>\n"
    }
    return """
      <section>
      <h2>Entities</h2>
      <div class="scroll" role="region" tabindex="0" aria-label="Entities, as a table">
      <table>
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
    let more: HTML = rest > 0 ? "<p class=\"dim\">… and \(PlainText.grouped(rest)) more.</p>\n" : ""
    return """
      <section>
      <h2>\(result.rule.code): \(PlainText.grouped(result.total))</h2>
      <p>Rule: \(result.rule.summary).</p>
      <div class="scroll" role="region" tabindex="0" aria-label="\(result.rule.code), as a table">
      <table>
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
        + "<td class=\"n\">\(PlainText.grouped(result.total))</td></tr>\n"
    }
    return """
      <section>
      <h2>Checks</h2>
      <div class="scroll" role="region" tabindex="0" aria-label="Checks, as a table">
      <table>
      <thead><tr><th scope="col">rule</th><th scope="col">state</th>\
      <th scope="col" class="n">findings</th></tr></thead>
      <tbody>
      \(rows)</tbody>
      </table></div>
      </section>
      """
  }
}

extension AuditReport {
  /// The verdict as a status badge, in the JSON that Shields reads from an endpoint.
  ///
  /// Source of the format: <https://shields.io/badges/endpoint-badge>.
  ///
  /// ```swift
  /// report.badge
  /// // {"schemaVersion":1,"label":"RMOS audit","message":"sound","color":"brightgreen"}
  /// ```
  package var badge: String {
    let (message, color) =
      switch verdict {
      case .sound: ("sound", "brightgreen")
      case .warnings: (PlainText.counted(warningCount, "warning"), "yellow")
      case .errors: (PlainText.counted(errorCount, "error"), "red")
      case .notChecked: ("not fully checked", "lightgrey")
      }
    var writer = JSONWriter()
    writer.object {
      $0.member("schemaVersion", 1)
      $0.member("label", "RMOS audit")
      $0.member("message", message)
      $0.member("color", color)
      if verdict == .errors { $0.member("isError", true) }
    }
    return writer.text
  }
}

extension AuditReport {
  /// The report as text: the verdict, the counts, and the findings by rule, the worst first.
  ///
  /// Text from the database is escaped, so that a terminal can show it.
  ///
  /// - Parameters:
  ///   - width: The columns that a table may take.
  ///   - findingsShown: How many findings are shown per rule.
  ///   - hints: What to do about the findings of a rule, by its code.
  /// - Returns: The text, without a line break at its end.
  package func text(
    width: Int = 80, findingsShown: Int = .max, hints: [String: String] = [:]
  ) -> String {
    var table = TextTable([""], numbers: ["entities"])
    for kind in catalog.kinds {
      let count = counts[kind].map { PlainText.grouped($0) } ?? "unreadable"
      table.add([kind.schema.plural, count])
    }
    let sections = resultsWorstFirst.map { section($0, findingsShown, hints[$0.rule.code]) }
    let counts = table.lines(width: width).joined(separator: "\n")
    return ([verdictLine, counts] + sections + [summary]).joined(separator: "\n\n")
  }

  /// The verdict in a line: "shop.db is sound, with 2 warnings".
  package var verdictLine: String {
    let words = verdict.words(
      errors: errorCount, warnings: warningCount, isWhole: omittedRules.isEmpty)
    return "\(PlainText.escaped(database)) is \(words)"
  }

  /// The first errors of each rule that found some, as text; `nil` if there are none.
  package var errorText: String? {
    let sections = resultsWorstFirst.filter { $0.worst == .error }.map { result in
      var errors = result
      errors.findings.removeAll { $0.severity != .error }
      errors.counts = [.error: result.counts[.error, default: 0]]
      return section(errors, 10, nil)
    }
    return sections.isEmpty ? nil : sections.joined(separator: "\n")
  }

  /// The results of the rules that found something, those of the severest rules first.
  package var resultsWorstFirst: [RuleResult] {
    let found = results.filter { $0.total > 0 }
    return Severity.allCases.sorted(by: >).flatMap { severity in
      found.filter { $0.worst == severity }
    }
  }

  private func section(_ result: RuleResult, _ findingsShown: Int, _ hint: String?) -> String {
    let title = "\(result.rule.code): \(PlainText.counted(result.total, "finding"))"
    var lines = [title + " — rule: " + result.rule.summary]
    for finding in result.findings.prefix(findingsShown) {
      var place = finding.table ?? ""
      if let id = finding.id {
        place += " " + id
      } else if let row = finding.row {
        place += " row \(row)"
      }
      let start = place.isEmpty ? "" : PlainText.escaped(place) + ": "
      lines.append(
        "  \(start)\(finding.severity.rawValue): " + PlainText.escaped(finding.message))
    }
    let rest = result.total - min(result.findings.count, findingsShown)
    if rest > 0 { lines.append("  … and \(PlainText.grouped(rest)) more") }
    if let hint { lines.append("  hint: \(hint)") }
    return lines.joined(separator: "\n")
  }

  private var summary: String {
    let counts = severityCounts
    return PlainText.counted(passedChecks, "check") + " passed, "
      + "\(failedChecks) failed"
      + (omittedRules.isEmpty ? "" : ", \(omittedRules.count) skipped") + "; "
      + PlainText.counted(counts[.error, default: 0], "error") + ", "
      + PlainText.counted(counts[.warning, default: 0], "warning") + ", "
      + PlainText.counted(counts[.info, default: 0], "note")
      + "; \(PlainText.fixed(duration / .seconds(1), decimals: 2)) s"
  }
}

extension AuditReport.RuleResult {
  /// The severity of the worst findings, which may be less than the rule's; `nil` if there are
  /// none.
  package var worst: Severity? {
    Severity.allCases.sorted(by: >).first { counts[$0, default: 0] > 0 }
  }
}
