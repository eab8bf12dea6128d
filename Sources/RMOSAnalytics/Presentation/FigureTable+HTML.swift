package import RMOSHTML
import RMOSModels

extension FigureTable {
  /// Returns the address of the page about the subject of a row, or `nil`; takes the table, the
  /// text of the row's first cell, and the row.
  package typealias Link = (FigureTable, String, [Cell]) -> String?

  /// Returns the figures as a section of a page: a note, the chart, and the table behind it.
  ///
  /// The page needs the style of ``ChartStyle``, and the definitions of ``ColumnChart``.
  ///
  /// - Parameters:
  ///   - level: The level of the heading.
  ///   - link: The addresses of the subjects of rows.
  /// - Returns: The section.
  package func html(level: Int = 2, link: Link = { _, _, _ in nil }) -> HTML {
    let content: HTML
    var note = self.note
    if rows.isEmpty {
      content = "<p class=\"dim\">\(nothing)</p>\n"
    } else if let drawing = draw?() {
      (note, content) = drawing
    } else if let chart = rowChart(link) {
      content = chart.figure(numbers(link))
    } else {
      content = list(link)
    }
    return """
      <section id="\(name)" aria-labelledby="\(name)-title">
      <h\(level) id="\(name)-title">\(title)</h\(level)>
      <p class="dim note">\(note)</p>
      \(content)</section>

      """
  }

  // MARK: Cells

  private func shown(_ cell: Cell) -> HTML {
    switch cell {
    case .text(let text) where text.isIdentifier: PageText.name(text)
    case .text(let text): PageText.short(text, limit: 120)
    case .unknown: "<span class=\"dim\">\(FigureText.unknown)</span>"
    case .whole, .number: "\(cell.shown)"
    }
  }

  private func name(_ index: Int, _ link: Link) -> HTML {
    let cell = rows[index][0]
    guard case .text(let text) = cell, !(hasTotal && index == 0) else { return shown(cell) }
    let name = names[UTF8Key(text)].flatMap { PageText.isBlank($0.text) ? nil : $0 }
    let label = name.map { PageText.short($0.text, limit: 120) } ?? shown(cell)
    let linked: HTML =
      link(self, text, rows[index]).map { "<a href=\"\($0)\">\(label)</a>" } ?? label
    guard name?.isShared == true else { return linked }
    return "\(linked) <span class=\"dim id\">\(PageText.id(text, limit: 100))</span>"
  }

  /// The first cell of a row in words.
  private func words(_ index: Int) -> String {
    let text = rows[index][0].shown
    guard let name = names[UTF8Key(text)], !PageText.isBlank(name.text) else { return text }
    return name.isShared ? "\(name.text) (\(text))" : name.text
  }

  private func numbers(_ link: Link) -> ChartTable {
    ChartTable(
      id: "\(name)-table", caption: title,
      columns: columns.map { $0.isText ? .text($0.heading) : .number($0.heading) },
      rows: rows.indices.prefix(ChartTable.mostRows).map { index in
        [name(index, link)] + rows[index].dropFirst().map(shown)
      }, omitted: omitted + max(0, rows.count - ChartTable.mostRows))
  }

  /// Returns a table with the first rows, followed by one with all rows, which is closed.
  private func list(_ link: Link) -> HTML {
    let all = numbers(link)
    guard rows.count > Self.mostListed, !isListOfFacts else { return all.table }
    var short = self
    short.rows = Array(rows.prefix(Self.mostListed))
    short.omitted = omitted + rows.count - Self.mostListed
    return short.numbers(link).table + all.details(named: "Show all rows")
  }

  /// The number of rows shown at first of a table without a chart.
  private static let mostListed = 10

  // MARK: Charts

  private func rowChart(_ link: Link) -> RowChart? {
    guard let chart else { return nil }
    let (axis, legend): (ChartAxis, [(RowChart.Shape, String)])
    switch chart {
    case .bars(let column, let scale):
      (axis, legend) = (scale == 100 ? .percent : self.axis([column]), [])
    case .intervals(let column, _, _, _):
      axis = .percent
      legend = [
        (.dot(0), columns[column].words), (.range(0, 0), "95 % confidence interval"),
      ]
    case .strips(let minimum, _, _, _, let maximum):
      axis =
        columns[maximum].isSeconds
        ? .durations(from: smallest(minimum), to: largest([maximum])) : self.axis([maximum])
      legend = [
        (.line(0), "median"), (.box(0, 0), "middle half"), (.range(0, 0), "smallest to largest"),
      ]
    case .comparison(let column, let mark):
      axis = self.axis([column, mark])
      legend = [(.bar(to: 0), columns[column].words), (.ring(0), columns[mark].words)]
    case .stacks: return nil
    }
    return RowChart(
      title, axis: axis,
      rows: rows.indices.prefix(RowChart.mostRows).map { row($0, chart, link) },
      omitted: omitted + max(0, rows.count - RowChart.mostRows), legend: legend)
  }

