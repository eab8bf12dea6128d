import RMOSModels

extension Migration {
  /// How a migration runs.
  public struct Options: Sendable {
    /// What to do with an id that the store already has.
    public enum DuplicatePolicy: String, Sendable, Hashable, CaseIterable {
      /// Keep the store's row and count the entity as skipped.
      case skip
      /// Rewrite the store's row if its content differs, and keep it as it was; leave it alone if it
      /// was edited since it was migrated.
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
      /// All of them.
      case any
      /// Those that are new: which the newest earlier run over the same source did not fail the same
      /// way, byte by byte and for the same reasons, and which the store does not have by now.
      case new
    }

    /// Events that come with every entity; an observer that does not want them pays nothing for
    /// them.
    public enum ObservedEvent: Sendable, Hashable, CaseIterable {
      /// ``MigrationEvent/outcome(_:kind:id:source:locator:)``.
      case outcomes
      /// ``MigrationEvent/issue(_:)`` of severity info.
      case information
    }

    /// How files of other shapes are read; the first mapping that takes a file reads it.
    public var mappings: [Mapping] = []
    /// The maximum number of entities per transaction.
    ///
    /// At least 1.
    public var batchSize = 2000
    /// Whether to write nothing and only predict what would happen.
    public var isDryRun = false
    /// Whether one failed entity keeps everything from being written.
    public var isAtomic = false
    /// What to do with an id that the store already has.
    public var onDuplicate = DuplicatePolicy.skip
    /// Whether ``DuplicatePolicy/update`` also rewrites rows that were edited since they were
    /// migrated, or for which that is unknown.
    public var overwritesEdits = false
    /// What to do with an entity that has no id.
    public var missingID = MissingIDPolicy.derive
    /// The number of failed entities tolerated; one more stops the run.
    ///
    /// `nil` for any number.
    public var maxErrors: Int?
    /// Which failed entities make ``MigrationSummary/isAcceptable`` false.
    ///
    /// It makes no other difference: what failed is counted and reported either way.
    public var failOn = FailurePolicy.any
    /// Whether a source without a file to read is a success.
    ///
    /// It is an error (`input.nothing-found`) otherwise: what looks like an empty directory may be a
    /// share that is not mounted. Files that hold empty lists are read and no error.
    public var allowsEmptySource = false
    /// The maximum number of errors and warnings the summary keeps; the ledger keeps all.
    public var maxIssuesInSummary = 10_000
    /// Which of the events that come with every entity the observer gets.
    ///
    /// It always gets errors, warnings and progress.
    public var observedEvents = Set(ObservedEvent.allCases)
    /// Whether to measure the source first, so that progress knows the total.
    public var measuresSource = false
    /// The directory to copy failed entities to, so that they can be fixed and migrated from there;
    /// `nil` for none.
    ///
    /// A directory that is empty, does not exist or holds the rejects of earlier runs, which are
    /// replaced at the end of the run unless they were edited. The bytes of each failed entity are written at
    /// the source's relative path (an item of several in a directory named after its file), next to
    /// a file `<name>.issues` that lists what is wrong. Only the owner can read them. What cannot be
    /// copied does not stop the run: see ``MigrationSummary/rejects``. A dry run writes nothing.
    public var rejectsDirectory: String?
    /// Whether to back up a store on disk that has entities before the first of them is written.
    ///
    /// The backup is of the state before the run. A run that changes nothing makes none; of older ones
    /// the last two are kept.
    public var takesBackup = true
    /// The clocks that the ledger and default timestamps use; tests fix them.
    package var clock: MigrationClock = .system

    /// How the source is read; tests make it fail.
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
    guard (maxErrors ?? 0) >= 0 else {
      throw MigrationError(
        .invalidOption, "the limit of failed entities is \(maxErrors ?? 0); expected 0 or more")
    }
    guard !overwritesEdits || onDuplicate == .update else {
      throw MigrationError(
        .invalidOption, "only updating overwrites edits; expected to update duplicates")
    }
  }
}
