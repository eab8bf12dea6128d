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
