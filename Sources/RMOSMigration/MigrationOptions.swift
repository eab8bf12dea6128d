import RMOSModels

/// How a migration goes about its work.
public struct MigrationOptions: Sendable {
  /// What to do with an id the store already has.
  public enum DuplicatePolicy: String, Sendable, Hashable, CaseIterable {
    /// Leave the store's row alone and count the entity as skipped.
    case skip
    /// Rewrite the store's row where its content differs, and keep it as it was; leave it alone
    /// where it was edited since it was migrated.
    case update
    /// Count the entity as failed.
    case fail
  }
  /// What to do with an entity that has no id.
  public enum MissingIDPolicy: String, Sendable, Hashable, CaseIterable {
    /// Derive one from where the entity stands: `legacy:<path>#<locator>`.
    case derive
    /// Refuse the entity.
    case reject
  }

  /// Which of the events that come with every entity the observer is told.
  public struct ObservedEvents: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: Int
    /// A set of events.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// ``MigrationEvent/outcome(_:)``.
    public static let outcomes = ObservedEvents(rawValue: 1)
    /// ``MigrationEvent/issue(_:)`` of severity info.
    public static let information = ObservedEvents(rawValue: 2)
    /// All of them.
    public static let all: ObservedEvents = [.outcomes, .information]
  }

  /// How many entities one transaction holds at most.
  ///
  /// At least 1.
  public var batchSize = 2000
  /// Whether to write nothing at all and only say what would happen.
  public var isDryRun = false
  /// Whether one failed entity keeps everything from being written.
  public var isAtomic = false
  /// What to do with an id the store already has.
  public var onDuplicate = DuplicatePolicy.skip
  /// Whether ``DuplicatePolicy/update`` also rewrites rows that were edited since they were migrated,
  /// or of which that cannot be told.
  public var overwritesEdits = false
  /// What to do with an entity that has no id.
  public var missingID = MissingIDPolicy.derive
  /// How many failed entities are tolerated; one more stops the run.
  ///
  /// nil: any number.
  public var maxErrors: Int?
  /// Whether a source in which there is no file to read counts as read.
  ///
  /// It is an error (`input.nothing-found`) otherwise: what looks like an empty directory may be a
  /// share that is not mounted. Files that hold empty lists are read and no error.
  public var allowsEmptySource = false
  /// How many errors and warnings the summary keeps; the ledger keeps all.
  public var maxIssuesInSummary = 10_000
  /// Which of the events that come with every entity the observer is told.
  ///
  /// Those it does not want cost nothing; errors, warnings and progress it is always told.
  public var observedEvents = ObservedEvents.all
  /// Whether to measure the source first, so that progress knows the total.
  public var measuresSource = false
  /// Where to copy what fails, so that it can be mended and migrated from there; nil for nowhere.
  ///
  /// A directory that is empty or not there yet. Each failed entity's bytes stand there at the
  /// source's relative path (an item of several in a directory named as its file), beside a file
  /// `<name>.issues` with what is wrong. Directories and files are for their owner alone. What
  /// cannot be copied does not stop the run: see ``MigrationSummary/rejects``. A dry run writes
  /// nothing.
  public var rejectsDirectory: String?
  /// Whether a store that has entities, and outlives the process, is backed up before the first
  /// write.
  ///
  /// A run that changes nothing leaves no backup; of older ones the last two stay.
  public var takesBackup = true
  /// What the ledger and stand-in timestamps call now, ISO 8601 in UTC; tests fix it.
  public var clock: MigrationClock = .system

  /// How the source is read; tests make it fail.
  var access = SourceAccess.system

  /// The defaults.
  public init() {}
}

extension MigrationOptions {
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
      if allowsEmptySource { $0.member("allow_empty", true) }
      $0.member("rejects", rejectsDirectory)
      $0.member("backup", takesBackup)
    }
    return writer.text
  }
}
