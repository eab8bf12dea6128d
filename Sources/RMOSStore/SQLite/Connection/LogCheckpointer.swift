import CSQLite
import RMOSSystem

/// Checkpoints the log of a database on a thread of its own while a bulk load continues to write.
///
/// By default, SQLite checkpoints within the commit that makes the log too long: it reads each page
/// back, writes it, and syncs both files. The database is consistent at any moment, whichever
/// connection does it.
///
/// The thread starts at the first request. If it cannot start, or cannot open the database, the
/// writing connection checkpoints the log itself.
final class LogCheckpointer: Sendable {
  /// The length of new log that is worth a checkpoint, in bytes of pages.
  static let interval = 16 << 20
  /// The length of the log, in bytes of pages, from which on the writer waits for a checkpoint, so
  /// that the log can be overwritten from its beginning.
  private static let limit = 32 << 20

  private struct State {
    /// The thread, once it has started.
    var thread: SystemThread?
    /// Whether the thread cannot do the work, so that the writing connection has to.
    var hasFailed = false
    var isRequested = false
    var isRunning = false
    var isStopped = false
    /// The length of the log at the last request, in bytes of pages.
    var length = 0
  }

  private let monitor = Monitor(State())
  private let pageSize: Int
  private let connect: @Sendable () throws -> SQLiteConnection

  /// Creates a checkpointer, whose thread calls `connect` to open a connection of its own.
  ///
  /// `pageSize` is the page size of the database, in bytes.
  init(pageSize: Int, _ connect: @escaping @Sendable () throws -> SQLiteConnection) {
    self.pageSize = pageSize
    self.connect = connect
  }

  /// Requests a checkpoint if one is due, and waits for it if the log is too long.
  ///
  /// The checkpoint may be incomplete because a reader still needs the log; the next commit then
  /// requests another.
  /// - Parameter pages: The length of the log after a commit, in pages.
  /// - Returns: Whether the caller has to checkpoint the log.
  func logHasGrown(to pages: Int) -> Bool {
    let length = pages * pageSize
    guard length >= Self.interval else { return false }
    let hasFailed = monitor.withLock(waking: .all) { state in
      // The log is shorter if SQLite has begun to overwrite it.
      if length < state.length { state.length = 0 }
      if length - state.length >= Self.interval || length >= Self.limit {
        state.length = length
        state.isRequested = true
        start(&state)
      }
      return state.hasFailed
    }
    if hasFailed || length < Self.limit { return hasFailed }
    return monitor.wait { state in
      if state.hasFailed || state.isStopped { return .done(state.hasFailed) }
      return state.isRequested || state.isRunning ? .wait() : .done(false)
    }
  }

  /// Waits for the thread to end and to close its connection.
  func stop() {
    let thread = monitor.withLock(waking: .all) { state in
      state.isStopped = true
      defer { state.thread = nil }
      return state.thread
    }
    thread?.join()
  }

  /// Starts the thread unless it was started before.
  private func start(_ state: inout State) {
    guard state.thread == nil, !state.isStopped, !state.hasFailed else { return }
    do throws(SystemError) {
      state.thread = try SystemThread { [self] in run() }
    } catch {
      state.hasFailed = true
    }
  }

  /// Checkpoints the log at each request until the checkpointer is stopped.
  private func run() {
    guard let connection = try? connect() else {
      return monitor.withLock(waking: .all) { $0.hasFailed = true }
    }
    while true {
      let goesOn = monitor.wait { (state) -> Monitor<State>.Look<Bool> in
        if state.isStopped { return .done(false) }
        guard state.isRequested else { return .wait() }
        state.isRequested = false
        state.isRunning = true
        return .done(true)
      }
      guard goesOn else { return }
      connection.checkpointAsFarAsPossible()
      monitor.withLock(waking: .all) { $0.isRunning = false }
    }
  }
}

extension SQLiteConnection {
  /// Opens a connection that only checkpoints, to the file with an identity.
  static func forCheckpoints(
    of file: DatabaseFile, _ identity: FileStatus.Identity?
  ) throws -> SQLiteConnection {
    let connection = try file.connect(.readWrite, busyTimeout: .zero)
    guard connection.identity == identity else {
      throw StoreError.replaced(file.path, "another file is there now")
    }
    try connection.execute("PRAGMA synchronous = FULL")
    // A connection finds out that the database has a log when it first reads.
    _ = try connection.schemaCookie
    return connection
  }

  /// Checkpoints the pages that no reader prevents from it, without waiting:
  /// `sqlite3_wal_checkpoint_v2`.
  ///
  /// Errors are ignored, because the pages stay in the log for the next checkpoint.
  fileprivate func checkpointAsFarAsPossible() {
    unsafe sqlite3_wal_checkpoint_v2(handle.pointer, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
  }

  /// Delegates checkpoints to a checkpointer: `sqlite3_wal_hook`.
  func leaveCheckpoints(to checkpointer: LogCheckpointer) {
    checkpointInCommits()
    self.checkpointer = checkpointer
    unsafe sqlite3_wal_hook(
      handle.pointer,
      { context, connection, _, pages in
        guard let context = unsafe context else { return SQLITE_OK }
        let checkpointer = unsafe Unmanaged<LogCheckpointer>.fromOpaque(context)
          .takeUnretainedValue()
        if checkpointer.logHasGrown(to: Int(pages)) {
          unsafe sqlite3_wal_checkpoint_v2(
            connection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        }
        return SQLITE_OK
      }, Unmanaged.passUnretained(checkpointer).toOpaque())
  }

  /// Makes commits checkpoint the log themselves once it is long: `sqlite3_wal_autocheckpoint`.
  func checkpointInCommits() {
    unsafe sqlite3_wal_autocheckpoint(
      handle.pointer, Int32(LogCheckpointer.interval / pageSize))
    checkpointer?.stop()
    checkpointer = nil
  }
}
