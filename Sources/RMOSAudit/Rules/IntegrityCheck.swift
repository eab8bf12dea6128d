import RMOSModels
import RMOSStore

/// SQLite's own check of the file.
struct IntegrityCheck: AuditCheck {
  let rules: [AuditRule] = [.integrity]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    guard let inspector = context.inspector else { return [] }
    try inspector.forEachIntegrityProblem { problem in
      context.log.add(
        AuditFinding(
          .error, .integrity, found: problem, expected: "ok",
          "the file is damaged: \(problem.shortened); restore a backup, or save what can be read "
            + "with sqlite3's .recover"))
    }
    return rules
  }
}
