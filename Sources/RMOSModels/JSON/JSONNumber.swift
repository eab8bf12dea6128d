/// A JSON number as written.
///
/// Two numbers are equal if their texts are: `1.0` and `1` differ.
public struct JSONNumber: Sendable, Hashable {
  /// The text of the number, valid under RFC 8259.
  public let text: String

  /// Creates a number from a text that is known to be valid.
  init(unchecked text: String) { self.text = text }

  /// Creates a whole number.
  public init(_ value: some BinaryInteger) { text = String(value) }

  /// Creates the shortest text that reads back as `value`; `nil` if it is not finite.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    text = value.description
  }

  /// The value if it is a whole number that fits `Int64`, as `3.0` and `1e2` are; `nil` otherwise.
  package var int64: Int64? {
    guard case .value(let value) = unsafe withToken(DecimalText.integerValue) else { return nil }
    return value
  }

  /// The nearest double; infinite if the number is beyond the finite doubles.
  package var double: Double { unsafe withToken(DecimalText.doubleValue) }

  /// Runs `body` with the text in UTF-8.
  func withToken<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    var text = text
    return text.withUTF8(body)
  }
}

/// Reads the exact value of JSON numbers from the bytes of their tokens.
///
/// Tokens must be valid numbers of RFC 8259. Only ``doubleValue(_:)`` uses binary floating point.
/// Every function is O(length of the token), whatever the exponent.
package enum DecimalText {
  /// A token as a whole number.
  package enum IntegerResult: Sendable, Hashable {
    /// The value, which is whole and fits.
    case value(Int64)
    /// The value has a fraction.
    case notIntegral
    /// The value is whole but does not fit `Int64`.
    case outOfRange
  }

  /// Reads a token as a whole number; `3.0`, `1e2` and `30e-1` are whole.
  package static func integerValue(_ token: UnsafeBufferPointer<UInt8>) -> IntegerResult {
    let number = unsafe Parts(token)
    if number.isZero { return .value(0) }
    if number.point < number.digitCount { return .notIntegral }
    if number.point > 19 { return .outOfRange }
    var magnitude: UInt64 = 0
    unsafe number.forEachDigit(of: token) { magnitude = magnitude * 10 + UInt64($0) }
    for _ in number.digitCount..<number.point { magnitude *= 10 }
    if number.isNegative {
      return magnitude <= UInt64(Int64.max) + 1
        ? .value(Int64(truncatingIfNeeded: 0 &- magnitude)) : .outOfRange
    }
    return Int64(exactly: magnitude).map { .value($0) } ?? .outOfRange
  }

  /// The double nearest to a token; infinite if it is beyond the finite doubles.
  package static func doubleValue(_ token: UnsafeBufferPointer<UInt8>) -> Double {
    let number = unsafe Parts(token)
    let zero = number.isNegative ? -0.0 : 0.0
    if number.isZero || number.point < -400 { return zero }
    if number.point > 400 { return number.isNegative ? -Double.infinity : Double.infinity }
    let exponent = number.point - number.digitCount
    if number.digitCount <= 16, -22...22 ~= exponent {
      var mantissa: UInt64 = 0
      unsafe number.forEachDigit(of: token) { mantissa = mantissa * 10 + UInt64($0) }
      if mantissa <= 1 << 53 {
        // Both operands are exact, so the one rounding is correct.
        let power = powersOfTen[abs(exponent)]
        let magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
        return number.isNegative ? -magnitude : magnitude
      }
    }
    return unsafe nearest(number, of: token)
  }

  /// Whether the double nearest to a token keeps its number.
  ///
  /// It does if both are equal as decimals, and if the token has no more digits than a double is
  /// written with: 15 digits always survive, and with up to 17 the token may be such a double
  /// itself.
  static func isKept(_ token: UnsafeBufferPointer<UInt8>, as number: Double) -> Bool {
    let parts = unsafe Parts(token)
    if number == 0 { return parts.isZero }
    if parts.digitCount <= 15 || !number.isFinite { return true }
    if parts.digitCount <= 17, parts.point < parts.digitCount { return true }
    var text = number.description
    return text.withUTF8 { unsafe areEqual(token, $0) }
  }

  /// Whether two tokens are the same number, as `1.0`, `1` and `10e-1`, or `0` and `-0`, are.
  ///
  /// Exponents of 18 digits or more are compared as text, so two spellings of such a number may be
  /// considered different. Different numbers are never considered equal.
  package static func areEqual(
    _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    let (a, b) = unsafe (Parts(left), Parts(right))
    if a.isZero || b.isZero { return a.isZero && b.isZero }
    guard a.isNegative == b.isNegative, a.digitCount == b.digitCount, a.point == b.point,
      a.hasHugeExponent == b.hasHugeExponent
    else { return false }
    if a.hasHugeExponent {
      guard unsafe left[a.exponentDigits].elementsEqual(right[b.exponentDigits]) else {
        return false
      }
    }
    var (i, j) = (a.first, b.first)
    for _ in 0..<a.digitCount {
      if unsafe left[i] == point { i += 1 }
      if unsafe right[j] == point { j += 1 }
      if unsafe left[i] != right[j] { return false }
      i += 1
      j += 1
    }
    return true
  }

  private static let point = UInt8(ascii: ".")

  /// Converts a token by the standard library, which rounds correctly and ignores the locale.
  private static func nearest(_ number: Parts, of token: UnsafeBufferPointer<UInt8>) -> Double {
    // No two neighboring doubles have a midpoint of more than 767 digits: a longer token rounds
    // like its first 800 digits followed by any digit but 0.
    var text: [UInt8] = []
    text.reserveCapacity(min(number.digitCount, 801) + 8)
    if number.isNegative { text.append(UInt8(ascii: "-")) }
    var count = 0
    unsafe number.forEachDigit(of: token) { digit in
      if count < 800 { text.append(0x30 | digit) }
      count += 1
    }
    if count > 800 { text.append(UInt8(ascii: "1")) }
    text.append(UInt8(ascii: "e"))
    text.append(contentsOf: String(number.point - min(number.digitCount, 801)).utf8)
    return Double(String(decoding: text, as: UTF8.self)) ?? .nan
  }

  /// All powers of ten that are exact as doubles.
  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]
}

