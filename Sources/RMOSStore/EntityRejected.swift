public import RMOSModels

/// An entity breaks the rules of its kind, so it was not written.
public struct EntityRejected: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong with it, at least one error among it.
  public var issues: [Issue]

  /// A rejection.
  public init(issues: [Issue]) { self.issues = issues }

  /// The messages of the errors.
  public var description: String {
    issues.filter { $0.severity == .error }.map(\.message).joined(separator: "; ")
  }
}
