import RMOSModels
import RMOSSystem

/// The reading side of a ``SQLiteStore``, valid within one closure.
class SQLiteReader: StoreReader {
  final let catalog: EntityCatalog
  private var current: SQLiteSession?
  /// The rows that matched the last query that was answered by a scan.
  final var lastMatches: RowMatches?
  /// The columns of the kinds that were asked for; `nil` if a kind has none.
  private var lists: [EntityKind: ListColumns?] = [:]
  private let listAccess: SQLiteListCache.Access?
  /// The entities of a batch for which the last look-up of facts found all references.
  private var checked: CheckedReferences?

  /// Entities of a batch whose references all exist.
  private struct CheckedReferences {
    let identity: RecordBatch.Identity
    let indices: Range<Int>
  }

  init(_ session: SQLiteSession, lists: SQLiteListCache.Access? = nil) {
    catalog = session.layout.catalog
    current = session
    listAccess = lists
  }

  /// The columns that answer queries of a kind from memory; `nil` if there are none.
  ///
  /// If there are none, building them begins if `isOfList`, which says that the query is one that
  /// is repeated while a list is browsed.
  final func list(_ kind: EntityKind, isOfList: Bool = true) -> ListColumns? {
    guard let listAccess else { return nil }
    if let known = lists[kind], known != nil || !isOfList { return known }
    let list = listAccess.columns(of: kind, builds: isOfList)
    lists[kind] = .some(list)
    return list
  }

  /// Whether the data that the reader sees cannot change, unlike in a transaction that writes.
  var isSnapshot: Bool { true }

  /// Invalidates the reader.
  func expire() { current = nil }

  /// The session; throws if the closure has ended.
  final func session() throws(StoreError) -> SQLiteSession {
    guard let current else { throw StoreError(.expiredHandle) }
    // Outside of a transaction, each further statement would be committed on its own.
    guard current.connection.isInTransaction else { throw current.connection.lostTransaction }
    return current
  }

  final func schemaVersion() throws -> SchemaVersion? { try session().layout.version }

