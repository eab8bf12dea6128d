import RMOSModels

/// The writing side of a ``SQLiteStore``, valid within one closure.
final class SQLiteTransaction: SQLiteReader, StoreTransaction {
  override var isSnapshot: Bool { false }

  /// The session, in which SQLite enforces foreign keys; only for batches does this class check
  /// them.
  func enforcingSession() throws(StoreError) -> SQLiteSession {
    let session = try session()
    try session.connection.setEnforcesKeys(true)
    try session.connection.enlargeCache()
    return session
  }

  func insert(_ record: Record, provenance: Provenance?) throws {
    let session = try enforcingSession()
    let id = try record.requiredID()
    let table = try session.statements[record.kind]
    try writeOne(session, record.kind, id) {
      try checkForms(of: record, session)
      try session.connection.withStatement(
        slot: StatementSlot.insert.index(table), table.insert
      ) { statement in
        try statement.bind(record.values)
        try insert(with: statement, session, record.kind)
      }
      if let provenance {
        try write(provenance, of: record, session)
      } else {
        // An older application that deleted the row may have left its provenance behind.
        try deleteProvenance(record.kind, id: id)
      }
    }
  }

  func insert(
    _ batch: RecordBatch, at indices: [Int], run: Int64
  ) throws -> [Int: StoreError] {
    let session = try session()
    try session.connection.enlargeCache()
    let table = try session.statements[batch.kind]
    let knownIDs = table.isReferredTo ? session.knownIDs : nil
    let rows = BatchRows(batch, run: run)
    if try !session.connection.enforcesKeys && !areChecked(batch, at: indices)
      && hasDanglingKey(batch, at: indices)
    {
      // With enforcement, SQLite refuses the entity with the dangling reference.
      try session.connection.setEnforcesKeys(true)
    }
    let size = session.connection.enforcesKeys ? 1 : BatchRows.groupSize
    var refusals: [Int: StoreError] = [:]
    var rest = indices[...]
    while !rest.isEmpty {
      let group = rest.prefix(size)
      rest = rest.dropFirst(size)
      let inserted =
        group.count == BatchRows.groupSize
        ? try insertFirst(of: group, rows, table, session) : 0
      if let knownIDs {
        for index in group.prefix(inserted) {
          knownIDs.insert(KnownIDs.Key(batch, at: index, ofKindAt: table.position))
        }
      }
      for index in group.dropFirst(inserted) {
        do {
          try insert(rows, at: index, table, session)
          knownIDs?.insert(KnownIDs.Key(batch, at: index, ofKindAt: table.position))
        } catch let error as StoreError where error.concernsOneRecord {
          refusals[index] = error
        }
      }
    }
    return refusals
  }

  /// Whether one of the entities has a dangling reference that SQLite would refuse.
  private func hasDanglingKey(_ batch: RecordBatch, at indices: [Int]) throws -> Bool {
    var isDangling = false
    for key in batch.kind.schema.foreignKeys where !isDangling {
      try forEachMissing(key.target, inField: key.field, of: batch, at: indices) { _ in
        isDangling = true
      }
    }
    return isDangling
  }

  /// Inserts entities of a batch, up to the first that is refused, by one statement for all rows
  /// and one for their provenance.
  ///
  /// - Returns: The number of rows inserted.
  private func insertFirst(
    of group: ArraySlice<Int>, _ rows: BatchRows, _ table: EntityStatements,
    _ session: SQLiteSession
  ) throws -> Int {
    let inserted = group.prefix(try insertRows(group, rows, table, session))
    if try inserted.count < group.count || !insertProvenance(of: group, rows, table, session) {
      for index in inserted { try insertProvenance(rows, at: index, nil, table, session) }
    }
    return inserted.count
  }

  /// Inserts the rows of entities, up to the first that is refused.
  ///
  /// - Returns: The number of rows inserted.
  private func insertRows(
    _ group: ArraySlice<Int>, _ rows: BatchRows, _ table: EntityStatements,
    _ session: SQLiteSession
  ) throws -> Int {
    do {
      try session.connection.withStatement(
        slot: StatementSlot.insertGroup.index(table), table.insertGroup(of: group.count)
      ) { statement in
        try rows.bindValues(of: group, to: statement)
        _ = try statement.step()
      }
    } catch let error as StoreError
      where (error.concernsOneRecord || error.isOfExpression)
      && session.connection.isInTransaction
    {
      if error.concernsOneRecord && error.sqliteResult != .constraintDatatype {
        return session.connection.changes
      }
      // OR FAIL does not cover type errors in a STRICT table: the rows before the failing one stay
      // inserted, but `changes` does not count them.
      let last = try session.connection.withStatement(
        "SELECT id FROM \(table.kind.table) WHERE rowid = last_insert_rowid()"
      ) { try $0.step() ? $0.text(at: 0) : nil }
      guard let last else { return 0 }
      return group.firstIndex { rows.id(at: $0).hasSameUTF8(as: last) }
        .map { $0 + 1 - group.startIndex } ?? 0
    }
    guard session.connection.changes == group.count else {
      throw StoreError.ignoredRow(table.kind)
    }
    return group.count
  }

