import RMOSModels

/// Text that is made safe for a terminal.
typealias TerminalText = PlainText

extension PlainText {
  /// The path of a file in a directory, or of the directory itself, as editors can open it.
  static func path(_ path: String?, in directory: String) -> String {
    var place = directory
    while place.count > 1, place.last == "/" { place.removeLast() }
    guard let path else { return place }
    return place + (place == "/" ? "" : "/") + path
  }

  /// A word for a POSIX shell, quoted if necessary, and safe to show.
  static func shellWord(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./=:,+@%".utf8.contains(byte) || byte >= 0x80
      }
    }
    if plain, !word.isEmpty { return escaped(word) }
    var quoted = "'"
    for character in word.unicodeScalars {
      if character == "'" { quoted += "'\\''" } else { quoted.unicodeScalars.append(character) }
    }
    return escaped(quoted + "'")
  }
}

/// A plain-text table with words aligned left and numbers aligned right.
struct TextTable {
  private let wordColumns: Int
  private var rows: [[String]]

  /// Creates a table with its headings.
  ///
  /// - Parameters:
  ///   - words: The headings of the columns with words, which come first.
  ///   - numbers: The headings of the columns with numbers.
  init(_ words: [String], numbers: [String]) {
    wordColumns = words.count
    rows = [words + numbers]
  }

  /// Adds a row with one cell per column; cells are made safe for a terminal.
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
