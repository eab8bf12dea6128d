package import RMOSModels

// The shared schema as SQL.

extension EntitySchema {
  /// The CREATE TABLE statement of the table.
  package var createTableSQL: String {
    var parts = fields.map(\.sqlDefinition)
    for key in foreignKeys {
      parts.append("FOREIGN KEY (\(fields[key.field].column)) REFERENCES \(key.target.table)(id)")
    }
    return "CREATE TABLE IF NOT EXISTS \(table) (\(parts.joined(separator: ", ")))"
  }

  /// The CREATE INDEX statements of the recommended indexes.
  package var createIndexSQL: [String] {
    indexes.map { "CREATE INDEX IF NOT EXISTS \($0.name) ON \(table)(\($0.columns))" }
  }
}

extension FieldSchema {
  /// The column's definition in CREATE TABLE.
  package var sqlDefinition: String {
    if member == "id" { return "id TEXT PRIMARY KEY" }
    var sql = "\(column) \(type.sqlType)"
    if isNotNull { sql += " NOT NULL" }
    switch defaultValue {
    case .null: break
    case .text(let text): sql += " DEFAULT \(text.sqlLiteral)"
    case .runStart, .sameAs: sql += " DEFAULT CURRENT_TIMESTAMP"
    }
    return sql
  }

  /// Whether a table that has rows can be given the column: its default must be NULL or constant.
  var canBeAdded: Bool {
    switch defaultValue {
    case .null: !isRequired
    case .text: true
    case .runStart, .sameAs: false
    }
  }
}

extension FieldType {
  /// The SQL type of the column.
  package var sqlType: String {
    switch self {
    case .text, .reference, .timestamp, .json: "TEXT"
    case .integer: "INTEGER"
    case .real: "REAL"
    }
  }
}

extension String {
  /// The text as a literal of SQL.
  var sqlLiteral: String {
    "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}
