import CSQLite
import RMOSModels
import RMOSSystem

/// One connection to a database: opening, statements, transactions.
///
/// `@unchecked Sendable`: it is opened without SQLite's own mutexes and belongs to one thread at a
/// time; the store that owns it passes it from thread to thread under a lock.
final class SQLiteConnection: @unchecked Sendable {
  /// How to open a database.
  enum Mode {
    /// For reading and writing; the file is created if it does not exist.
    case create
    /// For reading and writing.
    case readWrite
    /// For reading.
    case readOnly
    /// For reading a database without a write-ahead log: under locks, and without creating files.
    case withoutLog
    /// For reading a file that no process is writing: without locks, and without creating files.
    case immutable
    /// For reading next to a writer: under locks, but without writing to the index of the log.
    case observing
  }

  /// The size of the pages of a new database, in bytes.
  ///
  /// An ordinary entity has some 500 bytes. With SQLite's default of 4096, a bulk load reads and
  /// writes twice as many pages; larger pages are no faster.
  static let newPageSize = 8192
  /// The size of the page cache of a connection that writes rows, as the setting of a pragma.
  static let pageCache = "cache_size = -16384"
  /// The size of the page cache for reading in order and for sorting, which is small enough for the
  /// processor's cache.
  static let smallPageCache = "cache_size = -2048"

  let handle: SQLiteHandle
  /// The mode in which it was opened.
  let mode: Mode
  /// The identity of the file that is open; `nil` for a temporary database or one in memory.
  ///
  /// It has an initial value because `deinit` must run even if `init` throws, and does so only if
  /// all properties have values.
  private(set) var identity: FileStatus.Identity? = nil
  /// The lock under which it writes, whose file is checked at every commit.
  var lock: WriterLock.Place?
  /// The ids that are known to exist, during a bulk load.
  var knownIDs: KnownIDs?
  /// The checkpointer of the log, during a bulk load.
  var checkpointer: LogCheckpointer?
  /// Whether SQLite enforces foreign keys; see ``setEnforcesKeys(_:)``.
  private(set) var enforcesKeys = true
  /// The identities of the log and its index, by suffix, once the connection has written.
  private var sidecars: [String: FileStatus.Identity] = [:]
  /// The error for all further writes, once the file was found to be moved or replaced.
  private var loss: StoreError?
  /// The compiled statements, by their text.
  private var statements: [String: SQLiteStatement] = [:]
  /// The compiled statements with a ``StatementSlot``.
  private var slots: [SQLiteStatement?] = []
  /// Whether it takes little memory rather than little time, as a server's must.
  var savesMemory = false
  /// Whether the page cache has the size for writing rows.
  private var hasLargeCache = false
  /// The question that SQLite asks periodically while a statement runs.
  private var question: Question?
  /// The functions that count rows by their origins, once they were used.
  private var countingFunctions: OriginFunctions?

  /// The page size, in bytes, which is known once something was read: `PRAGMA page_size`.
  var pageSize: Int { (try? integer("PRAGMA page_size")).flatMap { $0 }.map(Int.init) ?? 4096 }

  /// Opens a database: `sqlite3_open_v2`, `sqlite3_busy_timeout`,
  /// `sqlite3_extended_result_codes`.
  ///
  /// `path` is absolute. `busyTimeout` is how long to wait for other applications. `name` is the
  /// name of the database in messages, if it is not the path.
  init(path: String, mode: Mode, busyTimeout: Duration, shownAs name: String? = nil) throws {
    try Self.checkLibrary()
    self.mode = mode
    var flags = SQLITE_OPEN_NOMUTEX
    switch mode {
    case .create: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    case .readWrite: flags |= SQLITE_OPEN_READWRITE
    case .readOnly, .withoutLog: flags |= SQLITE_OPEN_READONLY
    case .immutable, .observing: flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
    }
    let file =
      switch mode {
      case .immutable: "file:\(path.percentEncoded(keeping: "/"))?immutable=1"
      case .observing: "file:\(path.percentEncoded(keeping: "/"))?readonly_shm=1"
      case .create, .readWrite, .readOnly, .withoutLog: path
      }
    var pointer: OpaquePointer?
    let result = unsafe sqlite3_open_v2(file, &pointer, flags, nil)
    handle = unsafe SQLiteHandle(pointer: pointer, path: name ?? path)
    // SQLite returns a handle even if opening fails; deinit closes it.
    try handle.check(result)
    unsafe sqlite3_extended_result_codes(pointer, 1)
    let milliseconds = Int32(clamping: Int((busyTimeout / .milliseconds(1)).rounded()))
    try unsafe handle.check(sqlite3_busy_timeout(pointer, milliseconds))
    identity = path.isEmpty || path == ":memory:" ? nil : try handle.identity()
  }

