import CLibrary

/// A moment up to which something is waited for.
package struct Deadline: Comparable, Sendable {
  /// A longer wait has no end.
  private static let longest = 1e9

  /// `nil` if it never comes.
  private let moment: ContinuousClock.Instant?

  private init(_ moment: ContinuousClock.Instant?) { self.moment = moment }

  /// Creates a deadline that never comes.
  package static let never = Deadline(nil)

  /// Creates a deadline any number of seconds from a moment.
  package init(after seconds: Double, from now: ContinuousClock.Instant = .now) {
    moment =
      seconds < Self.longest ? now + .seconds(max(0, seconds)) : seconds.isNaN ? now : nil
  }

  /// Creates a deadline any time from a moment.
  package init(after duration: Duration, from now: ContinuousClock.Instant = .now) {
    self.init(after: duration.seconds, from: now)
  }

  /// Whether it is past.
  package var hasPassed: Bool { hasPassed(at: .now) }

  /// Whether it is past at a moment.
  package func hasPassed(at now: ContinuousClock.Instant) -> Bool {
    moment.map { $0 <= now } ?? false
  }

  /// How long it is until then, zero once it is past; `nil` if it never comes.
  package var timeLeft: Duration? { moment.map { max($0 - .now, .zero) } }

  package static func < (left: Deadline, right: Deadline) -> Bool {
    guard let moment = left.moment else { return false }
    return right.moment.map { moment < $0 } ?? true
  }
}

extension Duration {
  /// The whole and its fraction in seconds.
  package var seconds: Double { self / .seconds(1) }
}

/// The clock of the day, which may be set.
package enum WallClock {
  /// The time since the beginning of 1970 in UTC: `clock_gettime`.
  package static var now: (seconds: Int, nanoseconds: Int) {
    var spec = timespec()
    clock_gettime(CLOCK_REALTIME, &spec)
    return (Int(spec.tv_sec), Int(spec.tv_nsec))
  }
}

extension SystemThread {
  /// Gives way for a moment: `usleep`.
  package static func pause(milliseconds: UInt32) { _ = usleep(milliseconds * 1000) }

  /// Waits, whatever signals come: `sleep`.
  package static func sleep(seconds: Int) {
    var left = UInt32(seconds)
    while left > 0 { left = CLibrary.sleep(left) }
  }
}
