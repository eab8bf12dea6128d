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
