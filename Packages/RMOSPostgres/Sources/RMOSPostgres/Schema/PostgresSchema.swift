import RMOSModels
import RMOSStore

/// Creates tables, and completes existing ones.
enum PostgresSchema {
  private static let versionTableSQL =
    "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, "
    + "applied_at TEXT COLLATE \"C\" NOT NULL DEFAULT \(SQL.currentTimestamp))"

  /// Creates missing tables, columns and indexes; must be called within a transaction.
  static func complete(_ session: PostgresSession) throws(StoreError) {
    let (connection, layout) = (session.connection, session.layout)
    try session.validateForWriting()
    // Without the notices about what exists already.
    try connection.execute("SET LOCAL client_min_messages = warning")
    if layout.ownsSharedTables { try connection.execute(versionTableSQL) }
    for kind in layout.ownedKinds where !layout.isRelation(kind.table) {
      try connection.execute(kind.createTableSQL)
    }
    for sql in layout.missingColumnSQL { try connection.execute(sql) }
    for sql in layout.missingIndexSQL { try connection.execute(sql) }
    if layout.ownsSharedTables {
      try connection.execute(
        "INSERT INTO schema_version (version) VALUES (\(SchemaVersion.created)) "
          + "ON CONFLICT DO NOTHING")
    }
    for sql in LedgerTable.all(layout.catalog).map(\.createSQL) + layout.missingLedgerSQL {
      try connection.execute(sql)
    }
    if layout.ledgerVersion != LedgerTable.currentVersion {
      try connection.execute(
        "INSERT INTO migration_version (version) VALUES (\(LedgerTable.currentVersion))")
    }
    try session.reload()
    try session.validateForWriting()
  }

  /// Creates the views of the ledger that are missing or have another definition; must be called
  /// within a transaction.
  ///
  /// RMOS does not use the views, so one that cannot be replaced, because another view depends on
  /// it or a client is reading it, stays as it is.
  static func createViews(_ session: PostgresSession) throws {
    let connection = session.connection
    let views = session.layout.viewsToCreate.filter { !session.refusedViews.contains($0.name) }
    guard !views.isEmpty else { return }
    for view in views {
      do {
        try connection.savepoint { try view.create(on: connection) }
      } catch {
        guard connection.isInTransaction else { throw error }
        session.refusedViews.insert(view.name)
      }
    }
    try session.reload()
  }

  /// Creates missing recommended indexes, if this program and its role may change the tables; with
  /// `unlessBusy`, only if no other application keeps a table locked.
  static func createMissingIndexes(_ session: PostgresSession, unlessBusy: Bool) throws {
    try session.reload()
    let missing = session.layout.missingIndexSQL
    guard !missing.isEmpty else { return }
    try unlessForbidden(session, orBusy: unlessBusy, otherwise: ()) {
      for sql in missing { try session.connection.execute(sql) }
    }
  }

  /// Calls `body` in a transaction, and returns `otherwise` if the role lacks a right, or, with
  /// `orBusy`, if others hold locks.
  private static func unlessForbidden<Result>(
    _ session: PostgresSession, orBusy: Bool, otherwise: Result, _ body: () throws -> Result
  ) throws -> Result {
    do {
      let result = try session.connection.transaction("ISOLATION LEVEL READ COMMITTED", body)
      try session.reload()
      return result
    } catch let error as StoreError {
      guard session.connection.isAlive, error.code == .cannotOpen || orBusy && error.code == .busy
      else { throw error }
      return otherwise
    }
  }

  /// Updates the planner's statistics, if the role may and others hold no locks.
  ///
  /// The server updates them later anyway. Until then, a sample of 3,000 rows per table is enough:
  /// one of the usual size would take a tenth of the time of the load.
  static func analyze(_ session: PostgresSession) throws {
    let tables = session.catalog.kinds.map(\.table) + [LedgerTable.provenance.name]
    try unlessForbidden(session, orBusy: true, otherwise: ()) {
      try session.connection.execute("SET LOCAL default_statistics_target = 10")
      try session.connection.execute("ANALYZE \(tables.joined(separator: ", "))")
    }
  }

  /// Drops the recommended indexes if all tables are empty, and this program and its role may
  /// change them.
  ///
  /// - Returns: Whether all tables were empty and could be changed.
  static func dropIndexesOfEmptyTables(_ session: PostgresSession) throws -> Bool {
    let (connection, layout) = (session.connection, session.layout)
    guard layout.ownsSharedTables else { return false }
    return try unlessForbidden(session, orBusy: true, otherwise: false) {
      for kind in layout.catalog.kinds
      where try connection.execute("SELECT 1 FROM \(kind.table) LIMIT 1")?.first != nil {
        return false
      }
      for kind in layout.catalog.kinds {
        for (name, columns) in kind.schema.indexes where layout.isOurs(name, columns, of: kind) {
          try connection.execute("DROP INDEX \(name)")
        }
      }
      return true
    }
  }
}

extension PostgresLayout {
  /// Returns whether an index is the one that RMOS would create with its name; another application
  /// may have made it unique or partial.
  fileprivate func isOurs(_ name: String, _ columns: String, of kind: EntityKind) -> Bool {
    indexes[kind.table]?.contains {
      $0.name == name && $0.columns == columns && $0.isPlain && !$0.isUnique && !$0.isPartial
    } == true
  }
}

extension PostgresSession {
  /// Refuses a schema that cannot be written to.
  ///
  /// - Throws: ``StoreError/Code/foreignDatabase``, ``StoreError/Code/newerSchema``,
  ///   ``StoreError/Code/unusableSchema``, ``StoreError/Code/readOnly``.
  func validateForWriting() throws(StoreError) {
    try layout.validate(location: connection.location)
    guard let obstacle = layout.writingObstacles.first else { return }
    throw StoreError(
      .unusableSchema, "\(connection.location) cannot be written to: \(obstacle.message)",
      path: connection.location)
  }
}
