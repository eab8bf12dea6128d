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
}
