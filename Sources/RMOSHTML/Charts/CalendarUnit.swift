import RMOSSystem

/// The time that a column of a chart along a calendar covers.
package enum CalendarUnit: String, CaseIterable, Sendable {
  case day
  case week
  case month
  case year

  /// Weeks begin on Monday; the day with the number 5 is one.
  private static let firstMonday = 5

  /// The smallest unit of which not more than `most` reach from one day to another.
  package static func fitting(_ most: Int, from first: Int, to last: Int) -> CalendarUnit {
    allCases.first { $0.number(ofDay: last) - $0.number(ofDay: first) < most } ?? .year
  }

  /// The number of the unit that a day, counted as by `CivilDate/dayNumber`, is in.
  package func number(ofDay day: Int) -> Int {
    switch self {
    case .day: return day
    case .week:
      let days = day - Self.firstMonday
      return days >= 0 ? days / 7 : (days - 6) / 7
    case .month:
      let date = CivilDate(dayNumber: day)
      return date.year * 12 + date.month - 1
    case .year: return CivilDate(dayNumber: day).year
    }
  }

  /// The name of a unit, such as `Nov 2025`.
  package func name(of number: Int) -> String {
    switch self {
    case .day: Self.day(number)
    case .week: "week of \(Self.day(number * 7 + Self.firstMonday))"
    case .month: PageText.month(number % 12 + 1, number / 12)
    case .year: String(number)
    }
  }

  private static func day(_ number: Int) -> String {
    let date = CivilDate(dayNumber: number)
    return PageText.day(date.day, date.month, date.year)
  }
}
