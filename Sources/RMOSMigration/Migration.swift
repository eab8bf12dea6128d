public import RMOSModels
public import RMOSStore
import RMOSSystem

/// A migration of a legacy JSON tree into a store.
///
/// ```swift
/// let store = try SQLiteStore(path: "rmos.db")
/// let summary = try await Migration(from: "legacy", into: store).run()
/// print(summary.statistics.total.migrated)
/// ```
///
/// Entities are read in a fixed order (strip families, patterns, job logs; within a kind byte order
/// of the relative path, then position), so the same tree gives the same outcomes on every run.
/// A failed entity is left out, and the run continues. A failure of the store rolls back the
/// current batch and stops the run; committed batches stay. Running again continues from there.
public struct Migration: Sendable {
  let source: String
  /// The store written to (or, in a dry run, only read).
  let store: any RecordStore
  let options: Options

  /// Creates a migration; nothing happens before ``run(observer:)``.
  ///
  /// - Parameters:
  ///   - source: The source directory.
  ///   - store: The store to write to.
  ///   - options: How to run it.
  public init(
    from source: String, into store: any RecordStore, options: Options = Options()
  ) {
    self.source = source
    self.store = store
    self.options = options
  }

  /// Checks the source and the options, so that a program can fail before it creates a store.
  ///
  /// Creates nothing. ``run(observer:)`` checks the same.
  ///
  /// ```swift
  /// try Migration.validate(source: "legacy", options: options)
  /// let summary = try await Migration(from: "legacy", into: store, options: options).run()
  /// ```
  ///
  /// - Parameters:
  ///   - source: The source directory.
  ///   - options: The options.
  ///   - catalog: The kinds that are read.
  /// - Throws: ``MigrationError`` with `option.invalid`,
  ///   ``MigrationError/Code/sourceUnreadable`` or a code of ``Options/rejectsDirectory``.
  public static func validate(
    source: String, options: Options = Options(), catalog: EntityCatalog = .rmos
  ) throws(MigrationError) {
    try validate(source: source, options: options, catalog: catalog, readsRejects: true)
  }

  /// Checks the same as ``validate(source:options:catalog:)``.
  ///
  /// If `readsRejects` is `false`, the rejects of earlier runs are only recognized by their names;
  /// a run that follows at once reads them anyway.
  package static func validate(
    source: String, options: Options, catalog: EntityCatalog, readsRejects: Bool
  ) throws(MigrationError) {
    try options.check()
    try SourceTop.check(source, catalog)
    if let directory = options.rejectsDirectory {
      try RejectsPlace(directory).check(source: source, catalog, readsThem: readsRejects)
    }
  }

  /// Runs the migration on a thread of its own.
  ///
  /// Cancelling the task ends the current batch cleanly and returns the summary so far.
  ///
  /// A store has one writer at a time. If another run or transaction is writing to it, also in the
  /// same process, the run does not wait.
  ///
  /// - Parameter observer: A closure called with each event, on the migration's thread.
  /// - Returns: What the run did.
  /// - Throws: ``MigrationError``, with ``MigrationError/Code/invalidOption`` for options that do
  ///   not make sense; `StoreError`, with `store.locked` if there is another writer.
  public func run(
    observer: (@Sendable (MigrationEvent) -> Void)? = nil
  ) async throws -> MigrationSummary {
    try await BlockingWork.run(orThrow: MigrationError.noThread) { isCancelled in
      try runSynchronously(observer: observer, isCancelled: isCancelled)
    }
  }

  /// Runs the migration on the calling thread, with a second one that reads ahead.
  ///
  /// - Parameters:
  ///   - observer: A closure called with each event.
  ///   - isCancelled: Called on this thread between entities and while it waits for input; once it
  ///     returns `true`, the batch ends cleanly.
  /// - Returns: What the run did.
  /// - Throws: ``MigrationError`` or `StoreError`.
  package func runSynchronously(
    observer: ((MigrationEvent) -> Void)? = nil,
    isCancelled: @escaping () -> Bool = { false }
  ) throws -> MigrationSummary {
    try MigrationRun(migration: self, observer: observer, isCancelled: isCancelled).run()
  }
}

