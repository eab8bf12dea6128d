import RMOSModels
import RMOSSystem

/// How a mapping converts values of the source.
///
/// Conversions are exact: numbers stay decimal digits and are never binary floating point.
enum MappingConversion: Sendable {
  case single(Single)
  case pair(Pair)

  /// A conversion of one value.
  struct Single: Sendable {
    /// A form of values that is converted, by its word in a mapping.
    enum Form: String, Sendable, CaseIterable {
      /// Seconds since 1970 as ISO 8601; numbers too large for seconds are milliseconds.
      case epoch
      case epochSeconds = "epoch-seconds"
      case epochMilliseconds = "epoch-milliseconds"
      /// Text that holds a number as that number.
      case number
      /// A number or a truth value as text.
      case text
      /// Text that holds JSON as that JSON.
      case json
      /// Inches as millimeters.
      case inches
    }

    /// Texts in the source, and the JSON values that replace them.
    var values: [(word: [UInt8], value: JSONLiteral)] = []
    /// The form of the values that are converted; `nil` if none are.
    var form: Form?
    /// Whether numbers in text have a decimal comma.
    var decimalComma = false

    /// Whether the source has numbers in another unit or notation than the entity.
    var isOfOtherNumbers: Bool { decimalComma || form == .inches }

    /// What the conversion says about numbers, as the end of a sentence; empty if nothing.
    var remark: String {
      (form == .inches ? ", in inches" : "") + (decimalComma ? ", with a decimal comma" : "")
    }
  }

  /// A conversion of two values into one.
  enum Pair: String, Sendable, CaseIterable {
    /// The seconds between two times.
    case difference
    /// The time that is a number of seconds after another.
    case sum
  }
}

extension MappingConversion.Single {
  /// The result of converting a value.
  enum Outcome {
    /// The value stays, since it needs no conversion, or cannot be converted.
    case unchanged
    /// The value stands for none.
    case null
    /// Another value, as JSON.
    case changed([UInt8])
  }

  /// Converts a scanned value.
  func convert(_ token: UnsafeBufferPointer<UInt8>, _ kind: JSONScanner.Kind) -> Outcome {
    let replacement = values.first { unsafe token.says($0.word, kind) }?.value
    if replacement?.kind == .null { return .null }
    let converted =
      replacement?.text ?? form.flatMap { unsafe convert(token, kind, as: $0) }
    guard let converted, unsafe !token.elementsEqual(converted) else { return .unchanged }
    return .changed(converted)
  }

  /// The least time since 1970 that is taken for milliseconds.
  ///
  /// As seconds it is in the year 5138, as milliseconds in 1973.
  private static let millisecondsFrom = 100_000_000_000

  /// Converts a value of a form; `nil` if it cannot be converted.
  private func convert(
    _ token: UnsafeBufferPointer<UInt8>, _ kind: JSONScanner.Kind, as form: Form
  ) -> [UInt8]? {
    switch form {
    case .epoch, .epochSeconds, .epochMilliseconds:
      if form != .epochSeconds, let seconds = unsafe Self.dotNETDate(token, kind) {
        return Self.timestamp(seconds)
      }
      guard let number = unsafe number(token, kind).map({ ExactDecimal($0) }) else { return nil }
      switch form {
      case .epochSeconds: return Self.timestamp(number)
      case .epochMilliseconds: return Self.timestamp(number.scaled(by: -3))
      default:
        let seconds = Self.seconds(number)
        return seconds.isLikelyTime ? Self.timestamp(seconds) : nil
      }
    case .number:
      return unsafe kind == .number ? nil : number(token, kind)
    case .inches:
      return unsafe number(token, kind).map { ExactDecimal($0).multiplied(by: 254, scale: -1).text }
    case .text:
      switch kind {
      case .number, .true, .false:
        return unsafe [UInt8(ascii: "\"")] + token + [UInt8(ascii: "\"")]
      default: return nil
      }
    case .json:
      guard let text = unsafe JSONScanner.text(of: token, kind),
        unsafe text.withUnsafeBytes({ unsafe JSONScanner.isValid($0) })
      else { return nil }
      return text
    }
  }

  /// Converts a time since 1970 to seconds if it is large enough to be in milliseconds.
  private static func seconds(_ number: ExactDecimal) -> ExactDecimal {
    number.scaled(by: number.magnitudeIsAtLeast(millisecondsFrom) ? -3 : 0)
  }

  /// Returns a number since 1970, however small, or `/Date(…)/` as a quoted timestamp; `nil` for
  /// other values.
  fileprivate static func anyTime(
    _ token: UnsafeBufferPointer<UInt8>, _ kind: JSONScanner.Kind
  ) -> [UInt8]? {
    let number = unsafe Self().number(token, kind).map { seconds(ExactDecimal($0)) }
    return unsafe (number ?? dotNETDate(token, kind)).flatMap(timestamp)
  }

  private static func timestamp(_ seconds: ExactDecimal) -> [UInt8]? {
    seconds.timestamp.map { Array("\"\($0)\"".utf8) }
  }

