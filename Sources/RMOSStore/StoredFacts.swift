/// What a store knows of an incoming entity.
public struct StoredFacts: Sendable, Hashable {
  /// How it compares with the row that has its id.
  public var comparison = StoredComparison.absent
  /// The references that lead to no entity, as positions in its schema's references.
  public var danglingReferences: [Int] = []

  /// Creates the facts of an entity that is new and whose references all lead somewhere.
  public init() {}
}
