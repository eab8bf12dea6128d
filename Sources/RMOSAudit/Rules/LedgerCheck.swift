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

/// Whether runs that the ledger calls running are, and whether the newest migration did all.
struct RunCheck: AuditCheck {
  let rules: [AuditRule] = [.staleRun, .failedRun]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard context.hasLedger else { return [] }
    let runs = try context.reader.runs(limit: nil)
    let current = runs.first?.state == .running && context.hasWriter ? runs.first?.id : nil
    for run in runs where run.state == .running && run.id != current {
      context.log.add(
        AuditFinding(
          .warning, .staleRun, table: "migration_runs", row: run.id, column: "state",
          found: "running", expected: "completed, failed or interrupted",
          "run \(run.id), started \(run.startedAt), is marked as running, but its process "
            + "(\(run.processID)) is gone; the next migration marks it as interrupted"))
    }
    if let newest = runs.first(where: { $0.command == "migrate" }), newest.id != current {
      checkEnd(of: newest, context)
    }
    return rules
  }

  private func checkEnd(of run: LedgerRun, _ context: AuditContext) {
    guard run.undoneBy == nil else { return }
    let total = run.statistics.total
    let message: String
    switch run.state {
    // Reported as such above where its process is gone.
    case .running: return
    case .interrupted:
      message = "was interrupted; migrating \(run.source) again goes on where it stopped"
    case .failed:
      message = "failed" + (run.failure.map { ": \($0)" } ?? "; its report says why")
    case .completed:
      guard total.failed > 0 else { return }
      message =
        "left out \(PlainText.grouped(total.failed)) of "
        + "\(PlainText.counted(total.found, "entity", "entities")) of \(run.source); "
        + "its report names them"
    }
    context.log.add(
      AuditFinding(
        .warning, .failedRun, table: "migration_runs", row: run.id, column: "state",
        found: total.failed > 0 ? "\(total.failed) failed" : run.state.rawValue,
        expected: "completed, with none failed", "the last migration, run \(run.id), \(message)"))
  }
}
