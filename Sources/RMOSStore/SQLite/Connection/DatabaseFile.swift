import RMOSModels
import RMOSSystem

/// A database's place in the file system, and how it is opened there.
struct DatabaseFile: Sendable {
  /// The absolute path, links resolved.
  let path: String
  /// The kinds of entities that it holds.
  let catalog: EntityCatalog
  /// Whether the file existed when the store was created.
  let wasThere: Bool

  /// Examines a path without opening the file.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen``, ``StoreError/Code/notADatabase``.
  init(path: String, _ catalog: EntityCatalog, mayBeAbsent: Bool) throws {
    self.catalog = catalog
    func refuse(_ message: String) -> StoreError {
      StoreError(.cannotOpen, message, path: path)
    }
    try Self.checkName(path)
    var status: FileStatus?
    do throws(SystemError) {
      status = try FileStatus(of: path)
    } catch {
      guard error == .notFound else { throw refuse("\(path) cannot be reached: \(error.reason)") }
    }
    if status == nil, FileStatus.hasEntry(path) {
      // Another process may just have created the file.
      status = try? FileStatus(of: path)
      guard status != nil else {
        throw refuse("\(path) cannot be reached: it is a link that points to nothing")
      }
    }
    if let status {
      guard status.form != .directory else {
        throw refuse("\(path) is a directory; name a file in it")
      }
      guard status.form == .file else {
        throw refuse("\(path) is \(status.form.rawValue), not a file; name another")
      }
      guard status.linkCount <= 1 else { throw StoreError.hardLinked(path, status.linkCount) }
      // SQLite treats a file of one byte as an empty one, and would overwrite it.
      guard status.size == 0 || status.size >= 512 else {
        throw StoreError(
          .notADatabase,
          "\(path) is not a SQLite database (it has only \(status.size) bytes); name another file",
          path: path)
      }
      self.path = try Self.resolve(path, of: path)
      wasThere = true
      return
    }
    let (directory, name) = (path.directoryPath, path.lastName)
    guard !name.isEmpty else { throw refuse("\(path) is a directory; name a file in it") }
    let resolved = try Self.resolve(directory, of: path)
    guard mayBeAbsent else {
      throw refuse("there is no database at \(path); check the path, or create one there")
    }
    self.path = resolved == "/" ? "/\(name)" : "\(resolved)/\(name)"
    wasThere = false
  }

  /// The absolute path of a file or directory that a database's path names.
  private static func resolve(_ path: String, of database: String) throws(StoreError) -> String {
    do throws(SystemError) {
      return try path.resolved()
    } catch {
      throw StoreError(
        .cannotOpen,
        error.isAbsent
          ? "\(database) cannot be opened: the directory \(path) does not exist; create it first"
          : "\(database) cannot be reached: \(path): \(error.reason); check the permissions of the "
            + "directories above it",
        path: database)
    }
  }

