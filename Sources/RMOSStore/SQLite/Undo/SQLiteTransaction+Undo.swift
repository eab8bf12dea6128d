import RMOSModels

extension SQLiteTransaction {
  func undo(run: Int64) throws -> UndoCounts {
    let session = try session()
    let connection = session.connection
    func execute(_ sql: String) throws -> Int {
      do {
        return try connection.withStatement(sql) { statement in
          try statement.bind(run, at: 1)
          _ = try statement.step()
          return connection.changes
        }
      } catch var error as StoreError where error.code == .constraint {
        error.message =
          "run \(run) cannot be undone: \(error.message); look for a trigger or a constraint of "
          + "another application. Nothing was changed"
        throw error
      }
    }
    func count(_ sql: String) throws -> Int {
      try connection.withStatement(sql) { statement in
        try statement.bind(run, at: 1)
        return try statement.step() ? Int(statement.integer(at: 0)) : 0
      }
    }
    var counts = UndoCounts()
    // What is restored first: it may refer to what goes, until it is.
    for kind in EntityKind.allCases {
      let assignments = zip(
        kind.schema.fields.dropFirst(), SQLiteSchema.beforeImageColumns(of: kind)
      ).map { "\($0.column) = i.\($1)" }
      let restored = try execute(
        "UPDATE \(kind.table) SET \(assignments.joined(separator: ", ")) "
          + "FROM migration_before_images i WHERE i.kind = '\(kind.rawValue)' AND i.run_id = ?1 "
          + "AND i.entity_id = \(kind.table).id")
      let images =
        "SELECT count(*) FROM migration_before_images i WHERE i.kind = '\(kind.rawValue)' "
        + "AND i.run_id = ?1"
      // Whether the rows are there is asked only then: it takes longer, and they should be.
      if try restored != count(images),
        try restored
          != count(
            "\(images) AND EXISTS (SELECT 1 FROM \(kind.table) t "
              + "WHERE \(session.tables[kind].isID("t.id", "i.entity_id")))")
      {
        throw StoreError.undoPassedOver(kind, run: run)
      }
      counts.restored[kind] = restored
    }
    _ = try execute(
      "INSERT OR REPLACE INTO migration_provenance (kind, entity_id, run_id, path, locator, "
        + "byte_offset, byte_length, sha256, unknown_json, row_digest) "
        + "SELECT kind, entity_id, \(SQLiteSchema.provenanceColumns) "
        + "FROM migration_before_images WHERE run_id = ?1 AND from_run IS NOT NULL")
    _ = try execute(
      "DELETE FROM migration_provenance WHERE (kind, entity_id) IN "
        + "(SELECT kind, entity_id FROM migration_before_images "
        + "WHERE run_id = ?1 AND from_run IS NULL)")
    if session.layout.hasTriggers {
      for kind in EntityKind.allCases { try digestRestored(kind, run, session) }
    }
    _ = try execute("DELETE FROM migration_before_images WHERE run_id = ?1")
    // What the run wrote last is now what it inserted; what refers to others goes before them.
    for kind in EntityKind.allCases.reversed() {
      counts.removed[kind] = try execute(
        "DELETE FROM \(kind.table) WHERE id COLLATE BINARY IN (SELECT entity_id FROM migration_provenance "
          + "WHERE kind = '\(kind.rawValue)' AND run_id = ?1)")
    }
    // Only a trigger passes over what is to be deleted, or puts it back.
    if session.layout.hasTriggers {
      for kind in EntityKind.allCases {
        let remaining = try count(
          "SELECT EXISTS (SELECT 1 FROM migration_provenance p CROSS JOIN \(kind.table) t "
            + "ON \(session.tables[kind].isID("t.id", "p.entity_id")) WHERE p.kind = '\(kind.rawValue)' AND p.run_id = ?1)"
        )
        guard remaining == 0 else { throw StoreError.undoPassedOver(kind, run: run) }
      }
    }
    _ = try execute("DELETE FROM migration_provenance WHERE run_id = ?1")
    return counts
  }

  /// Gives each row that was restored, and that nobody had edited before the run rewrote it, the
  /// digest of what stands there: a trigger may have changed it while it was restored.
  private func digestRestored(_ kind: EntityKind, _ run: Int64, _ session: SQLiteSession) throws {
    let table = session.tables[kind]
    let images = SQLiteSchema.beforeImageColumns(of: kind).map { "i.\($0)" }
    let sql =
      "SELECT i.row_digest, i.entity_id, \(images.joined(separator: ", ")), "
      + "\(table.expressions.joined(separator: ", ")) FROM migration_before_images i "
      + "CROSS JOIN \(table.source) t ON \(table.isID("t.id", "i.entity_id")) "
      + "WHERE i.kind = '\(kind.rawValue)' AND i.run_id = ?1 AND i.from_run IS NOT NULL"
    try session.connection.withStatement(sql) { statement in
      try statement.bind(run, at: 1)
      while try statement.step() {
        let written = statement.rowDigest(at: 0)
        let found = statement.rowDigest(table, at: 1 + Int32(table.fieldCount))
        guard found != written, statement.rowDigest(table, at: 1) == written else { continue }
        try session.connection.withStatement(
          "UPDATE migration_provenance SET row_digest = ?1 WHERE kind = ?2 AND entity_id = ?3"
        ) { update in
          try update.bind(Int64(bitPattern: found.rawValue), at: 1)
          try update.bind(kind.rawValue, at: 2)
          try update.bind(statement.text(at: 1) ?? "", at: 3)
          _ = try update.step()
        }
      }
    }
  }
}
