package import RMOSModels
package import RMOSStore

/// The number of entities added on each day, newest first.
///
/// Migrated entities count on the day (UTC) of the run that wrote them, others on the day they were
/// created.
///
/// ```swift
/// for day in try MigrationHistory.read(from: store).days { print(day.date, day.entities.total) }
/// ```
package struct MigrationHistory: Sendable, Hashable {
  /// A day with entities.
  package struct Day: Sendable, Hashable {
    /// The day, `YYYY-MM-DD`.
    package var date: String
    /// The number of entities.
    package var entities: MigrationStatus.EntityCounts
  }

  /// The kinds of entities that the store holds.
  package var catalog = EntityCatalog.rmos
  /// The newest days, newest first, up to the limit.
  package var days: [Day]
  /// The number of days, including those beyond the limit.
  package var totalDays: Int
  /// The number of entities whose stored date is not a date.
  package var undatedEntities = 0

  /// Reads the history of a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - limit: The maximum number of days; `nil` for all.
  /// - Returns: The history.
  /// - Throws: `StoreError`.
  /// - Complexity: O(n log n) in the rows.
  package static func read(
    from store: some RecordStore, limit: Int? = 50
  ) throws -> MigrationHistory {
    MigrationHistory(try store.entityDays(), store.catalog, limit: limit)
  }

  /// Creates the history of the newest days.
  init(_ counts: EntityDays, _ catalog: EntityCatalog, limit: Int?) {
    self.catalog = catalog
    // A time zone may move the last hours of the year 9999 into a year of five digits.
    let newest = counts.counts.keys.sorted {
      ($0.utf8.count, $0) > ($1.utf8.count, $1)
    }
    totalDays = newest.count
    days = newest.prefix(max(0, limit ?? newest.count)).map { date in
      Day(date: date, entities: MigrationStatus.EntityCounts(counts.counts[date] ?? [:]))
    }
    undatedEntities = counts.undated.values.reduce(0, +)
  }

  init(days: [Day], totalDays: Int, undatedEntities: Int = 0) {
    self.days = days
    self.totalDays = totalDays
    self.undatedEntities = undatedEntities
  }

  /// The history as the HTTP API returns it.
  package var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.history(self)
    return writer.text
  }
}

extension JSONWriter {
  /// Writes the history as an object.
  mutating func history(_ history: MigrationHistory) {
    object {
      $0.member("success", true)
      $0.member("history", objects: history.days) { writer, day in
        writer.member("date", day.date)
        writer.member("entities") { writer in
          writer.object { $0.counts(day.entities, history.catalog) }
        }
        writer.member("total", day.entities.total)
      }
      $0.member("total_migration_dates", history.totalDays)
      if history.undatedEntities > 0 { $0.member("undated_entities", history.undatedEntities) }
    }
  }
}
