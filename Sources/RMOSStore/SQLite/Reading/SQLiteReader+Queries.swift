import RMOSModels
import RMOSSystem

/// The numbers of the rows that match the conditions of a query.
struct RowMatches {
  let kind: EntityKind
  let conditions: [RecordQuery.Condition]
  /// The numbers, in no particular order.
  let rows: [Int64]
  /// The numbers as a set, for tests of membership.
  let set: RowSet
}

/// A set of row numbers.
enum RowSet {
  /// The numbers, minus `first`.
  case bits(first: Int64, RowBits)
  case numbers(Set<Int64>)

  init(_ rows: [Int64]) {
    guard let first = rows.min(), let last = rows.max() else {
      self = .numbers([])
      return
    }
    let (width, overflows) = last.subtractingReportingOverflow(first)
    // Row numbers that SQLite has assigned are dense.
    guard !overflows, width < 1 << 24 else {
      self = .numbers(Set(rows))
      return
    }
    var bits = RowBits(rowCount: Int(width) + 1)
    for row in rows { bits.insert(Int(row - first)) }
    self = .bits(first: first, bits)
  }

  func contains(_ row: Int64) -> Bool {
    switch self {
    case .numbers(let numbers): return numbers.contains(row)
    case .bits(let first, let bits):
      return row >= first && row - first < bits.capacity && bits.contains(Int(row - first))
    }
  }
}

// Because rows are long, a page of a list is read in two steps: first the numbers of its rows, from
// an index if one suffices, then the rows one by one.
extension SQLiteReader {
  /// The largest number of rows that are looked up one by one.
  private static var mostLookedUp: Int { 4096 }

  final func records(_ query: RecordQuery) throws -> [Record] {
    let session = try session()
    let table = try session.statements[query.kind]
    let filter = try SQLFilter(query, table, session.statements)
    let limit = query.limit.map { max(0, $0) } ?? Int.max
    let offset = max(0, query.offset)
    let terms = try table.terms(query)
    guard table.hasRowNumbers, limit <= Self.mostLookedUp else {
      return try everyRecord(query, filter, table, terms, offset: offset, limit: limit)
    }
    let numbers = try rowNumbers(query, filter, table, terms, offset: offset, limit: limit)
    var records: [Record] = []
    try forEach(numbers, table.selectByNumber) { records.append($0.record(table)) }
    return records
  }

  final func streamRecords(_ query: RecordQuery, _ body: (Record) throws -> Void) throws -> Bool {
    let session = try session()
    let table = try session.statements[query.kind]
    guard table.hasRowNumbers else { return false }
    let numbers = try rowNumbers(
      query, SQLFilter(query, table, session.statements), table, table.terms(query),
      offset: max(0, query.offset), limit: query.limit.map { max(0, $0) } ?? .max)
    try forEach(numbers, table.selectByNumber) { try body($0.record(table)) }
    return true
  }

  /// The numbers of the rows that match, in the order of a query.
  private func rowNumbers(
    _ query: RecordQuery, _ filter: SQLFilter, _ table: EntityStatements, _ terms: String,
    offset: Int, limit: Int
  ) throws -> [Int64] {
    // A query for a few rows, such as the newest ones, does not cause columns to be built.
    if let list = list(query.kind, isOfList: limit >= 10), list.orders(query.order) {
      return list.page(
        of: try rows(query, in: list), query.order, offset: offset, limit: limit)
    }
    if filter.isScan {
      let matches = try matches(query, filter, table)
      return try page(of: matches, table, terms, offset: offset, limit: limit)
    }
    let sql =
      "SELECT rowid FROM \(table.source)\(filter.clause) ORDER BY \(terms) LIMIT ? OFFSET ?"
    return try session().connection.withStatement(sql) { statement in
      try statement.bind(filter, and: [.integer(Int64(limit)), .integer(Int64(offset))])
      var numbers: [Int64] = []
      while try statement.step() { numbers.append(statement.integer(at: 0)) }
      return numbers
    }
  }

