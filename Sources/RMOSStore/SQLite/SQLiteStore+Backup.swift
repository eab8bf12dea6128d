import RMOSSystem

extension SQLiteStore {
  /// Writes a copy of the database, as it is now, to a file of its own.
  ///
  /// The copy is one state of the database, whoever writes meanwhile, this process or another;
  /// writers are not hindered. It is written under another name, for its owner alone, and takes its
  /// place when it is whole and on the disk. Nothing beside it, such as a log, belongs to it.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - replacing: Whether a file that is there is replaced.
  ///   - isCancelled: Asked now and then; once true, the copy is given up.
  /// - Throws: ``StoreError`` with ``StoreError/Code/backupExists``,
  ///   ``StoreError/Code/cannotOpen``, ``StoreError/Code/diskFull``,
  ///   ``StoreError/Code/cancelled``, or what else SQLite reports.
  /// - Complexity: O(size of the database), in constant memory.
  public func backUp(
    to path: String, replacing: Bool = false, isCancelled: () -> Bool = { false }
  ) throws {
    try checkTarget(path, replacing: replacing)
    func explaining<Result>(_ body: () throws(SystemError) -> Result) throws(StoreError) -> Result {
      do throws(SystemError) {
        return try body()
      } catch {
        if error == .exists { throw backupExists(path) }
        throw StoreError(
          error.isOutOfSpace ? .diskFull : .cannotOpen,
          "the backup \(path) cannot be written: \(error.reason)", path: path)
      }
    }
    let staged = try explaining { () throws(SystemError) in
      try StagedFile(for: path, suffix: ".incomplete-", .owner)
    }
    do {
      try withBackupSource { source in
        let copy = try SQLiteConnection(
          path: staged.path.resolvedPath ?? staged.path, mode: .readWrite, busyTimeout: 0)
        // Until it bears its name nobody needs it to survive anything.
        try copy.execute("PRAGMA synchronous = OFF")
        try copy.execute("PRAGMA journal_mode = OFF")
        try source.copyContent(to: copy, isCancelled: isCancelled)
      }
      try explaining { () throws(SystemError) in try staged.publish(replacing: replacing) }
    } catch {
      staged.discard()
      throw error
    }
  }

  /// Copies the database to `<database>.backup-<run>`.
  public func backUp(beforeRun run: Int64, isCancelled: () -> Bool) throws -> RunBackup? {
    // Of a link the database's own place counts.
    let shown = FileStatus.isLink(location) ? file.path : location
    var name = RunBackup.suffix + String(run)
    var number = 2
    // From before the database began anew, or was put back: not ours to replace.
    while FileStatus.hasEntry(file.path + name) {
      name = "\(RunBackup.suffix)\(run)-\(number)"
      number += 1
    }
    do {
      try backUp(to: file.path + name, isCancelled: isCancelled)
    } catch var error as StoreError where error.code != .cancelled {
      error.message +=
        ". No backup could be taken before the run, so nothing was written; put that right, or go "
        + "without (--no-backup)"
      throw error
    }
    return RunBackup(path: shown + name, run: run, database: file.path, file: file.path + name)
  }

  /// Lends a connection that sees one state of the database while it is copied.
  private func withBackupSource(_ body: (SQLiteConnection) throws -> Void) throws {
    // A file that is only read is opened without locks, and a writer could come. Where it may be
    // written, locks cost nothing.
    if access == .readOnly || access == .inspect,
      let connection = try? SQLiteConnection(
        path: file.path, mode: .readWrite, busyTimeout: busyTimeout),
      (try? connection.integer("SELECT count(*) FROM sqlite_schema")) != nil
    {
      return try body(connection)
    }
    try readers.withSession { try body($0.connection) }
  }

  private func checkTarget(_ path: String, replacing: Bool) throws {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw StoreError(.cannotOpen, "“\(path)” is no path of a file; name one for the backup")
    }
    let status = try? FileStatus(of: path)
    if let status, status.identity == (try? FileStatus(of: file.path))?.identity {
      throw StoreError(
        .backupExists, "\(path) is the database itself; name another file for the backup",
        path: path)
    }
    if status?.form == .directory {
      throw StoreError(
        .cannotOpen, "\(path) is a directory; name a file in it for the backup", path: path)
    }
    if FileStatus.hasEntry(path), !replacing { throw backupExists(path) }
    // SQLite would take it for the backup's own.
    for log in ["-wal", "-journal"] where (FileStatus.size(of: path + log) ?? 0) > 0 {
      throw StoreError(
        .backupExists,
        "\(path)\(log) belongs to a database that was in use there; name another file for the "
          + "backup", path: path)
    }
  }

  private func backupExists(_ path: String) -> StoreError {
    StoreError(
      .backupExists,
      "\(path) is there already; name another file for the backup, or replace it "
        + "(--force)", path: path)
  }
}
