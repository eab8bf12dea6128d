public import RMOSModels
public import RMOSStore
import Synchronization

/// A store in a PostgreSQL database, which several machines can share.
///
/// ```swift
/// let store = try PostgresStore(url: "postgresql://rmos@db.example/shop")
/// let count = try store.read { try $0.count(RecordQuery(.patterns)) }
/// ```
///
/// It behaves like a `SQLiteStore` and has the same tables. Timestamps and JSON are TEXT, so they
/// are kept exactly as written. Text that contains the character NUL is refused, because PostgreSQL
/// cannot store it.
///
/// Several threads may use a store: reads run in parallel, each with its own connection and
/// snapshot; writes run one after another. An advisory lock, which ends with the session of the
/// writer, admits one writer at a time on all machines.
public final class PostgresStore: RecordStore {
  /// The ways in which a store may use its database.
  public enum Access: Sendable, Hashable {
    /// Reading and writing; missing tables are created.
    case create
    /// Reading and writing; the tables must exist.
    case readWrite
    /// Reading only.
    case readOnly
    /// Reading only, for audits of any database: incomplete ones, and those of a newer version or
    /// of another application. Opening succeeds; reading missing tables fails.
    case inspect
  }

  /// The server, the database and the user; never a password.
  public let location: String
  /// The kinds of entities in the store.
  public let catalog: EntityCatalog
  private let access: Access
  private let address: PostgresAddress
  private let busyTimeout: Duration
  private let home: PostgresSession.Home
  let readers: PostgresReaderPool
  private let gate: WriterGate
  private let writer = Mutex<PostgresSession?>(nil)
  /// The session that holds the writer lock; `nil` if none does.
  private let holder = Mutex<PostgresSession?>(nil)
  private let isClosed = Mutex(false)
  private let watch = ChangeWatch()

  /// Connects to a database, and creates missing tables if `access` is `create`.
  ///
  /// libpq reads the URL, which may name a service or certificates; passwords may also come from a
  /// password file or the environment. The store uses the schema in the search_path that has the
  /// most of its tables; if none has any, the tables are created in the first schema.
  ///
  /// - Parameters:
  ///   - url: A URL such as `postgresql://rmos@db.example/shop`, or another connection string of
  ///     libpq.
  ///   - catalog: The kinds of entities in the store.
  ///   - access: How the store may use the database.
  ///   - busyTimeout: How long to wait for other writers.
  /// - Throws: `StoreError` with `cannotOpen`, `busy` if the server accepts no more connections,
  ///   `foreignDatabase`, `newerSchema`, `unusableSchema`, or what the server reports.
  public init(
    url: String, catalog: EntityCatalog = .rmos, access: Access = .create,
    busyTimeout: Duration = .seconds(5)
  ) throws(StoreError) {
    address = try PostgresAddress(url)
    self.catalog = catalog
    self.access = access
    self.busyTimeout = min(max(busyTimeout, .zero), .seconds(1_000_000))
    let session = try PostgresSession(address, catalog, busyTimeout: self.busyTimeout)
    let location = session.connection.location
    self.location = location
    home = session.home
    gate = WriterGate(location: location)
    readers = PostgresReaderPool(session, address, catalog, busyTimeout: self.busyTimeout)
    if access == .inspect { return }
    try session.layout.validate(location: location)
    switch access {
    case .create where !session.layout.isReadable: try bringUpToDate()
    case .readWrite where !session.layout.isReadable:
      throw StoreError(
        .cannotOpen,
        "the schema \(home.name) of \(location) has no tables of RMOS; create them first",
        path: location)
    default: break
    }
  }

  /// Throws if the database belongs to another application, which access `inspect` does not check.
  ///
  /// - Throws: `StoreError` with `foreignDatabase`, or if the server cannot be reached.
  public func checkOrigin() throws {
    try readers.read { try $0.layout.validateOrigin(location: location) }
  }

  /// Closes the connections that are not in use, as releasing the store does.
  ///
  /// A write in progress ends first; later writes are refused.
  public func close() {
    isClosed.withLock { $0 = true }
    readers.removeAll()
    try? gate.transaction(timeout: busyTimeout) { writer.withLock { $0 = nil } }
  }

  // MARK: Reading

