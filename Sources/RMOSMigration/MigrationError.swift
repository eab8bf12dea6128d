import RMOSModels
import RMOSSystem

/// The reason why an operation could not start, or stopped early.
///
/// Failures of the store are thrown as `StoreError`.
public struct MigrationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A stable name for a failure.
  ///
  /// Its raw value is the code's text, such as `source.unreadable`.
  public enum Code: String, Sendable {
    /// The source directory does not exist or could not be read completely.
    case sourceUnreadable = "source.unreadable"
    /// The source changed while it was being read.
    case sourceChanged = "source.changed"
    /// The source is too large for a dry run.
    case sourceTooLarge = "source.too-large"
    /// The system has no thread left.
    case noThread = "system.no-thread"
    /// An option is invalid.
    case invalidOption = "option.invalid"
    /// The directory for rejects holds something that no earlier run wrote, or that was edited.
    case rejectsNotEmpty = "rejects.not-empty"
    /// Another run is writing to the directory for rejects.
    case rejectsInUse = "rejects.in-use"
    /// The directory for rejects cannot be written.
    case rejectsUnwritable = "rejects.unwritable"
    /// The directory for rejects is inside the source, or the source inside it.
    case rejectsInSource = "rejects.in-source"
    /// The directory to export to is not empty.
    case exportNotEmpty = "export.not-empty"
    /// The directory to export to cannot be written.
    case exportUnwritable = "export.unwritable"
    /// The store has rows that the script's database could not hold.
    case exportUnrepresentable = "export.unrepresentable"
    /// The directory for samples is not empty.
    case sampleNotEmpty = "sample.not-empty"
    /// The directory for samples cannot be written.
    case sampleUnwritable = "sample.unwritable"
    /// The ledger does not have the run, or has none at all.
    case runMissing = "report.no-run"
    /// A statistics file does not hold statistics.
    case statisticsInvalid = "statistics.invalid"
    /// The operation was cancelled.
    case cancelled = "cancelled"
  }

  /// The kind of failure.
  public let code: Code
  /// A human-readable description: what failed, why, and how to fix it.
  public let message: String

  /// Creates an error.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}

extension SystemThread {
  /// Starts a thread.
  static func start(_ body: @escaping @Sendable () -> Void) throws(MigrationError) -> SystemThread {
    do throws(SystemError) {
      return try SystemThread(body)
    } catch {
      throw .noThread(error)
    }
  }
}

extension MigrationError {
  /// The error as the ledger and reports list it.
  var issue: Issue {
    Issue(severity: .error, code: IssueCode(rawValue: code.rawValue), message: message)
  }

  /// Creates the error for a thread that the system refused.
  static func noThread(_ error: SystemError) -> MigrationError {
    MigrationError(
      .noThread, "cannot start a thread: \(error.reason); end other programs, then run again")
  }
}

extension MigrationError: CancellableError {
  package var saysCancelled: Bool { code == .cancelled }
}
