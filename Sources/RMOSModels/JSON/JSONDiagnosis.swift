import RMOSSystem

/// A description of why a text is not JSON, and of how to fix it.
///
/// The scanner reports only where it stopped, and at which byte. A diagnosis examines the bytes
/// around that place for other notations that people and programs write in place of JSON.
package struct JSONDiagnosis: Sendable, Hashable {
  /// The bytes around an error.
  package struct Excerpt: Sendable {
    /// The part of the source that was scanned as one text; the raw value is for messages.
    package enum Unit: String, Sendable {
      case text, file, line
    }

    /// The number of bytes before and after the place of an error that are examined.
    package static let reach = (before: 96, after: 320)

    /// The bytes.
    let bytes: [UInt8]
    /// The position in `bytes` at which the scanner stopped.
    let position: Int
    /// The position in `bytes` at which the text begins, after white space; `nil` if the beginning
    /// is not part of the excerpt.
    let start: Int?
    /// The unit that the text is.
    let unit: Unit
    /// The encoding of the file.
    let encoding: SourceEncoding

    /// Creates an excerpt.
    package init(
      bytes: [UInt8], position: Int, start: Int?, unit: Unit, encoding: SourceEncoding = .utf8
    ) {
      self.encoding = encoding
      self.bytes = bytes
      self.position = min(max(position, 0), bytes.count)
      self.start = start
      self.unit = unit
    }
  }

  /// A description of what was found in place of JSON, and of how to fix it.
  package var message: String
  /// Whether the whole text is not JSON, so that further errors in it would be meaningless.
  package var isAboutWholeText = false

  /// Whether a byte is white space of JSON.
  package static func isWhiteSpace(_ byte: UInt8) -> Bool { JSONScanner.isWhiteSpace(byte) }

  init(_ message: String, isAboutWholeText: Bool = false) {
    self.message = message
    self.isAboutWholeText = isAboutWholeText
  }

  /// Creates the diagnosis of an error.
  package init(_ error: JSONScanError, in excerpt: Excerpt) {
    let found: JSONDiagnosis? =
      switch error.reason {
      case .unexpectedEnd: excerpt.end()
      case .controlCharacter(let byte): excerpt.controlCharacter(byte)
      case .invalidEscape: excerpt.escape()
      case .unexpected(_, let expected): excerpt.unexpected(expected)
      case .invalidUTF8, .tooDeep, .loneSurrogate: nil
      }
    self = found ?? JSONDiagnosis(error.message)
  }

  /// The length of the lines into which SQL Server's tools cut a result.
  private static let lengthOfResultLines = 2033

  /// Creates the diagnosis of a line end in a string; `nil` if the lines are not pieces of one
  /// length of what was one line.
  ///
  /// - Parameters:
  ///   - bytes: The text around the line end.
  ///   - isWhole: Whether the bytes begin where the text does.
  package init?(ofCutLines bytes: [UInt8], isWhole: Bool) {
    let text = String(decoding: bytes, as: UTF8.self)
    var lengths = text.unicodeScalars.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" }
    ).map { line in
      line.reduce(0) { $0 + ($1 == "\r" || $1 == "\u{FEFF}" ? 0 : $1.value > 0xFFFF ? 2 : 1) }
    }
    if !isWhole { lengths.removeFirst() }
    guard let length = lengths.first, length >= 1000 else { return nil }
    let same = lengths.prefix { $0 == length }.count
    guard same > (length == Self.lengthOfResultLines ? 0 : 1),
      lengths.dropFirst(same).allSatisfy({ $0 < length })
    else { return nil }
    self.init(
      "found a line break in a string, and lines of \(length) characters each, which are pieces of "
        + "one line, as SQL Server's tools cut a result; join the lines, or export it to a file")
  }

  /// Creates the diagnosis of an error in a whole text.
  package init(_ error: JSONScanError, in text: some Collection<UInt8>) {
    let before = text.prefix(error.offset).suffix(Excerpt.reach.before)
    let after = text.dropFirst(error.offset).prefix(Excerpt.reach.after)
    let first = text.prefix { JSONScanner.isWhiteSpace($0) }.count
    let start = first - (error.offset - before.count)
    self.init(
      error,
      in: Excerpt(
        bytes: Array(before) + Array(after), position: before.count,
        start: start >= 0 ? start : nil, unit: .text))
  }
}

