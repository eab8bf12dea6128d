import RMOSStore

/// The lock of the only writer: an advisory lock, which ends with its session.
struct WriterLock {
  /// The first half of the lock's key, "RMOS" in ASCII; the second half is the oid of the schema.
  static let key = 0x524D_4F53
  private let session: PostgresSession

  /// Takes the lock: `pg_advisory_lock`.
  ///
  /// - Parameters:
  ///   - session: The session that will hold it.
  ///   - timeout: If zero, the lock is not waited for; otherwise the lock timeout of the session
  ///     applies.
  /// - Throws: ``StoreError/Code/locked``, or what the server reports.
  init(on session: PostgresSession, timeout: Duration) throws(StoreError) {
    self.session = session
    let (connection, location) = (session.connection, session.connection.location)
    let arguments = "\(Self.key), \(Int32(bitPattern: session.home.oid))"
    func locked() throws(StoreError) -> StoreError {
      StoreError(
        .locked,
        "\(location) is being written by another program\(try Self.holder(session)); "
          + "wait for it to end", path: location)
    }
    if timeout == .zero {
      let isTaken = try connection.execute("SELECT pg_try_advisory_lock(\(arguments))")?.first?
        .isTrue(at: 0)
      guard isTaken == true else { throw try locked() }
      return
    }
    do throws(StoreError) {
      try connection.execute("SELECT pg_advisory_lock(\(arguments))")
    } catch {
      guard connection.report?.state == SQLState.lockNotAvailable else { throw error }
      throw try locked()
    }
  }

  /// Releases the lock: `pg_advisory_unlock`.
  ///
  /// If the session was lost, so was the lock.
  func release() {
    session.connection.cleanUp(
      "SELECT pg_advisory_unlock(\(Self.key), \(Int32(bitPattern: session.home.oid)))")
  }

  /// Returns the holder of the lock for a message; empty if the server does not say.
  private static func holder(_ session: PostgresSession) throws(StoreError) -> String {
    let row = try session.connection.execute(
      """
      SELECT a.usename, coalesce(host(a.client_addr), 'this server'), a.pid
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
      JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
      WHERE l.locktype = 'advisory' AND l.classid = \(key) AND l.objid = \(session.home.oid)
        AND l.objsubid = 2 AND l.granted LIMIT 1
      """)?.first
    guard let row, let user = row.text(at: 0) else { return "" }
    return " (\(user) from \(row.string(at: 1)), session \(row.string(at: 2)))"
  }
}

/// The rights of the role that writing needs.
struct WritingRights {
  private let session: PostgresSession

  init(_ session: PostgresSession) { self.session = session }

  /// Checks the rights without changing anything.
  ///
  /// - Throws: ``StoreError/Code/readOnly`` if the server or the role's transactions are read-only,
  ///   ``StoreError/Code/cannotOpen`` if a right is missing.
  func check() throws(StoreError) {
    let (connection, location) = (session.connection, session.connection.location)
    let row = try connection.query(
      """
      SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on',
        current_user, has_schema_privilege($1, 'CREATE'),
        (SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relname = ANY ($2) AND c.relkind IN ('r', 'p')
          AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
            AND (c.relname = 'schema_version' OR has_table_privilege(c.oid, 'UPDATE')
              AND has_table_privilege(c.oid, 'DELETE'))))
      """, [session.home.name, PostgresLayout.names(session.catalog).postgresArray]
    ).first
    guard let row else { return }
    if row.isTrue(at: 0) {
      throw StoreError(
        .readOnly, "\(location) is a read-only replica; name the primary server", path: location)
    }
    if row.isTrue(at: 1) {
      throw StoreError(
        .readOnly, "the transactions of \(location) are read-only (default_transaction_read_only)",
        path: location)
    }
    if let tables = row.text(at: 4) {
      throw StoreError(
        .cannotOpen,
        "the role \(row.string(at: 2)) may not write to \(tables) of \(location); GRANT SELECT, "
          + "INSERT, UPDATE, DELETE on them, or use another role", path: location)
    }
    if !session.layout.isComplete, !row.isTrue(at: 3) {
      throw StoreError(
        .cannotOpen,
        "the role \(row.string(at: 2)) may not create tables in the schema \(session.home.name) of "
          + "\(location); GRANT CREATE ON SCHEMA, or use another role", path: location)
    }
  }
}
