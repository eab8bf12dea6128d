import Foundation
import RMOSAudit
import RMOSModels
import RMOSTestSupport
import Testing

@Suite struct RepairPlanTests {
  /// Applies the plan, with the statements that it comments out if `decided`.
  private func expectMended(
    _ fixture: AuditFixture, _ rules: [AuditRule], decided: Bool = false
  ) throws -> AuditReport {
    let report = try fixture.audit()
    let plan = RepairPlan(for: report)
    let before = try fixture.contents()
    let sql = decided ? plan.sql.replacingOccurrences(of: "-- UPDATE", with: "UPDATE") : plan.sql
    #expect(try fixture.contents() == before)
    // With foreign keys on, as an application would have them.
    _ = try sqlite3(fixture.path, "PRAGMA foreign_keys = ON;\n" + sql)
    let after = try fixture.audit()
    for rule in rules {
      #expect(report[rule].map { $0.total > 0 } == true, "\(rule.code) had nothing to mend")
      #expect(after[rule]?.total == 0, "\(rule.code): \(after[rule]?.findings ?? [])")
    }
    return after
  }

  @Test(arguments: 1...4)
  func oldDatabasesAreSoundAfterIt(_ version: Int) throws {
    let fixture = try AuditFixture(Fixtures.database(version: version))
    let after = try expectMended(fixture, [.missingReference], decided: true)
    #expect(after.errorCount == 0)
    #expect(after[.schemaIndex]?.total == 0)
    #expect(after.counts == [.stripFamilies: 8, .patterns: 7, .joblogs: 12])
  }