// MARK: Looking at the excerpt

extension JSONDiagnosis.Excerpt {
  /// The byte at which the scanner stopped; `nil` at the end.
  fileprivate var byte: UInt8? { byte(at: position) }

  fileprivate func byte(at index: Int) -> UInt8? {
    bytes.indices.contains(index) ? bytes[index] : nil
  }

  fileprivate func has(_ text: String, at index: Int) -> Bool {
    index >= 0 && index <= bytes.count && bytes[index...].starts(with: text.utf8)
  }

  /// The last byte before ``position`` that is not white space.
  fileprivate var previous: UInt8? { bytes[..<position].last { !JSONScanner.isWhiteSpace($0) } }

  /// Whether ``position`` is the beginning of the text, or at most two bytes after it.
  fileprivate var isAtStart: Bool { start.map { position - $0 <= 2 && $0 <= position } ?? false }

  /// The bytes around ``position`` up to the next separator of JSON, and where they begin.
  fileprivate var word: (text: String, start: Int) {
    func isPart(_ byte: UInt8) -> Bool {
      byte > 0x20 && byte != 0x7F && !",:;[]{}()\"'`=<>#\\".utf8.contains(byte)
    }
    var (first, last) = (position, position)
    while first > 0, isPart(bytes[first - 1]) { first -= 1 }
    while last < bytes.count, isPart(bytes[last]) { last += 1 }
    return (String(decoding: bytes[first..<last], as: UTF8.self), first)
  }
}

// MARK: Errors within strings, and at the end

extension JSONDiagnosis.Excerpt {
  fileprivate func end() -> JSONDiagnosis? {
    switch unit {
    case .text where bytes.allSatisfy(JSONScanner.isWhiteSpace):
      JSONDiagnosis("the text is empty; write null")
    case .text: nil
    case .file:
      JSONDiagnosis(
        "the file ends within a value: the rest is missing, or a bracket is not closed; copy it "
          + "again from where it came from, or run again if a program is still writing it")
    case .line:
      JSONDiagnosis(
        "the line ends within a value: the rest is missing, or a bracket is not closed; write each "
          + "entity on one line")
    }
  }

  fileprivate func controlCharacter(_ byte: UInt8) -> JSONDiagnosis? {
    switch byte {
    case 0 where has("\0\0\0\0", at: position): zeros()
    case 0 where isUTF16: otherEncoding("UTF-16")
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
      JSONDiagnosis(
        "found a line break in a string; write \\n for it, or close the string with a double "
          + "quote")
    case UInt8(ascii: "\t"):
      JSONDiagnosis("found a tab in a string; write \\t for it")
    default:
      JSONDiagnosis(
        "found the control character 0x\(ASCII.hex([byte]).uppercased()) in a string; write "
          + "\\u00\(ASCII.hex([byte])) for it, or remove it")
    }
  }

  /// Whether the text goes on as UTF-16, in which every other byte of a Latin text is zero.
  private var isUTF16: Bool {
    [position - 1, position].contains { index in
      guard let first = byte(at: index), let second = byte(at: index + 1),
        let third = byte(at: index + 2), let fourth = byte(at: index + 3)
      else { return false }
      return first == third && first == 0 && second != 0 && fourth != 0
        || second == fourth && second == 0 && first != 0 && third != 0
    }
  }

  /// Whether the text goes on as UTF-8 in a file of UTF-16, so that two of its characters are read
  /// as one.
  private var isUTF8: Bool {
    guard case .utf16(let isBigEndian) = encoding else { return false }
    let rest = String(decoding: bytes[position...], as: UTF8.self).utf16.prefix(8)
    return rest.count > 3
      && rest.dropLast().allSatisfy { unit in
        let pair = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
        return (isBigEndian ? pair : pair.reversed()).allSatisfy {
          0x20..<0x7F ~= $0 || JSONScanner.isWhiteSpace($0)
        }
      }
  }

