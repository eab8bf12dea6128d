package import RMOSModels

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
    let words = verdict.words(
      errors: errorCount, warnings: warningCount, isWhole: omittedRules.isEmpty)
    return (["\(PlainText.escaped(database)) is \(words)", counts] + sections + [summary])
      .joined(separator: "\n\n")
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
    var lines = [title + " — " + result.rule.summary]
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
  /// The severity of the worst findings, which may be less than the rule's; `nil` if there are none.
  package var worst: Severity? {
    Severity.allCases.sorted(by: >).first { counts[$0, default: 0] > 0 }
  }
}
