public import RMOSModels

/// What is shown of a migration: of a run just made, of one in a ledger, or of a statistics file.
///
/// ```swift
/// let report = try MigrationReport(ofRun: nil, in: store)
/// print(report.text(as: .txt))
/// ```
///
/// A report is a value; a ``ReportFormat`` writes it. The same report gives the same text.
public struct MigrationReport: Sendable {
  /// How a run ended, as reports name it.
  public enum Ending: String, Sendable, Hashable {
    /// Everything was read.
    case completed
    /// It was cancelled, or its process died; what was committed stays.
    case interrupted
    /// More entities failed than was tolerated; what was committed stays.
    case tooManyErrors = "too_many_errors"
    /// An atomic run met a failure; nothing was written.
    case rolledBack = "rolled_back"
    /// The store failed; what was committed stays.
    case storeFailed = "store_failed"
    /// The source could not be read to its end; what was committed stays.
    case sourceFailed = "source_failed"
    /// It is under way; the report is of what is committed so far.
    case running
  }

  /// What is known of the run beside its counts.
  public struct Run: Sendable {
    /// Its number in the ledger; nil for a dry run and where nothing was written.
    public var id: Int64?
    /// What ran, such as `migrate`.
    public var command: String
    /// How it ended.
    public var ending: Ending
    /// Whether it was a dry run.
    public var isDryRun: Bool
    /// The source directory, as given.
    public var source: String
    /// The store's location.
    public var database: String
    /// When it began, ISO 8601 in UTC.
    public var startedAt: String
    /// When it ended, ISO 8601 in UTC; nil where only the ledger would know.
    public var finishedAt: String?
    /// Wall time, seconds.
    public var seconds: Double
    /// Wall time per kind, seconds.
    public var kindSeconds: [EntityKind: Double]
    /// Files read.
    public var filesRead: Int
    /// Bytes of source read.
    public var bytesRead: Int
    /// The version of the tool that ran.
    public var toolVersion: String
    /// The options, as a JSON object.
    public var optionsJSON: String
    /// Why it failed, where the ledger says so.
    public var failure: String?
    /// What was copied of what failed; nil where only the run itself would know.
    public var rejects: Rejects?
    /// Where the backup from before the run is; nil where only the run itself would know.
    public var backup: String?
  }

  /// How often a code was reported, and its first issue.
  public struct IssueGroup: Sendable, Hashable {
    /// The code.
    public var code: IssueCode
    /// The gravest severity it was reported with; nil where that is no longer known.
    public var severity: Severity?
    /// How often.
    public var count: Int
    /// The first error or warning of this code; nil for what is only information, and where it is
    /// not among the issues kept.
    public var first: Issue?
  }

  /// What became of the entities.
  public var statistics: MigrationStatistics
  /// How often each code was reported.
  public var issueCounts: [IssueCode: Int]
  /// How often each severity was reported.
  public var severityCounts: [Severity: Int]
  /// The first errors and warnings, in order.
  public var issues: [Issue]
  /// How many errors and warnings ``issues`` leaves out.
  public var issuesOmitted: Int
  /// The codes, gravest first, then by count and name.
  public var issueGroups: [IssueGroup]
  /// The run; nil for a report of a statistics file.
  public var run: Run?
  /// The version of the tool that reports.
  public var reportedBy = RMOSVersion.current

  /// When the run began, ISO 8601 in UTC; nil where there is only a statistics file.
  public var timestamp: String? { run?.startedAt }

  /// Whether the run reached its end, there was something to read and nothing failed.
  public var isSuccess: Bool {
    statistics.total.failed == 0 && !hasFoundNothing
      && (run.map { $0.ending == .completed } ?? true)
  }

  /// Whether there was no file to read in the source, and that is an error.
  public var hasFoundNothing: Bool { issueCounts[.inputNothingFound, default: 0] > 0 }

  /// Per cent of the entities that did not fail; 100 where there was none.
  public var successRate: Double { statistics.total.successRate }

  /// The name of a file for the report, with the format's ending: `migration_report_<run>`,
  /// `migration_report_stats` or, for a run that is in no ledger, `migration_report_unrecorded`.
  public func fileName(as format: some ReportFormat) -> String {
    let subject =
      if let run { run.id.map { String($0) } ?? "unrecorded" } else { "stats" }
    return "migration_report_\(subject).\(format.fileExtension)"
  }

  /// The report as a text.
  public func text(as format: some ReportFormat) -> String {
    var text = ""
    format.write(self, to: &text)
    return text
  }
}

extension MigrationStatistics.Counts {
  /// Per cent of the entities that did not fail; 100 where there was none.
  package var successRate: Double {
    found == 0 ? 100 : 100 * Double(found - failed) / Double(found)
  }
}
