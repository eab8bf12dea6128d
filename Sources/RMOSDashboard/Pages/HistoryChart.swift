import RMOSHTML
import RMOSModels
import RMOSSystem

/// The history as bars along a calendar, as inline SVG with a table.
///
/// Days without entities leave a gap. A bar is a day, a week, a month or a year, whatever fits. Each
/// kind has a colour and a hatching of its own.
struct HistoryChart {
  private let history: MigrationHistory
  private let slots: [Slot]
  private let unit: Unit
  private let last: Int
  private let slotCount: Int
  private let omitsOlder: Bool

  /// The time that a bar covers.
  private enum Unit: CaseIterable {
    case day
    case week
    case month
    case year

    /// Weeks begin on Monday; the day with the number 5 is one.
    private static let firstMonday = 5

    func number(of date: Timestamp) -> Int {
      switch self {
      case .day: date.dayNumber
      case .week: (date.dayNumber - Self.firstMonday) / 7
      case .month: date.year * 12 + date.month - 1
      case .year: date.year
      }
    }

    func name(of number: Int) -> String {
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

  private struct Slot {
    var number: Int
    var name: String
    var counts: MigrationStatus.EntityCounts
  }

  private static let mostSlots = 92
  private static let fewestSlots = 30

  init(_ history: MigrationHistory) {
    self.history = history
    let days = history.days.compactMap { day in
      Timestamp(day.date).map { (date: $0, counts: day.entities) }
    }.sorted { $0.date.dayNumber < $1.date.dayNumber }
    guard let oldest = days.first?.date, let newest = days.last?.date else {
      (slots, unit, last, slotCount, omitsOlder) = ([], .day, 0, Self.fewestSlots, false)
      return
    }
    let unit =
      Unit.allCases.first {
        $0.number(of: newest) - $0.number(of: oldest) < Self.mostSlots
      } ?? .year
    var slots: [Slot] = []
    for day in days {
      let number = unit.number(of: day.date)
      if slots.last?.number != number {
        slots.append(
          Slot(number: number, name: unit.name(of: number), counts: .init()))
      }
      slots[slots.count - 1].counts += day.counts
    }
    let last = unit.number(of: newest)
    let shown = slots.filter { last - $0.number < Self.mostSlots }
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

  /// The legend of a kind's colour and hatching.
  static func key(to kind: EntityKind) -> HTML {
    """
    <svg class="key" width="12" height="12" aria-hidden="true">\
    \(rectangle(kind, x: "0", y: "0", width: "100%", height: "100%"))</svg>
    """
  }

  /// The chart with its table; a sentence if there is no history.
  var figure: HTML {
    guard let highest = slots.max(by: { $0.counts.total < $1.counts.total }) else {
      return "<p class=\"dim\">No entities yet.</p>\n"
    }
    let unitName = "\(unit)"
    let summary =
      "\(PlainText.counted(slots.count, unitName)) with new entities, "
      + "most on \(highest.name): \(PlainText.grouped(highest.counts.total))"
    let older: HTML =
      omitsOlder ? "<p class=\"dim note\">Older entities are not in the chart.</p>\n" : ""
    return """
      <figure class="history">
      <svg class="chart" role="img" aria-label="Entities by \(unitName): \(summary)">\
      <line class="grid" x1="0" x2="100%" y1="0.5" y2="0.5"/>\
      <line class="grid" x1="0" x2="100%" y1="50%" y2="50%"/>\
      \(slots.map { bar($0, of: highest.counts.total) })\
      <line class="base" x1="0" x2="100%" y1="100%" y2="100%"/></svg>
      <figcaption><span>\(unit.name(of: max(1, last - slotCount + 1)))</span>\
      <span class="peak">Peak \(PlainText.grouped(highest.counts.total)), \(highest.name)</span>\
      <span>\(unit.name(of: last))</span></figcaption>
      \(older)\(table)</figure>

      """
  }

  private func bar(_ slot: Slot, of highest: Int) -> HTML {
    let width = 100 / Double(slotCount)
    let x = 100 - Double(last - slot.number + 1) * width + width * 0.12
    let shares = shares(slot.counts, of: highest)
    var top = 100.0
    let parts = history.catalog.displayOrder.map { kind -> HTML in
      let share = shares[kind] ?? 0
      guard share > 0 else { return "" }
      top -= share
      return Self.rectangle(
        kind, x: Self.percent(x), y: Self.percent(top), width: Self.percent(width * 0.76),
        height: Self.percent(share))
    }
    return "<g><title>\(slot.name): \(words(slot.counts))</title>\(parts)</g>"
  }

  /// The heights in percent, at least large enough to be visible.
  private func shares(
    _ counts: MigrationStatus.EntityCounts, of highest: Int
  ) -> [EntityKind: Double] {
    var shares: [EntityKind: Double] = [:]
    for kind in history.catalog.displayOrder where counts[kind] > 0 {
      shares[kind] = max(1, Double(counts[kind]) / Double(max(1, highest)) * 100)
    }
    let sum = shares.values.reduce(0, +)
    return sum > 100 ? shares.mapValues { $0 / sum * 100 } : shares
  }

  private func words(_ counts: MigrationStatus.EntityCounts) -> String {
    history.catalog.displayOrder.filter { counts[$0] > 0 }.map {
      PlainText.counted(counts[$0], $0.schema.singular, $0.schema.plural)
    }.joined(separator: ", ")
  }

  private static func rectangle(
    _ kind: EntityKind, x: String, y: String, width: String, height: String
  ) -> HTML {
    let place: HTML = "x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\""
    switch kind {
    case .patterns: return "<rect class=\"patterns\" \(place)/>"
    case .stripFamilies, .joblogs:
      return """
        <rect class="\(kind.rawValue)" \(place)/><rect fill="url(#h-\(kind.rawValue))" \(place)/>
        """
    default: return "<rect class=\"other\" \(place)/>"
    }
  }

  private static func percent(_ number: Double) -> String { PageText.coordinate(number) + "%" }

  private var table: HTML {
    let rows = history.days.map { day -> HTML in
      let cells = history.catalog.displayOrder.map {
        "<td class=\"n\">\(PlainText.grouped(day.entities[$0]))</td>" as HTML
      }
      return """
        <tr><th scope="row">\(PageText.time(day.date))</th>\(cells)\
        <td class="n">\(PlainText.grouped(day.entities.total))</td></tr>

        """
    }
    let headings = history.catalog.displayOrder.map {
      "<th scope=\"col\" class=\"n\">\($0.pageTitle)</th>" as HTML
    }
    let caption =
      history.totalDays > history.days.count
      ? "The newest \(PlainText.grouped(history.days.count)) of "
        + PlainText.counted(history.totalDays, "day")
      : PlainText.counted(history.totalDays, "day")
    return """
      <details id="history-table"><summary>Show as a table</summary>
      <div class="scroll" role="region" tabindex="0" aria-label="History as a table">
      <table><caption>\(caption), newest first</caption>
      <thead><tr><th scope="col">Day</th>\(headings)<th scope="col" class="n">Total</th></tr></thead>
      <tbody>
      \(rows)</tbody></table></div></details>

      """
  }
}
