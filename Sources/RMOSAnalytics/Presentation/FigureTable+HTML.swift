package import RMOSHTML
import RMOSModels

extension FigureTable {
  /// A link for what a cell of the first column names.
  package typealias Link = (FigureTable, String) -> String?

  /// The figures as a section of a page: what they are, the chart, and the table behind it.
  ///
  /// The page needs ``style``.
  ///
  /// - Parameters:
  ///   - rowLimit: The most rows of the chart.
  ///   - link: Where what a row names is shown; `nil` if nowhere.
  /// - Returns: The section.
  package func html(rowLimit: Int = 20, link: Link = { _, _ in nil }) -> HTML {
    let more: HTML =
      omitted > 0 ? "<p class=\"dim\">… and \(PlainText.grouped(omitted)) more.</p>\n" : ""
    let content: HTML
    if rows.isEmpty {
      content = "<p class=\"dim\">None.</p>\n"
    } else if let drawing = drawing(rowLimit) {
      content = """
        <figure>\(drawing)</figure>
        <details><summary>\(tableSummary)</summary>
        \(table(link))\(more)</details>

        """
    } else {
      content = table(link) + more
    }
    return """
      <section id="\(name)">
      <h2>\(title)</h2>
      <p class="dim">\(note)</p>
      \(content)</section>

      """
  }

  private var tableSummary: String { "Table: \(PlainText.counted(rows.count, "row"))" }

  /// The table alone.
  package func table(_ link: Link = { _, _ in nil }) -> HTML {
    let heads: [HTML] = columns.map { column in
      "<th scope=\"col\"\(column.isText ? "" : " class=\"n\"" as HTML)>\(column.heading)</th>"
    }
    let lines: [HTML] = rows.map { row in
      let cells: [HTML] = zip(columns, row).enumerated().map { index, pair in
        let (column, cell) = pair
        guard index == 0 else {
          return column.isText
            ? "<td>\(cell.shown)</td>" : "<td class=\"n\">\(cell.shown)</td>"
        }
        let name: HTML =
          if case .text(let text) = cell, let target = link(self, text) {
            "<a href=\"\(target)\">\(text)</a>"
          } else {
            "\(cell.shown)"
          }
        return "<th scope=\"row\">\(name)</th>"
      }
      return "<tr>\(cells)</tr>\n"
    }
    return """
      <div class="scroll"><table>
      <thead><tr>\(heads)</tr></thead>
      <tbody>
      \(lines)</tbody>
      </table></div>

      """
  }

  /// The styles of charts, for ``HTMLPage/addedStyle``.
  package static let style = """

    svg.chart{display:block;width:100%;overflow:visible;font-size:.85rem}
    svg.chart text{fill:var(--text)}
    svg.chart text.dim{fill:var(--dim)}
    svg.chart .ground{fill:var(--soft)}
    svg.chart .value{fill:var(--updated)}
    svg.chart .box{fill:var(--updated);fill-opacity:.45}
    svg.chart .mark{stroke:var(--text);stroke-width:2}
    svg.chart .range{stroke:var(--text);stroke-width:1.5}
    svg.chart .axis{stroke:var(--line)}
    details{margin:.4rem 0}
    @media print{details:not([open])>*{display:none}}
    """
}

// MARK: Charts

extension FigureTable {
  /// The chart; `nil` if there is none, or nothing to draw.
  ///
  /// Places and lengths along the x axis are percentages, so that text keeps its size on any screen.
  package func drawing(_ rowLimit: Int = 20) -> HTML? {
    switch chart {
    case .bars(let column, let scale):
      horizontal(rowLimit, scale ?? largest(column)) { row, scale in
        bar(row[column].number, scale)
      }
    case .intervals(let column, let low, let high, let scale):
      horizontal(rowLimit, scale) { row, scale in
        bar(row[column].number, scale) + range(row[low].number, row[high].number, scale)
      }
    case .comparison(let column, let mark):
      horizontal(rowLimit, max(largest(column), largest(mark))) { row, scale in
        bar(row[column].number, scale) + tick(row[mark].number, scale)
      }
    case .strips(let minimum, let lower, let median, let upper, let maximum):
      horizontal(rowLimit, largest(maximum)) { row, scale in
        range(row[minimum].number, row[maximum].number, scale)
          + box(row[lower].number, row[upper].number, scale) + tick(row[median].number, scale)
      }
    case .stacks(let first, let second): stacks(first, second)
    case .line(let column, let scale): line(column, scale ?? largest(column))
    case nil: nil
    }
  }

