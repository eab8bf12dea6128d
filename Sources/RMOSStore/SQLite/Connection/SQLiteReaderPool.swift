import RMOSModels
import RMOSSystem
import Synchronization

/// A pool of connections for reading, which lends one to each read.
final class SQLiteReaderPool: Sendable {
  private let file: DatabaseFile
  /// The path as given, for messages.
  private let location: String
  private let mode: Mode
  private let busyTimeout: Duration
  // A `Monitor`, because the thread sanitizer does not understand `Mutex`.
  private let idle = Monitor<[SQLiteSession]>([])
  /// The identity of the file that the pool reads.
  private let identity: Mutex<FileStatus.Identity?>
  /// The layout that the newest connection has, or the writer had.
  private let layout: Mutex<SQLiteLayout?>
  private let followsPath: Bool
  /// Whether idle connections take as little memory as possible.
  private let savesMemory: Bool

  /// Whether the file changed during a read without locks, so that later reads should use locks.
  ///
  /// A pool that follows the path, as that of a server does, lives long: there it ends with the
  /// next read, so that the files next to the database are not created again and again.
  private let wasChanged = Atomic(false)

  /// How the connections are opened.
  enum Mode {
    /// For reading a database of RMOS, without writing next to it.
    case reading
    /// For inspecting any database, without writing next to it.
    case inspecting
    /// For reading next to a writer of the same store, with the files next to the database.
    case nextToWriter
  }

  /// The number of idle connections that are kept.
  private static let capacity = 4

  /// Creates a pool; no connection is opened yet.
  ///
  /// Unless `followsPath`, the pool reads only the file with `identity` or, if that is `nil`, the
  /// first file that it opens. `layout` is its layout, if that is known.
  init(
    _ file: DatabaseFile, location: String, _ mode: Mode, identity: FileStatus.Identity? = nil,
    layout: SQLiteLayout? = nil, followsPath: Bool = false, savesMemory: Bool,
    busyTimeout: Duration
  ) {
    self.file = file
    self.location = location
    self.mode = mode
    self.identity = Mutex(identity)
    self.layout = Mutex(layout)
    self.followsPath = followsPath
    self.savesMemory = savesMemory
    self.busyTimeout = busyTimeout
  }

  /// Lends a session within a transaction that reads.
  ///
  /// The layout of the session is that of the snapshot, even if the schema has changed since the
  /// connection was opened.
  func read<Result>(_ body: (SQLiteSession) throws -> Result) throws -> Result {
    try withSession { session in
      try session.connection.readTransaction { schemaCookie in
        try prepare(&session, schemaCookie)
        return try body(session)
      }
    }
  }

  /// Gives a session the layout of its snapshot, and makes missing tables of the ledger readable.
  private func prepare(_ session: inout SQLiteSession, _ schemaCookie: Int64) throws {
    if session.layout.schemaCookie != schemaCookie {
      session.connection.forgetStatements()
      session = try SQLiteSession(session.connection, file.catalog, stamp: session.stamp)
    }
    try session.completeForReading()
  }

  /// The number of attempts to begin two transactions on the same state while others commit.
  private static let attempts = 3

  /// Lends two sessions within transactions that read the same state.
  ///
  /// - Returns: What `body` returns; `nil`, without calling it, if commits of other connections
  ///   prevented that.
  func readTwice<Result>(
    _ body: (SQLiteSession, SQLiteSession) throws -> Result
  ) throws -> Result? {
    for _ in 0..<Self.attempts {
      let result: Result? = try withSession { second in
        // The transaction of `first` begins between two reads of the data version by `second`. If
        // it is the same both times, no commit came in between. It may also change without a
        // commit, if there is an empty log that only a writer could lock; then it suffices that the
        // file has not changed.
        let version = try second.connection.dataVersion
        let stamp = file.immutableStamp
        return try read { first in
          try second.connection.readTransaction { schemaCookie in
            let isOneState =
              try second.connection.dataVersion == version
              || second.connection.mode != .withoutLog && stamp != nil
                && stamp == file.immutableStamp
            guard isOneState, first.stamp == second.stamp,
              first.connection.identity == second.connection.identity
            else { return nil }
            try prepare(&second, schemaCookie)
            return try body(first, second)
          }
        }
      }
      if let result { return result }
    }
    return nil
  }

  /// Lends a session, without a transaction.
  ///
  /// - Throws: ``StoreError/Code/replaced`` if the file is no longer at its path; what `body`
  ///   throws.
  func withSession<Result>(_ body: (inout SQLiteSession) throws -> Result) throws -> Result {
    var session = try takeIdle() ?? open()
    do {
      let result = try body(&session)
      try checkUnchanged(session)
      putBack(session)
      return result
    } catch {
      // If the file has changed meanwhile, that may have caused any error.
      try checkUnchanged(session)
      putBack(session)
      throw error
    }
  }

  /// Closes the idle connections.
  func removeAll() { idle.withLock { $0.removeAll() } }

