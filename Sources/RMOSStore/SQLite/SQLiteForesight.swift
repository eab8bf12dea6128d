import RMOSModels
import RMOSSystem

/// Whether looking things up tells what the database will do with a row.
///
/// With the shared schema alone it does. What other applications add may refuse a row, change it or
/// pass over it for reasons that only the database itself can tell.
struct SQLiteForesight {
  private let connection: SQLiteConnection
  private let layout: SQLiteLayout

  init(_ connection: SQLiteConnection, _ layout: SQLiteLayout) {
    self.connection = connection
    self.layout = layout
  }

  /// What in the schema keeps outcomes from being foretold, such as `the trigger tr`; none where
  /// they can be.
  func hindrances() throws -> [String] {
    var found = try triggers() + layout.missingTables.map { "no table \($0) yet" }
    for kind in EntityKind.allCases where layout.tableNames.contains(kind.table) {
      found += try indexes(of: kind.table)
      found += try columns(of: kind)
      found += try constraints(of: kind.table)
      found += try foreignKeys(of: kind)
    }
    return found + (try foreignKeysOfOthers())
  }

  private func names(_ sql: String, _ parameter: String? = nil) throws -> [String] {
    try connection.withStatement(sql) { statement in
      if let parameter { try statement.bind(parameter, at: 1) }
      var names: [String] = []
      while try statement.step() { names.append(statement.text(at: 0) ?? "") }
      return names
    }
  }

  private static let entityTables = EntityKind.allCases.map { "'\($0.table)'" }
    .joined(separator: ", ")

  private func triggers() throws -> [String] {
    let tables = EntityKind.allCases.map(\.table) + SQLiteSchema.ledgerTables
    let list = tables.map { "'\($0)'" }.joined(separator: ", ")
    return try names(
      "SELECT 'the trigger ' || name FROM sqlite_schema WHERE type = 'trigger' "
        + "AND lower(tbl_name) IN (\(list)) ORDER BY name")
  }

  /// Indexes that are unique, apart from the primary key, cover some rows or hold expressions.
  private func indexes(of table: String) throws -> [String] {
    try names(
      """
      SELECT 'the index ' || l.name FROM pragma_index_list(?1) l WHERE l.partial
        OR l."unique" AND NOT (l.origin = 'pk' AND 'id' = (
          SELECT group_concat(lower(x.name)) FROM pragma_index_xinfo(l.name) x WHERE x.key))
        OR EXISTS (SELECT 1 FROM pragma_index_xinfo(l.name) x WHERE x.key AND x.name IS NULL)
      """, table)
  }

  /// Columns that are not what the shared schema has.
  private func columns(of kind: EntityKind) throws -> [String] {
    if layout.kindsWithLooseIDs.contains(kind) { return ["the collation of \(kind.table).id"] }
    return try connection.withStatement(
      "SELECT name, upper(type), \"notnull\" AND dflt_value IS NULL, hidden, pk "
        + "FROM pragma_table_xinfo(?)"
    ) { statement in
      try statement.bind(kind.table, at: 1)
      var found: [String] = []
      while try statement.step() {
        let name = (statement.text(at: 0) ?? "").lowercasedASCII
        let isOther: Bool
        if let field = kind.schema.fields.first(where: { $0.column == name }) {
          isOther =
            statement.text(at: 1) != field.type.sqlType
            || (statement.integer(at: 2) != 0 && !field.isNotNull && name != "id")
            || (statement.integer(at: 4) != 0) != (name == "id")
        } else {
          // Another column matters where it is computed from the others, or part of the key.
          isOther = statement.integer(at: 3) != 0 || statement.integer(at: 4) != 0
        }
        if isOther { found.append("the column \(kind.table).\(name)") }
      }
      return found
    }
  }

  /// What stands in CREATE TABLE besides columns, by its word: a little too often does no harm.
  private func constraints(of table: String) throws -> [String] {
    try names(
      """
      SELECT 'the constraints of ' || name FROM sqlite_schema WHERE type = 'table'
        AND lower(name) = ?1 AND (sql LIKE '%CHECK%' OR sql LIKE '%CONFLICT%'
        OR sql LIKE '%) STRICT%' OR sql LIKE '%, STRICT%' OR sql LIKE 'CREATE VIRTUAL%')
      """, table)
  }

  /// Foreign keys of the table that are no references of its kind.
  private func foreignKeys(of kind: EntityKind) throws -> [String] {
    try connection.withStatement(
      "SELECT lower(\"from\"), lower(\"table\"), lower(coalesce(\"to\", 'id')) "
        + "FROM pragma_foreign_key_list(?)"
    ) { statement in
      try statement.bind(kind.table, at: 1)
      var found: [String] = []
      while try statement.step() {
        let column = statement.text(at: 0) ?? ""
        let isReference = kind.schema.references.contains { reference in
          kind.schema.fields[reference.field].column == column
            && reference.target.table == statement.text(at: 1) && statement.text(at: 2) == "id"
        }
        if !isReference { found.append("the foreign key of \(kind.table).\(column)") }
      }
      return found
    }
  }

  /// Foreign keys of other tables to columns that an update may change.
  private func foreignKeysOfOthers() throws -> [String] {
    try names(
      """
      SELECT DISTINCT 'the foreign key of ' || m.name FROM sqlite_schema m,
        pragma_foreign_key_list(m.name) k WHERE m.type = 'table' AND m.rootpage > 0
        AND lower(k."table") IN (\(Self.entityTables)) AND lower(coalesce(k."to", 'id')) <> 'id'
      """)
  }
}