  private func largest(_ column: Int) -> Double {
    rows.reduce(0) { max($0, $1[column].number ?? 0) }
  }

  /// The column whose value stands beside each row of the chart.
  private var valueColumn: Int? {
    switch chart {
    case .bars(let column, _), .intervals(let column, _, _, _), .comparison(let column, _): column
    case .strips(_, _, let median, _, _): median
    case .stacks, .line, nil: nil
    }
  }

  /// A row under another, each with its name, its value and a drawing.
  private func horizontal(
    _ limit: Int, _ scale: Double, _ draw: ([Cell], Double) -> HTML
  ) -> HTML? {
    guard scale > 0, scale.isFinite else { return nil }
    let shown = rows.prefix(limit)
    let pieces: [HTML] = shown.enumerated().map { index, row in
      let value = valueColumn.map { row[$0].shown } ?? ""
      return """
        <svg y="\(index * 38)" height="38"><text y="15">\(Self.short(row[0].shown))</text>\
        <text x="100%" y="15" text-anchor="end">\(value)</text>\
        <rect class="ground" y="21" width="100%" height="11"/>\(draw(row, scale))</svg>

        """
    }
    let more = rows.count - shown.count
    let rest: HTML =
      more > 0
      ? "<text class=\"dim\" y=\"\(shown.count * 38 + 15)\">… and \(PlainText.grouped(more)) more in the table</text>"
      : ""
    return """
      <svg class="chart" role="img" aria-label="\(title)" \
      height="\(shown.count * 38 + (more > 0 ? 24 : 0))">
      \(pieces)\(rest)</svg>
      """
  }

  /// A name that leaves room for the value on a phone.
  private static func short(_ text: String) -> String {
    text.count <= 34 ? text : text.prefix(33) + "…"
  }

  private static func percent(_ value: Double, _ scale: Double) -> String {
    PlainText.fixed(100 * min(1, max(0, value / scale)), decimals: 2) + "%"
  }

  private func bar(_ value: Double?, _ scale: Double) -> HTML {
    guard let value, value > 0 else { return "" }
    return "<rect class=\"value\" y=\"21\" width=\"\(Self.percent(value, scale))\" height=\"11\"/>"
  }

  private func box(_ low: Double?, _ high: Double?, _ scale: Double) -> HTML {
    guard let low, let high else { return "" }
    let (start, width) = (Self.percent(low, scale), Self.percent(high - low, scale))
    return "<rect class=\"box\" x=\"\(start)\" y=\"21\" width=\"\(width)\" height=\"11\"/>"
  }

  private func range(_ low: Double?, _ high: Double?, _ scale: Double) -> HTML {
    guard let low, let high else { return "" }
    let (start, end) = (Self.percent(low, scale), Self.percent(high, scale))
    return """
      <line class="range" x1="\(start)" x2="\(end)" y1="26.5" y2="26.5"/>\
      <line class="range" x1="\(start)" x2="\(start)" y1="23" y2="30"/>\
      <line class="range" x1="\(end)" x2="\(end)" y1="23" y2="30"/>
      """
  }

  private func tick(_ value: Double?, _ scale: Double) -> HTML {
    guard let value else { return "" }
    let place = Self.percent(value, scale)
    return "<line class=\"mark\" x1=\"\(place)\" x2=\"\(place)\" y1=\"19\" y2=\"34\"/>"
  }

  // MARK: Over time

  private static let plotHeight = 160.0

  /// The most columns that can be told apart on a phone.
  private static let mostColumns = 120

