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

extension MigrationStatistics {
  /// The statistics as a JSON object, one member per kind:
  /// `{"patterns":{"found":1,"migrated":1,"updated":0,"skipped":0,"failed":0},…}`.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.statistics(self)
    return writer.text
  }

  /// The largest count that is read; far beyond any shop.
  package static let largestCount = 1_000_000_000_000

  /// Reads ``json``; what is not as expected counts as 0.
  package init(json: JSONValue?) {
    self.init()
    for kind in EntityKind.allCases {
      let counts = json?[kind.rawValue]
      // Within bounds, so that no sum of what someone else wrote there overflows.
      func count(_ outcome: Outcome) -> Int {
        min(max(0, Int(counts?[outcome.rawValue]?.int64 ?? 0)), Self.largestCount)
      }
      self[kind].migrated = count(.migrated)
      self[kind].updated = count(.updated)
      self[kind].skipped = count(.skipped)
      self[kind].failed = count(.failed)
    }
  }
}

extension JSONWriter {
  /// Writes the counts per kind, in the order of migration.
  package mutating func statistics(_ statistics: MigrationStatistics) {
    object {
      for kind in EntityKind.allCases {
        let counts = statistics[kind]
        $0.member(kind.rawValue) {
          $0.object {
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

  /// Writes how often each code was reported, sorted by code.
  package mutating func issueCounts(_ counts: [IssueCode: Int]) {
    object {
      for (code, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        $0.member(code.rawValue, count)
      }
    }
  }

  /// Writes an issue; what is not known is null.
  package mutating func issue(_ issue: Issue) {
    object {
      $0.member("severity", issue.severity.rawValue)
      $0.member("code", issue.code.rawValue)
      $0.member("kind", issue.kind?.rawValue)
      $0.member("id", issue.id)
      $0.member("source", issue.source)
      $0.member("locator") { writer in
        switch issue.locator {
        case nil: writer.null()
        case .index(let number), .line(let number): writer.integer(number)
        case .key(let text): writer.string(text)
        }
      }
      $0.member("line", issue.line)
      $0.member("column", issue.column)
      $0.member("offset", issue.offset)
      $0.member("pointer", issue.pointer)
      $0.member("message", issue.message)
    }
  }
}
