import RMOSModels
import RMOSStore

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
