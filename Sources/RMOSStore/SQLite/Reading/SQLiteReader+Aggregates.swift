import RMOSModels
import RMOSSystem

extension SQLiteReader {
  final func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup] {
    let session = try session()
    let table = try session.statements[kind]
    let query = RecordQuery(kind)
    let keys = try members.map { table.expressions[try query.position(of: $0)] }
    let values = try numbers.map { member in
      let column = table.expressions[try query.position(of: member)]
      return "CASE WHEN typeof(\(column)) IN ('integer', 'real') THEN \(column) END"
    }
    var columns = keys + ["count(*)"]
    for value in values {
      columns += ["count(\(value))", "total(\(value))", "min(\(value))", "max(\(value))"]
    }
    var sql = "SELECT \(columns.joined(separator: ", ")) FROM \(table.scanned)"
    if !keys.isEmpty {
      let list = keys.indices.map { String($0 + 1) }.joined(separator: ", ")
      sql += " GROUP BY \(list) ORDER BY \(list)"
    }
    return try session.connection.withStatement(sql) { statement in
      var groups: [RecordGroup] = []
      while try statement.step() {
        let group = statement.group(keys: Int32(keys.count), numbers: Int32(numbers.count))
        if group.count > 0 { groups.append(group) }
      }
      return groups
    }
  }

  final func entityDays() throws -> EntityDays {
    let runDays = try runDays()
    var days = EntityDays()
    for kind in catalog.kinds {
      let dated = try addMigrated(kind, runDays, to: &days)
      if try count(RecordQuery(kind)) > dated { try addOthers(kind, to: &days) }
    }
    return days
  }

  /// Counts the rows that a run in the ledger wrote, and returns their number.
  private func addMigrated(
    _ kind: EntityKind, _ runDays: [Int64: String?], to days: inout EntityDays
  ) throws -> Int {
    guard try session().statements.hasLedger else { return 0 }
    let counts = try migratedInOrder(kind) ?? migratedOneByOne(kind)
    var dated = 0
    for (run, count) in counts where count > 0 {
      guard let day = runDays[run] else { continue }
      days.add(count, of: kind, on: day)
      dated += count
    }
    return dated
  }

  /// The number of rows that each run wrote, from two passes side by side in order of the id, which
  /// is several times as fast as looking each row up.
  ///
  /// `nil` if texts are not in the order of their bytes in UTF-8.
  private func migratedInOrder(_ kind: EntityKind) throws -> [Int64: Int]? {
    let session = try session()
    let encoding = try session.connection.withStatement("PRAGMA encoding") { statement in
      try statement.step() ? statement.text(at: 0) : nil
    }
    guard encoding == "UTF-8" else { return nil }
    let table = try session.statements[kind]
    let ids =
      "SELECT id FROM \(table.source) WHERE typeof(id) = 'text' "
      + "ORDER BY id COLLATE BINARY"
    let runs =
      "SELECT entity_id, run_id FROM migration_provenance WHERE kind = '\(kind.rawValue)' "
      + "AND typeof(entity_id) = 'text' ORDER BY entity_id COLLATE BINARY"
    return try session.connection.withStatement(ids) { ids in
      try session.connection.withStatement(runs) { runs in
        var counts: [Int64: Int] = [:]
        // Rows of one run are often adjacent.
        var (run, count) = (Int64.min, 0)
        var (hasRow, hasRun) = (try ids.step(), try runs.step())
        while hasRow, hasRun {
          let order = unsafe Memory.compare(ids.borrowedText(at: 0), runs.borrowedText(at: 0))
          if order == 0 {
            let next = runs.integer(at: 1)
            if next != run {
              counts[run, default: 0] += count
              (run, count) = (next, 0)
            }
            count += 1
          }
          if order <= 0 { hasRow = try ids.step() } else { hasRun = try runs.step() }
        }
        counts[run, default: 0] += count
        return counts
      }
    }
  }

  /// The number of rows that each run wrote, looked up one by one.
  private func migratedOneByOne(_ kind: EntityKind) throws -> [Int64: Int] {
    let session = try session()
    let table = try session.statements[kind]
    let sql =
      "SELECT run_id, count(*) FROM migration_provenance AS p WHERE kind = '\(kind.rawValue)' "
      + "AND EXISTS (SELECT 1 FROM \(table.source) "
      + "WHERE \(table.isID("id", "p.entity_id"))) "
      + "GROUP BY run_id"
    return try session.connection.withStatement(sql) { statement in
      var counts: [Int64: Int] = [:]
      while try statement.step() {
        counts[statement.integer(at: 0)] = Int(statement.integer(at: 1))
      }
      return counts
    }
  }

  /// Counts the rows that no run in the ledger wrote.
  private func addOthers(_ kind: EntityKind, to days: inout EntityDays) throws {
    let session = try session()
    let table = try session.statements[kind]
    guard let createdAt = kind.schema.position(ofMember: "created_at") else { return }
    var sql = "SELECT \(table.expressions[createdAt]) FROM \(table.source) AS e"
    if session.statements.hasLedger {
      sql +=
        " WHERE NOT EXISTS (SELECT 1 FROM migration_provenance AS p JOIN migration_runs AS r "
        + "ON r.id = p.run_id WHERE p.kind = '\(kind.rawValue)' AND p.entity_id = e.id)"
    }
    try session.connection.withStatement(sql) { statement in
      while try statement.step() {
        let isText = statement.type(at: 0) == .text
        let timestamp = unsafe isText ? Timestamp(utf8: statement.borrowedText(at: 0)) : nil
        days.add(of: kind, on: timestamp?.utcDay)
      }
    }
  }
}

extension SQLiteStatement {
  fileprivate func group(keys: Int32, numbers: Int32) -> RecordGroup {
    var group = RecordGroup(
      keys: (0..<keys).map { value(at: $0) }, count: Int(integer(at: keys)), numbers: [])
    for index in 0..<numbers {
      let first = keys + 1 + index * 4
      var sums = RecordGroup.Numbers()
      sums.count = Int(integer(at: first))
      sums.sum = real(at: first + 1)
      sums.minimum = sums.count > 0 ? real(at: first + 2) : nil
      sums.maximum = sums.count > 0 ? real(at: first + 3) : nil
      group.numbers.append(sums)
    }
    return group
  }
}
