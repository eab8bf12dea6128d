import RMOSModels
import Synchronization

/// Entities in a SQLite database, shared with the other RMOS applications.
///
/// ```swift
/// let store = try SQLiteStore(path: "rmos.db")
/// let count = try store.read { try $0.count(RecordQuery(.patterns)) }
/// ```
///
/// May be used from several threads: reads run side by side, each on its snapshot; writes follow
/// one another. Write-ahead log, foreign keys on, `synchronous=FULL`. The connections close, and
/// the log goes back into the database, when the store is released.
///
/// A store is one file. Once that is removed, renamed or replaced, reads and writes fail with
/// ``StoreError/Code/replaced``: nothing counts as written that is not in the file at the path. The
/// log is then brought into the file that was moved, so that it is not taken for another one's.
/// Nor is a file used that has several names, since SQLite keeps its log by name
/// (``StoreError/Code/hardLinked``).
public final class SQLiteStore: RecordStore {
  /// What may be done with the database.
  public enum Access: Sendable, Hashable {
    /// Anything; the file and its tables are created where they are missing.
    case create
    /// Anything; the file must be there.
    case readWrite
    /// Reading only; the file must be there. Nothing is written, not even beside it.
    case readOnly
    /// Reading only, of whatever is there: damaged, incomplete, of a newer version or of another
    /// application. What the tables lack makes reading them fail, not opening. For audits.
    case inspect
  }

  /// The path, as given.
  public let location: String
  /// What may be done.
  public let access: Access

  let file: DatabaseFile
  let busyTimeout: Double
  private let gate: WriterGate
  private let writer: Mutex<SQLiteSession?>
  private let holdsLock = Mutex(false)
  let readers: SQLiteReaderPool
  private let watch: SQLiteChangeWatch

  /// Opens a database; creates it where `access` says so.
  ///
  /// Versions 1 to 4 of the shared schema are worked with: 1 is upgraded in place, 3 and 4 keep
  /// their shared tables exactly as they are. Opening changes nothing in a database that is older;
  /// the first write does, in its own transaction (see ``bringUpToDate()``).
  ///
  /// - Parameters:
  ///   - path: The file. Its directory must be there. Not `:memory:`, a `file:` URI or a path that
  ///     begins with `~`; for a store in memory there is ``InMemoryStore``, and for a file of such a
  ///     name `./` before it.
  ///   - access: What may be done.
  ///   - busyTimeout: How long to wait where others are writing, seconds; a million at most.
  ///   - followsPath: Whether a store that only reads goes on with the database that has taken the
  ///     place of its file, as a server does, instead of failing. One read is always of one file.
  /// - Throws: ``StoreError`` with ``StoreError/Code/cannotOpen``,
  ///   ``StoreError/Code/notADatabase``, ``StoreError/Code/foreignDatabase``,
  ///   ``StoreError/Code/newerSchema``, ``StoreError/Code/hardLinked``, or what SQLite reports.
  public init(
    path: String, access: Access = .create, busyTimeout: Double = 5, followsPath: Bool = false
  ) throws {
    let file = try DatabaseFile(path: path, mayBeAbsent: access == .create)
    // The system's clocks take no infinity.
    let busyTimeout = busyTimeout > 0 ? min(busyTimeout, 1e6) : 0
    self.file = file
    self.location = path
    self.access = access
    self.busyTimeout = busyTimeout
    gate = WriterGate(location: path)
    let followsPath = followsPath && (access == .readOnly || access == .inspect)
    watch = SQLiteChangeWatch(
      file, access, followsPath: followsPath, busyTimeout: busyTimeout)
    switch access {
    case .inspect, .readOnly:
      writer = Mutex(nil)
      readers = SQLiteReaderPool(
        file, location: path, access == .inspect ? .inspecting : .reading, followsPath: followsPath,
        busyTimeout: busyTimeout)
      try readers.withSession { _ in }
    case .create, .readWrite:
      let session = try file.openForWriting(access, location: path, busyTimeout: busyTimeout)
      writer = Mutex(session)
      readers = SQLiteReaderPool(
        file, location: path, .besideWriter, identity: session.connection.identity,
        busyTimeout: busyTimeout)
    }
  }

  /// Checks that a database may be opened or created at a path, as far as that can be told without
  /// touching anything.
  ///
  /// - Throws: ``StoreError`` with ``StoreError/Code/cannotOpen`` or
  ///   ``StoreError/Code/notADatabase``.
  package static func check(path: String) throws {
    try DatabaseFile(path: path, mayBeAbsent: true).checkRights()
  }

  /// Checks that a path names a file, and not something else to SQLite or to a shell.
  ///
  /// - Throws: ``StoreError`` with ``StoreError/Code/cannotOpen``.
  package static func checkName(_ path: String) throws(StoreError) {
    try DatabaseFile.checkName(path)
  }

  deinit { closeConnections() }

  /// Closes the connections that are not in use, and brings the log into the database, as releasing
  /// the store does.
  ///
  /// For a store that others may hold for longer. A write under way ends first; a later one is
  /// refused.
  public func close() {
    try? gate.transaction(timeout: busyTimeout) { closeConnections() }
  }

  private func closeConnections() {
    // The writer last: the last connection that may write puts the log back into the database.
    readers.removeAll()
    watch.close()
    writer.withLock { $0 = nil }
  }

