import RMOSModels
import RMOSSystem

/// Checks that rows can be written to a database, without changing it, by compiling all statements
/// for writing against its schema.
///
/// Compiling shows problems that would otherwise only occur in the middle of a run: a collation of
/// an index, or a function in a trigger or CHECK, that only another application has; a trigger that
/// writes to a missing table.
struct SQLitePreflight {
  private let connection: SQLiteConnection
  private let layout: SQLiteLayout

  init(_ connection: SQLiteConnection, _ layout: SQLiteLayout) {
    self.connection = connection
    self.layout = layout
  }

  /// The obstacles to writing rows; none if they can be written.
  func obstacles() throws -> [WritingObstacle] {
    if layout.isEmpty { return [] }
    return try versionObstacles() + tableObstacles() + statementObstacles()
  }

  // MARK: Obstacles in the layout

  /// The obstacle that another application has set `user_version`.
  private func versionObstacles() -> [WritingObstacle] {
    let version = layout.ledgerVersion
    guard layout.hasLedger ? version < 0 : version != 0 else { return [] }
    let schema = layout.version.map { "it is an RMOS database of version \($0.version), but its" }
    return [
      WritingObstacle(
        .version, found: "user_version \(version)",
        "\(schema ?? "its") user_version is \(version), set by another application, where RMOS keeps "
          + "the version of its migration tables; if that application does not need it, "
          + "PRAGMA user_version = 0 frees it")
    ]
  }

  /// The obstacles in tables, their columns and their names.
  private func tableObstacles() throws -> [WritingObstacle] {
    let tables = layout.catalog.kinds.map(\.table) + ["schema_version"] + LedgerTable.allNames
    var obstacles = tables.compactMap(nameObstacle)
    if let obstacle = layout.ledgerObstacle {
      obstacles.append(.table("migration_runs", "no such column", obstacle))
    }
    for kind in layout.catalog.kinds where !layout.views.contains(kind.table) {
      obstacles += try tableObstacles(of: kind)
    }
    return obstacles
  }

  /// The obstacle that something other than a table has the name of one.
  private func nameObstacle(_ table: String) -> WritingObstacle? {
    if layout.views.contains(table) {
      return .table(
        table, "a view",
        "\(table) is a view, but a table is needed; recreate the view under another name, then drop "
          + "this one")
    }
    guard layout.names.contains(table), !layout.tableNames.contains(table) else { return nil }
    return .table(
      table, "a name taken",
      "the name \(table), which a table needs, belongs to an index or trigger; recreate that under "
        + "another name, then drop this one")
  }

  private func tableObstacles(of kind: EntityKind) throws -> [WritingObstacle] {
    let table = kind.table
    if layout.virtualTables.contains(table) {
      return [
        .table(
          table, "a virtual table",
          "\(table) is a virtual table; rename it, a table of SQLite's own is needed")
      ]
    }
    let version = layout.version?.version ?? SchemaVersion.created
    let isOwned = layout.ownedKinds.contains(kind)
    guard let present = layout.tables[kind]?.columns else {
      if isOwned { return [] }
      return [
        .table(
          table, "no such table",
          "its schema version is \(version), but it has no table \(table); the application "
            + "that made it creates that table")
      ]
    }
    var obstacles: [WritingObstacle] = []
    let missing = kind.schema.fields.filter {
      !present.contains($0.column) && !(isOwned && $0.canBeAdded)
    }
    if !missing.isEmpty {
      let names = missing.map { "\(table).\($0.column)" }.joined(separator: ", ")
      obstacles.append(
        .table(
          table, "no such column",
          "its schema version is \(version), but it has no column \(names); if another application "
            + "renamed it, rename it back, or migrate into another database"))
    }
    if let column = try mandatoryColumn(of: kind) {
      obstacles.append(
        .table(
          table, "NOT NULL, no default",
          "the column \(table).\(column) is another application's, NOT NULL and without a "
            + "default, so no row can be written without it; give it a default"))
    }
    return obstacles
  }

  /// A column of another application without whose value no row can be inserted; `nil` if there is
  /// none.
  private func mandatoryColumn(of kind: EntityKind) throws -> String? {
    let known = Set(kind.schema.fields.map(\.column))
    return try connection.texts(
      "SELECT name FROM pragma_table_info(?) "
        + "WHERE \"notnull\" AND dflt_value IS NULL AND NOT (pk AND upper(type) = 'INTEGER')",
      .text(kind.table)
    ).first { !known.contains($0.lowercasedASCII) }
  }

  // MARK: Obstacles to compiling

