public import RMOSModels

/// What an observer of a migration is told, on the thread that runs it.
public enum MigrationEvent: Sendable {
  /// The run begins.
  ///
  /// - Parameter run: Its id in the ledger; nil for a dry run.
  case started(run: Int64?)
  /// An issue, in order; all severities, all of them.
  case issue(Issue)
  /// What became of one entity, in order. Its issues come before it.
  case outcome(EntityOutcome)
  /// A batch is done (and, but for a dry run, committed).
  case progress(MigrationProgress)
  /// The run ended. The summary is also what `run` returns.
  ///
  /// Where the store fails, or the source cannot be read to its end, it is told before `run`
  /// throws; where the run could not begin, it is not.
  case finished(MigrationSummary)
}

/// What became of one entity.
public struct EntityOutcome: Sendable, Hashable {
  /// The kind.
  public var kind: EntityKind
  /// The id; nil where none could be known.
  public var id: String?
  /// The file's path relative to the source directory.
  public var source: String
  /// Which of the file's entities, when it holds several.
  public var locator: Locator?
  /// What became of it.
  public var outcome: Outcome

  /// An outcome, as for the test of an observer.
  public init(
    kind: EntityKind, id: String?, source: String, locator: Locator? = nil, outcome: Outcome
  ) {
    self.kind = kind
    self.id = id
    self.source = source
    self.locator = locator
    self.outcome = outcome
  }
}

/// How far a migration is.
public struct MigrationProgress: Sendable, Hashable {
  /// The counts so far.
  public var statistics: MigrationStatistics
  /// The kind being migrated.
  public var kind: EntityKind
  /// Bytes of source read so far.
  public var bytesRead: Int
  /// Bytes of source in all; nil unless ``MigrationOptions/measuresSource`` is set.
  public var totalBytes: Int?
  /// Time since the start, seconds.
  public var seconds: Double

  /// A state, as for the test of an observer.
  public init(
    statistics: MigrationStatistics, kind: EntityKind, bytesRead: Int, totalBytes: Int? = nil,
    seconds: Double
  ) {
    self.statistics = statistics
    self.kind = kind
    self.bytesRead = bytesRead
    self.totalBytes = totalBytes
    self.seconds = seconds
  }
}
