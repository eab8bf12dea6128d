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
    let others: OtherRows
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

  /// The rows that no run in the ledger wrote.
  private struct OtherRows {
    /// The largest number of rows that are looked up one by one.
    private static let limit = 2000

    /// The ids of the rows, in order, each once.
    private(set) var ids: [[UInt8]] = []
    /// Whether `ids` has the ids of all these rows.
    var isComplete = true

    mutating func add(_ id: UnsafeBufferPointer<UInt8>) {
      if let last = ids.last, unsafe last.elementsEqual(id) { return }
      guard ids.count < Self.limit else { return isComplete = false }
      unsafe ids.append(Array(id))
    }
  }

  /// Counts the rows of a range with text ids that runs in the ledger wrote, and returns the
  /// others.
  ///
  /// Rows and provenance are read in parallel in the order of the ids, which is several times as
  /// fast as looking up the provenance of each row.
  private func addMigrated(
    _ table: EntityStatements, _ range: EntityRange, _ runDays: [Int64: String?],
    to days: inout EntityDays
  ) throws -> OtherRows {
    let connection = try session().connection
    func condition(_ column: String) -> String {
      // Texts come after numbers and before blobs, so a range selects them, which is faster than
      // testing the type of each value.
      "\(column) >= \(range.first == nil ? "''" : "?1") "
        + "AND \(column) < \(range.end == nil ? "x''" : "?2") ORDER BY \(column) COLLATE BINARY"
    }
    let ids = "SELECT id FROM \(table.source) WHERE \(condition("id"))"
    let runs =
      "SELECT entity_id, run_id FROM migration_provenance WHERE kind = '\(table.kind.rawValue)' "
      + "AND \(condition("entity_id"))"
    return try connection.withStatement(ids) { ids in
      try connection.withStatement(runs) { runs in
        try ids.bind(range)
        try runs.bind(range)
        var others = OtherRows()
        // Rows of one run are often adjacent, and are added together.
        var (run, count) = (Int64.min, 0)
        var day = runDays[run]
        // Each id is borrowed only once per row, because that takes as long as a step.
        var id = try unsafe ids.step() ? ids.borrowedBytes(at: 0) : nil
        var entity = try unsafe runs.step() ? runs.borrowedBytes(at: 0) : nil
        while let row = unsafe id {
          let order = unsafe entity.map { unsafe Memory.compare(row, $0) } ?? -1
          if order > 0 {
            unsafe entity = try unsafe runs.step() ? runs.borrowedBytes(at: 0) : nil
            continue
          }
          if order == 0, runs.integer(at: 1) != run {
            if let day, count > 0 { days.add(count, of: table.kind, on: day) }
            (run, count) = (runs.integer(at: 1), 0)
            day = runDays[run]
          }
          if order == 0, day != nil {
            count += 1
          } else {
            unsafe others.add(row)
          }
          unsafe id = try unsafe ids.step() ? ids.borrowedBytes(at: 0) : nil
        }
        if let day, count > 0 { days.add(count, of: table.kind, on: day) }
        return others
      }
    }
  }

  /// Counts the rows that runs in the ledger wrote, looking up the row of each provenance, and
  /// returns the others.
  private func addMigratedOneByOne(
    _ table: EntityStatements, _ runDays: [Int64: String?], to days: inout EntityDays
  ) throws -> OtherRows {
    let sql =
      "SELECT run_id, count(*) FROM migration_provenance AS p "
      + "WHERE kind = '\(table.kind.rawValue)' AND EXISTS (SELECT 1 FROM \(table.source) "
      + "WHERE \(table.isID("id", "p.entity_id"))) GROUP BY run_id"
    var dated = 0
    try session().connection.forEachRow(sql) { row in
      guard let day = runDays[row.integer(at: 0)] else { return }
      let count = Int(row.integer(at: 1))
      days.add(count, of: table.kind, on: day)
      dated += count
    }
    var others = OtherRows()
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
