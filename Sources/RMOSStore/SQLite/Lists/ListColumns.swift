import RMOSModels
import RMOSSystem
import Synchronization

/// The columns by which lists of one kind are searched, filtered and ordered, in memory, for one
/// state of the database.
///
/// The position of a row is that of its id in the order of the ids.
struct ListColumns: Sendable {
  let kind: EntityKind
  let numbers: RowNumbers
  /// The columns, by the positions of their members in the schema.
  private let columns: [Int: ListColumn]
  private let jsonColumns: [ListJSONColumn]
  /// The rows that match recent conditions.
  let matches = ListMatches()

  /// The memory that the columns take, in bytes.
  var size: Int {
    numbers.size + columns.values.reduce(0) { $0 + $1.size }
      + jsonColumns.reduce(0) { $0 + $1.codes.size }
  }

  /// The number of rows.
  var rowCount: Int { numbers.count }

  /// The set of all rows.
  var all: RowBits { RowBits(rowCount: rowCount, containsAll: true) }

  /// The column of a member; `nil` if it is not in memory.
  func column(_ member: String) -> ListColumn? {
    kind.schema.position(ofMember: member).flatMap { columns[$0] }
  }

  /// The column of a JSON key; `nil` if it is not in memory.
  func jsonColumn(_ key: RecordGroup.Key) -> ListJSONColumn? {
    jsonColumns.first { $0.key == key }
  }

  /// Whether the columns suffice for an order.
  func orders(_ order: RecordQuery.Order) -> Bool {
    switch order {
    case .id, .member("id", _): true
    case .member(let member, _): column(member) != nil
    case .newestFirst: column("created_at") != nil
    }
  }

  /// The numbers of the rows of a page of a set, in an order for which the columns suffice.
  func page(
    of rows: RowBits, _ order: RecordQuery.Order, offset: Int, limit: Int
  ) -> [Int64] {
    let count = rows.count
    let start = min(offset, count)
    let range = start..<start + min(limit, count - start)
    switch order {
    case .id, .member("id", descending: false):
      return rows.rows(range).map(numbers.number)
    case .member("id", descending: true):
      return rows.rows(count - range.upperBound..<count - range.lowerBound).reversed()
        .map(numbers.number)
    case .member(let member, let descending):
      return column(member)?.rows(range, of: rows, descending: descending, in: nil)
        .map(numbers.number) ?? []
    case .newestFirst:
      return column("created_at")?.rows(
        range, of: rows, descending: true, in: numbers.sequence
      ).map(numbers.number) ?? []
    }
  }

  /// Whether the columns suffice for counting by a key.
  func counts(by key: RecordGroup.Key) -> Bool {
    switch key {
    case .member(let member): column(member)?.samples != nil
    case .json: jsonColumn(key) != nil
    }
  }

  /// Counts the rows of a set by the values of a key.
  func counts(of rows: RowBits, by key: RecordGroup.Key) -> [RecordGroup] {
    switch key {
    case .member(let member): column(member)?.counts(of: rows) ?? []
    case .json: jsonColumn(key)?.counts(of: rows) ?? []
    }
  }
}

/// A cache of the rows that match the most recent conditions, since several queries of one page
/// have the same conditions.
final class ListMatches: Sendable {
  private let known = Mutex<[(condition: RecordQuery.Condition, rows: RowBits)]>([])
  /// The number of conditions in the cache.
  private static let capacity = 8

  /// The rows that match a condition, found by `find` if they are not in the cache.
  func rows(
    _ condition: RecordQuery.Condition, _ find: () throws -> RowBits
  ) rethrows -> RowBits {
    let match = known.withLock { known in known.first { $0.condition == condition } }
    if let match { return match.rows }
    let rows = try find()
    known.withLock { known in
      if known.count == Self.capacity { known.removeFirst() }
      known.append((condition, rows))
    }
    return rows
  }
}

/// The numbers that SQLite gives the rows of a table.
struct RowNumbers: Sendable {
  /// The number of rows.
  let count: Int
  /// The least number.
  private let first: Int64
  /// The number of each row, minus `first`; empty if the rows are numbered consecutively in order.
  private let numbers: [UInt32]
  /// For each number from `first` on, the position of its row, `UInt32.max` if there is none; empty
  /// if the rows are numbered consecutively in order.
  private let rows: [UInt32]

  /// Creates the numbers of rows; fails if they are too far apart.
  ///
  /// - Parameters:
  ///   - bounds: The least number and the greatest.
  ///   - count: The number of rows.
  ///   - next: Returns the number of the next row in the order of the ids; `nil` at the end.
  init?(in bounds: ClosedRange<Int64>, count: Int, _ next: () throws -> Int64?) rethrows {
    self.count = count
    first = bounds.lowerBound
    let (width, overflows) = bounds.upperBound.subtractingReportingOverflow(first)
    guard !overflows, width < Int64(max(1 << 16, 4 * count)), width < UInt32.max else {
      return nil
    }
    var numbers: [UInt32] = []
    numbers.reserveCapacity(count)
    var isInOrder = true
    while let number = try next() {
      guard bounds.contains(number), numbers.count < count else { return nil }
      isInOrder = isInOrder && number - first == Int64(numbers.count)
      numbers.append(UInt32(number - first))
    }
    guard numbers.count == count else { return nil }
    guard !isInOrder else {
      self.numbers = []
      rows = []
      return
    }
    self.numbers = numbers
    var rows = [UInt32](repeating: .max, count: Int(width) + 1)
    for (row, number) in numbers.enumerated() { rows[Int(number)] = UInt32(row) }
    self.rows = rows
  }

