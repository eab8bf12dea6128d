import Foundation
import RMOSAudit
import RMOSModels
import RMOSTestSupport
import Testing

@Suite struct AuditReportTests {
  @Test func findingsBeyondTheLimitAreCounted() throws {
    let fixture = try AuditFixture()
    try fixture.plant("UPDATE patterns SET ring_count = 0")
    #expect(try fixture.audit()[.fieldRange]?.findings.count == 24)
    let report = try Auditor(of: fixture.store()) { $0.findingsPerRule = 5 }
      .runSynchronously()
    #expect(report[.fieldRange]?.findings.count == 5)
    #expect(report[.fieldRange]?.total == 24)
    #expect(report.errorCount == 24)
    #expect(report.omittedFindings == 19)
  }

  @Test func theWorstFindingsAreKeptAndComeFirst() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      UPDATE joblogs SET job_type = 'odd';
      UPDATE joblogs SET status = 'done' WHERE rowid > (SELECT max(rowid) - 3 FROM joblogs)
      """)
    func severities(_ limit: Int) throws -> [Severity] {
      let report = try Auditor(of: fixture.store()) { $0.findingsPerRule = limit }
        .runSynchronously()
      let result = try #require(report[.unknownValue])
      #expect(result.counts == [.error: 3, .warning: 40])
      return result.findings.map(\.severity)
    }
    #expect(try severities(0) == [])
    #expect(try severities(2) == [.error, .error])
    #expect(try severities(5) == [.error, .error, .error, .warning, .warning])
    #expect(
      try severities(1000)
        == Array(repeating: .error, count: 3) + Array(repeating: .warning, count: 40))
  }

  @Test func thatNothingElseWasFoundIsSaidOnlyIfAllWasChecked() {
    #expect(
      Verdict.errors.words(errors: 1, warnings: 0, isWhole: true)
        == "not sound: 1 error, 0 warnings")
    #expect(
      Verdict.errors.words(errors: 1, warnings: 0, isWhole: false)
        == "not sound: 1 error; not fully checked")
    #expect(
      Verdict.errors.words(errors: 2, warnings: 1, isWhole: false)
        == "not sound: 2 errors, 1 warning; not fully checked")
  }

  @Test func aFindingTellsWhereAndWhat() throws {
    let fixture = try AuditFixture()
    try fixture.plant("UPDATE patterns SET ring_count = -3 WHERE id = 'simple_rope_3x5'")
    let finding = try #require(try fixture.audit().findings.first)
    #expect(finding.severity == .error)
    #expect(finding.code == "field.range")
    #expect(finding.kind == .patterns)
    #expect(finding.table == "patterns")
    #expect(finding.id == "simple_rope_3x5")
    #expect(finding.row != nil)
    #expect(finding.column == "ring_count")
    #expect(finding.found == "-3")
    #expect(finding.expected == "at least 1")
    #expect(finding.message == "ring_count is -3; expected at least 1")
  }

  @Test func idsThatLookTheSameDifferByTheirComposition() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      INSERT INTO patterns (id, name, ring_count, geometry_json)
      VALUES ('\u{C9}', 'a', 1, '{"a":1}'), ('E' || char(769), 'a', 1, '{"a":1}')
      """)
    let message = try fixture.audit()[.nearDuplicateID]?.findings.first?.message
    let words = "differ only by case, white space or the composition of characters"
    #expect(message?.contains(words) == true)
    #expect(AuditRule.nearDuplicateID.summary.contains("the composition of characters"))
  }

  @Test func longValuesAreShortened() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      "UPDATE joblogs SET pattern_id = printf('%.*c', 100000, 'x') WHERE rowid = 1")
    let finding = try #require(try fixture.audit().findings.first)
    #expect(finding.found?.count == 121)
    #expect(finding.message.count < 300)
  }

  @Test func jsonHoldsEveryFinding() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      "UPDATE patterns SET ring_count = 0 WHERE rowid = 1; DROP INDEX idx_patterns_name")
    let report = try fixture.audit()
    let object = try JSONSerialization.jsonObject(with: Data(report.json.utf8))
    let json = try #require(object as? [String: Any])
    #expect(json["success"] as? Bool == false)
    #expect(json["verdict"] as? String == "errors")
    #expect(json["database"] as? String == fixture.path)
    #expect(
      json["counts"] as? [String: Int]
        == ["strip_families": 8, "patterns": 24, "joblogs": 40, "total": 72])
    #expect(json["checks"] as? [String: Int] == ["passed": 22, "failed": 1])
    #expect(json["severity_counts"] as? [String: Int] == ["error": 1, "warning": 1, "info": 0])
    let findings = try #require(json["findings"] as? [[String: Any]])
    #expect(findings.map { $0["code"] as? String } == ["schema.index", "field.range"])
    for key in [
      "severity", "code", "kind", "table", "id", "row", "column", "found", "expected", "message",
    ] {
      #expect(findings.last?[key] != nil, "\(key)")
    }
    #expect(json["findings_omitted"] as? Int == 0)
    #expect((json["rules"] as? [[String: Any]])?.count == AuditRule.all.count)
  }

  @Test func textFromTheDatabaseCannotBecomeHTML() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      "UPDATE joblogs SET pattern_id = '<script>alert(\"1\")</script>&' || char(8238) "
        + "WHERE rowid = 1")
    let html = try fixture.audit().html
    #expect(!html.contains("<script"))
    #expect(html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;\\u{202e}"))
    #expect(html.hasPrefix("<!DOCTYPE html>"))
    #expect(html.contains("reference.missing: 1"))
    // Tables that scroll can be reached by keyboard.
    #expect(html.matches(of: /<div class="scroll" role="region" tabindex="0"/).count > 2)
    #expect(!html.contains("<div class=\"scroll\">"))
  }

  @Test(
    "The badge says the verdict",
    arguments: [
      ("", #"{"schemaVersion":1,"label":"RMOS audit","message":"sound","color":"brightgreen"}"#),
      (
        "DROP INDEX idx_patterns_name",
        #"{"schemaVersion":1,"label":"RMOS audit","message":"1 warning","color":"yellow"}"#
      ),
      (
        "UPDATE patterns SET ring_count = 0",
        #"{"schemaVersion":1,"label":"RMOS audit","message":"24 errors","color":"red","isError":true}"#
      ),
    ])
  func badge(_ change: String, _ expected: String) throws {
    let fixture = try AuditFixture()
    if !change.isEmpty { try fixture.plant(change) }
    #expect(try fixture.audit().badge == expected)
  }

  @Test func everyRuleHasACodeOfItsOwnAndAReason() {
    #expect(Set(AuditRule.all.map(\.code)).count == AuditRule.all.count)
    for rule in AuditRule.all {
      #expect(AuditRule(code: rule.code) == rule)
      #expect(rule.summary.count > 20)
    }
    #expect(AuditRule(code: "no.rule") == nil)
  }

  @Test func auditsOfTheSameDatabaseFindTheSame() throws {
    let fixture = try AuditFixture(Fixtures.database(version: 1))
    #expect(try fixture.audit().results == fixture.audit().results)
  }

  @Test func aBrokenCheckDoesNotPassUnsaid() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      "DROP VIEW migration_run_counts; ALTER TABLE migration_runs DROP COLUMN state")
    #expect(throws: (any Error).self) { try fixture.audit([.staleRun]) }
  }
}