  /// Runs `body` on a snapshot, on a connection of its own.
  public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    do {
      return try readers.read { session in
        let reader = SQLiteReader(session)
        defer { reader.expire() }
        return try body(reader)
      }
    } catch let error as StoreError where error.code == .replaced {
      leaveNoLog()
      throw error
    }
  }

  /// Has the connection that writes notice that the file was moved, and see to its log.
  private func leaveNoLog() {
    guard let connection = writer.withLock({ $0?.connection }) else { return }
    // Within a transaction its end does so.
    try? gate.transaction(timeout: 0) { try connection.checkPlace() }
  }

  /// Runs `body` in one transaction.
  ///
  /// Outside of ``withExclusiveWriter(_:)`` it waits for other writers at most as long as the busy
  /// timeout.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    _ = try writingSession()
    return try gate.transaction(timeout: busyTimeout) {
      try holdingLock(timeout: busyTimeout) {
        try writeTransaction { session in
          let transaction = SQLiteTransaction(session)
          defer { transaction.expire() }
          return try body(transaction)
        }
      }
    }
  }

  /// Adds the tables, columns and indexes that an older database lacks, and changes no value.
  ///
  /// The first write does so itself.
  public func bringUpToDate() throws {
    guard try !writingSession().layout.isComplete else { return }
    try write { _ in }
  }

  /// Runs `body` as the only writer.
  ///
  /// The lock is the calling thread's: others, be it other threads with this store, wait at most
  /// as long as the busy timeout and are then refused.
  public func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    _ = try writingSession()
    return try gate.exclusively {
      try holdingLock(timeout: 0) {
        let connection = try writingSession().connection
        try connection.checkPlace()
        let result = try body()
        // What was committed last counts only in the file that is at the path.
        try connection.checkPlace()
        return result
      }
    }
  }

  /// Whether someone, be it another process, holds the writer's lock.
  public var hasWriter: Bool? { WriterLock.isHeld(database: file.path) }

  /// Tells commits of this and other processes apart: `PRAGMA data_version`.
  public func changeToken() -> String? { watch.token() }

  /// Drops the recommended indexes where all entity tables are empty and the schema is not that of
  /// a newer application.
  public func beginBulkLoad() throws {
    try whileWriting { try SQLiteSchema.dropIndexesOfEmptyTables($0) }
  }

  /// Creates the recommended indexes that are missing, unless the schema is that of a newer
  /// application.
  public func endBulkLoad() throws {
    try whileWriting { try SQLiteSchema.createMissingIndexes($0) }
  }

  /// Limits the size of the database, so that tests can fill it: `PRAGMA max_page_count`.
  ///
  /// `pages` counts pages of 4 KiB; 0 stands for the most that SQLite can do.
  package func limitPages(to pages: Int) throws {
    let limit = pages == 0 ? 4_294_967_294 : pages
    try whileWriting { try $0.execute("PRAGMA max_page_count = \(limit)") }
  }

  private func whileWriting(_ body: (SQLiteConnection) throws -> Void) throws {
    try bringUpToDate()
    let session = try writingSession()
    try gate.transaction(timeout: busyTimeout) {
      try holdingLock(timeout: busyTimeout) { try body(session.connection) }
    }
  }

  private func writingSession() throws -> SQLiteSession {
    if let session = writer.withLock({ $0 }) { return session }
    if access == .create || access == .readWrite {
      throw StoreError(.other, "\(location) was closed; open it again", path: location)
    }
    throw StoreError(
      .readOnly, "\(location) is open for reading only; open it with access .readWrite",
      path: location)
  }

  /// Runs `body` in a transaction, which completes an older database first.
  private func writeTransaction<Result>(
    _ body: (SQLiteSession) throws -> Result
  ) throws -> Result {
    let known = try writingSession()
    let connection = known.connection
    if !known.layout.isComplete {
      try file.enterLogMode(connection, busyTimeout: busyTimeout)
    }
    var session = known
    // Statements compiled for one layout do not fit the other.
    defer { if session !== known { connection.forgetStatements() } }
    let result = try connection.writeTransaction {
      // Others may have changed the schema, or been first to complete it.
      if try connection.schemaCookie != known.schemaCookie {
        connection.forgetStatements()
        session = try SQLiteSession(connection)
        try session.layout.validateForWriting(on: connection, path: location)
      }
      if !session.layout.isComplete {
        try SQLiteSchema.complete(connection, path: location)
        connection.forgetStatements()
        session = try SQLiteSession(connection)
      }
      return try body(session)
    }
    if session !== known { writer.withLock { [session] in $0 = session } }
    return result
  }

  // Only the thread that is within the gate gets here.
  private func holdingLock<Result>(
    timeout: Double, _ body: () throws -> Result
  ) throws -> Result {
    guard !holdsLock.withLock({ $0 }) else { return try body() }
    let connection = try writingSession().connection
    try connection.checkPlace()
    let lock = try WriterLock(database: file.path, timeout: timeout)
    holdsLock.withLock { $0 = true }
    connection.lock = lock.place
    let outcome = Swift.Result { try body() }
    connection.lock = nil
    holdsLock.withLock { $0 = false }
    lock.release()
    return try outcome.get()
  }
}
