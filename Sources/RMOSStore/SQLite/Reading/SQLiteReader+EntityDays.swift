import RMOSModels
import RMOSSystem

extension SQLiteReader {
  final func entityDays() throws -> EntityDays {
    var days = EntityDays()
    for kind in catalog.kinds { days.add(try entityDays(of: kind, in: .all)) }
    return days
  }

  final func entityDays(of kind: EntityKind, in range: EntityRange) throws -> EntityDays {
    let session = try session()
    let table = try session.statements[kind]
    var days = EntityDays()
    guard session.statements.hasLedger else {
      try addOthers(table, range, to: &days)
      return days
    }
    // This throws if the ledger cannot be read. The runs themselves are not needed, but only two of
    // their columns.
    _ = try runs(limit: 0)
    var runDays: [Int64: String?] = [:]
    try session.connection.forEachRow("SELECT id, started_at FROM migration_runs") { row in
      let day = row.text(at: 1).flatMap { Timestamp($0)?.utcDay }
      runDays.updateValue(day, forKey: row.integer(at: 0))
    }
    let others: OriginCounter.OtherRows
    if session.layout.isUTF8 {
      others = try addMigrated(table, range, runDays, to: &days)
    } else {
      others = try addMigratedOneByOne(table, runDays, to: &days)
    }
    if try others.isComplete && !hasOtherIDs(table, range) {
      try addOthers(table, others.ids, to: &days)
    } else {
      try addOthers(table, range, to: &days)
    }
    return days
  }

  /// Counts the rows of a range with text ids that runs in the ledger wrote, and returns the
  /// others.
  ///
  /// Rows and provenance are read in parallel in the order of the ids, which is several times as
  /// fast as looking up the provenance of each row.
  private func addMigrated(
    _ table: EntityStatements, _ range: EntityRange, _ runDays: [Int64: String?],
    to days: inout EntityDays
  ) throws -> OriginCounter.OtherRows {
    let session = try session()
    let (connection, layout) = (session.connection, session.layout)
    // SQLite would call the functions before it sorts. A subquery with a limit is sorted before.
    let isInOrder =
      layout.tables[table.kind]?.hasIndexedIDs == true && layout.hasProvenanceInByteOrder
    func query(_ function: String, _ columns: String, _ rows: String) -> String {
      let id = columns.prefix { $0 != "," }
      // Texts come after NULL and numbers.
      let rows = "\(rows) \(id) >= \(range.first == nil ? "''" : "?1")"
      return isInOrder
        ? "SELECT 1 FROM \(rows) AND \(function)(\(columns)) ORDER BY \(id)"
        : "SELECT 1 FROM (SELECT \(columns) FROM \(rows) ORDER BY \(id) COLLATE BINARY LIMIT -1) "
          + "WHERE \(function)(\(columns))"
    }
    let ids = query(OriginFunctions.take, "id", "\(table.source) WHERE")
    let runs = query(
      OriginFunctions.match, "entity_id, run_id",
      "migration_provenance WHERE kind = '\(table.kind.rawValue)' AND")
    let functions = try connection.originFunctions()
    let counter = try connection.withStatement(ids) { ids in
      try connection.withStatement(runs) { runs in
        if let first = range.first {
          try ids.bind(first, at: 1)
          try runs.bind(first, at: 1)
        }
        return try functions.count(
          OriginCounter(Set(runDays.keys), before: range.end), ids, runs)
      }
    }
    for (run, count) in counter.counts {
      if let day = runDays[run] { days.add(count, of: table.kind, on: day) }
    }
    return counter.others
  }

  /// Counts the rows that runs in the ledger wrote, looking up the provenance of each row, and
  /// returns the others.
  private func addMigratedOneByOne(
    _ table: EntityStatements, _ runDays: [Int64: String?], to days: inout EntityDays
  ) throws -> OriginCounter.OtherRows {
    let sql =
      "SELECT p.run_id, count(*) FROM \(table.source) AS t JOIN migration_provenance AS p "
      + "ON p.kind = '\(table.kind.rawValue)' AND \(table.isID("t.id", "p.entity_id")) "
      + "GROUP BY p.run_id"
    var dated = 0
    try session().connection.forEachRow(sql) { row in
      guard let day = runDays[row.integer(at: 0)] else { return }
      let count = Int(row.integer(at: 1))
      days.add(count, of: table.kind, on: day)
      dated += count
    }
    var others = OriginCounter.OtherRows()
    if try count(RecordQuery(table.kind)) > dated { others.isComplete = false }
    return others
  }

  /// Whether there are rows in a range whose ids are not text.
  private func hasOtherIDs(_ table: EntityStatements, _ range: EntityRange) throws -> Bool {
    // NULL and numbers come before all texts, and blobs after them.
    let conditions =
      (range.first == nil ? ["id IS NULL", "id < ''"] : [])
      + (range.end == nil ? ["id >= x''"] : [])
    guard !conditions.isEmpty else { return false }
    let sql =
      "SELECT 1 FROM \(table.source) WHERE \(conditions.joined(separator: " OR ")) LIMIT 1"
    return try session().connection.integer(sql) != nil
  }

  /// Counts the rows with some ids on the days on which they were created.
  private func addOthers(
    _ table: EntityStatements, _ ids: [[UInt8]], to days: inout EntityDays
  ) throws {
    guard let createdAt = table.kind.schema.position(ofMember: "created_at"), !ids.isEmpty
    else { return }
    let sql =
      "SELECT \(table.expressions[createdAt]) FROM \(table.source) "
      + "WHERE \(table.isID("id", "?1"))"
    try session().connection.withStatement(sql) { statement in
      for id in ids {
        statement.reset()
        try unsafe id.withUnsafeBufferPointer { id in
          try unsafe statement.bindBorrowed(text: id, at: 1)
          while try statement.step() { days.add(of: table.kind, on: statement.day(at: 0)) }
        }
      }
    }
  }

  /// Counts the rows of a range that no run in the ledger wrote, on the days on which they were
  /// created.
  private func addOthers(
    _ table: EntityStatements, _ range: EntityRange, to days: inout EntityDays
  ) throws {
    guard let createdAt = table.kind.schema.position(ofMember: "created_at") else { return }
    let session = try session()
    func add(_ bounds: String, _ range: EntityRange) throws {
      var conditions = bounds.isEmpty ? [] : [bounds]
      if session.statements.hasLedger {
        conditions.append(
          "NOT EXISTS (SELECT 1 FROM migration_provenance AS p JOIN migration_runs AS r "
            + "ON r.id = p.run_id WHERE p.kind = '\(table.kind.rawValue)' "
            + "AND p.entity_id = e.id)")
      }
      let clause = conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"
      try session.connection.withStatement(
        "SELECT \(table.expressions[createdAt]) FROM \(table.source) AS e\(clause)"
      ) { statement in
        try statement.bind(range)
        while try statement.step() { days.add(of: table.kind, on: statement.day(at: 0)) }
      }
    }
    if range.first == nil, range.end != nil { try add("e.id IS NULL", .all) }
    try add(range.condition("e.id"), range)
  }
}

extension SQLiteStatement {
  /// The day of a stored timestamp; `nil` if the value is not a timestamp.
  fileprivate func day(at column: Int32) -> String? {
    guard type(at: column) == .text else { return nil }
    return unsafe Timestamp(utf8: borrowedText(at: column))?.utcDay
  }
}
