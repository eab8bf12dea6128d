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
