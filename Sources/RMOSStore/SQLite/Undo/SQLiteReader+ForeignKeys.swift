import RMOSModels
import RMOSSystem

// Foreign keys of other applications, which refuse that a row is deleted or restored, or delete or
// change others with it.

extension SQLiteReader {
  final func otherReferrers(to kind: EntityKind, id: String) throws -> [String: Int] {
    let session = try session()
    let table = try session.statements[kind]
    var counts: [String: Int] = [:]
    for key in try foreignKeys(to: kind.table, session.connection) where !key.isReference(catalog) {
      // What a row refers to in itself goes with it.
      let isOther = key.tableKey == kind.table ? " AND NOT (\(table.isID("o.id", "?1")))" : ""
      let count = try session.connection.integer(
        "SELECT count(*) FROM \(kind.table) t CROSS JOIN \(key.table.sqlName) o "
          + "ON \(key.joins("o", to: "t")) WHERE \(table.isID("t.id", "?1"))\(isOther)", .text(id))
      if let count, count > 0 { counts[key.table, default: 0] += Int(count) }
    }
    return counts
  }

  /// Calls `body` with each row that undoing the run would remove or restore, and for which a
  /// foreign key of another application refuses that, or deletes or changes rows of entities.
  final func forEachReferenceFromOthers(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    let session = try session()
    let effects = try undoEffects(session)
    for (owner, table, sql) in try effects.obstacles() {
      try session.connection.forEachRow(sql, .integer(run)) { row in
        let reason: UndoObstacle.Reason =
          if let owner {
            .isReferred(by: owner, id: row.text(at: 2) ?? "")
          } else {
            .isReferredElsewhere(table)
          }
        let kind = effects.kind(ofStatement: Int(row.integer(at: 0)))
        try body(UndoObstacle(kind, row.text(at: 1) ?? "", reason))
      }
    }
  }

  /// The numbers of rows of other applications' tables that are deleted with those that undoing the
  /// run removes (`ON DELETE CASCADE`).
  final func countsOfRowsRemovedElsewhere(ofRun run: Int64) throws -> [String: Int] {
    let session = try session()
    let effects = try undoEffects(session)
    guard let gone = try effects.gone() else { return [:] }
    var counts: [String: Int] = [:]
    try session.connection.forEachRow(
      "\(gone) SELECT tab, count(*) FROM (SELECT DISTINCT tab, place FROM gone) GROUP BY tab",
      .integer(run)
    ) { row in
      let table = effects.cascades[Int(row.integer(at: 0))].table
      if catalog.kind(ofTable: table) == nil { counts[table] = Int(row.integer(at: 1)) }
    }
    return counts
  }

  /// Whether deleting rows of a kind may delete rows of kinds, too, by a foreign key of another
  /// application.
  final func mayDeleteEntitiesAlong(_ session: SQLiteSession) throws -> Bool {
    try undoEffects(session).cascades.contains { catalog.kind(ofTable: $0.table) != nil }
  }

  private func undoEffects(_ session: SQLiteSession) throws -> UndoEffects {
    var keys: [DeclaredKey] = []
    var rowKeys: [String: RowKey] = [:]
    var unread = catalog.kinds.map(\.table)
    var known = Set(unread)
    while let table = unread.popLast() {
      for key in try foreignKeys(to: table, session.connection) where !key.isReference(catalog) {
        keys.append(key)
        guard key.onDelete == .deletes else { continue }
        if known.insert(key.tableKey).inserted { unread.append(key.tableKey) }
        if rowKeys[key.tableKey] == nil {
          rowKeys[key.tableKey] = try rowKey(of: key.table, session.connection)
        }
      }
    }
    return UndoEffects(catalog, session, keys.sorted { $0.table < $1.table }, rowKeys)
  }

