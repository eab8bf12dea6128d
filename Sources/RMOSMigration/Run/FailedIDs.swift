import RMOSModels

/// The ids that failed in a run, for telling so where something refers to them.
///
/// Bounded: beyond 100,000 none is added.
struct FailedIDs {
  private var ids: [EntityKind: Set<[UInt8]>] = [:]
  private var count = 0

  /// Whether something failed under this id.
  func contains(_ kind: EntityKind, _ id: some Collection<UInt8>) -> Bool {
    ids[kind]?.contains(Array(id)) ?? false
  }

  /// Remembers an id, as long as there is room.
  mutating func insert(_ kind: EntityKind, _ id: some Collection<UInt8>) {
    guard count < 100_000, ids[kind, default: []].insert(Array(id)).inserted else { return }
    count += 1
  }
}
