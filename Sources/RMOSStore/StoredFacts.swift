public import RMOSModels

/// The facts that a store knows about an incoming entity.
public struct StoredFacts: Sendable, Hashable {
  /// The comparison with the row that has its id.
  package var comparison: StoredComparison
  /// The positions, in its schema's references, of the references whose target does not exist.
  package var danglingReferences: [Int]

  /// Creates the facts about an entity, by default a new one without dangling references.
  ///
  /// - Parameters:
  ///   - comparison: The comparison with the row that has its id.
  ///   - danglingReferences: The positions, in its schema's references, of the references whose
  ///     target does not exist.
  public init(comparison: StoredComparison = .absent, danglingReferences: [Int] = []) {
    self.comparison = comparison
    self.danglingReferences = danglingReferences
  }
}

/// The result of comparing an incoming entity with the row that has its id.
public enum StoredComparison: Sendable, Hashable {
  /// The store has no entity with this id.
  case absent
  /// The stored entity has the same content.
  case identical
  /// The stored entity has different content in these members, in schema order.
  case differs(members: [String])

  /// Compares the entity at `index` of a batch with a stored record.
  ///
  /// A timestamp that the source does not give and that defaults to the time of the run
  /// (`created_at`, `updated_at`) is not compared. JSON is compared by its data: white space,
  /// escapes, the way a number is written and the order of members make no difference.
  ///
  /// - Parameters:
  ///   - batch: The incoming entities.
  ///   - index: The position of the entity in `batch`.
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
