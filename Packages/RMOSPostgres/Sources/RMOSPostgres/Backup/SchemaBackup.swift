import RMOSModels
import RMOSStore

/// A copy of the tables in a separate schema, taken before a run.
///
/// The server copies the tables in one transaction, so the copy takes no memory in this process and
/// does not block other writers.
struct SchemaBackup: Sendable {
  /// The name of the schema.
  let name: String
  private let home: String
  private let run: Int64
  private let tables: [String]

  /// The number of backups to keep.
  private static let capacity = 3

  /// The beginning of the comment that marks a schema as a backup.
  private static let mark = "RMOS: the tables of "

  private var prefix: String { Self.mark + "\(home) before run " }

  /// Describes the backup of the schema that `session` writes to.
  init(of session: PostgresSession, beforeRun run: Int64) {
    home = session.home.name
    self.run = run
    let suffix = "_before_run_\(run)"
    // The server cuts names off after 63 bytes.
    var stem = home
    while stem.utf8.count + suffix.utf8.count > 63 { stem.removeLast() }
    name = stem + suffix
    tables = PostgresLayout.names(session.catalog).filter {
      session.layout.relations[$0]?.isTable == true
    }
  }

  /// Takes the backup.
  ///
  /// - Parameters:
  ///   - session: A session that is not in a transaction.
  ///   - isCancelled: Polled periodically; when it returns `true`, the copy is abandoned.
  /// - Throws: ``StoreError/Code/backupExists``, ``StoreError/Code/cancelled``,
  ///   ``StoreError/Code/cannotOpen`` if the role may not create a schema, or what the server
  ///   reports.
  func take(on session: PostgresSession, isCancelled: () -> Bool) throws {
    let (connection, location) = (session.connection, session.connection.location)
    guard !isCancelled() else { throw StoreError(.cancelled) }
    do {
      try connection.run(whileNot: isCancelled) {
        try connection.transaction("ISOLATION LEVEL REPEATABLE READ") {
          // A schema of that name may be left from an attempt that ended before its run began.
          let isOurs = try connection.queryOnce(
            "SELECT 1 FROM pg_namespace n JOIN pg_description d ON d.objoid = n.oid "
              + "AND d.classoid = 'pg_namespace'::regclass "
              + "WHERE n.nspname = $1 AND d.description = $2", [name, prefix + "\(run)"]
          ).first
          if isOurs != nil { try drop(session) }
          try connection.execute("CREATE SCHEMA \(SQL.quoted(name))")
          try connection.execute(
            "COMMENT ON SCHEMA \(SQL.quoted(name)) IS \((prefix + "\(run)").sqlLiteral)")
          for table in tables {
            try connection.execute(
              "CREATE TABLE \(SQL.quoted(name)).\(table) AS TABLE \(SQL.quoted(home)).\(table)")
          }
        }
      }
    } catch var error as StoreError {
      switch connection.report?.state {
      case SQLState.insufficientPrivilege:
        error.message =
          "no backup can be taken: the role may not create a schema in the database of "
          + "\(location); GRANT CREATE ON DATABASE, or run without a backup"
      case SQLState.duplicateSchema:
        error = StoreError(
          .backupExists,
          "the schema \(name), in which the backup was to be taken, exists already; rename or drop "
            + "it", path: location)
      default: break
      }
      throw error
    }
  }

  /// Drops the schema of the backup.
  func drop(_ session: PostgresSession) throws {
    try session.connection.execute("DROP SCHEMA \(SQL.quoted(name)) CASCADE")
  }

  /// Drops all but the last few of the backups up to this one.
  func dropOlder(_ session: PostgresSession) throws {
    let rows = try session.connection.queryOnce(
      """
      SELECT n.nspname, substr(d.description, length($1) + 1) FROM pg_namespace n
      JOIN pg_description d ON d.classoid = 'pg_namespace'::regclass AND d.objoid = n.oid
      WHERE left(d.description, length($1)) = $1
      """, [prefix])
    let older = rows.rows.compactMap { row in
      row.integer(at: 1).map { (name: row.string(at: 0), run: $0) }
    }
    .filter { $0.run <= run }.sorted { $0.run > $1.run }
    for backup in older.dropFirst(Self.capacity) {
      try session.connection.execute("DROP SCHEMA \(SQL.quoted(backup.name)) CASCADE")
    }
  }
}
