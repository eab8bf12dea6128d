public import RMOSModels
public import RMOSStore
import RMOSSystem

/// A report of a migration: of a run just made, or of one in a ledger.
///
/// ```swift
/// let report = try await MigrationReport.read(run: nil, from: store)
/// print(report.text)
/// ```
public struct MigrationReport: Sendable {
  /// The facts about the run besides its counts.
  package struct Run: Sendable {
    /// Its number in the ledger; `nil` for a dry run and if nothing was written.
    package var id: Int64?
    /// The command that ran, such as `migrate`.
    var command: String
    /// How it ended; `nil` while it is under way: the report then covers what is committed so far.
    package var ending: MigrationSummary.Ending?
    var isDryRun: Bool
    /// The source directory, as given.
    var source: String
    /// The store's location.
    var database: String
    /// When it began, ISO 8601 in UTC.
    var startedAt: String
    /// When it ended, ISO 8601 in UTC; `nil` for a run just made.
    package var finishedAt: String?
    /// Wall time, seconds; from a ledger it can be any number.
    package var seconds: Double
    /// Wall time per kind, seconds.
    package var kindSeconds: [EntityKind: Double]
    var filesRead: Int
    /// Bytes of source read.
    var bytesRead: Int
    /// The version that ran.
    var toolVersion: String
    /// The name of the user who ran it; `nil` if that was not recorded.
    var user: String?
    /// The name of the machine that it ran on; `nil` if that was not recorded.
    var host: String?
    /// The options, as a JSON object.
    var optionsJSON: String
    /// The mappings it was given, in order, with how many entities each read.
    var mappings: [Mapping.Use] { countedMappings ?? Mapping.Use.all(inOptions: optionsJSON) }
    /// The mappings as a run just made counted them; `nil` for a run from a ledger.
    var countedMappings: [Mapping.Use]?
    /// Why it failed, if the ledger has it.
    var failure: String?
    /// The copies of failed entities; `nil` for a run from a ledger.
    var rejects: Rejects?
    /// The path of the backup from before the run; `nil` for a run from a ledger.
    var backup: String?
  }

  /// How often a code was reported with a severity.
  package struct CodeGroup: Sendable, Hashable {
    package var code: IssueCode
    package var severity: Severity
    package var count: Int
  }

  /// The outcomes of the entities, counted.
  public package(set) var statistics: MigrationStatistics
  /// How often each code was reported.
  package var issueCounts: [IssueCode: Int] = [:]
  /// How often each severity was reported.
  package var severityCounts: [Severity: Int] = [:]
  /// The first errors and warnings, in order.
  public package(set) var issues: [Issue] = []
  /// The number of errors and warnings omitted from ``issues``.
  package var issuesOmitted = 0
  /// The codes by severity, the most severe first, then by count and name; a code that was reported
  /// with two severities is there twice.
  package var codeGroups: [CodeGroup] = []
  /// The errors and warnings, grouped by problem.
  package var issueGroups = IssueGroups()
  /// The files of the source that were not read; `nil` if that was not recorded.
  package var notRead: FilesNotRead?
  /// The unknown members that were kept with the entities written; `nil` if that was not recorded.
  package var keptMembers: KeptMembers?
  /// How many of the failures are new; `nil` if that was not recorded.
  package var failureNews: FailureNews?
  /// The run; `nil` for a report of statistics.
  package var run: Run?
  /// The version that reports.
  package var reportedBy = RMOSVersion.current

  /// Whether the run was completed, there was something to read and nothing failed.
  public var isSuccess: Bool {
    statistics.total.failed == 0 && !hasFoundNothing
      && (run.map { $0.ending == .completed } ?? true)
  }

  /// Whether the source had no file to read, and that is an error.
  package var hasFoundNothing: Bool { issueCounts[.inputNothingFound, default: 0] > 0 }

  /// The percentage of the entities that did not fail; 100 if there were none.
  var successRate: Double { statistics.total.successRate }
}