  /// Returns the seconds since 1970 in `/Date(1700000000000)/`, as .NET and Windows PowerShell
  /// write times; `nil` for other values.
  ///
  /// A UTC offset after the digits is that of the clock, and does not change the time.
  private static func dotNETDate(
    _ token: UnsafeBufferPointer<UInt8>, _ kind: JSONScanner.Kind
  ) -> ExactDecimal? {
    guard let text = unsafe JSONScanner.text(of: token, kind), text.starts(with: "/Date(".utf8),
      text.suffix(2).elementsEqual(")/".utf8)
    else { return nil }
    let number = text.dropFirst(6).dropLast(2)
    let sign = number.prefix { $0 == UInt8(ascii: "-") }
    let digits = number.dropFirst(sign.count).prefix(while: \.isASCIIDigit)
    let offset = number.dropFirst(sign.count + digits.count)
    guard sign.count <= 1, !digits.isEmpty,
      offset.isEmpty
        || offset.count == 5 && "+-".utf8.contains(offset[offset.startIndex])
          && offset.dropFirst().allSatisfy(\.isASCIIDigit)
    else { return nil }
    let seconds = ExactDecimal(sign + digits).scaled(by: -3)
    // .NET writes 0001-01-01 for a date that was not set.
    return seconds.timestamp?.hasPrefix("0001-01-01") == true ? nil : seconds
  }

  /// Returns a number, or the number that text holds, as a JSON token; `nil` for other values.
  private func number(_ token: UnsafeBufferPointer<UInt8>, _ kind: JSONScanner.Kind) -> [UInt8]? {
    if kind == .number { return unsafe Array(token) }
    guard var text = unsafe JSONScanner.text(of: token, kind)?[...] else { return nil }
    while let first = text.first, first == 0x20 || 0x09...0x0D ~= first { text.removeFirst() }
    while let last = text.last, last == 0x20 || 0x09...0x0D ~= last { text.removeLast() }
    var number: [UInt8] = []
    if text.first == UInt8(ascii: "-") { number.append(UInt8(ascii: "-")) }
    if let sign = text.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      text.removeFirst()
    }
    // JSON allows neither leading zeros nor a point without digits on both sides.
    while text.first == UInt8(ascii: "0"), text.dropFirst().first?.isASCIIDigit == true {
      text.removeFirst()
    }
    guard text.contains(where: \.isASCIIDigit) else { return nil }
    let point = decimalComma ? UInt8(ascii: ",") : UInt8(ascii: ".")
    if text.first == point { number.append(UInt8(ascii: "0")) }
    for byte in text {
      if byte == point {
        number.append(UInt8(ascii: "."))
      } else if byte == UInt8(ascii: ".") {
        return nil
      } else {
        number.append(byte)
      }
    }
    if number.last == UInt8(ascii: ".") { number.removeLast() }
    return unsafe number.withUnsafeBytes { unsafe JSONScanner.isNumber($0) } ? number : nil
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether the token is a word: the content of a string, or a number or literal as written.
  fileprivate func says(_ word: [UInt8], _ kind: JSONScanner.Kind) -> Bool {
    switch kind {
    case .string: unsafe count == word.count + 2 && dropFirst().dropLast().elementsEqual(word)
    case .escapedString: unsafe JSONScanner.text(of: self, kind) == word
    case .number, .true, .false: unsafe elementsEqual(word)
    default: false
    }
  }
}

extension MappingConversion.Pair {
  /// Why two values do not determine a third.
  struct Problem: Error {
    /// A clause for messages.
    let reason: String
  }

  /// Converts two values into one.
  ///
  /// - Returns: The result as JSON.
  func convert(
    _ first: (token: UnsafeBufferPointer<UInt8>, kind: JSONScanner.Kind),
    _ second: (token: UnsafeBufferPointer<UInt8>, kind: JSONScanner.Kind)
  ) -> Result<[UInt8], Problem> {
    func failure(_ reason: String) -> Result<[UInt8], Problem> { .failure(Problem(reason: reason)) }
    guard let start = unsafe ExactTime(first.token, first.kind) else {
      return failure("the first is not a date with a time of day")
    }
    switch self {
    case .difference:
      guard let end = unsafe ExactTime(second.token, second.kind) else {
        return failure("the second is not a date with a time of day")
      }
      guard start.hasZone == end.hasZone else { return failure("only one of them has a time zone") }
      guard let seconds = start.seconds(to: end) else { return failure("the second is earlier") }
      return .success(Array(seconds.utf8))
    case .sum:
      guard unsafe second.kind == .number else {
        let isText = unsafe second.kind == .string || second.kind == .escapedString
        return failure(isText ? "the second is text, not a number" : "the second is not a number")
      }
      guard let sum = unsafe start.adding(ExactDecimal(second.token)) else {
        return failure("the result is not in the years 1 to 9999, or has too many decimals")
      }
      return .success(Array("\"\(sum)\"".utf8))
    }
  }
}

/// A time with an exact decimal fraction, and the separator and zone that its text has.
private struct ExactTime {
  /// The maximum number of digits of a fraction of a second.
  private static let places = 18
  /// A second, in units of ``local``.
  private static let unit: Int128 = 1_000_000_000_000_000_000

