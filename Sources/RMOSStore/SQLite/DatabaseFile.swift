import RMOSSystem

/// A database's place in the file system, and how it is opened there.
struct DatabaseFile: Sendable {
  /// The absolute path, links resolved.
  let path: String
  /// Whether the file was there when the store was made.
  let wasThere: Bool

  /// Looks at a path without opening it.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen``, ``StoreError/Code/notADatabase``.
  init(path: String, mayBeAbsent: Bool) throws {
    func refuse(_ message: String) -> StoreError {
      StoreError(.cannotOpen, message, path: path)
    }
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw refuse("“\(path)” is no path of a database; name a file")
    }
    var status: FileStatus?
    do throws(SystemError) {
      status = try FileStatus(of: path)
    } catch {
      guard error == .notFound else { throw refuse("\(path) cannot be reached: \(error.reason)") }
    }
    if status == nil, FileStatus.hasEntry(path) {
      // Unless another process created it this very moment.
      status = try? FileStatus(of: path)
      guard status != nil else {
        throw refuse("\(path) cannot be reached: it is a link that leads nowhere")
      }
    }
    if let status, let resolved = path.resolvedPath {
      guard status.form != .directory else {
        throw refuse("\(path) is a directory; name a file in it")
      }
      guard status.form == .file else { throw refuse("\(path) is no ordinary file; name another") }
      // SQLite takes a file of one byte for an empty one and writes over it.
      guard status.size == 0 || status.size >= 512 else {
        throw StoreError(
          .notADatabase,
          "\(path) is no SQLite database (it has only \(status.size) bytes); name another file",
          path: path)
      }
      self.path = resolved
      wasThere = true
      return
    }
    let (directory, name) = (path.directoryPath, path.lastName)
    guard let resolved = directory.resolvedPath, !name.isEmpty else {
      throw refuse("\(path) cannot be opened: there is no directory \(directory); create it first")
    }
    guard mayBeAbsent else {
      throw refuse("there is no database at \(path); check the path, or create it with init")
    }
    self.path = resolved == "/" ? "/\(name)" : "\(resolved)/\(name)"
    wasThere = false
  }

  /// The state of the file where it may be read without locks: no log beside it holds changes.
  var immutableStamp: FileStatus? {
    for log in ["-wal", "-journal"] where (FileStatus.size(of: path + log) ?? 0) > 0 { return nil }
    return try? FileStatus(of: path)
  }

  /// Opens a connection that reads; `readsOnly` forbids to write anything, even beside the file.
  func openForReading(_ readsOnly: Bool, busyTimeout: Double) throws -> SQLiteSession {
    if readsOnly, let stamp = immutableStamp {
      let connection = try SQLiteConnection(
        path: path, mode: .immutable, busyTimeout: busyTimeout)
      return try SQLiteSession(connection, stamp: stamp)
    }
    do {
      let connection = try SQLiteConnection(path: path, mode: .readOnly, busyTimeout: busyTimeout)
      return try SQLiteSession(connection)
    } catch let error as StoreError where error.code == .cannotOpen {
      throw hasLogWithoutIndex ? logWithoutIndex : error
    }
  }

  private var hasLogWithoutIndex: Bool {
    (FileStatus.size(of: path + "-wal") ?? 0) > 0 && !FileStatus.hasEntry(path + "-shm")
  }

  private var logWithoutIndex: StoreError {
    StoreError(
      .cannotOpen,
      "\(path) has a write-ahead log without its index (\(path)-shm), which cannot be read "
        + "without writing; open it once for writing, as rmos-cli init does, or copy both files to "
        + "where one may write", path: path)
  }

  /// Opens a connection that looks at whatever is there and changes nothing, neither the file nor
  /// what stands beside it.
  func openForInspection(busyTimeout: Double) throws -> SQLiteSession {
    if hasLogWithoutIndex { throw logWithoutIndex }
    let hasLog = FileStatus.hasEntry(path + "-wal") && FileStatus.hasEntry(path + "-shm")
    let stamp = hasLog ? nil : immutableStamp
    let connection = try SQLiteConnection(
      path: path, mode: stamp == nil ? .observing : .immutable, busyTimeout: busyTimeout)
    for pragma in ["cell_size_check = ON", "cache_size = -16384"] {
      try connection.execute("PRAGMA \(pragma)")
    }
    return try SQLiteSession(connection, stamp: stamp)
  }

  /// Opens the connection that writes.
  ///
  /// What is not there yet is created. An older database stays as it is: whoever writes first
  /// completes it, so that it can be copied before.
  func openForWriting(
    _ access: SQLiteStore.Access, busyTimeout: Double
  ) throws -> SQLiteSession {
    do {
      let connection = try SQLiteConnection(
        path: path, mode: access == .create ? .create : .readWrite, busyTimeout: busyTimeout)
      return try prepare(connection, busyTimeout: busyTimeout)
    } catch {
      if !wasThere { removeWhatWasCreated() }
      throw explained(error)
    }
  }

  /// The same error, with the plain reason where nothing can be written at all.
  private func explained(_ error: any Error) -> any Error {
    guard var error = error as? StoreError, error.sqliteCode != nil,
      [.cannotOpen, .readOnly].contains(error.code)
    else { return error }
    for place in [path.directoryPath, path] {
      do throws(SystemError) {
        try FileSystem.checkWritable(place)
      } catch let failure {
        error.message =
          "\(path) cannot be written: \(place): \(failure.reason); "
          + "writing needs a directory and a file one may write to"
        break
      }
    }
    return error
  }

  private func prepare(
    _ connection: SQLiteConnection, busyTimeout: Double
  ) throws -> SQLiteSession {
    // Refuse a file before anything in it changes.
    let layout = try SQLiteLayout(of: connection)
    try layout.validate(path: path, forWriting: true)
    for pragma in [
      "foreign_keys = ON", "synchronous = FULL", "cache_size = -16384", "wal_autocheckpoint = 4000",
    ] {
      try connection.execute("PRAGMA \(pragma)")
    }
    if !layout.isComplete {
      if layout.isReadable { return try SQLiteSession(connection) }
      let lock = try WriterLock(database: path, timeout: busyTimeout)
      try enterLogMode(connection, busyTimeout: busyTimeout)
      try connection.writeTransaction { try SQLiteSchema.complete(connection, path: path) }
      lock.release()
      return try SQLiteSession(connection)
    }
    try enterLogMode(connection, busyTimeout: busyTimeout)
    if !layout.missingIndexSQL.isEmpty {
      // A load that was cut off left them out; one that is under way will create them itself.
      if let lock = try? WriterLock(database: path, timeout: 0) {
        try SQLiteSchema.createMissingIndexes(connection)
        lock.release()
      }
    }
    return try SQLiteSession(connection)
  }

  /// Has the database keep a write-ahead log from now on.
  ///
  /// SQLite itself does not wait here for an application that is writing.
  func enterLogMode(_ connection: SQLiteConnection, busyTimeout: Double) throws {
    let deadline = Deadline(after: busyTimeout)
    while true {
      do throws(StoreError) {
        return try connection.execute("PRAGMA journal_mode = WAL")
      } catch {
        guard error.code == .busy, !deadline.hasPassed else { throw error }
        SystemThread.pause(milliseconds: 20)
      }
    }
  }

  private func removeWhatWasCreated() {
    func remove() {
      guard let size = FileStatus.size(of: path), size == 0 || hasNoTables else { return }
      for suffix in ["-wal", "-shm", "-journal", ""] {
        try? FileSystem.removeFile(path + suffix)
      }
    }
    do {
      let lock = try WriterLock(database: path, timeout: 0)
      remove()
      lock.release()
    } catch let error as StoreError where error.code == .locked {
      // Another process is at it by now; what it writes is not ours to delete.
    } catch {
      // Nobody can lock it, so nobody of ours can be at it.
      remove()
    }
  }

  private var hasNoTables: Bool {
    let connection = try? SQLiteConnection(path: path, mode: .readWrite, busyTimeout: 0)
    return (try? connection.map { try SQLiteLayout(of: $0).isEmpty }) ?? false
  }
}
