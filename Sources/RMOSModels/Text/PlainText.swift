/// Text from files on its way to a terminal or into a report, and numbers beside it.
package enum PlainText {
  /// The text with everything that could steer a terminal, or reorder what a person reads, shown
  /// as `\u{…}`: control characters (line breaks too), bidirectional marks and other invisible
  /// format characters, line separators.
  ///
  /// ```swift
  /// PlainText.escaped("red \u{1b}[31m")  // red \u{1b}[31m, in plain sight
  /// ```
  package static func escaped(_ text: String) -> String {
    if text.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isSteering(scalar) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Whether a scalar could steer a terminal or reorder what a person reads.
  package static func isSteering(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x7F { return scalar.value < 0x20 }
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: return true
    // The joiners hold emoji and some scripts together.
    case .format: return scalar.value != 0x200C && scalar.value != 0x200D
    default: return false
    }
  }

  /// The text, padded on the left (numbers) or on the right (words) to a width.
  package static func padded(_ text: String, to width: Int, left: Bool) -> String {
    let padding = String(repeating: " ", count: max(0, width - text.count))
    return left ? padding + text : text + padding
  }

  /// A number with its thousands apart: `1,234,567`.
  package static func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    var text = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A number with so many decimals, rounded.
  package static func fixed(_ number: Double, decimals: Int) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "-" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int((abs(number) * scale).rounded())
    let sign = number < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(scaled) }
    let (whole, part) = scaled.quotientAndRemainder(dividingBy: Int(scale))
    let fraction = String(part)
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(sign)\(whole).\(zeros)\(fraction)"
  }

  /// "1 file", "2 files".
  package static func counted(_ number: Int, _ singular: String, _ plural: String? = nil) -> String
  {
    "\(grouped(number)) \(number == 1 ? singular : plural ?? singular + "s")"
  }
}
