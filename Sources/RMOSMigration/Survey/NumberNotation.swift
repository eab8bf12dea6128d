import RMOSSystem

/// How a text writes a number, as far as its points and commas say.
enum NumberNotation {
  /// Without a point or comma.
  case whole
  /// With a decimal point, or with a decimal comma.
  case point, comma
  /// With a point or comma that may also separate thousands, such as `1.250`.
  case unclearPoint, unclearComma
  /// With points or commas between thousands, such as `1.250.000` or `1,250.5`.
  case groupedByPoints, groupedByCommas

  /// Creates the notation of a number; `nil` if the text is none.
  init?(of text: String) {
    let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    let (points, commas) = (
      digits.count { $0 == UInt8(ascii: ".") }, digits.count { $0 == UInt8(ascii: ",") }
    )
    func isGrouped(_ digits: Substring.UTF8View, by separator: UInt8) -> Bool {
      let parts = digits.split(separator: separator, omittingEmptySubsequences: false)
      return parts.count > 1 && 1...3 ~= parts[0].count && parts[0].first != UInt8(ascii: "0")
        && parts.dropFirst().allSatisfy { $0.count == 3 }
        && parts.joined().allSatisfy(\.isASCIIDigit)
    }
    let (point, comma) = (UInt8(ascii: "."), UInt8(ascii: ","))
    switch (points, commas) {
    case (0...1, 0):
      guard let number = Double(text), number.isFinite else { return nil }
      self = points == 0 ? .whole : isGrouped(digits, by: point) ? .unclearPoint : .point
    case (0, 1):
      guard Double(text.replacing(",", with: ".")) != nil else { return nil }
      self = isGrouped(digits, by: comma) ? .unclearComma : .comma
    default:
      // The last separator may be the decimal sign if it is the only one of its kind.
      let last = digits.last { $0 == point || $0 == comma }
      let isDecimal = last == point ? points == 1 : commas == 1
      let separator = isDecimal ? (last == point ? comma : point) : last ?? point
      var whole = digits
      if isDecimal, let end = digits.lastIndex(where: { $0 == last }) {
        guard digits[end...].dropFirst().allSatisfy(\.isASCIIDigit) else { return nil }
        whole = digits[..<end]
      }
      guard isGrouped(whole, by: separator) else { return nil }
      self = separator == point ? .groupedByPoints : .groupedByCommas
    }
  }
}

/// Texts that show whether the numbers around them have decimal points or decimal commas.
struct DecimalSigns {
  /// A text with a decimal comma, or with points between thousands.
  private(set) var comma: String?
  /// A text with a decimal point, or with commas between thousands.
  private(set) var point: String?

  /// Adds a number in a text.
  mutating func add(_ text: String, _ notation: NumberNotation) {
    switch notation {
    case .comma, .groupedByPoints: comma = comma ?? text
    case .point, .groupedByCommas: point = point ?? text
    case .whole, .unclearPoint, .unclearComma: break
    }
  }

  /// Returns these signs and others.
  func union(_ other: DecimalSigns) -> DecimalSigns {
    DecimalSigns(comma: comma ?? other.comma, point: point ?? other.point)
  }
}
