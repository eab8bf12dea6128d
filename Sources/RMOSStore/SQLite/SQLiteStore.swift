public import RMOSModels
import RMOSSystem
import Synchronization

/// A store in a SQLite database, shared with the other RMOS applications.
///
/// ```swift
/// let store = try SQLiteStore(path: "rmos.db")
/// let count = try store.read { try $0.count(RecordQuery(.patterns)) }
/// ```
///
/// Several threads may use it: reads run in parallel, each on its snapshot; writes run one after
/// another. It uses a write-ahead log, foreign keys and `synchronous=FULL`. When the store is
/// released, the connections close and the log is checkpointed into the database.
///
/// A store is one file. Once that is removed, renamed or replaced, reads and writes fail with
/// ``StoreError/Code/replaced``: only what is in the file at the path counts as written. The log is
/// then checkpointed into the file that was moved, so that it is not taken for another file's. A
/// file with several names is refused, because SQLite keeps its log by name (`store.hard-linked`).
public final class SQLiteStore: RecordStore {
  /// What a store may do with its database.
  public enum Access: Sendable, Hashable {
    /// Reading and writing; the file and its tables are created if they are missing.
    case create
    /// Anything; the file must exist.
    case readWrite
    /// Reading only; the file must exist. Nothing is written, not even next to it.
    case readOnly
    /// Reading only, of any database: damaged, incomplete, of a newer version or of another
    /// application. Opening succeeds; reading what is missing fails. For audits.
    case inspect
  }

  /// The path, as given.
  public let location: String
  /// What the store may do with the database.
  let access: Access

  /// The kinds of entities that the store holds.
  public let catalog: EntityCatalog
  let file: DatabaseFile
  let busyTimeout: Duration
  private let gate: WriterGate
  private let writer: Mutex<SQLiteSession?>
  private let holdsLock = Mutex(false)
  private let isClosed = Atomic(false)
  let readers: SQLiteReaderPool
  let watch: SQLiteChangeWatch
  /// `nil` if no memory is to be spent on lists.
  let lists: SQLiteListCache?

  /// Opens a database, and creates it if `access` says so.
  ///
  /// Versions 1 to 4 of the shared schema are supported: 1 is upgraded in place, 3 and 4 keep their
  /// shared tables exactly as they are. Opening does not change an older database; the first write
  /// upgrades it, in its own transaction.
  ///
  /// - Parameters:
  ///   - path: The file. Its directory must exist. It cannot be `:memory:` (see ``InMemoryStore``),
  ///     a `file:` URI or a path that begins with `~`; for a file with such a name, put `./` before
  ///     it.
  ///   - catalog: The kinds of entities that it holds.
  ///   - access: What may be done.
  ///   - busyTimeout: How long to wait for other writers; at most a million seconds.
  ///   - followsPath: Whether a store that only reads continues with the database that has replaced
  ///     its file, as a server does, instead of failing. One read is always of one file.
  ///   - listMemory: The most memory, in bytes, that may be spent on answering queries about long
  ///     lists faster, as a server does: what they are searched, filtered and ordered by is kept,
  ///     and read again in the background after changes. The answers are the same without it.
  /// - Throws: ``StoreError`` with ``StoreError/Code/cannotOpen``,
  ///   ``StoreError/Code/notADatabase``, ``StoreError/Code/foreignDatabase``,
  ///   ``StoreError/Code/newerSchema``, `store.hard-linked`, or what SQLite reports.
  public init(
    path: String, catalog: EntityCatalog = .rmos, access: Access = .create,
    busyTimeout: Duration = .seconds(5), followsPath: Bool = false, listMemory: Int = 0
  ) throws {
    let file = try DatabaseFile(path: path, catalog, mayBeAbsent: access == .create)
    let busyTimeout = min(max(busyTimeout, .zero), .seconds(1_000_000))
    self.file = file
    self.catalog = catalog
    self.location = path
    self.access = access
    self.busyTimeout = busyTimeout
    gate = WriterGate(location: path)
    let followsPath = followsPath && (access == .readOnly || access == .inspect)
    let identity: FileStatus.Identity?
    switch access {
    case .inspect, .readOnly:
      writer = Mutex(nil)
      readers = SQLiteReaderPool(
        file, location: path, access == .inspect ? .inspecting : .reading, followsPath: followsPath,
        busyTimeout: busyTimeout)
      identity = try readers.withSession { $0.connection.identity }
    case .create, .readWrite:
      let session = try file.openForWriting(access, location: path, busyTimeout: busyTimeout)
      identity = session.connection.identity
      writer = Mutex(session)
      readers = SQLiteReaderPool(
        file, location: path, .nextToWriter, identity: identity, busyTimeout: busyTimeout)
    }
    watch = SQLiteChangeWatch(
      file, identity, access, followsPath: followsPath, busyTimeout: busyTimeout)
    lists =
      listMemory > 0
      ? SQLiteListCache(readers, watch, limit: listMemory) {
        WriterLock.isHeld(database: file.path) ?? false
      } : nil
  }

