/// Why a text is not JSON, and where.
public struct JSONParsingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// 0-based offset in the text's bytes.
  public let offset: Int
  /// 1-based.
  public let line: Int
  /// 1-based, in bytes.
  public let column: Int
  /// What was expected and what was found.
  public let message: String

  /// The place and the message.
  public var description: String { "line \(line), column \(column): \(message)" }

  init(_ error: JSONScanError, in text: String) {
    self.init(error, in: text.utf8)
  }

  init(_ error: JSONScanError, in bytes: some Sequence<UInt8>) {
    var line = 1
    var column = 1
    for byte in bytes.prefix(error.offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else {
        column += 1
      }
    }
    self.offset = error.offset
    self.line = line
    self.column = column
    let isBlank = bytes.prefix(error.offset).allSatisfy { JSONScanner.isWhiteSpace($0) }
    message =
      error.reason == .unexpectedEnd && isBlank
      ? "expected a value, found the end" : error.message
  }
}

/// Why bytes are not the JSON they should be, and where.
public struct JSONScanError: Error, Sendable, Hashable {
  /// What was found wrong.
  public enum Reason: Sendable, Hashable {
    /// The text ends within a value.
    case unexpectedEnd
    /// Another byte stands where a token should begin or go on.
    case unexpected(byte: UInt8, expected: Expected)
    /// A control character stands unescaped in a string.
    case controlCharacter(UInt8)
    /// A backslash is followed by no escape of RFC 8259.
    case invalidEscape
    /// Bytes that are not UTF-8.
    case invalidUTF8
    /// Nesting beyond ``JSONScanner/maximumDepth``.
    case tooDeep
    /// An escaped surrogate without its partner, which is JSON but no text.
    case loneSurrogate
  }
  /// What would have been right.
  public enum Expected: String, Sendable, Hashable {
    /// Any JSON value.
    case value = "a value"
    /// A member's name.
    case name = "a member name in double quotes"
    /// The colon after a name.
    case colon = "':'"
    /// What follows a member.
    case commaOrBrace = "',' or '}'"
    /// What follows an element.
    case commaOrBracket = "',' or ']'"
    /// A digit of a number.
    case digit = "a digit"
    /// The end of the text.
    case end = "the end of the text"
  }

  /// What was found wrong.
  public var reason: Reason
  /// 0-based offset in the bytes scanned.
  public var offset: Int

  @inline(never)
  package init(_ reason: Reason, _ offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

extension JSONScanError {
  /// What was found and what was expected, for people.
  public var message: String {
    switch reason {
    case .unexpectedEnd:
      "ends within a value; the rest is missing"
    case .unexpected(let byte, let expected):
      "found \(JSONScanError.shown(byte)), expected \(expected.rawValue)"
    case .controlCharacter(let byte):
      "\(JSONScanError.shown(byte)) stands in a string as it is; write it as an escape such as \\n"
    case .invalidEscape:
      "a backslash begins no escape here; write \\\\ for a backslash"
    case .invalidUTF8:
      "not UTF-8"
    case .tooDeep:
      "nests deeper than \(JSONScanner.maximumDepth)"
    case .loneSurrogate:
      "an escaped surrogate without its partner, which is no text; write the character itself"
    }
  }

  private static func shown(_ byte: UInt8) -> String {
    0x21...0x7E ~= byte
      ? "'\(Character(Unicode.Scalar(byte)))'"
      : "the byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}
