import RMOSHTML
import RMOSModels

/// How many jobs finished, and how many of them succeeded, along the calendar.
struct TimeChart {
  private struct Slot {
    var number: Int
    var completed = 0
    var failed = 0
    var success: Rate { Rate(completed, of: completed + failed) }
  }

  private let unit: CalendarUnit
  private let first: Int
  private let last: Int
  private let slots: [Slot]
  private let isCut: Bool

  /// Few enough that each has jobs enough to say something.
  private static let mostSlots = 36

  /// Creates the chart; `nil` if no job has finished.
  init?(_ jobs: JobFigures) {
    let days = jobs.days.compactMap { day in
      CalendarDay(day.key).map { (number: $0.number, jobs: day.figures) }
    }
    guard let oldest = days.first?.number, let newest = days.last?.number else { return nil }
    func bound(_ text: String?, _ other: Int) -> Int {
      text.flatMap { CalendarDay($0)?.number } ?? other
    }
    let from = min(oldest, bound(jobs.throughput.from, oldest))
    let to = max(newest, bound(jobs.throughput.to, newest))
    let unit = CalendarUnit.fitting(Self.mostSlots, from: from, to: to)
    var slots: [Slot] = []
    for (number, jobs) in days {
      let place = unit.number(ofDay: number)
      if slots.last?.number != place { slots.append(Slot(number: place)) }
      slots[slots.count - 1].completed += jobs.count
      slots[slots.count - 1].failed += jobs.rest
    }
    self.unit = unit
    self.slots = slots
    last = unit.number(ofDay: to)
    first = max(unit.number(ofDay: from), last - Self.mostSlots + 1)
    isCut = slots.contains { [first] in $0.number < first }
  }

  /// The charts of the numbers and of the rates, with a table behind them.
  var figures: HTML {
    let shown = slots.filter { $0.number >= first }
    let cut: HTML =
      isCut ? "<p class=\"dim note\">Older jobs are in the table only.</p>\n" : ""
    let busiest = shown.max { ($0.success.total, $1.number) < ($1.success.total, $0.number) }
    let peak = busiest.map {
      "Most: \(PlainText.grouped($0.success.total)), \(unit.name(of: $0.number))"
    }
    let names = (first: unit.name(of: first), last: unit.name(of: last))
    let numbers = ColumnChart(
      id: "finished", title: "Jobs finished by \(unit.rawValue)",
      summary: peak ?? "",
      series: [
        .init(name: "completed", style: "migrated"),
        .init(name: "failed", style: "failed", hatching: "h-failed"),
      ],
      columns: shown.map {
        .init(
          place: $0.number - first,
          description: "\(unit.name(of: $0.number)): \(PlainText.grouped($0.completed)) completed, "
            + "\(PlainText.grouped($0.failed)) failed",
          content: .stack([$0.completed, $0.failed]))
      }, places: last - first + 1, names: (names.first, peak, names.last))
    let rates = ColumnChart(
      id: "success", title: "Success rate by \(unit.rawValue)",
      summary: "The success rate, with its interval of 95 %",
      columns: shown.compactMap { slot in
        guard let low = slot.success.low, let rate = slot.success.percent,
          let high = slot.success.high
        else { return nil }
        return .init(
          place: slot.number - first,
          description: "\(unit.name(of: slot.number)): \(FigureText.rate(slot.success))",
          content: .rate(low: low, rate, high: high))
      }, places: last - first + 1,
      names: (names.first, "Success rate with its interval of 95 %", names.last))
    return numbers.figure("") + rates.figure(note: cut, table.details)
  }

  private var table: ChartTable {
    ChartTable(
      id: "time-table", caption: "Finished jobs by \(unit.rawValue), the newest first",
      columns: [
        .text(unit.rawValue), .number("completed"), .number("failed"), .number("success, %"),
        .number("at least, %"), .number("at most, %"),
      ],
      rows: slots.reversed().map { slot in
        [
          "\(unit.name(of: slot.number))", "\(PlainText.grouped(slot.completed))",
          "\(PlainText.grouped(slot.failed))",
        ]
          + [slot.success.percent, slot.success.low, slot.success.high].map {
            "\(FigureText.number($0, 1))"
          }
      })
  }
}

/// Figures in words.
package enum FigureText {
  /// What stands for what is not known.
  package static let unknown = "unknown"

  /// A number; a word if it is not known.
  package static func number(_ number: Double?, _ decimals: Int) -> String {
    guard let number, number.isFinite else { return unknown }
    guard abs(number) < 1e15 else { return number.description }
    if decimals == 0, let whole = Int(exactly: number.rounded()) {
      return PlainText.grouped(whole)
    }
    return PlainText.fixed(number, decimals: decimals)
  }

  /// A rate in words: percentage, denominator and interval.
  package static func rate(_ rate: Rate) -> String {
    guard let percent = rate.percent, let low = rate.low, let high = rate.high else {
      return unknown
    }
    return "\(number(percent, 1)) % of \(PlainText.grouped(rate.total)) "
      + "(\(number(low, 1))–\(number(high, 1)) %)"
  }
}
