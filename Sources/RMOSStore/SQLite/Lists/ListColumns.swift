import RMOSModels
import RMOSSystem
import Synchronization

/// What lists of one kind are searched, filtered and ordered by, in memory, of one state of the
/// database.
///
/// A row's position is its place in the order of the ids.
struct ListColumns: Sendable {
  let kind: EntityKind
  let numbers: RowNumbers
  /// The columns by their members' positions in the schema.
  private let columns: [Int: ListColumn]
  private let jsonColumns: [ListJSONColumn]
  /// The rows that matched lately.
  let matches = ListMatches()

  /// The memory that it takes, in bytes.
  var size: Int {
    numbers.size + columns.values.reduce(0) { $0 + $1.size }
      + jsonColumns.reduce(0) { $0 + $1.codes.size }
  }

  /// The number of rows.
  var rowCount: Int { numbers.count }

  /// All rows.
  var all: RowBits { RowBits(rowCount: rowCount, containsAll: true) }

  func column(_ member: String) -> ListColumn? {
    kind.schema.position(ofMember: member).flatMap { columns[$0] }
  }

  func jsonColumn(_ key: RecordGroup.Key) -> ListJSONColumn? {
    jsonColumns.first { $0.key == key }
  }

  /// Whether it has what orders the rows.
  func orders(_ order: RecordQuery.Order) -> Bool {
    switch order {
    case .id, .member("id", _): true
    case .member(let member, _): column(member) != nil
    case .newestFirst: column("created_at") != nil
    }
  }

  /// The numbers of the rows of a page of a set, in an order that it has.
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

  /// Whether rows can be counted by a key.
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

/// The rows that match the conditions that were asked for last, as pages of one search ask for them
/// several times.
final class ListMatches: Sendable {
  private let known = Mutex<[(condition: RecordQuery.Condition, rows: RowBits)]>([])
  /// How many conditions are remembered.
  private static let capacity = 8

  /// The rows that match a condition, found by `find` if they are not known.
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
  /// The number of each row, from the first; empty if they follow one another.
  private let numbers: [UInt32]
  /// The row of each number from the first on, `UInt32.max` if there is none; empty if they follow
  /// one another.
  private let rows: [UInt32]

  /// Creates the numbers of rows; `nil` if they are too far apart.
  ///
  /// - Parameters:
  ///   - bounds: The least number and the greatest.
  ///   - count: How many there are.
  ///   - next: Returns the number of the next row.
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

  var size: Int { (numbers.count + rows.count) * 4 }

  /// The rows in the order of their numbers; `nil` if they are in that order already.
  var sequence: [UInt32]? { rows.isEmpty ? nil : rows }

  func number(_ row: Int) -> Int64 {
    first + (numbers.isEmpty ? Int64(row) : Int64(numbers[row]))
  }

  /// The row with a number; `nil` if there is none.
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
  /// Reads what lists of a kind need; `nil` if there are too few rows, or too many, or they have no
  /// numbers.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - session: The connection, in a transaction.
  ///   - fewest: The least number of rows for which it is worth the memory.
  ///   - limit: The memory that it may take, in bytes.
  ///   - takes: Called with the memory taken so far, while it grows.
  /// - Throws: What SQLite reports.
  init?(
    _ kind: EntityKind, _ session: SQLiteSession, fewest: Int, limit: Int,
    takes: (Int) -> Void = { _ in }
  ) throws {
    let table = try session.statements[kind]
    guard table.hasRowNumbers else { return nil }
    let source = ListColumnSource(table, session.connection)
    guard let numbers = try source.numbers(fewest: fewest, limit: limit) else { return nil }
    let presentation = kind.schema.presentation
    let facets = presentation.filters.filter { $0.isFacet && $0.jsonNames.isEmpty }
    let sorted = ["created_at"] + presentation.columns.map(\.member) + facets.map(\.member)
    // The ids are in an index, which is quick to go through.
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

  init(_ table: EntityStatements, _ connection: SQLiteConnection) {
    self.table = table
    self.connection = connection
  }

  /// The numbers of the rows in the order of the ids.
  func numbers(fewest: Int, limit: Int) throws -> RowNumbers? {
    // Of each row, codes of several columns are kept.
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

  /// A column, in one pass in the order of its values.
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
      // Rows without a value come last, after all values.
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

  /// The texts in JSON members, read in one pass; members with too many texts are left out.
  func jsonColumns(
    _ keys: [RecordGroup.Key], _ numbers: RowNumbers
  ) throws -> [ListJSONColumn] {
    guard !keys.isEmpty else { return [] }
    let query = RecordQuery(table.kind)
    let columns = try keys.map { table.expressions[try query.position(of: $0.member)] }
    let sql = "SELECT rowid, \(columns.joined(separator: ", ")) FROM \(table.scanned)"
    var sets = keys.map { JSONTextSets($0) }
    var codes = keys.map { _ in [UInt32](repeating: 0, count: numbers.count) }
    try connection.withStatement(sql) { statement in
      while try statement.step() {
        guard let row = numbers.row(statement.integer(at: 0)) else { continue }
        for index in keys.indices {
          codes[index][row] = sets[index].code(of: statement, at: Int32(index + 1))
        }
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

/// The value of the row before, to which the next is compared.
private struct LastValue {
  private var type = SQLiteStatement.ColumnType.null
  private var number: Value = .null
  private var bytes: [UInt8] = []

  /// Whether the value in a row, which is not NULL, differs from the last; it is the last then.
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
      let isSame =
        unsafe self.type == type
        && Self.areEqual(bytes, type == .text ? statement.borrowedText(at: 1) : nil, statement)
      guard !isSame else { return false }
      self.type = type
      bytes.removeAll(keepingCapacity: true)
      if type == .text {
        unsafe bytes.append(contentsOf: statement.borrowedText(at: 1))
      } else {
        bytes.append(contentsOf: statement.blob(at: 1))
      }
      return true
    }
  }

  private static func areEqual(
    _ bytes: [UInt8], _ text: UnsafeBufferPointer<UInt8>?, _ statement: SQLiteStatement
  ) -> Bool {
    guard let text = unsafe text else { return bytes == statement.blob(at: 1) }
    guard bytes.count == text.count else { return false }
    return unsafe bytes.withUnsafeBytes {
      unsafe Memory.areEqual($0, UnsafeRawBufferPointer(text))
    }
  }
}

/// The different sets of texts in the JSON of a column.
private struct JSONTextSets {
  /// How many are kept; with more, the column is not.
  static let most = 4096

  private(set) var sets: [[String]] = [[]]
  private let names: [String]
  private let signs: [ByteSearch]
  private var codes: [[[UInt8]]: UInt32] = [[]: 0]

  init(_ key: RecordGroup.Key) {
    names = if case .json(_, let names) = key { names } else { [] }
    // A name that is written with an escape has a backslash.
    signs = names.map { ByteSearch("\"\($0)\"".utf8) } + [ByteSearch("\\".utf8)]
  }

  /// The number of the set in the current row.
  mutating func code(of statement: SQLiteStatement, at column: Int32) -> UInt32 {
    guard statement.type(at: column) == .text else { return 0 }
    let text = unsafe UnsafeRawBufferPointer(statement.borrowedText(at: column))
    guard signs.contains(where: { unsafe $0.isFound(in: text) }) else { return 0 }
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