  final func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    guard let result = try session().connection.run(until: isCancelled, body) else {
      throw StoreError.cancelled
    }
    return result
  }

  final func record(_ kind: EntityKind, id: String) throws -> Record? {
    let session = try session()
    let table = try session.statements[kind]
    return try session.connection.withStatement(
      slot: StatementSlot.record.index(table), table.selectByID
    ) { statement in
      try statement.bind(id, at: 1)
      return try statement.step() ? statement.record(table) : nil
    }
  }

  final func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    let session = try session()
    let table = try session.statements[kind]
    return try session.connection.withStatement(
      slot: StatementSlot.exists.index(table), table.selectExists
    ) { statement in
      try unsafe id.withUnsafeBufferPointer { id in
        try unsafe statement.bindBorrowed(text: id, at: 1)
        // The step is within the closure because it reads the borrowed id.
        return try statement.step()
      }
    }
  }

  /// Whether the last look-up of facts found all references of some entities.
  final func areChecked(_ batch: RecordBatch, at indices: [Int]) -> Bool {
    guard let checked, checked.identity === batch.identity else { return false }
    return indices.allSatisfy(checked.indices.contains)
  }

  /// Calls `body` with the index of each entity at `indices` whose text in a field is not the id of
  /// an entity of a kind.
  ///
  /// During a bulk load, ids that exist are remembered.
  final func forEachMissing(
    _ kind: EntityKind, inField field: Int, of batch: RecordBatch, at indices: some Collection<Int>,
    _ body: (Int) throws -> Void
  ) throws {
    func id(_ index: Int) -> RecordBatch.TextSpan? {
      guard case .text(let id) = batch.cells[index * batch.fieldCount + field] else { return nil }
      return id
    }
    guard let knownIDs = try session().knownIDs, let position = catalog.position(of: kind) else {
      for index in indices {
        guard let id = id(index) else { continue }
        if try !contains(kind, id: batch.arena.span.extracting(id.range)) { try body(index) }
      }
      return
    }
    // All keys are computed before the first look-up, so that the processor can overlap the memory
    // accesses of the look-ups.
    let keys = indices.map { index in
      id(index).map {
        KnownIDs.Key(batch.arena.span.extracting($0.range), ofKindAt: position)
      }
    }
    for (index, key) in zip(indices, keys) {
      guard let key, !knownIDs.contains(key), let id = id(index) else { continue }
      if try contains(kind, id: batch.arena.span.extracting(id.range)) {
        knownIDs.insert(key)
      } else {
        try body(index)
      }
    }
  }

  final func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
    let session = try session()
    let table = try session.statements[batch.kind]
    var facts = Array(repeating: StoredFacts(), count: range.count)
    var areThere = true
    for (position, reference) in batch.references.enumerated() {
      try forEachMissing(
        reference.target, inField: reference.field, of: batch, at: range
      ) { index in
        facts[index - range.lowerBound].danglingReferences.append(position)
        areThere = false
      }
    }
    checked = CheckedReferences(identity: batch.identity, indices: areThere ? range : 0..<0)
    if try areNew(batch, range, table, session) { return facts }
    let comparisons =
      try comparisonsInOrder(batch, range, table, session)
      ?? range.map { index in
        try session.connection.withStatement(
          slot: StatementSlot.comparison.index(table), table.selectForComparison
        ) { statement in
          try statement.comparison(of: batch, at: index, table)
        }
      }
    // The ids that were found are remembered for entities that refer to them.
    let knownIDs = table.isReferredTo ? session.knownIDs : nil
    for (position, comparison) in comparisons.enumerated() {
      facts[position].comparison = comparison
      if let knownIDs, comparison != .absent {
        knownIDs.insert(
          KnownIDs.Key(batch, at: range.lowerBound + position, ofKindAt: table.position))
      }
    }
    return facts
  }

  /// Whether no row has an id between the lowest and the highest id of the entities in a range, so
  /// that all of them are new, as in the first run over a source in order.
  private func areNew(
    _ batch: RecordBatch, _ range: Range<Int>, _ table: EntityStatements, _ session: SQLiteSession
  ) throws -> Bool {
    guard let sql = table.selectAny, range.count >= Self.fewest else { return false }
    return try unsafe batch.arena.withUnsafeBufferPointer { arena in
      var (first, last) = (range.lowerBound, range.upperBound - 1)
      func id(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(rebasing: arena[batch.entries[index].id.range])
      }
      if !batch.idsAscend(in: range) {
        last = first
        for index in range.dropFirst() {
          if unsafe id(index).precedes(id(first)) { first = index }
          if unsafe id(last).precedes(id(index)) { last = index }
        }
      }
      return try session.connection.withStatement(
        slot: StatementSlot.any.index(table), sql
      ) { statement in
        try unsafe statement.bindBorrowed(text: id(first), at: 1)
        try unsafe statement.bindBorrowed(text: id(last), at: 2)
        return try !statement.step()
      }
    }
  }

  /// The number of entities from which on looking them up together is faster than one by one.
  private static let fewest = 8

  /// Compares entities whose ids ascend with the rows from the first id to the last, reading both
  /// in order.
  ///
  /// - Returns: `nil` if the ids do not ascend, or if there are many other rows between them.
  private func comparisonsInOrder(
    _ batch: RecordBatch, _ range: Range<Int>, _ table: EntityStatements, _ session: SQLiteSession
  ) throws -> [StoredComparison]? {
    guard let rows = table.selectRange, let origins = table.selectUnknownMembers,
      range.count >= Self.fewest, batch.idsAscend(in: range)
    else { return nil }
    let connection = session.connection
    return try connection.withStatement(slot: StatementSlot.range.index(table), rows) { rows in
      try connection.withStatement(
        slot: StatementSlot.unknownMembers.index(table), origins
      ) { origins in
        try rows.comparisonsInOrder(of: batch, in: range, origins, table)
      }
    }
  }

  final func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    let session = try session()
    let table = try session.statements[kind]
    let sql =
      "SELECT \(table.expressions.joined(separator: ", ")) FROM \(table.source) "
      + "ORDER BY \(isSnapshot ? table.byID : whole(table))"
    try session.connection.forEachRow(sql) { try body($0.record(table)) }
  }

  final func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    let session = try session()
    let table = try session.statements[kind]
    let query = RecordQuery(kind)
    let columns = try members.map { table.expressions[try query.position(of: $0)] }
    // Rows are read in the order of the table, because in the order of the ids each row would have
    // to be looked up.
    let list = columns.isEmpty ? "NULL" : columns.joined(separator: ", ")
    let order = isSnapshot ? "" : " ORDER BY \(whole(table))"
    try session.connection.withStatement("SELECT \(list) FROM \(table.scanned)\(order)") {
      statement in
      // The array is reused for all rows.
      var values = [Value](repeating: .null, count: columns.count)
      while try statement.step() {
        for index in values.indices { values[index] = statement.value(at: Int32(index)) }
        try body(values)
      }
    }
  }

  /// An order by the id for which no index can be used, so that all rows are read and sorted before
  /// the first is returned, and rows written meanwhile are not among them.
  private func whole(_ table: EntityStatements) -> String { "+\(table.byID)" }
}

