import CSQLite
import RMOSModels
import RMOSSystem

// Backups of the database while it is in use.

extension SQLiteStore {
  /// Writes a copy of the database in its current state to a file.
  ///
  /// Cancelling the task abandons the copy. The copy is of one state of the database even if other
  /// processes write meanwhile, and does not block them. It is written under a temporary name,
  /// accessible only to its owner, and renamed once it is complete and on the disk. It is a single
  /// file, without a log.
  ///
  /// - Parameters:
  ///   - path: The path of the copy.
  ///   - replacing: Whether to replace an existing file.
  /// - Throws: ``StoreError`` with ``StoreError/Code/backupExists``,
  ///   ``StoreError/Code/cannotOpen``, ``StoreError/Code/diskFull``,
  ///   or what else SQLite reports; `CancellationError` if the task is cancelled.
  /// - Complexity: O(size of the database), in constant memory.
  public func backUp(to path: String, replacing: Bool = false) async throws {
    try await BlockingWork.run(
      orThrow: { StoreError(.other, "no thread can be started for the backup: \($0.reason)") }
    ) { isCancelled in
      try self.backUpSynchronously(to: path, replacing: replacing, isCancelled: isCancelled)
    }
  }

  /// Writes a copy as ``backUp(to:replacing:)`` does, on the calling thread.
  ///
  /// `isCancelled` is polled periodically; when it returns `true`, the copy is abandoned.
  package func backUpSynchronously(
    to path: String, replacing: Bool = false, isCancelled: () -> Bool = { false }
  ) throws {
    try StoreError.retryingIfChanged {
      try copy(to: path, replacing: replacing, isCancelled: isCancelled)
    }
  }

  /// Writes the state of `snapshot`, a connection within a transaction, to a new file; that of the
  /// database now if it is `nil`.
  private func copy(
    _ snapshot: SQLiteConnection? = nil, to path: String, replacing: Bool, isCancelled: () -> Bool
  ) throws {
    func explaining<Result>(_ body: () throws(SystemError) -> Result) throws -> Result {
      do throws(SystemError) {
        return try body()
      } catch {
        if error == .exists { throw backupExists(path) }
        throw StoreError(
          error.isOutOfSpace ? .diskFull : .cannotOpen,
          "the backup \(path) cannot be written: \(error.reason)", path: path)
      }
    }
    try checkTarget(path, replacing: replacing)
    // As for other outputs, the file that a link leads to is replaced, not the link.
    let place = try explaining { () throws(SystemError) in
      replacing ? try FileSystem.destination(of: path) : path
    }
    try checkHasNoLog(place)
    let name = place.lastName
    let copy = try explaining { () throws(SystemError) in
      try StagedFile(
        in: try place.directoryPath.resolved(), names: Self.temporaryNames(for: name))
    }
    do {
      // The file gets its name only once it is clear that it need not be written again.
      try withBackupSource(snapshot) { try write($0, to: copy, isCancelled: isCancelled) }
      guard copy.isInPlace else { throw movedBackup(path) }
      try explaining { () throws(SystemError) in
        try copy.file.synchronize()
        try copy.move(to: name, replacing: replacing)
      }
      guard copy.isNamed(name) else { throw movedBackup(path) }
      // Not every file system can synchronize directories.
      try? copy.synchronizeDirectory()
    } catch {
      copy.discard()
      throw error
    }
  }

  /// The temporary names to try for a copy.
  ///
  /// Several, because a killed process may have left a file under the id of this process: in
  /// containers, ids are often the same.
  private static func temporaryNames(for name: String) -> some Sequence<String> {
    let first = "\(name).incomplete-\(ProcessEnvironment.processID)"
    return (1...100).lazy.map { $0 == 1 ? first : "\(first)-\($0)" }
  }

  /// Copies what a connection sees of the database into an empty file.
  private func write(
    _ source: SQLiteConnection, to copy: StagedFile, isCancelled: () -> Bool
  ) throws {
    if try source.copyFile(to: copy, isCancelled: isCancelled) { return }
    let target = try SQLiteConnection(
      path: copy.temporaryPath, mode: .readWrite, busyTimeout: .zero)
    guard target.identity == copy.identity else { throw movedBackup(copy.temporaryPath) }
    // A copy that is not complete yet need not survive a crash.
    try target.execute("PRAGMA synchronous = OFF")
    try target.execute("PRAGMA journal_mode = OFF")
    try source.copyContent(to: target, isCancelled: isCancelled)
  }

