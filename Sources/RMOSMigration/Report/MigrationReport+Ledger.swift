import RMOSModels
public import RMOSStore

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
