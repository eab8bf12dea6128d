import RMOSModels
import RMOSSystem

// Foreign keys of other applications, which refuse that a row is deleted, or delete others with it.

extension SQLiteReader {
  final func otherReferrers(to kind: EntityKind, id: String) throws -> [String: Int] {
    let session = try session()
    let table = try session.statements[kind]
    var counts: [String: Int] = [:]
    for key in try foreignKeys(to: kind.table, session.connection) where !key.isReference(catalog) {
      // What a row refers to in itself goes with it.
      let isOther =
        key.table.lowercasedASCII == kind.table ? " AND NOT (\(table.isID("o.id", "?1")))" : ""
      let count = try session.connection.withStatement(
        "SELECT count(*) FROM \(kind.table) t CROSS JOIN \(key.table.sqlName) o "
          + "ON \(key.joins("o", to: "t")) WHERE \(table.isID("t.id", "?1"))\(isOther)"
      ) { statement in
        try statement.bind(id, at: 1)
        return try statement.step() ? Int(statement.integer(at: 0)) : 0
      }
      if count > 0 { counts[key.table, default: 0] += count }
    }
    return counts
  }

  /// Calls `body` with each row that undoing the run would remove, and whose deletion a foreign key
  /// of another application refuses, or extends to rows that would stay.
  final func forEachReferenceFromOthers(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    let session = try session()
    let paths = try foreignKeyPaths(session.connection)
    for path in paths {
      guard let condition = try obstacleCondition(path, among: paths, session) else { continue }
      let referrer = path.referrer(in: catalog)
      let (id, table) = ("\(path.alias(0)).id", path.key.table)
      let sql =
        "SELECT DISTINCT \(id)\(referrer == nil ? "" : ", \(path.lastAlias).id") "
        + "FROM \(try path.tables(session)) "
        + "WHERE \(path.joins) AND \(condition) ORDER BY \(id)"
      try session.connection.withStatement(sql) { statement in
        try statement.bind(run, at: 1)
        while try statement.step() {
          let reason: UndoObstacle.Reason =
            if let referrer {
              .isReferred(by: referrer, id: statement.text(at: 1) ?? "")
            } else {
              .isReferredElsewhere(table)
            }
          try body(UndoObstacle(path.kind, statement.text(at: 0) ?? "", reason))
        }
      }
    }
  }

  /// The numbers of rows of other applications' tables that are deleted with those that undoing the
  /// run removes (`ON DELETE CASCADE`).
  ///
  /// Rows that only rows of the same table take along are not counted.
  final func countsOfRowsRemovedElsewhere(ofRun run: Int64) throws -> [String: Int] {
    let session = try session()
    var conditions: [String: [String]] = [:]
    for path in try foreignKeyPaths(session.connection)
    where path.key.action == .deletes && path.referrer(in: catalog) == nil {
      conditions[path.key.table, default: []].append(try isRemoved("o", along: path, session))
    }
    var counts: [String: Int] = [:]
    for (table, conditions) in conditions {
      let sql =
        "SELECT count(*) FROM \(table.sqlName) o WHERE \(conditions.joined(separator: " OR "))"
      let count = try count(sql, run, session)
      if count > 0 { counts[table] = count }
    }
    return counts
  }

  /// The condition under which the rows at the two ends of a path are an obstacle to undoing run
  /// ?1; `nil` if they never are.
  private func obstacleCondition(
    _ path: ForeignKeyPath, among paths: [ForeignKeyPath], _ session: SQLiteSession
  ) throws -> String? {
    var conditions = [Self.isRemovedByUndo(path.kind, "\(path.alias(0)).id")]
    let own = path.referrer(in: catalog)
    switch path.key.action {
    case .refuses: break
    // Rows of other applications may go, those of entities may not.
    case .deletes: if own == nil { return nil }
    case .changes: return nil
    }
    // Kinds are removed in reverse order.
    let order = catalog.kinds
    let position = order.firstIndex(of: path.kind) ?? 0
    if let own, path.key.action == .deletes || order.firstIndex(of: own) ?? 0 >= position {
      conditions.append("NOT (\(Self.isRemovedByUndo(own, "\(path.lastAlias).id")))")
    }
    // A referring row that another row takes along no longer refers.
    for other in paths
    where other.key.action == .deletes && other.key.table == path.key.table
      && order.firstIndex(of: other.kind) ?? 0 >= position && own == nil
    {
      conditions.append("NOT \(try isRemoved(path.lastAlias, along: other, session))")
    }
    return conditions.joined(separator: " AND ")
  }

  /// The condition that undoing run ?1 deletes the row `alias` of the last table of a path, because
  /// it removes the row of a kind to which the path leads.
  private func isRemoved(
    _ alias: String, along path: ForeignKeyPath, _ session: SQLiteSession
  ) throws -> String {
    var path = path
    path.prefix = "d"
    path.lastAlias = alias
    return "EXISTS (SELECT 1 FROM \(try path.tables(session, withLast: false)) "
      + "WHERE \(path.joins) AND \(Self.isRemovedByUndo(path.kind, "\(path.alias(0)).id")))"
  }

  /// All ways in which foreign keys of other applications lead to the tables of the kinds:
  /// directly, or by rows that are deleted with those of the kinds.
  private func foreignKeyPaths(_ connection: SQLiteConnection) throws -> [ForeignKeyPath] {
    var paths: [ForeignKeyPath] = []
    var unfinished = catalog.kinds.map { (table: $0.table, path: ForeignKeyPath(to: $0)) }
    while let (table, path) = unfinished.popLast() {
      for key in try foreignKeys(to: table, connection) where !key.isReference(catalog) {
        let longer = path.appending(key)
        paths.append(longer)
        let name = key.table.lowercasedASCII
        guard key.action == .deletes, longer.referrer(in: catalog) == nil, !path.visits(name)
        else { continue }
        unfinished.append((name, longer))
      }
    }
    return paths
  }

