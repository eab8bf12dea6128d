import RMOSSystem
import Synchronization

/// Detects whether any process has changed a database since the last token.
///
/// `PRAGMA data_version` changes with the commits of other connections; hence a connection that
/// never writes and serves nothing else. The counter in the file's header would not do: with a
/// write-ahead log it changes only at a checkpoint.
final class SQLiteChangeWatch: Sendable {
  private struct State {
    var connection: SQLiteConnection?
    /// The number of connections so far: each has its own count.
    var generation = 0
  }

  private let file: DatabaseFile
  /// The file that the store has opened; `nil` if that is not known.
  private let identity: FileStatus.Identity?
  private let access: SQLiteStore.Access
  private let followsPath: Bool
  private let busyTimeout: Duration
  /// Distinguishes the store's tokens from those of all others.
  private let mark = ASCII.randomHex(bytes: 8)
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

  /// The token; `nil` if it is not known.
  func token() -> String? {
    guard let status = try? FileStatus(of: file.path), status.linkCount <= 1 else { return nil }
    // The counts of another file would say nothing, and reading them would leave a log next to that
    // file.
    guard followsPath || identity == nil || status.identity == identity else { return nil }
    if access == .readOnly || access == .inspect, let stamp = file.immutableStamp {
      // No file may be written next to it, so it is read without locks, and its state counts.
      state.withLock { $0.connection = nil }
      return "\(mark)-\(stamp.text)"
    }
    guard access != .inspect else { return nil }
    return state.withLock { state in
      do {
        let connection: SQLiteConnection
        if let open = state.connection, open.identity == status.identity {
          connection = open
        } else {
          connection = try file.connect(.readOnly, busyTimeout: busyTimeout)
          state.connection = connection
          state.generation += 1
        }
        guard let version = try connection.integer("PRAGMA data_version") else { return nil }
        return "\(mark)-\(state.generation)-\(version)"
      } catch {
        state.connection = nil
        return nil
      }
    }
  }

  /// A text that names the file that is at the path now; `nil` if another file than the first is
  /// not read, or there is none.
  var databaseMark: String? {
    guard followsPath, let identity = try? FileStatus(of: file.path).identity else { return nil }
    return "\(identity.device)-\(identity.inode)"
  }

  /// Closes the connection.
  func close() { state.withLock { $0.connection = nil } }
}