extension SQLiteStatement {
  /// The record in the current row, whose first columns are the fields of `table`.
  func record(_ table: EntityStatements) -> Record {
    Record(kind: table.kind, values: (0..<Int32(table.fieldCount)).map { value(at: $0) })
  }

  /// Compares an entity with the row that has its id.
  fileprivate func comparison(
    of batch: RecordBatch, at index: Int, _ table: EntityStatements
  ) throws -> StoredComparison {
    try unsafe batch.arena.withUnsafeBufferPointer { arena in
      guard !batch.entries[index].id.isEmpty else { return .absent }
      let id = unsafe UnsafeBufferPointer(rebasing: arena[batch.entries[index].id.range])
      try unsafe bindBorrowed(text: id, at: 1)
      guard try step() else { return .absent }
      return unsafe comparison(
        ofRowWith: batch, at: index, (self, Int32(table.fieldCount)), arena, table)
    }
  }

  /// Compares entities with the rows from the first id to the last, both in the order of the ids;
  /// `origins` returns the unknown members of rows in the same order.
  ///
  /// - Returns: `nil` if there are many other rows between them.
  fileprivate func comparisonsInOrder(
    of batch: RecordBatch, in range: Range<Int>, _ origins: SQLiteStatement,
    _ table: EntityStatements
  ) throws -> [StoredComparison]? {
    try unsafe batch.arena.withUnsafeBufferPointer { arena in
      func id(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(rebasing: arena[batch.entries[index].id.range])
      }
      for statement in [self, origins] {
        try unsafe statement.bindBorrowed(text: id(range.lowerBound), at: 1)
        try unsafe statement.bindBorrowed(text: id(range.upperBound - 1), at: 2)
      }
      var comparisons: [StoredComparison] = []
      comparisons.reserveCapacity(range.count)
      var rows = try RowsByID(self, mayPass: 2 * range.count)
      var known = try RowsByID(origins)
      for index in range {
        let id = unsafe id(index)
        let isThere = try unsafe rows.advance(to: id)
        if rows.hasPassedTooMany { return nil }
        guard isThere else {
          comparisons.append(.absent)
          continue
        }
        let isKnown = try unsafe known.advance(to: id)
        unsafe comparisons.append(
          comparison(
            ofRowWith: batch, at: index, isKnown ? (origins, 1) : nil, arena, table, hasSameID: true
          ))
      }
      return comparisons
    }
  }