  /// Lends a connection from which the database can be copied, without leaving new files next to
  /// it.
  ///
  /// It is `snapshot`, if there is one. Without locks, it throws if the file has changed.
  private func withBackupSource(
    _ snapshot: SQLiteConnection?, _ body: (SQLiteConnection) throws -> Void
  ) throws {
    if let snapshot { return try body(snapshot) }
    func withReader() throws { try readers.withSession { try body($0.connection) } }
    guard access == .readOnly || access == .inspect else { return try withReader() }
    // For reading only, a database with a log may be opened without locks, and a writer could
    // change it. While another process has the log open, a user who may write can have locks
    // without creating files.
    if FileStatus.hasEntry(file.path + "-shm"), (try? file.checkRights()) != nil,
      let connection = try? file.connect(.readWrite, busyTimeout: busyTimeout),
      (try? connection.integer("SELECT count(*) FROM sqlite_schema")) != nil
    {
      return try body(connection)
    }
    try withReader()
  }

  private func checkTarget(_ path: String, replacing: Bool) throws {
    try DatabaseFile.checkName(path)
    let status = try? FileStatus(of: path)
    if let status, status.identity == (try? FileStatus(of: file.path))?.identity {
      throw StoreError(
        .cannotOpen, "\(path) is the database itself; name another file for the backup",
        path: path)
    }
    if status?.form == .directory {
      throw StoreError(
        .cannotOpen, "\(path) is a directory; name a file in it for the backup", path: path)
    }
    if let form = status?.form, form != .file {
      throw StoreError(
        .cannotOpen,
        "\(path) is \(form.rawValue), not a regular file; name another file for the backup",
        path: path)
    }
    if FileStatus.hasEntry(path), !replacing { throw backupExists(path) }
  }

  /// Checks that SQLite would not take a file for the log of the backup, or the backup for a log.
  private func checkHasNoLog(_ path: String) throws {
    try DatabaseFile.checkName(path)
    for log in ["-wal", "-journal"] where (FileStatus.size(of: path + log) ?? 0) > 0 {
      throw StoreError(
        .cannotOpen,
        "\(path)\(log) belongs to a database that was in use at that path; name another file for "
          + "the backup", path: path)
    }
  }

  private func movedBackup(_ path: String) -> StoreError {
    StoreError(
      .replaced,
      "the backup \(path) or its directory was moved away while it was written; back up again",
      path: path)
  }

  private func backupExists(_ path: String) -> StoreError {
    StoreError(
      .backupExists, "\(path) already exists; name another file for the backup, or replace it",
      path: path)
  }
}

// MARK: Before a run

extension SQLiteStore {
  /// The part of a backup's name between the name of the database and the number of the run.
  private static let backupSuffix = ".backup-"
  /// The number of backups that are kept.
  private static let backupsKept = 3

