import CSQLite

/// Settings of SQLite itself, which hold for the whole process.
package enum SQLiteLibrary {
  /// Has SQLite not count the memory it uses, which would take a lock for each of its allocations:
  /// `sqlite3_config`.
  ///
  /// For a program that is alone in its process, before it opens a database; it has no effect after
  /// that.
  package static func omitMemoryStatistics() { _ = rmos_sqlite3_omit_memory_statistics() }
}