  private func row(_ index: Int, _ chart: Chart, _ link: Link) -> RowChart.Row {
    let cells = rows[index]
    func number(_ column: Int) -> Double? { cells[column].number }
    var shapes: [RowChart.Shape] = []
    let shownColumns: [Int]
    switch chart {
    case .bars(let column, _):
      if let value = number(column) { shapes = [.bar(to: value)] }
      shownColumns = [column]
    case .intervals(let column, let low, let high, _):
      if let value = number(column), let low = number(low), let high = number(high) {
        shapes = [.range(low, high), .dot(value)]
      }
      shownColumns = [column, low, high]
    case .strips(let minimum, let lower, let median, let upper, let maximum):
      if let minimum = number(minimum), let lower = number(lower), let median = number(median),
        let upper = number(upper), let maximum = number(maximum)
      {
        shapes = [.range(minimum, maximum), .box(lower, upper), .line(median)]
      }
      shownColumns = [median, minimum, lower, upper, maximum]
    case .comparison(let column, let mark):
      if let value = number(column), let mark = number(mark) {
        shapes = [.bar(to: value), .ring(mark)]
      }
      shownColumns = [column, mark]
    case .stacks: shownColumns = []
    }
    let words = shownColumns.map { "\(columns[$0].words) \(text(cells[$0], columns[$0]))" }
    let value = shownColumns.first.map { text(cells[$0], columns[$0]) } ?? ""
    return RowChart.Row(
      label: name(index, link), value: "\(value)\(basis(cells, chart))",
      description: "\(self.words(index)): \(words.joined(separator: ", "))", shapes: shapes)
  }

  /// Returns the number of values that a row is based on, in words.
  private func basis(_ cells: [Cell], _ chart: Chart) -> String {
    func words(_ name: String, _ before: String) -> String? {
      columns.firstIndex { $0.name == name }.map { before + cells[$0].shown }
    }
    if case .intervals = chart, let words = words("finished", " of ") { return words }
    return words("n", ", n ") ?? ""
  }

  private func text(_ cell: Cell, _ column: Column) -> String {
    guard let number = cell.number else {
      return cell == .unknown ? FigureText.unknown : cell.shown
    }
    if column.isSeconds { return PageText.duration(number) }
    if let unit = column.unit { return "\(cell.shown) \(unit)" }
    return "\(cell.shown) \(number == 1 ? column.words.singular : column.words)"
  }

  private func axis(_ columns: [Int]) -> ChartAxis {
    let unit = self.columns[columns[0]].unit
    return .from0(to: largest(columns), suffix: unit.map { " \($0)" } ?? "")
  }

  private func largest(_ columns: [Int]) -> Double {
    rows.prefix(RowChart.mostRows).reduce(0) { most, row in
      columns.reduce(most) { max($0, row[$1].number ?? 0) }
    }
  }

  private func smallest(_ column: Int) -> Double {
    rows.prefix(RowChart.mostRows).compactMap { $0[column].number }.min() ?? 0
  }
}

extension String {
  /// Whether it has only letters, digits and `_`, after which a line may break.
  fileprivate var isIdentifier: Bool {
    (1...120).contains(utf8.count)
      && utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  /// The singular of a plural noun.
  fileprivate var singular: String {
    if hasSuffix("ies") { return dropLast(3) + "y" }
    return hasSuffix("s") ? String(dropLast()) : self
  }
}

// MARK: Page

extension AnalyticsReport {
  /// The report as a self-contained page, with a chart and a table for each figure.
  public var html: String { html(Part.allCases, of: nil) }

  /// Returns parts of the report as a page.
  ///
  /// - Parameters:
  ///   - parts: The parts.
  ///   - database: The name of the store for the title; `nil` for none.
  /// - Returns: The page.
  package func html(_ parts: [Part], of database: String?) -> String {
    let title = "Analytics" + (database.map { " of \($0)" } ?? "")
    var page = HTMLPage(title: title)
    page.addedStyle = ChartStyle.style
    var text = ""
    page.writeHead(to: &text)
    let conditions = filter.words
    let filtered: HTML =
      conditions.isEmpty ? "" : "<p>Jobs \(conditions.joined(separator: ", ")).</p>\n"
    let body: HTML = """
      \(ColumnChart.definitions)<main>
      <header><h1>\(title)</h1>
      \(filtered)</header>
      \(tables(parts).map { $0.html() })</main>

      """
    text += body.markup
    page.writeEnd(to: &text)
    return text
  }
}

extension JobFilter {
  /// The conditions in words.
  package var words: [String] {
    [
      from.map { "from \($0)" }, to.map { "to \($0)" },
      jobType.map { "of type \($0)" }, material.map { "in \($0)" },
      patternID.map { "of pattern \($0)" }, stripFamilyID.map { "with strip family \($0)" },
    ].compactMap { $0 }
  }
}
