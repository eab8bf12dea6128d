import RMOSSystem
import Synchronization

/// Returns tokens that change whenever any process commits to a database.
///
/// They are based on `PRAGMA data_version`, which changes with the commits of other connections, so
/// the watch has a connection of its own that never writes. The counter in the header of the file
/// is not suitable: with a write-ahead log, it changes only at a checkpoint.
final class SQLiteChangeWatch: Sendable {
  private struct State {
    var connection: SQLiteConnection?
    /// The number of connections so far, whose data versions cannot be compared with each other.
    var generation = 0
    /// The state in which the file was found to have a log.
    var stamp: FileStatus.State?

    /// Stores a new connection, and returns it.
    mutating func keep(_ connection: SQLiteConnection) -> SQLiteConnection {
      self.connection = connection
      generation += 1
      return connection
    }
  }

  private let file: DatabaseFile
  /// The identity of the file that the store has opened; `nil` if that is unknown.
  private let identity: FileStatus.Identity?
  private let access: SQLiteStore.Access
  private let followsPath: Bool
  private let busyTimeout: Duration
  /// Distinguishes the store's tokens from those of all others.
  private let mark = ASCII.randomHex()
  private let state = Mutex(State())

  init(
    _ file: DatabaseFile, _ identity: FileStatus.Identity?, _ access: SQLiteStore.Access,
    followsPath: Bool, busyTimeout: Duration
  ) {
    self.file = file
    self.identity = identity
    self.followsPath = followsPath
    self.access = access
    self.busyTimeout = busyTimeout
  }

  /// The token of the current state; `nil` if it is unknown.
  func token() -> String? {
    guard let status = try? FileStatus(of: file.path), status.linkCount <= 1 else { return nil }
    // The data version of another file is meaningless, and reading it could leave a log next to
    // that file.
    guard followsPath || identity == nil || status.identity == identity else { return nil }
    return state.withLock { state in
      do {
        guard let connection = try connection(to: status.identity, &state) else {
          state.connection = nil
          // If no log holds changes, every change is a change of the file.
          return file.immutableStamp.map { "\(mark)-\($0.text)" }
        }
        guard let version = try connection.integer("PRAGMA data_version") else { return nil }
        return "\(mark)-\(state.generation)-\(version)"
      } catch let error as StoreError where state.connection?.cannotLock(error) == true {
        state.connection = nil
        state.stamp = file.immutableStamp
        return state.stamp.map { "\(mark)-\($0.text)" }
      } catch let error as StoreError where error.code == .busy {
        return nil
      } catch {
        state.connection = nil
        return nil
      }
    }
  }

  /// The connection that counts commits; `nil` if it would have to leave files next to the
  /// database.
  private func connection(
    to identity: FileStatus.Identity, _ state: inout State
  ) throws -> SQLiteConnection? {
    let open = state.connection?.identity == identity ? state.connection : nil
    let readsOnly = access == .readOnly || access == .inspect
    if readsOnly {
      if let open, open.mode == .withoutLog, !file.keepsLog(open) { return open }
      let stamp = file.immutableStamp
      if stamp == nil || stamp != state.stamp,
        // It does not wait for a writer; until that is done, the token is unknown.
        let connection = try file.connectWithoutLog(busyTimeout: .zero)
      {
        return state.keep(connection)
      }
      state.stamp = stamp
      guard stamp == nil, access == .readOnly else { return nil }
    }
    if let open, open.mode == .readOnly { return open }
    return state.keep(try file.connect(.readOnly, busyTimeout: busyTimeout))
  }

  /// A text that identifies the file that is at the path now; `nil` if there is none, or if the
  /// store does not follow the path to other files.
  var databaseMark: String? {
    guard followsPath, let identity = try? FileStatus(of: file.path).identity else { return nil }
    return "\(identity.device)-\(identity.inode)"
  }

  /// Closes the connection.
  func close() { state.withLock { $0.connection = nil } }
}
