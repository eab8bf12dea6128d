import RMOSModels

/// Collects what the checks find: counts all, keeps the first of each rule.
final class AuditLog {
  private struct Entry {
    var counts: [Severity: Int] = [:]
    var findings: [AuditFinding] = []
    var state = AuditReport.RuleResult.State.notApplicable
  }

  private let limit: Int
  private let rules: [AuditRule]
  /// By code; only of the rules asked for.
  private var entries: [String: Entry] = [:]

  /// A log of the rules asked for, which are in the order of reports.
  init(rules: [AuditRule], limit: Int) {
    self.limit = limit
    self.rules = rules
    for rule in rules { entries[rule.code] = Entry() }
  }

  /// Whether a rule is asked for.
  func wants(_ rule: AuditRule) -> Bool { entries[rule.code] != nil }

  /// Whether the next finding of a rule is kept, not only counted.
  func keeps(_ rule: AuditRule) -> Bool {
    entries[rule.code].map { $0.findings.count < limit } ?? false
  }

  /// Takes a finding in, unless its rule is not asked for.
  func add(_ finding: AuditFinding) {
    guard let kept = entries[finding.code]?.findings.count else { return }
    entries[finding.code]?.counts[finding.severity, default: 0] += 1
    if kept < limit { entries[finding.code]?.findings.append(finding) }
  }

  /// Notes that the rules had something to look at.
  func mark(_ rules: [AuditRule], _ state: AuditReport.RuleResult.State) {
    for rule in rules where entries[rule.code]?.state != .incomplete {
      entries[rule.code]?.state = state
    }
  }

  /// What each rule asked for found.
  func results() -> [AuditReport.RuleResult] {
    rules.compactMap { rule in
      guard let entry = entries[rule.code] else { return nil }
      var state = entry.state
      if state != .incomplete, entry.counts[.error, default: 0] > 0 { state = .failed }
      return AuditReport.RuleResult(
        rule: rule, state: state, counts: entry.counts, findings: entry.findings)
    }
  }
}
