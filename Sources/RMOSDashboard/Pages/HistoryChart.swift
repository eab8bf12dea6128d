import RMOSAnalytics
import RMOSHTML
import RMOSModels
import RMOSSystem

/// The history as bars along a calendar, as inline SVG with a table.
///
/// Days without entities leave a gap. Days after today, or long before almost all entities, are
/// left out, since one mistyped year would compress all others. A bar is a day, a week, a month or
/// a year, whichever fits. Each kind has its own color and hatching.
struct HistoryChart {
  private let history: MigrationHistory
  private let slots: [Slot]
  private let unit: CalendarUnit
  private let last: Int
  private let slotCount: Int
  private let omitsOlder: Bool
  /// The entities whose day is after today.
  private let future: MigrationStatus.EntityCounts

  private struct Slot {
    var number: Int
    var name: String
    var counts: MigrationStatus.EntityCounts
  }

  private static let mostSlots = 92
  private static let fewestSlots = 30

  init(_ history: MigrationHistory, today: CalendarDay) {
    self.history = history
    let known = history.days.compactMap { day in
      Timestamp(day.date).map { (number: $0.dayNumber, counts: day.entities) }
    }.sorted { $0.number < $1.number }
    let days = known.filter { $0.number <= today.number }
    future = known[days.count...].reduce(into: .init()) { $0 += $1.counts }
    guard let newest = days.last?.number else {
      (slots, unit, last, slotCount, omitsOlder) = ([], .day, 0, Self.fewestSlots, false)
      return
    }
    let first = CalendarUnit.start(
      of: days.map { ($0.number, $0.counts.total) }, to: newest)
    let unit = CalendarUnit.fitting(Self.mostSlots, from: first, to: newest)
    var slots: [Slot] = []
    for day in days {
      let number = unit.number(ofDay: day.number)
      if slots.last?.number != number {
        slots.append(
          Slot(number: number, name: unit.name(of: number), counts: .init()))
      }
      slots[slots.count - 1].counts += day.counts
    }
    let last = unit.number(ofDay: newest)
    let start = max(unit.number(ofDay: first), last - Self.mostSlots + 1)
    let shown = slots.filter { $0.number >= start }
    omitsOlder = shown.count < slots.count || history.totalDays > history.days.count
    self.slots = shown
    self.unit = unit
    self.last = last
    slotCount = max(Self.fewestSlots, last - (shown.first?.number ?? last) + 1)
  }

  /// The definitions of the hatchings, once per page.
  static let definitions: HTML = """
    <svg width="0" height="0" aria-hidden="true" class="away"><defs>
    <pattern id="h-strip_families" width="5" height="5" patternUnits="userSpaceOnUse">\
    <path class="hatch" d="M-1 1L1 -1M0 5L5 0M4 6L6 4"/></pattern>
    <pattern id="h-joblogs" width="4" height="4" patternUnits="userSpaceOnUse">\
    <path class="hatch" d="M0 2H4"/></pattern>
    </defs></svg>

    """

  /// The legend of a kind's color and hatching.
  static func key(to kind: EntityKind) -> HTML { ColumnChart.key(to: series(kind)) }

  private static func series(_ kind: EntityKind) -> ColumnChart.Series {
    let name = kind.schema.plural
    return switch kind {
    case .patterns: ColumnChart.Series(name: name, style: "patterns")
    case .stripFamilies, .joblogs:
      ColumnChart.Series(name: name, style: kind.rawValue, hatching: "h-\(kind.rawValue)")
    default: ColumnChart.Series(name: name, style: "other")
    }
  }

  /// The chart with its table; a sentence if there are no entities.
  var figure: HTML {
    guard let highest = slots.max(by: { $0.counts.total < $1.counts.total }) else {
      return future.total == 0
        ? "<p class=\"dim\">No entities yet.</p>\n" : "\(futureNote)\(table.details)"
    }
    let summary =
      "\(PlainText.counted(slots.count, unit.rawValue)) with new entities, "
      + "most on \(highest.name): \(PlainText.grouped(highest.counts.total))"
    let older: HTML =
      omitsOlder ? "<p class=\"dim note\">Older entities are not in the chart.</p>\n" : ""
    let chart = ColumnChart(
      id: "history-chart", title: "Entities by \(unit.rawValue)", summary: summary,
      series: history.catalog.displayOrder.map(Self.series), columns: slots.map(column),
      places: slotCount,
      names: (
        unit.name(of: max(1, last - slotCount + 1)),
        "Peak \(PlainText.grouped(highest.counts.total)), \(highest.name)", unit.name(of: last)
      ), ticks: unit.ticks(from: last - slotCount + 1, to: last))
    return chart.figure(note: older + futureNote, showsLegend: false, table.details)
  }

  /// A note about the entities that are not in the chart because their day is after today.
  private var futureNote: HTML {
    guard future.total > 0 else { return "" }
    let kinds = history.catalog.displayOrder.filter { future[$0] > 0 }.map { kind in
      let count = PlainText.counted(future[kind], kind.schema.singular, kind.schema.plural)
      // In this order the entities with the latest days come first.
      return "<a href=\"/\(kind.pathName)?sort=newest\">\(count)</a>" as HTML
    }
    let list = kinds.enumerated().map { $0 == 0 ? $1 : ", \($1)" as HTML }
    return """
      <p class="warning note"><span aria-hidden="true">!</span> Dated after today, and not in the \
      chart: \(list).</p>

      """
  }

  private func column(_ slot: Slot) -> ColumnChart.Column {
    ColumnChart.Column(
      place: slotCount - 1 - (last - slot.number),
      description: "\(slot.name): \(words(slot.counts))",
      content: .stack(history.catalog.displayOrder.map { slot.counts[$0] }))
  }

  private func words(_ counts: MigrationStatus.EntityCounts) -> String {
    history.catalog.displayOrder.filter { counts[$0] > 0 }.map {
      PlainText.counted(counts[$0], $0.schema.singular, $0.schema.plural)
    }.joined(separator: ", ")
  }

  private var table: ChartTable {
    let kinds = history.catalog.displayOrder
    return ChartTable(
      id: "history-table", caption: "New entities by day, newest first",
      columns: [.text("Day")] + kinds.map { .number($0.pageTitle) } + [.number("Total")],
      rows: history.days.map { day in
        [PageText.time(day.date)] + kinds.map { "\(PlainText.grouped(day.entities[$0]))" }
          + ["\(PlainText.grouped(day.entities.total))"]
      }, omitted: max(0, history.totalDays - history.days.count))
  }
}
