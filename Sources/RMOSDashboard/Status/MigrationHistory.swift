import RMOSModels
public import RMOSStore

/// How many entities came over on which day, newest day first.
///
/// Migrated entities count by the day (UTC) of the run that wrote them, others by the day they were
/// created.
public struct MigrationHistory: Sendable, Hashable {
  /// One day.
  public struct Day: Sendable, Hashable {
    /// The day, `YYYY-MM-DD`.
    public var date: String
    /// How many entities.
    public var entities: MigrationStatus.EntityCounts
  }

  /// The days, newest first, as many as were asked for.
  public var days: [Day]
  /// How many days there are in all.
  public var totalDays: Int
  /// How many entities have no day, because what is stored as their date is none.
  public var undatedEntities = 0
}

extension MigrationHistory {
  /// The history as the HTTP interface answers it.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.history(self)
    return writer.text
  }
}

extension JSONWriter {
  /// Writes the history as one object.
  mutating func history(_ history: MigrationHistory) {
    object {
      $0.member("success", true)
      $0.member("history") {
        $0.array {
          for day in history.days {
            $0.object {
              $0.member("date", day.date)
              $0.member("entities") { writer in writer.object { $0.counts(day.entities) } }
              $0.member("total", day.entities.total)
            }
          }
        }
      }
      $0.member("total_migration_dates", history.totalDays)
      if history.undatedEntities > 0 { $0.member("undated_entities", history.undatedEntities) }
    }
  }
}

extension MigrationHistory: Codable {
  private enum CodingKeys: String, CodingKey {
    case success
    case days = "history"
    case totalDays = "total_migration_dates"
    case undatedEntities = "undated_entities"
  }

  /// Reads a history.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    days = try container.decode([Day].self, forKey: .days)
    totalDays = try container.decode(Int.self, forKey: .totalDays)
    undatedEntities = try container.decodeIfPresent(Int.self, forKey: .undatedEntities) ?? 0
  }

  /// Writes the history in the shape of the HTTP interface.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(true, forKey: .success)
    try container.encode(days, forKey: .days)
    try container.encode(totalDays, forKey: .totalDays)
    if undatedEntities > 0 { try container.encode(undatedEntities, forKey: .undatedEntities) }
  }
}

extension MigrationHistory.Day: Codable {
  private enum CodingKeys: String, CodingKey {
    case date, entities, total
    case patterns
    case stripFamilies = "strip_families"
    case joblogs
  }

  /// Reads a day; the total follows from the counts.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    date = try container.decode(String.self, forKey: .date)
    entities = try container.decode(MigrationStatus.EntityCounts.self, forKey: .entities)
  }

  /// Writes the day, its counts and their total.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(date, forKey: .date)
    var counts = container.nestedContainer(keyedBy: CodingKeys.self, forKey: .entities)
    try counts.encode(entities.patterns, forKey: .patterns)
    try counts.encode(entities.stripFamilies, forKey: .stripFamilies)
    try counts.encode(entities.joblogs, forKey: .joblogs)
    try container.encode(entities.total, forKey: .total)
  }
}

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
