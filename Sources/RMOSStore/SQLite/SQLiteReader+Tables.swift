import RMOSSystem

extension SQLiteReader {
  final func inspectTables() throws -> [InspectedTable] {
    let connection = try session().connection
    let sql =
      "SELECT name, type, rootpage = 0 FROM sqlite_schema "
      + "WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
    var tables = try connection.withStatement(sql) { statement in
      var tables: [InspectedTable] = []
      while try statement.step() {
        let name = statement.text(at: 0) ?? ""
        tables.append(
          InspectedTable(
            name: name, isTable: statement.text(at: 1) == "table",
            isVirtual: statement.text(at: 1) == "table" && statement.integer(at: 2) == 1,
            hasRowID: false, columns: [], indexes: [], foreignKeys: []))
      }
      return tables
    }
    for position in tables.indices where tables[position].isTable {
      let name = tables[position].name
      do {
        tables[position].columns = try columns(of: name, connection)
      } catch let error as StoreError where tables[position].isVirtual && error.concernsStatement {
        // The module that makes it a table is not there.
        continue
      }
      if tables[position].isVirtual { continue }
      tables[position].hasRowID = try SQLiteLayout.hasRowNumbers(name, connection)
      tables[position].indexes = try indexes(of: name, connection)
      tables[position].foreignKeys = try foreignKeys(of: name, connection)
    }
    return tables
  }

  private func columns(
    of table: String, _ connection: SQLiteConnection
  ) throws -> [InspectedTable.Column] {
    let sql = "SELECT name, type, \"notnull\", pk, dflt_value FROM pragma_table_info(?)"
    return try connection.withStatement(sql) { statement in
      try statement.bind(table, at: 1)
      var columns: [InspectedTable.Column] = []
      while try statement.step() {
        columns.append(
          InspectedTable.Column(
            name: statement.text(at: 0) ?? "", type: statement.text(at: 1) ?? "",
            isNotNull: statement.integer(at: 2) != 0, isPrimaryKey: statement.integer(at: 3) != 0,
            hasDefault: statement.type(at: 4) != .null))
      }
      return columns
    }
  }

  private func indexes(
    of table: String, _ connection: SQLiteConnection
  ) throws -> [InspectedTable.Index] {
    let sql =
      "SELECT l.name, l.partial, x.name, x.desc FROM pragma_index_list(?) l, "
      + "pragma_index_xinfo(l.name) x WHERE x.key ORDER BY l.seq, x.seqno"
    return try connection.withStatement(sql) { statement in
      try statement.bind(table, at: 1)
      var indexes: [InspectedTable.Index] = []
      while try statement.step() {
        let name = statement.text(at: 0) ?? ""
        let column = (statement.text(at: 2) ?? "(expression)")
        let key = column + (statement.integer(at: 3) != 0 ? " DESC" : "")
        if let last = indexes.indices.last, indexes[last].name == name {
          indexes[last].columns += ", " + key
        } else {
          indexes.append(
            InspectedTable.Index(
              name: name, columns: key, isPartial: statement.integer(at: 1) != 0))
        }
      }
      return indexes
    }
  }

  private func foreignKeys(
    of table: String, _ connection: SQLiteConnection
  ) throws -> [InspectedTable.ForeignKey] {
    let sql = "SELECT \"from\", \"table\" FROM pragma_foreign_key_list(?) ORDER BY id, seq"
    return try connection.withStatement(sql) { statement in
      try statement.bind(table, at: 1)
      var keys: [InspectedTable.ForeignKey] = []
      while try statement.step() {
        keys.append(
          InspectedTable.ForeignKey(
            column: statement.text(at: 0) ?? "", table: statement.text(at: 1) ?? ""))
      }
      return keys
    }
  }
}