extension Migration {
  /// How a migration runs.
  public struct Options: Sendable {
    /// What to do with an id that the store already has.
    public enum DuplicatePolicy: String, Sendable, Hashable, CaseIterable {
      /// Keep the store's row and count the entity as skipped.
      case skip
      /// Rewrite the store's row if its content differs, and keep it as it was; leave it alone if
      /// it was edited since it was migrated.
      case update
      /// Count the entity as failed.
      case fail
    }

    /// What to do with an entity that has no id.
    public enum MissingIDPolicy: String, Sendable, Hashable, CaseIterable {
      /// Derive one from the entity's place: `legacy:<path>#<locator>`.
      case derive
      /// Refuse the entity.
      case reject
    }

    /// Which failed entities count against a run.
    public enum FailurePolicy: String, Sendable, Hashable, CaseIterable {
      /// Any failure.
      case any
      /// Only new failures: entities that did not fail in the same way (the same bytes, for the
      /// same reasons) in the newest earlier run over the same source, and that are not in the
      /// store now.
      case new
    }

    /// An event that is delivered for each entity; leaving it out saves its cost.
    public enum ObservedEvent: Sendable, Hashable, CaseIterable {
      /// ``MigrationEvent/outcome(_:kind:id:source:locator:)``.
      case outcomes
      /// ``MigrationEvent/issue(_:)`` of severity info.
      case information
    }

    /// The mappings for files of other shapes; the first that takes a file reads it.
    public var mappings: [Mapping] = []
    /// The maximum number of entities per transaction.
    ///
    /// At least 1.
    public var batchSize = 2000
    /// Whether to write nothing and only predict what would happen.
    public var isDryRun = false
    /// Whether nothing is written if any entity fails.
    ///
    /// The run is then one transaction, committed at its end, so only
    /// ``MigrationEvent/finished(_:)`` says what was written.
    public var isAtomic = false
    /// What to do with an id that the store already has.
    public var onDuplicate = DuplicatePolicy.skip
    /// Whether ``DuplicatePolicy/update`` also rewrites rows that were, or may have been, edited
    /// since they were migrated.
    ///
    /// It is invalid with another ``onDuplicate``.
    public var overwritesEdits = false
    /// What to do with an entity that has no id.
    public var missingID = MissingIDPolicy.derive
    /// The number of failed entities tolerated, at least 0; one more stops the run.
    ///
    /// `nil` for any number.
    public var maxErrors: Int?
    /// Which failed entities make ``MigrationSummary/isAcceptable`` false.
    ///
    /// It has no other effect: all failures are counted and reported.
    public var failOn = FailurePolicy.any
    /// Whether a source without a file to read is a success.
    ///
    /// Otherwise it is an error (`input.nothing-found`), because a directory that looks empty may
    /// be a share that is not mounted. Files that hold only empty lists are not an error.
    public var allowsEmptySource = false
    /// The maximum number of errors and warnings the summary keeps; the ledger keeps all.
    ///
    /// A negative number keeps none.
    public var maxIssuesInSummary = 10_000
    /// The events per entity that the observer gets, in addition to errors, warnings and progress.
    public var observedEvents = Set(ObservedEvent.allCases)
    /// Whether to measure the source first, so that progress includes the total size.
    public var measuresSource = false
    /// The directory to copy failed entities to, so that they can be fixed and migrated from there;
    /// `nil` for none.
    ///
    /// The directory may be empty or missing, or hold the rejects of earlier runs, which are
    /// replaced at the end of the run unless they were edited. The bytes of each failed entity are
    /// written at the source's relative path (an item of several in a directory named after its
    /// file), next to a file `<name>.issues` that lists what is wrong. Only the owner can read
    /// them. A copy that cannot be written does not stop the run: see
    /// ``MigrationSummary/rejects``. A dry run writes nothing.
    public var rejectsDirectory: String?
    /// Whether to back up a store on disk that has entities before the run's first change to them.
    ///
    /// The backup has the state before the run. A run that changes nothing makes none. The two
    /// newest earlier backups are kept.
    public var takesBackup = true
    /// The clocks that the ledger and default timestamps use; tests fix them.
    package var clock: MigrationClock = .system

