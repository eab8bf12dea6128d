import RMOSSystem

/// A connection with the SQL that fits its database, ready for readers and transactions.
final class SQLiteSession: Sendable {
  let connection: SQLiteConnection
  let layout: SQLiteLayout
  let tables: SQLiteTables
  /// The state of the file when it was opened as immutable; nil where SQLite's locks protect it.
  let stamp: FileStatus.State?
  /// What ``SQLiteConnection/schemaCookie`` was before the layout was read.
  let schemaCookie: Int64

  /// Reads the layout over `connection`.
  init(_ connection: SQLiteConnection, stamp: FileStatus.State? = nil) throws {
    self.connection = connection
    self.stamp = stamp
    // Also where only reading is meant: what writing would meet is looked for on this connection.
    try connection.execute("PRAGMA foreign_keys = ON")
    schemaCookie = try connection.schemaCookie
    layout = try SQLiteLayout(of: connection)
    tables = SQLiteTables(layout)
  }
}

/// The statements that are looked up without their text, because one entity takes several of them.
enum StatementSlot: Int, CaseIterable {
  case exists, record, comparison, insert, insertProvenance, update, deleteProvenance, delete
  case insertBeforeImage

  /// The place of the statement for the kind with `ordinal`.
  func index(_ ordinal: Int) -> Int { ordinal * StatementSlot.allCases.count + rawValue }
}
