public import RMOSModels
public import RMOSStore

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
  /// The files of the source that were not read; `nil` for a report of a statistics file.
  public var notRead: FilesNotRead?
  /// The members that were kept beside the entities written; `nil` for a report of a statistics file.
  public var keptMembers: KeptMembers?
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
    notRead = summary.notRead
    keptMembers = summary.keptMembers
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

extension MigrationError.Code {
  /// The ledger has no such run, or none at all.
  public static let runMissing = MigrationError.Code(rawValue: "report.no-run")
}

extension MigrationReport {
  /// The report of a run in a ledger.
  ///
  /// A run that the ledger still calls running is reported as interrupted where no process holds
  /// the writer lock.
  ///
  /// - Parameters:
  ///   - id: The run's number; nil for the newest that is no undo.
  ///   - store: Where the ledger is.
  ///   - maxIssues: How many errors and warnings the report keeps; the others are counted.
  /// - Throws: ``MigrationError/Code/runMissing`` or `StoreError`.
  /// - Complexity: O(issues of the run), in memory for `maxIssues` of them.
  public init(ofRun id: Int64?, in store: some RecordStore, maxIssues: Int = 10_000) throws {
    let first = try LedgerSnapshot(run: id, in: store, maxIssues: maxIssues)
    guard first.run.state == .running, store.hasWriter == false else {
      self.init(first, database: store.location)
      return
    }
    // Nobody writes: the run's process died, or the run ended just now, which the second look says.
    var second = try LedgerSnapshot(run: first.run.id, in: store, maxIssues: maxIssues)
    if second.run.state == .running { second.run.state = .interrupted }
    self.init(second, database: store.location)
  }

  private init(_ snapshot: LedgerSnapshot, database: String) {
    let (ledger, tally) = (snapshot.run, snapshot.issues)
    statistics = ledger.statistics
    issueCounts = ledger.issueCounts
    severityCounts = tally.severityCounts
    // Of what is only information the ledger keeps no more than the counts.
    var notes = 0
    for count in ledger.issueCounts.values {
      notes += min(max(0, count), MigrationStatistics.largestCount)
    }
    notes -= tally.severityCounts.values.reduce(0, +)
    if notes > 0 { severityCounts[.info] = notes }
    issues = tally.issues
    issuesOmitted = tally.omitted
    issueGroups = tally.groups(ledger.issueCounts, isWhole: true)
    (notRead, keptMembers) = SourceNotes.read(ledger.timings.notesJSON)
    run = Run(
      id: ledger.id, command: ledger.command, ending: Ending(ledger), isDryRun: false,
      source: ledger.source, database: database, startedAt: ledger.startedAt,
      finishedAt: ledger.finishedAt, seconds: ledger.seconds,
      kindSeconds: ledger.timings.kindSeconds, filesRead: ledger.timings.filesRead,
      bytesRead: ledger.timings.bytesRead, toolVersion: ledger.toolVersion,
      optionsJSON: ledger.optionsJSON, failure: ledger.failure)
  }
}

extension MigrationReport {
  /// The ledger does not have the run, or none at all.
  static func missingRun(
    _ id: Int64?, _ newest: LedgerRun?, _ location: String
  ) -> MigrationError {
    guard let id, let newest else {
      return MigrationError(
        .runMissing, "the ledger of \(location) has no run yet; migrating into it makes one")
    }
    return MigrationError(
      .runMissing,
      "the ledger of \(location) has no run \(id); expected 1 to \(newest.id), the newest")
  }
}

/// A run and its issues, read in one snapshot.
private struct LedgerSnapshot {
  var run: LedgerRun
  var issues: IssueTally

  init(run id: Int64?, in store: some RecordStore, maxIssues: Int) throws {
    (run, issues) = try store.read { reader in
      let run =
        if let id {
          try reader.run(id)
        } else {
          // What was undone is no migration.
          try reader.runs(limit: nil).first { $0.command != "undo" }
        }
      guard let run else {
        throw MigrationReport.missingRun(id, try reader.runs(limit: 1).first, store.location)
      }
      var issues = IssueTally(keeping: maxIssues)
      try reader.forEachIssue(ofRun: run.id) { issues.add($0) }
      return (run, issues)
    }
  }
}

extension MigrationReport.Ending {
  /// How a run in the ledger ended.
  fileprivate init(_ run: LedgerRun) {
    self =
      switch run.state {
      case .running: .running
      case .completed: .completed
      case .interrupted: .interrupted
      case .failed where Self.stoppedByItsSource(run): .sourceFailed
      case .failed: Self.stoppedByItsLimit(run) ? .tooManyErrors : .storeFailed
      }
  }

  /// Whether the source could not be read to its end.
  private static func stoppedByItsSource(_ run: LedgerRun) -> Bool {
    [IssueCode.sourceUnreadable, .sourceChanged].contains { run.issueCounts[$0, default: 0] > 0 }
  }

  /// Whether more failed than the run's options tolerate.
  private static func stoppedByItsLimit(_ run: LedgerRun) -> Bool {
    let options = try? JSONValue(parsing: run.optionsJSON)
    guard let limit = options?["max_errors"]?.int64 else { return false }
    return run.statistics.total.failed > limit
  }
}

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