  /// Checks that a database can be opened or created at a path, as far as possible without changing
  /// anything.
  ///
  /// - Throws: ``StoreError`` with ``StoreError/Code/cannotOpen`` or
  ///   ``StoreError/Code/notADatabase``.
  package static func check(path: String, catalog: EntityCatalog) throws {
    try DatabaseFile(path: path, catalog, mayBeAbsent: true).checkRights()
  }

  /// Checks that a path names a file, and nothing else to SQLite or to a shell.
  ///
  /// - Throws: ``StoreError`` with ``StoreError/Code/cannotOpen``.
  package static func checkName(_ path: String) throws(StoreError) {
    try DatabaseFile.checkName(path)
  }

  deinit { closeConnections() }

  /// Closes the connections that are not in use and checkpoints the log, as releasing the store
  /// does.
  ///
  /// Use it if others may hold the store for longer. Later writes are refused; a read opens the
  /// database again. A transaction in progress ends first; if another thread is within
  /// ``withExclusiveWriter(_:)``, or this one within a transaction, that thread closes the
  /// connection that writes when it is done.
  public func close() {
    isClosed.store(true, ordering: .sequentiallyConsistent)
    closeIfDone()
  }

  private var closed: StoreError {
    StoreError(.other, "\(location) was closed; open it again", path: location)
  }

  /// Closes the connections of a store that was closed, unless a thread still writes.
  private func closeIfDone() {
    guard isClosed.load(ordering: .sequentiallyConsistent) else { return }
    try? gate.transaction(timeout: .zero) { closeConnections() }
  }

  /// Closes the store as ``close()`` does, and removes the database if the store created it and
  /// nothing has been written since.
  ///
  /// A run that leaves nothing behind leaves no file either, unless others may have it open.
  package func closeRemovingUnused() {
    // The session must not be kept: as long as its connection is open, nothing is removed.
    let created = writer.withLock { $0.map { ($0.connection.identity, $0.schemaCookie) } }
    close()
    if let (identity, schemaCookie) = created, !file.wasThere {
      file.removeIfUnused(identity, schemaCookie: schemaCookie)
    }
  }

  private func closeConnections() {
    lists?.close()
    // The writer last: the last connection that may write checkpoints the log.
    readers.removeAll()
    watch.close()
    writer.withLock { $0 = nil }
  }

