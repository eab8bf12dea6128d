import RMOSModels
import RMOSStore

// Foreign keys of other applications, which refuse that a row is deleted or restored, or delete or
// change others with it.

extension PostgresReader {
  final func otherReferrers(to kind: EntityKind, id: String) throws -> [String: Int] {
    let session = try session()
    guard !id.utf8.contains(0) else { return [:] }
    var counts: [String: Int] = [:]
    for key in try foreignKeysOfOthers(session) where key.target == kind.table {
      guard key.isReadable else {
        // 0 says that there may be rows.
        counts[key.displayName, default: 0] += 0
        continue
      }
      // What a row refers to in itself goes with it.
      let isOther = key.isInHome && key.table == kind.table ? " AND o.id <> t.id" : ""
      try session.connection.forEachRow(
        "SELECT count(*) FROM \(kind.table) t JOIN \(key.source) o "
          + "ON \(key.join("o", "t")) WHERE t.id = $1\(isOther)", [id]
      ) { row in
        let count = row.count(at: 0)
        if count > 0 { counts[key.displayName, default: 0] += count }
      }
    }
    return counts
  }

  /// Calls `body` with each row that undoing the run would remove or restore, and for which a
  /// foreign key of another application refuses that, or deletes or changes rows of entities.
  final func forEachReferenceFromOthers(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    let session = try session()
    let effects = UndoEffects(catalog, session, try foreignKeysOfOthers(session))
    var reasons: [UndoEffects.Reason] = []
    guard let sql = try effects.obstacles(&reasons) else { return }
    try session.connection.forEachRow(sql, [String(run)]) { row in
      let reason: UndoObstacle.Reason =
        switch reasons[row.count(at: 0)] {
        case .refers(let kind): .isReferred(by: kind, id: row.string(at: 3))
        case .refersElsewhere(let table): .isReferredElsewhere(table)
        case .mayRefer(let table): .mayBeReferredElsewhere(table)
        }
      let kind = catalog.kinds[catalog.kinds.count - 1 - row.count(at: 1)]
      try body(UndoObstacle(kind: kind, id: row.text(at: 2), reason))
    }
  }

  /// The numbers of rows of other applications' tables that are deleted with those that undoing the
  /// run removes (`ON DELETE CASCADE`).
  final func countsOfRowsRemovedElsewhere(ofRun run: Int64) throws -> [String: Int] {
    let session = try session()
    let effects = UndoEffects(catalog, session, try foreignKeysOfOthers(session))
    guard let gone = try effects.gone() else { return [:] }
    var counts: [String: Int] = [:]
    try session.connection.forEachRow(
      "SELECT * FROM (\(gone) SELECT CASE WHEN n.nspname = $2 THEN c.relname "
        + "ELSE format('%I.%I', n.nspname, c.relname) END, count(*) "
        + "FROM (SELECT DISTINCT tab, place FROM gone) g "
        + "JOIN pg_class c ON c.oid = coalesce(pg_partition_root(g.tab), g.tab) "
        + "JOIN pg_namespace n ON n.oid = c.relnamespace "
        + "WHERE NOT (n.nspname = $2 AND c.relname = ANY ($3)) GROUP BY 1) r",
      [String(run), session.home.name, catalog.kinds.map(\.table).postgresArray]
    ) { counts[$0.string(at: 0)] = $0.count(at: 1) }
    return counts
  }

  /// Returns the foreign keys of other applications that reference the tables of the kinds, or
  /// tables whose rows are deleted with those of the kinds.
  ///
  /// They are read once per reader, because changes of those tables do not show in the layout.
  private func foreignKeysOfOthers(
    _ session: PostgresSession
  ) throws(StoreError) -> [PostgresLayout.ForeignKey] {
    if let keysOfOthers { return keysOfOthers }
    let keys = try PostgresLayout.ForeignKey.reaching(
      catalog.kinds.map(\.table).postgresArray, session.connection, home: session.home.name
    ).filter { !$0.isReference(catalog) }
    keysOfOthers = keys
    return keys
  }
}