  final func count(_ query: RecordQuery) throws -> Int {
    let session = try session()
    let table = try session.statements[query.kind]
    let filter = try SQLFilter(query, table, session.statements)
    if let list = list(query.kind, isOfList: !query.conditions.isEmpty) {
      return query.conditions.isEmpty
        ? list.rowCount : try rows(query, in: list).count
    }
    if table.hasRowNumbers, filter.isScan {
      return try matches(query, filter, table).rows.count
    }
    guard filter.isComplete else {
      return try everyRecord(query, filter, table, table.byID, offset: 0, limit: .max).count
    }
    let sql = "SELECT count(*) FROM \(table.scanned)\(filter.clause)"
    return try session.connection.withStatement(sql) { statement in
      try statement.bind(filter)
      return try statement.step() ? Int(statement.integer(at: 0)) : 0
    }
  }

  final func counts(_ query: RecordQuery, by key: RecordGroup.Key) throws -> [RecordGroup] {
    let session = try session()
    let table = try session.statements[query.kind]
    let filter = try SQLFilter(query, table, session.statements)
    let column = table.expressions[try query.position(of: key.member)]
    if let list = list(query.kind, isOfList: !query.conditions.isEmpty), list.counts(by: key) {
      return list.counts(of: try rows(query, in: list), by: key)
    }
    if case .member = key, filter.isComplete, !(table.hasRowNumbers && filter.isScan) {
      return try groups(filter, table, by: column)
    }
    var counter = RecordCounter(key)
    if table.hasRowNumbers, filter.isScan {
      let matches = try matches(query, filter, table)
      if matches.rows.count <= Self.mostLookedUp {
        let sql = "SELECT \(column) FROM \(table.source) WHERE rowid = ?"
        try forEach(matches.rows, sql) { counter.add($0.value(at: 0)) }
      } else {
        try session.connection.forEachRow("SELECT rowid, \(column) FROM \(table.scanned)") {
          if matches.set.contains($0.integer(at: 0)) { counter.add($0.value(at: 1)) }
        }
      }
    } else if filter.isComplete {
      let sql = "SELECT \(column) FROM \(table.scanned)\(filter.clause)"
      try session.connection.withStatement(sql) { statement in
        try statement.bind(filter)
        while try statement.step() { counter.add(statement.value(at: 0)) }
      }
    } else {
      let position = try query.position(of: key.member)
      for record in try everyRecord(query, filter, table, table.byID, offset: 0, limit: .max) {
        counter.add(record.values[position])
      }
    }
    return counter.groups
  }

  /// Counts the rows that a filter selects by the values of a column.
  private func groups(
    _ filter: SQLFilter, _ table: EntityStatements, by column: String
  ) throws -> [RecordGroup] {
    let term = "\(column) COLLATE BINARY"
    let sql =
      "SELECT \(term), count(*) FROM \(table.scanned)\(filter.clause) GROUP BY 1 ORDER BY 1"
    return try session().connection.withStatement(sql) { statement in
      try statement.bind(filter)
      var groups: [RecordGroup] = []
      while try statement.step() {
        groups.append(
          RecordGroup(
            keys: [statement.value(at: 0)], count: Int(statement.integer(at: 1)), numbers: []))
      }
      return groups
    }
  }

  /// Reads whole rows in an order, and tests the conditions that SQL does not.
  private func everyRecord(
    _ query: RecordQuery, _ filter: SQLFilter, _ table: EntityStatements, _ terms: String,
    offset: Int, limit: Int
  ) throws -> [Record] {
    let matches = try query.testedByReading.predicate(in: self)
    let list = table.expressions.joined(separator: ", ")
    let window = filter.isComplete ? " LIMIT ? OFFSET ?" : ""
    let sql = "SELECT \(list) FROM \(table.source)\(filter.clause) ORDER BY \(terms)\(window)"
    return try session().connection.withStatement(sql) { statement in
      var records: [Record] = []
      guard limit > 0 else { return records }
      if filter.isComplete {
        try statement.bind(filter, and: [.integer(Int64(limit)), .integer(Int64(offset))])
        while try statement.step() { records.append(statement.record(table)) }
        return records
      }
      try statement.bind(filter)
      var skipped = 0
      while records.count < limit, try statement.step() {
        let record = statement.record(table)
        guard try matches(record) else { continue }
        if skipped < offset { skipped += 1 } else { records.append(record) }
      }
      return records
    }
  }

