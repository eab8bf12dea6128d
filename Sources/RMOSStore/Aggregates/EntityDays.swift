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