  /// Refuses a name that means something other than a file to SQLite or to a shell.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen``.
  static func checkName(_ path: String) throws(StoreError) {
    func refuse(_ message: String) -> StoreError {
      StoreError(.cannotOpen, "\"\(path)\" \(message)", path: path)
    }
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw refuse("is not the path of a database; name a file")
    }
    // SQLite would use the file as the log of the database without that suffix, and overwrite it.
    for log in ["-wal", "-shm", "-journal"] where path.hasSuffix(log) {
      throw refuse(
        "is the name of a log that SQLite keeps of \(path.dropLast(log.utf8.count)); name a database"
      )
    }
    let wayOut = "For a file that really has that name, write ./\(path)"
    if path == "-" {
      throw refuse("stands for standard input or output; name a file. \(wayOut)")
    }
    if path == ":memory:" {
      throw refuse(
        "would be lost at the end, because a database in memory is not kept; name a file. \(wayOut)"
      )
    }
    if path.utf8.starts(with: Array("file:".utf8)) {
      throw refuse("is a URI; name the file by its path. \(wayOut)")
    }
    if path.utf8.first == UInt8(ascii: "~") {
      throw refuse(
        "begins with a ~ that the shell did not expand; write the path of the home directory. \(wayOut)"
      )
    }
  }

  /// The state of the file if no log next to it holds changes, so that it can be read without
  /// locks; `nil` otherwise.
  var immutableStamp: FileStatus.State? {
    guard !logHasPages, (FileStatus.size(of: path + "-journal") ?? 0) == 0 else { return nil }
    return (try? FileStatus(of: path))?.state
  }

  /// Whether the write-ahead log is long enough to hold a page.
  ///
  /// A killed process may leave a log with only its header, which holds no changes.
  private var logHasPages: Bool {
    guard let log = try? FileStatus(ofLink: path + "-wal"), log.form == .file else { return false }
    // The headers of the log and of a page, and the smallest page.
    return log.size >= 32 + 24 + 512
  }

  /// Opens a connection, unless files next to the database prevent that.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen``, ``StoreError/Code/readOnly``,
  ///   `store.hard-linked`, or what SQLite reports.
  func connect(
    _ mode: SQLiteConnection.Mode, busyTimeout: Duration
  ) throws -> SQLiteConnection {
    if let status = try? FileStatus(of: path), status.linkCount > 1 {
      throw StoreError.hardLinked(path, status.linkCount)
    }
    for sidecar in Sidecar.all(of: path) { try sidecar.check(for: mode) }
    if mode == .readOnly, hasLogWithoutIndex, !mayMakeIndex { throw logWithoutIndex }
    return try SQLiteConnection(path: path, mode: mode, busyTimeout: busyTimeout)
  }

  /// Opens a connection for reading, with the layout that is `known` unless it has changed.
  ///
  /// It does not even write next to the file; with `prefersLocks`, it uses locks, and the files
  /// next to the database that they need, if this user may create them.
  func openForReading(
    _ known: SQLiteLayout?, prefersLocks: Bool, busyTimeout: Duration
  ) throws -> SQLiteSession {
    try repeating(busyTimeout) {
      try openLeavingNothing(.readOnly, known, prefersLocks, busyTimeout) { _ in }
    }
  }

  /// Opens a connection for reading next to a writer.
  func openNextToWriter(
    _ known: SQLiteLayout?, busyTimeout: Duration
  ) throws -> SQLiteSession {
    try explaining {
      try SQLiteSession(try connect(.readOnly, busyTimeout: busyTimeout), catalog, known: known)
    }
  }

  /// Opens a connection for inspecting any database, which changes neither the file nor the files
  /// next to it.
  func openForInspection(
    _ known: SQLiteLayout?, prefersLocks: Bool, busyTimeout: Duration
  ) throws -> SQLiteSession {
    try repeating(busyTimeout) {
      if hasLogWithoutIndex { throw logWithoutIndex }
      return try openLeavingNothing(.observing, known, prefersLocks, busyTimeout) { connection in
        for pragma in ["cell_size_check = ON", "cache_size = -8192"] {
          try connection.execute("PRAGMA \(pragma)")
        }
      }
    }
  }

  /// Opens a connection for reading that leaves no files next to the database.
  ///
  /// It uses SQLite's locks if they need no such files. Otherwise it is opened without locks if no
  /// log has changes, and in `mode` if one has.
  private func openLeavingNothing(
    _ mode: SQLiteConnection.Mode, _ known: SQLiteLayout?, _ prefersLocks: Bool,
    _ busyTimeout: Duration, _ prepare: (SQLiteConnection) throws -> Void
  ) throws -> SQLiteSession {
    func session(
      _ connection: SQLiteConnection, _ stamp: FileStatus.State? = nil
    ) throws -> SQLiteSession {
      try prepare(connection)
      return try SQLiteSession(connection, catalog, known: known, stamp: stamp)
    }
    func session(_ mode: SQLiteConnection.Mode) throws -> SQLiteSession {
      try session(try connect(mode, busyTimeout: busyTimeout))
    }
    if let connection = try connectWithoutLog(busyTimeout: busyTimeout) {
      do {
        return try session(connection)
      } catch let error as StoreError where connection.cannotLock(error) {}
    } else if prefersLocks, (try? checkRights()) != nil {
      return try session(.readWrite)
    }
    guard let stamp = immutableStamp else { return try session(mode) }
    // An empty log may belong to a process that has the database open but is not writing, so locks
    // are used. If the log has only a header, SQLite would wait for a writer.
    if mode == .observing, !logHasContent, FileStatus.hasEntry(path + "-wal"),
      FileStatus.hasEntry(path + "-shm")
    {
      return try session(.observing)
    }
    return try session(try connect(.immutable, busyTimeout: busyTimeout), stamp)
  }

  /// Opens a connection that reads under locks without leaving files next to the database; `nil` if
  /// the database has a write-ahead log.
  func connectWithoutLog(busyTimeout: Duration) throws -> SQLiteConnection? {
    guard !logHasContent else { return nil }
    let connection = try connect(.withoutLog, busyTimeout: busyTimeout)
    return keepsLog(connection) ? nil : connection
  }

  /// Whether the database now has a write-ahead log, by its header or because SQLite would read
  /// one.
  func keepsLog(_ connection: SQLiteConnection) -> Bool { connection.keepsLog || logHasContent }

  /// Whether SQLite would read the log, even if the header of the database says that it has none.
  private var logHasContent: Bool { (FileStatus.size(of: path + "-wal") ?? 0) > 0 }

  private var hasLogWithoutIndex: Bool { logHasPages && !FileStatus.hasEntry(path + "-shm") }

  /// Whether an index of the log created by this process would belong to the owner of the database.
  ///
  /// An index of another user could prevent the owner from opening the database.
  private var mayMakeIndex: Bool {
    ProcessEnvironment.isSuperuser || (try? FileStatus(of: path))?.owner == ProcessEnvironment.user
  }

  /// The error for a log that cannot be read because its index is missing.
  private var logWithoutIndex: StoreError {
    if isHeldByOne {
      return StoreError(
        .busy,
        "\(path) is held by another program for itself alone (PRAGMA locking_mode = EXCLUSIVE); "
          + "close that program, then run again", path: path)
    }
    return StoreError(
      .cannotOpen,
      "\(path) has a write-ahead log without its index (\(path)-shm), which cannot be read "
        + "without writing; open it once for writing, or copy both files to a directory that you may "
        + "write to", path: path)
  }

  /// Whether another connection keeps all others out, as one does that keeps the index of the log
  /// in its memory.
  private var isHeldByOne: Bool {
    do {
      let connection = try SQLiteConnection(path: path, mode: .observing, busyTimeout: .zero)
      _ = try connection.schemaCookie
      return false
    } catch {
      return (error as? StoreError)?.code == .busy
    }
  }

  /// Opens the connection that writes, and creates the file and its tables if they are missing.
  ///
  /// An older database is not upgraded until the first write, so that it can be backed up before.
  /// `location` is the name of the database in messages.
  func openForWriting(
    _ access: SQLiteStore.Access, location: String, busyTimeout: Duration
  ) throws -> SQLiteSession {
    WriterLock.removeAbandoned(database: path)
    // Without the rights, SQLite would open the file for reading only, and leave a log that belongs
    // to this user.
    try checkRights()
    var identity: FileStatus.Identity?
    do {
      return try explaining {
        let connection = try connect(
          access == .create ? .create : .readWrite, busyTimeout: busyTimeout)
        identity = connection.identity
        let session = try prepare(connection, location: location, busyTimeout: busyTimeout)
        connection.rememberSidecars()
        return session
      }
    } catch {
      // If the identity of the file is unknown, it may not be the one created here, and stays.
      if !wasThere, let identity { removeWhatWasCreated(identity) { try hasNoTables($0) } }
      throw error
    }
  }

  /// Checks that this user may write to the file, to its directory, and to the files next to it.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen``, ``StoreError/Code/readOnly``.
  func checkRights() throws(StoreError) {
    let places = [(path.directoryPath, StoreError.Code.cannotOpen), (path, .readOnly)]
    for (place, code) in places {
      do throws(SystemError) {
        try FileSystem.checkWritable(place)
      } catch {
        if error.isAbsent { continue }
        throw StoreError(
          code,
          "\(path) cannot be written: \(place): \(error.reason); "
            + "writing needs a writable directory and a writable file", path: path)
      }
    }
    for sidecar in Sidecar.all(of: path) { try sidecar.check(for: .readWrite) }
    try WriterLock.checkFitness(database: path)
  }

  /// Runs `body`, which opens the database, and repeats it until the timeout while other processes
  /// interfere that open or close it.
  ///
  /// The last one that closes it holds it for itself, and removes first the index of the log, then
  /// the log.
  private func repeating<Result>(
    _ timeout: Duration, _ body: () throws -> Result
  ) throws -> Result {
    let deadline = Deadline(after: timeout)
    let suffixes = ["", "-wal", "-shm"]
    while true {
      let before = states(suffixes)
      do {
        return try explaining(body)
      } catch let error as StoreError {
        guard error.code == .busy || before != states(suffixes), !deadline.hasPassed
        else { throw error }
        SystemThread.pause(milliseconds: 1)
      }
    }
  }

  /// Runs `body`, and explains an error that the index of the log may have caused.
  private func explaining<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch var error as StoreError {
      guard error.sqliteCode != nil,
        [.cannotOpen, .inputOutput, .readOnly, .other].contains(error.code)
      else { throw error }
      if hasLogWithoutIndex { throw logWithoutIndex }
      if error.concernsIndex {
        error.message =
          "\(path) has a write-ahead log, \(path)-wal, that its index (\(path)-shm) does not fit, as "
          + "after a crash or if another database's log was put there; open the database once for "
          + "writing, which reads of the log what belongs to it"
        throw error
      }
      let index = Sidecar(path: path + "-shm")
      // If the file cannot be opened and the index has a plausible size, the index is not the
      // cause.
      if error.code != .cannotOpen || !index.mayBeAnIndex, let hint = index.hint {
        error.message += ". " + hint
      }
      throw error
    }
  }

  private func prepare(
    _ connection: SQLiteConnection, location: String, busyTimeout: Duration
  ) throws -> SQLiteSession {
    // A file of another application is refused before anything in it changes.
    let layout = try SQLiteLayout(of: connection, catalog)
    try layout.validate(path: location)
    // The page size can only be set while the file has no pages.
    if try connection.integer("PRAGMA page_count") == 0 {
      try connection.execute("PRAGMA page_size = \(SQLiteConnection.newPageSize)")
    }
    for pragma in [
      "foreign_keys = ON", "synchronous = FULL", SQLiteConnection.smallPageCache,
      // Some systems configure SQLite to overwrite every page that becomes free, which writes each
      // page of deleted rows once more.
      "secure_delete = FAST",
    ] {
      try connection.execute("PRAGMA \(pragma)")
    }
    connection.checkpointInCommits()
    try layout.validateForWriting(on: connection, path: location)
    if !layout.isComplete {
      // The first write completes an older database.
      if !layout.isEmpty { return try SQLiteSession(connection, catalog, known: layout) }
      let lock = try WriterLock(database: path, timeout: busyTimeout)
      connection.lock = lock.place
      defer { connection.lock = nil }
      try enterLogMode(connection, busyTimeout: busyTimeout)
      try connection.writeTransaction {
        try SQLiteSchema.complete(connection, catalog, path: location)
      }
      lock.release()
      return try SQLiteSession(connection, catalog)
    }
    if !layout.missingIndexSQL.isEmpty {
      // A bulk load that was killed has left the indexes out. One that is in progress holds the
      // lock, and will create them itself.
      if let lock = try? WriterLock(database: path, timeout: .zero) {
        let layout = try SQLiteLayout.current(of: connection, known: layout)
        try SQLiteSchema.createMissingIndexes(connection, layout)
        lock.release()
      }
    }
    return try SQLiteSession(connection, catalog, known: layout)
  }

  /// Switches the database to a write-ahead log.
  ///
  /// SQLite's busy timeout does not apply to this pragma.
  func enterLogMode(_ connection: SQLiteConnection, busyTimeout: Duration) throws {
    let deadline = Deadline(after: busyTimeout)
    while true {
      do throws(StoreError) {
        try connection.execute("PRAGMA journal_mode = WAL")
        return connection.rememberSidecars()
      } catch {
        guard error.code == .busy, !deadline.hasPassed else { throw error }
        SystemThread.pause(milliseconds: 20)
      }
    }
  }

  /// Removes a database that this store created, unless it has rows, its schema has changed, or
  /// other processes may have it open.
  func removeIfUnused(_ identity: FileStatus.Identity?, schemaCookie: Int64) {
    guard let identity else { return }
    removeWhatWasCreated(identity) { try hasNoRows($0, schemaCookie: schemaCookie) }
  }

  /// Removes the file that was created here, unless another file has replaced it, it is used, or
  /// other processes may have it open, whose writes would be lost with it.
  ///
  /// SQLite's locks do not show whether it is open: a connection that has not read yet has none.
  private func removeWhatWasCreated(
    _ identity: FileStatus.Identity, if isUnused: (SQLiteConnection) throws -> Bool
  ) {
    func remove() {
      let before = contentStates
      guard before.first??.identity == identity, (try? check(isUnused)) == true,
        let file = FileDescriptor.opening(unshared: path)
      else { return }
      defer { file.close() }
      // From here on, processes that open the file wait, so the checks stay valid.
      guard contentStates == before, (try? file.status())?.identity == identity else { return }
      for suffix in ["-wal", "-shm", "-journal"] { try? FileSystem.removeFile(path + suffix) }
      // A name derived from that of the database might be too long.
      let name = "\(path.directoryPath)/.rmos-unused-\(ProcessEnvironment.processID)"
      guard (try? FileSystem.renameUnlessTaken(path, to: name)) != nil else { return }
      // If a process has begun to open the file before it was renamed, the file is put back.
      if file.isStillUnshared || (try? FileSystem.renameUnlessTaken(name, to: path)) == nil {
        try? FileSystem.removeFile(name)
      }
    }
    do {
      let lock = try WriterLock(database: path, timeout: .zero)
      remove()
      lock.release()
    } catch let error as StoreError where error.code == .locked {
      // Another process is using the file, and may have written to it.
    } catch {
      // Files here cannot be locked, so no other process of RMOS can be using the file.
      remove()
    }
  }

  /// The states of the files that hold the content of the database.
  private var contentStates: [FileStatus.State?] { states(["", "-wal", "-journal"]) }

  private func states(_ suffixes: [String]) -> [FileStatus.State?] {
    suffixes.map { (try? FileStatus(ofLink: path + $0))?.state }
  }

  /// Calls `isUnused` with a connection that changes none of these files.
  private func check(_ isUnused: (SQLiteConnection) throws -> Bool) throws -> Bool {
    let stamp = immutableStamp
    if stamp?.size == 0 { return true }
    let mode = stamp == nil ? SQLiteConnection.Mode.readOnly : .immutable
    return try isUnused(try SQLiteConnection(path: path, mode: mode, busyTimeout: .zero))
  }

  private func hasNoRows(_ connection: SQLiteConnection, schemaCookie: Int64) throws -> Bool {
    try connection.readTransaction { found in
      guard found == schemaCookie else { return false }
      let tables = catalog.kinds.map(\.table) + LedgerTable.allNames
      return try tables.allSatisfy { table in
        try connection.integer("SELECT EXISTS (SELECT 1 FROM \(table))") == 0
      }
    }
  }

  private func hasNoTables(_ connection: SQLiteConnection) throws -> Bool {
    try SQLiteLayout(of: connection, catalog).isEmpty
  }
}

