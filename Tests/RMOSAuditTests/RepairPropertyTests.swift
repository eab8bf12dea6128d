import Foundation
import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// After random damage, the plan's statements, and then the migration that its comments propose,
/// restore the rows of the database.
@Suite struct RepairPropertyTests {
  private static let rows = """
    SELECT id, name, strip_width_mm, strip_thickness_mm, material_type, strips_json, metadata_json
      FROM strip_families ORDER BY id;
    SELECT id, name, ring_count, geometry_json, strip_family_id, pattern_type, rosette_geometry,
      metadata_json FROM patterns ORDER BY id;
    SELECT id, job_type, pattern_id, strip_family_id, status, start_time, end_time,
      duration_seconds, parameters_json, results_json FROM joblogs ORDER BY id;
    """

  /// Statements of an application that damages rows, by table; `%` is replaced by a condition.
  private static let damages = [
    "DELETE FROM strip_families WHERE %", "DELETE FROM patterns WHERE %",
    "DELETE FROM joblogs WHERE %",
    "UPDATE joblogs SET pattern_id = 'gone' WHERE %",
    "UPDATE joblogs SET strip_family_id = 'gone ' || rowid WHERE %",
    "UPDATE patterns SET strip_family_id = 'gone' WHERE %",
    "UPDATE patterns SET ring_count = 0 WHERE %", "UPDATE patterns SET ring_count = 'x' WHERE %",
    "UPDATE patterns SET name = ' ' WHERE %", "UPDATE patterns SET geometry_json = '{' WHERE %",
    "UPDATE patterns SET name = CAST(x'ff' AS TEXT) WHERE %",
    "UPDATE strip_families SET strip_width_mm = -1, material_type = '' WHERE %",
    "UPDATE strip_families SET strips_json = '[]' WHERE %",
    "UPDATE joblogs SET status = 'odd' WHERE %", "UPDATE joblogs SET job_type = 'odd' WHERE %",
    "UPDATE joblogs SET end_time = 'yesterday' WHERE %",
    "UPDATE joblogs SET status = 'completed', end_time = NULL WHERE %",
    "UPDATE joblogs SET duration_seconds = x'00' WHERE %",
    "UPDATE joblogs SET updated_at = 'now' WHERE %",
    "UPDATE strip_families SET id = ' ' || id || char(10) WHERE %",
    "UPDATE patterns SET id = id || ' ' WHERE %", "UPDATE joblogs SET id = char(9) || id WHERE %",
    "DROP INDEX IF EXISTS idx_patterns_name", "DROP INDEX IF EXISTS idx_joblogs_created",
  ]

  @Test(arguments: 0..<24)
  func theHarmlessWayGivesBackWhatTheFilesHold(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let fixture = try AuditFixture()
    let before = try sqlite3(fixture.path, Self.rows)
    // A migration does not change rows that an application inserted.
    let own = "SELECT * FROM patterns WHERE id = 'own'"
    try fixture.plant(
      """
      INSERT INTO patterns (id, name, ring_count, geometry_json, strip_family_id)
        VALUES ('own', 'mine', 1, '{"a":1}', NULL)
      """)
    let mine = try sqlite3(fixture.path, own)
    for _ in 0..<random.int(1...5) {
      let condition = random.pick([
        "rowid % 3 = 0", "rowid < 4", "rowid = \(random.int(1...20))", "1", "rowid % 2",
      ])
      let damage = random.pick(Self.damages)
        .replacingOccurrences(of: "%", with: "(\(condition)) AND id <> 'own'")
      try fixture.plant(damage)
    }

    let report = try fixture.audit()
    let plan = RepairPlan(for: report)
    _ = try sqlite3(fixture.path, "PRAGMA foreign_keys = ON;\n" + plan.sql)
    let proposals = plan.sql.split(separator: "\n").filter { $0.contains("To restore them") }
    #expect(proposals.allSatisfy { $0.contains("migrate \(Fixtures.exampleTree) again") })
    var options = Migration.Options()
    options.onDuplicate = .update
    options.overwritesEdits = true
    options.takesBackup = false
    _ = try Migration(
      from: Fixtures.exampleTree, into: SQLiteStore(path: fixture.path), options: options
    ).runSynchronously()

    #expect(try sqlite3(fixture.path, own) == mine)
    try fixture.plant("DELETE FROM patterns WHERE id = 'own'")
    #expect(try sqlite3(fixture.path, Self.rows) == before)
    let after = try fixture.audit()
    let kinds = Set(report.findings.map(\.code))
    #expect(after.findings.allSatisfy { !kinds.contains($0.code) || $0.severity == .info })
    #expect(after.errorCount == 0, "\(after.findings.prefix(3))")
    // Only rows that the ledger knows by their trimmed ids alone were left to a person.
    if report.findings.allSatisfy({ $0.code != "id.white-space" }) {
      #expect(plan.needPerson.isEmpty, "\(plan.needPerson)")
    }
  }