  /// Refuses a version of SQLite that lacks features used here, such as `sqlite_schema`:
  /// `sqlite3_libversion_number`.
  static func checkLibrary(_ version: Int32 = sqlite3_libversion_number()) throws(StoreError) {
    // Scripts/check.sh runs the program with the oldest version that is accepted here.
    guard version < 3_033_000 else { return }
    let found = "\(version / 1_000_000).\(version / 1000 % 1000).\(version % 1000)"
    throw StoreError(
      .other, "this system's SQLite is \(found), and 3.33 or newer is needed; update libsqlite3")
  }

  /// Closes the connection, after its statements: `sqlite3_close_v2`.
  deinit {
    checkpointer?.stop()
    // The log of a file that was moved must not stay behind.
    if !sidecars.isEmpty, case .moved = place { _ = removeLog() }
    statements.removeAll()
    slots.removeAll()
    unsafe sqlite3_close_v2(handle.pointer)
  }

  // MARK: Statements

  /// Runs SQL without parameters or results: `sqlite3_exec`.
  func execute(_ sql: String) throws(StoreError) {
    try unsafe handle.check(sqlite3_exec(handle.pointer, sql, nil, nil, nil))
  }

  /// Lends the statement for `sql`, compiled once, and resets it afterwards.
  ///
  /// If it is in use (a query within a query of the same text), another is compiled.
  func withStatement<Result>(
    _ sql: String, _ body: (SQLiteStatement) throws -> Result
  ) throws -> Result {
    if let statement = statements[sql], !statement.isInUse {
      return try lend(statement, body)
    }
    let statement = try SQLiteStatement(sql, on: handle)
    // Searches have many different texts, and the cache must not grow without limit.
    if statements.count >= 64 { statements.removeAll() }
    statements[sql] = statement
    return try lend(statement, body)
  }

  /// Lends the statement in a slot, which is faster than looking it up by its text.
  func withStatement<Result>(
    slot: Int, _ sql: @autoclosure () -> String, _ body: (SQLiteStatement) throws -> Result
  ) throws -> Result {
    if slot < slots.count, let statement = slots[slot], !statement.isInUse {
      return try lend(statement, body)
    }
    let statement = try SQLiteStatement(sql(), on: handle)
    while slots.count <= slot { slots.append(nil) }
    slots[slot] = statement
    return try lend(statement, body)
  }

  @inline(__always)
  private func lend<Result>(
    _ statement: SQLiteStatement, _ body: (SQLiteStatement) throws -> Result
  ) rethrows -> Result {
    statement.isInUse = true
    defer {
      statement.reset()
      statement.isInUse = false
    }
    return try body(statement)
  }

  /// Removes all compiled statements.
  func forgetStatements() {
    statements.removeAll()
    slots.removeAll()
  }

  /// Runs a statement with parameters to its end.
  func run(_ sql: String, _ parameters: Value...) throws {
    try withStatement(sql) { statement in
      try statement.bind(parameters)
      while try statement.step() {}
    }
  }

  /// Calls `body` with each row of a query with parameters.
  func forEachRow(
    _ sql: String, _ parameters: Value..., body: (SQLiteStatement) throws -> Void
  ) throws {
    try withStatement(sql) { statement in
      try statement.bind(parameters)
      while try statement.step() { try body(statement) }
    }
  }

  /// The texts in the first column of a query with parameters; empty ones for NULL.
  func texts(_ sql: String, _ parameters: Value...) throws -> [String] {
    try withStatement(sql) { statement in
      try statement.bind(parameters)
      var texts: [String] = []
      while try statement.step() { texts.append(statement.text(at: 0) ?? "") }
      return texts
    }
  }

