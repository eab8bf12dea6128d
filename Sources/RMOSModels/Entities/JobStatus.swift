/// Where a job stands.
///
/// A closed set: migration refuses any other status.
public enum JobStatus: String, CaseIterable, Codable, Sendable, Hashable {
  /// Entered, not yet planned; what a job log without a status is.
  case pending
  /// Has its place in the plan.
  case planned
  /// A machine is at it.
  case running
  /// Done.
  case completed
  /// Given up because of a fault.
  case failed
  /// Called off.
  case cancelled
}