  /// The rows that match, found in one scan, and kept for other queries of the same snapshot.
  private func matches(
    _ query: RecordQuery, _ filter: SQLFilter, _ table: EntityStatements
  ) throws -> RowMatches {
    if isSnapshot, let last = lastMatches, last.kind == query.kind,
      last.conditions == query.conditions
    {
      return last
    }
    let columns = ["rowid"] + filter.tests.map(\.column)
    let sql =
      "SELECT \(columns.joined(separator: ", ")) FROM \(table.scanned)\(filter.clause)"
    let rows = try session().connection.withStatement(sql) { statement in
      try statement.bind(filter)
      var rows: [Int64] = []
      while try statement.step() {
        let matches = filter.tests.enumerated().allSatisfy { index, test in
          JSONTexts(of: statement.value(at: Int32(index + 1)), test.names).contains(test.text)
        }
        if matches { rows.append(statement.integer(at: 0)) }
      }
      return rows
    }
    let matches = RowMatches(
      kind: query.kind, conditions: query.conditions, rows: rows, set: RowSet(rows))
    lastMatches = matches
    return matches
  }

  /// The numbers of the rows of a page of matching rows.
  private func page(
    of matches: RowMatches, _ table: EntityStatements, _ terms: String, offset: Int, limit: Int
  ) throws -> [Int64] {
    guard limit > 0, offset < matches.rows.count else { return [] }
    if matches.rows.count > Self.mostLookedUp {
      // Many rows are read in the order of the list, up to the end of the page.
      let sql = "SELECT rowid FROM \(table.source) ORDER BY \(terms)"
      return try session().connection.withStatement(sql) { statement in
        var numbers: [Int64] = []
        var skipped = 0
        while numbers.count < limit, try statement.step() {
          let number = statement.integer(at: 0)
          guard matches.set.contains(number) else { continue }
          if skipped < offset { skipped += 1 } else { numbers.append(number) }
        }
        return numbers
      }
    }
    let numbers = matches.rows.map { String($0) }.joined(separator: ", ")
    // The statement is not needed again, so it is not cached.
    let statement = try SQLiteStatement(
      "SELECT rowid FROM \(table.source) WHERE rowid IN (\(numbers)) ORDER BY \(terms) "
        + "LIMIT \(limit) OFFSET \(offset)", on: session().connection.handle)
    var page: [Int64] = []
    while try statement.step() { page.append(statement.integer(at: 0)) }
    return page
  }

  /// Calls `body` with the result of a statement for each of some row numbers, its only parameter.
  private func forEach(
    _ rows: [Int64], _ sql: String, _ body: (SQLiteStatement) throws -> Void
  ) throws {
    try session().connection.withStatement(sql) { statement in
      for row in rows {
        statement.reset()
        try statement.bind(Value.integer(row), at: 1)
        if try statement.step() { try body(statement) }
      }
    }
  }
}

extension RecordQuery {
  /// The query with only those conditions that SQL does not test.
  fileprivate var testedByReading: RecordQuery {
    var copy = self
    copy.conditions.removeAll { if case .jsonHas = $0 { false } else { true } }
    return copy
  }
}

extension StoreStatements {
  /// The condition that runs have written the entity in a row in some way.
  ///
  /// It reads the provenance of all entities of the kind: an index from runs to entities would make
  /// writing slower.
  fileprivate func written(
    _ table: EntityStatements, _ runs: [Int64], _ writing: RecordQuery.Writing
  ) -> String {
    let these = "IN (\(runs.map(String.init).joined(separator: ", ")))"
    var written: [String] = []
    var changed: [String] = []
    if hasLedger {
      written = [
        ids(in: LedgerTable.provenance.name, table.kind, "run_id \(these)"),
        ids(in: "migration_before_images", table.kind, "run_id \(these) OR from_run \(these)"),
      ]
      changed = [ids(in: "migration_before_images", table.kind, "run_id \(these)")]
    }
    if hasChanges {
      let own = "run_id \(these) AND row_digest IS NOT NULL"
      written.append(ids(in: LedgerTable.changes.name, table.kind, own))
      changed.append(
        ids(in: LedgerTable.changes.name, table.kind, "\(own) AND before_json IS NOT NULL"))
    }
    func isAmong(_ lists: [String], _ isIn: Bool = true) -> String {
      "\(table.byID) \(isIn ? "" : "NOT ")IN (\(lists.joined(separator: " UNION ALL ")))"
    }
    return switch writing {
    case .addedOrChanged: isAmong(written)
    case .added: "(\(isAmong(written)) AND \(isAmong(changed, false)))"
    case .changed: isAmong(changed)
    case .neither: isAmong(written, false)
    }
  }

