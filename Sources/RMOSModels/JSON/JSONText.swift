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
    do throws(JSONScanError) {
      self.text = try JSONScanner.compacted(text)
    } catch {
      throw JSONParsingError(error, in: text)
    }
  }

  /// Validates a JSON text and keeps it as it is.
  package init(verbatim text: String) throws(JSONParsingError) {
    var copy = text
    let result: Result<Void, JSONScanError> = copy.withUTF8 { bytes in
      Result { () throws(JSONScanError) in
        try JSONScanner.validate(UnsafeRawBufferPointer(bytes))
      }
    }
    do throws(JSONScanError) {
      try result.get()
    } catch {
      throw JSONParsingError(error, in: text)
    }
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
}

extension JSONText: Codable {
  /// Reads any JSON value; see ``JSONValue/init(from:)`` for what a decoder does not tell.
  public init(from decoder: any Decoder) throws { self.init(try JSONValue(from: decoder)) }

  /// Writes the structure as real JSON, not as a string.
  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
