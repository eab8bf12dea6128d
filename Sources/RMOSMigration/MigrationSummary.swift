public import RMOSModels
public import RMOSStore

/// What a run did, as a value.
public struct MigrationSummary: Sendable {
  /// How the run ended.
  public enum Ending: String, Sendable, Hashable {
    /// Everything was read.
    case completed
    /// It was cancelled; what was committed stays.
    case interrupted
    /// More entities failed than ``MigrationOptions/maxErrors`` tolerates; what was committed stays.
    case tooManyErrors
    /// An atomic run met a failure; nothing was written.
    case rolledBack
    /// The store failed; what was committed stays. `run` throws the store's error after the
    /// observer was told.
    case storeFailed
    /// The source could not be read to its end; what was committed stays. `run` throws a
    /// ``MigrationError`` after the observer was told.
    case sourceFailed
  }

  /// How the run ended.
  public var ending: Ending
  /// The run's id in the ledger; nil for a dry run and where nothing was written.
  public var run: Int64?
  /// When it began, ISO 8601 in UTC.
  public var startedAt: String
  /// Whether it was a dry run.
  public var isDryRun: Bool
  /// The source directory, as given.
  public var source: String
  /// The store's location.
  public var store: String
  /// The options, as a JSON object.
  public var optionsJSON: String
  /// What became of the entities.
  public var statistics: MigrationStatistics
  /// How often each code was reported.
  public var issueCounts: [IssueCode: Int]
  /// How often each severity was reported.
  public var severityCounts: [Severity: Int]
  /// The first errors and warnings, in order.
  public var issues: [Issue]
  /// How many errors and warnings `issues` leaves out.
  public var issuesOmitted: Int
  /// Wall time per kind, seconds.
  public var kindSeconds: [EntityKind: Double]
  /// Wall time of the run, seconds.
  public var seconds: Double
  /// Bytes of source read.
  public var bytesRead: Int
  /// How many files were read.
  public var filesRead: Int
  /// What was copied of what failed; nil where it was not asked for, and for a dry run.
  public var rejects: Rejects?
  /// The backup taken before the run; nil where there was nothing to back up, or the run changed
  /// nothing.
  public var backup: RunBackup?
  /// The files of the source that were not read.
  public var notRead: FilesNotRead
  /// The members that were kept beside the entities written, since the kinds do not declare them.
  public var keptMembers: KeptMembers

  /// Whether everything was read and nothing failed.
  public var isSuccess: Bool {
    ending == .completed && statistics.total.failed == 0 && !hasFoundNothing
  }

  /// Whether there was no file to read in the source, and that is an error.
  ///
  /// See ``MigrationOptions/allowsEmptySource``.
  public var hasFoundNothing: Bool { issueCounts[.inputNothingFound, default: 0] > 0 }

  /// Per cent of the entities that did not fail; 100 where there was none.
  public var successRate: Double { statistics.total.successRate }
}

extension MigrationSummary {
  /// The report of the run as a JSON object, as ``JSONReportFormat`` writes it, without a line
  /// break at its end.
  ///
  /// O(number of issues kept).
  public var json: String { json(as: JSONReportFormat()) }

  /// The report of a run that an error ended: as ``json``, with `error` (`code` and `message`).
  public func json(errorCode: String, message: String) -> String {
    json(as: JSONReportFormat(errorCode: errorCode, message: message))
  }

  private func json(as format: JSONReportFormat) -> String {
    var text = MigrationReport(of: self).text(as: format)
    text.removeLast()
    return text
  }
}
