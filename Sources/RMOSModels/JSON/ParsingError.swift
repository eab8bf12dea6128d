import RMOSSystem

/// An error in a text that is not valid JSON, or whose content is not as expected, such as that of
/// a mapping.
public struct ParsingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The 0-based offset in the text's UTF-8 bytes.
  package let offset: Int
  /// The 1-based line.
  public let line: Int
  /// The 1-based column, in bytes.
  public let column: Int
  /// A description of what was found and what was expected.
  public let message: String

  /// The place and the message.
  public var description: String { "line \(line), column \(column): \(message)" }

  init(_ error: JSONScanError, in text: String) {
    self.init(error, in: text.utf8)
  }

  init(_ error: JSONScanError, in bytes: some Sequence<UInt8>) {
    let isBlank = bytes.prefix(error.offset).allSatisfy { JSONScanner.isWhiteSpace($0) }
    let message =
      error.reason == .unexpectedEnd && isBlank
      ? "found nothing, expected a value" : JSONDiagnosis(error, in: Array(bytes)).message
    self.init(message, at: error.offset, in: bytes)
  }

  /// Creates an error about the byte at an offset.
  package init(_ message: String, at offset: Int, in bytes: some Sequence<UInt8>) {
    var (line, column) = (1, 1)
    for byte in bytes.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else {
        column += 1
      }
    }
    self.offset = offset
    self.line = line
    self.column = column
    self.message = message
  }
}

/// The error that the scanner throws if bytes are not valid JSON.
package struct JSONScanError: Error, Sendable, Hashable {
  /// The reason for an error.
  package enum Reason: Sendable, Hashable {
    /// The text ends within a value.
    case unexpectedEnd
    /// A byte that cannot begin or continue a token here.
    case unexpected(byte: UInt8, expected: Expected)
    /// An unescaped control character in a string.
    case controlCharacter(UInt8)
    /// A backslash that does not begin an escape of RFC 8259.
    case invalidEscape
    /// Bytes that are not UTF-8.
    case invalidUTF8
    /// Nesting beyond ``JSONScanner/maximumDepth``.
    case tooDeep
    /// An unpaired surrogate escape, which is valid JSON but not valid Unicode.
    case loneSurrogate
  }
  /// The token that the scanner expected; the raw value is for messages.
  package enum Expected: String, Sendable, Hashable {
    /// Any JSON value.
    case value = "a value"
    /// A member's name.
    case name = "a member name in double quotes"
    /// The colon after a name.
    case colon = "\":\""
    /// The token after a member.
    case commaOrBrace = "\",\" or \"}\""
    /// The token after an element.
    case commaOrBracket = "\",\" or \"]\""
    /// A digit of a number.
    case digit = "a digit"
    /// The end of the text.
    case end = "the end of the text"
  }

  /// The reason.
  package var reason: Reason
  /// The 0-based offset in the scanned bytes.
  package var offset: Int

  @inline(never)
  package init(_ reason: Reason, _ offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

extension JSONScanError {
  /// A description of what was found and what was expected, from the error alone; see
  /// ``JSONDiagnosis``.
  package var message: String {
    switch reason {
    case .unexpectedEnd:
      "the JSON ends within a value; the rest is missing"
    case .unexpected(let byte, let expected):
      "found \(JSONScanError.shown(byte)), expected \(expected.rawValue)"
    case .controlCharacter(let byte):
      "found \(JSONScanError.shown(byte)) in a string; write it as an escape, such as \\n"
    case .invalidEscape:
      "found a backslash that begins no valid escape; write \\\\ for a backslash"
    case .invalidUTF8:
      "not valid UTF-8"
    case .tooDeep:
      "nested deeper than \(JSONScanner.maximumDepth) levels"
    case .loneSurrogate:
      "found an unpaired surrogate escape, which is not valid Unicode; write the character itself"
    }
  }

  private static func shown(_ byte: UInt8) -> String {
    switch byte {
    case UInt8(ascii: "\""): "a double quote"
    case 0x21...0x7E: "\"\(Character(Unicode.Scalar(byte)))\""
    default: "the byte 0x" + ASCII.hex([byte]).uppercased()
    }
  }
}
