/// A plain-text table with words aligned left and numbers aligned right.
package struct TextTable {
  private let wordColumns: Int
  /// The headings, then the rows.
  package private(set) var rows: [[String]]

  /// Creates a table with its headings.
  ///
  /// - Parameters:
  ///   - words: The headings of the columns with words, which come first.
  ///   - numbers: The headings of the columns with numbers.
  package init(_ words: [String], numbers: [String]) {
    wordColumns = words.count
    rows = [words + numbers]
  }

  /// Adds a row with one cell per column; cells are made safe for a terminal.
  package mutating func add(_ cells: [String]) { rows.append(cells.map(PlainText.escaped)) }

  private var widths: [Int] {
    rows[0].indices.map { column in rows.map { PlainText.width($0[column]) }.max() ?? 0 }
  }

  /// The width of the whole table, in columns of the terminal.
  package var width: Int { widths.reduce(2 * (rows[0].count - 1), +) }

  /// The lines, without trailing spaces.
  package var lines: [String] {
    let widths = widths
    return rows.map { row in
      var line = row.indices.map { column in
        PlainText.padded(row[column], to: widths[column], left: column >= wordColumns)
      }.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// The lines, without a line break at the end.
  package var text: String { lines.joined(separator: "\n") }
}
