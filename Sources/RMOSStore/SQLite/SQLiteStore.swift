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
/// Several threads may use it: reads run in parallel, each on its own snapshot; writes run one
/// after another. It uses a write-ahead log, foreign keys and `synchronous=FULL`. When the store is
/// released, its connections are closed and the log is checkpointed into the database.
///
/// A store works with one file. Once that is removed, renamed or replaced, reads and writes fail
/// with ``StoreError/Code/replaced``: only data in the file at the path count as written. The log
/// is then checkpointed into the file that was moved, so that it is not taken for the log of
/// another file. A file with several names (hard links) is refused, because SQLite names the log
/// after the file (`store.hard-linked`).
public final class SQLiteStore: RecordStore {
  /// The access of a store to its database.
  public enum Access: Sendable, Hashable {
    /// Reading and writing; the file and its tables are created if they are missing.
    case create
    /// Reading and writing; the file must exist.
    case readWrite
    /// Reading only; the file must exist. Nothing is written, not even next to it.
    case readOnly
    /// Reading only, of any database: damaged, incomplete, of a newer version or of another
    /// application. Opening succeeds; reading what is missing fails. For audits.
    case inspect
  }

  /// The path, as given.
  public let location: String
  /// The access to the database.
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
  /// The cache of list columns; `nil` if no memory is to be spent on it.
  let lists: SQLiteListCache?

  /// Opens a database, and creates it if `access` says so.
  ///
  /// Versions 1 to 4 of the shared schema are supported: version 1 is upgraded in place; the shared
  /// tables of versions 3 and 4 are not changed. Opening does not change an older database; the
  /// first write upgrades it, in its own transaction.
  ///
  /// - Parameters:
  ///   - path: The path of the file, whose directory must exist. It cannot be `:memory:` (see
  ///     ``InMemoryStore``), a `file:` URI or a path that begins with `~`; for a file with such a
  ///     name, put `./` before it.
  ///   - catalog: The kinds of entities that it holds.
  ///   - access: The access to the database.
  ///   - busyTimeout: How long to wait for other writers; at most a million seconds.
  ///   - followsPath: Whether a store that only reads continues with a database that has replaced
  ///     its file, as a server does, instead of failing. Each read is of a single file.
  ///   - listMemory: The most memory, in bytes, for a cache that speeds up queries of long lists,
  ///     as a server needs: it holds the columns by which lists are searched, filtered and ordered,
  ///     and is rebuilt in the background after changes. It does not change the results. If it is
  ///     not 0, connections take less memory for other caches, too.
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
      let pool = SQLiteReaderPool(
        file, location: path, access == .inspect ? .inspecting : .reading, followsPath: followsPath,
        savesMemory: listMemory > 0, busyTimeout: busyTimeout)
      readers = pool
      identity = try StoreError.retryingIfChanged {
        try pool.withSession { $0.connection.identity }
      }
    case .create, .readWrite:
      let session = try file.openForWriting(access, location: path, busyTimeout: busyTimeout)
      identity = session.connection.identity
      writer = Mutex(session)
      readers = SQLiteReaderPool(
        file, location: path, .nextToWriter, identity: identity, layout: session.layout,
        savesMemory: listMemory > 0, busyTimeout: busyTimeout)
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

  /// Checks that a path means a file to SQLite and to a shell.
  ///
  /// - Throws: ``StoreError`` with ``StoreError/Code/cannotOpen``.
  package static func checkName(_ path: String) throws(StoreError) {
    try DatabaseFile.checkName(path)
  }

  deinit { closeConnections() }

  /// Closes the connections that are not in use and checkpoints the log, as releasing the store
  /// does.
  ///
  /// Use it if other code may hold a reference to the store. Later writes are refused; a read opens
  /// the database again. A transaction in progress ends first. If another thread is within
  /// ``withExclusiveWriter(_:)``, or this one within a transaction, that thread closes the
  /// connection for writing when it is done.
  public func close() {
    isClosed.store(true, ordering: .sequentiallyConsistent)
    closeIfDone()
  }

  private var closed: StoreError {
    StoreError(.other, "\(location) was closed; open it again", path: location)
  }

  /// Closes the connections if ``close()`` was called, unless a thread is still writing.
  private func closeIfDone() {
    guard isClosed.load(ordering: .sequentiallyConsistent) else { return }
    try? gate.transaction(timeout: .zero) { closeConnections() }
  }

  /// Closes the store as ``close()`` does, and removes the database if the store created it,
  /// nothing has been written to it and no other process may have it open.
  package func closeRemovingUnused() {
    // No reference to the session is kept, because the file is not removed while a connection is
    // open.
    let created = writer.withLock { $0.map { ($0.connection.identity, $0.layout.schemaCookie) } }
    close()
    if let (identity, schemaCookie) = created, !file.wasThere {
      file.removeIfUnused(identity, schemaCookie: schemaCookie)
    }
  }

