import RMOSModels
import RMOSSystem

/// A day of the calendar, in the years 0001 to 9999.
///
/// ```swift
/// let first = CalendarDay("2025-01-01")
/// let none = CalendarDay("2025-02-30")  // nil
/// ```
public struct CalendarDay: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The number of days since 0000-03-01.
  package let number: Int

  /// Creates a day from text of the form `YYYY-MM-DD`; `nil` if there is no such day.
  public init?(_ text: String) {
    guard let timestamp = Timestamp(text), timestamp.time == nil else { return nil }
    number = timestamp.dayNumber
  }

  /// Creates the day with a number.
  init(number: Int) { self.number = number }

  /// The current day in UTC.
  package static var today: CalendarDay { CalendarDay(number: UTCTime.now.date.dayNumber) }

  /// The day in the form `YYYY-MM-DD`.
  public var description: String { CivilDate(dayNumber: number).text }

  /// Returns whether one day is before another.
  public static func < (left: CalendarDay, right: CalendarDay) -> Bool {
    left.number < right.number
  }
}
