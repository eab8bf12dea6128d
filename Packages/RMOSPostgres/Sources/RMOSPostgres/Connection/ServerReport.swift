import CLibPQ
import RMOSStore

/// The server's report about a statement that failed.
struct ServerReport: Sendable, Hashable {
  /// The five characters of the SQLSTATE; empty if the server sent none.
  var state: String
  /// The primary message.
  var message: String
  /// The detail, which may quote values.
  var detail: String?
  /// The constraint or index that the error is about.
  var constraint: String?
  /// The table that the error is about.
  var table: String?

  /// Reads the fields of a result: `PQresultErrorField`.
  init(_ result: OpaquePointer) {
    func field(_ code: UInt8) -> String? {
      unsafe PQresultErrorField(result, Int32(code)).map { unsafe String(cString: $0) }
    }
    state = field(UInt8(ascii: "C")) ?? ""
    message = unsafe field(UInt8(ascii: "M")) ?? String(cString: PQresultErrorMessage(result))
    detail = field(UInt8(ascii: "D"))
    constraint = field(UInt8(ascii: "n"))
    table = field(UInt8(ascii: "t"))
  }

  /// The message, with the detail if it is about a key.
  var text: String {
    let detail = detail.map { " (\($0.hasSuffix(".") ? String($0.dropLast()) : $0))" } ?? ""
    return message + (state == SQLState.uniqueViolation || isOfForeignKey ? detail : "")
  }

  /// Whether a foreign key was violated; with ON DELETE RESTRICT, PostgreSQL 18 has a code of its
  /// own.
  var isOfForeignKey: Bool {
    state == SQLState.foreignKeyViolation || state == SQLState.restrictViolation
  }

  /// Whether the server has ended the session, or is about to.
  var endsSession: Bool {
    [
      SQLState.adminShutdown, SQLState.crashShutdown, SQLState.cannotConnectNow,
      SQLState.idleSessionTimeout,
    ].contains(state)
  }

  /// The code of the store error.
  var code: StoreError.Code {
    switch state {
    case SQLState.uniqueViolation: .constraint
    case SQLState.readOnlyTransaction: .readOnly
    case SQLState.diskFull: .diskFull
    case SQLState.tooManyConnections, SQLState.serializationFailure, SQLState.deadlockDetected,
      SQLState.lockNotAvailable, SQLState.objectInUse, SQLState.queryCanceled:
      .busy
    case SQLState.undefinedFile, SQLState.ioError: .inputOutput
    case SQLState.dataCorrupted, SQLState.indexCorrupted: .corrupt
    case SQLState.insufficientPrivilege: .cannotOpen
    default:
      switch state.prefix(2) {
      // A row violates a constraint, or has an invalid value or a key too large for an index.
      case "23", "22", "44", "54": .constraint
      // A function of another application raised the error.
      case "P0", "38", "39": .constraint
      case "28", "3D": .cannotOpen
      case "08", "57", "58": .inputOutput
      case "53": .inputOutput
      default: .other
      }
    }
  }

  /// Advice on what to do, to be appended to the message; may be empty.
  var advice: String {
    switch state {
    case SQLState.readOnlyTransaction:
      "; it is a read-only replica or in a read-only transaction: name the primary server"
    case SQLState.diskFull: "; free space on the server and run again"
    case SQLState.tooManyConnections: "; wait for others to disconnect, or raise max_connections"
    case SQLState.serializationFailure, SQLState.deadlockDetected:
      "; another application changed the same rows at once: run again"
    case SQLState.lockNotAvailable: "; another session holds a lock for longer: wait for it to end"
    case SQLState.insufficientPrivilege: "; GRANT the right to the role, or use another one"
    default: ""
    }
  }
}

/// The SQLSTATEs that decisions depend on.
///
/// Source: PostgreSQL's documentation, "PostgreSQL Error Codes".
enum SQLState {
  static let featureNotSupported = "0A000"
  static let restrictViolation = "23001"
  static let foreignKeyViolation = "23503"
  static let uniqueViolation = "23505"
  static let readOnlyTransaction = "25006"
  static let serializationFailure = "40001"
  static let deadlockDetected = "40P01"
  static let insufficientPrivilege = "42501"
  static let duplicateSchema = "42P06"
  static let diskFull = "53100"
  static let tooManyConnections = "53300"
  static let objectInUse = "55006"
  static let lockNotAvailable = "55P03"
  static let queryCanceled = "57014"
  static let adminShutdown = "57P01"
  static let crashShutdown = "57P02"
  static let cannotConnectNow = "57P03"
  static let idleSessionTimeout = "57P05"
  static let ioError = "58030"
  static let undefinedFile = "58P01"
  static let dataCorrupted = "XX001"
  static let indexCorrupted = "XX002"
}
