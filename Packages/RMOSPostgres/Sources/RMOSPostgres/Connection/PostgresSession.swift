import RMOSModels
import RMOSStore

/// A connection with the SQL for its schema, for readers and transactions.
///
/// Like its connection, it may be used by one thread at a time.
final class PostgresSession: @unchecked Sendable {
  let connection: PostgresConnection
  let catalog: EntityCatalog
  /// The schema of the tables: the schema in the search_path that has the most of them, else the
  /// one in which new tables are created.
  let home: Home
  private(set) var layout: PostgresLayout
  private(set) var statements: StoreStatements
  /// The views that could not be created, which are not tried again.
  var refusedViews: Set<String> = []

  /// A schema of the database.
  struct Home: Sendable, Hashable {
    var name: String
    /// The number of the schema, which identifies the writer's lock.
    var oid: UInt32
  }

  /// Connects, and reads the layout.
  ///
  /// - Parameters:
  ///   - address: The address of the database.
  ///   - catalog: The kinds of entities in the store.
  ///   - busyTimeout: How long to wait for locks of others.
  ///   - home: The schema that earlier sessions of the store use; `nil` for the first session.
  /// - Throws: ``StoreError/Code/cannotOpen``, ``StoreError/Code/replaced`` if the tables were
  ///   moved to another schema, or what the server reports.
  init(
    _ address: PostgresAddress, _ catalog: EntityCatalog, busyTimeout: Duration, home: Home? = nil
  ) throws(StoreError) {
    connection = try PostgresConnection(address)
    self.catalog = catalog
    let found = try Self.findHome(connection, catalog)
    if let home, home != found {
      throw StoreError(
        .replaced,
        "the tables of \(connection.location) were in the schema \(home.name), and are in "
          + "\(found.name) now; another application moved them", path: connection.location)
    }
    self.home = found
    // The schema comes first, so that no name means a table of another one; the rest of the path
    // stays, since triggers may rely on it.
    try connection.queryOnce(
      "SELECT set_config('search_path', quote_ident($1) || "
        + "CASE current_setting('search_path') WHEN '' THEN '' "
        + "ELSE ', ' || current_setting('search_path') END, false), "
        + "set_config('lock_timeout', $2, false)",
      [found.name, String(busyTimeout.wholeMilliseconds)])
    layout = try PostgresLayout(of: connection, catalog, home: found.name)
    statements = StoreStatements(layout)
    standIn()
  }

  private static func findHome(
    _ connection: PostgresConnection, _ catalog: EntityCatalog
  ) throws(StoreError) -> Home {
    let row = try connection.queryOnce(
      """
      SELECT n.nspname, n.oid FROM pg_namespace n LEFT JOIN (
        SELECT relnamespace, count(*) AS tables FROM pg_class
        WHERE relname = ANY ($1) AND relkind IN ('r', 'p', 'v', 'm', 'f')
          AND pg_table_is_visible(oid)
        GROUP BY relnamespace) c ON c.relnamespace = n.oid
      WHERE c.tables > 0 OR n.nspname = current_schema()
      ORDER BY coalesce(c.tables, 0) DESC, n.nspname = current_schema() DESC LIMIT 1
      """, [PostgresLayout.names(catalog).postgresArray]
    ).first
    guard let row, let oid = UInt32(row.string(at: 1)) else {
      throw StoreError(
        .cannotOpen,
        "no schema of \(connection.location) is in the search_path; create one, or set the "
          + "search_path of the role", path: connection.location)
    }
    return Home(name: row.string(at: 0), oid: oid)
  }

  /// Reads the layout again if a table was changed; must be called at the start of a transaction.
  func refresh() throws(StoreError) {
    let cookie = try PostgresLayout.cookie(of: connection, catalog, home: home.name)
    if cookie != layout.cookie { try reload() }
  }

  /// Reads the layout again.
  func reload() throws(StoreError) {
    // A missing table may have been created meanwhile.
    connection.standIns = []
    defer { standIn() }
    // Prepared statements depend on the old tables.
    try connection.forgetStatements()
    layout = try PostgresLayout(of: connection, catalog, home: home.name)
    statements = StoreStatements(layout)
  }

  /// Makes missing tables of the ledger readable as empty ones.
  ///
  /// So the other tables can be read even where none can be created, such as on a replica, and a
  /// dry run can predict the run that creates the missing ones.
  private func standIn() {
    connection.standIns = layout.missingLedgerTables.map { ($0.name, $0.emptySQL) }
  }
}

extension Duration {
  /// The duration in milliseconds, at least 1.
  var wholeMilliseconds: Int { max(1, Int(clamping: Int64(self / .milliseconds(1)))) }
}
