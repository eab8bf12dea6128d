public import RMOSModels

/// The numbers of rows that undoing a run changes, per kind.
public struct UndoCounts: Sendable, Hashable {
  /// Rows that the run had inserted and that are removed.
  public var removed: [EntityKind: Int] = [:]
  /// Rows that the run had rewritten and that are restored.
  public var restored: [EntityKind: Int] = [:]

  /// Creates counts of nothing.
  public init() {}
}

extension UndoCounts {
  /// Adds the rows of another.
  package static func += (left: inout UndoCounts, right: UndoCounts) {
    left.removed.merge(right.removed, uniquingKeysWith: +)
    left.restored.merge(right.restored, uniquingKeysWith: +)
  }
}
