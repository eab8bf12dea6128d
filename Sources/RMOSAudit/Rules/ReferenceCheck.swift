import RMOSModels
import RMOSStore

/// References between kinds, whether the database declares them or not.
struct ReferenceCheck: AuditCheck {
  let rules: [AuditRule] = [.missingReference]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    var origins: EntityOrigins?
    func origin(_ kind: EntityKind, _ id: String) throws -> EntityOrigin? {
      guard context.log.keeps(.missingReference) else { return nil }
      let known = try origins ?? EntityOrigins(context)
      origins = known
      return try known[kind, id]
    }
    for kind in EntityKind.allCases {
      for reference in kind.schema.references {
        let (position, target) = (reference.field, reference.target)
        let field = kind.schema.fields[position]
        guard context.has(kind, column: field.column), context.has(kind, column: "id"),
          context.has(target, column: "id")
        else { continue }
        let mayBeNull = context.table(kind)?.column(field.column)?.isNotNull != true
        let repair = AuditFinding.Repair.clearReference(
          kind: kind, column: field.column, target: target)
        try forEachDangling(kind, position, target, context) { key, reference in
          context.log.add(
            AuditFinding(
              .error, .missingReference, kind: kind, id: key.id, row: key.rowID,
              column: field.column, found: reference,
              expected: "the id of a \(target.schema.singular), or NULL",
              repair: mayBeNull ? repair : nil, origin: try origin(target, reference),
              "\(field.column) points to the \(target.schema.singular) "
                + "\(Violation.quoted(reference)), which is not there"))
        }
      }
    }
    return rules
  }

  private func forEachDangling(
    _ kind: EntityKind, _ position: Int, _ target: EntityKind, _ context: AuditContext,
    _ body: (InspectedKey, String) throws -> Void
  ) throws {
    if let inspector = context.inspector {
      guard let table = context.table(kind) else { return }
      return try inspector.forEachDanglingReference(of: kind, field: position, in: table, body)
    }
    try context.reader.forEachRecord(kind) { record in
      guard case .text(let reference) = record.values[position],
        try !context.reader.contains(target, id: reference)
      else { return }
      try body(InspectedKey(id: record.id, rowID: nil), reference)
    }
  }
}

/// The foreign keys that tables declare, but those that ``ReferenceCheck`` follows anyway.
struct ForeignKeyCheck: AuditCheck {
  let rules: [AuditRule] = [.foreignKey]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard let inspector = context.inspector else { return [] }
    for table in context.tables.values.sorted(by: { $0.name < $1.name }) {
      let isFollowed = context.log.wants(.missingReference)
      let keys = table.foreignKeys.filter { !isFollowed || !isReference($0, of: table) }
      if keys.isEmpty { continue }
      let parents = Set(keys.map { $0.table.lowercased() })
      try inspector.forEachForeignKeyProblem(in: table.name) { problem in
        guard parents.contains(problem.parent.lowercased()) else { return }
        context.log.add(
          AuditFinding(
            .error, .foreignKey, kind: EntityKind(rawValue: problem.table.lowercased()),
            table: problem.table, row: problem.rowID, found: "no such row",
            expected: "a row of \(problem.parent)",
            "row \(problem.rowID.map(String.init) ?? "without number") of \(problem.table) refers "
              + "to a row of \(problem.parent) that is not there"))
      }
    }
    return rules
  }

  private func isReference(_ key: InspectedTable.ForeignKey, of table: InspectedTable) -> Bool {
    guard let kind = EntityKind(rawValue: table.name.lowercased()),
      let position = kind.schema.position(ofColumn: key.column.lowercased()),
      let reference = kind.schema.references.first(where: { $0.field == position })
    else { return false }
    return reference.target.table == key.table.lowercased()
  }
}
