/// What became of the entities, per kind.
///
/// Found is always the sum of the outcomes.
public struct MigrationStatistics: Sendable, Hashable {
  /// The counts of one kind.
  public struct Counts: Sendable, Hashable {
    /// Written as new.
    public var migrated = 0
    /// Rewritten.
    public var updated = 0
    /// Already there (or, in an atomic run that was given up, left out).
    public var skipped = 0
    /// Refused.
    public var failed = 0

    /// No entities.
    public init() {}

    /// All entities: the sum of the outcomes.
    public var found: Int { migrated + updated + skipped + failed }

    /// Adds up.
    public static func + (left: Counts, right: Counts) -> Counts {
      var sum = left
      sum.migrated += right.migrated
      sum.updated += right.updated
      sum.skipped += right.skipped
      sum.failed += right.failed
      return sum
    }
  }

  private var counts: [Counts]

  /// No entities of any kind.
  public init() { counts = EntityKind.allCases.map { _ in Counts() } }

  /// The counts of a kind.
  public subscript(kind: EntityKind) -> Counts {
    get { counts[kind.ordinal] }
    set { counts[kind.ordinal] = newValue }
  }

  /// All kinds together.
  public var total: Counts { counts.reduce(Counts(), +) }

  /// Adds up, kind by kind.
  public static func + (
    left: MigrationStatistics, right: MigrationStatistics
  ) -> MigrationStatistics {
    var sum = left
    for kind in EntityKind.allCases { sum[kind] = left[kind] + right[kind] }
    return sum
  }

  /// Adds one entity's outcome.
  public mutating func add(_ outcome: Outcome, of kind: EntityKind) {
    switch outcome {
    case .migrated: counts[kind.ordinal].migrated += 1
    case .updated: counts[kind.ordinal].updated += 1
    case .skipped: counts[kind.ordinal].skipped += 1
    case .failed: counts[kind.ordinal].failed += 1
    }
  }
}

/// What became of one entity.
public enum Outcome: String, Sendable, Hashable, Codable, CaseIterable {
  /// Written as new.
  case migrated
  /// Rewritten.
  case updated
  /// Already there.
  case skipped
  /// Refused.
  case failed
}
