import CLibrary

/// The moment at which a wait ends.
package struct Deadline: Comparable, Sendable {
  /// The duration from which on a wait counts as endless.
  private static let longest = Duration.seconds(1_000_000_000)

  /// When the deadline passes; `nil` if it never does.
  private let moment: ContinuousClock.Instant?

  private init(_ moment: ContinuousClock.Instant?) { self.moment = moment }

  /// A deadline that never passes.
  package static let never = Deadline(nil)

  /// Creates a deadline that passes `duration` after `now`; a negative duration counts as zero.
  package init(after duration: Duration, from now: ContinuousClock.Instant = .now) {
    moment = duration < Self.longest ? now + max(.zero, duration) : nil
  }

  /// Whether the deadline has passed.
  package var hasPassed: Bool { hasPassed(at: .now) }

  /// Whether the deadline has passed at a given moment.
  package func hasPassed(at now: ContinuousClock.Instant) -> Bool {
    moment.map { $0 <= now } ?? false
  }

  /// The time left, zero once the deadline has passed; `nil` if it never passes.
  package var timeLeft: Duration? { moment.map { max($0 - .now, .zero) } }

  package static func < (left: Deadline, right: Deadline) -> Bool {
    guard let moment = left.moment else { return false }
    return right.moment.map { moment < $0 } ?? true
  }
}

extension Duration {
  /// The duration in seconds, including the fraction.
  package var seconds: Double { self / .seconds(1) }
}

/// The wall clock, which can be set forward and back.
package enum WallClock {
  /// The time since the beginning of 1970 in UTC: `clock_gettime`.
  package static var now: (seconds: Int, nanoseconds: Int) {
    var spec = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &spec)
    return (Int(spec.tv_sec), Int(spec.tv_nsec))
  }
}

/// A day of the proleptic Gregorian calendar.
package struct CivilDate: Hashable, Sendable {
  package let year: Int
  /// 1 to 12.
  package let month: Int
  /// 1 to 31.
  package let day: Int

  package init(year: Int, month: Int, day: Int) {
    (self.year, self.month, self.day) = (year, month, day)
  }

  /// Creates the date with a ``dayNumber``, which must not be negative.
  package init(dayNumber: Int) {
    let (era, dayOfEra) = dayNumber.quotientAndRemainder(dividingBy: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    month = shifted < 10 ? shifted + 3 : shifted - 9
    day = dayOfYear - (153 * shifted + 2) / 5 + 1
    year = era * 400 + yearOfEra + (month < 3 ? 1 : 0)
  }

  /// The number of days since 0000-03-01.
  ///
  /// Years begin in March here, so that the leap day is the last day of its year.
  package var dayNumber: Int {
    let shifted = month > 2 ? (year, month - 3) : (year - 1, month + 9)
    return shifted.0 * 365 + shifted.0 / 4 - shifted.0 / 100 + shifted.0 / 400
      + (153 * shifted.1 + 2) / 5 + day - 1
  }

  /// The ``dayNumber`` of 1970-01-01.
  static let epoch = 719_468

  /// 0 for a Sunday to 6 for a Saturday.
  package var weekday: Int { (dayNumber + 3) % 7 }

  /// The number of days of a month.
  package static func dayCount(year: Int, month: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// `YYYY-MM-DD`.
  package var text: String { "\(year.zeroPadded(to: 4))-\(month.zeroPadded())-\(day.zeroPadded())" }
}

/// A date and time of day in UTC, to the second.
package struct UTCTime: Hashable, Sendable {
  package let date: CivilDate
  /// 0 to 86,399.
  let secondOfDay: Int

  /// Creates a time from the number of seconds since 1970, which must not be negative.
  package init(secondsSince1970 seconds: Int) {
    date = CivilDate(dayNumber: CivilDate.epoch + seconds / 86_400)
    secondOfDay = seconds % 86_400
  }

  /// The current time.
  package static var now: UTCTime { UTCTime(secondsSince1970: WallClock.now.seconds) }

  private var clockText: String {
    [secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60].map { $0.zeroPadded() }
      .joined(separator: ":")
  }

  /// The time in the format of ISO 8601, such as `2026-03-01T09:30:00Z`.
  package var iso8601: String { "\(date.text)T\(clockText)Z" }

  /// The time in the format of HTTP (RFC 9110, 5.6.7), such as `Sun, 06 Nov 1994 08:49:37 GMT`.
  package var httpDate: String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    return "\(days[date.weekday]), \(date.day.zeroPadded()) \(months[date.month - 1]) "
      + "\(date.year.zeroPadded(to: 4)) \(clockText) GMT"
  }
}

extension Int {
  /// Returns the digits of the number, padded with leading zeros to `width` characters.
  package func zeroPadded(to width: Int = 2) -> String {
    let digits = String(self)
    return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
  }
}
