import RMOSSystem

/// Formats text from files, and numbers, for terminals and reports.
package enum PlainText {
  /// The text with all characters that could control a terminal or reorder text on the screen
  /// written as `\u{…}`: control characters, including line breaks, bidirectional marks and other
  /// invisible format characters, and line separators.
  ///
  /// ```swift
  /// PlainText.escaped("red \u{1b}[31m")  // red \u{1b}[31m, visibly
  /// ```
  package static func escaped(_ text: String) -> String {
    if text.allBytesSatisfy({ $0.isPrintableASCII }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if controlsDisplay(scalar) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Whether a scalar could control a terminal or reorder text on the screen.
  package static func controlsDisplay(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x7F { return scalar.value < 0x20 }
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: return true
    // Emoji and some scripts need the joiners.
    case .format: return scalar.value != 0x200C && scalar.value != 0x200D
    default: return false
    }
  }

  /// The number of terminal columns that the text takes; a style sequence (`ESC [ … m`) takes none.
  package static func width(_ text: String) -> Int {
    if text.allBytesSatisfy({ $0 >= 0x20 && $0 < 0x80 }) { return text.utf8.count }
    var isStyle = false
    return text.unicodeScalars.reduce(0) { sum, scalar in
      if isStyle || scalar == "\u{1b}" {
        isStyle = scalar != "m"
        return sum
      }
      return sum + width(scalar)
    }
  }

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    // The vowels and final consonants of Korean syllables that are written letter by letter.
    case 0x1160...0x11FF: return 0
    // A flag consists of two of these.
    case 0x1F1E6...0x1F1FF: return 1
    // Wide and full width, by Unicode's East Asian Width.
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C,
      0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6B, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
      0x17000...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD:
      return 2
    default: return scalar.properties.isEmojiPresentation ? 2 : 1
    }
  }

  /// The text, padded on the left (as numbers are) or on the right to a width in columns.
  package static func padded(_ text: String, to width: Int, left: Bool) -> String {
    let padding = String(repeating: " ", count: max(0, width - Self.width(text)))
    return left ? padding + text : text + padding
  }

  /// A number with thousands separators: `1,234,567`.
  package static func grouped(_ number: Int) -> String {
    grouped(digits: String(number))
  }

  /// A number rounded to a number of decimals, with thousands separators: `1,234.50`.
  package static func grouped(_ number: Double, decimals: Int) -> String {
    grouped(digits: fixed(number, decimals: decimals))
  }

  /// Digits of a number with thousands separators before the decimal point.
  package static func grouped(digits: String) -> String {
    let sign = digits.hasPrefix("-") ? "-" : ""
    let whole = digits.dropFirst(sign.count).prefix { $0 != "." }
    guard whole.count > 3 else { return digits }
    var text = sign
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text + digits[whole.endIndex...]
  }

  /// A number rounded to a number of decimals; "-" if it is too large for that, or not finite.
  package static func fixed(_ number: Double, decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    guard abs(number) < 1e15, let scaled = Int(exactly: (abs(number) * scale).rounded()) else {
      return "-"
    }
    let sign = number < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(scaled) }
    let (whole, part) = scaled.quotientAndRemainder(dividingBy: Int(scale))
    let fraction = String(part)
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(sign)\(whole).\(zeros)\(fraction)"
  }

  /// A number with its noun, such as "1 file" or "2 files".
  package static func counted(_ number: Int, _ singular: String, _ plural: String? = nil) -> String
  {
    "\(grouped(number)) \(number == 1 ? singular : plural ?? singular + "s")"
  }
}

extension Substring {
  /// The text without the white space around it.
  var trimmed: Substring {
    var trimmed = drop(while: \.isWhitespace)
    while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
    return trimmed
  }
}

extension PlainText {
  /// Text broken at spaces so that no line takes more than `width` columns.
  ///
  /// A word that is too long for a line gets a line of its own, unbroken and less indented, so that
  /// a path can be copied, unless `breaksWords`. Text that fits one line is kept as it is;
  /// otherwise, several spaces become one.
  ///
  /// - Parameters:
  ///   - text: The text, safe to show.
  ///   - width: The columns of a line.
  ///   - label: The label that precedes the text in the first line.
  ///   - indent: The columns before the label.
  ///   - hanging: The columns before every other line; `indent` if `nil`.
  ///   - breaksWords: Whether to break a word that is too long.
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
        // The word stays next to a label if it does not fit the next line either.
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

  /// The text, or its beginning followed by "…" if it is too wide.
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
