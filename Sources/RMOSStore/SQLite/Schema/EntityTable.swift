import RMOSModels

/// The table or view of a kind in a database.
struct EntityTable {
  /// The names of the columns, in lower case.
  let columns: Set<String>
  /// Whether the rows have numbers, unlike those of views and tables WITHOUT ROWID.
  private(set) var hasRowNumbers = false
  /// The columns that may convert values that are stored in them.
  private(set) var convertingColumns: [ConvertingColumn] = []
  /// Whether it has an index with a collation that this process lacks.
  private(set) var hasForeignIndex = false
  /// Whether the database does not compare the ids byte by byte.
  private(set) var hasLooseIDs = false
  /// Whether the database compares the ids as texts, byte by byte.
  private(set) var hasIDsInByteOrder = false
  /// Whether the ids are also in an index in that order.
  private(set) var hasIndexedIDs = false
  /// Whether its declaration has conflict clauses, such as UNIQUE (name) ON CONFLICT REPLACE, by
  /// which SQLite would delete other rows, change values or ignore the row.
  private var hasConflictClauses = false

  /// The beginning of a statement that inserts rows or refuses them.
  ///
  /// A conflict clause of the statement overrides those of the table, but also those of the
  /// statements in triggers, so there is none without need.
  var insertInto: String { hasConflictClauses ? "INSERT OR ABORT INTO" : "INSERT INTO" }

  /// The beginning of a statement that updates rows or refuses that; see ``insertInto``.
  var update: String { hasConflictClauses ? "UPDATE OR ABORT" : "UPDATE" }

  /// A column whose type differs from that in the shared schema, so that SQLite may convert text
  /// into a number, or a number into text.
  struct ConvertingColumn {
    /// The position of its field.
    let field: Int
    /// The declared type.
    let type: String
    let affinity: ColumnAffinity
  }

  /// Reads the properties of a table or view from the schema.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - isTable: Whether it is an ordinary table; of a view or a virtual table, only the columns
  ///     are read.
  ///   - isUTF8: Whether the encoding of the database is UTF-8.
  ///   - connection: A connection to the database.
  /// - Throws: ``StoreError`` if the schema cannot be read.
  init(
    of kind: EntityKind, isTable: Bool, isUTF8: Bool, _ connection: SQLiteConnection
  ) throws {
    columns = try connection.columns(of: kind.table)
    guard isTable else { return }
    hasRowNumbers = try Self.hasRowNumbers(kind.table, connection)
    convertingColumns = try Self.convertingColumns(of: kind, connection)
    hasConflictClauses = try Self.hasRow(
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND lower(name) = ?1 "
        + "AND sql LIKE '%CONFLICT%'", kind.table, connection)
    hasForeignIndex = try Self.hasForeignIndex(kind.table, connection)
    if columns.contains("id"),
      try connection.collation(ofColumn: "id", in: kind.table) != "BINARY"
    {
      hasLooseIDs = true
    } else if isUTF8, try Self.hasTextIDs(kind.table, connection) {
      hasIDsInByteOrder = true
      hasIndexedIDs = try Self.hasIndexedIDs(kind.table, connection)
    }
  }

  /// Whether the rows of a table have numbers.
  ///
  /// A table WITHOUT ROWID is itself the index of its primary key, so that index is listed, but is
  /// not in the schema; this also works with old versions of SQLite. It must not be called for
  /// virtual tables, whose module may be missing.
  static func hasRowNumbers(_ table: String, _ connection: SQLiteConnection) throws -> Bool {
    try !hasRow(
      """
      SELECT 1 FROM pragma_index_list(?) l WHERE l.origin = 'pk' AND NOT EXISTS (
        SELECT 1 FROM sqlite_schema i WHERE i.type = 'index' AND i.name = l.name)
      """, table, connection)
  }

  /// The columns of a table that may convert values that are stored in them.
  private static func convertingColumns(
    of kind: EntityKind, _ connection: SQLiteConnection
  ) throws -> [ConvertingColumn] {
    var columns: [ConvertingColumn] = []
    try connection.forEachRow(
      "SELECT lower(name), type FROM pragma_table_info(?)", .text(kind.table)
    ) { row in
      let name = row.text(at: 0)
      let type = row.text(at: 1) ?? ""
      guard let field = kind.schema.fields.firstIndex(where: { $0.column == name }) else { return }
      let ownType = kind.schema.fields[field].type.sqlType
      // Fast path: every session checks all columns, of which nearly all have their own type.
      if type == ownType { return }
      let affinity = ColumnAffinity(declaredAs: type)
      guard affinity != .blob, affinity != ColumnAffinity(declaredAs: ownType) else { return }
      columns.append(ConvertingColumn(field: field, type: type, affinity: affinity))
    }
    return columns
  }

  /// Whether the ids of a table are declared as text.
  private static func hasTextIDs(_ table: String, _ connection: SQLiteConnection) throws -> Bool {
    try hasRow(
      "SELECT 1 FROM pragma_table_info(?) WHERE lower(name) = 'id' AND upper(type) = 'TEXT'",
      table, connection)
  }

  /// Whether a table has an index of all its ids.
  private static func hasIndexedIDs(
    _ table: String, _ connection: SQLiteConnection
  ) throws -> Bool {
    try hasRow(
      "SELECT 1 FROM pragma_index_list(?) l, pragma_index_xinfo(l.name) c WHERE NOT l.partial "
        + "AND c.seqno = 0 AND lower(c.name) = 'id' AND upper(c.coll) = 'BINARY'",
      table, connection)
  }

  /// Whether a table has an index with a collation that this process lacks.
  private static func hasForeignIndex(
    _ table: String, _ connection: SQLiteConnection
  ) throws -> Bool {
    try hasRow(
      "SELECT 1 FROM pragma_index_list(?) l, pragma_index_xinfo(l.name) x "
        + "WHERE upper(x.coll) NOT IN (SELECT upper(name) FROM pragma_collation_list)",
      table, connection)
  }

  /// Whether a query of 1 about a table, its only parameter, returns a row.
  private static func hasRow(
    _ sql: String, _ table: String, _ connection: SQLiteConnection
  ) throws -> Bool {
    try connection.integer(sql, .text(table)) != nil
  }
}