extension SQLiteConnection {
  /// Whether an error means that files cannot be locked here, as on some network file systems.
  func cannotLock(_ error: StoreError) -> Bool {
    switch error.sqliteResult {
    case .readLock?, .lock?, .permission?: true
    case .busy?: handle.database.map { SystemError.code($0.lastError).isOutOfLocks } ?? false
    default: false
    }
  }
}

extension StoreError {
  /// Whether the error means that the index of the log cannot be read without being written.
  fileprivate var concernsIndex: Bool {
    [.readOnlyRecovery, .readOnlyIndex, .logProtocol].contains(sqliteResult)
  }
}

/// A file that SQLite keeps next to a database: its log, the log's index, or its journal.
struct Sidecar {
  let path: String

  /// All files that a database may have next to it.
  static func all(of database: String) -> [Sidecar] {
    ["-wal", "-shm", "-journal"].map { Sidecar(path: database + $0) }
  }

  private var isIndex: Bool { path.hasSuffix("-shm") }

  /// The path of the database.
  private var database: String {
    String(path[..<(path.lastIndex(of: "-") ?? path.endIndex)])
  }

  /// Refuses a file that would make SQLite wait, follow a link, or fail without a useful message.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen``, ``StoreError/Code/readOnly``.
  func check(for mode: SQLiteConnection.Mode) throws(StoreError) {
    guard let entry = try? FileStatus(ofLink: path) else { return }
    guard entry.form == .file else {
      throw StoreError(
        .cannotOpen,
        "\(path) is \(entry.form.rawValue), and SQLite needs that name for a file of its own; "
          + "remove or rename it", path: path)
    }
    switch mode {
    case .create, .readWrite:
      try check(
        entry, SystemError.thrown { () throws(SystemError) in try FileSystem.checkWritable(path) },
        .readOnly, "written")
    case .readOnly, .observing:
      try check(
        entry, SystemError.thrown { () throws(SystemError) in try FileSystem.checkReadable(path) },
        .cannotOpen, "read")
    case .withoutLog:
      // The journal of an interrupted write must be rolled back; an empty one has nothing to roll
      // back.
      guard path.hasSuffix("-journal"), entry.size > 0 else { return }
      try check(for: .readOnly)
    case .immutable: return
    }
  }

