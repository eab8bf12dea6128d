/// A value as a column holds it.
public enum Value: Sendable, Hashable {
  /// SQL NULL.
  case null
  /// A 64-bit integer.
  case integer(Int64)
  /// A double.
  case real(Double)
  /// UTF-8 text; JSON columns hold JSON text.
  case text(String)
  /// Bytes. No field is declared so, but SQLite accepts anything in any column.
  case blob([UInt8])

  /// Whether both are the same value, texts byte for byte.
  public static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.integer(let left), .integer(let right)): left == right
    case (.real(let left), .real(let right)): left == right
    case (.text(let left), .text(let right)): left.hasSameUTF8(as: right)
    case (.blob(let left), .blob(let right)): left == right
    default: false
    }
  }
}
