import CSQLite
import RMOSSystem

/// The C handle of a connection, with the path for messages.
///
/// The results of all SQLite functions pass through its ``check(_:)``.
@safe struct SQLiteHandle {
  let pointer: OpaquePointer?
  let path: String

  /// Throws an error for every result except SQLITE_OK, SQLITE_ROW and SQLITE_DONE, with the
  /// message of SQLite: `sqlite3_extended_errcode`, `sqlite3_errmsg`, `sqlite3_system_errno`.
  func check(_ result: Int32) throws(StoreError) {
    switch result {
    case SQLITE_OK, SQLITE_ROW, SQLITE_DONE: return
    default: throw failure(SQLiteResult(rawValue: result))
    }
  }

  private func failure(_ result: SQLiteResult) -> StoreError {
    var code = result
    var text = unsafe String(cString: sqlite3_errstr(result.rawValue))
    var system: SystemError?
    // The last error of the connection belongs to this result only if their codes agree.
    if let pointer = unsafe pointer,
      unsafe sqlite3_errcode(pointer) & 0xFF == result.primary.rawValue
    {
      code = unsafe SQLiteResult(rawValue: sqlite3_extended_errcode(pointer))
      text = unsafe String(cString: sqlite3_errmsg(pointer))
      let reported = unsafe sqlite3_system_errno(pointer)
      system = cause(code) ?? (reported == 0 ? nil : .code(reported))
    }
    if let pointer = unsafe pointer, [.corrupt, .notADatabase].contains(code.primary),
      StoreError.hasLog(path)
    {
      // The log may be that of another database, and would damage this one.
      _ = unsafe rmos_sqlite3_keep_log_on_close(pointer)
    }
    let (kind, message) = describe(code, text: text, system: system)
    return StoreError(kind, message, path: path, sqliteCode: code.rawValue)
  }

  /// The system error that `sqlite3_system_errno` does not report, because later calls within
  /// SQLite have changed `errno`.
  private func cause(_ code: SQLiteResult) -> SystemError? {
    switch code {
    case .ioError:
      [log, database].compactMap { $0?.lastError }.map(SystemError.code).first {
        $0.isOutOfSpace || $0.isOverSizeLimit
      }
    case .cannotOpen: FileSystem.openingFailure
    default: nil
    }
  }

  private func describe(
    _ code: SQLiteResult, text: String, system: SystemError?
  ) -> (StoreError.Code, String) {
    let cause = system.map { "\(text): \($0.reason)" } ?? text
    switch code {
    case .ioError where system?.isOverSizeLimit == true:
      return (
        .diskFull,
        "\(path) cannot grow because of a limit on the size of files (ulimit -f, or the file "
          + "system's own); raise the limit and run again: what was committed is intact"
      )
    case .full,
      .ioError where system?.isOutOfSpace == true,
      .cannotOpen where system?.isOutOfSpace == true:
      return (.diskFull, StoreError.diskFull(path).message)
    case .cannotOpen where system?.isOutOfDescriptors == true:
      return (
        .cannotOpen,
        "\(path) cannot be opened: \(system?.reason ?? text); \(StoreError.adviceOnDescriptors)"
      )
    case .readOnlyMoved:
      return (.replaced, StoreError.replaced(path, "it was moved away").message)
    case .notADatabase:
      return (
        .notADatabase, "\(path) is not a SQLite database, or is encrypted; name another file"
      )
    case .corrupt: return (.corrupt, describeCorruption(text))
    case .busy, .locked:
      return (
        .busy, "\(path) is in use by another application (\(text)); wait for it and run again"
      )
    case .readOnlyRollback:
      return (
        .readOnly,
        "a write to \(path) was cut off, and must be rolled back from \(path)-journal before the "
          + "database can be read; opening it for writing, as a migration does, rolls it back"
      )
    case .readOnly:
      return (
        .readOnly,
        "\(path) cannot be written (\(cause)); check the permissions of the file and its directory"
      )
    case .ioError:
      return (.inputOutput, "reading or writing \(path) failed (\(cause)); check the disk")
    case .cannotOpen, .permission, .authorization:
      return (
        .cannotOpen,
        "\(path) cannot be opened (\(cause)); check the permissions of the file and its directory"
      )
    // Only for the column id: other applications may have made other columns unique.
    case .constraintPrimaryKey,
      .constraintUnique where text.hasSuffix(".id"):
      return (.duplicateID, "the id is taken (\(text))")
    case .constraint, .tooBig, .mismatch:
      return (.constraint, "the database rejected the row (\(text))")
    default:
      return (.other, "\(path): \(cause)")
    }
  }

