import Foundation
import RMOSHTML
import RMOSSystem
import Testing

@Suite struct ChartTests {
  // MARK: Scales

  /// Labels that would overlap, or read like one, are left out at even distances.
  @Test(arguments: [
    (250.0, " min", 2.9, ["0", "100", "200 min"]),
    (250, " min", 1.5, ["0", "50", "100", "150", "200", "250 min"]),
    (4000, "", 4.0, ["0", "2,000", "4,000"]), (100_000, " mm", 2.9, ["0", "40,000", "80,000 mm"]),
    (100_000_000, " mm", 3.5, ["0", "60,000,000 mm"]),
    (4, "", 3.5, ["0", "1", "2", "3", "4"]),
  ])
  func labelsOfAScaleStandApart(
    _ maximum: Double, _ unit: String, _ width: Double, _ labels: [String]
  ) {
    let axis = ChartAxis.from0(to: maximum, suffix: unit)
    #expect(axis.labels(perCharacter: width).map(\.text) == labels)
  }

  @Test func aNarrowScaleOfPercentDropsEverySecondLabel() {
    let labels = ChartAxis.percent.labels(perCharacter: 4.8)
    #expect(labels.map(\.text) == ["0", "50", "100 %"] && labels.map(\.mark) == [0, 2, 4])
  }

  /// No label has digits that are the error of a sum.
  @Test(arguments: [0.3, 7e17, 1e18, 6.3e22, 1e301, 3e307])
  func labelsAreRound(_ maximum: Double) {
    for axis in [
      ChartAxis.from0(to: maximum), ChartAxis.durations(from: maximum / 2, to: maximum),
      ChartAxis.durations(from: 1, to: maximum),
    ] {
      for mark in axis.marks { #expect(mark.label.count <= 25, "\(mark)") }
    }
    #expect(ChartAxis.from0(to: 1e301).marks.last?.label == "1e301")
  }

  @Test(arguments: [0.004, 0.0007, 3e-9])
  func smallNumbersHaveDifferentLabels(_ maximum: Double) {
    let labels = ChartAxis.from0(to: maximum).marks.map(\.label)
    #expect(Set(labels).count == labels.count)
    #expect(
      ChartAxis.from0(to: 0.002).marks.map(\.label)[1...] == ["0.0005", "0.001", "0.0015", "0.002"])
  }