  /// The obstacles to compiling the statements for the tables that exist.
  private func statementObstacles() throws -> [WritingObstacle] {
    var obstacles: [WritingObstacle] = []
    for kind in layout.catalog.kinds where layout.tableNames.contains(kind.table) {
      let columns = kind.schema.fields.map(\.column).filter {
        layout.tables[kind]?.columns.contains($0) == true
      }
      if let found = try obstacle(kind.table, columns, key: "id") { obstacles.append(found) }
    }
    for table in LedgerTable.all(layout.catalog) where layout.tableNames.contains(table.name) {
      // Only columns that exist: missing ones are added when the ledger is upgraded.
      let present = try connection.columns(of: table.name)
      let columns = table.columns.map(\.name).filter(present.contains)
      guard let key = columns.first else { continue }
      if let found = try obstacle(table.name, columns, key: key) { obstacles.append(found) }
    }
    if layout.tableNames.contains("schema_version"),
      let found = try obstacle("schema_version", ["version"], key: "version")
    {
      obstacles.append(found)
    }
    return obstacles
  }

  /// The obstacle to reading and writing the rows of a table, by the first statement that cannot be
  /// compiled; `nil` if all can.
  private func obstacle(
    _ table: String, _ columns: [String], key: String
  ) throws -> WritingObstacle? {
    let list = columns.joined(separator: ", ")
    let parameters = columns.map { _ in "?" }.joined(separator: ", ")
    let assignments = columns.filter { $0 != key }.map { "\($0) = ?" }.joined(separator: ", ")
    var statements = [
      ("reading", "SELECT \(list) FROM \(table) WHERE \(key) = ? ORDER BY \(key)"),
      ("inserting into", "INSERT INTO \(table) (\(list)) VALUES (\(parameters))"),
      ("deleting from", "DELETE FROM \(table) WHERE \(key) = ?"),
    ]
    if LedgerTable.names.contains(table) {
      statements.append(
        ("replacing rows of", "INSERT OR REPLACE INTO \(table) (\(list)) VALUES (\(parameters))"))
    }
    if !assignments.isEmpty {
      statements.append(("updating", "UPDATE \(table) SET \(assignments) WHERE \(key) = ?"))
    }
    for (work, sql) in statements {
      do {
        // The statement is not needed again, so it is not cached.
        _ = try SQLiteStatement(sql, on: connection.handle)
      } catch let error as StoreError where error.concernsStatement {
        if isAboutMissingTable(error) { continue }
        return try obstacle(table, work, error)
      }
    }
    do {
      try compileWithChecks(table, "INSERT INTO \(table) (\(list)) VALUES (\(parameters))")
    } catch let error as StoreError where error.concernsStatement {
      return try obstacle(table, "inserting into", error)
    }
    return nil
  }

  /// Compiles a statement together with the CHECKs of its table.
  ///
  /// SQLite does not even parse CHECKs on a connection that only reads, so the statement is
  /// compiled in a database in memory that has only the declaration of the table.
  private func compileWithChecks(_ table: String, _ sql: String) throws {
    let declarations = try connection.texts(
      "SELECT sql FROM sqlite_schema WHERE type = 'table' AND lower(name) = ?1 "
        + "AND sql LIKE '%CHECK%'", .text(table))
    guard let declaration = declarations.first else { return }
    let scratch = try SQLiteConnection(
      path: ":memory:", mode: .create, busyTimeout: .zero, shownAs: connection.handle.path)
    do {
      try scratch.execute("CREATE TABLE \(table) (id)")
      // The declaration is written into the schema, because executing it would need all that it
      // names.
      try scratch.execute("PRAGMA writable_schema = ON")
      try scratch.run("UPDATE sqlite_schema SET sql = ?1", .text(declaration))
      try scratch.execute("PRAGMA writable_schema = RESET")
      guard try !scratch.columns(of: table).isEmpty else { return }
    } catch is StoreError {
      // Some builds of SQLite do not allow that; the first write then checks the CHECKs.
      return
    }
    _ = try SQLiteStatement(sql, on: scratch.handle)
  }

  /// Whether a statement fails only because it refers to a table that the first write creates; that
  /// compiles it again before it commits.
  private func isAboutMissingTable(_ error: StoreError) -> Bool {
    guard let subject = Self.subject(of: error.message)?.lowercasedASCII else { return false }
    return error.message.contains("no such table") && layout.tablesToCreate.contains(subject)
  }

