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
  init(_ reason: Reason, _ offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}