  @Test(arguments: [0, 0.003, 0.9, 1, 3, 4.99, 5, 7, 12, 49, 99, 1234, 5e8, 3e300])
  func aScaleFrom0ReachesItsMaximumInRoundSteps(_ maximum: Double) throws {
    let marks = ChartAxis.from0(to: maximum).marks
    #expect(marks.first?.value == 0 && (2...6).contains(marks.count))
    let last = try #require(marks.last?.value)
    #expect(last >= maximum && last <= max(1, maximum * 2.01))
    let step = marks[1].value
    #expect(
      zip(marks, marks.dropFirst()).allSatisfy { abs($1.value - $0.value - step) < step / 1e6 })
  }

  @Test func valuesThatAreNotFiniteHaveAScaleToo() {
    for number in [Double.nan, .infinity, -1] {
      #expect(ChartAxis.from0(to: number).marks.count >= 2)
      #expect(ChartAxis.durations(from: number, to: number).marks.count >= 2)
      #expect((0...100).contains(ChartAxis.percent.position(number)))
    }
  }

  @Test(arguments: [
    (0.0, 0.5), (10, 30), (50, 59), (3600, 3600.5), (60, 7200), (1, 90_000), (0, 1e7), (5, 3e8),
    (5, 1e12),
  ])
  func durationsLieOnTheirScaleInOrder(_ shortest: Double, _ longest: Double) {
    let axis = ChartAxis.durations(from: shortest, to: longest)
    let values = axis.marks.map(\.value)
    // A logarithm has no 0.
    #expect((values.first == 0) != axis.isLogarithmic)
    #expect(values == values.sorted() && (2...11).contains(values.count))
    #expect((values.last ?? 0) >= longest)
    let between = [shortest, (shortest + longest) / 2, longest].map(axis.position)
    #expect(between == between.sorted() && between.allSatisfy { 0...100 ~= $0 })
    for (index, value) in values.enumerated() {
      #expect(abs(axis.position(value) - axis.position(ofMark: index)) < 1e-9)
    }
  }

  @Test func durationsAreNamedByTheirUnits() {
    #expect(
      ChartAxis.durations(from: 3600, to: 3600.5).marks.map(\.label) == [
        "0", "15 min", "30 min", "45 min", "1 h", "1.25 h",
      ])
    #expect(
      ChartAxis.durations(from: 30, to: 86_400).marks.map(\.label) == [
        "10 s", "1 min", "10 min", "1 h", "10 h", "4 d",
      ])
    // A duration below the scale is drawn at its beginning, whose label says so.
    #expect(
      ChartAxis.durations(from: 0, to: 90).marks.map(\.label) == [
        "≤ 1 s", "10 s", "1 min", "10 min",
      ])
  }

  /// Equal factors are equal distances, and the chart has a note about it.
  @Test func aLogarithmicScaleIsOneAndSaysSo() {
    let axis = ChartAxis.durations(from: 1, to: 36_000)
    #expect(axis.isLogarithmic)
    let places = [1.0, 10, 100, 1000, 10_000].map(axis.position)
    let step = places[1] - places[0]
    #expect(zip(places, places.dropFirst()).allSatisfy { abs($1 - $0 - step) < 1e-9 })
    func figure(_ axis: ChartAxis) -> String {
      RowChart("Rows", axis: axis, rows: []).figure(table()).markup
    }
    #expect(figure(axis).contains("Logarithmic scale"))
    #expect(!figure(.percent).contains("Logarithmic scale"))
  }

  // MARK: Columns

  private func columns(_ numbers: [Int], _ ticks: [ColumnChart.Tick] = []) -> String {
    ColumnChart(
      id: "c", title: "t", summary: "", series: [.init(name: "done", style: "a")],
      columns: numbers.enumerated().map {
        .init(place: $0.offset, description: "", content: .stack([$0.element]))
      }, places: numbers.count, names: ("a", nil, "b"), ticks: ticks
    ).drawing.markup
  }

  /// 0, the middle and the end, all of them whole numbers with few digits.
  @Test(arguments: [
    (1, ["2", "1", "0"]), (7, ["8", "4", "0"]), (97, ["100", "50", "0"]), (21, ["24", "12", "0"]),
    (3479, ["3,600", "1,800", "0"]), (1_230_000, ["1.4 M", "700,000", "0"]),
  ])
  func columnsStandOnAScale(_ most: Int, _ levels: [String]) {
    let texts = columns([most]).matches(of: /class="level"[^>]*>([^<]*)</).map { String($0.1) }
    #expect(texts == levels)
    #expect(!columns([.max, 1]).contains(/nan|inf/))
  }

  @Test func monthsHaveNamesWhereThereIsRoom() {
    let first = 2024 * 12 + 10
    let year = CalendarUnit.month.ticks(from: first, to: first + 11)
    #expect(year.map(\.label).prefix(4) == ["Nov", "Dec", "2025", "Feb"] && year.count == 12)
    let narrow = year.filter { !$0.isExtra }
    #expect((2...6).contains(narrow.count) && narrow.contains { $0.label == "2025" })
    let years = CalendarUnit.month.ticks(from: first, to: first + 35)
    #expect(years.count > 8 && years.contains { $0.label == "2026" })
    let drawing = columns([1, 2], [.init(place: 1, label: "<b>", isExtra: true)])
    #expect(drawing.contains("class=\"tick extra\" x=\"75%\"") && drawing.contains("&lt;b&gt;"))
    for unit in CalendarUnit.allCases {
      for places in [1, 2, 30, 92] {
        let ticks = unit.ticks(from: 900, to: 900 + places - 1)
        let distances = Set(zip(ticks, ticks.dropFirst()).map { $1.place - $0.place })
        #expect(distances.count <= 1 && ticks.allSatisfy { (0..<places).contains($0.place) })
      }
    }
  }

  // MARK: Calendars

  @Test func unitsOfACalendarFollowEachOther() throws {
    let first = CivilDate(year: 2023, month: 12, day: 30).dayNumber
    for unit in CalendarUnit.allCases {
      let numbers = (first..<first + 800).map { unit.number(ofDay: $0) }
      #expect(zip(numbers, numbers.dropFirst()).allSatisfy { [0, 1].contains($1 - $0) })
    }
    #expect(
      CalendarUnit.week.name(of: CalendarUnit.week.number(ofDay: first)) == "week of 25 Dec 2023")
    #expect(CalendarUnit.month.name(of: CalendarUnit.month.number(ofDay: first)) == "Dec 2023")
    #expect(CalendarUnit.fitting(30, from: first, to: first + 29) == .day)
    #expect(CalendarUnit.fitting(30, from: first, to: first + 30) == .week)
    #expect(CalendarUnit.fitting(30, from: first, to: first + 400) == .month)
    #expect(CalendarUnit.fitting(30, from: first, to: first + 300_000) == .year)
    // The days before the first one of the calendar are in weeks of their own.
    #expect(CalendarUnit.week.number(ofDay: 4) == -1)
  }

  /// A mistyped year must not make a chart show centuries.
  @Test func aFewDaysLongAgoDoNotBeginAChart() {
    func start(_ days: [(number: Int, count: Int)]) -> Int {
      CalendarUnit.start(of: days, to: 100_000)
    }
    let year = (99_700..<99_710).map { (number: $0, count: 4) }
    #expect(start(year) == 99_700)
    #expect(start([(2000, 1), (3000, 1)] + year) == 99_700)
    // These days are not few, or not long ago.
    #expect(start([(2000, 3)] + year) == 2000)
    #expect(start([(99_400, 1)] + year) == 99_400)
    #expect(start([(7, 1)]) == 7)
  }

  // MARK: Markup

  private static let hostile = "\"><script>alert('\u{202e}')</script>"

  private func table(_ rows: Int = 1, omitted: Int = 0) -> ChartTable {
    ChartTable(
      id: "t", caption: Self.hostile, columns: [.text(Self.hostile), .number("n")],
      rows: (0..<rows).map { ["\(Self.hostile)", "\($0)"] }, omitted: omitted)
  }

  @Test func textIsNeverMarkup() {
    let rows = RowChart(
      Self.hostile, axis: .percent,
      rows: [
        .init(
          label: HTML(text: Self.hostile), value: HTML(text: Self.hostile),
          description: Self.hostile,
          shapes: [.bar(to: 3), .range(1, 200), .box(1, 2), .line(2), .dot(.nan), .ring(-7)])
      ], legend: [(.box(0, 0), Self.hostile)])
    let columns = ColumnChart(
      id: "c", title: Self.hostile, summary: Self.hostile,
      series: [.init(name: Self.hostile, style: "a")],
      columns: [
        .init(place: 0, description: Self.hostile, content: .stack([.max])),
        .init(place: 1, description: Self.hostile, content: .stack([.max, .max])),
        .init(place: 2, description: Self.hostile, content: .rate(low: 0, 50, high: 100)),
      ], places: 3, names: (Self.hostile, Self.hostile, Self.hostile))
    for markup in [rows.figure(table()).markup, columns.figure(table().details).markup] {
      #expect(!markup.contains("<script") && !markup.contains("\u{202e}"))
      #expect(markup.contains(#"\u{202e}"#))
      #expect(!markup.contains(/\b(nan|inf)\b/))
    }
  }

  @Test func rowsThatAreLeftOutAreCounted() {
    let rows = (0..<20).map {
      RowChart.Row(label: "r\($0)", value: "", description: "", shapes: [])
    }
    let chart = RowChart("Rows", axis: .percent, rows: rows, omitted: 5).figure(table())
    #expect(chart.markup.contains("12 of 25 are shown."))
    #expect(
      !RowChart("Rows", axis: .percent, rows: [rows[0]]).figure(table()).markup.contains("shown"))
    #expect(table(600, omitted: 7).table.markup.contains("the first 200 of 607"))
    #expect(table(600).table.markup.matches(of: /<tr>/).count == 201)
    #expect(!table(3).table.markup.contains("the first"))
  }

  @Test func everyDrawingHasWords() {
    let chart = ColumnChart(
      id: "c", title: "Jobs", summary: "Most in May", series: [.init(name: "done", style: "a")],
      columns: [.init(place: 0, description: "May: 3", content: .stack([3]))], places: 1,
      names: ("May", nil, "May"))
    let markup = chart.figure(table().details).markup
    #expect(markup.contains("<title id=\"c-title\">Jobs</title>"))
    #expect(markup.contains("<desc id=\"c-words\">Most in May</desc>"))
    #expect(markup.contains("<title>May: 3</title>"))
  }
}
