import CSQLite
import RMOSSystem

/// An open connection as C knows it, with the path for messages: the one door through which every
/// result of SQLite goes.
@safe struct SQLiteHandle {
  let pointer: OpaquePointer?
  let path: String

  /// Turns every result but SQLITE_OK, SQLITE_ROW and SQLITE_DONE into an error, with SQLite's own
  /// words for it: `sqlite3_extended_errcode`, `sqlite3_errmsg`, `sqlite3_system_errno`.
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
    // The connection's last error only belongs to this result if it is the same.
    if let pointer = unsafe pointer,
      unsafe sqlite3_errcode(pointer) & 0xFF == result.primary.rawValue
    {
      code = unsafe SQLiteResult(rawValue: sqlite3_extended_errcode(pointer))
      text = unsafe String(cString: sqlite3_errmsg(pointer))
      let reported = unsafe sqlite3_system_errno(pointer)
      system = cause(code) ?? (reported == 0 ? nil : .code(reported))
    }
    let (kind, message) = describe(code, text: text, system: system)
    return StoreError(kind, message, path: path, sqliteCode: code.rawValue)
  }

  /// The system error that the connection no longer knows, because what SQLite did after the
  /// failure changed `errno`.
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
        "\(path) cannot be opened: \(system?.reason ?? text); raise the limit (ulimit -n), or "
          + "close other files"
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
        "\(path) was left in the middle of a write; open it once for writing to repair it"
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
    // Other applications may have made other columns unique.
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
  /// No space is left.
  static func diskFull(_ path: String) -> StoreError {
    StoreError(
      .diskFull,
      "no space left to write \(path); free some space and run again: what was committed is intact",
      path: path)
  }

  /// The file is not as SQLite wrote it.
  static func damaged(_ path: String, _ reason: String) -> StoreError {
    StoreError(
      .corrupt,
      "\(path) is damaged (\(reason)); restore a backup, or save what can be read with "
        + "sqlite3's .recover", path: path)
  }

  /// The file that is only read is no longer the file that was opened.
  ///
  /// With `followsPath`, the file that comes there next is read.
  static func replaced(
    whileReading path: String, _ reason: String, followsPath: Bool
  ) -> StoreError {
    let next =
      followsPath
      ? "; nothing was written, and reading goes on by itself once a database is there again"
      : "; nothing was written. Check what is there now, and open the store again"
    return StoreError(
      .replaced,
      "\(path) is no longer the database that was opened: \(reason)\(next)",
      path: path)
  }

  /// The file is no longer the file that was opened.
  static func replaced(_ path: String, _ reason: String) -> StoreError {
    StoreError(
      .replaced,
      "\(path) is no longer the database that was opened: \(reason); what was not committed was "
        + "rolled back. Check what is there now, and run again",
      path: path)
  }
}

extension SQLiteHandle {
  /// Which file is open.
  ///
  /// - Throws: ``StoreError/Code/replaced`` if it is no longer at its path:
  ///   `SQLITE_FCNTL_HAS_MOVED`.
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

  /// The database's file.
  var database: SQLiteFile? { unsafe SQLiteFile(pointer, SQLITE_FCNTL_FILE_POINTER) }

  /// The log's file, or the journal's.
  var log: SQLiteFile? { unsafe SQLiteFile(pointer, SQLITE_FCNTL_JOURNAL_POINTER) }
}

/// A file that SQLite has open.
@safe struct SQLiteFile {
  private let file: UnsafeMutablePointer<sqlite3_file>
  private let methods: sqlite3_io_methods

  /// A file of a connection: `sqlite3_file_control`.
  init?(_ connection: OpaquePointer?, _ which: Int32) {
    var file: UnsafeMutablePointer<sqlite3_file>?
    guard unsafe sqlite3_file_control(connection, "main", which, &file) == SQLITE_OK,
      let file = unsafe file,
      let methods = unsafe file.pointee.pMethods
    else { return nil }
    unsafe self.file = file
    self.methods = unsafe methods.pointee
  }

  /// The system's code for the last error, 0 if there was none: `SQLITE_FCNTL_LAST_ERRNO`.
  var lastError: Int32 {
    var code: Int32 = 0
    _ = unsafe methods.xFileControl?(file, SQLITE_FCNTL_LAST_ERRNO, &code)
    return code
  }

  /// The size in bytes; `nil` if it cannot be told.
  var size: Int? {
    var size: sqlite3_int64 = 0
    return unsafe methods.xFileSize?(file, &size) == SQLITE_OK ? Int(size) : nil
  }

  /// Fills a buffer from `offset` on; says whether it could.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
    unsafe methods.xRead?(file, buffer.baseAddress, Int32(buffer.count), Int64(offset))
      == SQLITE_OK
  }

  /// Whether the header says that the database keeps a log, next to which readers write too.
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
  static let tooBig = SQLiteResult(rawValue: 18)
  static let logProtocol = SQLiteResult(rawValue: 15)
  static let constraint = SQLiteResult(rawValue: 19)
  static let mismatch = SQLiteResult(rawValue: 20)
  static let authorization = SQLiteResult(rawValue: 23)
  static let notADatabase = SQLiteResult(rawValue: 26)

  /// The file cannot be locked for reading, for another reason than a lock of someone else.
  static let readLock = ioError.extended(9)
  /// The file cannot be locked, for another reason than a lock of someone else.
  static let lock = ioError.extended(15)
  /// The log has to be recovered first, which writes its index.
  static let readOnlyRecovery = readOnly.extended(1)
  /// The log has no index that can be read without writing.
  static let readOnlyIndex = readOnly.extended(5)
  /// A read-only database has a hot journal that must be rolled back.
  static let readOnlyRollback = readOnly.extended(3)
  /// The file was moved while it was open.
  static let readOnlyMoved = readOnly.extended(4)
  /// A foreign key does not hold.
  static let constraintForeignKey = constraint.extended(3)
  /// A primary key is taken.
  static let constraintPrimaryKey = constraint.extended(6)
  /// A UNIQUE constraint does not hold.
  static let constraintUnique = constraint.extended(8)
  /// A value has not the type of its column in a STRICT table.
  static let constraintDatatype = constraint.extended(12)
}

extension StoreError {
  /// SQLite's result code, if it reported the error.
  var sqliteResult: SQLiteResult? { sqliteCode.map(SQLiteResult.init(rawValue:)) }

  /// Whether a statement that had been compiled failed at what it computes.
  var isOfExpression: Bool { sqliteResult == .error }

  /// Whether SQLite says that the statement or the schema is at fault, and not, say, that memory
  /// ran out.
  var concernsStatement: Bool { code == .other && sqliteResult?.primary == .error }
}
