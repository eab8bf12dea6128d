import CSQLite

extension SQLiteConnection {
  /// How many pages are copied between two questions whether to go on: 4 MiB of them.
  private static let backupStep: Int32 = 1024

  /// Copies the whole database, as it is now, into an empty one: `sqlite3_backup_init`,
  /// `sqlite3_backup_step`, `sqlite3_backup_finish`.
  ///
  /// All is read in one transaction, so writers do not make it begin anew.
  ///
  /// - Throws: ``StoreError/Code/cancelled`` once `isCancelled` says so, or what SQLite reports.
  func copyContent(to copy: SQLiteConnection, isCancelled: () -> Bool) throws {
    try readTransaction { _ in
      guard
        let backup = sqlite3_backup_init(copy.handle.pointer, "main", handle.pointer, "main")
      else {
        try copy.handle.check(sqlite3_errcode(copy.handle.pointer))
        throw StoreError(.other, "\(copy.handle.path): the backup does not begin")
      }
      var result = SQLITE_OK
      var isGivenUp = false
      while result == SQLITE_OK {
        isGivenUp = isCancelled()
        if isGivenUp { break }
        result = sqlite3_backup_step(backup, Self.backupStep)
      }
      let end = sqlite3_backup_finish(backup)
      if isGivenUp {
        throw StoreError(.cancelled, "the backup was given up; nothing of it is left")
      }
      try copy.handle.check(end)
      // Busy and locked are no errors to finish with.
      try copy.handle.check(result)
    }
  }
}