extension MigrationReport {
  /// Creates the report of a run just made.
  public init(of summary: MigrationSummary) {
    statistics = summary.statistics
    issueCounts = summary.issueCounts
    severityCounts = summary.severityCounts
    issues = summary.issues
    issuesOmitted = summary.issuesOmitted
    notRead = summary.notRead
    keptMembers = summary.keptMembers
    codeGroups = CodeGroup.all(summary.issueCounts, bySeverity: summary.codeCounts)
    issueGroups = summary.issueGroups
    failureNews = summary.failureNews
    run = Run(
      id: summary.run, command: LedgerRun.migrateCommand, ending: summary.ending,
      isDryRun: summary.isDryRun, source: summary.source, database: summary.store,
      startedAt: summary.startedAt, seconds: summary.duration.seconds,
      kindSeconds: summary.kindDurations.mapValues(\.seconds),
      filesRead: summary.filesRead, bytesRead: summary.bytesRead,
      toolVersion: RMOSVersion.current, user: summary.user, host: summary.host,
      optionsJSON: summary.optionsJSON, countedMappings: summary.mappings, rejects: summary.rejects,
      backup: summary.backup?.path)
  }
}

extension MigrationReport {
  /// Reads the report of a run from a ledger.
  ///
  /// A run that the ledger still calls running is reported as interrupted if no process holds the
  /// writer lock.
  ///
  /// - Parameters:
  ///   - id: The run's number; `nil` for the newest that is not an undo.
  ///   - store: The store whose ledger has the run.
  ///   - maxIssues: The maximum number of errors and warnings the report keeps; the others are
  ///     counted. A negative number keeps none.
  /// - Returns: The report.
  /// - Throws: ``MigrationError`` with ``MigrationError/Code/runMissing``; `StoreError`.
  /// - Complexity: O(issues of the run), in memory for `maxIssues` of them.
  public static func read(
    run id: Int64?, from store: any RecordStore, maxIssues: Int = 10_000
  ) async throws -> MigrationReport {
    try await BlockingWork.run(orThrow: MigrationError.noThread) { _ in
      try MigrationReport(ofRun: id, in: store, maxIssues: maxIssues)
    }
  }

  /// Reads the report of a run from a ledger, on the calling thread.
  package init(ofRun id: Int64?, in store: some RecordStore, maxIssues: Int = 10_000) throws {
    // If the ledger is read a second time, a run that has begun meanwhile must not take the place
    // of the one that was the newest.
    var id = id
    var (snapshot, current) = try CurrentRun.found(in: store) { reader in
      let snapshot = try LedgerSnapshot(run: id, in: reader, store.location, maxIssues: maxIssues)
      id = snapshot.run.id
      return snapshot
    }
    snapshot.run = current.settled(snapshot.run)
    self.init(snapshot, database: store.location)
  }

  private init(_ snapshot: LedgerSnapshot, database: String) {
    let (ledger, tally) = (snapshot.run, snapshot.issues)
    statistics = ledger.statistics
    issueCounts = ledger.issueCounts
    severityCounts = tally.severityCounts
    // The ledger only counts issues of severity info.
    let notes =
      ledger.issueCounts.values.reduce(0) { $0 + MigrationStatistics.bounded($1) }
      - tally.severityCounts.values.reduce(0, +)
    if notes > 0 { severityCounts[.info] = notes }
    issues = tally.issues
    issuesOmitted = tally.omitted
    codeGroups = CodeGroup.all(ledger.issueCounts, bySeverity: tally.codeCounts)
    issueGroups = snapshot.issueGroups
    (notRead, keptMembers) = SourceNotes.read(
      ledger.timings.notesJSON, ledger.statistics.catalog)
    failureNews = FailureNews(ledger)
    run = Run(
      id: ledger.id, command: ledger.command, ending: MigrationSummary.Ending(ledger),
      isDryRun: false,
      source: ledger.source, database: database, startedAt: ledger.startedAt,
      finishedAt: ledger.finishedAt, seconds: ledger.seconds,
      kindSeconds: ledger.timings.kindSeconds, filesRead: ledger.timings.filesRead,
      bytesRead: ledger.timings.bytesRead, toolVersion: ledger.toolVersion, user: ledger.user,
      host: ledger.host,
      optionsJSON: ledger.optionsJSON, failure: ledger.failure)
  }
}

extension MigrationReport {
  /// Creates the report of a run in a ledger without its issues, which are only counted.
  package init(of run: LedgerRun, _ counts: [IssueCount], database: String) {
    self.init(LedgerSnapshot(run: run, counts: counts), database: database)
  }
}

