import RMOSModels
import RMOSSystem

/// The effects of foreign keys of other applications if run ?1 is undone, as SQL.
///
/// The undo restores rows, then deletes the rows of one kind after those of another, by a statement
/// per kind. With its rows, each statement deletes those that refer to them by ON DELETE CASCADE,
/// those that refer to these, and so on. Keys that refuse deletions are checked at its end.
struct UndoEffects {
  private let catalog: EntityCatalog
  private let session: SQLiteSession
  private let keys: [DeclaredKey]
  /// The keys of the tables whose rows may be deleted with others, by their names in lower case.
  private let rowKeys: [String: RowKey]
  /// The keys that delete rows.
  let cascades: [DeclaredKey]

  init(
    _ catalog: EntityCatalog, _ session: SQLiteSession, _ keys: [DeclaredKey],
    _ rowKeys: [String: RowKey]
  ) {
    self.catalog = catalog
    self.session = session
    self.keys = keys
    self.rowKeys = rowKeys
    cascades = keys.filter { $0.onDelete == .deletes }
  }

  /// The number of the statement that deletes the rows of a kind.
  private func statement(_ kind: EntityKind) -> Int {
    catalog.kinds.count - 1 - (catalog.kinds.firstIndex(of: kind) ?? 0)
  }

  /// The kind whose rows a statement deletes.
  func kind(ofStatement number: Int) -> EntityKind {
    catalog.kinds[catalog.kinds.count - 1 - number]
  }

  /// The number of a table whose rows may be deleted with others; `nil` if they are not.
  private func number(_ table: String) -> Int? {
    cascades.firstIndex { $0.tableKey == table }
  }

  /// The key of the row `alias` of a table whose rows may be deleted with others.
  private func place(_ table: String, _ alias: String) -> String {
    rowKeys[table]?.value(alias) ?? "NULL"
  }

  private func owner(of key: DeclaredKey) -> EntityKind? { catalog.kind(ofTable: key.table) }

  private func isRemoved(_ kind: EntityKind, _ id: String) -> String {
    "(\(SQLiteReader.isRemovedByUndo(kind, id)))"
  }

  /// The FROM item of the table to which a key points, with the alias `t`.
  private func target(of key: DeclaredKey) throws -> String {
    guard let kind = catalog.kind(ofTable: key.target) else { return "\(key.target.sqlName) t" }
    return "\(try session.statements[kind].source) t"
  }

  /// The condition that a statement, or an earlier one, deletes the row `o` because it is one of
  /// the run; with `isEarlier`, that an earlier one does.
  private func isRemoved(
    _ owner: EntityKind?, by statement: String, isEarlier: Bool = false
  ) -> String {
    guard let owner else { return "0" }
    return "(\(self.statement(owner)) \(isEarlier ? "<" : "<=") \(statement) "
      + "AND \(isRemoved(owner, "o.id")))"
  }

  /// The WITH clause that defines `gone`: the rows that are deleted with others, each with the
  /// statement, the id of the entity behind its deletion, its table and its key; `nil` if there are
  /// none.
  func gone() throws -> String? {
    var first: [String] = []
    var links: [String] = []
    for key in cascades {
      guard let table = number(key.tableKey) else { continue }
      let owner = owner(of: key)
      let row = "\(table) AS tab, \(place(key.tableKey, "o")) AS place"
      let source =
        "\(try target(of: key)) JOIN \(key.table.sqlName) o ON \(key.joins("o", to: "t"))"
      if let kind = catalog.kind(ofTable: key.target) {
        let statement = statement(kind)
        first.append(
          "SELECT \(statement) AS statement, t.id AS id, \(row) FROM \(source) "
            + "WHERE \(isRemoved(kind, "t.id")) AND NOT \(isRemoved(owner, by: "\(statement)"))")
      }
      if let target = number(key.target) {
        let until =
          owner.map { "CASE WHEN \(isRemoved($0, "o.id")) THEN \(statement($0)) END" } ?? "NULL"
        links.append(
          "SELECT \(target) AS target, \(place(key.target, "t")) AS target_place, \(row), "
            + "\(until) AS until FROM \(source)")
      }
    }
    guard !first.isEmpty else { return nil }
    let begin = first.joined(separator: " UNION ")
    guard !links.isEmpty else { return "WITH gone AS (\(begin))" }
    // The links are one subquery, because SQLite before 3.34 allows only one recursive term.
    return "WITH RECURSIVE gone AS (SELECT * FROM (\(begin)) UNION "
      + "SELECT g.statement, g.id, n.tab, n.place FROM gone g "
      + "JOIN (\(links.joined(separator: " UNION ALL "))) n ON n.target = g.tab "
      + "AND n.target_place = g.place WHERE coalesce(n.until > g.statement, 1))"
  }