    /// The system calls that read the source; tests make them fail.
    var access = SourceAccess.system

    /// Creates the default options.
    public init() {}
  }
}

extension Migration.Options {
  /// The options as the ledger keeps them: a JSON object.
  var json: String {
    var writer = JSONWriter()
    writer.object {
      $0.member("batch_size", batchSize)
      $0.member("dry_run", isDryRun)
      $0.member("atomic", isAtomic)
      $0.member("on_duplicate", onDuplicate.rawValue)
      if overwritesEdits { $0.member("force", true) }
      $0.member("missing_id", missingID.rawValue)
      $0.member("max_errors", maxErrors)
      if failOn != .any { $0.member("fail_on", failOn.rawValue) }
      if allowsEmptySource { $0.member("allow_empty", true) }
      $0.member("rejects", rejectsDirectory)
      $0.member("backup", takesBackup)
      if !mappings.isEmpty {
        $0.member("mappings", objects: mappings) { writer, mapping in
          writer.member("name", mapping.name)
          writer.member("sha256", mapping.sha256)
          writer.member("text", mapping.text)
        }
      }
    }
    return writer.text
  }

  /// Checks that the options make sense.
  func check() throws(MigrationError) {
    guard batchSize >= 1 else {
      throw MigrationError(.invalidOption, "the batch size is \(batchSize); expected at least 1")
    }
    if let maxErrors, maxErrors < 0 {
      throw MigrationError(
        .invalidOption, "the limit of failed entities is \(maxErrors); expected 0 or more")
    }
    guard !overwritesEdits || onDuplicate == .update else {
      throw MigrationError(
        .invalidOption, "only updating overwrites edits; expected to update duplicates")
    }
  }
}

/// An event of a migration, as its observer gets it on the migration's thread.
public enum MigrationEvent: Sendable, Hashable {
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
  ///
  /// With ``Migration/Options/isAtomic`` the outcome is provisional: a later failure rolls it back.
  case outcome(Outcome, kind: EntityKind, id: String?, source: String, locator: Locator?)
  /// A batch is done and, except in a dry run and with ``Migration/Options/isAtomic``, committed.
  case progress(MigrationProgress)
  /// The run ended. The summary is also what `run` returns.
  ///
  /// If the store fails, or the source cannot be read completely, the event is delivered before
  /// `run` throws; if the run could not start, it is not delivered.
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
}

/// The clocks that a run reads; tests pass their own.
package struct MigrationClock: Sendable {
  /// The time since the beginning of 1970, in UTC.
  package var now: @Sendable () -> Duration
  /// The time since some fixed moment; monotonic.
  package var uptime: @Sendable () -> Duration

  /// Creates a clock.
  package init(
    now: @escaping @Sendable () -> Duration, uptime: @escaping @Sendable () -> Duration
  ) {
    self.now = now
    self.uptime = uptime
  }

  /// The system's clocks.
  package static let system: MigrationClock = {
    let start = ContinuousClock.now
    return MigrationClock(
      now: {
        let now = WallClock.now
        return .seconds(now.seconds) + .nanoseconds(now.nanoseconds)
      }, uptime: { ContinuousClock.now - start })
  }()
}

extension MigrationClock {
  /// The current time as the ledger writes it, such as `2026-03-01T09:30:00Z`.
  package var timestamp: String { Self.timestamp(now()) }

  /// A time since the beginning of 1970 as the ledger writes it.
  package static func timestamp(_ time: Duration) -> String {
    UTCTime(secondsSince1970: max(0, Int(time.components.seconds))).iso8601
  }
}
