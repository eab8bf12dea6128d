import RMOSModels

/// A table in plain text: words flush left, numbers flush right.
struct TextTable {
  private let wordColumns: Int
  private var rows: [[String]]

  /// A table with its headings.
  ///
  /// - Parameters:
  ///   - words: The headings of the columns with words, which come first.
  ///   - numbers: The headings of the columns with numbers.
  init(_ words: [String], numbers: [String]) {
    wordColumns = words.count
    rows = [words + numbers]
  }

  /// Adds a row with a cell per column; cells are made safe for a terminal.
  mutating func add(_ cells: [String]) { rows.append(cells.map(TerminalText.escaped)) }

  /// The lines, without a line break at the end.
  var text: String {
    let widths = rows[0].indices.map { column in
      rows.map { TerminalText.width($0[column]) }.max() ?? 0
    }
    return rows.map { row in
      var line = row.indices.map { column in
        TerminalText.padded(row[column], to: widths[column], left: column >= wordColumns)
      }.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
