import RMOSModels
import RMOSSystem

/// The reason why an operation could not start, or stopped early.
///
/// Failures of the store are thrown as `StoreError`.
public struct MigrationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A stable name for a failure.
  ///
  /// Its raw value is the code's text, such as `source.unreadable`.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's text.
    public let rawValue: String

    /// Creates a code.
    public init(rawValue: String) { self.rawValue = rawValue }
    private init(_ rawValue: String) { self.rawValue = rawValue }

    /// The code's text.
    public var description: String { rawValue }

    /// The source directory does not exist or could not be read completely.
    public static let sourceUnreadable = Code("source.unreadable")
    /// The source changed while it was being read.
    public static let sourceChanged = Code("source.changed")
    /// The source is too large for a dry run.
    public static let sourceTooLarge = Code("source.too-large")
    /// The system has no thread left.
    public static let noThread = Code("system.no-thread")
    /// An option is invalid.
    public static let invalidOption = Code("option.invalid")
    /// The directory for rejects holds something that no earlier run wrote, or that was edited.
    public static let rejectsNotEmpty = Code("rejects.not-empty")
    /// Another run is writing to the directory for rejects.
    public static let rejectsInUse = Code("rejects.in-use")
    /// The directory for rejects cannot be written.
    public static let rejectsUnwritable = Code("rejects.unwritable")
    /// The directory for rejects is in a directory of the source that is read from, or the source
    /// is in it.
    public static let rejectsInSource = Code("rejects.in-source")
    /// The directory to export to is not empty.
    public static let exportNotEmpty = Code("export.not-empty")
    /// The directory to export to cannot be written.
    public static let exportUnwritable = Code("export.unwritable")
    /// The store has rows that the script's database could not hold.
    public static let exportUnrepresentable = Code("export.unrepresentable")
    /// The ledger does not have the run, or has none at all.
    public static let runMissing = Code("report.no-run")
    /// The run wrote entities of a kind that the store's catalog does not have.
    public static let unknownKind = Code("run.unknown-kind")
    /// A statistics file does not hold statistics.
    public static let statisticsInvalid = Code("statistics.invalid")
    /// The operation was cancelled.
    public static let cancelled = Code("cancelled")
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
  /// Starts a thread, or throws ``MigrationError/Code/noThread``.
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