  /// The memory that the numbers take, in bytes.
  var size: Int { (numbers.count + rows.count) * 4 }

  /// The positions of the rows in the order of their numbers, `UInt32.max` for numbers without a
  /// row; `nil` if both orders are the same.
  var sequence: [UInt32]? { rows.isEmpty ? nil : rows }

  /// The number of the row at a position.
  func number(_ row: Int) -> Int64 {
    first + (numbers.isEmpty ? Int64(row) : Int64(numbers[row]))
  }

  /// The position of the row with a number; `nil` if there is none.
  func row(_ number: Int64) -> Int? {
    let (offset, overflows) = number.subtractingReportingOverflow(first)
    guard !overflows, offset >= 0 else { return nil }
    if rows.isEmpty { return offset < count ? Int(offset) : nil }
    guard offset < rows.count, rows[Int(offset)] != .max else { return nil }
    return Int(rows[Int(offset)])
  }
}

// MARK: Building

extension ListColumns {
  /// Reads the columns of a kind; fails if there are too few rows, or too many, or if rows have no
  /// numbers.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - session: The connection, in a transaction.
  ///   - fewest: The least number of rows for which columns are worth the memory.
  ///   - limit: The memory that the columns may take, in bytes.
  ///   - takes: Called with the memory taken so far, while it grows.
  /// - Throws: What SQLite reports.
  init?(
    _ kind: EntityKind, _ session: SQLiteSession, fewest: Int, limit: Int,
    takes: (Int) -> Void = { _ in }
  ) throws {
    let table = try session.statements[kind]
    guard table.hasRowNumbers else { return nil }
    let source = ListColumnSource(table: table, connection: session.connection)
    guard let numbers = try source.numbers(fewest: fewest, limit: limit) else { return nil }
    let presentation = kind.schema.presentation
    let facets = presentation.filters.filter { $0.isFacet && $0.jsonNames.isEmpty }
    let sorted = ["created_at"] + presentation.columns.map(\.member) + facets.map(\.member)
    // The ids are searched in their index, which is fast enough.
    let searched = kind.schema.searchMembers.filter { $0 != "id" }
    var columns: [Int: ListColumn] = [:]
    var size = numbers.size
    for member in searched + sorted where member != "id" {
      guard let position = kind.schema.position(ofMember: member), columns[position] == nil else {
        continue
      }
      takes(size + numbers.count * 4)
      let column = try source.column(
        table.expressions[position], numbers, isSearched: searched.contains(member),
        limit: limit - size)
      guard let column else { return nil }
      columns[position] = column
      size += column.size
      takes(size)
    }
    jsonColumns = try source.jsonColumns(
      presentation.filters.filter { !$0.jsonNames.isEmpty }
        .map { .json(member: $0.member, names: $0.jsonNames) }, numbers)
    self.kind = kind
    self.numbers = numbers
    self.columns = columns
    guard self.size <= limit else { return nil }
  }
}

/// Reads the columns of a table.
private struct ListColumnSource {
  let table: EntityStatements
  let connection: SQLiteConnection

  /// The numbers of the rows, in the order of the ids; `nil` if there are too few or too many rows.
  func numbers(fewest: Int, limit: Int) throws -> RowNumbers? {
    // The codes of several columns take more than eight bytes per row.
    let count = try connection.integer("SELECT count(*) FROM \(table.scanned)") ?? 0
    guard count >= fewest, count <= limit / 8 else { return nil }
    let first = try connection.integer("SELECT min(rowid) FROM \(table.source)") ?? 0
    let last = try connection.integer("SELECT max(rowid) FROM \(table.source)") ?? first
    let sql = "SELECT rowid FROM \(table.source) ORDER BY \(table.byID)"
    return try connection.withStatement(sql) { statement in
      try RowNumbers(in: first...max(first, last), count: Int(count)) {
        try statement.step() ? statement.integer(at: 0) : nil
      }
    }
  }

