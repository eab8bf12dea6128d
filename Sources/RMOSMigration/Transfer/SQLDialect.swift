import RMOSModels
import RMOSSystem
public import RMOSStore

/// The SQL of a database that an export's script is for.
public typealias SQLDialect = RMOSStore.SQLDialect

extension SQLDialect {
  /// The name of the database, for messages.
  var name: String {
    switch self {
    case .sqlite: "SQLite"
    case .postgresql: "PostgreSQL"
    }
  }

  /// The command that loads the script.
  var example: String {
    switch self {
    case .sqlite: "sqlite3 NEW.db <\(Export.scriptName)"
    case .postgresql: "psql -X -f \(Export.scriptName) 'postgresql:///NEW'"
    }
  }

  /// The first lines of the script: they make the shell stop at the first error and keep nothing.
  var opening: [String] {
    switch self {
    case .sqlite:
      [
        ".bail on", "PRAGMA encoding = 'UTF-8';", "PRAGMA foreign_keys = OFF;",
        "BEGIN IMMEDIATE;",
      ]
    case .postgresql: [#"\set ON_ERROR_STOP on"#, #"\encoding UTF8"#, "BEGIN;"]
    }
  }

  // MARK: Schema

  /// The statements that create the table of versions, with the version of the schema.
  func createVersionTable(version: Int) -> [String] {
    let columns =
      switch self {
      case .sqlite:
        "version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP"
      case .postgresql:
        "version BIGINT PRIMARY KEY, applied_at \(textType) NOT NULL DEFAULT \(currentTime)"
      }
    return [
      "CREATE TABLE schema_version (\(columns));",
      "INSERT INTO schema_version (version) VALUES (\(version));",
    ]
  }

  /// The statement that creates the table of a kind.
  func createTable(_ schema: EntitySchema) -> String {
    var parts = schema.fields.map(definition)
    for key in schema.foreignKeys {
      parts.append(
        "FOREIGN KEY (\(schema.fields[key.field].column)) REFERENCES \(key.target.table)(id)")
    }
    return "CREATE TABLE \(schema.table) (\n  \(parts.joined(separator: ",\n  "))\n);"
  }

  /// The statements that create the recommended indexes of a kind.
  func createIndexes(_ schema: EntitySchema) -> [String] {
    schema.indexes.map { "CREATE INDEX \($0.name) ON \(schema.table)(\($0.columns));" }
  }

  private func definition(_ field: FieldSchema) -> String {
    if field.member == "id" { return "id \(textType) PRIMARY KEY" }
    var sql = "\(field.column) \(type(of: field))"
    if field.isNotNull { sql += " NOT NULL" }
    switch field.defaultValue {
    case .null: break
    case .text(let text): sql += " DEFAULT '\(text.replacing("'", with: "''"))'"
    case .runStart, .sameAs: sql += " DEFAULT \(currentTime)"
    }
    return sql
  }

  private func type(of field: FieldSchema) -> String {
    switch (field.type, self) {
    case (.text, _), (.reference, _), (.timestamp, _), (.json, _): textType
    case (.integer, .sqlite): "INTEGER"
    case (.integer, .postgresql): "BIGINT"
    case (.real, .sqlite): "REAL"
    case (.real, .postgresql): "DOUBLE PRECISION"
    }
  }

  /// Text that compares byte by byte.
  private var textType: String { self == .sqlite ? "TEXT" : #"TEXT COLLATE "C""# }

  private var currentTime: String {
    switch self {
    case .sqlite: "CURRENT_TIMESTAMP"
    case .postgresql: "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    }
  }

  // MARK: Rows

  /// The text before the first row of a kind, and after the last one.
  func frame(of schema: EntitySchema) -> (before: String, after: String) {
    switch self {
    case .sqlite: return ("", "")
    case .postgresql:
      let columns = schema.fields.map(\.column).joined(separator: ", ")
      return ("COPY \(schema.table) (\(columns)) FROM stdin;\n", "\\.\n")
    }
  }

  /// Appends the row of a record in which ``obstacle(to:in:isIndexed:)`` finds nothing.
  func append(_ record: Record, to bytes: inout [UInt8]) {
    switch self {
    case .sqlite:
      bytes += "INSERT INTO \(record.kind.table) VALUES(".utf8
      for (position, value) in record.values.enumerated() {
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        SQLiteLiteral.append(value, to: &bytes)
      }
      bytes += ");\n".utf8
    case .postgresql:
      for (position, value) in record.values.enumerated() {
        if position > 0 { bytes.append(UInt8(ascii: "\t")) }
        PostgreSQLCopy.append(value, to: &bytes)
      }
      bytes.append(UInt8(ascii: "\n"))
    }
  }

  /// The reason why the table would change or refuse a value; `nil` if it would keep it.
  func obstacle(to value: Value, in field: FieldSchema, isIndexed: Bool) -> String? {
    switch value {
    case .null:
      return field.isNotNull || isKeyThatCannotBeNull(field) ? "\(field.column) is NULL" : nil
    case .real(let number) where number.isNaN && self == .sqlite:
      return "\(field.column) is not a number"
    default: break
    }
    switch self {
    case .sqlite:
      return field.type.stored(value) == value
        ? nil : "\(field.column) is \(value.shown), which the column would convert"
    case .postgresql:
      return obstacleInPostgreSQL(to: value, in: field, isIndexed: isIndexed)
    }
  }

  /// Whether the field is a primary key, which SQLite alone allows to be NULL.
  private func isKeyThatCannotBeNull(_ field: FieldSchema) -> Bool {
    self == .postgresql && field.member == "id"
  }

  private func obstacleInPostgreSQL(
    to value: Value, in field: FieldSchema, isIndexed: Bool
  ) -> String? {
    switch (field.type, value) {
    case (.integer, .integer), (.real, .real): return nil
    case (.text, .text(let text)), (.reference, .text(let text)), (.timestamp, .text(let text)),
      (.json, .text(let text)):
      if text.utf8.contains(0) { return "\(field.column) has a NUL character" }
      if isIndexed, text.utf8.count > PostgreSQLCopy.longestKey {
        return "\(field.column) has more than \(PostgreSQLCopy.longestKey) bytes, "
          + "the most that an index takes"
      }
      return nil
    default: return "\(field.column) is \(value.shown)"
    }
  }
}

/// Values as literals in SQLite's SQL.
enum SQLiteLiteral {
  /// Appends a value that is not NaN.
  static func append(_ value: Value, to bytes: inout [UInt8]) {
    switch value {
    case .null: bytes += "NULL".utf8
    case .integer(let number): bytes += String(number).utf8
    case .real(let number): bytes += real(number).utf8
    case .blob(let blob): append(hex: blob, to: &bytes)
    case .text(let text):
      // The shell reads lines, drops a carriage return at the end of one, and stops at a NUL.
      if text.utf8.contains(where: { $0 == 0 || $0 == 0x0D }) {
        bytes += "CAST(".utf8
        append(hex: text.utf8, to: &bytes)
        bytes += " AS TEXT)".utf8
        return
      }
      bytes.append(UInt8(ascii: "'"))
      for byte in text.utf8 {
        if byte == UInt8(ascii: "'") { bytes.append(byte) }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "'"))
    }
  }

  private static func append(hex content: some Sequence<UInt8>, to bytes: inout [UInt8]) {
    let digits = ASCII.upperHexDigits
    bytes += "X'".utf8
    for byte in content {
      bytes.append(digits[Int(byte >> 4)])
      bytes.append(digits[Int(byte & 0xF)])
    }
    bytes.append(UInt8(ascii: "'"))
  }

  /// A number that every version of SQLite reads as exactly this one.
  ///
  /// Versions differ in how they round decimals. A quotient of at most 15 digits and a power of ten
  /// up to 10,000 is rounded correctly by all: it is further from the midpoint of two doubles than
  /// the error of the extended precision that some compute with. Any other number is written as a
  /// whole number multiplied or divided by powers of two, which is exact.
  static func real(_ number: Double) -> String {
    if number.isInfinite { return number < 0 ? "-9e999" : "9e999" }
    let text = String(number)
    let parts = text.drop { $0 == "-" }.split(separator: ".")
    let isShort =
      parts.count == 2 && parts[1].utf8.count <= 4
      && parts[0].utf8.count + parts[1].utf8.count <= 15
      && parts.allSatisfy { $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
    return isShort ? text : product(number)
  }

  private static func product(_ number: Double) -> String {
    let isNormal = number.isNormal
    var digits = number.significandBitPattern | (isNormal ? 1 << 52 : 0)
    var exponent = isNormal ? Int(number.exponent) - 52 : -1074
    let zeros = digits.trailingZeroBitCount
    digits >>= UInt64(zeros)
    exponent += zeros
    var text = (number < 0 ? "-" : "") + String(digits)
    let sign = exponent < 0 ? "/" : "*"
    var rest = abs(exponent)
    repeat {
      let step = min(rest, 52)
      text += "\(sign)\(UInt64(1) << UInt64(step)).0"
      rest -= step
    } while rest > 0
    return text
  }
}

/// Values in the text format of PostgreSQL's COPY.
private enum PostgreSQLCopy {
  /// The longest text, in bytes, that an index takes however little it can be compressed.
  static let longestKey = 2692

  /// Appends a number or a text without NUL, or NULL.
  static func append(_ value: Value, to bytes: inout [UInt8]) {
    switch value {
    case .null, .blob: bytes += #"\N"#.utf8
    case .integer(let number): bytes += String(number).utf8
    case .real(let number):
      bytes += (number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : String(number)).utf8
    case .text(let text):
      for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
        case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
        case UInt8(ascii: "\r"): bytes += #"\r"#.utf8
        case UInt8(ascii: "\t"): bytes += #"\t"#.utf8
        default: bytes.append(byte)
        }
      }
    }
  }
}