  private func describeCorruption(_ text: String) -> String {
    guard text.hasPrefix("malformed database schema") else {
      return StoreError.damaged(path, text).message
    }
    let version = unsafe String(cString: sqlite3_libversion())
    return "the schema of \(path) cannot be read (\(text)) by SQLite \(version): "
      + "if an application with a newer SQLite made it, update libsqlite3; "
      + "otherwise restore a backup, or repair that entry of sqlite_schema"
  }
}

extension StoreError {
  /// What helps if no more files can be opened.
  static let adviceOnDescriptors = "raise the limit (ulimit -n), or close other files"

  /// No space is left.
  static func diskFull(_ path: String) -> StoreError {
    StoreError(
      .diskFull,
      "no space left to write \(path); free some space and run again: what was committed is intact",
      path: path)
  }

  /// Whether there is a log beside a database that has any content.
  fileprivate static func hasLog(_ path: String) -> Bool {
    (FileStatus.size(of: path + "-wal") ?? 0) > 0
  }

  /// The database is damaged.
  static func damaged(_ path: String, _ reason: String) -> StoreError {
    let suspicion =
      hasLog(path)
      ? ". If the file was put there without its log, as from a backup, \(path)-wal is the log of "
        + "another database: move that away first" : ""
    return StoreError(
      .corrupt,
      "\(path) is damaged (\(reason)); restore a backup, or save what can be read with "
        + "sqlite3's .recover\(suspicion)", path: path)
  }

  /// Another file has replaced the file that a store only reads; with `followsPath`, the store will
  /// read that file.
  static func replaced(
    whileReading path: String, _ reason: String, followsPath: Bool
  ) -> StoreError {
    let next =
      followsPath
      ? ". Once a database is there again, reading continues"
      : ". Check what is there now, and open the store again"
    return StoreError(
      .replaced,
      "\(path) is no longer the database that was opened: \(reason)\(next)",
      path: path)
  }

  /// The file that a store writes to is no longer at its path.
  static func replaced(_ path: String, _ reason: String) -> StoreError {
    StoreError(
      .replaced,
      "\(path) is no longer the database that was opened: \(reason); what was not committed was "
        + "rolled back. Check what is there now, and run again",
      path: path)
  }
}

extension SQLiteHandle {
  /// The identity of the file that was just opened: `stat`, `SQLITE_FCNTL_HAS_MOVED`.
  ///
  /// - Throws: ``StoreError/Code/replaced`` if it is no longer at its path.
  func identity() throws(StoreError) -> FileStatus.Identity {
    let identity: FileStatus.Identity
    do throws(SystemError) {
      identity = try FileStatus(of: path).identity
    } catch {
      throw .replaced(
        path,
        error.isAbsent
          ? "it was removed as it was opened" : "it cannot be reached any longer (\(error.reason))")
    }
    var hasMoved: Int32 = 0
    let result = unsafe sqlite3_file_control(pointer, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved)
    guard result != SQLITE_OK || hasMoved == 0 else {
      throw .replaced(path, "another file came there as it was opened")
    }
    return identity
  }

  /// The file of the database.
  var database: SQLiteFile? { unsafe SQLiteFile(pointer, SQLITE_FCNTL_FILE_POINTER) }

  /// The file of the log, or of the journal.
  var log: SQLiteFile? { unsafe SQLiteFile(pointer, SQLITE_FCNTL_JOURNAL_POINTER) }
}

/// A file that SQLite has open.
@safe struct SQLiteFile {
  private let file: UnsafeMutablePointer<sqlite3_file>
  private let methods: sqlite3_io_methods

  /// Creates the file of a connection that `which` selects; `nil` if it is not open:
  /// `sqlite3_file_control`.
  init?(_ connection: OpaquePointer?, _ which: Int32) {
    var file: UnsafeMutablePointer<sqlite3_file>?
    guard unsafe sqlite3_file_control(connection, "main", which, &file) == SQLITE_OK,
      let file = unsafe file,
      let methods = unsafe file.pointee.pMethods
    else { return nil }
    unsafe self.file = file
    self.methods = unsafe methods.pointee
  }

