import RMOSModels

/// What is wrong with a mapping, and where.
public struct MappingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The offset in the text's bytes, 0-based.
  package let offset: Int
  /// 1-based.
  public let line: Int
  /// 1-based, in bytes.
  public let column: Int
  /// What was found and what is allowed.
  public let message: String

  /// The place and the message.
  public var description: String { "line \(line), column \(column): \(message)" }

  init(_ message: String, at offset: Int, in text: String) {
    var (line, column) = (1, 1)
    for byte in text.utf8.prefix(offset) {
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

  init(_ error: JSONParsingError) {
    offset = error.offset
    line = error.line
    column = error.column
    message = "a mapping is JSON: \(error.message)"
  }
}
