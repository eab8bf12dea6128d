import RMOSModels
import RMOSStore

/// Whether runs that the ledger calls running are.
struct RunCheck: AuditCheck {
  let rules: [AuditRule] = [.staleRun]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard context.hasLedger else { return [] }
    for (position, run) in try context.reader.runs(limit: nil).enumerated()
    where run.state == .running && !(position == 0 && context.hasWriter) {
      context.log.add(
        AuditFinding(
          .warning, .staleRun, table: "migration_runs", row: run.id, column: "state",
          found: "running", expected: "completed, failed or interrupted",
          "run \(run.id), started \(run.startedAt), is marked as running, but its process "
            + "(\(run.processID)) is gone; the next migration marks it as interrupted"))
    }
    return rules
  }
}