  private func insert(
    _ rows: BatchRows, at index: Int, _ table: EntityStatements, _ session: SQLiteSession
  ) throws {
    let kind = table.kind
    try writeOne(session, kind, rows.id(at: index)) {
      if session.layout.tables[kind]?.convertingColumns.isEmpty == false {
        try checkForms(of: rows.record(at: index), session)
      }
      try session.connection.withStatement(
        slot: StatementSlot.insert.index(table), table.insert
      ) { statement in
        try rows.bindValues(of: CollectionOfOne(index), to: statement)
        try insert(with: statement, session, kind)
      }
      let digest = try digestAfterTriggers(session, kind, rows.id(at: index))
      try insertProvenance(rows, at: index, digest, table, session)
    }
  }

  /// Inserts the provenance of entities that have none.
  ///
  /// - Returns: `false` if one of them has provenance already, which an older application left when
  ///   it deleted the row.
  private func insertProvenance(
    of group: ArraySlice<Int>, _ rows: BatchRows, _ table: EntityStatements,
    _ session: SQLiteSession
  ) throws -> Bool {
    do {
      try session.connection.withStatement(
        slot: StatementSlot.insertProvenanceGroup.index(table),
        ProvenanceColumn.insertSQL(table.kind, rows: group.count)
      ) { statement in
        try rows.bindProvenance(of: group, to: statement)
      }
      return true
    } catch let error as StoreError
      where error.concernsOneRecord && session.connection.isInTransaction
    {
      return false
    }
  }

  private func insertProvenance(
    _ rows: BatchRows, at index: Int, _ digest: RowDigest?, _ table: EntityStatements,
    _ session: SQLiteSession
  ) throws {
    try session.connection.withStatement(
      slot: StatementSlot.insertProvenance.index(table), table.insertProvenance
    ) { statement in
      try rows.bindProvenance(of: CollectionOfOne(index), digest, to: statement)
    }
  }

  func update(_ record: Record) throws -> Bool {
    let session = try enforcingSession()
    let id = try record.requiredID()
    guard let stored = try self.record(record.kind, id: id) else { return false }
    // Only values that differ are set: SQLite checks a foreign key even if its value does not
    // change, so otherwise a row with a dangling reference could not be updated.
    let changed = record.values.indices.filter { record.values[$0] != stored.values[$0] }
    if changed.isEmpty { return true }
    let fields = record.kind.schema.fields
    let assignments = changed.enumerated().map { "\(fields[$1].column) = ?\($0 + 2)" }
    let table = try session.statements[record.kind]
    let sql =
      "\(table.updateVerb) \(record.kind.table) SET \(assignments.joined(separator: ", ")) "
      + "WHERE \(table.isID("id", "?1"))"
    return try writeOne(session, record.kind, id) {
      try checkForms(of: record, session)
      return try session.connection.withStatement(sql) { statement in
        try statement.bind([record.values[0]] + changed.map { record.values[$0] })
        _ = try statement.step()
        return session.connection.changes > 0
      }
    }
  }

  func rewrite(_ record: Record, provenance: Provenance) throws {
    let session = try enforcingSession()
    let kind = record.kind
    let table = try session.statements[kind]
    let id = try record.requiredID()
    guard try contains(kind, id: id) else { throw StoreError(.nothingToUpdate(kind, id: id)) }
    try writeOne(session, kind, id) {
      try session.connection.withStatement(
        slot: StatementSlot.insertBeforeImage.index(table), table.insertBeforeImage
      ) { statement in
        try statement.bind(id, at: 1)
        try statement.bind(provenance.run, at: 2)
        do {
          _ = try statement.step()
        } catch let error as StoreError where error.code == .duplicateID {
          throw StoreError(.rewrittenTwice(kind, id: id, run: provenance.run))
        }
      }
      do {
        guard try replace(record, session) else { throw StoreError.ignoredRow(kind) }
      } catch {
        // The transaction continues without this entity, so its before-image must be removed.
        try deleteBeforeImage(kind, id: id, run: provenance.run, session)
        throw error
      }
      try write(provenance, of: record, session)
    }
  }

