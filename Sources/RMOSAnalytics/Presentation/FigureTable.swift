import RMOSHTML
import RMOSModels

/// Figures as a table with a chart.
///
/// Text, CSV and pages are all written from these tables, so they cannot disagree.
package struct FigureTable: Sendable {
  /// The content of a cell, with the form in which it is shown.
  package enum Cell: Sendable, Hashable {
    case text(String)
    case whole(Int)
    /// A number, and the number of decimals to show.
    case number(Double, Int)
    case unknown

    /// Creates a whole number; `unknown` for `nil`.
    init(_ value: Int?) { self = value.map { .whole($0) } ?? .unknown }
    /// Creates a number; `unknown` for `nil`.
    init(_ value: Double?, _ decimals: Int) {
      self = value.map { .number($0, decimals) } ?? .unknown
    }
    /// Creates a text; `unknown` for `nil`.
    init(_ value: String?) { self = value.map { .text($0) } ?? .unknown }

    /// The number; `nil` if the cell is not one.
    var number: Double? {
      switch self {
      case .whole(let number): Double(number)
      case .number(let number, _): number
      case .text, .unknown: nil
      }
    }

    /// The text to show.
    package var shown: String {
      switch self {
      case .text(let text): text
      case .whole(let number): PlainText.grouped(number)
      case .number(let number, let decimals): FigureText.number(number, decimals)
      case .unknown: "–"
      }
    }
  }

  /// A column: its heading, and how its cells are shown.
  package struct Column: Sendable {
    /// Its name in CSV.
    package var name: String
    /// Its heading: by default, the name with spaces.
    var heading: String
    /// Whether it is shown where there is little room.
    var isBrief: Bool
    /// Whether it holds texts.
    var isText: Bool
    /// Whether its numbers are seconds, which charts show as durations.
    var isSeconds = false

    /// The heading without its unit.
    var words: String { String(heading.prefix { $0 != "," }) }
    /// The unit, if it is not at the end of the heading.
    var otherUnit: String?
    /// The unit; `nil` if there is none.
    var unit: String? {
      otherUnit ?? heading.firstRange(of: ", ").map { String(heading[$0.upperBound...]) }
    }

    init(
      _ name: String, _ heading: String? = nil, isBrief: Bool = true, isText: Bool = false
    ) {
      self.name = name
      self.heading = heading ?? name.replacing("_", with: " ")
      self.isBrief = isBrief
      self.isText = isText
    }
  }

  /// A column, with the function that returns its cell for an element.
  struct Figure<Element> {
    var column: Column
    var cell: (Element) -> Cell

    init(_ column: Column, _ cell: @escaping (Element) -> Cell) {
      self.column = column
      self.cell = cell
    }

    static func text(
      _ name: String, _ heading: String? = nil, _ value: @escaping (Element) -> String?
    ) -> Figure {
      Figure(Column(name, heading, isText: true)) { Cell(value($0)) }
    }

    static func whole(
      _ name: String, _ heading: String? = nil, isBrief: Bool = true,
      _ value: @escaping (Element) -> Int?
    ) -> Figure {
      Figure(Column(name, heading, isBrief: isBrief)) { Cell(value($0)) }
    }

    static func number(
      _ name: String, _ heading: String? = nil, decimals: Int, isBrief: Bool = true,
      _ value: @escaping (Element) -> Double?
    ) -> Figure {
      Figure(Column(name, heading, isBrief: isBrief)) { Cell(value($0), decimals) }
    }
  }

  /// How the rows are drawn; the integers are indices of columns.
  enum Chart: Sendable, Hashable {
    /// A bar for each row, on a scale from 0 to `scale`, or to the largest value if that is `nil`.
    case bars(Int, scale: Double?)
    /// A dot with an interval for each row, on a scale from 0 to `scale`.
    case intervals(Int, low: Int, high: Int, scale: Double)
    /// A line from the smallest to the largest value, a box around the middle half, and a line at
    /// the median.
    case strips(minimum: Int, lower: Int, median: Int, upper: Int, maximum: Int)
    /// A bar for each row, and a mark to compare it with.
    case comparison(Int, mark: Int)
    /// A column for each row, of two stacked parts.
    case stacks(Int, Int)
  }

  /// The subject of rows, for links.
  package enum Subject: Sendable, Hashable {
    case jobs, jobType, status, pattern, stripFamily, material, other
  }

  /// Its name, from which that of the CSV file is made.
  package var name: String
  package var title: String
  /// A description of the figures in a sentence or two.
  package var note: String
  package var columns: [Column]
  package var rows: [[Cell]]
  var chart: Chart?
  /// The subject that the first column names.
  package var subject = Subject.other
  /// The names of the entities whose ids are in the first column, for pages.
  var names: [UTF8Key: EntityName] = [:]
  /// The number of rows left out.
  package var omitted = 0
  /// Whether each row is a different figure, named in the first column; such a table is never cut.
  var isListOfFacts = false
  /// Whether the first row summarizes all rows.
  var hasTotal = false
  /// The text shown if there are no rows.
  var nothing = "Nothing is known."
  /// Returns charts of another form, with a note that replaces ``note``; `nil` to draw ``chart``.
  var draw: (@Sendable () -> (note: String, figures: HTML)?)?

  /// Creates a table with a row for each element of `elements`.
  init<Element>(
    _ name: String, _ title: String, _ note: String, of elements: [Element],
    _ figures: [Figure<Element>]..., chart: Chart? = nil, subject: Subject = .other,
    omitted: Int = 0
  ) {
    let figures = figures.flatMap { $0 }
    self.name = name
    self.title = title
    self.note = note
    columns = figures.map(\.column)
    rows = elements.map { element in figures.map { $0.cell(element) } }
    self.chart = chart
    self.subject = subject
    self.omitted = omitted
  }
}

