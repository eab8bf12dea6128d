/// What a store knows of an incoming entity.
public struct StoredFacts: Sendable, Hashable {
  /// How it compares with the row that has its id.
  package var comparison: StoredComparison
  /// The references that lead to no entity, as positions in its schema's references.
  package var danglingReferences: [Int]

  /// Creates the facts of an entity; by default, it is new, and its references all lead somewhere.
  ///
  /// - Parameters:
  ///   - comparison: How it compares with the row that has its id.
  ///   - danglingReferences: The references that lead to no entity, as positions in its schema's
  ///     references.
  public init(comparison: StoredComparison = .absent, danglingReferences: [Int] = []) {
    self.comparison = comparison
    self.danglingReferences = danglingReferences
  }
}
