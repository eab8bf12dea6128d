public import RMOSModels

// Access to a store by typed entities.

extension StoreReader {
  /// The entity with `id`; `nil` if there is none.
  ///
  /// ```swift
  /// let pattern = try store.read { try $0.entity(Pattern.self, id: "torres_wave_5x11") }
  /// ```
  /// - Throws: ``StoreError``; `EntityRejected` if a stored value is not what the schema declares.
  public func entity<E: Entity>(_ type: E.Type, id: String) throws -> E? {
    try record(E.kind, id: id).map { try E(record: $0) }
  }

  /// The entities that match, as in a ``RecordQuery``.
  ///
  /// - Throws: As ``entity(_:id:)``.
  public func entities<E: Entity>(
    _ type: E.Type, where conditions: [RecordQuery.Condition] = [],
    order: RecordQuery.Order = .id, limit: Int? = nil, offset: Int = 0
  ) throws -> [E] {
    let query = RecordQuery(
      E.kind, where: conditions, order: order, limit: limit, offset: offset)
    return try records(query).map { try E(record: $0) }
  }
}

extension StoreTransaction {
  /// Inserts an entity after checking it by the rules of a migration.
  ///
  /// - Throws: `EntityRejected` if it breaks a rule or refers to an entity that does not exist,
  ///   ``StoreError/Code/duplicateID`` if the id is taken.
  public func create(_ entity: some Entity) throws {
    let record = entity.record
    try check(record)
    try insert(record)
  }

  /// Replaces the entity with the same id, after checking the new one by the rules of a migration.
  ///
  /// - Returns: Whether an entity with the id existed.
  /// - Throws: `EntityRejected` if it breaks a rule or refers to an entity that does not exist.
  public func update(_ entity: some Entity) throws -> Bool {
    let record = entity.record
    try check(record)
    return try update(record)
  }

  /// Checks a record by the rules of a migration, and looks up its references.
  ///
  /// - Throws: `EntityRejected`.
  package func check(_ record: Record) throws {
    let issues = try record.validate() + missingReferences(of: record)
    if issues.contains(where: { $0.severity == .error }) { throw EntityRejected(issues: issues) }
  }
}

extension StoreReader {
  /// An issue for each reference of a record to an entity that does not exist.
  package func missingReferences(of record: Record) throws -> [Issue] {
    var issues: [Issue] = []
    let schema = record.kind.schema
    for reference in schema.references {
      let (field, target) = (schema.fields[reference.field], reference.target)
      guard case .text(let id) = record.values[reference.field], try !contains(target, id: id)
      else { continue }
      let similar = try SimilarID.first(like: id, of: target) { try contains(target, id: $0) }
      issues.append(
        Issue(
          severity: .error, code: .referenceMissing, kind: record.kind, id: record.id,
          pointer: "/\(field.member)",
          message: "\"\(field.member)\" points to the \(target.schema.singular) "
            + "\(Violation.quoted(id)), which is not in the store; "
            + SimilarID.advice(for: id, similar, inFile: false, otherwise: "add it first")))
    }
    return issues
  }
}
