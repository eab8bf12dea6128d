import RMOSModels

// What a server did to rows, read and written.

extension SQLiteReader {
  final func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws {
    let session = try session()
    guard session.statements.hasChanges else { return }
    for kind in catalog.kinds {
      try session.connection.withStatement(
        "SELECT entity_id, row_digest, before_json FROM migration_changes "
          + "WHERE kind = ?1 AND run_id = ?2 ORDER BY entity_id"
      ) { statement in
        try statement.bind(kind.rawValue, at: 1)
        try statement.bind(run, at: 2)
        while try statement.step() {
          try body(try statement.change(kind, statement.text(at: 0) ?? "", run: run, first: 1))
        }
      }
    }
  }

  final func changes(of kind: EntityKind, id: String) throws -> [RowChange] {
    let session = try session()
    var changes: [RowChange] = []
    if session.statements.hasChanges {
      try session.connection.withStatement(
        "SELECT run_id, row_digest, before_json FROM migration_changes "
          + "WHERE kind = ?1 AND entity_id = ?2"
      ) { statement in
        try statement.bind(kind.rawValue, at: 1)
        try statement.bind(id, at: 2)
        while try statement.step() {
          changes.append(try statement.change(kind, id, run: statement.integer(at: 0), first: 1))
        }
      }
    }
    changes += try images(of: kind, id: id).map { run, image in
      RowChange(run: run, kind: kind, id: id, before: image, result: .rewritten)
    }
    return changes.sorted { $0.run > $1.run }
  }
}

extension SQLiteTransaction {
  func keep(_ change: RowChange) throws {
    try session().connection.withStatement(
      "INSERT OR REPLACE INTO migration_changes (kind, entity_id, run_id, row_digest, before_json) "
        + "VALUES (?1, ?2, ?3, ?4, ?5)"
    ) { statement in
      try statement.bind(change.kind.rawValue, at: 1)
      try statement.bind(change.id, at: 2)
      try statement.bind(change.run, at: 3)
      let stored = change.stored
      if let digest = stored.digest {
        try statement.bind(digest, at: 4)
      } else {
        try statement.bindNull(at: 4)
      }
      try statement.bind(stored.before, at: 5)
      _ = try statement.step()
    }
  }

  func removeChanges(ofRun run: Int64) throws {
    try session().connection.withStatement(
      "DELETE FROM migration_changes WHERE run_id = ?1"
    ) { statement in
      try statement.bind(run, at: 1)
      _ = try statement.step()
    }
  }
}

extension SQLiteStatement {
  /// A change whose digest and before-image are the columns from `first` on.
  fileprivate func change(
    _ kind: EntityKind, _ id: String, run: Int64, first: Int32
  ) throws(StoreError) -> RowChange {
    try RowChange(
      run: run, kind: kind, id: id,
      stored: (type(at: first) == .integer ? integer(at: first) : nil, text(at: first + 1)))
  }
}
