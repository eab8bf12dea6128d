public import RMOSModels

/// How a legacy tree and a store differ.
public struct DiffReport: Sendable, Hashable {
  /// How an entity stands.
  public enum Category: String, Sendable, Hashable, CaseIterable {
    /// The source has it and the store does not.
    case onlyInSource = "only_in_source"
    /// The store has it and the source does not.
    case onlyInDatabase = "only_in_database"
    /// Both have it, with other content.
    case different
  }

  /// Which side changed since the run that migrated the entity.
  public enum Change: String, Sendable, Hashable {
    /// The source: its bytes are others, or it is gone. Where the run kept no digest of the row,
    /// whether that changed too is not known.
    case source
    /// The database: the source's bytes are those that were migrated.
    case database
    /// Both: the source's bytes are others, and somebody changed the row in the database.
    case both
  }

  /// A member in which source and store differ.
  public struct Difference: Sendable, Hashable {
    /// The member's name.
    public var member: String
    /// The source's value as JSON text, shortened around the first difference; nil where absent.
    public var source: String?
    /// The store's value, likewise.
    public var database: String?

    /// A difference.
    public init(member: String, source: String?, database: String?) {
      self.member = member
      self.source = source
      self.database = database
    }
  }

  /// One entity that is not equal.
  public struct Entry: Sendable, Hashable {
    /// How it stands.
    public var category: Category
    /// Its kind.
    public var kind: EntityKind
    /// Its id; nil where none could be read.
    public var id: String?
    /// Its file in the source now; for what is only in the database the one it came from.
    public var path: String?
    /// Which of the file's entities, when it holds several.
    public var locator: Locator?
    /// 1-based line in the file; nil for what is only in the database.
    public var line: Int?
    /// What changed since it was migrated; nil where it was not, so far as the store knows.
    public var change: Change?
    /// The run that migrated it.
    public var run: Int64?
    /// The members that differ, where both sides could be read.
    public var differences: [Difference] = []
    /// Why the source's entity cannot be migrated, where it cannot.
    public var problem: String?
  }

  /// The counts of a kind, or of all.
  public struct Counts: Sendable, Hashable {
    /// Both have it, with the same content.
    public var equal = 0
    /// Both have it, with other content.
    public var different = 0
    /// The source has it and the store does not.
    public var onlyInSource = 0
    /// The store has it and the source does not.
    public var onlyInDatabase = 0
    /// How many of the source's among these break a rule or cannot be read.
    public var invalid = 0
    /// Entities of the source whose id stood there before, equal or only there; they are in no
    /// other count.
    public var repeated = 0

    /// Nothing yet.
    public init() {}
  }

  /// How much may differ.
  public struct Limits: Sendable, Hashable {
    /// How many entities may be only in the source.
    public var onlyInSource = 0
    /// How many entities may be only in the database.
    public var onlyInDatabase = 0
    /// How many entities may differ.
    public var different = 0
    /// Whether there may be no file to read in the source.
    public var allowsEmptySource = false

    /// None.
    public init() {}
  }

  /// The source directory, as given.
  public var source: String
  /// The store's path, or "in memory".
  public var database: String
  /// What is said where there was no file to read in the source; `nil` where there was one.
  ///
  /// The source may be a share that is not mounted, and then the counts say nothing.
  public internal(set) var nothingFound: String?
  /// The counts per kind.
  public internal(set) var counts: [EntityKind: Counts] = [:]
  /// What is not equal, in order.
  public internal(set) var entries: [Entry] = []
  /// How many entries ``entries`` leaves out.
  public package(set) var entriesOmitted = 0

  init(source: String, database: String) {
    self.source = source
    self.database = database
  }

  /// The counts of a kind.
  public subscript(kind: EntityKind) -> Counts { counts[kind] ?? Counts() }

  /// The counts of all kinds.
  public var total: Counts {
    counts.values.reduce(into: Counts()) { total, counts in
      total.equal += counts.equal
      total.different += counts.different
      total.onlyInSource += counts.onlyInSource
      total.onlyInDatabase += counts.onlyInDatabase
      total.invalid += counts.invalid
      total.repeated += counts.repeated
    }
  }

  /// Whether nothing differs.
  public var isEmpty: Bool { isWithin(Limits()) }

  /// Whether no more differs than may.
  public func isWithin(_ limits: Limits) -> Bool {
    let total = total
    return (nothingFound == nil || limits.allowsEmptySource)
      && total.onlyInSource <= limits.onlyInSource
      && total.onlyInDatabase <= limits.onlyInDatabase && total.different <= limits.different
  }
}