  /// A column, read in one pass in the order of its values; `nil` if it takes more memory than
  /// `limit`.
  func column(
    _ expression: String, _ numbers: RowNumbers, isSearched: Bool, limit: Int
  ) throws -> ListColumn? {
    let sql =
      "SELECT rowid, \(expression) FROM \(table.source) "
      + "ORDER BY \(expression) COLLATE BINARY"
    return try connection.withStatement(sql) { statement in
      var codes = [UInt32](repeating: 0, count: numbers.count)
      var (count, missing) = (0, ListColumn.Sample?.none)
      var samples: [ListColumn.Sample] = []
      var texts = FoldedTexts()
      var last = LastValue()
      while try statement.step() {
        let number = statement.integer(at: 0)
        guard let row = numbers.row(number) else { return nil }
        if statement.type(at: 1) == .null {
          missing = missing ?? ListColumn.Sample(value: .null, number: number)
          codes[row] = .max
          continue
        }
        if last.changes(to: statement) {
          count += 1
          if count <= ListColumn.fewValues {
            samples.append(.init(value: statement.value(at: 1), number: number))
          }
          if isSearched, statement.type(at: 1) == .text {
            unsafe texts.append(statement.borrowedText(at: 1), code: count - 1)
            if texts.size > limit { return nil }
          }
        }
        codes[row] = UInt32(count - 1)
      }
      // The code of rows without a value follows those of all values.
      if missing != nil {
        for row in codes.indices where codes[row] == .max { codes[row] = UInt32(count) }
      }
      texts.shrink()
      return ListColumn(
        codes: RowCodes(codes, largest: count), valueCount: count,
        samples: count <= ListColumn.fewValues ? samples : nil, missing: missing,
        texts: isSearched ? texts : nil)
    }
  }

  /// The columns of JSON keys, read in one pass; those with too many different sets of texts are
  /// left out.
  func jsonColumns(
    _ keys: [RecordGroup.Key], _ numbers: RowNumbers
  ) throws -> [ListJSONColumn] {
    guard !keys.isEmpty else { return [] }
    let query = RecordQuery(table.kind)
    let columns = try keys.map { table.expressions[try query.position(of: $0.member)] }
    let sql = "SELECT rowid, \(columns.joined(separator: ", ")) FROM \(table.scanned)"
    var sets = keys.map { JSONTextSets($0) }
    var codes = keys.map { _ in [UInt32](repeating: 0, count: numbers.count) }
    try connection.forEachRow(sql) { found in
      guard let row = numbers.row(found.integer(at: 0)) else { return }
      for index in keys.indices {
        codes[index][row] = sets[index].code(of: found, at: Int32(index + 1))
      }
    }
    return keys.indices.compactMap { index in
      let texts = sets[index].sets
      guard texts.count <= JSONTextSets.most else { return nil }
      return ListJSONColumn(
        key: keys[index], codes: RowCodes(codes[index], largest: max(0, texts.count - 1)),
        sets: texts)
    }
  }
}

/// The value of the previous row, with which that of the next row is compared.
private struct LastValue {
  private var type = SQLiteStatement.ColumnType.null
  private var number: Value = .null
  private var bytes: [UInt8] = []

  /// Returns whether the value in column 1, which is not NULL, differs from the last one, and makes
  /// it the last one.
  mutating func changes(to statement: SQLiteStatement) -> Bool {
    let type = statement.type(at: 1)
    switch type {
    case .null: return false
    case .integer, .real:
      let value = statement.value(at: 1)
      defer { number = value }
      let isSame = (self.type == .integer || self.type == .real) && number.isSame(as: value)
      self.type = type
      return !isSame
    case .text, .blob:
      let found =
        unsafe type == .text ? statement.borrowedText(at: 1) : statement.borrowedBytes(at: 1)
      let isSame =
        unsafe self.type == type && bytes.count == found.count
        && bytes.withUnsafeBytes { unsafe Memory.areEqual($0, UnsafeRawBufferPointer(found)) }
      guard !isSame else { return false }
      self.type = type
      bytes.removeAll(keepingCapacity: true)
      unsafe bytes.append(contentsOf: found)
      return true
    }
  }
}

/// The different sets of texts in the JSON of a column.
private struct JSONTextSets {
  /// The largest number of sets for which a column is kept.
  static let most = 4096

  /// The sets, the first of which is empty.
  private(set) var sets: [[String]] = [[]]
  private let names: [String]
  /// Searches for the names in JSON: if none finds anything, the JSON has no texts.
  private let searches: [ByteSearch]
  /// The positions of the sets in `sets`, by the bytes of their texts.
  private var codes: [[[UInt8]]: UInt32] = [[]: 0]

  init(_ key: RecordGroup.Key) {
    names = if case .json(_, let names) = key { names } else { [] }
    // A name may also be written with an escape, which has a backslash.
    searches = names.map { ByteSearch("\"\($0)\"".utf8) } + [ByteSearch("\\".utf8)]
  }

  /// The position of the set of texts in the current row, which is added if it is new.
  mutating func code(of statement: SQLiteStatement, at column: Int32) -> UInt32 {
    guard statement.type(at: column) == .text else { return 0 }
    let text = unsafe UnsafeRawBufferPointer(statement.borrowedText(at: column))
    guard searches.contains(where: { unsafe $0.isFound(in: text) }) else { return 0 }
    let texts = JSONTexts(of: statement.value(at: column), names).texts
    let key = texts.map { Array($0.utf8) }
    if let code = codes[key] { return code }
    guard sets.count <= Self.most else { return 0 }
    let code = UInt32(sets.count)
    codes[key] = code
    sets.append(texts)
    return code
  }
}
