public import RMOSModels
public import RMOSStore

/// The result of a run, as a value.
public struct MigrationSummary: Sendable, Hashable {
  /// How a run ended.
  public enum Ending: String, Sendable, Hashable {
    /// Everything was read.
    case completed
    /// The run was cancelled, or its process died; committed changes stay.
    case interrupted
    /// More entities failed than ``Migration/Options/maxErrors`` tolerates; what was committed
    /// stays.
    case tooManyErrors = "too_many_errors"
    /// An atomic run met a failure; nothing was written.
    case rolledBack = "rolled_back"
    /// The store failed; what was committed stays. `run` throws the store's error after the
    /// observer has been called.
    case storeFailed = "store_failed"
    /// The source could not be read completely; what was committed stays. `run` throws a
    /// ``MigrationError`` after the observer has been called.
    case sourceFailed = "source_failed"
    /// The run could not go on although store and source work, as when the system refuses a thread;
    /// what was committed stays. `run` throws a ``MigrationError`` after the observer has been
    /// called.
    case stopped
  }

  /// How the run ended.
  public var ending: Ending
  /// The run's number in the ledger; `nil` for a dry run and if nothing was written.
  public var run: Int64?
  /// The name of the user who ran it; `nil` if unknown.
  package var user: String?
  /// The name of the machine that it ran on; `nil` if unknown.
  var host: String?
  /// When it began, ISO 8601 in UTC.
  public var startedAt: String
  /// Whether it was a dry run.
  public var isDryRun: Bool
  /// The source directory, as given.
  public var source: String
  /// The store's location.
  package var store: String
  /// The options, as a JSON object.
  package var optionsJSON: String
  /// The outcomes of the entities, counted.
  public var statistics: MigrationStatistics
  /// How often each code was reported.
  public var issueCounts: [IssueCode: Int]
  /// How often each severity was reported.
  public var severityCounts: [Severity: Int]
  /// How often each code was reported with each severity except info.
  var codeCounts: [IssueCode: [Severity: Int]]
  /// The first errors and warnings, in order.
  public var issues: [Issue]
  /// The number of errors and warnings omitted from ``issues``.
  public var issuesOmitted: Int
  /// All errors and warnings, grouped by problem.
  package var issueGroups: IssueGroups
  /// Wall time per kind.
  package var kindDurations: [EntityKind: Duration]
  /// Wall time of the run.
  public var duration: Duration
  /// Bytes of source read.
  public var bytesRead: Int
  /// The number of files read.
  public var filesRead: Int
  /// The mappings it was given, in order, with how many entities each read.
  package var mappings: [Mapping.Use] = []
  /// The copies of failed entities; `nil` if none were asked for, and for a dry run.
  public var rejects: Rejects?
  /// The backup taken before the run; `nil` if there was nothing to back up, or the run changed
  /// nothing.
  public var backup: RunBackup?
  /// The files of the source that were not read.
  public var notRead: FilesNotRead
  /// The number of files of the source that were not read.
  public var filesNotRead: Int { notRead.count }
  /// The members kept with the entities written because their kinds do not declare them.
  public var keptMembers: KeptMembers
  /// The number of failed entities that are new: they did not fail in the same way in the newest
  /// earlier run that read the same source to its end, and are not in the store now.
  public var failedNew: Int
  /// The number of failed entities that are known: those not in ``failedNew``.
  public var failedKnown: Int { statistics.total.failed - failedNew }
  /// The earlier run with which the failures were compared: the newest that read the same source to
  /// its end; `nil` if there was none.
  package var knownSince: Int64?
  /// The value of ``Migration/Options/failOn``.
  var failOn: Migration.Options.FailurePolicy

  /// Whether everything was read, and nothing failed that ``Migration/Options/failOn`` counts.
  public var isAcceptable: Bool {
    switch failOn {
    case .any: isSuccess
    case .new: ending == .completed && failedNew == 0 && !hasFoundNothing
    }
  }

  /// Whether failures that are known count against the run.
  package var countsKnownFailures: Bool { failOn == .any }

  /// How many of the failures are new.
  package var failureNews: FailureNews {
    FailureNews(new: failedNew, known: failedKnown, since: knownSince)
  }

  /// Whether everything was read and nothing failed.
  public var isSuccess: Bool {
    ending == .completed && statistics.total.failed == 0 && !hasFoundNothing
  }

  /// Whether the source had no file to read, and that is an error.
  ///
  /// See ``Migration/Options/allowsEmptySource``.
  package var hasFoundNothing: Bool { issueCounts[.inputNothingFound, default: 0] > 0 }

  /// The percentage of the entities that did not fail; 100 if there were none.
  public var successRate: Double { statistics.total.successRate }
}

/// The copies that a run made of failed entities.
///
/// See ``Migration/Options/rejectsDirectory``.
public struct Rejects: Sendable, Hashable {
  /// The directory, as given.
  package internal(set) var directory: String
  /// How many failed entities were copied, with their issues.
  ///
  /// Of a file that cannot be read at all, only the issues are written.
  public internal(set) var written = 0
  /// How many are missing or incomplete because of ``failure``.
  package internal(set) var notWritten = 0
  /// How many rejects of earlier runs were removed because their entities no longer fail.
  package internal(set) var removed = 0
  /// Why the first missing copy could not be written; `nil` if none is missing.
  public internal(set) var failure: String?
}
