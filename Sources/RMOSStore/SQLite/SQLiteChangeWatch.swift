import RMOSSystem
import Synchronization

/// Tells whether a database was changed since it was last asked, by whatever process.
///
/// `PRAGMA data_version` tells a connection of commits by others; hence a connection that never
/// writes and serves nothing else. The counter in the file's header would not do: with a write-ahead
/// log it stays as it is until a checkpoint.
final class SQLiteChangeWatch: Sendable {
  private struct State {
    var connection: SQLiteConnection?
    /// How many connections there were: each has its own count.
    var generation = 0
  }

  private let file: DatabaseFile
  private let access: SQLiteStore.Access
  private let busyTimeout: Double
  private let mark = ChangeMark()
  private let state = Mutex(State())

  init(_ file: DatabaseFile, _ access: SQLiteStore.Access, busyTimeout: Double) {
    self.file = file
    self.access = access
    self.busyTimeout = busyTimeout
  }

  /// The token; nil where it cannot be told.
  func token() -> String? {
    if access == .readOnly || access == .inspect, let status = file.immutableStamp {
      // Nothing may be written beside the file, so it is read without locks, and its state counts.
      state.withLock { $0.connection = nil }
      return "\(mark.text)-\(status.stateText)"
    }
    guard access != .inspect else { return nil }
    return state.withLock { state in
      do {
        let connection: SQLiteConnection
        if let open = state.connection {
          connection = open
        } else {
          connection = try SQLiteConnection(
            path: file.path, mode: .readOnly, busyTimeout: busyTimeout)
          state.connection = connection
          state.generation += 1
        }
        guard let version = try connection.integer("PRAGMA data_version") else { return nil }
        return "\(mark.text)-\(state.generation)-\(version)"
      } catch {
        state.connection = nil
        return nil
      }
    }
  }

  /// Closes the connection.
  func close() { state.withLock { $0.connection = nil } }
}