extension DecimalText {
  /// The parts of a token, whose number is ±0.d₁d₂…dₙ × 10^point, with d₁ and dₙ not 0.
  private struct Parts {
    var isNegative = false
    /// The position of d₁ in the token.
    var first = 0
    /// The number n of digits; 0 if the number is zero.
    var digitCount = 0
    /// The power of ten; ±10¹⁸ if the exponent is huge.
    var point = 0
    /// Whether the exponent has more digits than `point` can represent.
    var hasHugeExponent = false
    /// The exponent's digits without leading zeros.
    var exponentDigits = 0..<0

    var isZero: Bool { digitCount == 0 }

    init(_ token: UnsafeBufferPointer<UInt8>) {
      var position = 0
      if unsafe token.first == UInt8(ascii: "-") {
        isNegative = true
        position = 1
      }
      var seen = 0
      var leadingZeros = 0
      var integerDigits: Int?
      while position < token.count {
        let byte = unsafe token[position]
        if byte == DecimalText.point {
          integerDigits = seen
        } else if 0x30...0x39 ~= byte {
          seen += 1
          if byte != 0x30 {
            if digitCount == 0 {
              first = position
              leadingZeros = seen - 1
            }
            digitCount = seen - leadingZeros
          }
        } else {
          break
        }
        position += 1
      }
      point = (integerDigits ?? seen) - leadingZeros
      if !isZero, position < token.count { unsafe readExponent(token, from: position + 1) }
    }

    private mutating func readExponent(_ token: UnsafeBufferPointer<UInt8>, from start: Int) {
      var position = start
      var isNegativeExponent = false
      if position < token.count, unsafe !(0x30...0x39 ~= token[position]) {
        isNegativeExponent = unsafe token[position] == UInt8(ascii: "-")
        position += 1
      }
      while position < token.count, unsafe token[position] == 0x30 { position += 1 }
      exponentDigits = position..<token.count
      hasHugeExponent = exponentDigits.count > 17
      var exponent = 0
      if hasHugeExponent {
        exponent = 1_000_000_000_000_000_000
      } else {
        for index in exponentDigits { exponent = unsafe exponent * 10 + Int(token[index] & 15) }
      }
      point += isNegativeExponent ? -exponent : exponent
    }

    @inline(__always)
    func forEachDigit(of token: UnsafeBufferPointer<UInt8>, _ body: (UInt8) -> Void) {
      var position = first
      for _ in 0..<digitCount {
        if unsafe token[position] == DecimalText.point { position += 1 }
        unsafe body(token[position] & 15)
        position += 1
      }
    }
  }
}
