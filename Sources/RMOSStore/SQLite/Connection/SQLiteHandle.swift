import CSQLite
import RMOSSystem

extension StoreError {
  /// Whether a statement that had been compiled failed at what it computes: SQLITE_ERROR.
  var isOfExpression: Bool { sqliteCode == SQLITE_ERROR }
}

/// An open connection as C knows it, with the path for messages: the one door through which every
/// result of SQLite goes.
struct SQLiteHandle {
  let pointer: OpaquePointer?
  let path: String

  /// Turns every result but SQLITE_OK, SQLITE_ROW and SQLITE_DONE into an error, with SQLite's own
  /// words for it: `sqlite3_extended_errcode`, `sqlite3_errmsg`, `sqlite3_system_errno`.
  func check(_ result: Int32) throws(StoreError) {
    switch result {
    case SQLITE_OK, SQLITE_ROW, SQLITE_DONE: return
    default: throw failure(result)
    }
  }

  private func failure(_ result: Int32) -> StoreError {
    var code = result
    var text = String(cString: sqlite3_errstr(result))
    var system: SystemError?
    // The connection's last error is only the story of this result if it is the same.
    if let pointer, sqlite3_errcode(pointer) & 0xFF == result & 0xFF {
      code = sqlite3_extended_errcode(pointer)
      text = String(cString: sqlite3_errmsg(pointer))
      let reported = sqlite3_system_errno(pointer)
      system = cause(code) ?? (reported == 0 ? nil : .code(reported))
    }
    let (kind, message) = story(code, text: text, system: system)
    return StoreError(kind, message, path: path, sqliteCode: code)
  }

  /// What the connection's `errno` no longer tells, since what SQLite did after the error changed it.
  private func cause(_ code: Int32) -> SystemError? {
    switch code & 0xFF {
    case SQLITE_IOERR:
      [log, database].compactMap { $0?.lastError }.map(SystemError.code).first {
        $0.isOutOfSpace || $0.isOverSizeLimit
      }
    case SQLITE_CANTOPEN: FileSystem.openingFailure
    default: nil
    }
  }

  private func story(_ code: Int32, text: String, system: SystemError?) -> (StoreError.Code, String)
  {
    let cause = system.map { "\(text): \($0.reason)" } ?? text
    let full = (StoreError.Code.diskFull, StoreError.diskFull(path).message)
    switch code & 0xFF {
    case SQLITE_IOERR where system?.isOverSizeLimit == true:
      return (
        .diskFull,
        "\(path) may not grow any more: files may not be larger here (ulimit -f, or the file "
          + "system's own limit); raise the limit and run again: what was committed is intact"
      )
    case SQLITE_FULL:
      return full
    case SQLITE_IOERR where system?.isOutOfSpace == true,
      SQLITE_CANTOPEN where system?.isOutOfSpace == true:
      return full
    case SQLITE_CANTOPEN where system?.isOutOfDescriptors == true:
      return (
        .cannotOpen,
        "\(path) cannot be opened: \(system?.reason ?? text); raise the limit (ulimit -n), or "
          + "close what else is open"
      )
    case SQLITE_READONLY where code == 1032:  // SQLITE_READONLY_DBMOVED
      return (.replaced, StoreError.replaced(path, "it was moved away").message)
    case SQLITE_NOTADB:
      return (
        .notADatabase,
        "\(path) is no SQLite database, or an encrypted one; name another file"
      )
    case SQLITE_CORRUPT where text.hasPrefix("malformed database schema"):
      return (
        .corrupt,
        "the schema of \(path) cannot be read (\(text)) by SQLite "
          + "\(String(cString: sqlite3_libversion())): if "
          + "an application with a newer SQLite made it, update libsqlite3; else restore a backup, "
          + "or repair that entry of sqlite_schema"
      )
    case SQLITE_CORRUPT:
      return (
        .corrupt,
        "\(path) is damaged (\(text)); restore a backup, or save what can be read with "
          + "sqlite3's .recover"
      )
    case SQLITE_BUSY, SQLITE_LOCKED:
      return (
        .busy, "\(path) is in use by another application (\(text)); wait for it and run again"
      )
    case SQLITE_READONLY where code == 776:  // SQLITE_READONLY_ROLLBACK
      return (
        .readOnly,
        "\(path) was left in the middle of a write; open it once for writing to bring it in order"
      )
    case SQLITE_READONLY:
      return (.readOnly, "\(path) cannot be written (\(cause)); check its and its folder's rights")
    case SQLITE_IOERR:
      return (.inputOutput, "reading or writing \(path) failed (\(cause)); check the disk")
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH:
      return (.cannotOpen, "\(path) cannot be opened (\(cause)); check its and its folder's rights")
    // _PRIMARYKEY, _UNIQUE; others may have made other columns unique.
    case SQLITE_CONSTRAINT where code == 1555 || code == 2067 && text.hasSuffix(".id"):
      return (.duplicateID, "the id is taken (\(text))")
    case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH:
      return (.constraint, "the database refuses the row (\(text))")
    default:
      return (.other, "\(path): \(cause)")
    }
  }
}

extension StoreError {
  /// No space is left.
  static func diskFull(_ path: String) -> StoreError {
    StoreError(
      .diskFull,
      "no space is left to write \(path); free some and run again: what was committed is intact",
      path: path)
  }

  /// The database is no longer what it was opened as.
  static func replaced(_ path: String, _ reason: String) -> StoreError {
    StoreError(
      .replaced,
      "\(path) is no longer the database that was opened: \(reason); what was not committed was "
        + "rolled back. Look what is there now, and run again",
      path: path)
  }
}

extension StoreError {
  /// Whether SQLite says that the statement or the schema is at fault (`SQLITE_ERROR`), and not, say,
  /// that memory ran out.
  var concernsStatement: Bool { code == .other && (sqliteCode ?? 0) & 0xFF == SQLITE_ERROR }
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
