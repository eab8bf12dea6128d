import CSQLite
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
    func failure(_ error: SystemError) -> StoreError {
      if error == .exists { return backupExists(path) }
      return StoreError(
        error.isOutOfSpace ? .diskFull : .cannotOpen,
        "the backup \(path) cannot be written: \(error.reason)", path: path)
    }
    let name = path.lastName
    let copy: StagedFile
    do throws(SystemError) {
      copy = try StagedFile(
        in: try path.directoryPath.resolved(), names: Self.temporaryNames(for: name))
    } catch {
      throw failure(error)
    }
    do {
      try write(copy, isCancelled: isCancelled)
      guard copy.isInPlace else { throw movedBackup(path) }
      do throws(SystemError) {
        try copy.file.synchronize()
        try copy.move(to: name, replacing: replacing)
      } catch {
        throw failure(error)
      }
      guard copy.isNamed(name) else { throw movedBackup(path) }
      // Not every file system can.
      try? copy.synchronizeDirectory()
    } catch {
      copy.discard()
      throw error
    }
  }

  /// The names to try for a copy that is not whole yet.
  ///
  /// A killed process may have left one under a number that another process has again, as in
  /// containers.
  private static func temporaryNames(for name: String) -> some Sequence<String> {
    let first = "\(name).incomplete-\(ProcessEnvironment.processID)"
    return (1...100).lazy.map { $0 == 1 ? first : "\(first)-\($0)" }
  }

  /// Copies the database into an empty file.
  private func write(_ copy: StagedFile, isCancelled: () -> Bool) throws {
    try withBackupSource { source in
      let target = try SQLiteConnection(path: copy.temporaryPath, mode: .readWrite, busyTimeout: 0)
      guard target.identity == copy.identity else { throw movedBackup(copy.temporaryPath) }
      // Until it bears its name nobody needs it to survive anything.
      try target.execute("PRAGMA synchronous = OFF")
      try target.execute("PRAGMA journal_mode = OFF")
      try source.copyContent(to: target, isCancelled: isCancelled)
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
  ///
  /// Nothing is left beside the database that was not there before.
  private func withBackupSource(_ body: (SQLiteConnection) throws -> Void) throws {
    guard access == .readOnly || access == .inspect else {
      return try readers.withSession { try body($0.connection) }
    }
    // A file that is only read is opened without locks, and a writer could come. Who may write can
    // have locks without leaving a trace, while another has the log open; and so can anyone where
    // there is no log.
    if FileStatus.hasEntry(file.path + "-shm"), (try? file.checkRights()) != nil,
      let connection = try? file.connect(.readWrite, busyTimeout: busyTimeout),
      (try? connection.integer("SELECT count(*) FROM sqlite_schema")) != nil
    {
      return try body(connection)
    }
    let keepsLog = try readers.withSession { $0.stamp == nil || $0.connection.keepsLog }
    if !keepsLog {
      return try body(try file.connect(.readOnly, busyTimeout: busyTimeout))
    }
    try readers.withSession { try body($0.connection) }
  }

  private func checkTarget(_ path: String, replacing: Bool) throws {
    try DatabaseFile.checkName(path)
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

  private func movedBackup(_ path: String) -> StoreError {
    StoreError(
      .replaced,
      "the backup \(path), or its directory, was moved away while it was written; back up again",
      path: path)
  }

  private func backupExists(_ path: String) -> StoreError {
    StoreError(
      .backupExists,
      "\(path) is there already; name another file for the backup, or replace it "
        + "(--force)", path: path)
  }
}

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