  /// Calls `body` with a reader of a snapshot, which has its own connection.
  public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    try readers.read { session in
      if access != .inspect { try session.layout.validate(location: location) }
      let reader = PostgresReader(session)
      defer { reader.expire() }
      return try body(reader)
    }
  }

  /// The size of the store's tables and indexes, in bytes; `nil` if the server does not say.
  public var sizeOnDisk: Int? {
    try? readers.ask { session in
      try session.connection.query(
        "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
          + "JOIN pg_namespace n ON n.oid = c.relnamespace "
          + "WHERE n.nspname = $2 AND c.relname = ANY ($1) AND c.relkind = 'r'",
        [PostgresLayout.names(catalog).postgresArray, home.name]
      ).first?.count(at: 0)
    }
  }

  /// Whether any session holds the writer lock; `nil` if the server does not say.
  public var hasWriter: Bool? {
    try? readers.ask { session in
      try session.connection.query(
        "SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
          + "WHERE l.locktype = 'advisory' AND l.classid = \(WriterLock.key) "
          + "AND l.objid = \(home.oid) AND l.objsubid = 2 AND l.granted "
          + "AND d.datname = current_database())"
      ).first?.isTrue(at: 0)
    }
  }

  /// Returns a token that changes with every commit on the server, by any program.
  public func changeToken() -> String? {
    try? readers.ask { try watch.token($0) }
  }

  /// Returns a text that identifies the server's data directory, the database and the schema; `nil`
  /// if the server does not say.
  ///
  /// A database that is dropped and created again gets another one.
  public func databaseMark() -> String? {
    try? readers.ask { session in
      try session.connection.query(
        "SELECT (SELECT system_identifier FROM pg_control_system()) || '-' || d.oid || '-' || n.oid "
          + "FROM pg_database d, pg_namespace n "
          + "WHERE d.datname = current_database() AND n.nspname = $1", [home.name]
      ).first?.text(at: 0)
    }
  }

  // MARK: Writing

  /// Calls `body` with a transaction, which is committed if `body` returns.
  ///
  /// Outside ``withExclusiveWriter(_:)``, it waits for other writers until the busy timeout.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try checkAccess()
    return try gate.transaction(timeout: busyTimeout) {
      try holdingLock(timeout: busyTimeout) { session in
        try transaction(session) { try body($0) }
      }
    }
  }

  private func transaction<Result>(
    _ session: PostgresSession, _ body: (PostgresTransaction) throws -> Result
  ) throws -> Result {
    let layout = session.layout
    do {
      return try session.connection.transaction("ISOLATION LEVEL REPEATABLE READ") {
        // A constraint that is checked only at the end would fail the whole transaction, not just
        // one entity.
        try session.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        try session.refresh()
        if session.layout.isComplete {
          try session.validateForWriting()
        } else {
          try PostgresSchema.complete(session)
        }
        try PostgresSchema.createViews(session)
        let transaction = PostgresTransaction(session)
        defer { transaction.expire() }
        return try body(transaction)
      }
    } catch {
      // The layout may include tables that the transaction created and the rollback removed.
      if session.layout.cookie != layout.cookie, session.connection.isAlive {
        try? session.reload()
      }
      throw error
    }
  }

  /// Adds missing tables, columns and indexes, without changing any value.
  ///
  /// The first write adds missing tables and columns anyway, and the next load the indexes. Indexes
  /// of other applications stay.
  public func bringUpToDate() throws(StoreError) {
    do {
      try whileWriting { try PostgresSchema.createMissingIndexes($0, unlessBusy: false) }
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(.other, "\(location): \(error)", path: location)
    }
  }

  /// Calls `body` as the only writer.
  ///
  /// The calling thread and its session hold the writer lock: writers on all machines wait until
  /// their busy timeout, and are then refused. If the session is lost, so is the lock, and all
  /// further writes of `body` fail.
  public func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    try checkAccess()
    return try gate.exclusively {
      try holdingLock(timeout: .zero) { session in
        let result = try body()
        guard session.connection.isAlive else { throw session.connection.lostTransaction }
        return result
      }
    }
  }

  // Must be called only by the thread that holds the gate.
  private func holdingLock<Result>(
    timeout: Duration, _ body: (PostgresSession) throws -> Result
  ) throws -> Result {
    if let session = holder.withLock({ $0 }) { return try body(session) }
    let (session, lock) = try lockedSession(timeout: timeout)
    holder.withLock { $0 = session }
    defer {
      holder.withLock { $0 = nil }
      lock.release()
    }
    return try body(session)
  }

  /// Takes the lock on the writer's session, or on a new session if that one was lost.
  private func lockedSession(
    timeout: Duration
  ) throws(StoreError) -> (PostgresSession, WriterLock) {
    if let session = writer.withLock({ $0 }), session.connection.isAlive {
      do throws(StoreError) {
        return (session, try WriterLock(on: session, timeout: timeout))
      } catch {
        guard !session.connection.isAlive else { throw error }
      }
    }
    let session = try PostgresSession(address, catalog, busyTimeout: busyTimeout, home: home)
    writer.withLock { $0 = session }
    return (session, try WriterLock(on: session, timeout: timeout))
  }

  private func checkAccess() throws(StoreError) {
    if isClosed.withLock({ $0 }) {
      throw StoreError(.other, "\(location) was closed; open it again", path: location)
    }
    guard access == .readOnly || access == .inspect else { return }
    throw StoreError(
      .readOnly, "\(location) is open for reading only; open it with access .readWrite",
      path: location)
  }

  // MARK: Around a run

  /// Checks that rows can be written, without changing anything.
  public func checkWriting() throws -> [Issue] {
    try readers.read { session in
      let (connection, layout) = (session.connection, session.layout)
      try session.validateForWriting()
      try WritingRights(session).check()
      guard layout.isReadable else { return [] }
      return Issue.incompleteStore(
        connection.location, version: layout.version, tables: layout.missingTables,
        columns: layout.missingColumns.map { "\($0.kind.table).\($0.field.column)" })
    }
  }

  /// Returns `lookUps`, unless other applications have added constraints or triggers whose effect
  /// only the database can determine.
  public func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal {
    try readers.read { session in
      let hindrances = session.layout.hindrances
      guard !hindrances.isEmpty else { return .lookUps }
      return .unforeseeable(
        hindrances.prefix(3).joined(separator: ", ")
          + (hindrances.count > 3 ? " and \(hindrances.count - 3) more" : ""))
    }
  }

  /// Calls `body` to load many rows, into empty tables without their recommended indexes.
  ///
  /// If all entity tables are empty and the schema does not belong to a newer application, the
  /// indexes are dropped before, and created again afterwards.
  ///
  /// If another application keeps a table locked, the indexes are not dropped, or are created only
  /// after the next load.
  public func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result {
    let wereEmpty = try whileWriting { try PostgresSchema.dropIndexesOfEmptyTables($0) }
    let result: Result
    do {
      result = try body()
    } catch {
      // If this fails, the next load creates them.
      try? whileWriting { try PostgresSchema.createMissingIndexes($0, unlessBusy: true) }
      throw error
    }
    // The load is committed, so locks of others must not make it fail.
    try whileWriting { session in
      try PostgresSchema.createMissingIndexes(session, unlessBusy: true)
      if wereEmpty { try PostgresSchema.analyze(session) }
    }
    return result
  }

  private func whileWriting<Result>(_ body: (PostgresSession) throws -> Result) throws -> Result {
    try write { _ in }
    return try gate.transaction(timeout: busyTimeout) {
      try holdingLock(timeout: busyTimeout, body)
    }
  }

  /// Copies the tables into a separate schema, named after this one and the run, and calls `body`.
  public func withBackup<Result>(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result {
    let backup = try backUp(beforeRun: run, isCancelled: isCancelled)
    return try body { backup }
  }

  private func backUp(beforeRun run: Int64, isCancelled: () -> Bool) throws -> RunBackup {
    try checkAccess()
    // On another session, since the caller may be in a transaction.
    let backup = try readers.withSession { session in
      try session.reload()
      let backup = SchemaBackup(of: session, beforeRun: run)
      try backup.take(on: session, isCancelled: isCancelled)
      return backup
    }
    return RunBackup(
      path: "\(location), schema \(backup.name)", run: run,
      discard: { try? self.readers.withSession { try backup.drop($0) } },
      removeOlder: { try? self.readers.withSession { try backup.dropOlder($0) } })
  }
}
