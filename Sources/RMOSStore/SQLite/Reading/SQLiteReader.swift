import RMOSModels
import RMOSSystem

/// The reading side of a ``SQLiteStore``, valid within one closure.
class SQLiteReader: StoreReader {
  final let catalog: EntityCatalog
  private var current: SQLiteSession?
  /// The rows that matched last.
  final var lastMatches: RowMatches?
  /// The columns of lists by kind; only kinds that were asked for.
  private var lists: [EntityKind: ListColumns?] = [:]
  private let listAccess: SQLiteListCache.Access?
  /// The entities of a batch whose references were found last.
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

  /// What answers queries of a kind from memory; `nil` if nothing does.
  ///
  /// If `isOfList`, they are of those that browsing a list asks again and again, so the
  /// columns are built if there are none.
  final func list(_ kind: EntityKind, isOfList: Bool = true) -> ListColumns? {
    guard let listAccess else { return nil }
    if let known = lists[kind], known != nil || !isOfList { return known }
    let list = listAccess.columns(of: kind, builds: isOfList)
    lists[kind] = .some(list)
    return list
  }

  /// Whether nothing changes what the reader sees.
  var isSnapshot: Bool { true }

  /// Invalidates the reader.
  func expire() { current = nil }

  /// The session; throws if the closure has ended.
  final func session() throws(StoreError) -> SQLiteSession {
    guard let current else { throw StoreError(.expiredHandle) }
    // Otherwise each statement that follows would be committed on its own.
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
        // The step is within the borrow, since it reads the id.
        return try statement.step()
      }
    }
  }

  /// Whether the references of entities were found by the last look-up of facts.
  final func areChecked(_ batch: RecordBatch, at indices: [Int]) -> Bool {
    guard let checked, checked.identity === batch.identity else { return false }
    return indices.allSatisfy(checked.indices.contains)
  }

  /// Calls `body` for each text in a field of the entities at `indices` that is not the id of an
  /// entity of a kind; a bulk load remembers ids that exist.
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
    // The places of all are known before the first is looked at, so that they are fetched together.
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
    // The ids just read are remembered, so that entities that refer to them need no look-up.
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

  /// Whether it is certain that none of the entities in a range is there: no row has an id from the
  /// first to the last of theirs, as in the first run over a source in order.
  private func areNew(
    _ batch: RecordBatch, _ range: Range<Int>, _ table: EntityStatements, _ session: SQLiteSession
  ) throws -> Bool {
    // Fewer are as quickly looked up one by one.
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

  /// From this number on, entities are looked up together.
  private static let fewest = 8

  /// Compares entities, whose ids must ascend, with the rows from the first id to the last, in the
  /// order of both.
  ///
  /// - Returns: `nil` if the ids do not ascend, or there are many other rows between them.
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
    try session.connection.withStatement(sql) { statement in
      while try statement.step() { try body(statement.record(table)) }
    }
  }

  final func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    let session = try session()
    let table = try session.statements[kind]
    let query = RecordQuery(kind)
    let columns = try members.map { table.expressions[try query.position(of: $0)] }
    // Rows are read in the order of the table: in the order of the ids, each row would have to be
    // looked up.
    let list = columns.isEmpty ? "NULL" : columns.joined(separator: ", ")
    let order = isSnapshot ? "" : " ORDER BY \(whole(table))"
    try session.connection.withStatement("SELECT \(list) FROM \(table.scanned)\(order)") {
      statement in
      // One array for all rows.
      var values = [Value](repeating: .null, count: columns.count)
      while try statement.step() {
        for index in values.indices { values[index] = statement.value(at: Int32(index)) }
        try body(values)
      }
    }
  }

  /// An order by the id for which no index serves: all rows are sorted before the first is
  /// returned, so that what is written meanwhile is not among them.
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
  /// `origins` has the unknown members of rows in the same order.
  ///
  /// - Returns: `nil` if there are many other rows.
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
      var (hasRow, hasOrigin) = (try step(), try origins.step())
      var others = 0
      for index in range {
        while hasRow, unsafe borrowedText(at: 0).precedes(id(index)) {
          others += 1
          if others > 2 * range.count { return nil }
          hasRow = try step()
        }
        guard hasRow, unsafe isText(at: 0, equalTo: arena, batch.entries[index].id) else {
          comparisons.append(.absent)
          continue
        }
        while hasOrigin, unsafe origins.borrowedText(at: 0).precedes(id(index)) {
          hasOrigin = try origins.step()
        }
        let isKnown =
          unsafe hasOrigin
          && origins.isText(at: 0, equalTo: arena, batch.entries[index].id)
        unsafe comparisons.append(
          comparison(ofRowWith: batch, at: index, isKnown ? (origins, 1) : nil, arena, table))
      }
      return comparisons
    }
  }

  /// Compares an entity with the current row; `unknown` is where the row's unknown members are.
  private func comparison(
    ofRowWith batch: RecordBatch, at index: Int, _ unknown: (SQLiteStatement, Int32)?,
    _ arena: UnsafeBufferPointer<UInt8>, _ table: EntityStatements
  ) -> StoredComparison {
    if unsafe isEqual(to: batch, at: index, unknown, arena, table) { return .identical }
    let comparison = StoredComparison(
      of: batch, at: index, with: record(table),
      unknownMembers: unknown.flatMap { $0.text(at: $1) })
    guard comparison == .identical else { return comparison }
    // What is not UTF-8 was read as something else, with which the entity was compared.
    var members: [String] = []
    for (position, field) in batch.kind.schema.fields.enumerated()
    where !field.defaultsToRunTime || batch.entries[index].given.contains(position) {
      if !isValidText(at: Int32(position)) { members.append(field.member) }
    }
    return members.isEmpty ? .identical : .differs(members: members)
  }

  /// Whether a column is UTF-8, if it is text.
  private func isValidText(at column: Int32) -> Bool {
    guard type(at: column) == .text else { return true }
    let text = unsafe borrowedText(at: column)
    return unsafe text.isASCII || String(validating: text, as: UTF8.self) != nil
  }

  /// Whether the current row of a comparison equals the entity byte for byte, without allocating.
  ///
  /// False says nothing yet: the same content can be written in other ways.
  private func isEqual(
    to batch: RecordBatch, at index: Int, _ unknown: (SQLiteStatement, Int32)?,
    _ arena: UnsafeBufferPointer<UInt8>, _ table: EntityStatements
  ) -> Bool {
    let entry = batch.entries[index]
    let (cells, first) = (batch.cells, index * table.fieldCount)
    for field in 0..<table.fieldCount {
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
        guard type == .text, unsafe isText(at: column, equalTo: arena, span) else { return false }
      }
    }
    guard let (statement, column) = unknown else { return entry.unknownMembers.isEmpty }
    if entry.unknownMembers.isEmpty { return statement.type(at: column) == .null }
    return unsafe statement.isText(at: column, equalTo: arena, entry.unknownMembers)
  }

  private func isText(
    at column: Int32, equalTo arena: UnsafeBufferPointer<UInt8>, _ span: RecordBatch.TextSpan
  ) -> Bool {
    let stored = unsafe borrowedText(at: column)
    guard stored.count == Int(span.length) else { return false }
    guard span.length > 0 else { return true }
    return unsafe Memory.areEqual(
      UnsafeRawBufferPointer(stored),
      UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(arena)[span.range]))
  }
}