  private func otherEncoding(_ name: String) -> JSONDiagnosis {
    // In UTF-16, no line ends in a part that is UTF-8.
    let isLastLine = unit == .line && encoding != .utf8
    return JSONDiagnosis(
      "the \(isLastLine ? "file" : unit.rawValue) goes on in \(name) from here, as where a program, "
        + "such as Windows PowerShell with >>, appended to it in another encoding; save both parts "
        + "as UTF-8" + (isLastLine ? ", since all lines from here on count as one failure" : ""))
  }

  private func zeros() -> JSONDiagnosis {
    let count = bytes[position...].prefix { $0 == 0 }.count
    if position + count < bytes.count {
      return JSONDiagnosis(
        "found \(count) zero bytes, as after a crash or a full disk; remove them")
    }
    let isAll = isAtStart
    return JSONDiagnosis(
      (isAll
        ? "the \(unit.rawValue) holds zero bytes only" : "found zero bytes from here on")
        + ", as after a crash, a full disk or a download that was not finished; restore it from a "
        + "backup, or have it downloaded again", isAboutWholeText: isAll)
  }

  fileprivate func escape() -> JSONDiagnosis? {
    guard let letter = byte(at: position + 1) else { return nil }
    switch letter {
    case UInt8(ascii: "u"):
      return JSONDiagnosis(
        "found \\u without four hexadecimal digits; write \\\\ for a backslash, as in a path")
    case UInt8(ascii: "x"):
      let digits = bytes[(position + 2)...].prefix(2)
      guard digits.count == 2, digits.allSatisfy({ $0.hexadecimalValue != nil }) else { break }
      let text = String(decoding: digits, as: UTF8.self)
      return JSONDiagnosis("found \\x\(text), which is not a JSON escape; write \\u00\(text)")
    case UInt8(ascii: "'"):
      return JSONDiagnosis("found \\', which is not a JSON escape; write ' alone")
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
      return JSONDiagnosis(
        "found a backslash at the end of a line; a string must be on one line, with \\n for a line "
          + "break")
    default: break
    }
    guard letter > 0x20, letter < 0x7F else { return nil }
    return JSONDiagnosis(
      "found \\\(Character(Unicode.Scalar(letter))), which is not a JSON escape; write \\\\ for "
        + "each backslash, as in a path")
  }
}

// MARK: Tokens that are not JSON

extension JSONDiagnosis.Excerpt {
  fileprivate func unexpected(_ expected: JSONScanError.Expected) -> JSONDiagnosis? {
    guard let byte else { return nil }
    if byte == 0, has("\0\0\0\0", at: position) { return zeros() }
    if isUTF16 { return otherEncoding("UTF-16") }
    if byte >= 0x80, isUTF8 { return otherEncoding("UTF-8") }
    if let conflict = mergeConflict() { return conflict }
    if isAtStart, let format = otherFormat() { return format }
    if expected == .end, let other = afterEnd(byte) { return other }
    if byte == 0 {
      return JSONDiagnosis("found a zero byte, as in text that is UTF-16; save it as UTF-8")
    }
    if let slip = control(byte) ?? windowsNumber() ?? comment() { return slip }
    if let line = logLine() { return line }
    if let slip = character() { return slip }
    if let slip = separator(byte, expected) { return slip }
    if let slip = number() ?? literal(expected) { return slip }
    return document(byte, expected) ?? missingComma(byte, expected)
  }

  private func mergeConflict() -> JSONDiagnosis? {
    let markers = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
    guard markers.contains(where: { has($0, at: position) }),
      position == 0 || position == start || byte(at: position - 1) == UInt8(ascii: "\n")
        || byte(at: position - 1) == UInt8(ascii: "\r")
    else { return nil }
    return JSONDiagnosis(
      "found the marker of a merge conflict; resolve the conflict, and remove the lines that begin "
        + "with <<<<<<<, ======= and >>>>>>>")
  }

