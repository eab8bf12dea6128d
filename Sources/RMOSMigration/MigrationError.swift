import RMOSSystem

/// Why a migration could not run, or could not go on.
///
/// Failures of the store come as `StoreError`.
public struct MigrationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A stable name for the failure.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's text.
    public let rawValue: String
    /// A code of one's own.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The code's text.
    public var description: String { rawValue }

    /// The source directory is not there or cannot be read, or not to its end.
    public static let sourceUnreadable = Code(rawValue: "source.unreadable")
    /// The source changed while it was being read.
    public static let sourceChanged = Code(rawValue: "source.changed")
    /// The source is larger than a dry run can keep in mind.
    public static let sourceTooLarge = Code(rawValue: "source.too-large")
    /// The system gives no thread.
    public static let noThread = Code(rawValue: "system.no-thread")
    /// An option makes no sense.
    public static let invalidOption = Code(rawValue: "option.invalid")
    /// The directory to export to holds something already.
    public static let exportNotEmpty = Code(rawValue: "export.not-empty")
    /// The directory to export to cannot be written.
    public static let exportUnwritable = Code(rawValue: "export.unwritable")
    /// The work was given up because its caller asked for it.
    public static let cancelled = Code(rawValue: "cancelled")
  }

  /// What kind of failure.
  public var code: Code
  /// The whole story for people.
  public var message: String

  /// An error.
  public init(_ code: Code, _ message: String) {
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
      .noThread,
      "the system gives no thread to work on: \(error.reason); free some and run again")
  }
}
