import RMOSModels
import RMOSStore
import Synchronization

/// The connections for the readers of a store, one for each.
final class PostgresReaderPool: Sendable {
  private let address: PostgresAddress
  private let catalog: EntityCatalog
  private let busyTimeout: Duration
  private let home: PostgresSession.Home
  private let idle: Mutex<[PostgresSession]>
  /// The maximum number of idle connections to keep.
  private static let capacity = 4

  /// Creates a pool with one session.
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

  /// Calls `body` with a session that reads a snapshot.
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

  /// Calls `body` with a session for a query outside a transaction.
  ///
  /// If the session was lost while it was idle, `body` is called again with another.
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

  /// Calls `body` once, with a session outside a transaction.
  func withSession<Result>(_ body: (PostgresSession) throws -> Result) throws -> Result {
    func ask(_ session: PostgresSession) throws(StoreError) {
      try session.connection.execute("SELECT 1")
    }
    return try withSession(beginningWith: ask, body)
  }

  /// Calls `body` with a session on which `start` has succeeded.
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
        // If the server was restarted meanwhile, other idle connections are lost, too.
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
