public import RMOSModels

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

/// How an incoming entity compares with the row that has its id.
public enum StoredComparison: Sendable, Hashable {
  /// The store has no entity with this id.
  case absent
  /// The store has it with the same content.
  case identical
  /// The store has it with different content in these members, in schema order.
  case differs(members: [String])

  /// Compares the entity at `index` with a stored record.
  ///
  /// A timestamp that the source does not give and that defaults to the time of the run
  /// (`created_at`, `updated_at`) is not compared. JSON is compared by its data: white space,
  /// escapes, the way a number is written and the order of members make no difference.
  ///
  /// - Parameters:
  ///   - batch: The incoming entities.
  ///   - index: Which of them.
  ///   - record: The stored record.
  ///   - unknownMembers: The unknown members kept with it; `nil` if there are none.
  public init(
    of batch: RecordBatch, at index: Int, with record: Record, unknownMembers: String?
  ) {
    let schema = batch.kind.schema
    let incoming = batch.record(at: index)
    var members: [String] = []
    for position in schema.fields.indices {
      let field = schema.fields[position]
      if field.defaultsToRunTime, !batch.entries[index].given.contains(position) { continue }
      let (new, old) = (incoming.values[position], record.values[position])
      if new.isSame(as: old) { continue }
      if case .json = field.type, case .text(let new) = new, case .text(let old) = old,
        JSONEquivalence.areEquivalent(new, old)
      {
        continue
      }
      members.append(field.member)
    }
    let unknown = batch.entries[index].unknownMembers
    let incomingUnknown = unknown.isEmpty ? "{}" : batch.text(unknown)
    members += JSONEquivalence.differingMembers(incomingUnknown, unknownMembers ?? "{}")
    self = members.isEmpty ? .identical : .differs(members: members)
  }
}
