public import RMOSModels

/// An event of a migration, as its observer gets it on the migration's thread.
public enum MigrationEvent: Sendable {
  /// The run begins.
  ///
  /// - Parameter run: Its number in the ledger; `nil` for a dry run.
  case started(run: Int64?)
  /// An issue, in order; those of severity info only if ``Migration/Options/observedEvents`` has
  /// them.
  case issue(Issue)
  /// The outcome of one entity, in order. Its issues come before it.
  ///
  /// - Parameters:
  ///   - id: Its id; `nil` if none is known.
  ///   - source: Its file's path relative to the source directory.
  ///   - locator: Which of the file's entities, if it holds several.
  case outcome(Outcome, kind: EntityKind, id: String?, source: String, locator: Locator?)
  /// A batch is done (and, except in a dry run, committed).
  case progress(MigrationProgress)
  /// The run ended. The summary is also what `run` returns.
  ///
  /// If the store fails, or the source cannot be read completely, the event comes before `run`
  /// throws; if the run could not start, it does not come.
  case finished(MigrationSummary)
}

/// The progress of a migration.
public struct MigrationProgress: Sendable, Hashable {
  /// The counts so far.
  public var statistics: MigrationStatistics
  /// The kind being migrated.
  public var kind: EntityKind
  /// Bytes of source read so far.
  public var bytesRead: Int
  /// The size of the source in bytes; `nil` unless ``Migration/Options/measuresSource`` is set.
  public var totalBytes: Int?
  /// The time since the start.
  package var duration: Duration

  package init(
    statistics: MigrationStatistics, kind: EntityKind, bytesRead: Int, totalBytes: Int? = nil,
    duration: Duration
  ) {
    self.statistics = statistics
    self.kind = kind
    self.bytesRead = bytesRead
    self.totalBytes = totalBytes
    self.duration = duration
  }
}
