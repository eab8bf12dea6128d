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
