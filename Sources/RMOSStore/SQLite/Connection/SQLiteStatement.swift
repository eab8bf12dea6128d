import CSQLite
import RMOSModels

/// A prepared statement.
///
/// Parameters are numbered from 1, columns from 0, as in C.
@safe final class SQLiteStatement {
  private let handle: SQLiteHandle
  private let pointer: OpaquePointer
  /// Whether the statement is lent.
  var isInUse = false

  /// Compiles one statement: `sqlite3_prepare_v3`.
  ///
  /// - Throws: What SQLite reports; ``StoreError/Code/other`` if `sql` is not exactly one
  ///   statement, of which SQLite would ignore all but the first.
  init(_ sql: String, on handle: SQLiteHandle) throws {
    self.handle = handle
    var statement: OpaquePointer?
    var rest = 0
    var sql = sql
    let result = sql.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { text in
        var tail: UnsafePointer<CChar>?
        let result = unsafe sqlite3_prepare_v3(
          handle.pointer, text.baseAddress, Int32(text.count), UInt32(SQLITE_PREPARE_PERSISTENT),
          &statement, &tail)
        if let start = text.baseAddress, let tail = unsafe tail {
          rest = unsafe text[(tail - start)...].count {
            !" \n;".utf8.contains(UInt8(bitPattern: $0))
          }
        }
        return result
      }
    }
    try handle.check(result)
    guard let statement = unsafe statement, rest == 0 else {
      unsafe sqlite3_finalize(statement)
      let found = unsafe statement == nil ? "no statement" : "more than one statement"
      throw StoreError(.other, "\(handle.path): there is \(found) in \"\(sql)\"")
    }
    unsafe pointer = statement
  }

  /// Releases the statement: `sqlite3_finalize`.
  deinit { unsafe sqlite3_finalize(pointer) }

  // MARK: Parameters

  /// Binds NULL: `sqlite3_bind_null`.
  func bindNull(at index: Int32) throws(StoreError) {
    try unsafe handle.check(sqlite3_bind_null(pointer, index))
  }

  /// Binds an integer: `sqlite3_bind_int64`.
  func bind(_ number: Int64, at index: Int32) throws(StoreError) {
    try unsafe handle.check(sqlite3_bind_int64(pointer, index, number))
  }

  /// Binds a double: `sqlite3_bind_double`.
  func bind(_ number: Double, at index: Int32) throws(StoreError) {
    try unsafe handle.check(sqlite3_bind_double(pointer, index, number))
  }

  /// Binds UTF-8 without copying it: `sqlite3_bind_text64` with SQLITE_STATIC.
  ///
  /// The bytes must stay valid until ``reset()``.
  func bindBorrowed(text: UnsafeBufferPointer<UInt8>, at index: Int32) throws(StoreError) {
    // SQLite takes an empty buffer without an address for NULL.
    guard let address = text.baseAddress, !text.isEmpty else {
      return try bind("", at: index)
    }
    let result = unsafe UnsafeRawPointer(address).withMemoryRebound(
      to: CChar.self, capacity: text.count
    ) {
      unsafe sqlite3_bind_text64(pointer, index, $0, UInt64(text.count), nil, UInt8(SQLITE_UTF8))
    }
    try handle.check(result)
  }

  /// Binds bytes without copying them: `sqlite3_bind_blob64` with SQLITE_STATIC.
  ///
  /// The bytes must stay valid until ``reset()``.
  func bindBorrowed(blob: UnsafeRawBufferPointer, at index: Int32) throws(StoreError) {
    guard let address = blob.baseAddress, unsafe !blob.isEmpty else {
      return try unsafe handle.check(sqlite3_bind_zeroblob(pointer, index, 0))
    }
    try unsafe handle.check(sqlite3_bind_blob64(pointer, index, address, UInt64(blob.count), nil))
  }

  /// Binds a copy of a text, or NULL: `sqlite3_bind_text64` with SQLITE_TRANSIENT.
  func bind(_ text: String?, at index: Int32) throws(StoreError) {
    guard var text else { return try bindNull(at: index) }
    let result = text.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
        unsafe withUnsafePointer(to: 0 as CChar) { empty in
          unsafe sqlite3_bind_text64(
            pointer, index, characters.baseAddress ?? empty, UInt64(characters.count),
            Self.transient, UInt8(SQLITE_UTF8))
        }
      }
    }
    try handle.check(result)
  }

  /// Binds a copy of a value.
  func bind(_ value: Value, at index: Int32) throws(StoreError) {
    switch value {
    case .null: try bindNull(at: index)
    case .integer(let number): try bind(number, at: index)
    case .real(let number): try bind(number, at: index)
    case .text(let text): try bind(text, at: index)
    case .blob(let bytes):
      let result = unsafe bytes.withUnsafeBytes { bytes in
        unsafe bytes.isEmpty
          ? sqlite3_bind_zeroblob(pointer, index, 0)
          : sqlite3_bind_blob64(
            pointer, index, bytes.baseAddress, UInt64(bytes.count), Self.transient)
      }
      try handle.check(result)
    }
  }

  /// Binds copies of values as the first parameters.
  func bind(_ values: [Value]) throws(StoreError) {
    for (index, value) in values.enumerated() { try bind(value, at: Int32(index + 1)) }
  }

  /// SQLITE_TRANSIENT, which is not imported because it is a cast.
  private static var transient: sqlite3_destructor_type {
    unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }

  // MARK: Rows

  /// Advances to the next row: `sqlite3_step`.
  ///
  /// - Returns: Whether there is another row.
  func step() throws(StoreError) -> Bool {
    let result = unsafe sqlite3_step(pointer)
    if result == SQLITE_ROW { return true }
    if result == SQLITE_DONE { return false }
    try handle.check(result)
    return false
  }

  /// Resets the statement and clears its parameters, after which borrowed bytes need no longer be
  /// valid: `sqlite3_reset`, `sqlite3_clear_bindings`.
  ///
  /// Their results are ignored, because they only repeat that of the last step.
  func reset() {
    unsafe sqlite3_reset(pointer)
    unsafe sqlite3_clear_bindings(pointer)
  }

  // MARK: Columns

  /// The type of a column in the current row.
  enum ColumnType { case null, integer, real, text, blob }

  /// The type of the stored value: `sqlite3_column_type`.
  func type(at column: Int32) -> ColumnType {
    switch unsafe sqlite3_column_type(pointer, column) {
    case SQLITE_INTEGER: .integer
    case SQLITE_FLOAT: .real
    case SQLITE_TEXT: .text
    case SQLITE_BLOB: .blob
    default: .null
    }
  }

  /// An integer: `sqlite3_column_int64`.
  func integer(at column: Int32) -> Int64 { unsafe sqlite3_column_int64(pointer, column) }

  /// A double: `sqlite3_column_double`.
  func real(at column: Int32) -> Double { unsafe sqlite3_column_double(pointer, column) }

  /// The bytes of a text, valid until the next step: `sqlite3_column_text`,
  /// `sqlite3_column_bytes`.
  func borrowedText(at column: Int32) -> UnsafeBufferPointer<UInt8> {
    let start = unsafe sqlite3_column_text(pointer, column)
    return unsafe UnsafeBufferPointer(
      start: start, count: Int(sqlite3_column_bytes(pointer, column)))
  }

  /// A text; `nil` for NULL.
  func text(at column: Int32) -> String? {
    guard type(at: column) != .null else { return nil }
    return unsafe String(decoding: borrowedText(at: column), as: UTF8.self)
  }

  /// The bytes of a blob.
  func blob(at column: Int32) -> [UInt8] { unsafe Array(borrowedBytes(at: column)) }

  /// The bytes of a blob, or of a text of a database in UTF-8, valid until the next step:
  /// `sqlite3_column_blob`, `sqlite3_column_bytes`.
  ///
  /// It is faster than ``borrowedText(at:)``, for which SQLite copies each text to add a NUL.
  func borrowedBytes(at column: Int32) -> UnsafeBufferPointer<UInt8> {
    let start = unsafe sqlite3_column_blob(pointer, column)
    let count = unsafe Int(sqlite3_column_bytes(pointer, column))
    return unsafe UnsafeBufferPointer(
      start: start?.assumingMemoryBound(to: UInt8.self), count: start == nil ? 0 : count)
  }

  /// A value as it is stored.
  func value(at column: Int32) -> Value {
    switch type(at: column) {
    case .null: .null
    case .integer: .integer(integer(at: column))
    case .real: .real(real(at: column))
    case .text: unsafe .text(String(decoding: borrowedText(at: column), as: UTF8.self))
    case .blob: .blob(blob(at: column))
    }
  }
}
