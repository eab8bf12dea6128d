/// Statistics of a set of numbers; all of them are `nil` if the set is empty.
public struct NumberSummary: Sendable, Hashable {
  /// The count of the numbers.
  public var n: Int
  /// The count of the missing numbers: values that are unknown or not numbers.
  public var missing: Int
  /// The smallest number.
  public var minimum: Double?
  /// The lower quartile by nearest rank: number ⌈0.25·n⌉ in ascending order.
  public var lowerQuartile: Double?
  /// The middle number, or the mean of the middle two.
  public var median: Double?
  /// The upper quartile by nearest rank: number ⌈0.75·n⌉ in ascending order.
  public var upperQuartile: Double?
  /// The 90th percentile by nearest rank: number ⌈0.9·n⌉ in ascending order.
  public var p90: Double?
  /// The arithmetic mean; the sum is exact before it is divided.
  public var mean: Double?
  /// The largest number.
  public var maximum: Double?

  /// Creates the summary of no numbers.
  ///
  /// - Parameter missing: The count of the missing numbers.
  package init(missing: Int = 0) {
    n = 0
    self.missing = missing
  }
}

/// A share of a whole in percent, with a confidence interval of the true rate.
///
/// The interval is Wilson's score interval with a confidence of 95 %, z = 1.959964: with n = total
/// and p = count/n, (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
///
/// Source: Edwin B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
/// Journal of the American Statistical Association 22 (1927), pages 209–212.
public struct Rate: Sendable, Hashable {
  /// The number of elements that count.
  public var count: Int
  /// The number of all elements.
  public var total: Int

  /// Creates a rate.
  ///
  /// - Parameters:
  ///   - count: The number of elements that count; at most `total`.
  ///   - total: The number of all elements.
  package init(_ count: Int, of total: Int) {
    self.count = count
    self.total = total
  }

  /// The number of elements that do not count.
  package var rest: Int { total - count }
  /// The rate, 100·count/total; `nil` if the total is 0.
  public var percent: Double? { total > 0 ? 100 * Double(count) / Double(total) : nil }
  /// The lower limit of the interval, in percent; `nil` if the total is 0.
  public var low: Double? { limit(-1) }
  /// The upper limit of the interval, in percent; `nil` if the total is 0.
  public var high: Double? { limit(1) }

  private func limit(_ sign: Double) -> Double? {
    guard total > 0 else { return nil }
    // Rounding would make these limits slightly more than 0 or less than 100.
    if sign < 0, count <= 0 { return 0 }
    if sign > 0, count >= total { return 100 }
    let (z, n) = (1.959964, Double(total))
    let p = Double(count) / n
    let center = p + z * z / (2 * n)
    let half = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return min(100, max(0, 100 * (center + sign * half) / (1 + z * z / n)))
  }
}

/// The figures of one group.
public struct Grouped<Key: Sendable & Hashable, Figures: Sendable & Hashable>: Sendable, Hashable {
  /// What the group has in common, such as a job type, a material or a size.
  public var key: Key
  /// The figures of the group.
  public var figures: Figures

  /// Creates a group.
  ///
  /// - Parameters:
  ///   - key: What the group has in common.
  ///   - figures: Its figures.
  init(_ key: Key, _ figures: Figures) {
    self.key = key
    self.figures = figures
  }
}

/// The success rate of a range of days, compared with that of all days.
package struct SuccessWindow: Sendable, Hashable {
  /// The first day.
  package var from: CalendarDay
  /// The last day.
  package var to: CalendarDay
  /// The completed among the jobs finished on these days.
  package var success: Rate
  /// The distance of the window's rate p from the rate P of all finished jobs, in standard errors:
  /// (p − P)/√(P(1 − P)/n); `nil` if P is 0 or 1.
  package var score: Double?
}

extension AnalyticsReport {
  /// Returns the windows of `length` days in which jobs finished; the last window ends on the last
  /// day on which one did.
  package func successWindows(ofDays length: Int) -> [SuccessWindow] {
    guard let last = jobs.days.last.flatMap({ CalendarDay($0.key) }), length > 0,
      let overall = jobs.success.percent.map({ $0 / 100 })
    else { return [] }
    var windows: [SuccessWindow] = []
    for day in jobs.days {
      guard let date = CalendarDay(day.key) else { continue }
      let back = (last.number - date.number) / length
      let end = CalendarDay(number: last.number - back * length)
      if windows.last?.to != end {
        // 306 is the number of 0001-01-01, the first day of the calendar.
        windows.append(
          SuccessWindow(
            from: CalendarDay(number: max(306, end.number - length + 1)), to: end,
            success: Rate(0, of: 0)))
      }
      windows[windows.count - 1].success.count += day.figures.count
      windows[windows.count - 1].success.total += day.figures.total
    }
    let spread = overall * (1 - overall)
    return windows.map { window in
      var window = window
      if spread > 0 {
        let n = Double(window.success.total)
        window.score =
          (Double(window.success.count) / n - overall) / (spread / n).squareRoot()
      }
      return window
    }
  }
}
