import RMOSModels
import RMOSStore

/// The books of a run: what is committed so far.
struct Tally {
  var statistics = MigrationStatistics()
  var issueCounts: [IssueCode: Int] = [:]
  var severityCounts: [Severity: Int] = [:]
  /// The first errors and warnings.
  var issues: [Issue] = []
  var issuesOmitted = 0
  var timings = LedgerRun.Timings()

  /// Adds a batch; keeps its errors and warnings while there are fewer than `limit`.
  mutating func add(_ work: BatchWork, keeping limit: Int) {
    statistics = statistics + work.statistics
    issueCounts.merge(work.issueCounts, uniquingKeysWith: +)
    if work.informationCount > 0 { severityCounts[.info, default: 0] += work.informationCount }
    for issue in work.issues {
      severityCounts[issue.severity, default: 0] += 1
      guard issue.severity != .info else { continue }
      if issues.count < limit { issues.append(issue) } else { issuesOmitted += 1 }
    }
  }

  /// Adds issues that concern no entity.
  mutating func add(_ remarks: [Issue], keeping limit: Int) {
    for issue in remarks {
      issueCounts[issue.code, default: 0] += 1
      severityCounts[issue.severity, default: 0] += 1
      if issues.count < limit { issues.append(issue) } else { issuesOmitted += 1 }
    }
  }

  /// Counts what was migrated as left out, since it was rolled back.
  mutating func takeBack() {
    for kind in EntityKind.allCases {
      statistics[kind].skipped += statistics[kind].migrated + statistics[kind].updated
      statistics[kind].migrated = 0
      statistics[kind].updated = 0
    }
  }
}