/// The effects of foreign keys of other applications if run $1 is undone, as SQL.
///
/// The undo restores rows, then deletes the rows of one kind after those of another, by a statement
/// per kind. After it has deleted its rows, each statement deletes those that reference them, then
/// those that reference these, and so on, level by level. A key that refuses deletions is checked,
/// and a column is set, when the next level is deleted.
private struct UndoEffects {
  typealias ForeignKey = PostgresLayout.ForeignKey

  /// A reason why a row cannot be removed or restored.
  enum Reason: Equatable {
    /// A row of a kind would refer to nothing, or be deleted or changed.
    case refers(EntityKind)
    /// A row of a table of another application refuses the change.
    case refersElsewhere(String)
    /// The rows of a table of another application cannot be read.
    case mayRefer(String)
  }

  private let catalog: EntityCatalog
  private let session: PostgresSession
  private let keys: [ForeignKey]
  /// The keys that delete rows.
  private let cascades: [ForeignKey]

  /// The number that is the level of all rows from the one with that level on, so that the query
  /// ends where rows reference each other in a circle.
  private static let lastLevel = 8

  init(_ catalog: EntityCatalog, _ session: PostgresSession, _ keys: [ForeignKey]) {
    self.catalog = catalog
    self.session = session
    self.keys = keys
    cascades = keys.filter { $0.action == .deletes && $0.isReadable }
  }

  /// The number of the statement that deletes the rows of a kind.
  private func statement(_ kind: EntityKind) -> Int {
    catalog.kinds.count - 1 - (catalog.kinds.firstIndex(of: kind) ?? 0)
  }

  /// The kind whose table a key references; `nil` if the table is another application's.
  private func target(of key: ForeignKey) -> EntityKind? {
    catalog.kinds.first { $0.table == key.target }
  }

  /// The kind whose table has a key; `nil` if the table is another application's.
  private func owner(of key: ForeignKey) -> EntityKind? {
    key.isInHome ? catalog.kinds.first { $0.table == key.table } : nil
  }

  /// Whether a key can reference rows that are deleted with others.
  private func canReferenceGoneRows(_ key: ForeignKey) -> Bool {
    guard !cascades.isEmpty else { return false }
    return target(of: key) == nil
      ? key.hasReadableTarget : cascades.contains { owner(of: $0) != nil }
  }

  /// Returns the WITH clause that defines `gone`: the rows that are deleted with others, each with
  /// the statement, the id of the entity behind its deletion, and its level; `nil` if there are
  /// none.
  func gone() throws -> String? {
    var first: [String] = []
    for key in cascades {
      guard let kind = target(of: key) else { continue }
      first.append(
        "SELECT \(statement(kind)) AS statement, \(Self.id("t.id")) AS id, 1 AS level, "
          + "o.tableoid AS tab, o.ctid::text AS place FROM "
          + "\(try session.statements[kind].source("t")) JOIN \(key.source) o "
          + "ON \(key.join("o", "t")) WHERE \(PostgresReader.isRemovedByUndo(kind, "t.id")) "
          + "AND NOT \(isRemoved(owner(of: key), by: "\(statement(kind))"))")
    }
    guard !first.isEmpty else { return nil }
    let begin = "(\(first.joined(separator: " UNION ")))"
    let keys = cascades.filter(canReferenceGoneRows)
    guard !keys.isEmpty else { return "WITH gone AS \(begin)" }
    let links = keys.map { key in
      let until =
        owner(of: key).map {
          "CASE WHEN \(PostgresReader.isRemovedByUndo($0, "o.id")) THEN \(statement($0)) END"
        } ?? "NULL::int"
      return "SELECT t.tableoid AS target_tab, t.ctid::text AS target_place, o.tableoid AS tab, "
        + "o.ctid::text AS place, \(until) AS until FROM \(key.targetSource) t "
        + "JOIN \(key.source) o ON \(key.join("o", "t"))"
    }
    let step =
      "UNION SELECT g.statement, g.id, least(g.level + 1, \(Self.lastLevel)), n.tab, n.place "
      + "FROM gone g"
    let isNew = "(n.until > g.statement) IS NOT FALSE"
    // Several keys without an index would be followed by reading whole tables for each row.
    if keys.count > 1, keys.contains(where: { !$0.isIndexed }) {
      return "WITH RECURSIVE links AS MATERIALIZED (\(links.joined(separator: " UNION ALL "))), "
        + "gone AS (\(begin) \(step) JOIN links n ON n.target_tab = g.tab "
        + "AND n.target_place = g.place WHERE \(isNew))"
    }
    let found = links.map { "\($0) WHERE t.tableoid = g.tab AND t.ctid = g.place::tid" }
    return "WITH RECURSIVE gone AS (\(begin) \(step) "
      + "CROSS JOIN LATERAL (\(found.joined(separator: " UNION ALL "))) n WHERE \(isNew))"
  }