  private func closeConnections() {
    lists?.close()
    // The connection for writing is closed last, so that closing it checkpoints the log.
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

  /// Makes the connection for writing notice that the file was moved, and remove its log.
  private func cleanUpLog() {
    guard let connection = writer.withLock({ $0?.connection }) else { return }
    // If this thread is within a transaction, the end of that checks the place.
    try? gate.transaction(timeout: .zero) { try connection.checkPlace() }
  }

  /// Runs `body` in one transaction.
  ///
  /// Outside of ``withExclusiveWriter(_:)``, it waits for other writers until the busy timeout.
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
  /// The first write does so, too.
  package func bringUpToDate() throws {
    guard try !writingSession().layout.isComplete else { return }
    try write { _ in }
  }

  /// Runs `body` as the only writer.
  ///
  /// Other writers, including other threads that use this store, wait until the busy timeout and
  /// are then refused.
  public func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    _ = try writingSession()
    defer { closeIfDone() }
    return try gate.exclusively {
      try holdingLock(timeout: .zero) {
        let connection = try writingSession().connection
        try connection.checkPlace()
        let result = try body()
        // The last commit is valid only if it is in the file at the path.
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

  /// Returns a text that identifies the file that is at the path now; `nil` if there is none, or if
  /// the store does not follow the path to other files.
  public func databaseMark() -> String? { watch.databaseMark }

  /// Runs `body`, and creates missing recommended indexes when it ends.
  ///
  /// The recommended indexes are dropped before if all entity tables are empty and the schema does
  /// not belong to a newer application.
  public func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result {
    try beginBulkLoad()
    let result: Result
    do {
      result = try body()
    } catch {
      // If this fails, the next opening for writing creates the indexes.
      try? endBulkLoad()
      throw error
    }
    try endBulkLoad()
    return result
  }

  /// Drops the recommended indexes if all entity tables are empty and the schema does not belong to
  /// a newer application.
  ///
  /// Until ``endBulkLoad()``, SQLite does not check the foreign keys that are checked for batches
  /// anyway, and the log is checkpointed on a thread of its own.
  package func beginBulkLoad() throws {
    try whileWriting { connection, layout in
      try file.enterLogMode(connection, busyTimeout: busyTimeout)
      try SQLiteSchema.dropIndexesOfEmptyTables(connection, layout)
      connection.knownIDs = KnownIDs()
      try connection.setEnforcesKeys(!layout.allowsUncheckedInserts(connection))
      let (file, identity) = (file, connection.identity)
      connection.leaveCheckpoints(
        to: LogCheckpointer(pageSize: connection.pageSize) {
          try .forCheckpoints(of: file, identity)
        })
    }
  }

  /// Creates missing recommended indexes, unless the schema belongs to a newer application.
  package func endBulkLoad() throws {
    let connection = try writingSession().connection
    // The checkpointer is stopped even if the database can no longer be written to.
    defer {
      try? gate.transaction(timeout: busyTimeout) { connection.checkpointInCommits() }
    }
    try gate.transaction(timeout: busyTimeout) {
      connection.knownIDs = nil
      try connection.setEnforcesKeys(true)
    }
    try whileWriting { try SQLiteSchema.createMissingIndexes($0, $1) }
  }

  /// Limits the size of the database, so that tests can fill it: `PRAGMA max_page_count`.
  ///
  /// 0 pages mean SQLite's maximum.
  package func limitPages(to pages: Int) throws {
    let limit = pages == 0 ? 4_294_967_294 : pages
    try whileWriting { connection, _ in
      try connection.execute("PRAGMA max_page_count = \(limit)")
    }
  }

  /// Runs `body`, which may begin transactions, as the writer of an up-to-date database.
  private func whileWriting(_ body: (SQLiteConnection, SQLiteLayout) throws -> Void) throws {
    try bringUpToDate()
    let session = try writingSession()
    try gate.transaction(timeout: busyTimeout) {
      try holdingLock(timeout: busyTimeout) {
        let layout = try SQLiteLayout.current(of: session.connection, known: session.layout)
        try body(session.connection, layout)
      }
    }
  }

  /// The session of the connection for writing; throws if there is none.
  func writingSession() throws -> SQLiteSession {
    if let session = writer.withLock({ $0 }) { return session }
    if access == .create || access == .readWrite { throw closed }
    throw StoreError(
      .readOnly, "\(location) is open for reading only; open it with access .readWrite",
      path: location)
  }

  /// Runs `body` in a transaction, which upgrades an older database first.
  ///
  /// A database without a write-ahead log gets one only after the commit, because rolling back must
  /// leave it as it was.
  private func writeTransaction<Result>(
    _ body: (SQLiteSession) throws -> Result
  ) throws -> Result {
    let known = try writingSession()
    let connection = known.connection
    var session = known
    // Statements that were compiled for one layout are wrong for the other.
    defer { if session !== known { connection.forgetStatements() } }
    let result = try connection.writeTransaction {
      // Another process may have changed or upgraded the schema, or only its version.
      if try !known.layout.isCurrent(on: connection) {
        connection.forgetStatements()
        session = try SQLiteSession(connection, catalog)
        try session.layout.validateTables(of: known.layout, path: location)
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
    // If a reader prevents that, the next commit tries again.
    if !connection.keepsLog { try? file.enterLogMode(connection, busyTimeout: .zero) }
    return result
  }

  /// Runs `body` while this store holds the writer lock; the calling thread must hold the gate.
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

/// A queue of parts of a read, which several threads take and run.
private final class PartQueue: Sendable {
  private struct State {
    var next = 0
    var failure: (position: Int, error: any Error)?
  }

  private let parts: [@Sendable (any StoreReader) throws -> Void]
  // A `Monitor`, because the thread sanitizer does not understand `Mutex`.
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

  /// The position of the next part; `nil` if there is none, or if a part has failed.
  private func take() -> Int? {
    state.withLock { state in
      guard state.failure == nil, state.next < parts.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  /// Throws the error of the first part, in their order, that failed.
  func finish() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure.error }
  }
}