  /// Selects the ids of a kind in a table of the ledger under a condition.
  private func ids(in table: String, _ kind: EntityKind, _ condition: String) -> String {
    "SELECT entity_id FROM \(table) WHERE kind = '\(kind.rawValue)' AND (\(condition))"
  }
}

// MARK: Columns in memory

extension SQLiteReader {
  /// The set of rows that match a query.
  private func rows(_ query: RecordQuery, in list: ListColumns) throws -> RowBits {
    var rows: RowBits?
    for condition in query.conditions {
      let found = try list.matches.rows(condition) { try self.rows(condition, list) }
      rows?.formIntersection(found)
      rows = rows ?? found
    }
    return rows ?? list.all
  }

  private func rows(
    _ condition: RecordQuery.Condition, _ columns: ListColumns
  ) throws -> RowBits {
    switch condition {
    case .equals(let member, _), .isAny(let member, _):
      return try rows(condition, of: columns.column(member), columns)
        ?? rowsFromSQL(condition, columns)
    case .contains(let member, let text):
      return try rows(containing: text, in: [member], columns)
    case .anyContains(let members, let text):
      return try rows(containing: text, in: members, columns)
    case .jsonHas(let member, let names, let text):
      if let column = columns.jsonColumn(.json(member: member, names: names)) {
        return column.rows(rowCount: columns.rowCount, with: text)
      }
      return try rowsFromSQL(condition, columns)
    case .written:
      return try rowsFromSQL(condition, columns)
    }
  }

  /// The rows that match a condition on a column with few values; `nil` if there are many.
  ///
  /// SQLite tests one row for each value, because the table determines which values are equal.
  private func rows(
    _ condition: RecordQuery.Condition, of column: ListColumn?, _ columns: ListColumns
  ) throws -> RowBits? {
    guard let column, let representatives = column.representatives else { return nil }
    let session = try session()
    let table = try session.statements[columns.kind]
    let filter = try SQLFilter(
      RecordQuery(columns.kind).filter(condition), table, session.statements)
    let sql = "SELECT 1 FROM \(table.source)\(filter.clause) AND rowid = ?"
    return try session.connection.withStatement(sql) { statement in
      var marks = [Bool](repeating: false, count: column.valueCount + 1)
      for (code, sample) in representatives {
        statement.reset()
        try statement.bind(filter, and: [.integer(sample.number)])
        marks[code] = try statement.step()
      }
      return column.codes.rows(rowCount: columns.rowCount, where: marks)
    }
  }

  private func rows(
    containing text: String, in members: [String], _ columns: ListColumns
  ) throws -> RowBits {
    var rows = RowBits(rowCount: columns.rowCount)
    let search = ByteSearch(text.utf8, ignoringASCIICase: true)
    var others: [String] = []
    for member in members {
      let column = columns.column(member)
      if let column, let texts = column.texts {
        var marks = [Bool](repeating: false, count: column.valueCount + 1)
        texts.mark(search, in: &marks)
        rows.formUnion(column.codes.rows(rowCount: columns.rowCount, where: marks))
      } else if let found = try self.rows(
        .contains(member: member, text: text), of: column, columns)
      {
        rows.formUnion(found)
      } else {
        others.append(member)
      }
    }
    if !others.isEmpty { try add(to: &rows, containing: search, in: others, columns) }
    return rows
  }

