import CSQLite
import RMOSSystem

/// Whether a connection's file is where it was opened.
///
/// SQLite works on with a file that was renamed, deleted or replaced, and leaves its log under the
/// old name, where whoever opens another file there takes it for that file's.
extension SQLiteConnection {
  /// Where the file is.
  enum Place: Equatable {
    case here
    /// Elsewhere or nowhere; why is for messages.
    case moved(String)
    /// It has other names too.
    case linked(Int)
  }

  /// Looks for the file at its path.
  var place: Place {
    guard let identity else { return .here }
    let path = handle.path
    do throws(SystemError) {
      let status = try FileStatus(of: path)
      guard status.identity == identity else { return .moved("another file is there now") }
      for (suffix, identity) in sidecars
      where (try? FileStatus(ofLink: path + suffix))?.identity != identity {
        return .moved("its log, \(path)\(suffix), was removed or replaced")
      }
      return status.linkCount > 1 ? .linked(status.linkCount) : .here
    } catch {
      return .moved(
        error.isAbsent
          ? "the file or its directory was removed or renamed"
          : "it cannot be reached any more (\(error.reason))")
    }
  }

  /// Checks that file, log and lock are where they were.
  ///
  /// - Throws: ``StoreError/Code/replaced``, ``StoreError/Code/hardLinked``.
  func checkPlace() throws(StoreError) {
    if let loss { throw loss }
    switch place {
    case .here: try lock?.check()
    case .linked(let count): throw .hardLinked(handle.path, count)
    case .moved(let reason):
      let error = StoreError.replaced(handle.path, reason)
      // A transaction that is open is rolled back first.
      throw isInTransaction ? error : giveUp(error)
    }
  }

  /// Takes note of the log and its index, which belong to this file as long as it is open.
  func rememberSidecars() {
    guard place == .here else { return }
    for suffix in ["-wal", "-shm"] {
      sidecars[suffix] = (try? FileStatus(ofLink: handle.path + suffix))?.identity
    }
  }

  /// Whether the database keeps a log, as its header says.
  var keepsLog: Bool { handle.database?.keepsLog ?? true }

  /// What is to be thrown for an error that ended a transaction.
  func giveUp(_ error: any Error) -> any Error {
    guard let error = error as? StoreError else { return error }
    return giveUp(error)
  }

  /// Leaves nothing of the log behind where the file was moved, and writes no more.
  func giveUp(_ error: StoreError) -> StoreError {
    guard error.code == .replaced, loss == nil, case .moved = place else { return error }
    var error = error
    if let remnant = leaveNoLog() {
      error.message +=
        ". Changes that others kept from going into the database are in \(remnant): beside the "
        + "database, under its name and -wal, SQLite reads them"
    }
    loss = error
    return error
  }

  /// Brings the log into the database, wherever both are by now, and takes it from where another
  /// file could come to stand beside it: `PRAGMA wal_checkpoint`.
  ///
  /// - Returns: The log, under another name, where somebody who reads keeps it from being emptied.
  func leaveNoLog() -> String? {
    forgetStatements()
    let isWhole = try? withStatement("PRAGMA wal_checkpoint(TRUNCATE)") { statement in
      try statement.step() && statement.integer(at: 1) == statement.integer(at: 2)
    }
    forgetStatements()
    var remnant: String?
    for (suffix, identity) in sidecars {
      let path = handle.path + suffix
      guard (try? FileStatus(ofLink: path))?.identity == identity else { continue }
      if isWhole == true || suffix == "-shm" {
        try? FileSystem.removeFile(path)
      } else {
        let name = "\(path).of-\(identity.inode)"
        if (try? FileSystem.renameUnlessTaken(path, to: name)) != nil { remnant = name }
      }
    }
    sidecars = [:]
    return remnant
  }
}

extension SQLiteHandle {
  /// Which file is open.
  ///
  /// - Throws: ``StoreError/Code/replaced`` where it is no longer at its path: `SQLITE_FCNTL_HAS_MOVED`.
  func identity() throws(StoreError) -> FileStatus.Identity {
    var hasMoved: Int32 = 0
    do throws(SystemError) {
      let identity = try FileStatus(of: path).identity
      let result = sqlite3_file_control(pointer, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved)
      if result != SQLITE_OK || hasMoved == 0 { return identity }
    } catch {}
    throw .replaced(path, "another file came there as it was opened")
  }

  /// The database's file.
  var database: SQLiteFile? { SQLiteFile(pointer, SQLITE_FCNTL_FILE_POINTER) }

  /// The log's file, or the journal's.
  var log: SQLiteFile? { SQLiteFile(pointer, SQLITE_FCNTL_JOURNAL_POINTER) }
}

/// A file that SQLite has open.
struct SQLiteFile {
  private let file: UnsafeMutablePointer<sqlite3_file>
  private let methods: sqlite3_io_methods

  /// A file of a connection: `sqlite3_file_control`.
  init?(_ connection: OpaquePointer?, _ which: Int32) {
    var file: UnsafeMutablePointer<sqlite3_file>?
    guard sqlite3_file_control(connection, "main", which, &file) == SQLITE_OK, let file,
      let methods = file.pointee.pMethods
    else { return nil }
    self.file = file
    self.methods = methods.pointee
  }

  /// The system's code for the last error, 0 where there was none: `SQLITE_FCNTL_LAST_ERRNO`.
  var lastError: Int32 {
    var code: Int32 = 0
    _ = methods.xFileControl?(file, SQLITE_FCNTL_LAST_ERRNO, &code)
    return code
  }

  /// Whether the database keeps a log, which readers too write beside it, as its header says.
  var keepsLog: Bool {
    var versions: (UInt8, UInt8) = (0, 0)
    return withUnsafeMutableBytes(of: &versions) { bytes in
      methods.xRead?(file, bytes.baseAddress, 2, 18) == SQLITE_OK && bytes[1] == 2
    }
  }
}

extension StoreError {
  /// The database has several names.
  static func hardLinked(_ path: String, _ count: Int) -> StoreError {
    StoreError(
      .hardLinked,
      "\(path) is one of \(count) names (hard links) of the same file; SQLite keeps a log for each "
        + "name, and loses what was written by another. Remove the other names (find -samefile "
        + "lists them), or put a copy in this one's place (cp, then mv)",
      path: path)
  }
}