  /// Returns the query for all obstacles: the position of the reason in `reasons`, the statement,
  /// the id of the row that would be removed, or NULL if it is not known, and the id of the row
  /// that refers to it; `nil` if there are none.
  func obstacles(_ reasons: inout [Reason]) throws -> String? {
    let gone = try gone()
    var parts: [String] = []
    func position(_ reason: Reason) -> Int {
      if let position = reasons.firstIndex(of: reason) { return position }
      reasons.append(reason)
      return reasons.count - 1
    }
    for key in keys {
      let owner = owner(of: key)
      let isReadable = key.isReadable || owner != nil
      let reason = position(
        owner.map(Reason.refers)
          ?? (isReadable ? .refersElsewhere(key.displayName) : .mayRefer(key.displayName)))
      let found =
        try (isReadable ? refusals(key, gone != nil) : unreadable(key, gone != nil))
        + refusedRestorations(key, owner)
      parts += found.map { "SELECT \(reason), \($0)" }
    }
    let owners = catalog.kinds.filter { kind in cascades.contains { owner(of: $0) == kind } }
    for kind in owners where gone != nil {
      parts.append(
        "SELECT \(position(.refers(kind))), g.statement, g.id, \(Self.id("o.id")) FROM gone g "
          + "JOIN \(try session.statements[kind].source("o")) "
          + "ON o.tableoid = g.tab AND o.ctid = g.place::tid "
          + "WHERE NOT (\(PostgresReader.isRemovedByUndo(kind, "o.id")))")
    }
    guard !parts.isEmpty else { return nil }
    return "SELECT * FROM (\(gone ?? "") SELECT DISTINCT * FROM ("
      + parts.map { "(\($0))" }.joined(separator: " UNION ALL ")
      + ") AS p (reason, statement, id, referrer)) r ORDER BY 2 DESC, 1, 3, 4"
  }

  /// Returns queries, without SELECT and the reason, for the references to rows that are removed,
  /// if a key cannot be read.
  private func unreadable(_ key: ForeignKey, _ hasGone: Bool) throws -> [String] {
    var parts: [String] = []
    if let kind = target(of: key) {
      parts.append(
        "\(statement(kind)), \(Self.unknown) FROM \(try session.statements[kind].source("t")) "
          + "WHERE \(PostgresReader.isRemovedByUndo(kind, "t.id")) LIMIT 1")
    }
    if hasGone, canReferenceGoneRows(key) {
      parts.append(
        "g.statement, \(Self.unknown) FROM gone g JOIN \(key.targetSource) t "
          + "ON t.tableoid = g.tab AND t.ctid = g.place::tid")
    }
    return parts
  }

