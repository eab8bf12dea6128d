import RMOSModels
import RMOSStore
import Synchronization

/// How many entities of each kind a store holds, counted once for each of its states.
///
/// SQLite counts by going through an index: at a million rows that is most of the work of a list.
final class EntityTotals: Sendable {
  private struct Total {
    var token: String
    var count: Int
  }

  private let store: any RecordStore
  private let totals = Mutex<[EntityKind: Total]>([:])

  init(_ store: any RecordStore) { self.store = store }

  /// Counts the records of a query, whatever its limit.
  ///
  /// - Parameters:
  ///   - query: The query.
  ///   - reader: The snapshot.
  ///   - token: The store's change token, taken before the snapshot.
  /// - Returns: How many records of the snapshot it gives.
  /// - Throws: `StoreError` where the store cannot be read.
  func count(
    _ query: RecordQuery, in reader: any StoreReader, since token: String?
  ) throws -> Int {
    // Where the token still stands, the snapshot is of the state that it names.
    guard query.conditions.isEmpty, let token, store.changeToken() == token else {
      return try reader.count(query)
    }
    if let total = totals.withLock({ $0[query.kind] }), total.token == token { return total.count }
    let count = try reader.count(query)
    totals.withLock { $0[query.kind] = Total(token: token, count: count) }
    return count
  }
}