  /// The integer in the first column of the first row; `nil` if there is no row or if it is NULL.
  func integer(_ sql: String, _ parameters: Value...) throws -> Int64? {
    try withStatement(sql) { statement in
      try statement.bind(parameters)
      guard try statement.step(), statement.type(at: 0) != .null else { return nil }
      return statement.integer(at: 0)
    }
  }

  /// Runs `body` with other values for some pragmas, and resets them afterwards.
  func with<Result>(
    _ values: [(pragma: String, value: Int64)], _ body: () throws -> Result
  ) throws -> Result {
    let before = try values.map { ($0.pragma, try integer("PRAGMA \($0.pragma)") ?? 0) }
    func set(_ values: [(String, Int64)]) throws {
      for (pragma, value) in values { try execute("PRAGMA \(pragma) = \(value)") }
    }
    // If resetting fails, the connection keeps the values, which do not affect any results.
    defer { try? set(before) }
    try set(values)
    return try body()
  }

  /// Empties the page cache: `sqlite3_db_release_memory`.
  func releaseMemory() { unsafe sqlite3_db_release_memory(handle.pointer) }

  /// The number of rows that the last statement changed: `sqlite3_changes`.
  var changes: Int { unsafe Int(sqlite3_changes(handle.pointer)) }

  /// The id of the last row inserted: `sqlite3_last_insert_rowid`.
  var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle.pointer) }

  /// Runs `body` and interrupts its statements when `isOver` returns `true`:
  /// `sqlite3_progress_handler`.
  ///
  /// Calls may be nested; the question of an outer call also interrupts an inner one.
  /// - Returns: What `body` returns; `nil` if it was interrupted, in which case SQLite has rolled
  ///   back a transaction that had written.
  func run<Result>(
    until isOver: () -> Bool, _ body: () throws -> Result
  ) throws -> Result? {
    try withoutActuallyEscaping(isOver) { isOver in
      let outer = self.question
      let question = Question { isOver() || outer?.ask() ?? false }
      poll(question)
      defer {
        poll(outer)
        question.ask = { false }
      }
      return try withExtendedLifetime(question) {
        do {
          return try body()
        } catch let error as StoreError where error.sqliteResult?.primary == .interrupt {
          return nil
        }
      }
    }
  }

  /// A function that SQLite calls through a pointer.
  private final class Question {
    var ask: () -> Bool
    init(_ ask: @escaping () -> Bool) { self.ask = ask }
  }

  /// Replaces the progress handler by one that asks a question; removes it if that is `nil`.
  private func poll(_ question: Question?) {
    self.question = question
    guard let question else {
      return unsafe sqlite3_progress_handler(handle.pointer, 0, nil, nil)
    }
    unsafe sqlite3_progress_handler(
      handle.pointer, 2000,
      { context in
        guard let context = unsafe context else { return 0 }
        return unsafe Unmanaged<Question>.fromOpaque(context).takeUnretainedValue().ask() ? 1 : 0
      }, unsafe Unmanaged.passUnretained(question).toOpaque())
  }

  /// Returns the functions that count rows by their origins, which it adds to the connection when
  /// they are first used.
  func originFunctions() throws(StoreError) -> OriginFunctions {
    if let countingFunctions { return countingFunctions }
    let functions = try OriginFunctions(handle)
    countingFunctions = functions
    return functions
  }

  // MARK: Transactions

  /// Sets whether SQLite enforces foreign keys; unlike the pragma, also within a transaction:
  /// `sqlite3_db_config`.
  ///
  /// SQLite recompiles statements after a change.
  func setEnforcesKeys(_ enforces: Bool) throws(StoreError) {
    guard enforces != enforcesKeys else { return }
    try unsafe handle.check(
      rmos_sqlite3_enforce_foreign_keys(handle.pointer, enforces ? 1 : 0))
    enforcesKeys = enforces
  }

  /// Enlarges the page cache to the size for writing rows.
  ///
  /// Until rows are written, as in a run over a source that was migrated before, it is small.
  func enlargeCache() throws(StoreError) {
    guard !hasLargeCache else { return }
    try execute("PRAGMA \(Self.pageCache)")
    hasLargeCache = true
  }

  /// Whether a transaction is open: `sqlite3_get_autocommit`.
  ///
  /// After a serious error, SQLite rolls a transaction back on its own.
  var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle.pointer) == 0 }

  /// The error if SQLite has rolled the transaction back, and the caller ignored the error that
  /// reported it.
  var lostTransaction: StoreError {
    StoreError(
      .other,
      "\(handle.path): SQLite rolled the transaction back after an error within it; "
        + "nothing of it was kept; run it again", path: handle.path)
  }

  /// The error if SQLite has rolled the transaction back because of `error`, which usually concerns
  /// only one row.
  func lostTransaction(by error: StoreError) -> StoreError {
    StoreError(
      .other,
      "\(handle.path): SQLite rolled the transaction back, nothing of it was kept: "
        + error.message, path: handle.path, sqliteCode: error.sqliteCode)
  }

  /// Runs `body` within the open transaction, and rolls back its writes if it throws: `SAVEPOINT`.
  func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
    try execute("SAVEPOINT part")
    do {
      let result = try body()
      try execute("RELEASE part")
      return result
    } catch {
      // SQLite may have rolled the whole transaction back.
      if isInTransaction { try execute("ROLLBACK TO part; RELEASE part") }
      throw error
    }
  }

  /// Runs `body` in a transaction that may write, and rolls it back if `body` throws.
  ///
  /// It fails if the file or the lock was moved before or during the commit.
  /// - Throws: ``StoreError/Code/replaced``, `store.hard-linked`, what SQLite reports, or
  ///   what `body` throws.
  func writeTransaction<Result>(_ body: () throws -> Result) throws -> Result {
    try checkPlace()
    try execute("BEGIN IMMEDIATE")
    let result: Result
    do {
      if sidecars.isEmpty { rememberSidecars() }
      if let knownIDs { knownIDs.keep(if: try dataVersion) }
      result = try body()
      guard isInTransaction else { throw lostTransaction }
      try checkPlace()
      try execute("COMMIT")
    } catch {
      knownIDs?.removeAll()
      rollBack()
      throw abandon(error)
    }
    do throws(StoreError) {
      try checkPlace()
    } catch {
      var error = error
      error.isAfterCommit = true
      throw error
    }
    return result
  }

  /// Runs `body` in a transaction that reads, and passes it the ``schemaCookie`` of its snapshot.
  func readTransaction<Result>(_ body: (Int64) throws -> Result) throws -> Result {
    try execute("BEGIN")
    // BEGIN does not read, so reading the cookie determines the snapshot.
    defer { rollBack() }
    return try body(try schemaCookie)
  }

  /// Runs `body` in the open transaction or, if there is none, in a new one that reads.
  func readingOneState<Result>(_ body: () throws -> Result) throws -> Result {
    isInTransaction ? try body() : try readTransaction { _ in try body() }
  }

  /// A number that changes with every change of the schema: `PRAGMA schema_version`.
  var schemaCookie: Int64 {
    get throws { try integer("PRAGMA schema_version") ?? 0 }
  }

  /// A number that changes when other connections commit: `PRAGMA data_version`.
  var dataVersion: Int64 {
    get throws { try integer("PRAGMA data_version") ?? 0 }
  }

  /// Rolls the transaction back, if one is open.
  ///
  /// Errors are ignored, so that they do not hide an earlier one; SQLite then rolls back on
  /// closing.
  func rollBack() {
    if isInTransaction { try? execute("ROLLBACK") }
  }
}