  /// Recognizes other formats by the beginning of the text.
  private func otherFormat() -> JSONDiagnosis? {
    start.flatMap { JSONDiagnosis(ofOtherFormat: bytes[$0...].prefix(200), unit) }
  }

  /// Recognizes characters that mark the end of a file, and tables whose first cell is quoted.
  private func afterEnd(_ byte: UInt8) -> JSONDiagnosis? {
    if byte == 0, bytes[position...].allSatisfy({ $0 == 0 || JSONScanner.isWhiteSpace($0) }) {
      return JSONDiagnosis("found a zero byte after the end; remove it")
    }
    guard let start, bytes[start] == UInt8(ascii: "\""), ",;\t".utf8.contains(byte) else {
      return nil
    }
    return JSONDiagnosis(unit, is: "a table (CSV)", "export it as JSON")
  }

  /// Recognizes a line of a log, with words or a time in brackets before an object.
  private func logLine() -> JSONDiagnosis? {
    guard let start, start < position || isAtStart else { return nil }
    let line = bytes[start...].prefix { $0 != UInt8(ascii: "\n") }
    guard let brace = line.firstIndex(of: UInt8(ascii: "{")), brace >= position, brace > start,
      !line[..<brace].contains(UInt8(ascii: "\"")), bytes[brace - 1] <= 0x20,
      line.first != UInt8(ascii: "[") || line[..<brace].contains(UInt8(ascii: "]"))
    else { return nil }
    return JSONDiagnosis("found text before an object, as in a log; remove what is before the {")
  }

  /// Recognizes control characters that are not white space of JSON.
  private func control(_ byte: UInt8) -> JSONDiagnosis? {
    guard byte < 0x20 || byte == 0x7F else { return nil }
    if byte == 0x1A, bytes[position...].allSatisfy({ $0 == byte || JSONScanner.isWhiteSpace($0) }) {
      return JSONDiagnosis(
        "found the character 0x1A after the end, which marks the end of a file in DOS; remove it")
    }
    if has("\u{1B}[", at: position) {
      return JSONDiagnosis(
        "found the colors of a terminal (0x1B); have the program write plain text, as jq does with "
          + "--monochrome-output")
    }
    return JSONDiagnosis(
      "found the control character 0x\(ASCII.hex([byte]).uppercased()) between values; remove it")
  }

  /// Recognizes what older C libraries of Windows write in place of a number, such as 1.#QNAN.
  private func windowsNumber() -> JSONDiagnosis? {
    guard has("1.#", at: position - 2) else { return nil }
    let name = bytes[(position + 1)...].prefix { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }
    let sign = byte(at: position - 3) == UInt8(ascii: "-") ? "-" : ""
    let text = "\(sign)1.#\(String(decoding: name, as: UTF8.self))"
    return JSONDiagnosis(
      "found \(text), which is not a number in JSON; write null, or \"\(text)\" as a string")
  }

  private func comment() -> JSONDiagnosis? {
    let openings = ["//", "/*", "#", "<!--", "--"]
    // The scanner takes the first "-" of "--" for the beginning of a number, and stops after it.
    guard
      let opening = openings.first(where: { has($0, at: position) })
        ?? (has("--", at: position - 1) ? "--" : nil)
    else { return nil }
    return JSONDiagnosis("found a comment (\(opening)); JSON has no comments, so remove it")
  }

