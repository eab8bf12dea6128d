import RMOSModels
import RMOSStore

/// SQLite's own check of the file.
struct IntegrityCheck: AuditCheck {
  let rules: [AuditRule] = [.integrity]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard let inspector = context.inspector else { return [] }
    do {
      let unchecked = try inspector.forEachIntegrityProblem { report($0, context) }
      for (table, reason) in unchecked {
        context.log.add(
          AuditFinding(
            .warning, .integrity, table: table, found: "not checked", expected: "ok",
            "the table \(table) was not checked (\(reason)): only the application that made it "
              + "can do that"))
      }
    } catch let error as StoreError where error.code == .corrupt {
      // Damaged so badly that even the check stops.
      report(error.message, context)
    }
    return rules
  }

  private func report(_ problem: String, _ context: AuditContext) {
    context.log.add(
      AuditFinding(
        .error, .integrity, found: problem, expected: "ok",
        "the file is damaged: \(problem.shortened); restore a backup, or save what can be read "
          + "with sqlite3's .recover"))
  }
}
