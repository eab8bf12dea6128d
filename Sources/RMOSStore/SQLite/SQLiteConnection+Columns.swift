import CSQLite
import RMOSModels
import RMOSSystem

extension SQLiteConnection {
  /// The names of a table's or view's columns, in lower case; none where it cannot be resolved.
  func columns(of table: String) throws -> Set<String> {
    do {
      return try withStatement("SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1") {
        statement in
        try statement.bind(table, at: 1)
        var columns: Set<String> = []
        while try statement.step() {
          columns.insert((statement.text(at: 0) ?? "").lowercasedASCII)
        }
        return columns
      }
    } catch let error as StoreError where error.concernsStatement {
      // A view on what is gone, or a virtual table whose module is not there.
      return []
    }
  }

  /// The name of a column's collation, in upper case: `sqlite3_table_column_metadata`.
  ///
  /// `BINARY` where there is no such column or table, or it is a view.
  func collation(ofColumn column: String, in table: String) throws -> String {
    var name: UnsafePointer<CChar>?
    let result = sqlite3_table_column_metadata(
      handle.pointer, "main", table, column, nil, &name, nil, nil, nil)
    guard result != SQLITE_ERROR, let name else { return "BINARY" }
    try handle.check(result)
    return String(cString: name).uppercased()
  }

  /// Whether a foreign key is broken that is only checked at the end of the transaction:
  /// `sqlite3_db_status`.
  var hasDeferredViolations: Bool {
    var (current, highest): (Int32, Int32) = (0, 0)
    sqlite3_db_status(handle.pointer, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
    return current != 0
  }
}
