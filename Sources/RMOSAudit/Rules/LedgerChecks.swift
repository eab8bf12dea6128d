import RMOSModels
import RMOSStore

/// Whether the ledger and the rows belong together.
struct ProvenanceCheck: AuditCheck {
  let rules: [AuditRule] = [.danglingProvenance, .missingProvenance]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    let kinds = context.reader.catalog.kinds.filter { context.has($0, column: "id") }
    guard context.hasLedger else { return context.withoutLedger(rules) }
    guard kinds.count == context.reader.catalog.kinds.count else { return [] }
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
    // Only a deleted entity can be restored from its file.
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

/// Whether runs marked as running are under way, and how the newest migration of each source ended.
struct RunCheck: AuditCheck {
  let rules: [AuditRule] = [.staleRun, .failedRun]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard context.hasLedger else { return context.withoutLedger(rules) }
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
    let last = try context.reader.runs(limit: 1).first?.id
    for end in try LastMigration.all(in: context.reader) where end.run.id != current {
      try check(end, isLast: end.run.id == last, context)
    }
    return rules
  }

  /// The maximum number of issues of a run that are read.
  private static let issuesRead = 10_000

  private func check(
    _ end: LastMigration, isLast: Bool, _ context: AuditContext
  ) throws {
    let run = end.run
    guard run.undoneBy == nil else { return }
    let total = run.statistics.total
    let message: String
    var found = run.state.rawValue
    switch run.state {
    // A run whose process has ended is reported by `run.stale`.
    case .running: return
    case .interrupted:
      // An older run that wrote nothing may have been a mistake.
      guard end.isNewest || total.migrated + total.updated > 0 else { return }
      message = "was interrupted; migrating \(run.source) again continues where it stopped"
    case .failed:
      guard end.isNewest || total.migrated + total.updated > 0 else { return }
      message = "failed" + (run.failure.map { ": \($0)" } ?? "; its report gives the reason")
    case .completed where total.failed > 0:
      // After the last run, no other can have written what failed in it.
      guard try isLast || total.failed > failuresMadeGood(of: run, context) else { return }
      found = "\(total.failed) failed"
      message =
        "rejected \(PlainText.grouped(total.failed)) of "
        + "\(PlainText.counted(total.found, "entity", "entities")) from \(run.source); "
        + "its report lists them"
    case .completed:
      guard run.issueCounts[.inputNothingFound, default: 0] > 0, end.isNewest || end.foundEarlier
      else { return }
      found = "nothing found"
      message = "found nothing to read in \(run.source)"
    }
    let what =
      end.isNewest ? "the last migration, run \(run.id)," : "run \(run.id), the last of its source,"
    context.log.add(
      AuditFinding(
        .warning, .failedRun, table: "migration_runs", row: run.id, column: "state",
        found: found, expected: "completed, none failed", "\(what) \(message)"))
  }

  /// How many of the entities that failed in a run were written later, such as from copies of
  /// rejects that were fixed.
  private func failuresMadeGood(of run: LedgerRun, _ context: AuditContext) throws -> Int {
    struct Failure: Hashable {
      var kind: EntityKind
      var id: String
      var source: String?
      var locator: Locator?
    }
    var query = IssueQuery(run: run.id)
    query.severity = .error
    query.limit = Self.issuesRead
    var failures: Set<Failure> = []
    try context.reader.forEachIssue(matching: query) { issue in
      guard let kind = issue.kind, let id = issue.id, context.has(kind, column: "id")
      else { return }
      failures.insert(
        Failure(kind: kind, id: id, source: issue.source, locator: issue.locator))
    }
    return try failures.count { failure in
      if let origin = try context.reader.provenance(failure.kind, id: failure.id) {
        return origin.run > run.id
      }
      return try context.reader.contains(failure.kind, id: Array(failure.id.utf8).span)
    }
  }
}

/// The newest migration of a source.
struct LastMigration {
  let run: LedgerRun
  /// Whether it is the newest of all migrations.
  let isNewest: Bool
  /// Whether an earlier migration has found anything in the source.
  var foundEarlier = false

  /// How many of the newest runs are searched.
  private static let runsRead = 1000

  /// Finds the newest migration of each source.
  ///
  /// - Returns: The migrations, newest first.
  static func all(in reader: any StoreReader) throws -> [LastMigration] {
    var found: [LastMigration] = []
    var positions: [String: Int] = [:]
    for run in try reader.runs(limit: runsRead) where run.isMigration {
      let source = run.normalizedSource
      if let position = positions[source] {
        if run.statistics.total.found > 0 { found[position].foundEarlier = true }
      } else {
        positions[source] = found.count
        found.append(LastMigration(run: run, isNewest: found.isEmpty))
      }
    }
    return found
  }
}
