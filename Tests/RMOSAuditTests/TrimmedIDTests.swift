import RMOSModels
import Testing

@testable import RMOSAudit

/// Migrating a file again would insert an entity again under the id that it has there.
@Suite struct TrimmedIDTests {
  private let rule = AuditRule(code: "id.space", severity: .warning, summary: "white space")

  private func plan(_ origin: FindingOrigin?, id: String = " p ") -> RepairPlan {
    let finding = AuditFinding(
      .warning, rule, kind: .patterns, id: id,
      repair: .trimID(kind: .patterns, id: id, to: "p"), origin: origin,
      "white space around the id")
    return RepairPlan(
      for: AuditReport(
        database: "x.db", schema: 2, catalog: .rmos, counts: [:],
        results: [.init(rule: rule, state: .passed, counts: [.warning: 1], findings: [finding])],
        duration: .zero))
  }

  @Test func anIDOfUnknownOriginIsTrimmed() {
    #expect(plan(nil).steps.map(\.isCommentedOut) == [false])
  }

  @Test func anIDThatIsTooLongForAStatementNeedsAPerson() {
    let plan = plan(nil, id: String(repeating: "p", count: 10_000) + " ")
    #expect(plan.steps.isEmpty)
    #expect(plan.needPerson.map(\.code) == ["id.space"])
    #expect(plan.needPerson.map(\.count) == [1])
  }

  @Test func anIDThatItsFileHasTooIsLeftUntilThatIsFixed() {
    let plan = plan(
      FindingOrigin(
        outcome: .migrated, run: 1, source: "legacy", path: "patterns/p.json"))
    #expect(plan.steps.map(\.isCommentedOut) == [true])
    #expect(plan.sql.contains("patterns/p.json, in legacy"))
    #expect(plan.sql.contains("every step needs a decision"))
  }
}
