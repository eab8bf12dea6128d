/// A plain-text table with words aligned on the left and numbers on the right.
package struct TextTable {
  private let areNumbers: [Bool]
  /// The number of columns from which on a word may be broken.
  private let longestWord: Int
  /// The headings, then the rows.
  private var rows: [[String]]

  /// Creates a table with its headings.
  ///
  /// - Parameters:
  ///   - words: The headings of the columns with words, which come first.
  ///   - numbers: The headings of the columns with numbers.
  package init(_ words: [String], numbers: [String]) {
    self.init(words.map { ($0, false) } + numbers.map { ($0, true) })
  }

  /// Creates a table with columns in any order, in whose cells words longer than `longestWord` may
  /// be broken.
  package init(
    _ columns: [(heading: String, isNumber: Bool)], breakingWordsLongerThan longestWord: Int = .max
  ) {
    self.longestWord = longestWord
    areNumbers = columns.map(\.isNumber)
    rows = [columns.map(\.heading)]
  }

  /// Adds a row with one cell per column; cells are made safe for a terminal.
  package mutating func add(_ cells: [String]) { rows.append(cells.map(PlainText.escaped)) }

  /// The lines, without trailing spaces; none takes more than `width` columns unless a single word
  /// does.
  ///
  /// A table that is too wide gets cells of several lines. If that does not suffice, the numbers of
  /// each row go below its words; a table of few rows with one column of words is transposed; as a
  /// last resort, each row becomes a sentence.
  package func lines(width: Int) -> [String] {
    let all = Array(rows[0].indices)
    for spacing in [2, 1] {
      if let grid = Grid(rows, all, areNumbers, longestWord, spacing: spacing, width: width) {
        return rows.indices.flatMap(grid.lines)
      }
    }
    let (words, numbers) = (all.filter { !areNumbers[$0] }, all.filter { areNumbers[$0] })
    if words.count > 1, !numbers.isEmpty,
      let below = Grid(rows, numbers, areNumbers, longestWord, spacing: 2, width: width - 4)
    {
      // If the last column of words, such as paths, is too wide, it gets lines of its own.
      for last in [words[...].suffix(0), words.suffix(1)] {
        let others = Array(words.dropLast(last.count))
        guard let first = Grid(rows, others, areNumbers, longestWord, spacing: 2, width: width)
        else { continue }
        return rows.indices.flatMap { row in
          first.lines(row) + below.lines(row).map { "    " + $0 }
            + last.flatMap { PlainText.wrapped(rows[row][$0], width: width, indent: 4) }
        }
      }
    }
    if words.count == 1, rows.count <= 6 {
      let turned = all.map { column in rows.map { $0[column] } }
      let columns = Array(rows.indices)
      let areNumbers = columns.map { $0 > 0 }
      for spacing in [2, 1] {
        if let grid = Grid(turned, columns, areNumbers, longestWord, spacing: spacing, width: width)
        {
          return turned.indices.flatMap(grid.lines)
        }
      }
    }
    return rows.dropFirst().flatMap { sentence($0, width: width) }
  }

  /// A row as a sentence, such as "patterns: found 3, failed 1, waste 2.5 %".
  private func sentence(_ row: [String], width: Int) -> [String] {
    let facts = zip(rows[0], row).dropFirst().map { heading, cell in
      let (name, unit) =
        heading.firstRange(of: ", ").map {
          (heading[..<$0.lowerBound], " " + heading[$0.upperBound...])
        } ?? (heading[...], "")
      return "\(name) \(cell)\(unit)"
    }.joined(separator: ", ")
    let subject = rows[0][0].isEmpty ? row[0] : "\(rows[0][0]) \(row[0])"
    return PlainText.wrapped(
      facts.isEmpty ? subject : "\(subject): \(facts)", width: width, hanging: 2)
  }
}

/// Columns side by side, no wider than they need to be.
private struct Grid {
  private let rows: [[String]]
  private let columns: [Int]
  private let areNumbers: [Bool]
  private let longestWord: Int
  private let spacing: Int
  private let widths: [Int]

  /// Creates a grid of some columns; `nil` if they do not fit.
  init?(
    _ rows: [[String]], _ columns: [Int], _ areNumbers: [Bool], _ longestWord: Int, spacing: Int,
    width: Int
  ) {
    self.rows = rows
    self.columns = columns
    self.areNumbers = areNumbers
    self.longestWord = longestWord
    self.spacing = spacing
    var widths = columns.map { column in rows.map { PlainText.width($0[column]) }.max() ?? 0 }
    // A cell is broken between words, or within long ones.
    let least = columns.map { column in
      rows.flatMap { $0[column].split(separator: " ") }
        .map { min(PlainText.width(String($0)), longestWord) }.max() ?? 0
    }
    var total = widths.reduce(spacing * (columns.count - 1), +)
    while total > width {
      let widest = widths.indices.filter { widths[$0] > least[$0] }.max { widths[$0] < widths[$1] }
      guard let widest else { return nil }
      widths[widest] -= 1
      total -= 1
    }
    self.widths = widths
  }

  /// The lines of a row; in row 0, the headings, cells of fewer lines are aligned at the bottom.
  func lines(_ row: Int) -> [String] {
    let cells = zip(columns, widths).map { column, width in
      PlainText.wrapped(rows[row][column], width: width, breaksWords: longestWord < .max)
    }
    let height = cells.map(\.count).max() ?? 1
    return (0..<height).map { line in
      var text = ""
      for (index, cell) in cells.enumerated() {
        let offset = row == 0 ? line - (height - cell.count) : line
        let part = cell.indices.contains(offset) ? cell[offset] : ""
        if index > 0 { text += String(repeating: " ", count: spacing) }
        text += PlainText.padded(part, to: widths[index], left: areNumbers[columns[index]])
      }
      while text.last == " " { text.removeLast() }
      return text
    }
  }
}

/// Text in CSV (RFC 4180).
package enum CSVText {
  /// A text as a field, in quotes if it needs them.
  ///
  /// An apostrophe is put before a text that spreadsheets would take for a formula.
  package static func field(_ text: String) -> String {
    let isFormula = text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
    let text = isFormula ? "'" + text : text
    guard text.utf8.contains(where: { "\",\r\n".utf8.contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
