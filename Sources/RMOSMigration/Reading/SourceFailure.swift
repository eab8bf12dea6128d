import RMOSModels
import RMOSSystem

/// An error because of which a source cannot be read to its end, so that the rest of its content is
/// unknown.
struct SourceFailure: Error, CustomStringConvertible {
  /// The reason for the failure, with paths relative to the source.
  enum Reason {
    /// The system cannot read a file or directory.
    case unreadable(path: [UInt8], SystemError)
    /// A file changed after an entity was read from it.
    case changed(path: [UInt8])
    /// The source directory was removed or replaced by another one.
    case replaced
  }

  /// The source directory, as given.
  let source: String
  let reason: Reason

  /// A human-readable description of what happened.
  var description: String {
    switch reason {
    case .unreadable(let path, let error):
      "\(source)/\(SourcePath.text(path)) cannot be read: \(error.reason); what lies there is not "
        + "known, so nothing more is read. Run it again when it can be read"
    case .changed(let path):
      "\(SourcePath.text(path)) changed while it was being read; run again once nothing writes to it"
    case .replaced:
      "\(source) is no longer the directory that it was when the reading began, so nothing more is "
        + "read. If it is on a share or a removable disk, mount that and run again"
    }
  }

  private var code: MigrationError.Code {
    if case .unreadable = reason { .sourceUnreadable } else { .sourceChanged }
  }

  /// The failure as the error of an operation.
  var error: MigrationError { MigrationError(code, description) }

  /// The failure as the ledger and reports list it.
  var issue: Issue {
    let path: String? =
      switch reason {
      case .unreadable(let path, _), .changed(let path): SourcePath.text(path)
      case .replaced: nil
      }
    return Issue(
      severity: .error, code: IssueCode(rawValue: code.rawValue), source: path,
      message: description)
  }
}

/// Access to a source, with a hook before each system call by which tests make calls fail.
struct SourceAccess: Sendable {
  /// A system call on a path.
  enum Call: Sendable {
    case status, list, open, read
  }

  private let check: (@Sendable (Call, [UInt8]) throws(SystemError) -> Void)?

  /// Creates an access whose calls fail if `check` throws.
  init(failingWhere check: @escaping @Sendable (Call, [UInt8]) throws(SystemError) -> Void) {
    self.check = check
  }

  private init() { check = nil }

  /// The access without a hook.
  static let system = SourceAccess()

  /// Whether the access has no hook.
  var isSystem: Bool { check == nil }

  /// Calls the hook before a system call.
  func willCall(_ call: Call, _ path: [UInt8]) throws(SystemError) {
    if let check { try check(call, path) }
  }

  /// Returns the status of a file; see stat(2).
  func status(of path: [UInt8]) throws(SystemError) -> FileStatus {
    try willCall(.status, path)
    return try FileStatus(of: path)
  }
}

/// An error because of which reading a document, or the whole source, ends.
enum ReadFailure: Error {
  /// The system cannot read the file.
  case system(SystemError)
  /// The rest of the source cannot be read.
  case source(SourceFailure)
  /// The text is not JSON.
  case notJSON(JSONScanError)
  /// The consumer wants no more.
  case stopped

  /// Calls `body`, and throws its error as ``system(_:)``.
  static func converting<Result>(
    _ body: () throws(SystemError) -> Result
  ) throws(ReadFailure) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }
}