  private func obstacle(
    _ table: String, _ work: String, _ error: StoreError
  ) throws -> WritingObstacle {
    let reason = error.message(withoutPath: connection.handle.path)
    if reason.hasPrefix("foreign key mismatch") {
      return WritingObstacle(
        .statement, table: table, found: reason,
        "\(work) \(table) fails (\(reason)), because that foreign key points to a column that is "
          + "neither a primary key nor unique; create a unique index on it")
    }
    let culprit = try culprit(of: reason, table)
    let explanation: String =
      switch culprit {
      case ("trigger", let name)?:
        "because of the trigger \(name); drop it (DROP TRIGGER \(Self.quoted(name))), or write "
          + "with the application that made it"
      case ("index", let name)?:
        "because of the index \(name); drop it (DROP INDEX \(Self.quoted(name))), and create it "
          + "again afterwards with the application that made it"
      case (let type, let name)?:
        "because of the \(type) \(name); only the application that made it can write here as it is"
      case nil:
        "so only the application that changed the schema can write here as it is"
      }
    return WritingObstacle(
      .statement, table: table, found: reason, "\(work) \(table) fails (\(reason)), \(explanation)")
  }

  /// The part of the schema that an error is about; `nil` if it cannot be determined.
  private func culprit(
    of message: String, _ table: String
  ) throws -> (type: String, name: String)? {
    guard let subject = Self.subject(of: message) else { return nil }
    if let index = try index(of: table, comparingBy: subject) { return ("index", index) }
    let found = try connection.withStatement(
      "SELECT type, name, sql FROM sqlite_schema WHERE instr(lower(sql), lower(?1)) > 0 "
        + "ORDER BY type <> 'trigger', lower(tbl_name) <> ?2, type <> 'index', name"
    ) { statement -> (type: String, name: String)? in
      try statement.bind(subject, at: 1)
      try statement.bind(table, at: 2)
      while try statement.step() {
        guard Self.names(statement.text(at: 2) ?? "", subject) else { continue }
        return (statement.text(at: 0) ?? "", statement.text(at: 1) ?? "")
      }
      return nil
    }
    // If another table lacks the column, the cause is a trigger that writes to that table.
    guard let found, found.type == "table", found.name.lowercasedASCII != table,
      let trigger = try trigger(on: table, naming: found.name)
    else { return found }
    return ("trigger", trigger)
  }

  /// Whether SQL contains a name as a word.
  private static func names(_ sql: String, _ name: String) -> Bool {
    let name = name.lowercasedASCII
    return sql.lowercasedASCII.split { !($0.isLetter || $0.isNumber || "_$".contains($0)) }
      .contains { $0 == name }
  }

  /// The name that a compile error is about; `nil` if the message has none.
  private static func subject(of message: String) -> String? {
    let words = message.split(separator: " ")
    var name: Substring?
    if message.contains("no such ") || message.contains("function")
      || message.hasPrefix("unsafe use of ")
    {
      name = words.last
    } else if message.hasPrefix("table "), words.count > 1 {
      name = words[1]
    }
    // The name without qualifiers, quotes and parentheses, as in `main.t`, `NEW.c`, `f()` and
    // `"t"`.
    let text = name?.split(separator: ".").last?.filter { !"()\"".contains($0) }
    return text.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The name of an index of a table with a collation; `nil` if there is none.
  private func index(of table: String, comparingBy collation: String) throws -> String? {
    try connection.texts(
      "SELECT l.name FROM pragma_index_list(?1) l, pragma_index_xinfo(l.name) x "
        + "WHERE l.origin = 'c' AND x.coll = ?2 COLLATE NOCASE LIMIT 1",
      .text(table), .text(collation)
    ).first
  }

  /// The name of a trigger on a table whose SQL contains a name; `nil` if there is none.
  private func trigger(on table: String, naming name: String) throws -> String? {
    try connection.texts(
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = ?1 "
        + "AND instr(lower(sql), lower(?2)) > 0 ORDER BY name LIMIT 1",
      .text(table), .text(name)
    ).first
  }

  /// A name in SQL: quoted if it needs to be.
  private static func quoted(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy {
      $0 == UInt8(ascii: "_") || $0.isASCIILetter || $0.isASCIIDigit
    }
    return isPlain ? name : name.sqlName
  }
}

extension WritingObstacle {
  /// An obstacle in a table.
  fileprivate static func table(
    _ table: String, _ found: String, _ message: String
  ) -> WritingObstacle {
    WritingObstacle(.table, table: table, found: found, message)
  }
}

extension StoreError {
  /// The message without the path of the database at its beginning.
  func message(withoutPath path: String) -> String {
    let prefix = "\(path): "
    return message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
  }
}
