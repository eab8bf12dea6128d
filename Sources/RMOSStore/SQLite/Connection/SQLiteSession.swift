import RMOSModels
import RMOSSystem

/// A connection with the SQL that fits its database, ready for readers and transactions.
final class SQLiteSession: Sendable {
  let connection: SQLiteConnection
  let layout: SQLiteLayout
  let statements: StoreStatements
  /// The state of the file when it was opened as immutable; `nil` if SQLite's locks protect it.
  let stamp: FileStatus.State?
  /// The value of ``SQLiteConnection/schemaCookie`` before the layout was read.
  let schemaCookie: Int64

  /// Reads the layout over `connection`.
  init(
    _ connection: SQLiteConnection, _ catalog: EntityCatalog, stamp: FileStatus.State? = nil
  ) throws {
    self.connection = connection
    self.stamp = stamp
    // Also for reading: the obstacles to writing are looked for on this connection.
    try connection.execute("PRAGMA foreign_keys = ON")
    schemaCookie = try connection.schemaCookie
    // SQLite has turned it into a number of pages before it had read how large they are.
    if let size = try connection.integer("PRAGMA cache_size") {
      try connection.execute("PRAGMA cache_size = \(size)")
    }
    layout = try SQLiteLayout(of: connection, catalog)
    statements = StoreStatements(layout)
  }

  /// Lets the tables that the ledger lacks be read as empty ones until the transaction ends; call
  /// it at its beginning.
  ///
  /// The ledger's other tables can be read then, such as the members that have no column, and a dry
  /// run predicts the run that creates the missing tables. They are views of this connection alone,
  /// so nothing is written, and rolling the transaction back removes them.
  func completeForReading() throws {
    for table in layout.missingLedgerTables { try connection.execute(table.emptyViewSQL) }
  }

  /// The ids that are known to be there, if only deleting removes one.
  var knownIDs: KnownIDs? { layout.insertsKeepRows ? connection.knownIDs : nil }
}