// Checks that the file of a connection is still at its path. SQLite continues to use a file that
// was renamed, deleted or replaced, and leaves its log under the old name, where it would be taken
// for the log of another file at that path.
extension SQLiteConnection {
  /// The place of the file.
  enum Place: Equatable {
    /// The file is at its path.
    case here
    /// The file or its log is no longer at its path; the text is for messages.
    case moved(String)
    /// The file has this many names.
    case linked(Int)
  }

  /// The place of the file, according to its path.
  var place: Place {
    guard let identity else { return .here }
    let path = handle.path
    do throws(SystemError) {
      let status = try FileStatus(of: path)
      guard status.identity == identity else { return .moved("another file is there now") }
      for (suffix, identity) in sidecars
      where (try? FileStatus(ofLink: path + suffix))?.identity != identity {
        return .moved("its log, \(path)\(suffix), was removed or replaced")
      }
      return status.linkCount > 1 ? .linked(status.linkCount) : .here
    } catch {
      return .moved(
        error.isAbsent
          ? "the file or its directory was removed or renamed"
          : "it cannot be reached any longer (\(error.reason))")
    }
  }

  /// Checks that the file, its log and the lock are still at their paths.
  ///
  /// - Throws: ``StoreError/Code/replaced``, `store.hard-linked`.
  func checkPlace() throws(StoreError) {
    if let loss { throw loss }
    switch place {
    case .here: try lock?.check()
    case .linked(let count): throw .hardLinked(handle.path, count)
    case .moved(let reason):
      let error = StoreError.replaced(handle.path, reason)
      // The log is removed after an open transaction has been rolled back.
      throw isInTransaction ? error : abandon(error)
    }
  }

