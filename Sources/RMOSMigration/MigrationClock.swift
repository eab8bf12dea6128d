import RMOSSystem

/// The clocks that a run reads; tests pass their own.
package struct MigrationClock: Sendable {
  /// The time since the beginning of 1970, in UTC.
  package var now: @Sendable () -> Duration
  /// The time since some fixed moment; never goes back.
  package var uptime: @Sendable () -> Duration

  /// Creates a clock.
  package init(
    now: @escaping @Sendable () -> Duration, uptime: @escaping @Sendable () -> Duration
  ) {
    self.now = now
    self.uptime = uptime
  }

  /// The system's clocks.
  package static let system: MigrationClock = {
    let start = ContinuousClock.now
    return MigrationClock(
      now: {
        let now = WallClock.now
        return .seconds(now.seconds) + .nanoseconds(now.nanoseconds)
      }, uptime: { ContinuousClock.now - start })
  }()
}

extension MigrationClock {
  /// The current time as the ledger writes it, such as `2026-03-01T09:30:00Z`.
  package var timestamp: String { Self.timestamp(now()) }

  /// A time since the beginning of 1970 as the ledger writes it.
  package static func timestamp(_ time: Duration) -> String {
    UTCTime(secondsSince1970: max(0, Int(time.components.seconds))).iso8601
  }
}