  /// Recognizes other quotes, and characters outside of ASCII that resemble those of JSON.
  private func character() -> JSONDiagnosis? {
    guard let byte, byte >= 0x80 || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") else {
      return nil
    }
    if byte == UInt8(ascii: "'") {
      return JSONDiagnosis(
        "found a single quote, as Python and JavaScript write it; strings and member names must "
          + "be in double quotes")
    }
    var iterator = bytes[position...].makeIterator()
    var decoder = UTF8()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
    let code = "U+" + Self.code(scalar)
    switch scalar {
    case "`", "\u{2018}"..."\u{201F}", "\u{2032}"..."\u{2037}", "\u{2039}", "\u{203A}", "\u{AB}",
      "\u{BB}", "\u{B4}", "\u{2BC}", "\u{300C}"..."\u{300F}", "\u{301D}"..."\u{301F}", "\u{FF02}",
      "\u{FF07}":
      return JSONDiagnosis(
        "found the typographic quote \(scalar) (\(code)), as word processors write it; strings "
          + "and member names must be in straight double quotes (\")")
    case "\u{FEFF}":
      return JSONDiagnosis(
        "found a byte-order mark within the \(unit.rawValue), as where files were joined; remove "
          + "it")
    case "\u{200B}"..."\u{200F}", "\u{2060}"..."\u{2064}", "\u{202A}"..."\u{202E}", "\u{AD}":
      return JSONDiagnosis("found an invisible character (\(code)); remove it")
    case _ where scalar.properties.isWhitespace:
      return JSONDiagnosis(
        "found white space that is not JSON's (\(code)); use plain spaces between values")
    case "\u{2010}"..."\u{2015}", "\u{2212}", "\u{FF0D}":
      return JSONDiagnosis(
        "found \(scalar) (\(code)) for a minus sign; write - (U+002D)")
    case "\u{FF0C}", "\u{3001}", "\u{60C}", "\u{201A}":
      return JSONDiagnosis("found \(scalar) (\(code)) for a comma; write , (U+002C)")
    case "\u{FF1A}", "\u{A789}", "\u{2236}":
      return JSONDiagnosis("found \(scalar) (\(code)) for a colon; write : (U+003A)")
    case "\u{2026}":
      return JSONDiagnosis(
        "found \u{2026} (\(code)) in place of omitted content; write it out")
    default:
      return JSONDiagnosis(
        "found \(scalar) (\(code)) outside quotes; strings and member names must be in double "
          + "quotes")
    }
  }

  private static func code(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// Recognizes superfluous, missing and wrong commas, colons and brackets.
  private func separator(
    _ byte: UInt8, _ expected: JSONScanError.Expected
  ) -> JSONDiagnosis? {
    let wantsItem = expected == .value || expected == .name
    switch byte {
    case UInt8(ascii: "]"), UInt8(ascii: "}"):
      switch expected {
      case .value where previous == UInt8(ascii: ":"):
        return JSONDiagnosis("found no value after the colon; write null")
      case .value, .name:
        guard previous == UInt8(ascii: ",") else { return nil }
        return JSONDiagnosis("found a trailing comma; remove it")
      case .commaOrBrace:
        return JSONDiagnosis("found \"]\" in an object; a \"}\" is missing before it")
      case .commaOrBracket:
        return JSONDiagnosis("found \"}\" in an array; a \"]\" is missing before it")
      case .end:
        return JSONDiagnosis(
          "found \"\(Character(Unicode.Scalar(byte)))\" after the end; one closing bracket is too "
            + "many, or an opening one is missing")
      default: return nil
      }
    case UInt8(ascii: ",") where wantsItem:
      return previous == UInt8(ascii: ":")
        ? JSONDiagnosis("found no value after the colon; write null")
        : JSONDiagnosis("found a comma with nothing before it; remove it")
    case UInt8(ascii: ",") where expected == .end:
      return JSONDiagnosis(
        unit == .line
          ? "found a comma at the end of the line; remove it, since nothing separates the lines"
          : "found a comma after the end; remove it, or put the values that it separates into an "
            + "array")
    case UInt8(ascii: ";"):
      return JSONDiagnosis(
        expected == .end
          ? "found \";\" after the end; remove it"
          : "found \";\"; JSON separates values with commas")
    case UInt8(ascii: "=") where expected == .colon:
      return JSONDiagnosis("found \"=\" after a member name; write a colon")
    default: return nil
    }
  }

  // MARK: Numbers and words

  /// Recognizes a number that is not valid in JSON.
  private func number() -> JSONDiagnosis? {
    let (text, start) = word
    let body = text.drop { $0 == "-" || $0 == "+" }
    guard let first = body.first, first == "." || first.isASCIIDigit,
      body.contains(where: \.isASCIIDigit)
    else { return nil }
    guard text.utf8.count <= 60 else { return nil }
    // As in 1 000.
    if start > 1, bytes[start - 1] == UInt8(ascii: " "), bytes[start - 2] &- 0x30 < 10,
      text.prefix(while: \.isASCIIDigit).count == 3
    {
      return JSONDiagnosis("found a space within a number; remove it")
    }
    // As in 2,5: a comma between two digits.
    if start > 1, bytes[start - 1] == UInt8(ascii: ","), bytes[start - 2] &- 0x30 < 10 {
      return JSONDiagnosis("found a comma within a number; " + advice(onCommaBefore: text, start))
    }
    guard !JSONNumberForm.isNumber(text) else { return nil }
    if body.hasPrefix("0x") || body.hasPrefix("0X"), let value = Int(body.dropFirst(2), radix: 16) {
      let sign = text.hasPrefix("-") ? "-" : ""
      return JSONDiagnosis("found \(text), which is hexadecimal; write \(sign)\(value)")
    }
    if let number = JSONNumberForm.number(meantBy: text) {
      let what =
        switch true {
        case text.hasPrefix("+"): "begins with a plus sign"
        case body.hasPrefix("."): "has no digit before the point"
        case text.hasSuffix("."): "has no digit after the point"
        case text.contains("_"): "has digits in groups"
        default: "begins with a zero"
        }
      return JSONDiagnosis(
        "found \(text), which \(what); write \(number)"
          + (body.hasPrefix("0") ? ", or \"\(text)\" if it is not a quantity" : ""))
    }
    return JSONDiagnosis(
      "found \(text), which is not a number; put it in double quotes, or write the number alone")
  }

  /// How to write a number whose part after a comma begins at `start`.
  private func advice(onCommaBefore part: String, _ start: Int) -> String {
    let whole = bytes[..<(start - 1)].reversed().prefix { $0 &- 0x30 < 10 }
    let digits = part.prefix(while: \.isASCIIDigit)
    // As in 1,234: the comma may separate thousands.
    guard digits.count == 3, whole.count <= 3, whole.last != UInt8(ascii: "0"),
      byte(at: start - 2 - whole.count) != UInt8(ascii: ".")
    else { return "the decimal separator of JSON is the point" }
    let after = byte(at: start + 3)
    let isFollowed =
      after == UInt8(ascii: ".")
      || after == UInt8(ascii: ",") && (byte(at: start + 4).map { $0 &- 0x30 < 10 } ?? false)
    return isFollowed
      ? "JSON does not separate thousands, so remove it"
      : "write a point if it is the decimal separator, or nothing if it separates thousands"
  }

  /// Recognizes a word other than `true`, `false` and `null`.
  private func literal(_ expected: JSONScanError.Expected) -> JSONDiagnosis? {
    let (text, start) = word
    let name = text.drop { $0 == "-" || $0 == "+" }
    guard let first = name.first, first.isLetter || first == "_" || first == "$" else {
      return nil
    }
    let after = byte(at: start + text.utf8.count)
    if text.lowercased() == "u", after == UInt8(ascii: "'") || after == UInt8(ascii: "\"") {
      return JSONDiagnosis(
        "found u before a string, as Python 2 writes it; write the data with json.dumps")
    }
    if expected == .name {
      return JSONDiagnosis(
        "found the member name \(shown(text)) without quotes; put it in double quotes")
    }
    let known = name.lowercased()
    if ["nan", "infinity", "inf"].contains(known) {
      return JSONDiagnosis(
        "found \(text), which is not a number in JSON; write null, or \"\(text)\" as a string")
    }
    if name == text, let literal = Self.literals[known], text != literal, after != 0x28 {
      let origin =
        switch text {
        case "True", "False", "None": ", as Python writes it"
        case "undefined": ", as JavaScript writes it"
        default: ""
        }
      return JSONDiagnosis("found \(text)\(origin); write \(literal)")
    }
    if after == UInt8(ascii: "(") || text == "new" {
      return JSONDiagnosis(
        "found \(shown(text))(…), which is program code; write the value itself")
    }
    switch previous {
    case UInt8(ascii: "\"") where expected != .value && expected != .colon:
      return JSONDiagnosis(
        "found \(shown(text)) after a closing double quote; write \\\" for a double quote within a "
          + "string, or add the missing comma")
    case let byte? where byte &- 0x30 < 10 && expected != .value:
      return JSONDiagnosis(
        "found \(shown(text)) after a number; write the number alone, or both in double quotes")
    default:
      return JSONDiagnosis(
        "found \(shown(text)) without quotes; put strings in double quotes")
    }
  }

  private static let literals = [
    "true": "true", "false": "false", "null": "null", "none": "null", "nil": "null",
    "undefined": "null", "na": "null", "n/a": "null", "yes": "true", "no": "false", "on": "true",
    "off": "false", "nul": "null", "ture": "true", "flase": "false",
  ]

  private func shown(_ text: String) -> String {
    text.count > 30 ? text.prefix(30) + "…" : text
  }

  // MARK: Values that follow

  /// Recognizes a second value after the end of the first.
  private func document(
    _ byte: UInt8, _ expected: JSONScanError.Expected
  ) -> JSONDiagnosis? {
    guard expected == .end else { return nil }
    switch unit {
    case .text: return nil
    case .line where self.byte(at: position - 1) == UInt8(ascii: "\r"):
      return JSONDiagnosis(
        "found line ends that are carriage returns alone; save the file with line feeds",
        isAboutWholeText: true)
    case .line:
      return JSONDiagnosis(
        "found a second value on the line; write each entity on a line of its own")
    case .file where byte == UInt8(ascii: "{") && beginsLine && endsLineOfMany:
      return JSONDiagnosis(
        "found a second value after the first; put the entities in [ ], separated by commas")
    case .file where byte == UInt8(ascii: "{") && beginsLine:
      return JSONDiagnosis(
        "found a second value after the first, on a line of its own; let the file's name end in "
          + ".jsonl, or put the entities in an array")
    case .file:
      return JSONDiagnosis(
        "found a second value after the first; put several entities in an array, or write one per "
          + "line in a file ending in .jsonl")
    }
  }

  /// Whether the line on which the value before ``position`` ends is not the one where it begins.
  private var endsLineOfMany: Bool {
    guard let last = bytes[..<position].lastIndex(where: { !JSONScanner.isWhiteSpace($0) }),
      let feed = bytes[..<last].lastIndex(of: UInt8(ascii: "\n"))
    else { return false }
    let first = bytes[(feed + 1)...last].first { !JSONScanner.isWhiteSpace($0) }
    return first != UInt8(ascii: "{")
  }

  /// Whether only white space separates ``position`` from the beginning of its line.
  private var beginsLine: Bool {
    var index = position - 1
    while let byte = byte(at: index), JSONDiagnosis.isWhiteSpace(byte) {
      if byte == UInt8(ascii: "\n") { return true }
      index -= 1
    }
    return false
  }

  /// Recognizes a value that directly follows another.
  private func missingComma(
    _ byte: UInt8, _ expected: JSONScanError.Expected
  ) -> JSONDiagnosis? {
    guard expected == .commaOrBrace || expected == .commaOrBracket,
      byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
    else { return nil }
    return JSONDiagnosis(
      previous == UInt8(ascii: "\"") && byte == UInt8(ascii: "\"")
        ? "found a string right after another; a comma or a colon is missing, or \\\" was meant "
          + "within the string"
        : "a comma is missing before this value")
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