  /// Stores the identities of the log and its index, which belong to the file while it is open.
  func rememberSidecars() {
    guard place == .here else { return }
    for suffix in ["-wal", "-shm"] {
      sidecars[suffix] = (try? FileStatus(ofLink: handle.path + suffix))?.identity
    }
  }

  /// Whether the database has a write-ahead log, according to its header.
  var keepsLog: Bool { handle.database?.keepsLog ?? true }

  /// Returns the error to throw in place of an error that ended a transaction.
  func abandon(_ error: any Error) -> any Error {
    guard let error = error as? StoreError else { return error }
    return abandon(error)
  }

  /// If the file was moved, removes the log that it would leave behind, makes further writes fail,
  /// and returns the error to throw.
  func abandon(_ error: StoreError) -> StoreError {
    guard error.code == .replaced, loss == nil, case .moved = place else { return error }
    var error = error
    if let remnant = removeLog() {
      error.message +=
        ". Changes that other processes kept from being checkpointed are in \(remnant); SQLite "
        + "reads them next to the database, under its name and -wal"
    }
    loss = error
    return error
  }

  /// Checkpoints the log into the database, wherever that is now, and removes the log from the old
  /// path, at which another file may appear: `PRAGMA wal_checkpoint`.
  ///
  /// - Returns: The new path of the log, if readers prevent it from being emptied; `nil` otherwise.
  func removeLog() -> String? {
    checkpointInCommits()
    forgetStatements()
    let isWhole = try? withStatement("PRAGMA wal_checkpoint(TRUNCATE)") { statement in
      try statement.step() && statement.integer(at: 1) == statement.integer(at: 2)
    }
    forgetStatements()
    var remnant: String?
    for (suffix, identity) in sidecars {
      let path = handle.path + suffix
      guard (try? FileStatus(ofLink: path))?.identity == identity else { continue }
      if isWhole == true || suffix == "-shm" {
        try? FileSystem.removeFile(path)
      } else {
        let name = "\(path).of-\(identity.inode)"
        if (try? FileSystem.renameUnlessTaken(path, to: name)) != nil { remnant = name }
      }
    }
    sidecars = [:]
    return remnant
  }
}

extension SQLiteConnection {
  /// Whether a deferred foreign key is broken, so that committing would fail: `sqlite3_db_status`.
  var hasDeferredViolations: Bool {
    var (current, highest): (Int32, Int32) = (0, 0)
    unsafe sqlite3_db_status(handle.pointer, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
    return current != 0
  }
}

/// Settings of SQLite for the whole process.
package enum SQLiteLibrary {
  /// Turns off the memory statistics of SQLite, which take a lock for each allocation:
  /// `sqlite3_config`.
  ///
  /// It is for programs in which no other code uses SQLite, and has no effect after a database was
  /// opened.
  package static func omitMemoryStatistics() { _ = rmos_sqlite3_omit_memory_statistics() }
}
