import RMOSModels

/// Takes issues one by one and keeps what a report shows of them.
///
/// Memory: the first `limit` issues and one of each code.
struct IssueTally {
  private let limit: Int
  private(set) var issues: [Issue] = []
  private(set) var omitted = 0
  private(set) var severityCounts: [Severity: Int] = [:]
  private var severities: [IssueCode: Severity] = [:]
  private var firsts: [IssueCode: Issue] = [:]

  init(keeping limit: Int) { self.limit = max(0, limit) }

  /// Takes an issue; of what is only information nothing is kept.
  mutating func add(_ issue: Issue) {
    guard issue.severity != .info else { return }
    severityCounts[issue.severity, default: 0] += 1
    severities[issue.code] = max(severities[issue.code] ?? .info, issue.severity)
    if firsts[issue.code] == nil { firsts[issue.code] = issue }
    if issues.count < limit { issues.append(issue) } else { omitted += 1 }
  }

  /// The groups of all codes of `counts`, in the order of reports.
  ///
  /// Where every error and warning was added (`isWhole`), a code without one is known to be only
  /// information.
  func groups(_ counts: [IssueCode: Int], isWhole: Bool) -> [MigrationReport.IssueGroup] {
    counts.filter { $0.value > 0 }.map { code, count in
      MigrationReport.IssueGroup(
        code: code, severity: severities[code] ?? (isWhole ? .info : nil), count: count,
        first: firsts[code])
    }.sorted { left, right in
      // What is not known is among what was cut off: no more than a warning's weight.
      let ranks = (left.severity ?? .warning, right.severity ?? .warning)
      if ranks.0 != ranks.1 { return ranks.0 > ranks.1 }
      if left.count != right.count { return left.count > right.count }
      return left.code.rawValue < right.code.rawValue
    }
  }
}
