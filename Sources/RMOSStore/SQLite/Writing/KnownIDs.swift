import RMOSModels
import RMOSSystem

/// A cache of ids that are known to be in the database, which a bulk load looks up many times.
///
/// It takes at most 8 MiB. Each id has eight possible places; if all are taken, the newest id
/// replaces another. An id that is not in the cache may still be in the database. The cache stores
/// 64 bits of a hash, and 17 other bits determine the places, with random seeds in each process:
/// the probability that an id is mistaken for another is below 10⁻¹⁸.
///
/// Like the connection to which it belongs, it is used by one thread at a time.
@safe final class KnownIDs {
  /// The hash of an id, and its possible places.
  struct Key {
    fileprivate let bits: UInt64
    /// The places where the hash may be stored.
    fileprivate let range: Range<Int>

    init(_ id: Span<UInt8>, ofKindAt position: Int) {
      let hash = IDHash(id, kind: position)
      // 0 means that a place is free.
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

    /// The place to overwrite if all are taken.
    fileprivate var last: Int {
      range.lowerBound + Int(truncatingIfNeeded: bits) & (KnownIDs.ways - 1)
    }
  }

  private static let size = 1 << 20
  private static let ways = 8
  /// The hashes, 0 where a place is free; `nil` before the first id.
  private var places: UnsafeMutableBufferPointer<UInt64>?
  /// The ``SQLiteConnection/dataVersion`` for which the ids are known.
  private var dataVersion: Int64?

  deinit { removeAll() }

  /// Whether an id is known to be in the database.
  func contains(_ key: Key) -> Bool {
    guard let places = unsafe places else { return false }
    for place in key.range where unsafe places[place] == key.bits { return true }
    return false
  }

  /// Adds an id.
  func insert(_ key: Key) {
    // If memory cannot be allocated, the cache stays empty.
    unsafe places = places ?? Memory.zeroes(count: Self.size)
    guard let places = unsafe places else { return }
    let place = key.range.first { unsafe places[$0] == 0 || places[$0] == key.bits }
    unsafe places[place ?? key.last] = key.bits
  }

  /// Removes all ids.
  func removeAll() {
    if let places = unsafe places { unsafe Memory.release(places) }
    unsafe places = nil
  }

  /// Removes all ids unless the data version is the same as at the last call.
  func keep(if version: Int64) {
    if version != dataVersion { removeAll() }
    dataVersion = version
  }
}
