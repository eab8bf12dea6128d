import RMOSModels

/// Ids that are known to be in the database: a bulk load asks for the same ones again and again.
///
/// It takes 4 MiB, however many ids there are: each has one place, where the newest replaces what
/// was there before. An id that it does not have may still be in the database. For each, 64 bits of
/// a hash are kept, and 19 others decide its place, with new seeds in each process: the probability
/// that an id is taken for another is below 10⁻¹⁹.
///
/// It belongs to a connection, and to the thread that this is in use by.
final class KnownIDs {
  /// What is kept of an id, and where.
  struct Key {
    fileprivate let bits: UInt64
    fileprivate let slot: Int

    init(_ id: Span<UInt8>, ofKindAt position: Int) {
      let hash = IDHash(id, kind: position)
      // 0 marks a free slot.
      bits = max(1, hash.first)
      slot = Int(truncatingIfNeeded: hash.second) & (KnownIDs.size - 1)
    }
  }

  private static let size = 1 << 19
  private var slots: [UInt64] = []
  /// The state of the database, as far as other connections write to it.
  private var dataVersion: Int64?

  /// Whether an id is known to be there.
  func contains(_ key: Key) -> Bool { !slots.isEmpty && slots[key.slot] == key.bits }

  /// Adds an id.
  func insert(_ key: Key) {
    if slots.isEmpty { slots = Array(repeating: 0, count: Self.size) }
    slots[key.slot] = key.bits
  }

  /// Forgets all.
  func removeAll() { slots = [] }

  /// Forgets all unless no other connection has committed since the last call.
  func keep(if version: Int64) {
    if version != dataVersion { removeAll() }
    dataVersion = version
  }
}
