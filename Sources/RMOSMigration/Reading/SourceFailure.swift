import RMOSModels
import RMOSSystem

/// The reason why a source cannot be read any further; its remaining content is unknown.
struct SourceFailure: Error, CustomStringConvertible {
  /// What stopped the reading.
  enum Reason {
    /// The system failed to read a file or directory of the source; the path is relative.
    case unreadable(path: [UInt8], SystemError)
    /// A file that an entity was read from has changed since.
    case changed(path: [UInt8])
    /// The source directory is gone, or another one has taken its place.
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

  /// The failure as a caller of the library sees it.
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

/// A hook before each system call that reads a source, with which tests make calls fail.
struct SourceAccess: Sendable {
  /// The operation about to be performed on a path.
  enum Call: Sendable {
    case status, list, open, read
  }

  private let check: (@Sendable (Call, [UInt8]) throws(SystemError) -> Void)?

  /// Access that fails if `check` throws.
  init(failingWhere check: @escaping @Sendable (Call, [UInt8]) throws(SystemError) -> Void) {
    self.check = check
  }

  private init() { check = nil }

  /// Access without a hook.
  static let system = SourceAccess()

  /// Whether it has no hook.
  var isSystem: Bool { check == nil }

  func willCall(_ call: Call, _ path: [UInt8]) throws(SystemError) {
    if let check { try check(call, path) }
  }

  /// stat(2).
  func status(of path: [UInt8]) throws(SystemError) -> FileStatus {
    try willCall(.status, path)
    return try FileStatus(of: path)
  }
}

/// Why reading a file, or all files, stopped.
enum ReadFailure: Error {
  /// The system cannot read the file.
  case system(SystemError)
  /// The rest of the source cannot be read.
  case source(SourceFailure)
  /// The text is not JSON.
  case notJSON(JSONScanError)
  /// The consumer wants no more.
  case stopped

  /// Runs a system call and converts its error.
  static func converting<Result>(
    _ body: () throws(SystemError) -> Result
  ) throws(ReadFailure) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }
}
