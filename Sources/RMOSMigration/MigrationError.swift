import RMOSSystem

/// The reason why an operation could not start, or stopped early.
///
/// Failures of the store are thrown as `StoreError`.
public struct MigrationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A stable name for a failure: those that programs usually tell apart are constants.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's text.
    public let rawValue: String
    /// Creates a code.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The code's text.
    public var description: String { rawValue }

    /// The source directory does not exist or could not be read completely.
    public static let sourceUnreadable = Code(rawValue: "source.unreadable")
    /// The source changed while it was being read.
    package static let sourceChanged = Code(rawValue: "source.changed")
    /// The source is too large for a dry run.
    package static let sourceTooLarge = Code(rawValue: "source.too-large")
    /// The system has no thread left.
    package static let noThread = Code(rawValue: "system.no-thread")
    /// An option is invalid.
    package static let invalidOption = Code(rawValue: "option.invalid")
    /// The directory for rejects holds something that no earlier run wrote, or that was edited.
    public static let rejectsNotEmpty = Code(rawValue: "rejects.not-empty")
    /// Another run is writing to the directory for rejects.
    package static let rejectsInUse = Code(rawValue: "rejects.in-use")
    /// The directory for rejects cannot be written.
    package static let rejectsUnwritable = Code(rawValue: "rejects.unwritable")
    /// The directory for rejects is inside the source, or the source inside it.
    package static let rejectsInSource = Code(rawValue: "rejects.in-source")
    /// The directory to export to is not empty.
    public static let exportNotEmpty = Code(rawValue: "export.not-empty")
    /// The directory to export to cannot be written.
    package static let exportUnwritable = Code(rawValue: "export.unwritable")
    /// The store has rows that the script's database could not hold.
    package static let exportUnrepresentable = Code(rawValue: "export.unrepresentable")
    /// The ledger does not have the run, or has none at all.
    public static let runMissing = Code(rawValue: "report.no-run")
    /// A statistics file does not hold statistics.
    package static let statisticsInvalid = Code(rawValue: "statistics.invalid")
    /// The operation was cancelled.
    public static let cancelled = Code(rawValue: "cancelled")
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
  /// Creates the error for a thread that the system refused.
  static func noThread(_ error: SystemError) -> MigrationError {
    MigrationError(
      .noThread, "the system has no thread left: \(error.reason); free some and run again")
  }
}
