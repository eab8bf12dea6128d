import RMOSModels

/// What is told of a run once it is over: to a person in a chat and to a program, in one JSON object.
///
/// ```swift
/// let notification = RunNotification(of: summary, exitStatus: 0)
/// post(notification.json)
/// ```
///
/// A value: whoever has it sends it. The same value gives the same text.
public struct RunNotification: Sendable {
  /// Why a run could not begin, or could not go on.
  public struct Failure: Sendable, Hashable {
    /// A stable name.
    public var code: String
    /// The whole story for people.
    public var message: String

    /// A failure.
    public init(code: String, message: String) {
      self.code = code
      self.message = message
    }
  }

  /// What the run did; nil where it never began.
  public var summary: MigrationSummary?
  /// The status that the program ends with; 0 where all is well.
  public var exitStatus: Int32
  /// Why it could not run, or not to its end.
  public var failure: Failure?
  /// The source directory, as given.
  public var source: String
  /// The store's location.
  public var database: String
  /// The machine that it ran on; nil where that does not matter.
  public var host: String?

  /// The notification of a run that began.
  public init(of summary: MigrationSummary, exitStatus: Int32, failure: Failure? = nil) {
    self.summary = summary
    self.exitStatus = exitStatus
    self.failure = failure
    source = summary.source
    database = summary.store
  }

  /// The notification of a run that could not begin.
  public init(of failure: Failure, exitStatus: Int32, source: String, database: String) {
    self.failure = failure
    self.exitStatus = exitStatus
    self.source = source
    self.database = database
  }

  /// Whether the run reached its end and nothing failed.
  ///
  /// The exit status may be stricter: it may count warnings.
  public var isSuccess: Bool { failure == nil && summary?.isSuccess == true }
}