  /// A column beside another; the second part stands on the first, hatched by its color alone where
  /// there is no other sign.
  private func stacks(_ first: Int, _ second: Int) -> HTML? {
    let shown = rows.suffix(Self.mostColumns)
    let scale = shown.reduce(0) { max($0, ($1[first].number ?? 0) + ($1[second].number ?? 0)) }
    guard scale > 0, scale.isFinite else { return nil }
    let width = 100 / Double(shown.count)
    let pieces: [HTML] = shown.enumerated().map { index, row in
      let (low, high) = (row[first].number ?? 0, row[second].number ?? 0)
      let (lowHeight, highHeight) = (
        Self.plotHeight * low / scale, Self.plotHeight * high / scale
      )
      let x = PlainText.fixed(Double(index) * width + width * 0.1, decimals: 2) + "%"
      let breadth = PlainText.fixed(width * 0.8, decimals: 2) + "%"
      func part(_ name: String, _ top: Double, _ height: Double) -> HTML {
        let (top, height) = (
          PlainText.fixed(top, decimals: 1), PlainText.fixed(height, decimals: 1)
        )
        return
          "<rect class=\"\(name)\" x=\"\(x)\" y=\"\(top)\" width=\"\(breadth)\" height=\"\(height)\"/>"
      }
      let words =
        "\(row[0].shown): \(row[first].shown) \(columns[first].heading), "
        + "\(row[second].shown) \(columns[second].heading)"
      return "<g><title>\(words)</title>"
        + part("migrated", Self.plotHeight - lowHeight, lowHeight)
        + part("failed", Self.plotHeight - lowHeight - highHeight, highHeight) + "</g>\n"
    }
    return """
      <figcaption><span>\(columns[first].heading) below, \(columns[second].heading) above</span>\
      <span class="dim">most: \(PlainText.fixed(scale, decimals: 0))</span></figcaption>
      <svg class="chart" role="img" aria-label="\(title)" height="\(Int(Self.plotHeight) + 22)">
      \(pieces)\(timeAxis(Array(shown)))</svg>
      """
  }

  /// A line over time; gaps where nothing is known.
  private func line(_ column: Int, _ scale: Double) -> HTML? {
    let shown = Array(rows.suffix(Self.mostColumns))
    guard scale > 0, scale.isFinite, shown.count > 1 else { return nil }
    let step = 100 / Double(shown.count - 1)
    func place(_ index: Int, _ value: Double) -> (x: String, y: String) {
      (
        PlainText.fixed(Double(index) * step, decimals: 2) + "%",
        PlainText.fixed(Self.plotHeight * (1 - min(1, value / scale)), decimals: 1)
      )
    }
    let pieces: [HTML] = shown.indices.dropFirst().map { index in
      guard let before = shown[index - 1][column].number, let value = shown[index][column].number
      else { return "" }
      let (start, end) = (place(index - 1, before), place(index, value))
      return """
        <line class="mark" x1="\(start.x)" y1="\(start.y)" x2="\(end.x)" y2="\(end.y)">\
        <title>\(shown[index][0].shown): \(shown[index][column].shown)</title></line>

        """
    }
    return """
      <svg class="chart" role="img" aria-label="\(title)" height="\(Int(Self.plotHeight) + 22)">
      \(pieces)\(timeAxis(shown))</svg>
      """
  }

  private func timeAxis(_ rows: [[Cell]]) -> HTML {
    let bottom = Int(Self.plotHeight)
    let (first, last) = (rows.first?[0].shown ?? "", rows.last?[0].shown ?? "")
    let end: HTML =
      rows.count > 1
      ? "<text class=\"dim\" x=\"100%\" y=\"\(bottom + 17)\" text-anchor=\"end\">\(last)</text>"
      : ""
    return """
      <line class="axis" x1="0" x2="100%" y1="\(bottom)" y2="\(bottom)"/>\
      <text class="dim" y="\(bottom + 17)">\(first)</text>\(end)
      """
  }
}

// MARK: Page

extension AnalyticsReport {
  /// The report as a page that needs nothing else, with a chart and a table for each figure.
  public var html: String { html(Part.allCases, of: nil) }

  /// Some parts of the report as a page.
  ///
  /// - Parameters:
  ///   - parts: Which parts.
  ///   - database: What the store is called; `nil` if that is not to be said.
  /// - Returns: The page.
  package func html(_ parts: [Part], of database: String?) -> String {
    let title = "Analytics" + (database.map { " of \($0)" } ?? "")
    var page = HTMLPage(title: title)
    page.addedStyle = FigureTable.style
    var text = ""
    page.writeHead(to: &text)
    let conditions = filter.words
    let filtered: HTML =
      conditions.isEmpty ? "" : "<p>Jobs \(conditions.joined(separator: ", ")).</p>\n"
    let body: HTML = """
      <main>
      <header><h1>\(title)</h1>
      \(filtered)</header>
      \(tables(parts).map { $0.html() })</main>
      <footer>A dash stands for what is not known.</footer>

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
