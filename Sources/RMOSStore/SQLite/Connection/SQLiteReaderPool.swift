import RMOSModels
import RMOSSystem
import Synchronization

/// The connections that read.
///
/// A read borrows one and returns it.
final class SQLiteReaderPool: Sendable {
  private let file: DatabaseFile
  /// The path as given, for messages.
  private let location: String
  private let mode: Mode
  private let busyTimeout: Duration
  // The thread sanitizer does not see through `Mutex`.
  private let idle = Monitor<[SQLiteSession]>([])
  /// The file that was opened first.
  private let identity: Mutex<FileStatus.Identity?>
  private let followsPath: Bool

  /// Whether the last read was of a file that changed meanwhile, so that the next one should have
  /// locks.
  private let wasChanged = Atomic(false)

  /// What a read may do.
  enum Mode {
    /// Reading entities, of a database that must be sound.
    case reading
    /// The same, of whatever is there.
    case inspecting
    /// Maintain the files next to the database, as a writer may.
    case nextToWriter
  }

  /// How many connections are kept for the next read.
  private static let capacity = 4

  /// Creates a pool; no connection is opened yet.
  ///
  /// The pool reads the file with `identity`, or else the first file that it opens, unless it
  /// `followsPath`.
  init(
    _ file: DatabaseFile, location: String, _ mode: Mode, identity: FileStatus.Identity? = nil,
    followsPath: Bool = false, busyTimeout: Duration
  ) {
    self.file = file
    self.location = location
    self.mode = mode
    self.identity = Mutex(identity)
    self.followsPath = followsPath
    self.busyTimeout = busyTimeout
  }

  /// Lends a connection within a transaction that reads.
  ///
  /// Its layout is that of the snapshot, even if the schema has changed since it was opened.
  func read<Result>(_ body: (SQLiteSession) throws -> Result) throws -> Result {
    try withSession { session in
      let connection = session.connection
      return try connection.readTransaction { schemaCookie in
        if session.schemaCookie != schemaCookie {
          connection.forgetStatements()
          session = try SQLiteSession(
            connection, session.layout.catalog, stamp: session.stamp)
        }
        try session.completeForReading()
        return try body(session)
      }
    }
  }

  /// How often two connections are tried to be brought to one state while others commit.
  private static let attempts = 3

  /// Lends two connections within transactions that read one and the same state.
  ///
  /// - Returns: What `body` returns; `nil`, without calling it, if other commits got in between.
  func readTwice<Result>(
    _ body: (SQLiteSession, SQLiteSession) throws -> Result
  ) throws -> Result? {
    for _ in 0..<Self.attempts {
      let result: Result? = try withSession { second in
        // It differs from one read of a connection to the next if others committed in between:
        // here, around the moment at which the first one begins. Without a writer it differs anyway
        // if there is an empty log that only a writer could lock; then no change of the file will
        // do.
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
            if second.schemaCookie != schemaCookie {
              second.connection.forgetStatements()
              second = try SQLiteSession(
                second.connection, second.layout.catalog, stamp: second.stamp)
            }
            try second.completeForReading()
            return try body(first, second)
          }
        }
      }
      if let result { return result }
    }
    return nil
  }

  /// Lends a connection.
  ///
  /// - Throws: ``StoreError/Code/replaced`` if the file is no longer at its path, or what `body`
  ///   throws.
  func withSession<Result>(_ body: (inout SQLiteSession) throws -> Result) throws -> Result {
    var session = try takeIdle() ?? open()
    do {
      let result = try body(&session)
      try checkUnchanged(session)
      putBack(session)
      return result
    } catch {
      // Data from a file that changed meanwhile may have caused any error.
      try checkUnchanged(session)
      putBack(session)
      throw error
    }
  }

  /// Closes the connections that are not lent.
  func removeAll() { idle.withLock { $0.removeAll() } }

  private func open() throws -> SQLiteSession {
    if let known = identity.withLock({ $0 }) {
      guard let stamp = (try? FileStatus(of: file.path))?.state else {
        throw replaced("the file or its directory was removed or renamed")
      }
      if !followsPath { try check(stamp.identity, known) }
    }
    let prefersLocks = wasChanged.exchange(false, ordering: .relaxed)
    let session =
      switch mode {
      case .inspecting:
        try file.openForInspection(prefersLocks: prefersLocks, busyTimeout: busyTimeout)
      case .reading:
        try file.openForReading(true, prefersLocks: prefersLocks, busyTimeout: busyTimeout)
      case .nextToWriter: try file.openForReading(false, busyTimeout: busyTimeout)
      }
    let found = session.connection.identity
    let known = identity.withLock { known in
      defer { known = known ?? found }
      return known ?? found
    }
    if !followsPath { try check(found, known) }
    if mode == .reading { try session.layout.validate(path: location) }
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
        // A file that is read without locks may be read on only if it is unchanged, and the files
        // of a log are not to be created.
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

  private func putBack(_ session: SQLiteSession) {
    // It was opened for one read, and keeps files next to the database.
    if mode != .nextToWriter, session.connection.mode == .readWrite { return }
    idle.withLock { idle in
      if idle.count < Self.capacity { idle.append(session) }
    }
  }

  /// Checks that what a session has read is of one state.
  func checkUnchanged(_ session: SQLiteSession) throws {
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