  /// Compares an entity with the current row, whose unknown members are in a column of `unknown`;
  /// with `hasSameID`, their ids are known to be equal.
  private func comparison(
    ofRowWith batch: RecordBatch, at index: Int, _ unknown: (SQLiteStatement, Int32)?,
    _ arena: UnsafeBufferPointer<UInt8>, _ table: EntityStatements, hasSameID: Bool = false
  ) -> StoredComparison {
    let fields = (hasSameID ? 1 : 0)..<table.fieldCount
    if unsafe isEqual(to: batch, at: index, in: fields, unknown, arena, table) {
      return .identical
    }
    let comparison = StoredComparison(
      of: batch, at: index, with: record(table),
      unknownMembers: unknown.flatMap { $0.text(at: $1) })
    guard comparison == .identical else { return comparison }
    // The comparison has replaced bytes that are not UTF-8, so such texts differ even if it found
    // them equal.
    var members: [String] = []
    for (position, field) in batch.kind.schema.fields.enumerated()
    where !field.defaultsToRunTime || batch.entries[index].given.contains(position) {
      if !isValidText(at: Int32(position)) { members.append(field.member) }
    }
    return members.isEmpty ? .identical : .differs(members: members)
  }

  /// Whether a column is not text, or is valid UTF-8.
  private func isValidText(at column: Int32) -> Bool {
    guard type(at: column) == .text else { return true }
    let text = unsafe borrowedText(at: column)
    return unsafe text.isASCII || String(validating: text, as: UTF8.self) != nil
  }

  /// Whether the current row equals the entity byte for byte, in some fields and the unknown
  /// members; it does not allocate.
  ///
  /// If not, both may still have the same content, such as JSON with different white space.
  private func isEqual(
    to batch: RecordBatch, at index: Int, in fields: Range<Int>,
    _ unknown: (SQLiteStatement, Int32)?, _ arena: UnsafeBufferPointer<UInt8>,
    _ table: EntityStatements
  ) -> Bool {
    let entry = batch.entries[index]
    let (cells, first) = (batch.cells, index * table.fieldCount)
    for field in fields {
      if table.runTimeFields.contains(field), !entry.given.contains(field) { continue }
      let column = Int32(field)
      let type = type(at: column)
      switch cells[first + field] {
      case .null: guard type == .null else { return false }
      case .integer(let number):
        guard type == .integer, integer(at: column) == number else { return false }
      case .real(let number):
        guard type == .real, real(at: column) == number else { return false }
      case .text(let span):
        guard type == .text, unsafe isText(at: column, equalTo: arena, span, table) else {
          return false
        }
      }
    }
    guard let (statement, column) = unknown else { return entry.unknownMembers.isEmpty }
    if entry.unknownMembers.isEmpty { return statement.type(at: column) == .null }
    return unsafe statement.isText(at: column, equalTo: arena, entry.unknownMembers, table)
  }

  /// Whether a text has the same bytes as a span of the arena.
  private func isText(
    at column: Int32, equalTo arena: UnsafeBufferPointer<UInt8>, _ span: RecordBatch.TextSpan,
    _ table: EntityStatements
  ) -> Bool {
    let stored = unsafe table.isUTF8 ? borrowedBytes(at: column) : borrowedText(at: column)
    guard stored.count == Int(span.length) else { return false }
    guard span.length > 0 else { return true }
    return unsafe Memory.areEqual(
      UnsafeRawBufferPointer(stored),
      UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(arena)[span.range]))
  }
}

/// The rows of a query in the order of their first column, the id, which is text in UTF-8.
@safe private struct RowsByID: ~Copyable {
  private let statement: SQLiteStatement
  /// The id of the current row; `nil` behind the last one.
  private var id: UnsafeBufferPointer<UInt8>?
  /// The number of rows that may be passed over.
  private var mayPass: Int

  /// Moves to the first row.
  init(_ statement: SQLiteStatement, mayPass: Int = .max) throws {
    self.statement = statement
    self.mayPass = mayPass
    unsafe id = nil
    try step()
  }

  /// Whether more rows were passed over than may be.
  var hasPassedTooMany: Bool { mayPass < 0 }

  /// Passes over the rows with lower ids.
  ///
  /// - Returns: Whether the current row has the id.
  mutating func advance(to other: UnsafeBufferPointer<UInt8>) throws -> Bool {
    while let id = unsafe id, mayPass >= 0 {
      let order = unsafe Memory.compare(id, other)
      if order >= 0 { return order == 0 }
      mayPass -= 1
      try step()
    }
    return false
  }

  private mutating func step() throws {
    unsafe id = try unsafe statement.step() ? statement.borrowedBytes(at: 0) : nil
  }
}
