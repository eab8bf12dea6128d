public import RMOSModels

/// What undoing a run did, per kind.
public struct UndoCounts: Sendable, Hashable {
  /// Rows that the run had inserted and that are gone.
  public var removed: [EntityKind: Int] = [:]
  /// Rows that the run had rewritten and that are as before.
  public var restored: [EntityKind: Int] = [:]

  /// Nothing.
  public init() {}
}
