import RMOSModels
import RMOSSystem

/// A connection with the layout of its database, and the SQL for that layout.
final class SQLiteSession: Sendable {
  let connection: SQLiteConnection
  let layout: SQLiteLayout
  let statements: StoreStatements
  /// The state of the file when it was opened as immutable; `nil` if SQLite's locks protect it.
  let stamp: FileStatus.State?
  /// The value of ``SQLiteConnection/schemaCookie`` before the layout was read.
  let schemaCookie: Int64

  /// Creates a session by reading the layout of the database.
  init(
    _ connection: SQLiteConnection, _ catalog: EntityCatalog, stamp: FileStatus.State? = nil
  ) throws {
    self.connection = connection
    self.stamp = stamp
    // For reading too, because `SQLitePreflight` compiles the statements of writing on it.
    try connection.execute("PRAGMA foreign_keys = ON")
    schemaCookie = try connection.schemaCookie
    // SQLite has converted the size into a number of pages before it had read the page size.
    if let size = try connection.integer("PRAGMA cache_size") {
      try connection.execute("PRAGMA cache_size = \(size)")
    }
    layout = try SQLiteLayout(of: connection, catalog)
    statements = StoreStatements(layout)
  }

  /// Makes tables that the ledger lacks readable as empty ones until the transaction ends; call it
  /// at the beginning of the transaction.
  ///
  /// This way the other tables of the ledger can be read, and a dry run can predict a run that
  /// creates the missing tables. They are temporary views of this connection, so nothing is
  /// written, and rolling the transaction back removes them.
  func completeForReading() throws {
    for table in layout.missingLedgerTables { try connection.execute(table.emptyViewSQL) }
  }

  /// The ids that are known to exist; `nil` unless a bulk load is in progress and inserting cannot
  /// remove other rows.
  var knownIDs: KnownIDs? { layout.insertsKeepRows ? connection.knownIDs : nil }
}
