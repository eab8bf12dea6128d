import RMOSAudit
import RMOSModels

/// An audit's report for people.
enum AuditText {
  /// How many findings of a rule are shown.
  private static let findingsShown = 10

  /// The verdict, the counts, and the findings rule by rule.
  static func text(for report: AuditReport) -> String {
    var table = TextTable([""], numbers: ["entities"])
    for kind in EntityKind.allCases {
      let count = report.counts[kind].map { TerminalText.grouped($0) } ?? "unreadable"
      table.add([kind.schema.plural, count])
    }
    let sections = report.results.filter { $0.total > 0 }.map(section)
    return ([verdict(report), table.text] + sections + [summary(report)])
      .joined(separator: "\n\n")
  }

  /// The rules, a line each.
  static func list(_ rules: [AuditRule]) -> String {
    var table = TextTable(["rule", "severity", "why"], numbers: [])
    for rule in rules { table.add([rule.code, rule.severity.rawValue, rule.summary]) }
    return table.text
  }

  private static func verdict(_ report: AuditReport) -> String {
    let words = report.verdict.words(errors: report.errorCount, warnings: report.warningCount)
    return "\(TerminalText.escaped(report.database)) is \(words)"
  }

  private static func section(_ result: AuditReport.RuleResult) -> String {
    let title = "\(result.rule.code): \(TerminalText.counted(result.total, "finding"))"
    var lines = [title + " — " + result.rule.summary]
    for finding in result.findings.prefix(findingsShown) {
      var place = finding.table ?? ""
      if let id = finding.id {
        place += " " + id
      } else if let row = finding.row {
        place += " row \(row)"
      }
      let start = place.isEmpty ? "" : TerminalText.escaped(place) + ": "
      lines.append(
        "  \(start)\(finding.severity.rawValue): " + TerminalText.escaped(finding.message))
    }
    let rest = result.total - min(result.findings.count, findingsShown)
    if rest > 0 { lines.append("  … and \(TerminalText.grouped(rest)) more") }
    return lines.joined(separator: "\n")
  }

  private static func summary(_ report: AuditReport) -> String {
    let counts = report.severityCounts
    return TerminalText.counted(report.passedChecks, "check") + " passed, "
      + "\(report.failedChecks) failed"
      + (report.omittedRules.isEmpty ? "" : ", \(report.omittedRules.count) not made") + "; "
      + TerminalText.counted(counts[.error, default: 0], "error") + ", "
      + TerminalText.counted(counts[.warning, default: 0], "warning") + ", "
      + TerminalText.counted(counts[.info, default: 0], "note")
      + "; \(TerminalText.fixed(report.seconds, decimals: 2)) s"
  }
}
