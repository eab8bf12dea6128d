import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSAudit

@Suite("Own rules")
struct AuditCheckerTests {
  /// Names of patterns must be short.
  struct NameLength: AuditChecker {
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
    let report = try Auditor(of: fixture.store()) { $0.checkers = [NameLength()] }
      .runSynchronously()
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

  @Test("They need no schema, and a damaged table is reported")
  func anyStore() throws {
    let memory = InMemoryStore()
    let report = try Auditor(of: memory) {
      $0.rules = []; $0.checkers = [NameLength()]
    }
    .runSynchronously()
    #expect(report.results.map(\.state) == [.passed])

    let fixture = try AuditFixture()
    try fixture.plant(
      "DROP TABLE joblogs; DROP TABLE patterns; CREATE VIEW patterns AS SELECT * FROM gone")
    let broken = try Auditor(of: fixture.store()) {
      $0.rules = [.integrity]; $0.checkers = [NameLength()]
    }.runSynchronously()
    #expect(broken.results.map(\.state) == [.failed, .incomplete])
  }

  /// Reports patterns by their ids, with a repair.
  struct NoRope: AuditChecker {
    let rule = AuditRule(code: "shop.rope", severity: .error, summary: "There is no rope here")

    func check(_ reader: any StoreReader, report: (AuditFinding) throws -> Void) throws {
      guard try reader.contains(.patterns, id: "simple_rope_3x5") else { return }
      try report(
        AuditFinding(
          .error, rule, kind: .patterns, id: "simple_rope_3x5", column: "name", found: "rope",
          repair: .sql("UPDATE patterns SET name = 'no rope' WHERE id = 'simple_rope_3x5'"),
          "it is a rope"))
    }
  }

  @Test("They can name a row without its record, and propose a repair")
  func repairs() throws {
    let fixture = try AuditFixture()
    let report = try Auditor(of: fixture.store()) { $0.checkers = [NoRope()] }.runSynchronously()
    let finding = try #require(report.findings.last)
    #expect(finding.severity == .error)
    #expect(finding.table == "patterns")
    #expect(finding.id == "simple_rope_3x5")
    let plan = RepairPlan(for: report)
    #expect(plan.steps.map(\.comment) == [["it is a rope"]])
    #expect(plan.needPerson.isEmpty)
    try fixture.plant(plan.sql)
    let name = try sqlite3(
      fixture.path, "SELECT name FROM patterns WHERE id = 'simple_rope_3x5'")
    #expect(name == "no rope")
  }
}
