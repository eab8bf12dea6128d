import RMOSModels
import RMOSSystem

/// Ids that are known to be in the database: a bulk load asks for the same ones again and again.
///
/// It takes 8 MiB at most, however many ids there are: each has eight places, which it shares with
/// others; where all are taken, the newest replaces one. An id that it does not have may still be
/// in the database. For each, 64 bits of a hash are kept, and 17 others decide its places, with new
/// seeds in each process: the probability that an id is taken for another is below 10⁻¹⁸.
///
/// It belongs to a connection, and to the thread that this is in use by.
@safe final class KnownIDs {
  /// The digest that is kept of an id, and its place.
  struct Key {
    fileprivate let bits: UInt64
    /// The places where the digest may be stored.
    fileprivate let range: Range<Int>

    init(_ id: Span<UInt8>, ofKindAt position: Int) {
      let hash = IDHash(id, kind: position)
      // 0 marks a free place.
      bits = max(1, hash.first)
      let place = Int(truncatingIfNeeded: hash.second) & (KnownIDs.size - 1)
      let start = place & ~(KnownIDs.ways - 1)
      range = start..<start + KnownIDs.ways
    }

    /// The key of an entity of a batch.
    init(_ batch: RecordBatch, at index: Int, ofKindAt position: Int) {
      self.init(
        batch.arena.span.extracting(batch.entries[index].id.range), ofKindAt: position)
    }

    /// The place to give up if all are taken.
    fileprivate var last: Int {
      range.lowerBound + Int(truncatingIfNeeded: bits) & (KnownIDs.ways - 1)
    }
  }

  private static let size = 1 << 20
  private static let ways = 8
  /// 0 where a place is free; `nil` before the first id.
  private var places: UnsafeMutableBufferPointer<UInt64>?
  /// The state of the database, as far as other connections write to it.
  private var dataVersion: Int64?

  deinit { removeAll() }

  /// Whether an id is known to be there.
  func contains(_ key: Key) -> Bool {
    guard let places = unsafe places else { return false }
    for place in key.range where unsafe places[place] == key.bits { return true }
    return false
  }

  /// Adds an id.
  func insert(_ key: Key) {
    // If memory cannot be allocated, no id is known.
    unsafe places = places ?? Memory.zeroes(count: Self.size)
    guard let places = unsafe places else { return }
    let place = key.range.first { unsafe places[$0] == 0 || places[$0] == key.bits }
    unsafe places[place ?? key.last] = key.bits
  }

  /// Forgets all ids.
  func removeAll() {
    if let places = unsafe places { unsafe Memory.release(places) }
    unsafe places = nil
  }

  /// Forgets all unless no other connection has committed since the last call.
  func keep(if version: Int64) {
    if version != dataVersion { removeAll() }
    dataVersion = version
  }
}
