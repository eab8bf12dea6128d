import RMOSModels

/// The writing side of a ``SQLiteStore``, valid within one closure.
final class SQLiteTransaction: SQLiteReader, StoreTransaction {
  func insert(_ record: Record) throws {
    let session = try session()
    let id = try record.requiredID()
    let table = session.tables[record.kind]
    try writeOne(session, record.kind, id) {
      try session.connection.withStatement(
        slot: StatementSlot.insert.index(record.kind.ordinal), table.insert
      ) { statement in
        try statement.bindAll(record.values)
        try insert(with: statement, session, record.kind)
      }
      // What an older application deleted may have left its provenance behind.
      try deleteProvenance(record.kind, id: id)
    }
  }

  func insert(_ batch: RecordBatch, at index: Int, run: Int64) throws {
    let session = try session()
    let kind = batch.kind
    let table = session.tables[kind]
    try batch.arena.withUnsafeBufferPointer { arena in
      try writeOne(session, kind, batch.text(batch.entries[index].id)) {
        try session.connection.withStatement(
          slot: StatementSlot.insert.index(kind.ordinal), table.insert
        ) { statement in
          let (cells, first) = (batch.cells, index * table.fieldCount)
          for field in 0..<table.fieldCount {
            let parameter = Int32(field + 1)
            switch cells[first + field] {
            case .null: try statement.bindNull(at: parameter)
            case .integer(let number): try statement.bind(number, at: parameter)
            case .real(let number): try statement.bind(number, at: parameter)
            case .text(let span):
              try statement.bindBorrowed(
                text: UnsafeBufferPointer(rebasing: arena[span.range]), at: parameter)
            }
          }
          try insert(with: statement, session, kind)
        }
        let digest =
          try digestAfterTriggers(session, kind, batch.text(batch.entries[index].id))
          ?? batch.rowDigest(at: index)
        try session.connection.withStatement(
          slot: StatementSlot.insertProvenance.index(kind.ordinal), table.insertProvenance
        ) { statement in
          try statement.bindProvenance(of: batch, at: index, run: run, digest, arena)
        }
      }
    }
  }

  func update(_ record: Record) throws -> Bool {
    let session = try session()
    let id = try record.requiredID()
    guard let stored = try self.record(record.kind, id: id) else { return false }
    // Only what differs: SQLite checks a foreign key that is set, also to what it was, and a row whose
    // reference leads nowhere could not be changed at all.
    let changed = record.values.indices.filter { record.values[$0] != stored.values[$0] }
    if changed.isEmpty { return true }
    let fields = record.kind.schema.fields
    let assignments = changed.enumerated().map { "\(fields[$1].column) = ?\($0 + 2)" }
    let sql = "UPDATE \(record.kind.table) SET \(assignments.joined(separator: ", ")) WHERE id = ?1"
    return try writeOne(session, record.kind, id) {
      try session.connection.withStatement(sql) { statement in
        try statement.bindAll([record.values[0]] + changed.map { record.values[$0] })
        _ = try statement.step()
        return session.connection.changes > 0
      }
    }
  }

  func update(
    _ batch: RecordBatch, at index: Int, run: Int64, startedAt: String
  ) throws {
    let session = try session()
    let kind = batch.kind
    let id = batch.text(batch.entries[index].id)
    guard let stored = try record(kind, id: id) else { throw StoreError.nothingToUpdate(kind, id) }
    let row = batch.row(at: index, rewriting: stored, startedAt: startedAt)
    try writeOne(session, kind, id) {
      try session.connection.withStatement(
        slot: StatementSlot.insertBeforeImage.index(kind.ordinal),
        session.tables[kind].insertBeforeImage
      ) { statement in
        try statement.bind(id, at: 1)
        try statement.bind(run, at: 2)
        _ = try statement.step()
      }
      do {
        guard try rewrite(row, session) else { throw StoreError.passedOver(kind) }
      } catch {
        // What is refused is refused alone.
        try session.connection.withStatement(
          "DELETE FROM migration_before_images WHERE kind = ?1 AND entity_id = ?2 AND run_id = ?3"
        ) { statement in
          try statement.bind(kind.rawValue, at: 1)
          try statement.bind(id, at: 2)
          try statement.bind(run, at: 3)
          _ = try statement.step()
        }
        throw error
      }
      let digest = try digestAfterTriggers(session, kind, id) ?? RowDigest(of: row)
      try batch.arena.withUnsafeBufferPointer { arena in
        try session.connection.withStatement(
          slot: StatementSlot.insertProvenance.index(kind.ordinal),
          session.tables[kind].insertProvenance
        ) { statement in
          try statement.bindProvenance(of: batch, at: index, run: run, digest, arena)
        }
      }
    }
  }

  func delete(_ kind: EntityKind, id: String) throws -> Bool {
    let session = try session()
    let isDeleted = try session.connection.withStatement(
      slot: StatementSlot.delete.index(kind.ordinal), session.tables[kind].delete
    ) { statement in
      try statement.bind(id, at: 1)
      do {
        if session.layout.hasDeferredKeys {
          try settlingKeys(session) { _ = try statement.step() }
        } else {
          _ = try statement.step()
        }
      } catch let error as StoreError where error.code == .constraint {
        throw StoreError.stillReferenced(kind, id: id, sqliteCode: error.sqliteCode)
      }
      return session.connection.changes > 0
    }
    if isDeleted { try deleteProvenance(kind, id: id) }
    return isDeleted
  }