  /// The `errno` of the last error, 0 if there was none: `SQLITE_FCNTL_LAST_ERRNO`.
  var lastError: Int32 {
    var code: Int32 = 0
    _ = unsafe methods.xFileControl?(file, SQLITE_FCNTL_LAST_ERRNO, &code)
    return code
  }

  /// The size in bytes; `nil` if it cannot be determined.
  var size: Int? {
    var size: sqlite3_int64 = 0
    return unsafe methods.xFileSize?(file, &size) == SQLITE_OK ? Int(size) : nil
  }

  /// Fills a buffer with the bytes from `offset` on, and returns whether it could.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
    unsafe methods.xRead?(file, buffer.baseAddress, Int32(buffer.count), Int64(offset))
      == SQLITE_OK
  }

  /// Whether the database has a write-ahead log, according to its header.
  var keepsLog: Bool {
    var versions: (UInt8, UInt8) = (0, 0)
    return unsafe withUnsafeMutableBytes(of: &versions) { bytes in
      unsafe methods.xRead?(file, bytes.baseAddress, 2, 18) == SQLITE_OK && bytes[1] == 2
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

/// A result code of SQLite, primary or extended.
///
/// The numbers are part of SQLite's stable interface ("Result and Error Codes" in its
/// documentation). In a `switch`, a primary code matches its extended codes too.
struct SQLiteResult: RawRepresentable, Hashable, Sendable {
  let rawValue: Int32

  /// The primary code: the low eight bits.
  var primary: SQLiteResult { SQLiteResult(rawValue: rawValue & 0xFF) }

  private func extended(_ number: Int32) -> SQLiteResult {
    SQLiteResult(rawValue: rawValue | number << 8)
  }

  static func ~= (pattern: SQLiteResult, result: SQLiteResult) -> Bool {
    pattern == result || pattern == result.primary
  }

  static let error = SQLiteResult(rawValue: 1)
  static let permission = SQLiteResult(rawValue: 3)
  static let busy = SQLiteResult(rawValue: 5)
  static let locked = SQLiteResult(rawValue: 6)
  static let readOnly = SQLiteResult(rawValue: 8)
  static let interrupt = SQLiteResult(rawValue: 9)
  static let ioError = SQLiteResult(rawValue: 10)
  static let corrupt = SQLiteResult(rawValue: 11)
  static let full = SQLiteResult(rawValue: 13)
  static let cannotOpen = SQLiteResult(rawValue: 14)
  static let logProtocol = SQLiteResult(rawValue: 15)
  static let tooBig = SQLiteResult(rawValue: 18)
  static let constraint = SQLiteResult(rawValue: 19)
  static let mismatch = SQLiteResult(rawValue: 20)
  static let authorization = SQLiteResult(rawValue: 23)
  static let notADatabase = SQLiteResult(rawValue: 26)

  /// The file cannot be locked for reading, although no other process has locked it.
  static let readLock = ioError.extended(9)
  /// The file cannot be locked, although no other process has locked it.
  static let lock = ioError.extended(15)
  /// The log must be recovered first, which would write to its index.
  static let readOnlyRecovery = readOnly.extended(1)
  /// A read-only database has a hot journal that must be rolled back.
  static let readOnlyRollback = readOnly.extended(3)
  /// The file was moved while it was open.
  static let readOnlyMoved = readOnly.extended(4)
  /// The index of the log cannot be initialized without writing.
  static let readOnlyIndex = readOnly.extended(5)
  /// A foreign key does not hold.
  static let constraintForeignKey = constraint.extended(3)
  /// A primary key is taken.
  static let constraintPrimaryKey = constraint.extended(6)
  /// A UNIQUE constraint does not hold.
  static let constraintUnique = constraint.extended(8)
  /// A value does not have the type of its column in a STRICT table.
  static let constraintDatatype = constraint.extended(12)
}

extension StoreError {
  /// SQLite's result code, if it reported the error.
  var sqliteResult: SQLiteResult? { sqliteCode.map(SQLiteResult.init(rawValue:)) }

  /// Whether evaluating an expression failed, provided that a compiled statement threw the error.
  var isOfExpression: Bool { sqliteResult == .error }

  /// Whether the statement or the schema is at fault, and not, for example, a lack of memory.
  var concernsStatement: Bool { code == .other && sqliteResult?.primary == .error }
}
