import RMOSModels
import RMOSStore

/// Whether the ledger and the rows belong together.
struct ProvenanceCheck: AuditCheck {
  let rules: [AuditRule] = [.danglingProvenance, .missingProvenance]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    let kinds = context.reader.catalog.kinds.filter { context.has($0, column: "id") }
    guard context.hasLedger, kinds.count == context.reader.catalog.kinds.count else { return [] }
    let inspector = context.inspector
    var origins = FindingOrigins(context)
    if context.log.wants(.danglingProvenance) {
      try inspector.forEachDanglingProvenance { try report($0, context, &origins) }
    }
    if context.log.wants(.missingProvenance) {
      for kind in kinds {
        try inspector.forEachIDWithoutProvenance(of: kind) { reportMissing(kind, $0, context) }
      }
    }
    return rules
  }

  private func reportMissing(_ kind: EntityKind, _ id: String, _ context: AuditContext) {
    context.log.add(
      AuditFinding(
        .info, .missingProvenance, kind: kind, id: id, found: "none", expected: "provenance",
        "the \(kind.schema.singular) has no provenance: it was not migrated"))
  }

  private func report(
    _ dangling: DanglingProvenance, _ context: AuditContext, _ origins: inout FindingOrigins
  ) throws {
    let kind = context.reader.catalog.kind(named: dangling.kind)
    // A file can only tell more about an entity that was deleted.
    let isDeleted = kind != nil && !dangling.hasEntity
    let origin = try kind.flatMap {
      isDeleted && context.log.keeps(.danglingProvenance, .warning)
        ? try origins.origin(of: $0, dangling.entityID) : nil
    }
    let (found, message): (String, String) =
      if let kind, !dangling.hasEntity {
        (
          "no such \(kind.schema.singular)",
          "the \(kind.schema.singular) \(Violation.quoted(dangling.entityID)) has provenance but no "
            + "row: it was deleted"
        )
      } else if kind == nil {
        (
          dangling.kind,
          "the provenance of \(Violation.quoted(dangling.entityID)) has the unknown kind "
            + Violation.quoted(dangling.kind)
        )
      } else {
        (
          "run \(dangling.run)",
          "the provenance of \(Violation.quoted(dangling.entityID)) names run \(dangling.run), "
            + "which is not in the ledger"
        )
      }
    context.log.add(
      AuditFinding(
        .warning, .danglingProvenance, kind: kind, table: "migration_provenance",
        id: dangling.entityID, found: found, expected: "an entity and a run that exist",
        origin: origin, message))
  }
}

/// Whether runs marked as running are, and whether the newest migration was complete.
struct RunCheck: AuditCheck {
  let rules: [AuditRule] = [.staleRun, .failedRun]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard context.hasLedger else { return [] }
    // A server holds no lock while nobody writes.
    let newest = try context.reader.newestRun { $0.command != LedgerRun.serverCommand }
    let current = newest?.state == .running && context.hasWriter ? newest?.id : nil
    for run in try context.reader.runningRuns()
    where run.id != current && !run.isOfRunningServer {
      context.log.add(
        AuditFinding(
          .warning, .staleRun, table: "migration_runs", row: run.id, column: "state",
          found: "running", expected: "completed, failed or interrupted",
          "run \(run.id), started \(run.startedAt), is marked as running, but its process "
            + "\(run.processID) has ended; the next migration marks it as interrupted"))
    }
    if let newest = try context.reader.newestRun(where: \.isMigration), newest.id != current {
      checkEnd(of: newest, context)
    }
    return rules
  }

  private func checkEnd(of run: LedgerRun, _ context: AuditContext) {
    guard run.undoneBy == nil else { return }
    let total = run.statistics.total
    let message: String
    switch run.state {
    // If its process has ended, that is reported above.
    case .running: return
    case .interrupted:
      message = "was interrupted; migrating \(run.source) again continues where it stopped"
    case .failed:
      message = "failed" + (run.failure.map { ": \($0)" } ?? "; its report gives the reason")
    case .completed:
      guard total.failed > 0 else { return }
      message =
        "rejected \(PlainText.grouped(total.failed)) of "
        + "\(PlainText.counted(total.found, "entity", "entities")) from \(run.source); "
        + "its report lists them"
    }
    context.log.add(
      AuditFinding(
        .warning, .failedRun, table: "migration_runs", row: run.id, column: "state",
        found: total.failed > 0 ? "\(total.failed) failed" : run.state.rawValue,
        expected: "completed, none failed", "the last migration, run \(run.id), \(message)"))
  }
}