  /// The queries for the obstacles, each with the table of the referring rows, and with its kind.
  ///
  /// The columns are the number of a statement, which tells the kind of the row that would be
  /// removed or restored; the id of that row; and the id of the referring row if that is one of a
  /// kind.
  func obstacles() throws -> [(owner: EntityKind?, table: String, sql: String)] {
    let gone = try gone()
    var queries: [(EntityKind?, String, String)] = []
    for key in keys {
      let owner = owner(of: key)
      var parts = [try refusedRestorations(key, owner)].compactMap(\.self)
      parts += try refusedDeletions(key, owner, hasGone: gone != nil)
      if let owner, gone != nil, key.onDelete == .deletes, let table = number(key.tableKey) {
        parts.append(
          "SELECT g.statement, g.id, o.id FROM gone g JOIN \(key.table.sqlName) o "
            + "ON \(place(key.tableKey, "o")) = g.place WHERE g.tab = \(table) "
            + "AND NOT \(isRemoved(owner, "o.id"))")
      }
      guard !parts.isEmpty else { continue }
      queries.append(
        (
          owner, key.table,
          "\(gone ?? "") SELECT DISTINCT * FROM (\(parts.joined(separator: " UNION ALL "))) "
            + "ORDER BY 1 DESC, 2, 3"
        ))
    }
    return queries
  }

  /// The condition that the row `o` prevents a change of the row to which its key points; `nil` if
  /// no row does.
  private func refusal(
    _ action: DeclaredKey.Action, _ key: DeclaredKey, _ owner: EntityKind?
  ) throws -> String? {
    switch action {
    case .refuses: return "1"
    case .deletes: return nil
    case .changes, .setsDefault:
      // Rows of other applications may change, those of entities may not.
      if let owner { return "NOT \(isRemoved(owner, "o.id"))" }
      guard action == .setsDefault else { return nil }
      let stays =
        catalog.kind(ofTable: key.target).map { " AND NOT \(isRemoved($0, "t.id"))" } ?? ""
      return "NOT EXISTS (SELECT 1 FROM \(try target(of: key)) "
        + "WHERE \(key.joinsByDefault(to: "t"))\(stays))"
    }
  }

  /// The queries for the rows whose deletion a key prevents.
  private func refusedDeletions(
    _ key: DeclaredKey, _ owner: EntityKind?, hasGone: Bool
  ) throws -> [String] {
    guard let refusal = try refusal(key.onDelete, key, owner) else { return [] }
    let source = "\(try target(of: key)) JOIN \(key.table.sqlName) o ON \(key.joins("o", to: "t"))"
    let referrer = owner == nil ? "NULL" : "o.id"
    // The order in which a statement deletes its rows is not known, so RESTRICT is taken to refuse
    // even if the referring row is one of them.
    let isEarlier = key.refusesAtOnce
    /// The condition that the row `o` refuses once a statement has deleted the other rows.
    func condition(_ statement: String) -> String {
      var condition =
        "\(refusal) AND NOT \(isRemoved(owner, by: statement, isEarlier: isEarlier))"
      if hasGone, let table = number(key.tableKey) {
        condition +=
          " AND NOT EXISTS (SELECT 1 FROM gone h WHERE h.tab = \(table) "
          + "AND h.place = \(place(key.tableKey, "o")) "
          + "AND h.statement \(isEarlier ? "<" : "<=") \(statement))"
      }
      return condition
    }
    var parts: [String] = []
    if let kind = catalog.kind(ofTable: key.target) {
      let statement = "\(statement(kind))"
      parts.append(
        "SELECT \(statement), t.id, \(referrer) FROM \(source) "
          + "WHERE \(isRemoved(kind, "t.id")) AND \(condition(statement))")
    }
    if hasGone, let target = number(key.target) {
      parts.append(
        "SELECT g.statement, g.id, \(referrer) FROM gone g JOIN \(source) "
          + "WHERE g.tab = \(target) AND \(place(key.target, "t")) = g.place "
          + "AND \(condition("g.statement"))")
    }
    return parts
  }

  /// The query for the rows that cannot be restored because a key points to a column that would
  /// change; `nil` if there are none.
  private func refusedRestorations(_ key: DeclaredKey, _ owner: EntityKind?) throws -> String? {
    guard let kind = catalog.kind(ofTable: key.target),
      let refusal = try refusal(key.onUpdate, key, owner)
    else { return nil }
    let targets = Set(key.columns.map(\.target.lowercasedASCII))
    let changes = zip(kind.schema.fields.dropFirst(), LedgerTable.imageColumns(of: kind))
      .filter { targets.contains($0.0.column) }
      .map { "t.\($0.column) IS NOT i.\($1)" }
    guard !changes.isEmpty else { return nil }
    let table = try session.statements[kind]
    return "SELECT \(statement(kind)), t.id, \(owner == nil ? "NULL" : "o.id") "
      + "FROM migration_before_images i JOIN \(table.source) t "
      + "ON \(table.isID("t.id", "i.entity_id")) "
      + "JOIN \(key.table.sqlName) o ON \(key.joins("o", to: "t")) "
      + "WHERE i.kind = '\(kind.rawValue)' AND i.run_id = ?1 "
      + "AND (\(changes.joined(separator: " OR "))) AND \(refusal)"
  }
}

/// The key that identifies a row of a table.
enum RowKey {
  /// The row number, by one of its names.
  case number(String)
  /// The columns of the primary key of a table WITHOUT ROWID.
  case primaryKey([String])

  /// The key of the row `alias` as one value.
  func value(_ alias: String) -> String {
    switch self {
    case .number(let name): "\(alias).\(name)"
    // With the letter, SQLite never compares it as a number.
    case .primaryKey(let columns):
      "'k' || " + columns.map { "quote(\(alias).\($0.sqlName))" }.joined(separator: " || ',' || ")
    }
  }
}
