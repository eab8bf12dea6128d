import RMOSModels
import RMOSStore

extension MigrationReport {
  /// The report of a run just made.
  public init(of summary: MigrationSummary) {
    var tally = IssueTally(keeping: summary.issues.count)
    for issue in summary.issues { tally.add(issue) }
    statistics = summary.statistics
    issueCounts = summary.issueCounts
    severityCounts = summary.severityCounts
    issues = summary.issues
    issuesOmitted = summary.issuesOmitted
    issueGroups = tally.groups(summary.issueCounts, isWhole: summary.issuesOmitted == 0)
    run = Run(
      id: summary.run, command: "migrate", ending: Ending(summary.ending),
      isDryRun: summary.isDryRun, source: summary.source, database: summary.store,
      startedAt: summary.startedAt, seconds: summary.seconds, kindSeconds: summary.kindSeconds,
      filesRead: summary.filesRead, bytesRead: summary.bytesRead,
      toolVersion: RMOSVersion.current, optionsJSON: summary.optionsJSON,
      rejects: summary.rejects, backup: summary.backup?.path)
  }
}

extension MigrationReport.Ending {
  init(_ ending: MigrationSummary.Ending) {
    self =
      switch ending {
      case .completed: .completed
      case .interrupted: .interrupted
      case .tooManyErrors: .tooManyErrors
      case .rolledBack: .rolledBack
      case .storeFailed: .storeFailed
      case .sourceFailed: .sourceFailed
      }
  }
}
