import RMOSModels
import RMOSSystem

/// An exact decimal number of any length: ``digits`` times ten to the power of ``exponent``.
struct ExactDecimal {
  private let isNegative: Bool
  /// The digits of a whole number, without leading zeros.
  private let digits: [UInt8]
  private let exponent: Int

  /// The day numbers of the years 1 to 9999, which ISO 8601 can write.
  static let days: ClosedRange<Int> = {
    let first = CivilDate(year: 1, month: 1, day: 1)
    let last = CivilDate(year: 9999, month: 12, day: 31)
    return first.dayNumber...last.dayNumber
  }()

  private init(isNegative: Bool, digits: [UInt8], exponent: Int) {
    self.isNegative = isNegative
    self.digits = Array(digits.drop { $0 == 0 })
    self.exponent = exponent
  }

  /// Creates the number of a JSON token.
  init(_ token: some Sequence<UInt8>) {
    var (isNegative, digits, exponent) = (false, [UInt8](), 0)
    var isFraction = false
    var power: (isNegative: Bool, value: Int)?
    for byte in token {
      switch byte {
      case UInt8(ascii: "-"):
        if power != nil { power?.isNegative = true } else { isNegative = true }
      case UInt8(ascii: "+"): break
      case UInt8(ascii: "."): isFraction = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"): power = (false, 0)
      default:
        let digit = byte & 15
        if let found = power {
          // Larger exponents are of no use, and could overflow.
          power?.value = min(found.value * 10 + Int(digit), 1_000_000_000)
        } else {
          digits.append(digit)
          if isFraction { exponent -= 1 }
        }
      }
    }
    if let power { exponent += power.isNegative ? -power.value : power.value }
    self.init(isNegative: isNegative, digits: digits, exponent: exponent)
  }

  /// Returns the number with its point moved `places` to the right.
  func scaled(by places: Int) -> ExactDecimal {
    ExactDecimal(isNegative: isNegative, digits: digits, exponent: exponent + places)
  }

  /// Returns the product with a small positive number, its point moved `scale` places to the right.
  func multiplied(by factor: Int, scale: Int) -> ExactDecimal {
    var product: [UInt8] = []
    var carry = 0
    for digit in digits.reversed() {
      let value = Int(digit) * factor + carry
      product.append(UInt8(value % 10))
      carry = value / 10
    }
    while carry > 0 {
      product.append(UInt8(carry % 10))
      carry /= 10
    }
    return ExactDecimal(
      isNegative: isNegative, digits: product.reversed(), exponent: exponent + scale)
  }

  /// The number as a JSON token, without trailing zeros after the point.
  var text: [UInt8] {
    var digits = digits
    var exponent = exponent
    while exponent < 0, digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    guard !digits.isEmpty else { return [0x30] }
    let shown = digits.map { $0 | 0x30 }
    let sign = isNegative ? [UInt8(ascii: "-")] : []
    if exponent > 30 || exponent < -60 { return sign + shown + Array("e\(exponent)".utf8) }
    if exponent >= 0 { return sign + shown + repeatElement(0x30, count: exponent) }
    let whole = shown.count + exponent
    if whole > 0 { return sign + shown[..<whole] + [UInt8(ascii: ".")] + shown[whole...] }
    return sign + Array("0.".utf8) + repeatElement(0x30, count: -whole) + shown
  }

  /// Whether the magnitude of the number is at least `limit`.
  func magnitudeIsAtLeast(_ limit: Int) -> Bool {
    let needed = String(limit).utf8.count
    let places = digits.count + exponent
    if digits.isEmpty || places != needed { return !digits.isEmpty && places > needed }
    return (wholePart ?? 0) >= limit
  }

  /// Whether the number is likely to be a time in seconds since 1970; see
  /// `Timestamp.likelySeconds`.
  var isLikelyTime: Bool {
    guard !isNegative, let seconds = wholePart else { return false }
    return Timestamp.likelySeconds.contains(seconds)
  }

  /// The value; `nil` if it is not whole, or has more than 38 digits.
  var wholeValue: Int128? {
    var (digits, exponent) = (digits[...], exponent)
    while exponent < 0, digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    if digits.isEmpty { return 0 }
    // An Int128 holds any 38 digits.
    guard exponent >= 0, digits.count + exponent <= 38 else { return nil }
    var value: Int128 = 0
    for digit in digits { value = value * 10 + Int128(digit) }
    for _ in 0..<exponent { value *= 10 }
    return isNegative ? -value : value
  }

  /// The digits before the point as a number; `nil` if there are more than 17.
  private var wholePart: Int? {
    let places = digits.count + exponent
    guard places <= 17 else { return nil }
    var value = 0
    for index in 0..<max(0, places) {
      value = value * 10 + Int(index < digits.count ? digits[index] : 0)
    }
    return value
  }

  /// The number as seconds since 1970, as ISO 8601 in UTC with all of its decimals; `nil` if the
  /// time is not in the years 1 to 9999, or the exponent is less than -64.
  var timestamp: String? {
    guard var seconds = wholePart else { return nil }
    let places = digits.count + exponent
    guard exponent >= -64 else { return nil }
    var fraction = [UInt8](repeating: 0, count: max(0, min(-places, -exponent)))
    if exponent < 0 { fraction += digits[max(0, places)...] }
    if isNegative {
      seconds = -seconds
      if fraction.contains(where: { $0 != 0 }) {
        seconds -= 1
        // The fraction of a negative number counts down from the second before: ten's complement.
        var borrows = false
        for index in fraction.indices.reversed() {
          let digit = fraction[index]
          fraction[index] = borrows ? 9 - digit : (10 - digit) % 10
          borrows = borrows || digit != 0
        }
      }
    }
    let epoch = CivilDate(year: 1970, month: 1, day: 1).dayNumber
    let day = epoch + (seconds - (seconds < 0 ? 86_399 : 0)) / 86_400
    guard Self.days ~= day else { return nil }
    let date = CivilDate(dayNumber: day)
    let text = String(decoding: fraction.map { $0 | 0x30 }, as: UTF8.self)
    return "\(date.text)T\(Self.clock(seconds - (day - epoch) * 86_400))"
      + (text.isEmpty ? "" : "." + text) + "Z"
  }

  /// Returns a second of the day as HH:MM:SS.
  static func clock(_ second: Int) -> String {
    [second / 3600, second / 60 % 60, second % 60].map { $0.zeroPadded() }
      .joined(separator: ":")
  }
}