  @Test func idsAreTrimmedWithAllThatRefersToThem() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      UPDATE strip_families SET id = ' ' || id || char(10) WHERE id = 'holly_06';
      UPDATE joblogs SET strip_family_id = ' holly_06' || char(10) WHERE rowid = 1;
      INSERT INTO patterns (id, name, ring_count, geometry_json) VALUES
        ('it''s;-- ', 'a', 1, '{"a":1}');
      UPDATE joblogs SET pattern_id = 'it''s;-- ' WHERE rowid = 2;
      """)
    let after = try expectMended(fixture, [.paddedID])
    #expect(after[.missingReference]?.total == 0)
    #expect(
      try sqlite3(
        fixture.path,
        "SELECT strip_family_id FROM joblogs WHERE rowid = 1; "
          + "SELECT pattern_id FROM joblogs WHERE rowid = 2") == "holly_06\nit's;--")
  }

  @Test func theForeignKeysOfOthersAreRenamedWithAnID() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      UPDATE strip_families SET id = 'holly_06 ' WHERE id = 'holly_06';
      UPDATE joblogs SET strip_family_id = 'holly_06 ' WHERE strip_family_id = 'holly_06';
      DELETE FROM migration_provenance WHERE kind = 'strip_families' AND entity_id = 'holly_06';
      CREATE TABLE "or ""ders" ("a b" TEXT REFERENCES STRIP_FAMILIES, n REFERENCES strip_families(id));
      INSERT INTO "or ""ders" VALUES ('holly_06 ', 'holly_06 '), (NULL, NULL);
      CREATE UNIQUE INDEX named ON strip_families(name);
      CREATE TABLE labels (name TEXT REFERENCES strip_families(name));
      """)
    _ = try expectMended(fixture, [.paddedID])
    #expect(try sqlite3(fixture.path, "PRAGMA foreign_key_check").isEmpty)
    #expect(
      try sqlite3(fixture.path, #"SELECT * FROM "or ""ders" WHERE n NOT NULL"#)
        == "holly_06|holly_06")
  }

  @Test func anIDToWhichAKeyOfSeveralColumnsPointsIsLeftToAPerson() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      INSERT INTO patterns (id, name, ring_count, geometry_json) VALUES ('a ', 'a', 1, '{"a":1}');
      CREATE UNIQUE INDEX both ON patterns(id, name);
      CREATE TABLE pairs (i TEXT, n TEXT, FOREIGN KEY (i, n) REFERENCES patterns(id, name));
      INSERT INTO pairs VALUES ('a ', 'a');
      """)
    let plan = RepairPlan(for: try fixture.audit())
    #expect(plan.steps.count { $0.isCommentedOut && $0.comment.joined().contains("pairs.i") } == 1)
    try fixture.plant(plan.sql)
    #expect(try sqlite3(fixture.path, "PRAGMA foreign_key_check").isEmpty)
  }

  @Test func whatTheLedgerKeepsOfAnIDIsRenamedWithIt() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      UPDATE strip_families SET id = 'holly_06 ' WHERE id = 'holly_06';
      UPDATE joblogs SET strip_family_id = 'holly_06 ' WHERE strip_family_id = 'holly_06';
      UPDATE migration_provenance SET entity_id = 'holly_06 ', unknown_json = '{"shelf":7}'
        WHERE kind = 'strip_families' AND entity_id = 'holly_06';
      INSERT INTO migration_before_images (kind, entity_id, run_id)
        VALUES ('strip_families', 'holly_06 ', 1), ('patterns', 'holly_06 ', 1);
      INSERT INTO migration_changes (kind, entity_id, run_id)
        VALUES ('strip_families', 'holly_06 ', 1);
      """)
    let plan = RepairPlan(for: try fixture.audit()).sql
    try fixture.plant(plan.replacing("-- UPDATE", with: "UPDATE"))
    let after = try fixture.audit()
    #expect(after[.paddedID]?.total == 0 && after[.danglingProvenance]?.total == 0)
    #expect(
      try sqlite3(
        fixture.path,
        """
        SELECT unknown_json FROM migration_provenance WHERE entity_id = 'holly_06';
        SELECT kind FROM migration_before_images WHERE entity_id = 'holly_06';
        SELECT kind FROM migration_changes WHERE entity_id = 'holly_06';
        """) == "{\"shelf\":7}\nstrip_families\nstrip_families")
  }

  @Test func idsWhoseNameIsTakenStayAsTheyAre() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      INSERT INTO patterns (id, name, ring_count, geometry_json) VALUES
        ('a', 'a', 1, '{"a":1}'), ('a ', 'a', 1, '{"a":1}');
      UPDATE joblogs SET pattern_id = 'a ' WHERE rowid = 1;
      """)
    let plan = RepairPlan(for: try fixture.audit())
    try fixture.plant(plan.sql)
    #expect(
      try sqlite3(
        fixture.path, "SELECT quote(id) FROM patterns WHERE id LIKE 'a%' AND length(id) < 3")
        == "'a'\n'a '")
    #expect(
      try sqlite3(fixture.path, "SELECT quote(pattern_id) FROM joblogs WHERE rowid = 1")
        == "'a '")
  }

  @Test func danglingReferencesAreClearedAndOthersKept() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      "UPDATE joblogs SET pattern_id = 'gone' WHERE rowid IN (1, 2); "
        + "UPDATE patterns SET strip_family_id = 'lost' WHERE rowid = 1")
    let kept = try sqlite3(
      fixture.path, "SELECT * FROM joblogs WHERE rowid > 2; SELECT * FROM patterns WHERE rowid > 1")
    _ = try expectMended(fixture, [.missingReference], decided: true)
    #expect(
      try sqlite3(
        fixture.path,
        "SELECT * FROM joblogs WHERE rowid > 2; SELECT * FROM patterns WHERE rowid > 1") == kept)
    #expect(
      try sqlite3(fixture.path, "SELECT count(*) FROM joblogs WHERE pattern_id IS NULL") == "2")
  }

  @Test func missingIndexesAreCreated() throws {
    let fixture = try AuditFixture()
    try fixture.plant("DROP INDEX idx_joblogs_created; DROP INDEX idx_patterns_name")
    #expect(try expectMended(fixture, [.schemaIndex]).verdict == .sound)
  }

  @Test func whatNeedsAPersonIsNamedAndLeftAlone() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      "DELETE FROM migration_provenance; "
        + "UPDATE patterns SET ring_count = 0 WHERE rowid IN (1, 2); "
        + "UPDATE patterns SET id = 'x' || char(10) || 'DROP TABLE patterns;' || char(10) || '-- ' "
        + "WHERE rowid = 3; UPDATE joblogs SET pattern_id = 'no' || char(10) || 'DROP TABLE joblogs;' "
        + "WHERE rowid = 1")
    let plan = RepairPlan(for: try fixture.audit())
    #expect(plan.needPerson.contains { $0.code == "field.range" && $0.count == 2 })
    #expect(plan.sql.contains("-- Needs a person: field.range, 2 findings."))
    for line in plan.sql.split(separator: "\n") { #expect(!line.hasPrefix("DROP")) }
    try fixture.plant(plan.sql)
    #expect(try fixture.audit()[.fieldRange]?.total == 2)
    #expect(try sqlite3(fixture.path, "SELECT count(*) FROM joblogs") == "40")
  }

  @Test func whatTheReportLeftOutIsSaid() throws {
    let fixture = try AuditFixture()
    try fixture.plant("UPDATE joblogs SET pattern_id = 'gone' WHERE rowid < 6")
    let report = try Auditor(of: fixture.store()) { $0.findingsPerRule = 2 }.runSynchronously()
    #expect(report.omittedFindings >= 3)
    #expect(report.repairPlan.contains("-- The report omitted 3 findings;"))
  }

  @Test func aSoundDatabaseNeedsNothing() throws {
    let plan = RepairPlan(for: try AuditFixture().audit())
    #expect(plan.steps.isEmpty)
    #expect(plan.needPerson.isEmpty)
    #expect(!plan.sql.contains("BEGIN"))
  }
}