  func restore(_ image: BeforeImage, run: Int64) throws -> Bool {
    let session = try enforcingSession()
    let (kind, id) = (image.record.kind, image.record.id)
    let isThere = try contains(kind, id: id)
    try writeOne(session, kind, id) {
      try deleteBeforeImage(kind, id: id, run: run, session)
      guard isThere else { return }
      guard try replace(image.record, session) else {
        throw StoreError.ignoredUndo(kind, run: run)
      }
      guard let provenance = image.provenance else {
        return try deleteProvenance(kind, id: id)
      }
      // If the row was edited before the run, the digest stays, so that it still counts as edited.
      // If not, a new digest is computed, so that changes by a trigger do not count as edits.
      let isAsWritten = provenance.rowDigest == RowDigest(of: image.record)
      try write(provenance, of: image.record, session, keepsDigest: !isAsWritten)
    }
    return isThere
  }

  private func deleteBeforeImage(
    _ kind: EntityKind, id: String, run: Int64, _ session: SQLiteSession
  ) throws {
    try session.connection.run(
      "DELETE FROM migration_before_images WHERE kind = ?1 AND entity_id = ?2 AND run_id = ?3",
      .text(kind.rawValue), .text(id), .integer(run))
  }

  /// Writes the provenance of a row that was just written, with the digest of the stored row, or
  /// with its own digest if `keepsDigest`.
  private func write(
    _ provenance: Provenance, of record: Record, _ session: SQLiteSession,
    keepsDigest: Bool = false
  ) throws {
    let kind = record.kind
    let table = try session.statements[kind]
    let digest =
      keepsDigest
      ? provenance.rowDigest
      : try digestAfterTriggers(session, kind, record.id) ?? RowDigest(of: record.asStored)
    try session.connection.withStatement(
      slot: StatementSlot.insertProvenance.index(table), table.insertProvenance
    ) { statement in
      try statement.bind(provenance, id: record.id, digest)
    }
  }

  func delete(_ kind: EntityKind, id: String) throws -> Bool {
    let session = try enforcingSession()
    session.connection.knownIDs?.removeAll()
    let table = try session.statements[kind]
    let isDeleted = try session.connection.withStatement(
      slot: StatementSlot.delete.index(table), table.delete
    ) { statement in
      try statement.bind(id, at: 1)
      do {
        if session.layout.hasDeferredKeys {
          try settlingKeys(session) { _ = try statement.step() }
        } else {
          _ = try statement.step()
        }
      } catch let error as StoreError where error.code == .constraint {
        let others = try otherReferrers(to: kind, id: id)
        throw others.isEmpty
          ? StoreError.stillReferenced(kind, id: id, catalog, sqliteCode: error.sqliteCode)
          : StoreError.stillReferenced(kind, id: id, by: others, sqliteCode: error.sqliteCode)
      }
      return session.connection.changes > 0
    }
    if isDeleted { try deleteProvenance(kind, id: id) }
    return isDeleted
  }

  private func deleteProvenance(_ kind: EntityKind, id: String) throws {
    let session = try session()
    try session.connection.withStatement(
      slot: StatementSlot.deleteProvenance.index(try session.statements[kind]),
      "DELETE FROM migration_provenance WHERE kind = '\(kind.rawValue)' AND entity_id = ?"
    ) { statement in
      try statement.bind(id, at: 1)
      _ = try statement.step()
    }
  }

  @inline(__always)
  private func insert(
    with statement: SQLiteStatement, _ session: SQLiteSession, _ kind: EntityKind
  ) throws {
    _ = try statement.step()
    guard session.connection.changes > 0 else { throw StoreError.ignoredRow(kind) }
  }

  /// Replaces a row.
  ///
  /// - Returns: Whether the row existed, and no trigger made SQLite ignore the update.
  private func replace(_ record: Record, _ session: SQLiteSession) throws -> Bool {
    let table = try session.statements[record.kind]
    try checkForms(of: record, session)
    return try session.connection.withStatement(
      slot: StatementSlot.update.index(table), table.update
    ) { statement in
      try statement.bind(record.values)
      _ = try statement.step()
      return session.connection.changes > 0
    }
  }