  /// Adds the rows in which one of the members contains the text sought, in one scan.
  private func add(
    to rows: inout RowBits, containing search: ByteSearch, in members: [String],
    _ columns: ListColumns
  ) throws {
    let session = try session()
    let table = try session.statements[columns.kind]
    let query = RecordQuery(columns.kind)
    let expressions = try members.map { table.expressions[try query.position(of: $0)] }
    let sql = "SELECT rowid, \(expressions.joined(separator: ", ")) FROM \(table.scanned)"
    try session.connection.forEachRow(sql) { found in
      guard let row = columns.numbers.row(found.integer(at: 0)), !rows.contains(row) else { return }
      if expressions.indices.contains(where: { found.contains(search, at: Int32($0 + 1)) }) {
        rows.insert(row)
      }
    }
  }

  /// The rows that match a condition, found by SQL.
  private func rowsFromSQL(
    _ condition: RecordQuery.Condition, _ columns: ListColumns
  ) throws -> RowBits {
    let query = RecordQuery(columns.kind).filter(condition)
    let statements = try session().statements
    let table = try statements[columns.kind]
    var rows = RowBits(rowCount: columns.rowCount)
    for number in try matches(query, SQLFilter(query, table, statements), table).rows {
      if let row = columns.numbers.row(number) { rows.insert(row) }
    }
    return rows
  }
}

extension SQLiteStatement {
  /// Whether a column has a text that contains the text sought.
  fileprivate func contains(_ search: ByteSearch, at column: Int32) -> Bool {
    guard type(at: column) == .text else { return false }
    return unsafe search.isFound(in: UnsafeRawBufferPointer(borrowedText(at: column)))
  }
}

/// The conditions of a query, as far as SQL can test them.
private struct SQLFilter {
  /// The WHERE clause, with a space before it; empty if there are no conditions.
  private(set) var clause = ""
  private(set) var parameters: [Value] = []
  /// The tests of JSON that the rows which SQL selects still have to pass.
  private(set) var tests: [(column: String, names: [String], text: String)] = []
  /// Whether every row has to be read, because no index leads to the matching rows.
  private(set) var isScan = false

  /// Whether SQL tests all conditions.
  var isComplete: Bool { tests.isEmpty }

  init(
    _ query: RecordQuery, _ table: EntityStatements, _ statements: StoreStatements
  ) throws {
    var parts: [String] = []
    for condition in query.conditions {
      switch condition {
      case .equals(let member, .null):
        parts.append("\(table.expressions[try query.position(of: member)]) IS NULL")
      case .equals(let member, let value):
        parts.append("\(table.expressions[try query.position(of: member)]) = ?")
        parameters.append(value)
      case .isAny(let member, let values):
        let column = table.expressions[try query.position(of: member)]
        let known = values.filter { $0 != .null }
        let marks = repeatElement("?", count: known.count).joined(separator: ", ")
        let isNull = known.count < values.count ? " OR \(column) IS NULL" : ""
        parts.append("(\(column) IN (\(marks))\(isNull))")
        parameters += known
      case .contains(let member, let text):
        parts.append(try contains([member], text, query, table))
      case .anyContains(let members, let text):
        parts.append(try contains(members, text, query, table))
      case .jsonHas(let member, let names, let text):
        isScan = true
        let column = table.expressions[try query.position(of: member)]
        tests.append((column, names, text))
        // If the text is written with escapes, the JSON contains a backslash.
        parts.append("(instr(\(column), ?) > 0 OR instr(\(column), '\\') > 0)")
        parameters.append(.text(text))
      case .written(let runs, let writing):
        isScan = true
        parts.append(statements.written(table, runs, writing))
      }
    }
    if !parts.isEmpty { clause = " WHERE " + parts.joined(separator: " AND ") }
  }

  private mutating func contains(
    _ members: [String], _ text: String, _ query: RecordQuery, _ table: EntityStatements
  ) throws -> String {
    isScan = true
    let tests = try members.map { member in
      // Like `lowercasedASCII`, lower() changes only ASCII letters. instr() has no wildcards.
      let column = table.expressions[try query.position(of: member)]
      parameters.append(.text(text.lowercasedASCII))
      return "(typeof(\(column)) = 'text' AND instr(lower(\(column)), ?) > 0)"
    }
    // Without members, no row matches.
    return tests.isEmpty ? "0" : "(\(tests.joined(separator: " OR ")))"
  }
}

extension SQLiteStatement {
  fileprivate func bind(_ filter: SQLFilter, and others: [Value] = []) throws(StoreError) {
    try bind(filter.parameters + others)
  }
}