// MARK: Text and CSV

extension FigureTable {
  /// The table as CSV (RFC 4180) with the names of the columns in the first line; unknown values
  /// are empty.
  package var csv: String {
    let lines = [columns.map(\.name)] + rows.map { $0.map(Self.field) }
    return lines.map { $0.joined(separator: ",") + "\r\n" }.joined()
  }

  private static func field(_ cell: Cell) -> String {
    switch cell {
    case .text(let text): CSVText.field(text)
    case .whole(let number): String(number)
    case .number(let number, _): Int(exactly: number).map { String($0) } ?? number.description
    case .unknown: ""
    }
  }

  /// How text is laid out.
  package struct TextStyle: Sendable {
    /// The maximum width of a line, in terminal columns.
    package var width: Int
    /// The character of which bars consist.
    var bar: Character
    /// The maximum number of rows of a table.
    var rows: Int

    /// Creates a style.
    package init(width: Int, bar: Character, rows: Int) {
      self.width = width
      self.bar = bar
      self.rows = rows
    }
  }

  /// Returns the table as lines of text, with a bar in each row if there is a chart and room for
  /// it.
  package func text(_ style: TextStyle) -> String {
    let brief = columns.indices.filter { columns[$0].isBrief }
    // A table over time is cut at its beginning, not at its end.
    let isOverTime = if case .stacks = chart { true } else { false }
    let limit = isListOfFacts ? rows.count : style.rows
    let shownRows = isOverTime ? rows.suffix(limit) : rows.prefix(limit)
    var cells = [brief.map { columns[$0].heading }]
    cells += shownRows.map { row in brief.map { PlainText.escaped(row[$0].shown) } }
    var widths = brief.indices.map { column in
      cells.map { PlainText.width($0[column]) }.max() ?? 0
    }
    func total() -> Int { widths.reduce(0, +) + 2 * (widths.count - 1) }
    // Columns of text are cut, the widest first, if the table is too wide or leaves no room for
    // bars.
    let texts = brief.indices.filter { columns[brief[$0]].isText }
    func shrink(to width: Int, atLeast least: Int) {
      while total() > width, let widest = texts.max(by: { widths[$0] < widths[$1] }),
        widths[widest] > least
      {
        widths[widest] -= 1
      }
    }
    let more = rows.count - shownRows.count + omitted
    let ending =
      more > 0 ? "\n… and \(PlainText.grouped(more)) \(isOverTime ? "earlier" : "more")" : ""
    shrink(to: style.width, atLeast: isListOfFacts ? .max : 8)
    if total() > style.width {
      var table = TextTable(brief.map { (columns[$0].heading, !columns[$0].isText) })
      for row in shownRows { table.add(brief.map { row[$0].shown }) }
      return table.lines(width: style.width).joined(separator: "\n") + ending
    }
    if barValues != nil { shrink(to: style.width - 14, atLeast: 20) }
    let room = min(30, style.width - total() - 2)
    let bars = room >= 5 ? barValues : nil
    let largest = bars.map { bars in
      barScale ?? bars[shownRows.startIndex..<shownRows.endIndex].compactMap { $0 }.max() ?? 0
    }
    let lines = cells.enumerated().map { index, row in
      var line = brief.indices.map { column in
        PlainText.padded(
          PlainText.cut(row[column], to: widths[column]), to: widths[column],
          left: !columns[brief[column]].isText)
      }.joined(separator: "  ")
      if index > 0, let bars, let largest, let value = bars[shownRows.startIndex + index - 1],
        largest > 0, value > 0
      {
        let length = max(1, Int((Double(room) * min(1, value / largest)).rounded()))
        line += "  " + String(repeating: style.bar, count: length)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    return lines.joined(separator: "\n") + ending
  }

  /// The values that bars stand for; `nil` if the chart has none.
  private var barValues: [Double?]? {
    switch chart {
    case .bars(let column, _), .intervals(let column, _, _, _), .comparison(let column, _):
      rows.map { $0[column].number }
    case .stacks(let first, let second):
      rows.map { row in
        row[first].number.flatMap { first in row[second].number.map { first + $0 } }
      }
    case .strips(_, _, let median, _, _): rows.map { $0[median].number }
    case nil: nil
    }
  }

  private var barScale: Double? {
    switch chart {
    case .bars(_, let scale): scale
    case .intervals(_, _, _, let scale): scale
    case .strips, .comparison, .stacks, nil: nil
    }
  }
}
