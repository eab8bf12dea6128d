extension PlainText {
  /// Text broken at spaces so that no line takes more than `width` columns.
  ///
  /// A word that is too long for a line gets a line of its own, whole and less indented, so that a
  /// path can be copied, unless `breaksWords`. Text that fits is kept as it is; in text that does not, spaces in a row
  /// become one.
  ///
  /// - Parameters:
  ///   - text: The text, safe to show.
  ///   - width: The columns of a line.
  ///   - label: What precedes the text in the first line.
  ///   - indent: The columns before the label.
  ///   - hanging: The columns before every other line; `indent` if `nil`.
  ///   - breaksWords: Whether a word that is too long is broken.
  /// - Returns: The lines, at least one, without trailing spaces.
  package static func wrapped(
    _ text: String, width: Int, after label: String = "", indent: Int = 0, hanging: Int? = nil,
    breaksWords: Bool = false
  ) -> [String] {
    let start = String(repeating: " ", count: indent) + label
    if Self.width(start) + Self.width(text) <= width { return [trimmed(start + text)] }
    let margin = min(hanging ?? indent, max(0, width - 8))
    var lines: [String] = []
    var line = start
    var used = Self.width(start)
    var hasWord = false
    func breakLine(beginningAt column: Int) {
      let ended = trimmed(line)
      if !ended.isEmpty { lines.append(ended) }
      line = String(repeating: " ", count: column)
      used = column
      hasWord = false
    }
    for word in text.split(separator: " ") {
      var word = word
      var length = Self.width(String(word))
      if used + (hasWord ? 1 : 0) + length > width {
        let column = breaksWords || length > width ? margin : min(margin, width - length)
        // A label is not left alone if the word does not fit the next line either.
        if hasWord || column < used && column + length <= width { breakLine(beginningAt: column) }
      }
      if hasWord {
        line += " "
        used += 1
      }
      while breaksWords, used + length > width {
        let part = Self.prefix(word, width: max(1, width - used))
        line += part
        word = word.dropFirst(part.count)
        length = Self.width(String(word))
        breakLine(beginningAt: margin)
      }
      line += word
      used += length
      hasWord = true
    }
    breakLine(beginningAt: margin)
    return lines.isEmpty ? [""] : lines
  }

  /// The first characters of a text that take at most `width` columns; at least one.
  private static func prefix(_ text: Substring, width: Int) -> Substring {
    var used = 0
    var end = text.startIndex
    for index in text.indices {
      used += Self.width(String(text[index]))
      if used > width, end > text.startIndex { break }
      end = text.index(after: index)
    }
    return text[..<end]
  }

  /// The text, cut at the end and marked with "…" if it is too wide.
  package static func cut(_ text: String, to width: Int) -> String {
    guard Self.width(text) > width else { return text }
    var (cut, used) = ("", 0)
    for character in text {
      used += Self.width(String(character))
      if used > width - 1 { break }
      cut.append(character)
    }
    return cut + "…"
  }

  private static func trimmed(_ line: String) -> String {
    var line = line[...]
    while line.last == " " { line.removeLast() }
    return String(line)
  }
}
