import RMOSHTML
import RMOSModels

/// The number of finished jobs and their success rate along the calendar.
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
  /// All slots with finished jobs, for the table.
  private let slots: [Slot]
  /// The slots in the chart.
  private let shown: [Slot]
  /// Whether the chart leaves out old slots.
  private let isCut: Bool
  /// The number of finished jobs whose day is after today.
  private let future: Int

  /// The maximum number of slots: more would have too few jobs each to be informative.
  private static let mostSlots = 36

  /// Creates the chart; `nil` if no job has finished.
  ///
  /// It ends today, so that it shows for how long no job has finished, or on the last day
  /// requested. A few much older jobs, for instance with a mistyped year, are left out: they would
  /// leave no room for the others.
  ///
  /// - Parameters:
  ///   - jobs: The figures of the jobs.
  ///   - last: The last day requested; `nil` if there is none.
  ///   - today: The current day.
  init?(_ jobs: JobFigures, to last: CalendarDay?, today: CalendarDay) {
    let days = jobs.days.compactMap { day in
      CalendarDay(day.key).map { (number: $0.number, jobs: day.figures) }
    }
    guard let oldest = days.first?.number else { return nil }
    let to = min(last ?? today, today).number
    let past = days.filter { $0.number <= today.number }
    let start =
      past.isEmpty
      ? to : CalendarUnit.start(of: past.map { ($0.number, $0.jobs.total) }, to: to)
    let first = jobs.throughput.from.flatMap { CalendarDay($0)?.number } ?? oldest
    let from = start > oldest ? start : min(oldest, first, to)
    let unit = CalendarUnit.fitting(Self.mostSlots, from: from, to: to)
    func slots(until end: Int) -> [Slot] {
      var slots: [Slot] = []
      for (number, jobs) in days where number <= end {
        let place = unit.number(ofDay: number)
        if slots.last?.number != place { slots.append(Slot(number: place)) }
        slots[slots.count - 1].completed += jobs.count
        slots[slots.count - 1].failed += jobs.rest
      }
      return slots
    }
    let known = slots(until: today.number)
    self.unit = unit
    self.last = unit.number(ofDay: to)
    self.first = max(unit.number(ofDay: from), self.last - Self.mostSlots + 1)
    self.slots = slots(until: .max)
    shown = known.filter { [first = self.first] in $0.number >= first }
    isCut = shown.count < known.count
    future = days.reduce(0) { $0 + ($1.number > today.number ? $1.jobs.total : 0) }
  }

  /// Returns the description of a table of jobs by a unit.
  static func note(_ unit: CalendarUnit) -> String {
    "Jobs finished in each \(unit.rawValue), by the day they ended."
  }

  /// The description of the charts.
  var note: String { Self.note(unit) }

  /// A chart of the numbers and one of the rates, with a table behind them.
  var figures: HTML {
    let notes: HTML =
      (isCut ? "<p class=\"dim note\">Older jobs are in the table only.</p>\n" : "")
      + (future == 0
        ? ""
        : """
        <p class="warning note"><span aria-hidden="true">!</span> \(PlainText.counted(future, "job")) \
        with a day after today \(future == 1 ? "is" : "are") in the table only.</p>

        """)
    guard !shown.isEmpty else { return notes + table.table }
    let busiest = shown.max { ($0.success.total, $1.number) < ($1.success.total, $0.number) }
    let peak = busiest.map {
      "Most: \(PlainText.grouped($0.success.total)), \(unit.name(of: $0.number))"
    }
    let names = (first: unit.name(of: first), last: unit.name(of: last))
    let ticks = unit.ticks(from: first, to: last)
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
      }, places: last - first + 1, names: (names.first, peak, names.last), ticks: ticks)
    let rates = ColumnChart(
      id: "success", title: "Success rate by \(unit.rawValue)",
      summary: "The success rate, with its 95 % confidence interval",
      columns: shown.compactMap { slot in
        guard let low = slot.success.low, let rate = slot.success.percent,
          let high = slot.success.high
        else { return nil }
        return .init(
          place: slot.number - first,
          description: "\(unit.name(of: slot.number)): \(FigureText.rate(slot.success))",
          content: .rate(low: low, rate, high: high))
      }, places: last - first + 1,
      names: (names.first, "Success rate with its 95 % confidence interval", names.last),
      ticks: ticks)
    return numbers.figure("") + rates.figure(note: notes, table.details)
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
  /// The text for a figure that is not known.
  package static let unknown = "unknown"

  /// Returns a number as text, or ``unknown``.
  ///
  /// A number that would be rounded to 0 gets up to three more decimals.
  package static func number(_ number: Double?, _ decimals: Int) -> String {
    guard let number, number.isFinite else { return unknown }
    guard abs(number) < 1e15 else { return PageText.rounded(number) }
    // The number in units of its last decimal.
    var units = abs(number)
    for _ in 0..<decimals { units *= 10 }
    var more = 0
    if units > 0, units < 0.5 {
      while units < 1, more < 3 { (units, more) = (units * 10, more + 1) }
    }
    return PlainText.grouped(number, decimals: units < 0.5 ? decimals : decimals + more)
  }

  /// Returns the numbers of values that a summary has and lacks, in words.
  package static func basis(_ summary: NumberSummary) -> String {
    "n \(PlainText.grouped(summary.n)), \(PlainText.grouped(summary.missing)) missing"
  }

  /// Returns the numbers of jobs that a mean waste is based on, that lack it, and that give an
  /// impossible one, in words.
  package static func basis(_ waste: MaterialFigures.Waste) -> String {
    "n \(PlainText.grouped(waste.n)), \(PlainText.grouped(waste.missing)) missing"
      + (waste.outOfRange > 0 ? ", \(PlainText.grouped(waste.outOfRange)) impossible" : "")
  }

  /// Returns the interval of a rate in words, such as "12.5–48.1 %".
  package static func interval(_ rate: Rate) -> String {
    "\(number(rate.low, 1))–\(number(rate.high, 1)) %"
  }

  /// Returns a rate in words: percentage, denominator and interval.
  static func rate(_ rate: Rate) -> String {
    guard let percent = rate.percent else { return unknown }
    return "\(number(percent, 1)) % of \(PlainText.grouped(rate.total)) (\(interval(rate)))"
  }
}
