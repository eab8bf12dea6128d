import RMOSSystem

/// The two clocks a migration reads; tests pass their own.
public struct MigrationClock: Sendable {
  /// The current time, ISO 8601 in UTC, such as `2026-03-01T09:30:00Z`.
  public var now: @Sendable () -> String
  /// Seconds since some fixed moment, never going back.
  public var uptime: @Sendable () -> Double

  /// A clock.
  public init(now: @escaping @Sendable () -> String, uptime: @escaping @Sendable () -> Double) {
    self.now = now
    self.uptime = uptime
  }

  /// The system's clocks.
  public static let system: MigrationClock = {
    let start = ContinuousClock.now
    return MigrationClock(
      now: { UTCTime.now.iso8601 }, uptime: { (ContinuousClock.now - start).seconds })
  }()
}
