import RMOSModels
import RMOSStore

/// What is known about an entity when it is decided what becomes of it.
struct EntityFacts {
  /// A reference that leads nowhere.
  struct MissingReference: Hashable {
    /// Its position in the schema's references.
    var reference: Int
    /// Whether the entity it leads to failed in this run.
    var hasFailed = false
  }

  /// How it relates to what is there under its id.
  var comparison = StoredComparison.absent
  /// Its references that lead nowhere.
  var missingReferences: [MissingReference] = []
  /// Whether an earlier entity of the source, with the same id, has decided about the row.
  var isRepeated = false
  /// Whether the row was edited; `nil` if nobody asks.
  var editState: EditState?
}

extension EntityFacts {
  /// Looks up what is known about an entity.
  ///
  /// - Parameters:
  ///   - index: The entity's position in the batch.
  ///   - batch: The batch.
  ///   - target: Where the entity is to go.
  ///   - memory: What the run keeps in mind.
  ///   - isRepeated: Whether an earlier entity has decided about the row.
  ///   - rewrites: Whether rows that differ are to be rewritten.
  /// - Throws: What the target throws.
  init(
    at index: Int, of batch: RecordBatch, in target: some EntityTarget, _ memory: RunMemory,
    isRepeated: Bool, rewrites: Bool
  ) throws {
    let dangling = try batch.danglingReferences(at: index) { kind, id in
      try target.contains(kind, id: id)
    }
    missingReferences = dangling.map { position in
      let reference = batch.references[position]
      let id = batch.text(in: reference.field, at: index)
      return MissingReference(
        reference: position, hasFailed: memory.hasFailed(reference.target, id))
    }
    self.isRepeated = isRepeated
    // What is refused anyway need not be compared.
    guard missingReferences.isEmpty, !batch.entries[index].isFailed else { return }
    comparison = try target.comparison(of: batch, at: index)
    if case .differs = comparison, rewrites, !isRepeated {
      editState = try target.editState(batch.kind, id: batch.text(batch.entries[index].id))
    }
  }
}

extension RecordBatch {
  /// The text in a field of the entity at `index`; empty if it holds no text.
  fileprivate func text(in field: Int, at index: Int) -> ArraySlice<UInt8> {
    guard case .text(let span) = cells[index * fieldCount + field] else { return [] }
    return arena[span.range]
  }
}
