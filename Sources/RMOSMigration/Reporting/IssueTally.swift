import RMOSModels
import RMOSStore

/// Collects issues one by one, and keeps the issues that a report shows.
///
/// Memory: the first `limit` issues.
struct IssueTally {
  private let limit: Int
  private(set) var issues: [Issue] = []
  private(set) var omitted = 0
  private(set) var severityCounts: [Severity: Int] = [:]
  private var codeCounts: [IssueCode: [Severity: Int]] = [:]

  init(keeping limit: Int) { self.limit = max(0, limit) }

  /// Adds an issue; nothing is kept of those of severity info.
  mutating func add(_ issue: Issue) {
    guard issue.severity != .info else { return }
    severityCounts[issue.severity, default: 0] += 1
    codeCounts[issue.code, default: [:]][issue.severity, default: 0] += 1
    if issues.count < limit { issues.append(issue) } else { omitted += 1 }
  }

  /// Adds issues that were counted, and keeps none of them.
  mutating func add(_ count: IssueCount) {
    guard count.severity != .info else { return }
    severityCounts[count.severity, default: 0] += count.count
    codeCounts[count.code, default: [:]][count.severity, default: 0] += count.count
    omitted += count.count
  }

  /// The groups of all codes of `counts`, in the order of reports.
  ///
  /// If every error and warning was added (`isWhole`), what was not added is information.
  func groups(_ counts: [IssueCode: Int], isWhole: Bool) -> [MigrationReport.CodeGroup] {
    counts.filter { $0.value > 0 }.flatMap { code, count in
      var bySeverity = codeCounts[code] ?? [:]
      let rest = count - bySeverity.values.reduce(0, +)
      if rest > 0, isWhole { bySeverity[.info] = rest }
      let known = bySeverity.map { severity, count in
        MigrationReport.CodeGroup(code: code, severity: severity, count: count)
      }
      guard rest > 0, !isWhole else { return known }
      // The issues that were not kept most likely have the one severity that is known.
      if known.count == 1 {
        return [.init(code: code, severity: known[0].severity, count: count)]
      }
      return known + [.init(code: code, severity: nil, count: rest)]
    }.sorted { left, right in
      // An unknown severity is ranked as a warning.
      let ranks = (left.severity ?? .warning, right.severity ?? .warning)
      if ranks.0 != ranks.1 { return ranks.0 > ranks.1 }
      if left.count != right.count { return left.count > right.count }
      return left.code.rawValue < right.code.rawValue
    }
  }
}