  /// Runs `body` on a snapshot, on a connection of its own.
  public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    do {
      let access = lists?.access()
      return try readers.read { session in
        let reader = SQLiteReader(session, lists: access)
        defer { reader.expire() }
        return try body(reader)
      }
    } catch let error as StoreError where error.code == .replaced {
      cleanUpLog()
      throw error
    }
  }

  /// Makes the writing connection notice that the file was moved, and clean up its log.
  private func cleanUpLog() {
    guard let connection = writer.withLock({ $0?.connection }) else { return }
    // Within a transaction, the end of that transaction checks the place.
    try? gate.transaction(timeout: .zero) { try connection.checkPlace() }
  }

  /// Runs `body` in one transaction.
  ///
  /// Outside of ``withExclusiveWriter(_:)`` it waits for other writers until the busy timeout.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    _ = try writingSession()
    defer { if !gate.isHeld { closeIfDone() } }
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

  /// Adds the tables, columns and indexes that an older database lacks, without changing any value.
  ///
  /// The first write does so anyway.
  package func bringUpToDate() throws {
    guard try !writingSession().layout.isComplete else { return }
    try write { _ in }
  }

  /// Runs `body` as the only writer.
  ///
  /// The calling thread holds the lock: others, including other threads with this store, wait until
  /// the busy timeout and are then refused.
  public func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    _ = try writingSession()
    defer { closeIfDone() }
    return try gate.exclusively {
      try holdingLock(timeout: .zero) {
        let connection = try writingSession().connection
        try connection.checkPlace()
        let result = try body()
        // The last commit counts only if it is in the file at the path.
        try connection.checkPlace()
        return result
      }
    }
  }

  /// Whether the writer lock is held, by this or another process.
  public var hasWriter: Bool? { WriterLock.isHeld(database: file.path) }

  /// The size of the file and of its write-ahead log, in bytes.
  public var sizeOnDisk: Int? {
    FileStatus.size(of: file.path).map { $0 + (FileStatus.size(of: file.path + "-wal") ?? 0) }
  }

  /// Returns a token that changes with the commits of this and other processes:
  /// `PRAGMA data_version`.
  public func changeToken() -> String? { watch.token() }

  /// Returns a text that names the file that is at the path now; `nil` if the store does not go on
  /// with another one, or there is none.
  public func databaseMark() -> String? { watch.databaseMark }

  /// Runs `body`, and creates the recommended indexes that are missing when it ends.
  ///
  /// They are dropped before if all entity tables are empty and the schema does not belong to a
  /// newer application.
  public func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result {
    try beginBulkLoad()
    let result: Result
    do {
      result = try body()
    } catch {
      // If this fails, the next load makes up for it.
      try? endBulkLoad()
      throw error
    }
    try endBulkLoad()
    return result
  }

  /// Drops the recommended indexes if all entity tables are empty and the schema does not belong to
  /// a newer application.
  ///
  /// Until ``endBulkLoad()``, foreign keys that batches are checked for anyway are not checked by
  /// SQLite once more, and the log is checkpointed on a thread of its own.
  package func beginBulkLoad() throws {
    try whileWriting { connection in
      try SQLiteSchema.dropIndexesOfEmptyTables(connection, catalog)
      connection.knownIDs = KnownIDs()
      let layout = try SQLiteLayout(of: connection, catalog)
      try connection.setEnforcesKeys(!layout.allowsUncheckedInserts(connection))
      let (file, identity) = (file, connection.identity)
      connection.leaveCheckpoints(
        to: LogCheckpointer(pageSize: connection.pageSize) {
          try .forCheckpoints(of: file, identity)
        })
    }
  }

  /// Creates the recommended indexes that are missing, unless the schema belongs to a newer
  /// application.
  package func endBulkLoad() throws {
    let connection = try writingSession().connection
    // Runs even if the database can no longer be written to.
    defer {
      try? gate.transaction(timeout: busyTimeout) { connection.checkpointInCommits() }
    }
    try gate.transaction(timeout: busyTimeout) {
      connection.knownIDs = nil
      try connection.setEnforcesKeys(true)
    }
    try whileWriting { try SQLiteSchema.createMissingIndexes($0, catalog) }
  }

  /// Limits the size of the database, so that tests can fill it: `PRAGMA max_page_count`.
  ///
  /// 0 pages mean SQLite's maximum.
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

  func writingSession() throws -> SQLiteSession {
    if let session = writer.withLock({ $0 }) { return session }
    if access == .create || access == .readWrite {
      throw closed
    }
    throw StoreError(
      .readOnly, "\(location) is open for reading only; open it with access .readWrite",
      path: location)
  }

  /// Runs `body` in a transaction that completes an older database first.
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
      // Other processes may have changed the schema, or completed it already.
      if try connection.schemaCookie != known.schemaCookie {
        connection.forgetStatements()
        session = try SQLiteSession(connection, catalog)
        try session.layout.validateForWriting(on: connection, path: location)
        if !connection.enforcesKeys, try !session.layout.allowsUncheckedInserts(connection) {
          try connection.setEnforcesKeys(true)
        }
      }
      if !session.layout.isComplete {
        try SQLiteSchema.complete(connection, catalog, path: location)
        connection.forgetStatements()
        session = try SQLiteSession(connection, catalog)
      }
      return try body(session)
    }
    if session !== known { writer.withLock { [session] in $0 = session } }
    return result
  }

  // Only the thread that holds the gate gets here.
  private func holdingLock<Result>(
    timeout: Duration, _ body: () throws -> Result
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

extension SQLiteStore: ConcurrentReading {
  func readConcurrently(
    _ parts: [@Sendable (any StoreReader) throws -> Void]
  ) throws {
    let queue = PartQueue(parts)
    if parts.count > 1 {
      let isDone: Void? = try readers.readTwice { first, second in
        let thread = try? SystemThread { queue.work(on: second) }
        queue.work(on: first)
        thread?.join()
      }
      if isDone != nil { return try queue.finish() }
    }
    try readers.read { queue.work(on: $0) }
    try queue.finish()
  }
}

/// Parts of a read that threads take one after the other.
private final class PartQueue: Sendable {
  private struct State {
    var next = 0
    var failure: (position: Int, error: any Error)?
  }

  private let parts: [@Sendable (any StoreReader) throws -> Void]
  // The thread sanitizer does not see through `Mutex`.
  private let state = Monitor(State())

  init(_ parts: [@Sendable (any StoreReader) throws -> Void]) { self.parts = parts }

  /// Runs parts until none is left.
  func work(on session: SQLiteSession) {
    let reader = SQLiteReader(session)
    defer { reader.expire() }
    while let position = take() {
      do {
        try parts[position](reader)
      } catch {
        state.withLock { state in
          guard position < state.failure?.position ?? .max else { return }
          state.failure = (position, error)
        }
      }
    }
  }

  private func take() -> Int? {
    state.withLock { state in
      guard state.failure == nil, state.next < parts.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  /// Throws what the first part that failed threw.
  func finish() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure.error }
  }
}