  private func deleteProvenance(_ kind: EntityKind, id: String) throws {
    try session().connection.withStatement(
      slot: StatementSlot.deleteProvenance.index(kind.ordinal),
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
    guard session.connection.changes > 0 else { throw StoreError.passedOver(kind) }
  }

  /// Replaces a row.
  ///
  /// - Returns: Whether it was there, and nothing passed over it.
  private func rewrite(_ record: Record, _ session: SQLiteSession) throws -> Bool {
    try session.connection.withStatement(
      slot: StatementSlot.update.index(record.kind.ordinal), session.tables[record.kind].update
    ) { statement in
      try statement.bindAll(record.values)
      _ = try statement.step()
      return session.connection.changes > 0
    }
  }

  /// The digest of a row just written as it stands, where a trigger may have changed it since; nil
  /// where there are no triggers, and it stands as it was written.
  @inline(__always)
  private func digestAfterTriggers(
    _ session: SQLiteSession, _ kind: EntityKind, _ id: @autoclosure () -> String
  ) throws -> RowDigest? {
    guard session.layout.hasTriggers else { return nil }
    let table = session.tables[kind]
    return try session.connection.withStatement(
      slot: StatementSlot.record.index(kind.ordinal), table.selectByID
    ) { statement in
      try statement.bind(id(), at: 1)
      guard try statement.step() else { throw StoreError.passedOver(kind) }
      return statement.rowDigest(table, at: 0)
    }
  }

  /// Runs `body`, and takes it back where it breaks a foreign key that SQLite would only check at
  /// the end of the transaction, which would then be lost whole.
  private func settlingKeys<Result>(
    _ session: SQLiteSession, _ body: () throws -> Result
  ) throws -> Result {
    try session.connection.savepoint {
      let result = try body()
      guard !session.connection.hasDeferredViolations else {
        throw StoreError(
          .constraint, "the database refuses the row (FOREIGN KEY constraint failed)",
          sqliteCode: 787)
      }
      return result
    }
  }

  /// Runs what writes one entity; where a part of it is refused, nothing of it is left.
  ///
  /// Without triggers only the statement that writes the row can be refused, and it is all or nothing
  /// by itself. A trigger of another application may refuse any statement, and end it with
  /// RAISE(FAIL), which keeps what was done so far, or RAISE(ROLLBACK), which keeps nothing at all.
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
        // Computed for this row by an index, a column, a CHECK or a trigger of another application.
        let reason = error.message(withoutPath: session.connection.handle.path)
        throw StoreError(
          .constraint, "the database refuses the row (\(reason))", path: error.path,
          sqliteCode: error.sqliteCode
        ).explained(kind, id: id())
      }
      if error.code == .duplicateID, session.layout.kindsWithLooseIDs.contains(kind) {
        throw StoreError.sameIDToTheDatabase(kind, id: id(), sqliteCode: error.sqliteCode)
      }
      throw error.explained(kind, id: id())
    }
  }
}

extension SQLiteStatement {
  fileprivate func bindAll(_ values: [Value]) throws(StoreError) {
    for (index, value) in values.enumerated() { try bind(value, at: Int32(index + 1)) }
  }

  /// Binds the parameters of ``SQLiteTables/Table/insertProvenance`` and runs it.
  fileprivate func bindProvenance(
    of batch: RecordBatch, at index: Int, run: Int64, _ row: RowDigest,
    _ arena: UnsafeBufferPointer<UInt8>
  ) throws {
    let entry = batch.entries[index]
    try bindBorrowed(text: UnsafeBufferPointer(rebasing: arena[entry.id.range]), at: 1)
    try bind(run, at: 2)
    switch entry.locator {
    case .none: try bindNull(at: 4)
    case .index(let number), .line(let number): try bind(Int64(number), at: 4)
    case .key(let span):
      try bindBorrowed(text: UnsafeBufferPointer(rebasing: arena[span.range]), at: 4)
    }
    try bind(Int64(entry.place.offset), at: 5)
    try bind(Int64(entry.byteLength), at: 6)
    if entry.unknownMembers.isEmpty {
      try bindNull(at: 8)
    } else {
      try bindBorrowed(
        text: UnsafeBufferPointer(rebasing: arena[entry.unknownMembers.range]), at: 8)
    }
    try bind(Int64(bitPattern: row.rawValue), at: 9)
    let words = entry.digest.words
    let digest = (
      words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian,
      words.4.bigEndian, words.5.bigEndian, words.6.bigEndian, words.7.bigEndian
    )
    var path = batch.sources[entry.source]
    try path.withUTF8 { path in
      try bindBorrowed(text: path, at: 3)
      try withUnsafeBytes(of: digest) { digest in
        try bindBorrowed(blob: digest, at: 7)
        _ = try step()
      }
    }
  }
}
