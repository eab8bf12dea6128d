import RMOSModels
import RMOSStore

/// References between kinds, whether the database declares them as foreign keys or not.
struct ReferenceCheck: AuditCheck {
  let rules: [AuditRule] = [.missingReference]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    var origins = FindingOrigins(context)
    for kind in context.reader.catalog.kinds {
      for reference in kind.schema.references {
        let (position, target) = (reference.field, reference.target)
        let field = kind.schema.fields[position]
        guard let table = context.table(kind), let column = table.column(field.column),
          table.column("id") != nil, context.has(target, column: "id")
        else { continue }
        let repair: AuditFinding.Repair? =
          column.isNotNull
          ? nil : .clearReference(kind: kind, column: field.column, target: target)
        try context.inspector.forEachDanglingReference(of: kind, field: position, in: table) {
          key, reference in
          let isKept = context.log.keeps(.missingReference, .error)
          context.log.add(
            AuditFinding(
              .error, .missingReference, kind: kind, id: key.id, row: key.rowID,
              column: field.column, found: reference,
              expected: "the id of a \(target.schema.singular), or NULL",
              repair: repair,
              origin: isKept ? try origins.origin(of: target, reference) : nil,
              edited: isKept ? try key.id.flatMap { try origins.edited(kind, $0) } : nil,
              "\(field.column) points to the \(target.schema.singular) "
                + "\(Violation.quoted(reference)), which does not exist"))
        }
      }
    }
    return rules
  }
}

/// The foreign keys that tables declare, except those that ``ReferenceCheck`` checks anyway.
struct ForeignKeyCheck: AuditCheck {
  let rules: [AuditRule] = [.foreignKey]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard context.hasSchema else { return [] }
    let catalog = context.reader.catalog
    for table in context.tables.values.sorted(by: { $0.name < $1.name }) {
      let isChecked = context.log.wants(.missingReference)
      let keys = table.foreignKeys.filter { !isChecked || !isReference($0, of: table, catalog) }
      if keys.isEmpty { continue }
      let parents = Set(keys.map { $0.table.lowercased() })
      try context.inspector.forEachForeignKeyProblem(in: table.name) { row, parent in
        guard parents.contains(parent.lowercased()) else { return }
        context.log.add(
          AuditFinding(
            .error, .foreignKey, kind: catalog.kind(named: table.name.lowercased()),
            table: table.name, row: row.rowID, found: "no such row",
            expected: "a row of \(parent)",
            "\(row.rowID.map { "row \($0)" } ?? "a row") of \(table.name) refers to a row of "
              + "\(parent) that does not exist"))
      }
    }
    return rules
  }

  private func isReference(
    _ key: InspectedTable.ForeignKey, of table: InspectedTable, _ catalog: EntityCatalog
  ) -> Bool {
    guard let kind = catalog.kind(named: table.name.lowercased()),
      let position = kind.schema.position(ofColumn: key.column.lowercased()),
      let reference = kind.schema.references.first(where: { $0.field == position })
    else { return false }
    return reference.target.table == key.table.lowercased()
  }
}
