import RMOSModels
import RMOSSystem

extension SQLiteReader: StreamingReader {
  final func lendEntities(
    _ kind: EntityKind, in range: EntityRange, _ body: (borrowing StoredEntity) throws -> Void
  ) throws {
    let session = try session()
    let table = try session.statements[kind]
    let isOfKind = "FROM migration_provenance WHERE kind = '\(kind.rawValue)' AND "
    guard session.statements.hasLedger else {
      return unsafe try lendRows(of: table, in: range, keptMembers: { _ in nil }, body)
    }
    guard session.layout.hasProvenanceInByteOrder else {
      return try session.connection.withStatement("SELECT unknown_json \(isOfKind)entity_id = ?1") {
        statement in
        try unsafe lendRows(
          of: table, in: range,
          keptMembers: { id in
            statement.reset()
            try unsafe statement.bindBorrowed(text: id, at: 1)
            guard try statement.step(), statement.type(at: 0) != .null else { return nil }
            return unsafe statement.borrowedText(at: 0)
          }, body)
      }
    }
    // The unknown members are read in a second pass in the same order, which is several times as
    // fast as looking up those of each row, although few rows have any.
    let bounds = range.condition("entity_id")
    try session.connection.withStatement(
      "SELECT entity_id, unknown_json \(isOfKind)unknown_json IS NOT NULL "
        + "AND typeof(entity_id) = 'text'\(bounds.isEmpty ? "" : " AND \(bounds)") "
        + "ORDER BY entity_id"
    ) { statement in
      try statement.bind(range)
      var hasRow = try statement.step()
      try unsafe lendRows(
        of: table, in: range,
        keptMembers: { id in
          while hasRow {
            let order = unsafe Memory.compare(statement.borrowedBytes(at: 0), id)
            if order == 0 { return unsafe statement.borrowedText(at: 1) }
            if order > 0 { break }
            hasRow = try statement.step()
          }
          return nil
        }, body)
    }
  }

  /// Lends the rows of a range in byte order of the id, each with the unknown members that
  /// `keptMembers` returns for its id.
  private func lendRows(
    of table: EntityStatements, in range: EntityRange,
    keptMembers: (UnsafeBufferPointer<UInt8>) throws -> UnsafeBufferPointer<UInt8>?,
    _ body: (borrowing StoredEntity) throws -> Void
  ) throws {
    let session = try session()
    let (connection, isUTF8) = (session.connection, session.layout.isUTF8)
    var entity = StoredEntity(table.kind)
    func lendRows(_ condition: String, _ range: EntityRange) throws {
      try connection.withStatement(
        "SELECT \(table.expressions.joined(separator: ", ")) FROM \(table.source)"
          + "\(condition.isEmpty ? "" : " WHERE \(condition)") ORDER BY \(table.byID)"
      ) { statement in
        try statement.bind(range)
        while try statement.step() {
          for field in 0..<table.fieldCount {
            entity.values[field] = statement.borrowedValue(at: Int32(field), isUTF8)
          }
          if case .text(let id) = entity.values[0] {
            unsafe entity.unknownMembers = try unsafe keptMembers(id)
          } else {
            unsafe entity.unknownMembers = nil
          }
          try body(entity)
        }
      }
    }
    // Rows without an id have a query of their own: with OR, SQLite would sort instead of using the
    // index.
    if range.first == nil, range.end != nil { try lendRows("id IS NULL", .all) }
    try lendRows(range.condition("id"), range)
  }

  final func entityRanges(_ kind: EntityKind, of count: Int) throws -> [EntityRange] {
    let session = try session()
    let (layout, connection) = (session.layout, session.connection)
    guard count > 0, layout.tables[kind]?.hasIndexedIDs == true, layout.hasRowNumbers(kind),
      !layout.hasLedger || layout.hasProvenanceInByteOrder
    else { return [.all] }
    let table = try session.statements[kind]
    guard let first = try connection.integer("SELECT min(rowid) FROM \(table.source)"),
      let last = try connection.integer("SELECT max(rowid) FROM \(table.source)")
    else { return [.all] }
    // The numbers of the rows tell about how many there are; counting them would take a pass over
    // an index.
    let width = UInt64(bitPattern: last &- first)
    let rangeCount = Int(min(width / UInt64(count), UInt64(Self.mostSamples) - 1)) + 1
    guard rangeCount > 1 else { return [.all] }
    // The boundaries are chosen among the ids of some rows. Exact boundaries would take a pass over
    // the index, which is slower than some of the work that is done in ranges.
    let samples = UInt64(min(rangeCount * Self.samplesPerRange, Self.mostSamples))
    var ids: [String] = []
    try connection.withStatement(
      "SELECT id FROM \(table.source) WHERE rowid >= ?1 ORDER BY rowid LIMIT 1"
    ) { statement in
      for sample in 1..<samples {
        let product = width.multipliedFullWidth(by: sample)
        let offset = samples.dividingFullWidth(product).quotient
        statement.reset()
        try statement.bind(first &+ Int64(bitPattern: offset), at: 1)
        // An id that is not UTF-8 is read with replacement characters, and is a valid boundary all
        // the same.
        if try statement.step(), statement.type(at: 0) == .text, let id = statement.text(at: 0) {
          ids.append(id)
        }
      }
    }
    ids.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var ranges: [EntityRange] = []
    var start: String?
    for number in 1..<rangeCount where !ids.isEmpty {
      let end = ids[min(number * ids.count / rangeCount, ids.count - 1)]
      guard (start ?? "").utf8.lexicographicallyPrecedes(end.utf8) else { continue }
      ranges.append(EntityRange(first: start, end: end))
      start = end
    }
    return ranges + [EntityRange(first: start, end: nil)]
  }

  /// The number of ids that are sampled for each range, so that ranges have similar sizes although
  /// the rows are not in the order of their ids.
  private static var samplesPerRange: Int { 8 }
  /// The largest number of ids that are sampled.
  private static var mostSamples: Int { 20_000 }
}

extension EntityRange {
  /// The condition that a column is in the range, whose limits are ?1 and ?2; empty for all rows.
  func condition(_ column: String) -> String {
    let limits = [first.map { _ in "\(column) >= ?1" }, end.map { _ in "\(column) < ?2" }]
    return limits.compactMap(\.self).joined(separator: " AND ")
  }
}

extension SQLiteStatement {
  /// Binds the limits of a range.
  func bind(_ range: EntityRange) throws(StoreError) {
    if let first = range.first { try bind(first, at: 1) }
    if let end = range.end { try bind(end, at: 2) }
  }

  /// A value as it is stored, valid until the next step.
  fileprivate func borrowedValue(at column: Int32, _ isUTF8: Bool) -> StoredEntity.Value {
    switch type(at: column) {
    case .null: .null
    case .integer: .integer(integer(at: column))
    case .real: .real(real(at: column))
    case .text: unsafe .text(isUTF8 ? borrowedBytes(at: column) : borrowedText(at: column))
    case .blob: unsafe .blob(borrowedBytes(at: column))
    }
  }
}

extension SQLiteReader {
  final func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup] {
    let session = try session()
    let table = try session.statements[kind]
    let query = RecordQuery(kind)
    // Texts are grouped by their bytes, whatever the collation of the column.
    let keys = try members.map {
      "\(table.expressions[try query.position(of: $0)]) COLLATE BINARY"
    }
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
  /// The group in the current row: the keys, the count, and four summaries for each number.
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
