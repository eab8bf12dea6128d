import RMOSModels
import RMOSStore

extension PostgresReader {
  final func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup] {
    let session = try session()
    let table = try session.statements[kind]
    let query = RecordQuery(kind)
    let keys = try members.map { try query.position(of: $0) }
    let columns =
      keys.map { table.expressions[$0] } + ["count(*)"]
      + (try numbers.flatMap { member in
        let position = try query.position(of: member)
        // Text does not count as a number, even if it looks like one.
        let isText = kind.schema.fields[position].type.acceptedTypes[0] == "text"
        let value = isText ? "NULL::double precision" : "\(table.expressions[position])::float8"
        return ["count(\(value))", "min(\(value))", "max(\(value))"] + Self.sums(value)
      })
    var sql = "SELECT \(columns.joined(separator: ", ")) FROM \(table.source)"
    if !keys.isEmpty {
      let terms = keys.indices.map { String($0 + 1) }
      sql += " GROUP BY \(terms.joined(separator: ", ")) ORDER BY "
      sql += terms.map { "\($0) NULLS FIRST" }.joined(separator: ", ")
    }
    var groups: [RecordGroup] = []
    try session.connection.forEachRow(sql) { row in
      let values = keys.enumerated().map { kind.schema.fields[$1].value(row, at: $0) }
      let count = row.count(at: keys.count)
      guard count > 0 else { return }
      groups.append(
        RecordGroup(
          keys: values, count: count,
          numbers: numbers.indices.map { row.numbers(from: keys.count + 1 + $0 * 5) }))
    }
    return groups
  }

  /// Returns expressions for the sum of the numbers that are not huge, and for that of the huge
  /// ones, scaled down.
  ///
  /// PostgreSQL fails if a sum overflows, which neither of these can.
  private static func sums(_ value: String) -> [String] {
    [
      "sum(\(value)) FILTER (WHERE abs(\(value)) < 1e290)",
      "sum(\(value) / \(PostgresRow.scale)) FILTER (WHERE abs(\(value)) >= 1e290)",
    ]
  }

  final func entityDays() throws -> EntityDays {
    let session = try session()
    var starts: [Int64: String] = [:]
    for run in try runs(limit: nil, offset: 0) { starts[run.id] = run.startedAt }
    var days = EntityDays()
    for kind in catalog.kinds {
      let table = try session.statements[kind]
      guard let createdAt = kind.schema.position(ofMember: "created_at") else { continue }
      let created = table.expressions("t")[createdAt]
      let (run, origin) =
        session.statements.hasLedger
        ? (
          "r.id",
          " LEFT JOIN migration_provenance p ON p.kind = \(kind.table.sqlLiteral) "
            + "AND p.entity_id = t.id LEFT JOIN migration_runs r ON r.id = p.run_id"
        ) : ("NULL::bigint", "")
      // The `created_at` of a row that a run wrote does not matter: the day of the run counts.
      try session.connection.forEachRow(
        "SELECT \(run), CASE WHEN \(run) IS NULL THEN \(created) END, count(*) "
          + "FROM \(table.source("t"))\(origin) GROUP BY 1, 2"
      ) { row in
        let time = row.integer(at: 0).map { starts[$0] } ?? row.text(at: 1)
        days.add(row.count(at: 2), of: kind, at: time)
      }
    }
    return days
  }
}

extension PostgresRow {
  /// The divisor of huge numbers before they are added: a power of two, 2⁶⁴, so they stay exact.
  fileprivate static let scale = 18_446_744_073_709_551_616.0

  /// Returns the summary in five columns: count, minimum, maximum, the sum and the scaled sum.
  fileprivate func numbers(from first: Int) -> RecordGroup.Numbers {
    var numbers = RecordGroup.Numbers()
    numbers.count = count(at: first)
    guard numbers.count > 0 else { return numbers }
    numbers.minimum = real(at: first + 1)
    numbers.maximum = real(at: first + 2)
    numbers.sum = (real(at: first + 3) ?? 0) + (real(at: first + 4) ?? 0) * Self.scale
    return numbers
  }
}
