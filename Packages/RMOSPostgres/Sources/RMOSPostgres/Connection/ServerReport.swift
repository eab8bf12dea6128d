import CLibPQ
import RMOSStore

/// What the server says of a statement that failed.
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

  /// What failed, as one line.
  var text: String {
    let detail = detail.map { " (\($0.hasSuffix(".") ? String($0.dropLast()) : $0))" } ?? ""
    return message + (state == SQLState.uniqueViolation || isOfForeignKey ? detail : "")
  }

  /// Whether a foreign key does not hold.
  var isOfForeignKey: Bool { state == SQLState.foreignKeyViolation }

  /// Whether the server ended the session, or is about to.
  var endsSession: Bool { ["57P01", "57P02", "57P03", "57P05"].contains(state) }

  /// The code for it.
  var code: StoreError.Code {
    switch state {
    case SQLState.uniqueViolation: .constraint
    case "25006": .readOnly
    case "53100": .diskFull
    case "53300", "40001", "40P01", "55P03", "55006", "57014": .busy
    case "58P01", "58030": .inputOutput
    case "XX001", "XX002": .corrupt
    case SQLState.insufficientPrivilege: .cannotOpen
    default:
      switch state.prefix(2) {
      // The row: a constraint, a value, or a key too large for an index.
      case "23", "22", "44", "54": .constraint
      // A function of another application raised it.
      case "P0", "38", "39": .constraint
      case "28", "3D": .cannotOpen
      case "08", "57", "58": .inputOutput
      case "53": .inputOutput
      default: .other
      }
    }
  }

  /// What to do about it; empty if the message says it all.
  var advice: String {
    switch state {
    case "25006":
      "; it is a read-only replica or in a read-only transaction: name the primary server"
    case "53100": "; free space on the server and run again"
    case "53300": "; wait for others to disconnect, or raise max_connections"
    case "40001", "40P01": "; another application changed the same rows at once: run again"
    case "55P03": "; another session holds a lock for longer: wait for it to end"
    case SQLState.insufficientPrivilege: "; GRANT the right to the role, or use another one"
    default: ""
    }
  }
}

/// The SQLSTATEs that decisions depend on.
///
/// Source: PostgreSQL's documentation, "PostgreSQL Error Codes".
enum SQLState {
  static let uniqueViolation = "23505"
  static let foreignKeyViolation = "23503"
  static let notNullViolation = "23502"
  static let insufficientPrivilege = "42501"
  static let undefinedTable = "42P01"
  static let queryCanceled = "57014"
  static let lockNotAvailable = "55P03"
  static let duplicateTable = "42P07"
}
