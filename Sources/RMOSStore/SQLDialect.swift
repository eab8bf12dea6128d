/// The SQL of a database, in which a script is written.
public enum SQLDialect: String, Sendable, Hashable, CaseIterable {
  /// SQLite's, for its shell, `sqlite3`.
  case sqlite
  /// PostgreSQL's, for its shell, `psql`.
  case postgresql
}
