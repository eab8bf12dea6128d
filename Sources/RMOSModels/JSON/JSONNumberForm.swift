/// Converts numbers, as people write them, to JSON numbers.
enum JSONNumberForm {
  /// Whether a text is a valid JSON number.
  static func isNumber(_ text: some StringProtocol) -> Bool {
    var text = String(text)
    return text.withUTF8 { unsafe JSONScanner.isNumber(UnsafeRawBufferPointer($0)) }
  }

  /// The JSON number that a text means: without a plus sign, leading zeros, separators of thousands
  /// or a trailing point, and with a point in place of a decimal comma.
  ///
  /// - Returns: `nil` if the text is not a number, or could mean two different ones.
  static func number(meantBy text: some StringProtocol) -> String? {
    var rest = Substring(text).trimmed
    let isNegative = rest.first == "-" || rest.first == "\u{2212}"
    if isNegative || rest.first == "+" { rest = rest.dropFirst().trimmed }
    guard var text = withoutGroups(rest), text.contains(where: isDigit),
      let first = text.first, first == "." || first == "," || isDigit(first)
    else { return nil }
    let (commas, points) = (text.count { $0 == "," }, text.count { $0 == "." })
    if let comma = text.lastIndex(of: ","), let point = text.firstIndex(of: ".") {
      // Of comma and point, the last one is the decimal separator, and the other one separates
      // thousands.
      guard comma < point ? points == 1 : commas == 1,
        areThousands(
          text[..<max(comma, point)].split(
            separator: comma < point ? "," : ".", omittingEmptySubsequences: false))
      else { return nil }
      text = text.filter { $0 != (comma < point ? "," : ".") }
    } else if let comma = text.firstIndex(of: ",") {
      guard commas == 1 else { return nil }
      // 1,234 can mean 1234 or 1.234.
      let whole = text[..<comma]
      if text[comma...].dropFirst().prefix(while: isDigit).count == 3, whole != "0", !whole.isEmpty
      {
        return nil
      }
    }
    text.replace(",", with: ".")
    let digits = text.drop { $0 == "0" }
    text = digits.first.map(isDigit) == true ? String(digits) : "0" + digits
    if text.last == "." { text.removeLast() }
    if isNegative { text = "-" + text }
    return isNumber(text) ? text : nil
  }

  private static func isDigit(_ character: Character) -> Bool {
    character.isASCII && character.isNumber
  }

  /// A text without white space, `_` and apostrophes; `nil` if these are not between groups of
  /// thousands, as in 2'5 and in 5', which is a number of feet.
  private static func withoutGroups(_ text: Substring) -> String? {
    let groups = text.split(omittingEmptySubsequences: false) {
      $0.isWhitespace || "_'\u{2019}".contains($0)
    }
    guard groups.count > 1 else { return String(text) }
    // The last group may end with a fraction.
    let last = groups[groups.count - 1].prefix(while: isDigit)
    return areThousands(groups.dropLast() + [last]) ? groups.joined() : nil
  }

  /// Whether groups of digits have three each, except for the first, which may have fewer.
  private static func areThousands(_ groups: some Collection<Substring>) -> Bool {
    guard let first = groups.first, 1...3 ~= first.count, first.allSatisfy(isDigit) else {
      return false
    }
    return groups.dropFirst().allSatisfy { $0.count == 3 && $0.allSatisfy(isDigit) }
  }
}
