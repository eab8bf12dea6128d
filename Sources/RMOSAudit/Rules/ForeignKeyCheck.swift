import RMOSModels
import RMOSStore

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
