/// Something in a database's schema that keeps rows from being written.
package struct WritingObstacle: Sendable, Hashable {
  /// Where it lies.
  package enum Place: Sendable, Hashable {
    /// `PRAGMA user_version`.
    case version
    /// A table, its columns or its name, which an audit looks at anyway.
    case table
    /// A trigger, index or constraint, which only shows when a statement is compiled.
    case statement
  }

  package var place: Place
  /// The table that cannot be written to, where there is one.
  package var table: String?
  /// What was found, in short.
  package var found: String
  /// The whole story: what was found, and the way out.
  package var message: String

  init(_ place: Place, table: String? = nil, found: String, _ message: String) {
    self.place = place
    self.table = table
    self.found = found
    self.message = message
  }
}
