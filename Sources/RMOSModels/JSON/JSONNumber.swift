/// A JSON number as it is written.
///
/// Two numbers are equal where their texts are; `1.0` and `1` differ here.
public struct JSONNumber: Sendable, Hashable {
  /// The token, valid under RFC 8259.
  public let text: String

  /// A token that is known to be valid.
  init(unchecked text: String) { self.text = text }

  /// A number from its token; nil where `text` is no JSON number.
  public init?(_ text: String) {
    guard case .number(let number)? = try? JSONValue(parsing: text),
      number.text.utf8.count == text.utf8.count
    else { return nil }
    self = number
  }

  /// A whole number.
  public init(_ value: some BinaryInteger) { text = String(value) }

  /// The shortest text that reads back as `value`; nil for one that is not finite.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    text = value.description
  }

  /// The value where it is whole and fits; `3.0` and `1e2` are whole.
  public var int64: Int64? {
    guard case .value(let value) = withToken(DecimalText.integerValue) else { return nil }
    return value
  }

  /// The nearest double; infinite where the number is beyond the finite doubles.
  public var double: Double { withToken(DecimalText.doubleValue) }

  func withToken<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    var text = text
    return text.withUTF8(body)
  }
}
