import RMOSModels
import RMOSStore

/// Whether the ledger and the rows belong together.
struct ProvenanceCheck: AuditCheck {
  let rules: [AuditRule] = [.danglingProvenance, .missingProvenance]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    let kinds = EntityKind.allCases.filter { context.has($0, column: "id") }
    guard context.hasLedger, kinds.count == EntityKind.allCases.count else { return [] }
    guard let inspector = context.inspector else {
      try checkRecords(context)
      return rules
    }
    if context.log.wants(.danglingProvenance) {
      try inspector.forEachDanglingProvenance { report($0, context) }
    }
    if context.log.wants(.missingProvenance) {
      for kind in kinds {
        try inspector.forEachIDWithoutProvenance(of: kind) { reportMissing(kind, $0, context) }
      }
    }
    return rules
  }

  private func checkRecords(_ context: AuditContext) throws {
    let runs = Set(try context.reader.runs(limit: nil).map(\.id))
    for kind in EntityKind.allCases {
      try context.reader.forEachRecord(kind) { record in
        guard let provenance = try context.reader.provenance(kind, id: record.id) else {
          return reportMissing(kind, record.id, context)
        }
        if runs.contains(provenance.run) { return }
        report(
          DanglingProvenance(
            kind: kind.rawValue, entityID: record.id, run: provenance.run, hasEntity: true,
            hasRun: false), context)
      }
    }
  }

  private func reportMissing(_ kind: EntityKind, _ id: String, _ context: AuditContext) {
    context.log.add(
      AuditFinding(
        .info, .missingProvenance, kind: kind, id: id, found: "none", expected: "provenance",
        "the \(kind.schema.singular) has no provenance: another application wrote it"))
  }

  private func report(_ dangling: DanglingProvenance, _ context: AuditContext) {
    let kind = EntityKind(rawValue: dangling.kind)
    let (found, message): (String, String) =
      if let kind, !dangling.hasEntity {
        (
          "no such \(kind.schema.singular)",
          "the provenance of the \(kind.schema.singular) \(Violation.quoted(dangling.entityID)) is "
            + "left over: the row was deleted"
        )
      } else if kind == nil {
        (
          dangling.kind,
          "the provenance of \(Violation.quoted(dangling.entityID)) is of the unknown kind "
            + Violation.quoted(dangling.kind)
        )
      } else {
        (
          "run \(dangling.run)",
          "the provenance of \(Violation.quoted(dangling.entityID)) names run \(dangling.run), "
            + "which the ledger does not know"
        )
      }
    context.log.add(
      AuditFinding(
        .warning, .danglingProvenance, kind: kind, table: "migration_provenance",
        id: dangling.entityID, found: found, expected: "an entity and a run that are there",
        message))
  }
}
