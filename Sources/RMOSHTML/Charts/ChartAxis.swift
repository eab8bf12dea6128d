import RMOSModels
import RMOSSystem

/// The scale of a chart: marks, evenly spaced, with values between them in proportion.
///
/// The steps from mark to mark may grow, so that seconds and days fit on one scale that begins at
/// 0.
package struct ChartAxis: Sendable {
  /// A value with its label.
  package struct Mark: Sendable, Hashable {
    package var value: Double
    package var label: String
  }

  /// The marks, ascending; at least two.
  package private(set) var marks: [Mark]

  /// Creates a scale whose last mark names the unit.
  private init(_ marks: [Mark], unit: String = "") {
    self.marks = marks
    self.marks[marks.count - 1].label += unit
  }

  /// 0 to 100 %.
  package static let percent = ChartAxis(
    [0, 25, 50, 75, 100].map { Mark(value: $0, label: PageText.decimal($0)) }, unit: " %")

  /// From 0 to at least a number, in steps of 1, 2 or 5 and a power of ten.
  ///
  /// - Parameters:
  ///   - maximum: The largest number of the chart.
  ///   - suffix: The unit, which the last mark names, with the space before it.
  /// - Returns: The scale.
  package static func from0(to maximum: Double, suffix: String = "") -> ChartAxis {
    evenly(step(for: maximum), maximum, suffix, number)
  }

  /// Durations from 0 to at least `longest`; in growing steps if the shortest is far shorter.
  package static func durations(from shortest: Double, to longest: Double) -> ChartAxis {
    let growing: [Double] = [
      0, 1, 10, 60, 600, 3600, 36_000, 345_600, 3_456_000, 34_560_000, 345_600_000,
    ]
    guard longest >= 0, longest <= 345_600_000 else { return from0(to: longest, suffix: " s") }
    if longest > 50 * shortest, longest > 60 {
      let last = growing.firstIndex { $0 >= longest } ?? growing.count - 1
      let first = growing.lastIndex { $0 <= shortest / 2 && $0 >= 1 } ?? 0
      return ChartAxis(
        ([0] + growing[max(1, first)...max(last, first + 1)]).map {
          Mark(value: $0, label: duration($0))
        })
    }
    let units: [Double] = [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000, 36_000, 86_400,
      172_800, 432_000,
    ]
    let step = units.first { $0 * 5 >= longest } ?? step(for: longest / 86_400) * 86_400
    if longest < 5 { return from0(to: longest, suffix: " s") }
    return evenly(step, longest, "", duration)
  }

  private static func evenly(
    _ step: Double, _ maximum: Double, _ unit: String, _ label: (Double) -> String
  ) -> ChartAxis {
    let steps = (maximum / step).rounded(.up)
    let count = steps >= 1 && steps <= 10 ? Int(steps) : steps > 10 ? 10 : 1
    return ChartAxis(
      (0...count).map {
        Mark(value: Double($0) * step, label: label(Double($0) * step))
      }, unit: unit)
  }

  /// The smallest round step with which five steps reach the maximum.
  private static func step(for maximum: Double) -> Double {
    guard maximum > 0, maximum.isFinite else { return 1 }
    var power = 1.0
    while power * 5 < maximum, power < 1e300 { power *= 10 }
    while power / 10 * 5 >= maximum, power > 1e-300 { power /= 10 }
    return [power / 5, power / 2, power].first { $0 * 5 >= maximum } ?? power
  }

  /// A number with as few digits as it needs.
  private static func number(_ number: Double) -> String {
    if let whole = Int(exactly: number) { return PlainText.grouped(whole) }
    return abs(number) < 1e15 ? PageText.coordinate(number) : number.description
  }

  /// A duration of a whole number of units.
  private static func duration(_ seconds: Double) -> String {
    let units = [(86_400.0, "d"), (3600, "h"), (60, "min"), (1, "s")]
    for (size, name) in units where seconds >= size {
      return "\(PageText.coordinate(seconds / size)) \(name)"
    }
    return "0"
  }

  /// Where a value lies, from 0 to 100; the nearest end if it is off the scale.
  package func position(_ value: Double) -> Double {
    guard !value.isNaN else { return 0 }
    guard let upper = marks.firstIndex(where: { $0.value >= value }) else { return 100 }
    guard upper > 0 else { return 0 }
    let (low, high) = (marks[upper - 1].value, marks[upper].value)
    let part = (value - low) / (high - low)
    return (Double(upper - 1) + part) / Double(marks.count - 1) * 100
  }

  /// The marks whose labels do not overlap: the first, which begins at 0, the last, which ends at
  /// 100, and as many of those in between, which are centered.
  ///
  /// - Parameter width: The width of a character, where that of the scale is 100.
  /// - Returns: The positions of the marks, ascending.
  package func legibleMarks(perCharacter width: Double) -> [Int] {
    func space(_ mark: Mark) -> Double { Double(mark.label.count) * width }
    let last = marks.count - 1
    let (start, gap) = (space(marks[0]), width / 2)
    var end = 100 - space(marks[last])
    var legible = [last]
    for index in (1..<last).reversed() {
      let (middle, half) = (position(ofMark: index), space(marks[index]) / 2)
      guard middle - half - gap >= start, middle + half + gap <= end else { continue }
      legible.append(index)
      end = middle - half
    }
    return [0] + legible.reversed()
  }

  /// Where a mark lies, from 0 to 100.
  package func position(ofMark index: Int) -> Double {
    Double(index) / Double(marks.count - 1) * 100
  }
}

/// The time that a column of a chart along a calendar covers.
package enum CalendarUnit: String, CaseIterable, Sendable {
  case day
  case week
  case month
  case year

  /// Weeks begin on Monday; the day with the number 5 is one.
  private static let firstMonday = 5

  /// The smallest unit with which at most `most` units reach from one day to another.
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
