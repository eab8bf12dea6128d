/// Converts numbers as people write them to JSON numbers.
enum JSONNumberForm {
  /// Whether a text is a number of JSON.
  static func isNumber(_ text: some StringProtocol) -> Bool {
    var rest = Substring(text)
    func takeDigits() -> Int {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest[digits.endIndex...]
      return digits.count
    }
    if rest.first == "-" { rest.removeFirst() }
    let isZero = rest.first == "0"
    let whole = takeDigits()
    guard whole > 0, !isZero || whole == 1 else { return false }
    if rest.first == "." {
      rest.removeFirst()
      guard takeDigits() > 0 else { return false }
    }
    if rest.first == "e" || rest.first == "E" {
      rest.removeFirst()
      if rest.first == "+" || rest.first == "-" { rest.removeFirst() }
      guard takeDigits() > 0 else { return false }
    }
    return rest.isEmpty
  }

  /// The number of JSON that a text means: without a plus sign, leading zeros, separators between
  /// groups of digits or a bare point, and with a point for a decimal comma.
  ///
  /// - Returns: `nil` if the text is not one number, or could be two.
  static func number(meantBy text: some StringProtocol) -> String? {
    var text = String(text).filter {
      !$0.isWhitespace && $0 != "_" && $0 != "'" && $0 != "\u{2019}"
    }
    if text.first == "\u{2212}" { text = "-" + text.dropFirst() }
    let isNegative = text.first == "-"
    if isNegative || text.first == "+" { text.removeFirst() }
    guard let first = text.first, first == "." || first == "," || first.isASCII && first.isNumber
    else { return nil }
    let (commas, points) = (text.count { $0 == "," }, text.count { $0 == "." })
    switch (commas, points) {
    case (0, _): break
    case (1, 0):
      // 1,234 may be a thousand or a little more than one.
      let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      if parts[1].count == 3, parts[0] != "0", !parts[0].isEmpty { return nil }
      text.replace(",", with: ".")
    case (1..., 1):
      // The last of the two kinds is the decimal separator.
      guard let comma = text.lastIndex(of: ","), let point = text.firstIndex(of: ".") else {
        return nil
      }
      if comma < point {
        text = text.filter { $0 != "," }
      } else {
        guard commas == 1 else { return nil }
        text = text.filter { $0 != "." }
        text.replace(",", with: ".")
      }
    default: return nil
    }
    let digits = text.drop { $0 == "0" }
    text = digits.first.map { $0.isASCII && $0.isNumber } == true ? String(digits) : "0" + digits
    if text.last == "." { text.removeLast() }
    if isNegative { text = "-" + text }
    return isNumber(text) ? text : nil
  }
}