  /// The names of the other tables with a foreign key to the table of a kind.
  final func referringTables(_ kind: EntityKind, _ session: SQLiteSession) throws -> Set<String> {
    let names = try foreignKeys(to: kind.table, session.connection).map(\.table)
    return Set(names).filter { $0.lowercasedASCII != kind.table }
  }

  /// The foreign keys of all tables that point to a table, whose name is in lower case.
  private func foreignKeys(
    to table: String, _ connection: SQLiteConnection
  ) throws -> [DeclaredKey] {
    try connection.withStatement(
      """
      SELECT m.name, k.seq, k."from",
        coalesce(k."to", (SELECT p.name FROM pragma_table_info(?1) p WHERE p.pk = k.seq + 1), 'id'),
        k.on_delete, (SELECT c."notnull" FROM pragma_table_info(m.name) c
          WHERE lower(c.name) = lower(k."from"))
      FROM sqlite_schema m, pragma_foreign_key_list(m.name) k
      WHERE m.type = 'table' AND m.rootpage > 0 AND lower(k."table") = ?1
      ORDER BY m.name, k.id, k.seq
      """
    ) { statement in
      try statement.bind(table, at: 1)
      var keys: [DeclaredKey] = []
      while try statement.step() {
        guard let name = statement.text(at: 0), let column = statement.text(at: 2),
          let target = statement.text(at: 3)
        else { continue }
        if statement.integer(at: 1) == 0 {
          let action = DeclaredKey.Action(onDelete: statement.text(at: 4))
          keys.append(DeclaredKey(table: name, target: table, action: action))
        }
        let last = keys.count - 1
        keys[last].columns.append(column)
        keys[last].targets.append(target)
        // Setting such a column to NULL fails.
        if keys[last].action == .changes, statement.text(at: 4) == "SET NULL",
          statement.integer(at: 5) != 0
        {
          keys[last].action = .refuses
        }
      }
      return keys
    }
  }
}

/// A foreign key as a table declares it.
private struct DeclaredKey {
  /// What becomes of a referring row if the one to which it refers is deleted.
  enum Action {
    /// The deletion fails.
    case refuses
    /// The referring row is deleted.
    case deletes
    /// The referring row is changed.
    case changes

    init(onDelete: String?) {
      self =
        switch onDelete {
        case "CASCADE": .deletes
        case "SET NULL", "SET DEFAULT": .changes
        default: .refuses
        }
    }
  }

  /// The table that declares it.
  let table: String
  /// The table to which it points, in lower case.
  let target: String
  var action: Action
  /// The columns of the declaring table.
  var columns: [String] = []
  /// The columns that they point to.
  var targets: [String] = []

  /// The condition that the row `referrer` refers to the row `referred`.
  func joins(_ referrer: String, to referred: String) -> String {
    zip(columns, targets).map { "\(referred).\($1.sqlName) = \(referrer).\($0.sqlName)" }
      .joined(separator: " AND ")
  }

  /// Whether it is a reference of one of the kinds, which are looked for as such.
  func isReference(_ catalog: EntityCatalog) -> Bool {
    guard columns.count == 1, targets[0].lowercasedASCII == "id",
      let other = catalog.kind(ofTable: table)
    else { return false }
    return other.schema.references.contains { reference in
      reference.target.table == target
        && other.schema.fields[reference.field].column == columns[0].lowercasedASCII
    }
  }
}

/// A way by foreign keys from a table to the table of a kind: `ON DELETE CASCADE`, except for the
/// key of the first table.
private struct ForeignKeyPath {
  let kind: EntityKind
  /// The foreign keys, beginning with the one that points to the table of the kind.
  private var keys: [DeclaredKey] = []
  /// The prefix of the aliases of tables in SQL.
  var prefix = "k"
  /// The alias of the table from which the path leads; `nil` for the usual one.
  private var givenLastAlias: String?

  init(to kind: EntityKind) { self.kind = kind }

  /// The key of the table from which the path leads.
  var key: DeclaredKey { keys[keys.count - 1] }

  var lastAlias: String {
    get { givenLastAlias ?? alias(keys.count) }
    set { givenLastAlias = newValue }
  }

  func appending(_ key: DeclaredKey) -> ForeignKeyPath {
    var path = self
    path.keys.append(key)
    return path
  }

  func visits(_ table: String) -> Bool { keys.contains { $0.table.lowercasedASCII == table } }

  /// The kind from whose table the path leads; `nil` if it is another application's.
  func referrer(in catalog: EntityCatalog) -> EntityKind? { catalog.kind(ofTable: key.table) }

  /// The alias of a table: 0 is that of the kind.
  func alias(_ position: Int) -> String { "\(prefix)\(position)" }

  /// The tables, for a FROM clause.
  func tables(_ session: SQLiteSession, withLast hasLast: Bool = true) throws -> String {
    let others = keys.enumerated().dropLast(hasLast ? 0 : 1)
      .map { "\($1.table.sqlName) \(alias($0 + 1))" }
    return (["\(try session.statements[kind].source) \(alias(0))"] + others)
      .joined(separator: ", ")
  }

  /// The condition that each row refers to the next.
  var joins: String {
    keys.enumerated().map { position, key in
      key.joins(
        position == keys.count - 1 ? lastAlias : alias(position + 1), to: alias(position))
    }.joined(separator: " AND ")
  }
}

extension EntityCatalog {
  /// The kind with a table; `nil` if there is none.
  fileprivate func kind(ofTable name: String) -> EntityKind? {
    let name = name.lowercasedASCII
    return kinds.first { $0.table == name }
  }
}
