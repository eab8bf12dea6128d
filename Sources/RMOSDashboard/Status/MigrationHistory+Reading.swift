import RMOSModels
public import RMOSStore

extension MigrationHistory {
  /// Reads the history of a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - limit: How many days at most, the newest; nil for all.
  /// - Throws: `StoreError`.
  /// - Complexity: O(n log n) in the rows.
  public init(of store: some RecordStore, limit: Int? = 50) throws {
    self.init(try store.read { try $0.entityDays() }, limit: limit)
  }

  /// The newest days.
  init(_ counts: EntityDays, limit: Int?) {
    // The hours after the year 9999 that a zone may add have a year of five digits.
    let newest = counts.counts.keys.sorted {
      ($0.utf8.count, $0) > ($1.utf8.count, $1)
    }
    totalDays = newest.count
    days = newest.prefix(max(0, limit ?? newest.count)).map { date in
      Day(date: date, entities: MigrationStatus.EntityCounts(counts.counts[date] ?? [:]))
    }
    undatedEntities = counts.undated.values.reduce(0, +)
  }
}