  /// Refuses a row in which the database would convert a text, such as "007", into a number, or a
  /// number into text, since values of a source must not change.
  private func checkForms(of record: Record, _ session: SQLiteSession) throws(StoreError) {
    for column in session.layout.tables[record.kind]?.convertingColumns ?? [] {
      if column.affinity.keepsForm(of: record.values[column.field]) { continue }
      let field = record.kind.schema.fields[column.field]
      let form = column.affinity == .text ? "text" : "a number"
      throw StoreError(
        .constraint,
        "the database would turn \(field.column) into \(form), because that column is declared as "
          + "\(column.type); declare it as \(field.type.sqlType)",
        path: session.connection.handle.path)
    }
  }

  /// The digest of a row that was just written, and that a trigger may have changed; `nil` if there
  /// are no triggers.
  @inline(__always)
  private func digestAfterTriggers(
    _ session: SQLiteSession, _ kind: EntityKind, _ id: @autoclosure () -> String
  ) throws -> RowDigest? {
    guard session.layout.hasTriggers else { return nil }
    let table = try session.statements[kind]
    return try session.connection.withStatement(
      slot: StatementSlot.record.index(table), table.selectByID
    ) { statement in
      try statement.bind(id(), at: 1)
      guard try statement.step() else { throw StoreError.ignoredRow(kind) }
      return statement.rowDigest(table, at: 0)
    }
  }

  /// Runs `body`, and rolls it back if it breaks a deferred foreign key, because of which
  /// committing the whole transaction would fail.
  private func settlingKeys<Result>(
    _ session: SQLiteSession, _ body: () throws -> Result
  ) throws -> Result {
    try session.connection.savepoint {
      let result = try body()
      guard !session.connection.hasDeferredViolations else {
        throw StoreError(
          .constraint, "the database rejected the row (FOREIGN KEY constraint failed)",
          sqliteCode: SQLiteResult.constraintForeignKey.rawValue)
      }
      return result
    }
  }

  /// Runs the statements that write one entity, and rolls all of them back if one is refused.
  ///
  /// Without triggers, only the statement that writes the row can be refused, and a single
  /// statement is atomic. A trigger of another application may refuse any statement, and end it
  /// with RAISE(FAIL), which keeps what was done so far, or RAISE(ROLLBACK), which rolls the whole
  /// transaction back.
  @inline(__always)
  private func writeOne<Result>(
    _ session: SQLiteSession, _ kind: EntityKind, _ id: @autoclosure () -> String,
    _ body: () throws -> Result
  ) throws -> Result {
    do {
      if session.layout.hasDeferredKeys { return try settlingKeys(session, body) }
      return session.layout.hasTriggers ? try session.connection.savepoint(body) : try body()
    } catch let error as StoreError {
      guard !error.concernsOneRecord || session.connection.isInTransaction else {
        throw session.connection.lostTransaction(by: error)
      }
      if error.isOfExpression, session.connection.isInTransaction {
        // An expression in an index, a generated column, a CHECK or a trigger of another
        // application has failed for this row.
        let reason = error.message(withoutPath: session.connection.handle.path)
        throw StoreError(
          .constraint, "the database rejected the row (\(reason))", path: error.path,
          sqliteCode: error.sqliteCode
        ).explained(kind, id: id())
      }
      if error.code == .duplicateID, session.layout.hasLooseIDs(kind) {
        throw StoreError.sameIDToTheDatabase(kind, id: id(), sqliteCode: error.sqliteCode)
      }
      throw error.explained(kind, id: id())
    }
  }
}

extension SQLiteStatement {
  /// Binds the parameters of ``EntityStatements/insertProvenance``, and runs the statement.
  fileprivate func bind(_ provenance: Provenance, id: String, _ digest: RowDigest?) throws {
    let row = LedgerRow<ProvenanceColumn>(self, parameter: 0)
    try row.bind(id, to: .entityID)
    try row.bind(provenance.run, to: .run)
    try row.bind(provenance.path, to: .path)
    try row.bind(provenance.locator, to: .locator)
    try row.bind(Int64(provenance.byteOffset), to: .byteOffset)
    try row.bind(Int64(provenance.byteLength), to: .byteLength)
    try row.bind(provenance.unknownMembers, to: .unknownMembers)
    try row.bind(digest.map { Int64(bitPattern: $0.rawValue) }, to: .rowDigest)
    try unsafe provenance.sha256.bytes.withUnsafeBytes { sha256 in
      try unsafe row.bindBorrowed(blob: sha256, to: .sha256)
      _ = try step()
    }
  }
}
