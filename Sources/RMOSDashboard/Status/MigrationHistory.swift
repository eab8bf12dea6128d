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
