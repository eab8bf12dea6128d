import RMOSSystem
import Synchronization

/// The connections that read.
///
/// A read takes one and gives it back.
final class SQLiteReaderPool: Sendable {
  private let file: DatabaseFile
  private let readsOnly: Bool
  private let inspects: Bool
  private let busyTimeout: Double
  private let idle = Mutex<[SQLiteSession]>([])

  /// How many connections are kept for the next read.
  private static let capacity = 4

  /// A pool; `readsOnly` forbids to write anything at all, even beside the file, and `inspects`
  /// takes the file as it is.
  init(_ file: DatabaseFile, readsOnly: Bool, inspects: Bool = false, busyTimeout: Double) {
    self.file = file
    self.inspects = inspects
    self.readsOnly = readsOnly
    self.busyTimeout = busyTimeout
  }

  /// Lends a connection within a transaction that reads.
  ///
  /// Its layout is that of the snapshot, whoever changed the schema since it was opened.
  func read<Result>(_ body: (SQLiteSession) throws -> Result) throws -> Result {
    try withSession { session in
      let connection = session.connection
      return try connection.readTransaction { schemaCookie in
        if session.schemaCookie != schemaCookie {
          connection.forgetStatements()
          session = try SQLiteSession(connection, stamp: session.stamp)
        }
        return try body(session)
      }
    }
  }

  /// Lends a connection.
  func withSession<Result>(_ body: (inout SQLiteSession) throws -> Result) throws -> Result {
    var session = try takeIdle() ?? open()
    do {
      let result = try body(&session)
      try checkUnchanged(session)
      giveBack(session)
      return result
    } catch {
      // What was read from a file that changed meanwhile may have caused any error.
      try checkUnchanged(session)
      giveBack(session)
      throw error
    }
  }

  /// Closes the connections that are not lent.
  func removeAll() { idle.withLock { $0.removeAll() } }

  private func open() throws -> SQLiteSession {
    inspects
      ? try file.openForInspection(busyTimeout: busyTimeout)
      : try file.openForReading(readsOnly, busyTimeout: busyTimeout)
  }

  private func takeIdle() -> SQLiteSession? {
    while let session = idle.withLock({ $0.popLast() }) {
      // Without locks only an unchanged file may be read on.
      if session.stamp == nil || session.stamp == file.immutableStamp { return session }
    }
    return nil
  }

  private func giveBack(_ session: SQLiteSession) {
    idle.withLock { idle in
      if idle.count < Self.capacity { idle.append(session) }
    }
  }

  private func checkUnchanged(_ session: SQLiteSession) throws {
    guard let stamp = session.stamp, stamp != (try? FileStatus(of: file.path)) else { return }
    throw StoreError(
      .busy, "\(file.path) was changed by another process while it was read; run again",
      path: file.path)
  }
}
