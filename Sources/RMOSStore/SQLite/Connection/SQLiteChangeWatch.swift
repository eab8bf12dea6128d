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
    /// The state in which the file was found to keep a log.
    var stamp: FileStatus.State?

    mutating func keep(_ connection: SQLiteConnection) -> SQLiteConnection {
      self.connection = connection
      generation += 1
      return connection
    }
  }

  private let file: DatabaseFile
  /// The file that the store has opened; `nil` if that is not known.
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

  /// The token; `nil` if it is not known.
  func token() -> String? {
    guard let status = try? FileStatus(of: file.path), status.linkCount <= 1 else { return nil }
    // The counts of another file would say nothing, and reading them would leave a log next to that
    // file.
    guard followsPath || identity == nil || status.identity == identity else { return nil }
    return state.withLock { state in
      do {
        guard let connection = try connection(to: status.identity, &state) else {
          state.connection = nil
          // Without a log that holds changes, every change is one of the file.
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

  /// The connection that counts commits; `nil` if there can be none that leaves no file next to the
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
        // Who writes is not waited for: the count is not known as long as that takes.
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

  /// A text that names the file that is at the path now; `nil` if another file than the first is
  /// not read, or there is none.
  var databaseMark: String? {
    guard followsPath, let identity = try? FileStatus(of: file.path).identity else { return nil }
    return "\(identity.device)-\(identity.inode)"
  }

  /// Closes the connection.
  func close() { state.withLock { $0.connection = nil } }
}
