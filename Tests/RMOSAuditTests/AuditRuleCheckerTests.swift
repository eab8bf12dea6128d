import RMOSAudit
import RMOSModels
import RMOSStore
import Testing

@Suite("Rules of one's own")
struct AuditRuleCheckerTests {
  /// Names of patterns must be short.
  struct NameLength: AuditRuleChecker {
    let rule = AuditRule(
      code: "shop.name-length", severity: .warning, summary: "Names fit on a label")

    func check(_ reader: any StoreReader, report: (AuditFinding) throws -> Void) throws {
      try reader.forEachRecord(.patterns) { record in
        guard case .text(let name) = record["name"], name.count > 20 else { return }
        try report(
          AuditFinding(
            of: rule, in: record, member: "name", expected: "at most 20 characters",
            message: "too long for a label"))
      }
      try report(AuditFinding(of: .integrity, message: "not of this rule"))
    }
  }

  @Test("They are checked after the others, and their findings count")
  func findings() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      "UPDATE patterns SET name = 'short'; "
        + "UPDATE patterns SET name = 'A name far beyond the label' WHERE id = 'simple_rope_3x5'")
    let report = try Auditor(checkers: [NameLength()]).audit(fixture.store())
    #expect(report.verdict == .warnings)
    #expect(report.warningCount == 1)
    #expect(report.results.last?.rule.code == "shop.name-length")
    #expect(report.passedChecks == 24)
    let finding = try #require(report.findings.last)
    #expect(finding.code == "shop.name-length")
    #expect(finding.kind == .patterns)
    #expect(finding.id == "simple_rope_3x5")
    #expect(finding.column == "name")
    #expect(finding.found == "A name far beyond the label")
    #expect(finding.message == "too long for a label")
  }

  @Test("They need no schema, and where a table is damaged that is told")
  func anyStore() throws {
    let memory = InMemoryStore()
    let report = try Auditor(rules: [], checkers: [NameLength()]).audit(memory)
    #expect(report.results.map(\.state) == [.passed])

    let fixture = try AuditFixture()
    try fixture.plant(
      "DROP TABLE joblogs; DROP TABLE patterns; CREATE VIEW patterns AS SELECT * FROM gone")
    let broken = try Auditor(rules: [.integrity], checkers: [NameLength()]).audit(fixture.store())
    #expect(broken.results.map(\.state) == [.failed, .incomplete])
  }
}
