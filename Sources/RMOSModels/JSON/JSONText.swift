/// JSON text as a JSON column holds it: the source's tokens without the white space between them.
///
/// The text is always valid JSON. Read from a record it is kept as stored, which for rows of other
/// applications may include white space. Two texts are equal where their bytes are.
///
/// ```swift
/// let geometry = try JSONText(parsing: "{ \"width_mm\": 1.50 }")
/// print(geometry.text)  // {"width_mm":1.50}
/// ```
public struct JSONText: Sendable, Hashable, CustomStringConvertible {
  /// The text.
  public let text: String

  /// Validates a JSON text and drops the white space between its tokens.
  ///
  /// - Throws: The first violation with its place. Nesting deeper than 512 is one.
  /// - Complexity: O(n).
  public init(parsing text: String) throws(JSONParsingError) {
    try JSONText.validate(text)
    self.text = JSONText.compacted(text)
  }

  /// Validates a JSON text and keeps it as it is.
  package init(verbatim text: String) throws(JSONParsingError) {
    try JSONText.validate(text)
    self.text = text
  }

  /// The compact text of a value.
  public init(_ value: JSONValue) { text = value.text }

  /// The text as a tree.
  ///
  /// An escaped lone surrogate, which no string can hold, reads as U+FFFD.
  ///
  /// - Complexity: O(n), each time.
  public var value: JSONValue {
    (try? JSONValue(parsing: text, replacingLoneSurrogates: true)) ?? .null
  }

  /// The text.
  public var description: String { text }

  /// Whether both texts are the same bytes.
  public static func == (left: JSONText, right: JSONText) -> Bool {
    left.text.hasSameUTF8(as: right.text)
  }

  /// The scanner is fast; the parser says what is wrong.
  private static func validate(_ text: String) throws(JSONParsingError) {
    var copy = text
    let isValid = copy.withUTF8 {
      (try? JSONScanner.validate(UnsafeRawBufferPointer($0))) != nil
    }
    if !isValid { _ = try JSONValue(parsing: text, replacingLoneSurrogates: true) }
  }

  /// Drops the white space between the tokens of valid JSON.
  private static func compacted(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var isInString = false
    var isEscaped = false
    for byte in text.utf8 {
      if isInString {
        isInString = isEscaped || byte != UInt8(ascii: "\"")
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
      } else if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
        continue
      } else {
        isInString = byte == UInt8(ascii: "\"")
      }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension JSONText: Codable {
  /// Reads any JSON value; see ``JSONValue/init(from:)`` for what a decoder does not tell.
  public init(from decoder: any Decoder) throws { self.init(try JSONValue(from: decoder)) }

  /// Writes the structure as real JSON, not as a string.
  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