extension MigrationReport {
  /// Creates the error for a run that is not in the ledger.
  static func missingRun(
    _ id: Int64?, _ newest: LedgerRun?, _ location: String
  ) -> MigrationError {
    guard let id, let newest else {
      return MigrationError(
        .runMissing, "the ledger of \(location) has no run yet; a migration adds one")
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
  var issueGroups: IssueGroups

  init(run: LedgerRun, counts: [IssueCount]) {
    self.run = run
    issues = IssueTally(keeping: 0)
    for count in counts { issues.add(count) }
    issueGroups = IssueGroups()
  }

  init(
    run id: Int64?, in reader: any StoreReader, _ location: String, maxIssues: Int
  ) throws {
    let run =
      if let id {
        try reader.run(id)
      } else {
        // The runs of undos and of servers are not migrations.
        try reader.newestRun { !$0.isUndo && $0.command != LedgerRun.serverCommand }
      }
    guard let run else {
      throw MigrationReport.missingRun(id, try reader.runs(limit: 1).first, location)
    }
    self.run = run
    issues = IssueTally(keeping: maxIssues)
    issueGroups = IssueGroups()
    try reader.forEachIssue(ofRun: run.id) {
      issues.add($0)
      issueGroups.add($0)
    }
  }
}

extension MigrationSummary.Ending {
  /// How a run in the ledger ended; `nil` while it is under way.
  package init?(_ run: LedgerRun) {
    switch run.state {
    case .running: return nil
    case .completed: self = .completed
    case .interrupted: self = .interrupted
    case .failed where Self.stoppedByItsSource(run): self = .sourceFailed
    case .failed where run.issueCounts[.noThread, default: 0] > 0: self = .stopped
    case .failed: self = Self.stoppedByItsLimit(run) ? .tooManyErrors : .storeFailed
    }
  }

  /// Whether the source could not be read completely.
  private static func stoppedByItsSource(_ run: LedgerRun) -> Bool {
    [IssueCode.sourceUnreadable, .sourceChanged].contains { run.issueCounts[$0, default: 0] > 0 }
  }

  /// Whether more entities failed than the run's options tolerate.
  private static func stoppedByItsLimit(_ run: LedgerRun) -> Bool {
    let options = try? JSONValue(parsing: run.optionsJSON)
    guard let limit = options?["max_errors"]?.int64 else { return false }
    return run.statistics.total.failed > limit
  }
}

extension MigrationReport {
  /// The groups of issues with the code and severity of `group`.
  func issueGroups(of group: CodeGroup) -> [IssueGroups.Group] {
    issueGroups.groups.filter {
      $0.code == group.code && $0.severity == group.severity
    }
  }
}

/// Collects issues one by one, and keeps the issues that a report shows.
///
/// Memory: the first `limit` issues.
struct IssueTally {
  private let limit: Int
  private(set) var issues: [Issue] = []
  private(set) var omitted = 0
  private(set) var severityCounts: [Severity: Int] = [:]
  /// How often each code was reported with each severity except info.
  private(set) var codeCounts: [IssueCode: [Severity: Int]] = [:]

  init(keeping limit: Int) { self.limit = max(0, limit) }

  /// Adds an issue; one of severity info is ignored.
  mutating func add(_ issue: Issue) {
    guard issue.severity != .info else { return }
    severityCounts[issue.severity, default: 0] += 1
    codeCounts[issue.code, default: [:]][issue.severity, default: 0] += 1
    if issues.count < limit { issues.append(issue) } else { omitted += 1 }
  }

  /// Adds a count of issues that are not kept.
  mutating func add(_ count: IssueCount) {
    guard count.severity != .info else { return }
    severityCounts[count.severity, default: 0] += count.count
    codeCounts[count.code, default: [:]][count.severity, default: 0] += count.count
    omitted += count.count
  }
}

extension MigrationReport.CodeGroup {
  /// The groups of all codes of `counts`, in the order of reports; the issues that are not among
  /// those `bySeverity` are of severity info.
  fileprivate static func all(
    _ counts: [IssueCode: Int], bySeverity: [IssueCode: [Severity: Int]]
  ) -> [Self] {
    counts.filter { $0.value > 0 }.flatMap { code, count in
      var severities = bySeverity[code] ?? [:]
      let rest = count - severities.values.reduce(0, +)
      if rest > 0 { severities[.info] = rest }
      return severities.map { Self(code: code, severity: $0, count: $1) }
    }.sorted { left, right in
      if left.severity != right.severity { return left.severity > right.severity }
      if left.count != right.count { return left.count > right.count }
      return left.code.rawValue < right.code.rawValue
    }
  }
}