  private func rowKey(of table: String, _ connection: SQLiteConnection) throws -> RowKey {
    if try EntityTable.hasRowNumbers(table, connection) {
      let columns = try connection.columns(of: table)
      return .number(["rowid", "_rowid_"].first { !columns.contains($0) } ?? "oid")
    }
    return .primaryKey(
      try connection.texts(
        "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", .text(table)))
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
    var keys: [DeclaredKey] = []
    try connection.forEachRow(
      """
      SELECT m.name, k.seq, k."from",
        coalesce(k."to", (SELECT p.name FROM pragma_table_info(?1) p WHERE p.pk = k.seq + 1), 'id'),
        k.on_delete, k.on_update, c."notnull",
        CASE WHEN upper(c.dflt_value) <> 'NULL' THEN c.dflt_value END
      FROM sqlite_schema m, pragma_foreign_key_list(m.name) k
      LEFT JOIN pragma_table_xinfo(m.name) c ON lower(c.name) = lower(k."from")
      WHERE m.type = 'table' AND m.rootpage > 0 AND lower(k."table") = ?1
      ORDER BY m.name, k.id, k.seq
      """, .text(table)
    ) { row in
      guard let name = row.text(at: 0), let column = row.text(at: 2), let target = row.text(at: 3)
      else { return }
      if row.integer(at: 1) == 0 {
        keys.append(
          DeclaredKey(
            table: name, target: table, deletion: row.text(at: 4) ?? "",
            update: row.text(at: 5) ?? ""))
      }
      keys[keys.count - 1].columns.append(
        DeclaredKey.Column(
          own: column, target: target, isNotNull: row.integer(at: 6) != 0,
          defaultValue: row.text(at: 7)))
    }
    return keys
  }
}

/// A foreign key as a table declares it.
struct DeclaredKey {
  /// The effect on a referring row if the one to which it refers is deleted, or gets another key.
  enum Action {
    /// The change fails.
    case refuses
    /// The referring row is deleted.
    case deletes
    /// The referring row is changed.
    case changes
    /// The referring row then refers to another, by default values.
    case setsDefault
  }

  /// A column, and the one that it points to.
  struct Column {
    let own: String
    let target: String
    let isNotNull: Bool
    /// The expression of the default; `nil` if that is NULL.
    let defaultValue: String?
  }

  /// The table that declares it.
  let table: String
  /// The table to which it points, in lower case.
  let target: String
  /// The actions ON DELETE and ON UPDATE, as SQLite reports them.
  let deletion, update: String
  var columns: [Column] = []

  /// The name of ``table`` in lower case.
  var tableKey: String { table.lowercasedASCII }

  /// Whether a deletion is refused even if the same statement deletes the referring row.
  var refusesAtOnce: Bool { deletion == "RESTRICT" }
  var onDelete: Action { deletion == "CASCADE" ? .deletes : action(deletion) }
  var onUpdate: Action { update == "CASCADE" ? .changes : action(update) }

  private func action(_ name: String) -> Action {
    switch name {
    case "SET NULL": columns.contains(where: \.isNotNull) ? .refuses : .changes
    case "SET DEFAULT":
      if columns.contains(where: { $0.isNotNull && $0.defaultValue == nil }) {
        .refuses
      } else {
        columns.contains { $0.defaultValue == nil } ? .changes : .setsDefault
      }
    default: .refuses
    }
  }

  /// The condition that the row `referrer` refers to the row `referred`.
  func joins(_ referrer: String, to referred: String) -> String {
    columns.map { "\(referred).\($0.target.sqlName) = \(referrer).\($0.own.sqlName)" }
      .joined(separator: " AND ")
  }

  /// The condition that a row with the defaults refers to the row `referred`.
  func joinsByDefault(to referred: String) -> String {
    columns.map { "\(referred).\($0.target.sqlName) = (\($0.defaultValue ?? "NULL"))" }
      .joined(separator: " AND ")
  }

  /// Whether it is a reference of one of the kinds, which are looked for as such.
  func isReference(_ catalog: EntityCatalog) -> Bool {
    guard columns.count == 1, columns[0].target.lowercasedASCII == "id",
      let other = catalog.kind(ofTable: table)
    else { return false }
    return other.schema.references.contains { reference in
      reference.target.table == target
        && other.schema.fields[reference.field].column == columns[0].own.lowercasedASCII
    }
  }
}

extension EntityCatalog {
  /// The kind with a table; `nil` if there is none.
  func kind(ofTable name: String) -> EntityKind? {
    let name = name.lowercasedASCII
    return kinds.first { $0.table == name }
  }
}
