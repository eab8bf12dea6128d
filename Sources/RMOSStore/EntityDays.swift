public import RMOSModels

/// How many entities came into a store on which day.
///
/// An entity that a run in the ledger wrote counts by the day that run began, another by the day it
/// was created, all in UTC. What has no readable date counts under no day.
public struct EntityDays: Sendable, Hashable {
  /// The days, `YYYY-MM-DD`, and how many entities of each kind there are.
  public private(set) var counts: [String: [EntityKind: Int]] = [:]
  /// How many entities of each kind have no day.
  public private(set) var undated: [EntityKind: Int] = [:]

  /// No entities.
  public init() {}

  /// Counts entities in.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - kind: Of which kind.
  ///   - day: Their day; nil where it is not known.
  public mutating func add(_ count: Int = 1, of kind: EntityKind, on day: String?) {
    if let day {
      counts[day, default: [:]][kind, default: 0] += count
    } else {
      undated[kind, default: 0] += count
    }
  }
}

extension StoreReader {
  /// Goes through all records, and looks up the provenance of each.
  public func entityDays() throws -> EntityDays {
    let runDays = try runDays()
    var days = EntityDays()
    for kind in EntityKind.allCases {
      let createdAt = kind.schema.position(ofMember: "created_at")
      try forEachRecord(kind) { record in
        if let run = try provenance(kind, id: record.id)?.run, let day = runDays[run] {
          return days.add(of: kind, on: day)
        }
        guard let createdAt, case .text(let text) = record.values[createdAt] else {
          return days.add(of: kind, on: nil)
        }
        days.add(of: kind, on: Timestamp(text)?.utcDay)
      }
    }
    return days
  }

  /// The day each run in the ledger began; a nil day is one that cannot be read.
  func runDays() throws -> [Int64: String?] {
    try runs(limit: nil).reduce(into: [:]) { days, run in
      days.updateValue(Timestamp(run.startedAt)?.utcDay, forKey: run.id)
    }
  }
}
