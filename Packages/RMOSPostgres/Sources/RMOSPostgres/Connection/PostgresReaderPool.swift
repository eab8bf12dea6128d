import RMOSModels
import RMOSStore
import Synchronization

/// The connections on which a store reads, one for each reader.
final class PostgresReaderPool: Sendable {
  private let address: PostgresAddress
  private let catalog: EntityCatalog
  private let busyTimeout: Duration
  private let home: PostgresSession.Home
  private let idle: Mutex<[PostgresSession]>
  /// The most idle connections that are kept.
  private static let capacity = 4

  /// Creates a pool that holds one session.
  init(
    _ first: PostgresSession, _ address: PostgresAddress, _ catalog: EntityCatalog,
    busyTimeout: Duration
  ) {
    self.address = address
    self.catalog = catalog
    self.busyTimeout = busyTimeout
    home = first.home
    idle = Mutex([first])
  }

  /// Runs `body` on what is committed now.
  func read<Result>(_ body: (PostgresSession) throws -> Result) throws -> Result {
    func begin(_ session: PostgresSession) throws(StoreError) {
      try session.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
      try session.refresh()
    }
    return try withSession(beginningWith: begin) { session in
      defer { session.connection.cleanUp("ROLLBACK") }
      return try body(session)
    }
  }

  /// Lends a session for a query outside of a transaction.
  ///
  /// If the session turns out to have been lost while it was idle, `body` runs again on another.
  func ask<Result>(_ body: (PostgresSession) throws -> Result) throws -> Result {
    while let session = idle.withLock({ $0.popLast() }) {
      defer { putBack(session) }
      do {
        return try body(session)
      } catch {
        guard !session.connection.isAlive else { throw error }
      }
    }
    let session = try newSession()
    defer { putBack(session) }
    return try body(session)
  }

  /// Lends a session outside of a transaction, for what can be done only once.
  func withSession<Result>(_ body: (PostgresSession) throws -> Result) throws -> Result {
    func ask(_ session: PostgresSession) throws(StoreError) {
      try session.connection.execute("SELECT 1")
    }
    return try withSession(beginningWith: ask, body)
  }

  /// Lends a session on which `start` has succeeded.
  private func withSession<Result>(
    beginningWith start: (PostgresSession) throws(StoreError) -> Void,
    _ body: (PostgresSession) throws -> Result
  ) throws -> Result {
    let session = try startedSession(start)
    defer { putBack(session) }
    return try body(session)
  }

  private func startedSession(
    _ start: (PostgresSession) throws(StoreError) -> Void
  ) throws(StoreError) -> PostgresSession {
    while let session = idle.withLock({ $0.popLast() }) {
      do throws(StoreError) {
        try start(session)
        return session
      } catch {
        // The server may have been restarted meanwhile: other idle connections may be as dead.
        guard !session.connection.isAlive else { throw error }
      }
    }
    let session = try newSession()
    try start(session)
    return session
  }

  private func newSession() throws(StoreError) -> PostgresSession {
    try PostgresSession(address, catalog, busyTimeout: busyTimeout, home: home)
  }

  private func putBack(_ session: PostgresSession) {
    guard session.connection.isAlive, session.connection.isIdle else { return }
    idle.withLock { idle in
      if idle.count < Self.capacity { idle.append(session) }
    }
  }

  /// Closes the connections that are not in use.
  func removeAll() { idle.withLock { $0 = [] } }
}
