import RMOSSystem

/// An ISO 8601 date, or date and time, as RMOS accepts it.
///
/// The form is `YYYY-MM-DD`, optionally followed by `T` or a space and `HH:MM[:SS[.f…]]`, which may
/// be followed by `Z` or `±HH:MM`. The date must exist in the proleptic Gregorian calendar, in the
/// years 0001 to 9999; hours are 00 to 23, minutes and seconds 00 to 59. Entities keep the text as
/// written; a timestamp is its value.
///
/// ```swift
/// let start = Timestamp("2025-01-15T10:30:00Z")
/// let end = Timestamp("2025-01-15 12:15+01:00")
/// if let start, let end, end.order(relativeTo: start) == .before {
///   print("ends before it starts")
/// }
/// ```
package struct Timestamp: Sendable, Hashable {
  /// A time of day.
  package struct Time: Sendable, Hashable {
    /// 0 to 23.
    package let hour: Int
    /// 0 to 59.
    package let minute: Int
    /// 0 to 59; 0 if the text has none.
    package let second: Int
    /// The fraction of the second in nanoseconds; further digits are ignored.
    package let nanosecond: Int
    /// Seconds east of UTC; `nil` if the text has no time zone.
    package let zoneOffset: Int?
  }

  /// The order of two moments.
  package enum Order: Sendable, Hashable {
    /// The first is earlier.
    case before
    /// Both are the same, as far as they are compared.
    case same
    /// The first is later.
    case after
  }

  /// 1 to 9999.
  package let year: Int
  /// 1 to 12.
  package let month: Int
  /// 1 to 31.
  package let day: Int
  /// The time of day; `nil` for a date alone.
  package let time: Time?

  /// Creates a timestamp from its text; `nil` if `text` is not a timestamp.
  package init?(_ text: String) {
    var text = text
    guard let timestamp = text.withUTF8({ unsafe Timestamp(utf8: $0) }) else { return nil }
    self = timestamp
  }

  /// Creates a timestamp from its text in UTF-8, without allocating; `nil` if it is not a
  /// timestamp.
  package init?(utf8: UnsafeBufferPointer<UInt8>) {
    var cursor = unsafe Cursor(bytes: utf8)
    guard let year = cursor.digits(4), cursor.take("-"),
      let month = cursor.digits(2), cursor.take("-"),
      let day = cursor.digits(2),
      year >= 1, 1...12 ~= month, day >= 1, day <= CivilDate.dayCount(year: year, month: month)
    else { return nil }
    self.year = year
    self.month = month
    self.day = day
    if cursor.isAtEnd {
      time = nil
      return
    }
    guard cursor.take("T") || cursor.take(" "), let time = cursor.time(), cursor.isAtEnd else {
      return nil
    }
    self.time = time
  }

  /// Compares two timestamps.
  ///
  /// If either is a date alone, the days are compared as written. Otherwise two times with a time
  /// zone are compared as instants, and two times without one as local times, to the nanosecond.
  ///
  /// - Returns: The order; `nil` if both have a time, but only one has a time zone.
  package func order(relativeTo other: Timestamp) -> Order? {
    guard let time, let otherTime = other.time else {
      return Timestamp.order(dayNumber, other.dayNumber)
    }
    guard (time.zoneOffset == nil) == (otherTime.zoneOffset == nil) else { return nil }
    let seconds = dayNumber * 86_400 + time.secondOfDay - (time.zoneOffset ?? 0)
    let otherSeconds =
      other.dayNumber * 86_400 + otherTime.secondOfDay - (otherTime.zoneOffset ?? 0)
    return seconds == otherSeconds
      ? Timestamp.order(time.nanosecond, otherTime.nanosecond)
      : Timestamp.order(seconds, otherSeconds)
  }

  private static func order(_ left: Int, _ right: Int) -> Order {
    left < right ? .before : left == right ? .same : .after
  }

  /// Whether it is on the first day of the calendar, which programs write in place of an unknown
  /// time.
  package var isNone: Bool { year == 1 && month == 1 && day == 1 }

  /// The number of days since 0000-03-01.
  package var dayNumber: Int { CivilDate(year: year, month: month, day: day).dayNumber }
}

extension Timestamp.Time {
  fileprivate var secondOfDay: Int { hour * 3600 + minute * 60 + second }
}

extension Timestamp {
  /// The day in UTC, `YYYY-MM-DD`; the day as written if the text has no time zone.
  ///
  /// - Complexity: O(1).
  package var utcDay: String {
    var number = dayNumber
    if let time, let offset = time.zoneOffset {
      let second = time.secondOfDay - offset
      number += second < 0 ? -1 : second >= 86_400 ? 1 : 0
    }
    return CivilDate(dayNumber: number).text
  }
}

extension Timestamp {
  @safe private struct Cursor {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0

    var isAtEnd: Bool { unsafe position == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard unsafe position < bytes.count, unsafe bytes[position] == UInt8(ascii: character) else {
        return false
      }
      position += 1
      return true
    }

    mutating func digit() -> Int? {
      guard unsafe position < bytes.count, unsafe 0x30...0x39 ~= bytes[position] else { return nil }
      position += 1
      return unsafe Int(bytes[position - 1] & 15)
    }

    mutating func digits(_ count: Int) -> Int? {
      var number = 0
      for _ in 0..<count {
        guard let digit = digit() else { return nil }
        number = number * 10 + digit
      }
      return number
    }

    mutating func number(upTo limit: Int) -> Int? {
      guard let number = digits(2), number <= limit else { return nil }
      return number
    }

    mutating func time() -> Time? {
      guard let hour = number(upTo: 23), take(":"), let minute = number(upTo: 59) else {
        return nil
      }
      var second = 0
      var nanosecond = 0
      if take(":") {
        guard let given = number(upTo: 59) else { return nil }
        second = given
        if take(".") {
          guard let fraction = fraction() else { return nil }
          nanosecond = fraction
        }
      }
      var zoneOffset: Int?
      if take("Z") {
        zoneOffset = 0
      } else if !isAtEnd {
        guard let offset = offset() else { return nil }
        zoneOffset = offset
      }
      return Time(
        hour: hour, minute: minute, second: second, nanosecond: nanosecond,
        zoneOffset: zoneOffset)
    }

    mutating func offset() -> Int? {
      let isWest = take("-")
      guard isWest || take("+"), let hour = number(upTo: 23), take(":"),
        let minute = number(upTo: 59)
      else { return nil }
      let offset = hour * 3600 + minute * 60
      return isWest ? -offset : offset
    }

    mutating func fraction() -> Int? {
      guard var nanosecond = digit() else { return nil }
      var count = 1
      while let digit = digit() {
        if count < 9 { nanosecond = nanosecond * 10 + digit }
        count += 1
      }
      while count < 9 {
        nanosecond *= 10
        count += 1
      }
      return nanosecond
    }
  }
}
