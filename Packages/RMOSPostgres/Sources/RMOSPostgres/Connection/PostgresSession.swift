import RMOSModels
import RMOSStore

/// A connection with the SQL that fits its schema, ready for readers and transactions.
///
/// One thread at a time uses it, as its connection.
final class PostgresSession: @unchecked Sendable {
  let connection: PostgresConnection
  let catalog: EntityCatalog
  /// The schema that holds the tables: the first schema of the search_path that has some of them,
  /// else the schema in which new tables are created.
  let home: Home
  private(set) var layout: PostgresLayout
  private(set) var statements: StoreStatements
  /// The views that could not be created, so that they are not tried again.
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
  ///   - address: Where the database is.
  ///   - catalog: The kinds of entities that the store holds.
  ///   - busyTimeout: How long to wait for locks of others.
  ///   - home: The schema that earlier sessions of the store use; `nil` for the first one.
  /// - Throws: ``StoreError/Code/cannotOpen``, ``StoreError/Code/replaced`` if the tables are in
  ///   another schema now, or what the server reports.
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
    // First of all, so that no name means another table; then what triggers may rely on.
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

  /// Reads the layout again if a table was changed since; call it at the start of a transaction.
  func refresh() throws(StoreError) {
    let cookie = try PostgresLayout.cookie(of: connection, catalog, home: home.name)
    if cookie != layout.cookie { try reload() }
  }

  /// Reads the layout again.
  func reload() throws(StoreError) {
    // A table may have been created that another stood in for.
    connection.standIns = []
    defer { standIn() }
    // What was prepared depends on the tables as they were.
    try connection.forgetStatements()
    layout = try PostgresLayout(of: connection, catalog, home: home.name)
    statements = StoreStatements(layout)
  }

  /// Lets the tables that the ledger lacks be read as empty ones.
  ///
  /// What the others hold is read then, such as the members that have no column, and a dry run
  /// predicts the run that creates them. That they need not be created lets a replica be read too.
  private func standIn() {
    connection.standIns = layout.missingLedgerTables.map { ($0.name, $0.emptySQL) }
  }
}

extension Duration {
  /// The duration in milliseconds, at least 1.
  var wholeMilliseconds: Int { max(1, Int(clamping: Int64(self / .milliseconds(1)))) }
}