  private func check(
    _ entry: FileStatus, _ failure: SystemError?, _ code: StoreError.Code, _ verb: String
  ) throws(StoreError) {
    guard let failure, !failure.isAbsent else { return }
    let isOfOwner = try? FileStatus(of: database).owner == entry.owner
    let wayOut =
      isIndex || entry.size == 0
      ? "If no program has the database open, that file may be deleted"
      : "It may hold changes: "
        + (isOfOwner == true
          ? "give it the permissions of the database (chmod)"
          : "make the database's owner its owner (chown)")
        + ", or have \(ProcessEnvironment.userName(entry.owner)) open the database once for writing"
    throw StoreError(
      code,
      "\(path) cannot be \(verb): \(failure.reason): the file is "
        + "\(ProcessEnvironment.userName(entry.owner))'s. \(wayOut)", path: path)
  }

  /// Whether the file has the size of an index, a multiple of 32 KiB.
  var mayBeAnIndex: Bool {
    guard let size = (try? FileStatus(ofLink: path))?.size else { return false }
    return size > 0 && size.isMultiple(of: 32_768)
  }

  /// A hint, for an error that does not mention it, that the index may be damaged; `nil` if there
  /// is no index.
  var hint: String? {
    guard isIndex, let entry = try? FileStatus(ofLink: path) else { return nil }
    return "The index of its log, \(path) (\(entry.size) bytes, of "
      + "\(ProcessEnvironment.userName(entry.owner))), may be damaged: if no program has the database "
      + "open, that file may be deleted, and SQLite recreates it"
  }
}
