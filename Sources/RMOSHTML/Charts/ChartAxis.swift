import RMOSModels
import RMOSSystem

/// The scale of a chart, linear or logarithmic, with labelled marks.
package struct ChartAxis: Sendable {
  /// A value with its label.
  package struct Mark: Sendable, Hashable {
    package var value: Double
    package var label: String
  }

  /// The marks, ascending; at least two.
  package let marks: [Mark]
  /// Whether equal distances are equal factors; such a scale does not begin at 0.
  package let isLogarithmic: Bool

  /// The unit, with the space before it; empty if each label has its own.
  private let unit: String

  private init(_ marks: [Mark], unit: String = "", isLogarithmic: Bool = false) {
    self.marks = marks
    self.unit = unit
    self.isLogarithmic = isLogarithmic
  }

  /// 0 to 100 %.
  package static let percent = ChartAxis(
    [0, 25, 50, 75, 100].map { Mark(value: $0, label: PageText.decimal($0)) }, unit: " %")

  /// Returns a scale from 0 to at least `maximum`, in steps of 1, 2 or 5 times a power of ten.
  ///
  /// - Parameters:
  ///   - maximum: The largest number of the chart.
  ///   - suffix: The unit of the last label, with the space before it.
  /// - Returns: The scale.
  package static func from0(to maximum: Double, suffix: String = "") -> ChartAxis {
    evenly(step(for: maximum), maximum, suffix, number)
  }

  /// Returns a scale of durations from 0 to at least `longest`, in seconds; a logarithmic one if
  /// `shortest` is far shorter.
  package static func durations(from shortest: Double, to longest: Double) -> ChartAxis {
    guard longest >= 0, longest.isFinite else { return from0(to: longest, suffix: " s") }
    if longest > 60, longest > 50 * shortest { return logarithmic(from: shortest, to: longest) }
    if longest < 5 || longest > longestNamed { return from0(to: longest, suffix: " s") }
    let units: [Double] = [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000, 36_000, 86_400,
      172_800, 432_000,
    ]
    let step = units.first { $0 * 5 >= longest } ?? step(for: longest / 86_400) * 86_400
    return evenly(step, longest, "", duration)
  }

  /// The longest duration whose labels are chosen for days; beyond it, they are powers of ten.
  private static let longestNamed = 345_600_000.0

  private static func logarithmic(from shortest: Double, to longest: Double) -> ChartAxis {
    var values: [Double] = [
      1, 10, 60, 600, 3600, 36_000, 345_600, 3_456_000, 34_560_000, longestNamed,
    ]
    while let last = values.last, last < longest, last < 1e307 { values.append(last * 10) }
    let end = values.firstIndex { $0 >= longest } ?? values.count - 1
    let start = min(values.lastIndex { $0 <= shortest } ?? 0, end - 1)
    values = Array(values[start...end])
    // At most about ten labels; the first and the last stay.
    let every = (values.count + 8) / 9
    values = values.enumerated().filter {
      $0.offset == values.count - 1
        || $0.offset % every == 0 && values.count - 1 - $0.offset >= every
    }.map(\.element)
    return ChartAxis(
      values.enumerated().map { index, value in
        let isBound = index == 0 && shortest < value
        return Mark(value: value, label: (isBound ? "≤ " : "") + duration(value))
      }, isLogarithmic: true)
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

  /// Returns the smallest round step of which five reach the maximum.
  private static func step(for maximum: Double) -> Double {
    guard maximum > 0, maximum.isFinite else { return 1 }
    var power = 1.0
    while power * 5 < maximum, power < 1e307 { power *= 10 }
    while power / 10 * 5 >= maximum, power > 1e-300 { power /= 10 }
    return [power / 5, power / 2, power].first { $0 * 5 >= maximum } ?? power
  }

  /// Returns a number with as few digits as it needs.
  private static func number(_ number: Double) -> String {
    if abs(number) >= 1e15 || 0 < number && number < 1e-6 { return PageText.rounded(number) }
    if let whole = Int(exactly: number) { return PlainText.grouped(whole) }
    return PageText.coordinate(number, decimals: number < 1 ? 9 : 3)
  }

  /// Returns a duration in the largest unit that is not longer.
  private static func duration(_ seconds: Double) -> String {
    let units = [(86_400.0, "d"), (3600, "h"), (60, "min"), (1, "s")]
    for (size, name) in units where seconds >= size {
      return "\(number(seconds / size)) \(name)"
    }
    return "0"
  }

  /// Returns the position of a value, from 0 to 100; that of the nearer end if it is off the scale.
  package func position(_ value: Double) -> Double {
    guard !value.isNaN else { return 0 }
    guard let upper = marks.firstIndex(where: { $0.value >= value }) else { return 100 }
    guard upper > 0 else { return 0 }
    guard !isLogarithmic else {
      let (low, high) = (marks[0].value, marks[marks.count - 1].value)
      return 100 * (value.binaryLogarithm - low.binaryLogarithm)
        / (high.binaryLogarithm - low.binaryLogarithm)
    }
    let (low, high) = (marks[upper - 1].value, marks[upper].value)
    let part = (value - low) / (high - low)
    return (Double(upper - 1) + part) / Double(marks.count - 1) * 100
  }

  /// Returns the labels for which there is room: those of all marks, of every second one, and so
  /// on.
  ///
  /// The label of the first mark begins there, that of the last mark ends there, and the others are
  /// centered. The last label has the unit.
  ///
  /// - Parameter width: The width of a character, where that of the scale is 100.
  /// - Returns: The positions of the marks, ascending, and their labels.
  package func labels(perCharacter width: Double) -> [(mark: Int, text: String)] {
    let last = marks.count - 1
    func labels(_ step: Int) -> [(mark: Int, text: String)] {
      let shown = Array(stride(from: 0, through: last, by: step))
      return shown.map { ($0, marks[$0].label + ($0 == shown.last ? unit : "")) }
    }
    func isLegible(_ labels: [(mark: Int, text: String)]) -> Bool {
      let extents = labels.map { index, text -> (start: Double, end: Double) in
        let space = Double(text.count) * width
        let start =
          index == 0 ? 0 : index == last ? 100 - space : position(ofMark: index) - space / 2
        return (start, start + space)
      }
      // Two labels with a narrower gap would read like one.
      return zip(extents, extents.dropFirst()).allSatisfy { $0.end + 2 * width <= $1.start }
    }
    return (1...last).lazy.map(labels).first(where: isLegible) ?? labels(last)
  }

  /// Returns the position of a mark, from 0 to 100.
  package func position(ofMark index: Int) -> Double {
    isLogarithmic ? position(marks[index].value) : Double(index) / Double(marks.count - 1) * 100
  }
}

/// The period that a column of a chart along a calendar covers.
package enum CalendarUnit: String, CaseIterable, Sendable {
  case day
  case week
  case month
  case year

  /// The number of a day that is a Monday, on which weeks begin.
  private static let firstMonday = 5

  /// Returns the smallest unit of which at most `most` reach from one day to another.
  package static func fitting(_ most: Int, from first: Int, to last: Int) -> CalendarUnit {
    allCases.first { $0.number(ofDay: last) - $0.number(ofDay: first) < most } ?? .year
  }

  /// Returns the first day of a chart.
  ///
  /// This is the earliest day, unless a few days lie so far before all others, for instance because
  /// of a mistyped year, that the others would have less than a quarter of the chart.
  ///
  /// - Parameters:
  ///   - days: Days, ascending, with the count of each; at least one.
  ///   - last: The last day of the chart.
  /// - Returns: The earliest day, or the first one after at most a twentieth of all counts.
  package static func start(of days: [(number: Int, count: Int)], to last: Int) -> Int {
    let first = days[0].number
    let most = days.reduce(0) { $0 + Double($1.count) } / 20
    var before = 0.0
    for (previous, day) in zip(days, days.dropFirst()) {
      before += Double(previous.count)
      guard before <= most else { break }
      if (last - day.number) * 4 < last - first { return day.number }
    }
    return first
  }

  /// Returns the number of the unit that contains a day, which is counted as by
  /// `CivilDate/dayNumber`.
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

  /// Returns the name of a unit, such as `Nov 2025`.
  package func name(of number: Int) -> String {
    switch self {
    case .day: Self.day(number)
    case .week: "week of \(Self.day(number * 7 + Self.firstMonday))"
    case .month: PageText.month(number % 12 + 1, number / 12)
    case .year: number.zeroPadded(to: 4)
    }
  }

  /// Chooses the units with a label below a chart: as many as fit, at equal distances.
  ///
  /// - Parameters:
  ///   - first: The number of the first unit.
  ///   - last: The number of the last one.
  ///   - width: The width of a character, where that of the chart is 100.
  ///   - others: The units with a label in a wider chart, from which to choose; `nil` for all.
  /// - Returns: The numbers, ascending.
  func ticks(
    from first: Int, to last: Int, perCharacter width: Double, among others: [Int]? = nil
  ) -> [Int] {
    let places = last - first + 1
    let steps =
      switch self {
      // All of them divide or are multiples of 12, so January has a label.
      case .month: [1, 2, 3, 6, 12, 24, 60]
      case .day, .week, .year: [1, 2, 5, 10, 20, 50, 100]
      }
    let characters = Double((first...last).map { tick($0).count }.max() ?? 0) + 1.5
    let anchor = self == .month || self == .year ? 0 : last
    for step in steps where Double(step) * 100 / Double(places) >= characters * width {
      let chosen = (first...last).filter { ($0 - anchor) % step == 0 }
      if others.map({ Set($0).isSuperset(of: chosen) }) ?? true { return chosen }
    }
    return []
  }

  /// Returns the short name of a unit, without its year.
  func tick(_ number: Int) -> String {
    switch self {
    case .day, .week:
      let date = CivilDate(dayNumber: self == .week ? number * 7 + Self.firstMonday : number)
      return PageText.day(date.day, date.month)
    case .month:
      let month = number % 12 + 1
      return month == 1 ? (number / 12).zeroPadded(to: 4) : PageText.month(month)
    case .year: return number.zeroPadded(to: 4)
    }
  }

  private static func day(_ number: Int) -> String {
    let date = CivilDate(dayNumber: number)
    return PageText.day(date.day, date.month, date.year)
  }
}
