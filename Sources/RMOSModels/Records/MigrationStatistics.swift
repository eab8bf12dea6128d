/// The numbers of entities with each outcome, per kind.
///
/// The number found is always the sum of the outcomes.
public struct MigrationStatistics: Sendable, Hashable {
  /// The counts of one kind.
  public struct Counts: Sendable, Hashable {
    /// Entities inserted.
    public var migrated = 0
    /// Entities whose row was rewritten.
    public var updated = 0
    /// Entities already in the store, or left out by an atomic run that was rolled back.
    public var skipped = 0
    /// Entities rejected.
    public var failed = 0

    /// Creates counts of no entities.
    package init() {}

    /// The number of all entities: the sum of the outcomes.
    public var found: Int {
      [migrated, updated, skipped, failed].reduce(0, MigrationStatistics.sum)
    }

    /// The count of an outcome.
    package subscript(outcome: Outcome) -> Int {
      switch outcome {
      case .migrated: migrated
      case .updated: updated
      case .skipped: skipped
      case .failed: failed
      }
    }

    /// The percentage of the entities that did not fail; 100 if there were none.
    package var successRate: Double {
      found == 0 ? 100 : 100 * Double(found - failed) / Double(found)
    }

    /// Counts the outcome of one entity.
    package mutating func add(_ outcome: Outcome) {
      switch outcome {
      case .migrated: migrated += 1
      case .updated: updated += 1
      case .skipped: skipped += 1
      case .failed: failed += 1
      }
    }

    /// Adds other counts.
    package static func += (left: inout Counts, right: Counts) { left = left + right }

    /// Adds two counts.
    package static func + (left: Counts, right: Counts) -> Counts {
      var sum = left
      sum.migrated = MigrationStatistics.sum(left.migrated, right.migrated)
      sum.updated = MigrationStatistics.sum(left.updated, right.updated)
      sum.skipped = MigrationStatistics.sum(left.skipped, right.skipped)
      sum.failed = MigrationStatistics.sum(left.failed, right.failed)
      return sum
    }
  }

  /// The kinds that are counted.
  package let catalog: EntityCatalog
  /// The counts, in the order of the catalog.
  private var counts: [Counts]

  /// Creates statistics of no entities.
  public init(_ catalog: EntityCatalog = .rmos) {
    self.catalog = catalog
    counts = Array(repeating: Counts(), count: catalog.kinds.count)
  }

  /// The counts of a kind.
  ///
  /// - Precondition: To set the counts of a kind, the catalog must have it.
  public subscript(kind: EntityKind) -> Counts {
    get { catalog.position(of: kind).map { counts[$0] } ?? Counts() }
    set { counts[position(of: kind)] = newValue }
  }

  private func position(of kind: EntityKind) -> Int {
    guard let position = catalog.position(of: kind) else {
      preconditionFailure("\(kind) is not in the catalog that is counted")
    }
    return position
  }

  /// A sum of counts that saturates, because a ledger may contain any numbers.
  private static func sum(_ left: Int, _ right: Int) -> Int {
    let (result, overflows) = left.addingReportingOverflow(right)
    return overflows ? .max : result
  }

  /// The counts of all kinds together.
  public var total: Counts { counts.reduce(Counts(), +) }

  /// Counts the outcome of one entity.
  package mutating func add(_ outcome: Outcome, of kind: EntityKind) {
    counts[position(of: kind)].add(outcome)
  }
}

/// The outcome of migrating one entity.
public enum Outcome: String, Sendable, Hashable, Codable, CaseIterable {
  /// The entity was inserted.
  case migrated
  /// The row of the entity was rewritten.
  case updated
  /// The entity was already in the store.
  case skipped
  /// The entity was rejected.
  case failed
}

extension MigrationStatistics {
  /// The statistics as a JSON object, one member per kind:
  /// `{"patterns":{"found":1,"migrated":1,"updated":0,"skipped":0,"failed":0},…}`.
  package var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.statistics(self)
    return writer.text
  }

  /// The largest count that is read from a ledger, far above any real one.
  package static let largestCount = 1_000_000_000_000

  /// The valid count nearest to a stored number, so that sums of counts do not overflow.
  package static func bounded(_ number: Int) -> Int { min(max(0, number), largestCount) }

  /// Creates statistics from ``json``; a value that is not a count is read as 0.
  package init(json: JSONValue?, _ catalog: EntityCatalog) {
    self.init(catalog)
    for kind in catalog.kinds {
      let counts = json?[kind.rawValue]
      func count(_ outcome: Outcome) -> Int {
        Self.bounded(Int(counts?[outcome.rawValue]?.int64 ?? 0))
      }
      self[kind].migrated = count(.migrated)
      self[kind].updated = count(.updated)
      self[kind].skipped = count(.skipped)
      self[kind].failed = count(.failed)
    }
  }
}

extension MigrationStatistics {
  /// The names of all kinds in ``json`` of which entities were migrated or updated.
  package static func writtenKinds(json: JSONValue?) -> [String] {
    guard case .object(let members)? = json else { return [] }
    return members.filter { member in
      [Outcome.migrated, .updated].contains { member.value[$0.rawValue]?.int64 ?? 0 > 0 }
    }.map(\.name)
  }
}

extension JSONWriter {
  /// Writes the counts per kind, in the order of migration.
  package mutating func statistics(_ statistics: MigrationStatistics) {
    object {
      for kind in statistics.catalog.kinds {
        let counts = statistics[kind]
        $0.object(kind.rawValue) {
          $0.member("found", counts.found)
          $0.member("migrated", counts.migrated)
          $0.member("updated", counts.updated)
          $0.member("skipped", counts.skipped)
          $0.member("failed", counts.failed)
        }
      }
    }
  }
}
