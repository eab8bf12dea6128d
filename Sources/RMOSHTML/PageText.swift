package import RMOSModels
import RMOSSystem

/// Formats values of the database for pages.
package enum PageText {
  /// Returns a text, isolated from the direction of its surroundings and cut if it is very long;
  /// for a blank one, "(empty)" or "(blank)".
  package static func short(_ text: String, limit: Int = 160) -> HTML {
    if isBlank(text) { return "<span class=\"dim\">(\(text.isEmpty ? "empty" : "blank"))</span>" }
    let scalars = text.unicodeScalars
    guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
      end < scalars.endIndex
    else { return "<bdi>\(text)</bdi>" }
    return "<bdi>\(String(scalars[..<end]))…</bdi>"
  }

  /// Returns a text with its first letter in upper case.
  package static func capitalized(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }

  /// Returns a whole text, isolated, with its line breaks.
  static func whole(_ text: String) -> HTML {
    if isBlank(text) { return short(text) }
    return "<bdi>\(lines(of: text))</bdi>"
  }

  /// Returns a whole text; if it is very long, its beginning, with the rest in a closed section.
  package static func folding(_ text: String) -> HTML {
    let count = text.unicodeScalars.count
    guard count > 400 else { return whole(text) }
    return """
      \(short(text, limit: 300))<details><summary>All \(PlainText.grouped(count)) characters\
      </summary>\(whole(text))</details>
      """
  }

  /// Returns the lines of a text, each escaped.
  package static func lines(of text: String) -> [HTML] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map {
      $0.offset == 0 ? HTML(text: String($0.element)) : "\n" + HTML(text: String($0.element))
    }
  }

  /// Returns the name of a field, where a line may break after `_`.
  package static func name(_ name: String) -> HTML {
    let words = name.split(separator: "_", omittingEmptySubsequences: false)
    return HTML(words.enumerated().map { $0 == 0 ? HTML(text: String($1)) : "_<wbr>\(String($1))" })
  }

  /// Returns an id, or another text where a line may break after `_`, isolated and cut as by
  /// ``short(_:limit:)``.
  package static func id(_ text: String, limit: Int = 160) -> HTML {
    guard text.utf8.contains(UInt8(ascii: "_")), !isBlank(text) else {
      return short(text, limit: limit)
    }
    let end = text.unicodeScalars.index(
      text.startIndex, offsetBy: limit, limitedBy: text.endIndex)
    guard let end, end < text.endIndex else { return "<bdi>\(name(text))</bdi>" }
    return "<bdi>\(name(String(text[..<end])))…</bdi>"
  }

  /// Returns whether a text is invisible.
  package static func isBlank(_ text: String) -> Bool {
    if let first = text.utf8.first, 0x21...0x7E ~= first { return false }
    return text.unicodeScalars.allSatisfy { scalar in
      scalar.properties.isWhitespace
        || scalar.properties.isDefaultIgnorableCodePoint
          && !PlainText.controlsDisplay(scalar)
    }
  }

  /// Returns a stored value as text; `nil` for NULL.
  package static func text(_ value: Value?) -> String? {
    switch value {
    case .text(let text): text
    case .integer(let number): String(number)
    case .real(let number): decimal(number)
    case .blob(let bytes): "(\(PlainText.counted(bytes.count, "byte")) of binary data)"
    case .null, nil: nil
    }
  }

  /// Returns a number without a trailing `.0`.
  static func decimal(_ number: Double) -> String {
    let text = number.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Returns a number with an exponent and at most three digits, such as `1.25e301`, for numbers
  /// too large or too small to be read otherwise.
  package static func rounded(_ number: Double) -> String {
    guard number.isFinite, number != 0 else { return decimal(number) }
    var (mantissa, exponent) = (number.magnitude, 0)
    while mantissa >= 1e16 { (mantissa, exponent) = (mantissa / 1e16, exponent + 16) }
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 1e-16 { (mantissa, exponent) = (mantissa * 1e16, exponent - 16) }
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    var digits = PlainText.fixed(mantissa, decimals: 2)
    if digits == "10.00" { (digits, exponent) = ("1", exponent + 1) }
    while digits.contains("."), digits.hasSuffix("0") || digits.hasSuffix(".") {
      digits.removeLast()
    }
    return "\(number < 0 ? "-" : "")\(digits)e\(exponent)"
  }

  /// Returns a stored number with its digits in groups and all its decimals; `nil` for other
  /// values.
  package static func number(_ value: Value?) -> String? {
    switch value {
    case .integer(let number): Int(exactly: number).map { PlainText.grouped($0) }
    case .real(let number): grouped(number)
    case .text, .blob, .null, nil: nil
    }
  }

  /// Returns a number with its digits in groups and all its decimals; if it is very large or very
  /// small, as ``rounded(_:)`` does.
  package static func grouped(_ number: Double) -> String {
    let text = decimal(number)
    return text.contains("e") || !number.isFinite
      ? rounded(number) : PlainText.grouped(digits: text)
  }

  /// Returns a number for drawings: without an exponent, and without zeros at the end.
  package static func coordinate(_ number: Double, decimals: Int = 3) -> String {
    var text = PlainText.fixed(number, decimals: decimals)
    guard text.contains(".") else { return text }
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text == "-0" ? "0" : text
  }

  /// Returns a duration such as `1.5 s`, `12 min 5 s` or `3 h 20 min`; `–` if it is not known.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "–" }
    if seconds < 10 { return PlainText.fixed(seconds, decimals: 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(PlainText.grouped(whole / 3600)) h \(whole % 3600 / 60) min"
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Returns the name of a month, such as `Nov`.
  static func month(_ month: Int) -> String { months[(month + 11) % 12] }

  /// Returns a day without its year, such as `28 Nov`.
  static func day(_ day: Int, _ month: Int) -> String { "\(day) \(self.month(month))" }

  /// Returns a month, such as `Nov 2025`.
  static func month(_ month: Int, _ year: Int) -> String {
    "\(self.month(month)) \(year.zeroPadded(to: 4))"
  }

  /// Returns a day, such as `28 Nov 2025`.
  static func day(_ day: Int, _ month: Int, _ year: Int) -> String {
    "\(day) \(self.month(month, year))"
  }

  /// Returns a timestamp in readable form, other text unchanged.
  package static func time(_ text: String?) -> HTML {
    guard let text, !isBlank(text) else { return "<span class=\"dim\">–</span>" }
    guard let timestamp = Timestamp(text) else { return short(text, limit: 60) }
    var readable = day(timestamp.day, timestamp.month, timestamp.year)
    var machine = text
    if let time = timestamp.time {
      readable += ", \(time.hour.zeroPadded()):\(time.minute.zeroPadded())"
      switch time.zoneOffset {
      case nil: break
      case 0: readable += " UTC"
      case let offset?:
        let minutes = abs(offset) / 60
        readable += offset < 0 ? " −" : " +"
        readable += "\((minutes / 60).zeroPadded()):\((minutes % 60).zeroPadded())"
      }
      machine = text.split(separator: " ").joined(separator: "T")
    }
    return "<time datetime=\"\(machine)\">\(readable)</time>"
  }
}