  /// Returns queries, without SELECT and the reason, for the rows whose deletion a key refuses.
  private func refusals(_ key: ForeignKey, _ hasGone: Bool) throws -> [String] {
    let owner = owner(of: key)
    let referrer = Self.id(owner == nil ? "NULL" : "o.id")
    /// The condition for a row to be an obstacle, once the rows up to a level have been deleted.
    func condition(_ statement: String, level: String) -> String? {
      var condition: String
      switch key.action {
      case .deletes: return nil
      case .changes:
        if let owner {
          // The row would be changed, unless the undo removes it.
          condition = "NOT (\(PostgresReader.isRemovedByUndo(owner, "o.id")))"
        } else if key.refersToDefault {
          let stays = target(of: key).map {
            " AND NOT (\(PostgresReader.isRemovedByUndo($0, "d.id")))"
          }
          condition =
            "NOT EXISTS (SELECT 1 FROM \(key.targetSource) d "
            + "WHERE \(key.join("o", "d", byDefault: true))\(stays ?? ""))"
        } else {
          return nil
        }
      case .refuses: condition = "true"
      }
      condition += " AND NOT \(isRemoved(owner, by: statement))"
      if hasGone {
        condition +=
          " AND NOT EXISTS (SELECT 1 FROM gone h WHERE h.tab = o.tableoid "
          + "AND h.place = o.ctid::text AND (h.statement < \(statement) "
          + "OR h.statement = \(statement) AND h.level <= least(\(level), \(Self.lastLevel - 1))))"
      }
      return condition
    }
    var parts: [String] = []
    if let kind = target(of: key), let condition = condition("\(statement(kind))", level: "0") {
      parts.append(
        "\(statement(kind)), \(Self.id("t.id")), \(referrer) "
          + "FROM \(try session.statements[kind].source("t")) "
          + "JOIN \(key.source) o ON \(key.join("o", "t")) "
          + "WHERE \(PostgresReader.isRemovedByUndo(kind, "t.id")) AND \(condition)")
    }
    if hasGone, canReferenceGoneRows(key),
      let condition = condition("g.statement", level: "g.level")
    {
      parts.append(
        "g.statement, g.id, \(referrer) FROM gone g JOIN \(key.targetSource) t "
          + "ON t.tableoid = g.tab AND t.ctid = g.place::tid "
          + "JOIN \(key.source) o ON \(key.join("o", "t")) WHERE \(condition)")
    }
    return parts
  }

  /// Returns queries, without SELECT and the reason, for the rows that a key prevents from being
  /// restored or, if it cannot be read, may prevent.
  private func refusedRestorations(_ key: ForeignKey, _ owner: EntityKind?) throws -> [String] {
    guard let kind = target(of: key), key.refusesUpdates || owner != nil else { return [] }
    let targets = Set(key.columns.map(\.target))
    let changes = zip(kind.schema.fields.dropFirst(), LedgerTable.imageColumns(of: kind))
      .filter { targets.contains($0.0.column) }
      .map { "t.\($0.column) IS DISTINCT FROM i.\($1)::\($0.type.acceptedTypes[0])" }
    guard !changes.isEmpty else { return [] }
    let rows =
      "FROM migration_before_images i JOIN \(try session.statements[kind].source("t")) "
      + "ON t.id = i.entity_id"
    let condition =
      "WHERE i.kind = \(kind.table.sqlLiteral) AND i.run_id = $1 "
      + "AND (\(changes.joined(separator: " OR ")))"
    guard key.isReadable || owner != nil else {
      return ["\(statement(kind)), \(Self.unknown) \(rows) \(condition) LIMIT 1"]
    }
    // A row of an entity that the undo removes is still there when others are restored.
    let stays =
      if let owner, !key.refusesUpdates {
        " AND NOT (\(PostgresReader.isRemovedByUndo(owner, "o.id")))"
      } else {
        ""
      }
    return [
      "\(statement(kind)), \(Self.id("t.id")), \(Self.id(owner == nil ? "NULL" : "o.id")) \(rows) "
        + "JOIN \(key.source) o ON \(key.join("o", "t")) \(condition)\(stays)"
    ]
  }

  /// Returns the condition that the undo removes the row `o` of a kind by a statement or an earlier
  /// one; rows of other applications are not removed so.
  private func isRemoved(_ owner: EntityKind?, by statement: String) -> String {
    guard let owner else { return "false" }
    return "(\(self.statement(owner)) <= \(statement) "
      + "AND \(PostgresReader.isRemovedByUndo(owner, "o.id")))"
  }

  /// The expressions for the ids of an obstacle if they are not known.
  private static let unknown = "\(id("NULL")), \(id("NULL"))"

  /// Returns an expression for an id, with the same collation for all.
  private static func id(_ expression: String) -> String { "\(expression)::text COLLATE \"C\"" }
}
