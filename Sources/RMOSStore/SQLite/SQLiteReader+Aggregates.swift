import RMOSModels

extension SQLiteReader {
  final func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup] {
    let session = try session()
    let table = session.tables[kind]
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
    var sql = "SELECT \(columns.joined(separator: ", ")) FROM \(table.source)"
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
    for kind in EntityKind.allCases {
      let dated = try addMigrated(kind, runDays, to: &days)
      if try count(RecordQuery(kind)) > dated { try addOthers(kind, to: &days) }
    }
    return days
  }

  /// Counts the rows that a run in the ledger wrote, and returns how many there are.
  private func addMigrated(
    _ kind: EntityKind, _ runDays: [Int64: String?], to days: inout EntityDays
  ) throws -> Int {
    let session = try session()
    guard session.tables.hasLedger else { return 0 }
    // Both are read in order of the id, the rows from their index alone. Rows of one run stand
    // together, so that counting here is faster than grouping there.
    let sql =
      "SELECT run_id FROM migration_provenance AS p WHERE kind = '\(kind.rawValue)' "
      + "AND EXISTS (SELECT 1 FROM \(session.tables[kind].source) WHERE id = p.entity_id)"
    var counts: [Int64: Int] = [:]
    try session.connection.withStatement(sql) { statement in
      var (run, count) = (Int64.min, 0)
      while try statement.step() {
        let next = statement.integer(at: 0)
        if next != run {
          counts[run, default: 0] += count
          (run, count) = (next, 0)
        }
        count += 1
      }
      counts[run, default: 0] += count
    }
    var dated = 0
    for (run, count) in counts where count > 0 {
      guard let day = runDays[run] else { continue }
      days.add(count, of: kind, on: day)
      dated += count
    }
    return dated
  }

  /// Counts the rows that no run in the ledger wrote.
  private func addOthers(_ kind: EntityKind, to days: inout EntityDays) throws {
    let session = try session()
    let table = session.tables[kind]
    guard let createdAt = kind.schema.position(ofMember: "created_at") else { return }
    var sql = "SELECT \(table.expressions[createdAt]) FROM \(table.source) AS e"
    if session.tables.hasLedger {
      sql +=
        " WHERE NOT EXISTS (SELECT 1 FROM migration_provenance AS p JOIN migration_runs AS r "
        + "ON r.id = p.run_id WHERE p.kind = '\(kind.rawValue)' AND p.entity_id = e.id)"
    }
    try session.connection.withStatement(sql) { statement in
      while try statement.step() {
        let isText = statement.type(at: 0) == .text
        let timestamp = isText ? Timestamp(utf8: statement.borrowedText(at: 0)) : nil
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