  private func open() throws -> SQLiteSession {
    if let known = identity.withLock({ $0 }) {
      guard let status = try? FileStatus(of: file.path) else {
        throw replaced("the file or its directory was removed or renamed")
      }
      guard status.form == .file else { throw replaced("\(status.form.rawValue) is there now") }
      if !followsPath { try check(status.identity, known) }
    }
    let prefersLocks = wasChanged.load(ordering: .relaxed)
    let layout = layout.withLock { $0 }
    let session =
      switch mode {
      case .inspecting:
        try file.openForInspection(layout, prefersLocks: prefersLocks, busyTimeout: busyTimeout)
      case .reading:
        try file.openForReading(layout, prefersLocks: prefersLocks, busyTimeout: busyTimeout)
      case .nextToWriter: try file.openNextToWriter(layout, busyTimeout: busyTimeout)
      }
    self.layout.withLock { $0 = session.layout }
    session.connection.savesMemory = savesMemory
    let found = session.connection.identity
    let known = identity.withLock { known in
      defer { known = known ?? found }
      return known ?? found
    }
    if !followsPath { try check(found, known) }
    if case .reading = mode { try session.layout.validate(path: location) }
    return session
  }

  private func check(
    _ found: FileStatus.Identity?, _ known: FileStatus.Identity?
  ) throws(StoreError) {
    guard found != known else { return }
    throw replaced("another file is there now")
  }

  private func replaced(_ reason: String) -> StoreError {
    .replaced(whileReading: file.path, reason, followsPath: followsPath)
  }

  private func takeIdle() throws(StoreError) -> SQLiteSession? {
    while let session = idle.withLock({ $0.popLast() }) {
      switch session.connection.place {
      case .here:
        // A connection without locks can be used again only if the file has not changed, and one
        // without a log only if the database still has none.
        if session.connection.mode == .withoutLog
          ? !file.keepsLog(session.connection)
          : session.stamp == nil || session.stamp == file.immutableStamp
        {
          return session
        }
      case .linked(let count):
        throw .hardLinked(file.path, count)
      case .moved(let reason):
        guard followsPath else {
          removeAll()
          throw replaced(reason)
        }
      }
    }
    return nil
  }

  /// Keeps a session for the next read, unless there are enough.
  private func putBack(_ session: SQLiteSession) {
    // A connection that was opened for writing, to have locks, would keep files next to the
    // database.
    if session.connection.mode == .readWrite {
      if followsPath { wasChanged.store(false, ordering: .relaxed) }
      return
    }
    if savesMemory { session.connection.releaseMemory() }
    idle.withLock { idle in
      if idle.count < Self.capacity { idle.append(session) }
    }
  }

  /// Checks that a file that is read without locks has not changed since it was opened.
  private func checkUnchanged(_ session: SQLiteSession) throws {
    guard let stamp = session.stamp, stamp != (try? FileStatus(of: file.path))?.state else {
      return
    }
    wasChanged.store(true, ordering: .relaxed)
    var error = StoreError(
      .busy, "\(file.path) was changed by another process while it was read; run again",
      path: file.path)
    error.isOfChangedFile = true
    throw error
  }
}

/// A connection with the layout of its database, and the SQL for that layout.
final class SQLiteSession: Sendable {
  let connection: SQLiteConnection
  let layout: SQLiteLayout
  let statements: StoreStatements
  /// The state of the file when it was opened as immutable; `nil` if SQLite's locks protect it.
  let stamp: FileStatus.State?

  /// Creates a session by reading the layout of the database, unless it is still the one known.
  init(
    _ connection: SQLiteConnection, _ catalog: EntityCatalog, known: SQLiteLayout? = nil,
    stamp: FileStatus.State? = nil
  ) throws {
    self.connection = connection
    self.stamp = stamp
    // For reading too, because `SQLitePreflight` compiles the statements of writing on it.
    try connection.execute("PRAGMA foreign_keys = ON")
    // SQLite has converted the size into a number of pages before it had read the page size.
    if let size = try connection.integer("PRAGMA cache_size") {
      try connection.execute("PRAGMA cache_size = \(size)")
    }
    layout =
      try known.map { try SQLiteLayout.current(of: connection, known: $0) }
      ?? SQLiteLayout(of: connection, catalog)
    statements = StoreStatements(layout)
  }

  /// Makes tables that the ledger lacks readable as empty ones until the transaction ends; call it
  /// at the beginning of the transaction.
  ///
  /// This way the other tables of the ledger can be read, and a dry run can predict a run that
  /// creates the missing tables. They are temporary views of this connection, so nothing is
  /// written, and rolling the transaction back removes them.
  func completeForReading() throws {
    for table in layout.missingLedgerTables { try connection.execute(table.emptyViewSQL) }
  }

  /// The ids that are known to exist; `nil` unless a bulk load is in progress and inserting cannot
  /// remove other rows.
  var knownIDs: KnownIDs? { layout.insertsKeepRows ? connection.knownIDs : nil }
}