  /// Runs `body`, and preserves the current state of the database until it is copied or `body`
  /// ends.
  ///
  /// The copy is `<database>.backup-<run>`, a complete database. A database without a write-ahead
  /// log, or one that the next write will upgrade, is copied before `body` runs; the copy is
  /// removed if it was neither asked for nor upgraded.
  public func withBackup<Result>(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result {
    guard try keepsOldStates else {
      let backup = try backUp(beforeRun: run, isCancelled: isCancelled)
      let wasComplete = try writingSession().layout.isComplete
      var isTaken = false
      defer {
        if !isTaken, (try? writingSession().layout.isComplete) == wasComplete { backup.discard() }
      }
      return try body {
        isTaken = true
        return backup
      }
    }
    return try readers.read { session in
      let source = session.connection
      // The outcome is kept, because a failed attempt cannot be repeated once the snapshot has
      // ended.
      var outcome: Swift.Result<RunBackup, any Error>?
      return try body {
        if let outcome { return try outcome.get() }
        // While the snapshot lasts, the log cannot be checkpointed completely.
        defer { source.rollBack() }
        let made = Swift.Result {
          try self.backUp(source, beforeRun: run, isCancelled: isCancelled)
        }
        outcome = made
        return try made.get()
      }
    }
  }

  /// Whether readers keep seeing the old state of the database while this store writes.
  private var keepsOldStates: Bool {
    get throws {
      let session = try writingSession()
      return session.layout.isComplete && session.connection.keepsLog
    }
  }

  private func backUp(
    _ snapshot: SQLiteConnection? = nil, beforeRun run: Int64, isCancelled: () -> Bool
  ) throws -> RunBackup {
    // If the path is a link, the backup is next to the database, not next to the link.
    let shown = FileStatus.isLink(location) ? file.path : location
    var number = BackupNumber(run: run)
    // An existing backup of that name dates from before the database was recreated or restored, and
    // must be kept.
    while FileStatus.hasEntry(file.path + number.name) { number.copy += 1 }
    let name = number.name
    let path = file.path + name
    do {
      try copy(snapshot, to: path, replacing: false, isCancelled: isCancelled)
    } catch var error as StoreError where error.code != .cancelled {
      error.message +=
        ". The database could not be backed up, so nothing in it was changed; fix that, or run without "
        + "a backup"
      throw error
    }
    return RunBackup(
      path: shown + name, run: run, discard: { try? FileSystem.removeFile(path) },
      removeOlder: { [file] in Self.removeBackups(of: file, olderThan: name, upTo: run) })
  }

  /// Removes all but the last few of the backups taken before runs up to this one, and incomplete
  /// copies that killed processes left.
  ///
  /// Backups with higher numbers belong to another history of the database and stay, and so do
  /// other files with names of backups.
  ///
  /// - Parameters:
  ///   - database: The database.
  ///   - newest: The part of the new backup's name after that of the database.
  ///   - run: The run that the new backup was taken for.
  private static func removeBackups(
    of database: DatabaseFile, olderThan newest: String, upTo run: Int64
  ) {
    let directory = database.path.directoryPath
    let prefix = Array((database.path.lastName + backupSuffix).utf8)
    var older: [BackupNumber] = []
    for entry in FileSystem.names(inDirectory: directory) {
      guard entry.starts(with: prefix) else { continue }
      let parts = entry.dropFirst(prefix.count).split(
        separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
      guard let number = parts.first.flatMap(BackupNumber.init), number.run <= run
      else { continue }
      if parts.count == 1 {
        if number.name != newest { older.append(number) }
      } else if isTemporary(parts[1]) {
        // No other process is writing the file, because only the holder of the lock writes backups.
        let path = Array("\(directory)/".utf8) + entry
        if isPrivate(path) { try? FileSystem.removeFile(path) }
      }
    }
    let descending = older.sorted { ($0.run, $0.copy) > ($1.run, $1.copy) }
      .filter { isBackup(database.path + $0.name, beforeRun: $0.run, database.catalog) }
    for number in descending.dropFirst(backupsKept - 1) {
      try? FileSystem.removeFile(database.path + number.name)
    }
  }

  /// Whether a file is the unchanged backup before a run: a database whose ledger ends before that
  /// run.
  ///
  /// A backup that was used as a database since has later runs, or a log.
  private static func isBackup(
    _ path: String, beforeRun run: Int64, _ catalog: EntityCatalog
  ) -> Bool {
    guard isPrivate(path), !Sidecar.all(of: path).contains(where: { FileStatus.hasEntry($0.path) })
    else { return false }
    do {
      let connection = try SQLiteConnection(path: path, mode: .immutable, busyTimeout: .zero)
      let layout = try SQLiteLayout(of: connection, catalog)
      try layout.validate(path: path)
      guard !layout.isEmpty else { return false }
      let last =
        layout.tableNames.contains(LedgerTable.runs.name)
        ? try connection.integer("SELECT max(id) FROM migration_runs") : nil
      return last ?? 0 == run - 1
    } catch {
      return false
    }
  }

  /// Whether a path names a file that is accessible only to its owner, as copies are.
  private static func isPrivate(_ path: some SystemPath) -> Bool {
    guard let entry = try? FileStatus(ofLink: path) else { return false }
    return entry.form == .file && entry.linkCount == 1 && entry.permissions == 0o600
  }

  /// Whether a part of a name is as at the end of ``temporaryNames(for:)``.
  private static func isTemporary(_ ending: ArraySlice<UInt8>) -> Bool {
    let prefix = Array("incomplete-".utf8)
    guard ending.starts(with: prefix) else { return false }
    let numbers = ending.dropFirst(prefix.count).split(
      separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return numbers.count <= 2
      && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } }
  }

  /// The number in the name of a backup: that of the run, as in `.backup-7`, and which of the
  /// backups with that number it is, as in `.backup-7-2`.
  private struct BackupNumber {
    let run: Int64
    var copy: Int64 = 1

    /// The part of the backup's name after that of the database.
    var name: String { backupSuffix + "\(run)" + (copy > 1 ? "-\(copy)" : "") }

    init(run: Int64, copy: Int64 = 1) {
      (self.run, self.copy) = (run, copy)
    }

    /// Reads the part of a name after ``backupSuffix``; `nil` if it is not that of a backup.
    init?(_ text: ArraySlice<UInt8>) {
      let parts = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
      guard let run = parts.first.flatMap(Self.number), parts.count <= 2 else { return nil }
      self.run = run
      guard parts.count == 2 else { return }
      guard let copy = Self.number(parts[1]), copy > 1 else { return nil }
      self.copy = copy
    }

    private static func number(_ text: ArraySlice<UInt8>) -> Int64? {
      guard let number = Int64(String(decoding: text, as: UTF8.self)), number > 0,
        String(number).utf8.elementsEqual(text)
      else { return nil }
      return number
    }
  }
}

extension SQLiteConnection {
  /// The number of bytes that are copied at once.
  private static let pieceSize = 1 << 20

