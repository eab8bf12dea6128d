public import RMOSModels
import RMOSSystem

/// The number of entities that came into a store on each day.
///
/// An entity that a run in the ledger wrote counts on the day on which that run began; any other
/// counts on the day of its `created_at`, in UTC. An entity without a readable date counts on no
/// day.
public struct EntityDays: Sendable, Hashable {
  /// The days, `YYYY-MM-DD`, with the number of entities of each kind.
  public private(set) var counts: [String: [EntityKind: Int]] = [:]
  /// The number of entities of each kind without a day.
  package private(set) var undated: [EntityKind: Int] = [:]

  /// Creates counts of no entities.
  public init() {}

  /// Adds entities.
  ///
  /// - Parameters:
  ///   - count: The number of entities.
  ///   - kind: Their kind.
  ///   - day: Their day; `nil` if it is not known.
  package mutating func add(_ count: Int = 1, of kind: EntityKind, on day: String?) {
    if let day {
      counts[day, default: [:]][kind, default: 0] += count
    } else {
      undated[kind, default: 0] += count
    }
  }

  /// Adds other counts.
  mutating func add(_ other: EntityDays) {
    for (day, kinds) in other.counts {
      counts[day, default: [:]].merge(kinds, uniquingKeysWith: +)
    }
    undated.merge(other.undated, uniquingKeysWith: +)
  }

  /// Adds entities that came at a time, on its day in UTC.
  ///
  /// - Parameters:
  ///   - count: The number of entities.
  ///   - kind: Their kind.
  ///   - time: The time, ISO 8601; they count on no day if it is `nil` or not a timestamp.
  public mutating func add(_ count: Int = 1, of kind: EntityKind, at time: String?) {
    add(count, of: kind, on: time.flatMap { Timestamp($0)?.utcDay })
  }
}

extension RecordStore {
  /// The number of entities that came into the store on each day, counted on two threads if the
  /// store can show one state to both.
  ///
  /// - Parameter size: The approximate number of entities in each piece of work.
  /// - Returns: The counts.
  /// - Throws: ``StoreError``.
  package func entityDays(inPiecesOf size: Int = 50_000) throws -> EntityDays {
    var pieces: [(kind: EntityKind, range: EntityRange)] = []
    try read { reader in
      guard reader is any StreamingReader else { return }
      for kind in reader.catalog.kinds {
        pieces += try reader.ranges(of: kind, count: size).map { (kind, $0) }
      }
    }
    // A second connection pays off only if there is enough work for both.
    guard pieces.count > catalog.kinds.count else { return try read { try $0.entityDays() } }
    // A `Monitor`, because the thread sanitizer does not understand `Mutex`.
    let days = Monitor(EntityDays())
    try readOnOneState(
      pieces.map { piece in
        { reader in
          // Readers of one store may differ, so each is asked whether it streams.
          let found =
            try (reader as? any StreamingReader)?.entityDays(of: piece.kind, in: piece.range)
            ?? reader.days(of: piece.kind, in: piece.range, try reader.runDays())
          days.withLock { $0.add(found) }
        }
      })
    return days.withLock { $0 }
  }
}

extension StoreReader {
  /// Reads all records and the provenance of each.
  public func entityDays() throws -> EntityDays {
    let runDays = try runDays()
    var days = EntityDays()
    for kind in catalog.kinds { days.add(try self.days(of: kind, in: .all, runDays)) }
    return days
  }

  /// Counts the entities of a range by their records and the provenance of each.
  fileprivate func days(
    of kind: EntityKind, in range: EntityRange, _ runDays: [Int64: String?]
  ) throws -> EntityDays {
    var days = EntityDays()
    let createdAt = kind.schema.position(ofMember: "created_at")
    try forEachRecord(kind) { record in
      guard range.contains(record) else { return }
      if let run = try provenance(kind, id: record.id)?.run, let day = runDays[run] {
        return days.add(of: kind, on: day)
      }
      guard let createdAt, case .text(let text) = record.values[createdAt] else {
        return days.add(of: kind, on: nil)
      }
      days.add(of: kind, on: Timestamp(text)?.utcDay)
    }
    return days
  }

  /// The day on which each run in the ledger began; `nil` if its time cannot be read.
  func runDays() throws -> [Int64: String?] {
    try runs(limit: nil).reduce(into: [:]) { days, run in
      days.updateValue(Timestamp(run.startedAt)?.utcDay, forKey: run.id)
    }
  }
}