  // MARK: Proposals by rule

  private func comments(_ damage: String) throws -> (plan: RepairPlan, text: String) {
    let fixture = try AuditFixture()
    try fixture.plant(damage)
    let plan = RepairPlan(for: try fixture.audit())
    return (plan, plan.steps.flatMap(\.comment).joined(separator: "\n"))
  }

  @Test func aReferenceThatWasEditedIsRestoredFromItsOwnFile() throws {
    let (plan, text) = try comments("UPDATE joblogs SET pattern_id = 'gone' WHERE rowid = 1")
    #expect(text.contains("1 of them are in rows that were edited since a run wrote them"))
    #expect(text.contains("joblogs/"))
    #expect(text.contains("migrate \(Fixtures.exampleTree) again, with updates"))
    #expect(!text.contains("does not say which file"))
    #expect(plan.steps.allSatisfy { $0.isCommentedOut })
    #expect(plan.needPerson.isEmpty)
  }

  @Test func aReferenceOfARowThatNoRunWroteIsNotSaidToBeInAFile() throws {
    let (_, text) = try comments(
      """
      INSERT INTO joblogs (id, job_type, parameters_json, pattern_id)
        VALUES ('own', 'slice', '{"a":1}', 'gone')
      """)
    #expect(text.contains("The ledger does not say which file held the targets of 1 of them"))
    #expect(!text.contains("edited since"))
  }

  @Test(arguments: [
    ("UPDATE patterns SET ring_count = 0 WHERE rowid = 1", "field.range", ".ring_count"),
    ("UPDATE patterns SET geometry_json = '{' WHERE rowid = 1", "json.syntax", ".geometry_json"),
    ("UPDATE joblogs SET status = 'odd' WHERE rowid = 1", "field.unknown-value", ".status"),
    ("UPDATE joblogs SET start_time = 'x' WHERE rowid = 1", "field.format", ".start_time"),
    ("UPDATE strip_families SET name = '' WHERE rowid = 1", "field.empty", ".name"),
    ("DELETE FROM joblogs WHERE rowid = 1", "provenance.dangling", "job log"),
  ])
  func whatAFileHoldsIsRestoredFromIt(_ damage: String, _ code: String, _ place: String) throws {
    let (plan, text) = try comments(damage)
    #expect(text.contains(": \(code) (") && text.contains(place), "\(text)")
    #expect(text.contains("migrate \(Fixtures.exampleTree) again"))
    #expect(plan.needPerson.isEmpty)
    #expect(!plan.sql.contains("\nUPDATE") && !plan.sql.contains("\nDELETE"))
  }

  /// Changes and deletions by a server can be undone.
  @Test func aChangeOfAServerIsUndone() throws {
    let fixture = try AuditFixture()
    let id = try sqlite3(fixture.path, "SELECT id FROM patterns LIMIT 1")
      .trimmingCharacters(in: .newlines)
    let position = try #require(EntityKind.patterns.schema.position(ofColumn: "strip_family_id"))
    try SQLiteStore(path: fixture.path).write { transaction in
      let run = try transaction.beginRun(
        LedgerRun(
          command: "serve", startedAt: "2026-01-01T00:00:00Z", source: "", optionsJSON: "{}",
          toolVersion: "1", processID: 1))
      var record = try #require(try transaction.record(.patterns, id: id))
      record.values[position] = .text("gone")
      try transaction.write(record, run: run)
    }
    let text = try fixture.audit().repairPlan
    #expect(text.contains("undo run 2, or migrate"), "\(text)")
  }
}