  /// Copies the file of the database to an empty one, if the log is empty, so that the file is the
  /// whole database.
  ///
  /// While the transaction of this connection lasts, SQLite writes only to the log. The file is
  /// read through SQLite, because closing another descriptor of it would release SQLite's locks.
  /// - Returns: `false`, without having written anything, if the log is not empty.
  /// - Throws: ``StoreError/Code/cancelled`` when `isCancelled` returns `true`; an error if reading
  ///   or writing fails.
  func copyFile(to copy: StagedFile, isCancelled: () -> Bool) throws -> Bool {
    try readingOneState {
      guard let file = handle.database, file.keepsLog, handle.log?.size == 0,
        let pages = try integer("PRAGMA page_count"), let size = try integer("PRAGMA page_size"),
        let found = file.size, found == Int(pages * size)
      else { return false }
      let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: min(Self.pieceSize, found), alignment: 16)
      defer { unsafe buffer.deallocate() }
      var offset = 0
      while offset < found {
        if isCancelled() { throw StoreError.cancelledBackup }
        let piece = unsafe UnsafeMutableRawBufferPointer(
          rebasing: buffer[..<min(buffer.count, found - offset)])
        guard unsafe file.read(into: piece, at: offset) else {
          throw StoreError(
            .inputOutput, "reading \(handle.path) failed; check the disk", path: handle.path)
        }
        do throws(SystemError) {
          try unsafe copy.file.write(UnsafeRawBufferPointer(piece))
        } catch {
          throw StoreError(
            error.isOutOfSpace || error.isOverSizeLimit ? .diskFull : .cannotOpen,
            "the backup \(copy.temporaryPath) cannot be written: \(error.reason)",
            path: copy.temporaryPath)
        }
        offset += piece.count
      }
      return true
    }
  }

  /// The number of pages that are copied between two calls of `isCancelled`: 4 to 8 MiB.
  private static let backupStep: Int32 = 1024

  /// Copies the whole database in its current state into an empty one: `sqlite3_backup_init`,
  /// `sqlite3_backup_step`, `sqlite3_backup_finish`.
  ///
  /// It reads everything in one transaction, so that writers do not make SQLite start over.
  ///
  /// - Throws: ``StoreError/Code/cancelled`` when `isCancelled` returns `true`, or what SQLite
  ///   reports.
  func copyContent(to copy: SQLiteConnection, isCancelled: () -> Bool) throws {
    try readingOneState {
      guard
        let backup = unsafe sqlite3_backup_init(copy.handle.pointer, "main", handle.pointer, "main")
      else {
        try unsafe copy.handle.check(sqlite3_errcode(copy.handle.pointer))
        throw StoreError(.other, "\(copy.handle.path): the backup cannot be started")
      }
      var result = SQLITE_OK
      var isAbandoned = false
      while result == SQLITE_OK {
        isAbandoned = isCancelled()
        if isAbandoned { break }
        result = unsafe sqlite3_backup_step(backup, Self.backupStep)
      }
      let end = unsafe sqlite3_backup_finish(backup)
      if isAbandoned { throw StoreError.cancelledBackup }
      try copy.handle.check(end)
      // `sqlite3_backup_finish` does not report SQLITE_BUSY and SQLITE_LOCKED.
      try copy.handle.check(result)
    }
  }
}

extension StoreError {
  fileprivate static var cancelledBackup: StoreError {
    StoreError(.cancelled, "the backup was cancelled; nothing of it is left")
  }
}