  /// The local time since 0000-03-01, in units of 10⁻¹⁸ seconds.
  private let local: Int128
  /// The zone's offset east of UTC in seconds; `nil` if the text has no zone.
  private let zoneOffset: Int?
  /// The zone as the text has it.
  private let zone: String
  /// The separator between date and time.
  private let separator: Character

  private init(local: Int128, zoneOffset: Int?, zone: String, separator: Character) {
    self.local = local
    self.zoneOffset = zoneOffset
    self.zone = zone
    self.separator = separator
  }

  /// Whether the text has a zone.
  var hasZone: Bool { zoneOffset != nil }

  /// Creates a time from text with a time of day, or from a number since 1970; `nil` for other
  /// values.
  init?(_ token: UnsafeBufferPointer<UInt8>, _ kind: JSONScanner.Kind) {
    if kind == .string {
      let content = unsafe UnsafeBufferPointer(rebasing: token.dropFirst().dropLast())
      if let stamp = unsafe Timestamp(utf8: content), let time = stamp.time {
        unsafe self.init(stamp, time, content)
        return
      }
    }
    // A number, text that holds one, or text with escapes. The number may be small, such as the
    // seconds since a program began: only the difference to another counts.
    let converted = unsafe MappingConversion.Single.anyTime(token, kind)
    let content =
      unsafe converted.map { Array($0.dropFirst().dropLast()) }
      ?? JSONScanner.text(of: token, kind)
    guard let content,
      let time = unsafe content.withUnsafeBufferPointer({ bytes -> ExactTime? in
        guard let stamp = unsafe Timestamp(utf8: bytes), let time = stamp.time else { return nil }
        return unsafe ExactTime(stamp, time, bytes)
      })
    else { return nil }
    self = time
  }

  /// Creates a time with the fraction of its text, which `stamp` and `time` lack; `nil` if that has
  /// more than ``places`` digits.
  private init?(
    _ stamp: Timestamp, _ time: Timestamp.Time, _ text: UnsafeBufferPointer<UInt8>
  ) {
    // After YYYY-MM-DDTHH:MM there may be seconds, and a fraction of them.
    var position = 16
    var (fraction, digits) = (0, 0)
    if position < text.count, unsafe text[position] == UInt8(ascii: ":") {
      position += 3
      if position < text.count, unsafe text[position] == UInt8(ascii: ".") {
        position += 1
        while position < text.count, unsafe text[position].isASCIIDigit {
          guard digits < Self.places else { return nil }
          fraction = unsafe fraction * 10 + Int(text[position] & 15)
          digits += 1
          position += 1
        }
      }
    }
    while digits < Self.places {
      fraction *= 10
      digits += 1
    }
    let seconds =
      stamp.dayNumber * 86_400 + time.hour * 3600 + time.minute * 60 + time.second
    unsafe self.init(
      local: Int128(seconds) * Self.unit + Int128(fraction), zoneOffset: time.zoneOffset,
      zone: String(decoding: text[position...], as: UTF8.self),
      separator: text[10] == UInt8(ascii: " ") ? " " : "T")
  }

  /// Returns the seconds to a later time; `nil` if `other` is earlier, or if only one of the two
  /// has a zone.
  func seconds(to other: ExactTime) -> String? {
    guard (zoneOffset == nil) == (other.zoneOffset == nil) else { return nil }
    let difference =
      (other.local - Int128(other.zoneOffset ?? 0) * Self.unit)
      - (local - Int128(zoneOffset ?? 0) * Self.unit)
    guard difference >= 0 else { return nil }
    let (whole, fraction) = difference.magnitude.quotientAndRemainder(
      dividingBy: UInt128(Self.unit))
    return "\(whole)" + Self.decimals(fraction, atLeast: 1)
  }

  /// Returns the time a number of seconds later; `nil` if it is not in the years 1 to 9999, or
  /// `seconds` has more than ``places`` decimals.
  func adding(_ seconds: ExactDecimal) -> String? {
    guard let added = seconds.scaled(by: Self.places).wholeValue else { return nil }
    let sum = local + added
    guard sum >= 0 else { return nil }
    let (whole, fraction) = sum.quotientAndRemainder(dividingBy: Self.unit)
    let (day, second) = whole.quotientAndRemainder(dividingBy: 86_400)
    guard ExactDecimal.days.contains(Int(day)) else { return nil }
    let date = CivilDate(dayNumber: Int(day))
    return "\(date.text)\(separator)\(ExactDecimal.clock(Int(second)))"
      + Self.decimals(fraction.magnitude, atLeast: 0) + zone
  }

  /// Returns a fraction with its point, without trailing zeros but with at least `count` digits.
  private static func decimals(_ fraction: UInt128, atLeast count: Int) -> String {
    if fraction == 0 { return count == 0 ? "" : "." + String(repeating: "0", count: count) }
    let digits = Array(String(UInt64(fraction)).utf8)
    var text = [UInt8](repeating: 0x30, count: places - digits.count) + digits
    while text.count > count, text.last == 0x30 { text.removeLast() }
    return "." + String(decoding: text, as: UTF8.self)
  }
}
