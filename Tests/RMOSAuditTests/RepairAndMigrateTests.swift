import Foundation
import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Applying the plan and migrating the same files again restores the rows of a damaged database.
@Suite struct RepairAndMigrateTests {
  private static let rows = """
    SELECT id, name, strip_width_mm, strip_thickness_mm, material_type, strips_json, metadata_json
      FROM strip_families ORDER BY id;
    SELECT id, name, ring_count, geometry_json, strip_family_id, pattern_type, rosette_geometry
      FROM patterns ORDER BY id;
    SELECT id, job_type, pattern_id, strip_family_id, status, start_time, end_time,
      duration_seconds, parameters_json, results_json FROM joblogs ORDER BY id;
    """

  private func repair(_ fixture: AuditFixture) throws -> RepairPlan {
    let plan = RepairPlan(for: try fixture.audit())
    _ = try sqlite3(fixture.path, "PRAGMA foreign_keys = ON;\n" + plan.sql)
    return plan
  }

  private func migrate(_ source: String, into fixture: AuditFixture) throws {
    _ = try Migration(from: source, into: SQLiteStore(path: fixture.path)).runSynchronously()
  }

  @Test(arguments: [
    "DELETE FROM strip_families", "DELETE FROM patterns", "DELETE FROM joblogs",
    "DELETE FROM strip_families WHERE rowid % 2", "DELETE FROM patterns WHERE rowid % 3 = 0",
    "DELETE FROM patterns; DELETE FROM strip_families; DROP INDEX idx_joblogs_pattern",
    "UPDATE strip_families SET id = ' ' || id || char(10); UPDATE patterns SET id = id || ' '",
    // Deleted together with its provenance, so that the ledger has nothing of it.
    "DELETE FROM patterns WHERE rowid < 9; DELETE FROM migration_provenance WHERE kind = 'patterns' "
      + "AND entity_id NOT IN (SELECT id FROM patterns)",
    "DROP TABLE migration_provenance; DELETE FROM patterns WHERE rowid < 9",
  ])
  func nothingIsLostThatTheFilesHold(_ damage: String) throws {
    let fixture = try AuditFixture()
    let before = try sqlite3(fixture.path, Self.rows)
    try fixture.plant(damage)
    #expect(try sqlite3(fixture.path, Self.rows) != before)
    _ = try repair(fixture)
    // The rest of the ledger goes as well, so that the next run begins a new one.
    if damage.contains("DROP TABLE") {
      try fixture.plant("DROP TABLE migration_runs; PRAGMA user_version = 0")
    }
    try migrate(Fixtures.exampleTree, into: fixture)
    #expect(try sqlite3(fixture.path, Self.rows) == before)
  }

  @Test func whatFailsNowIsWaitedFor() throws {
    let directory = try TemporaryDirectory()
    let source = directory.file("source")
    func write(_ text: String, _ path: String) throws {
      let url = URL(fileURLWithPath: "\(source)/\(path)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: url, atomically: true, encoding: .utf8)
    }
    let pattern = #"{"id":"p1","name":"Rope","ring_count":3,"geometry":{"a":1}}"#
    try write(pattern, "patterns/rope.json")
    try write(
      #"{"id":"j1","job_type":"slice","pattern_id":"p1","parameters":{"a":1}}"#, "joblogs/j.json")
    let fixture = try AuditFixture(Fixtures.database(version: 2))
    try fixture.plant("DELETE FROM joblogs; DELETE FROM patterns")
    try migrate(source, into: fixture)
    let before = try sqlite3(fixture.path, Self.rows)
    try fixture.plant(
      "DELETE FROM patterns; DELETE FROM migration_provenance WHERE kind = 'patterns'")
    // The file is damaged, and a run rejects the pattern.
    try write(pattern.replacingOccurrences(of: "3", with: "0"), "patterns/rope.json")
    try migrate(source, into: fixture)
    let plan = try repair(fixture)
    #expect(plan.sql.contains("rejected by the last migration"))
    #expect(plan.sql.contains("patterns/rope.json"))
    #expect(plan.sql.contains(source))
    try write(pattern, "patterns/rope.json")
    try migrate(source, into: fixture)
    #expect(try sqlite3(fixture.path, Self.rows) == before)
  }

  @Test func whatWouldDestroyIsCommentedOutBelowWhatToDo() throws {
    let fixture = try AuditFixture()
    try fixture.plant("DELETE FROM patterns WHERE rowid = 1")
    let plan = RepairPlan(for: try fixture.audit())
    let steps = plan.steps.filter { $0.isCommentedOut && !$0.statements.isEmpty }
    #expect(steps.count == 1)
    #expect(steps.first?.comment.contains { $0.contains("migrated and deleted since") } == true)
    #expect(steps.first?.comment.contains { $0.contains(Fixtures.exampleTree) } == true)
    // The statement works once its dashes are removed.
    try fixture.plant(plan.sql.replacingOccurrences(of: "-- UPDATE", with: "UPDATE"))
    #expect(try fixture.audit()[.missingReference]?.total == 0)
  }

  /// Migration warns about the same ids as the audit.
  @Test func paddedIDsAreWarnedAboutByBoth() throws {
    let store = InMemoryStore()
    let tree = try SourceTree()
    func pattern(_ id: String) -> String {
      #"{"id": "\#(id)", "name": "P", "ring_count": 1, "geometry": {"a": 1}}"#
    }
    let ids = [" a", "b\u{85}", "\u{3000}c", "d e", "f\u{200B}", "g"]
    for (number, id) in ids.enumerated() {
      try tree.add("patterns/p\(number).json", pattern(id))
    }
    try tree.add("patterns/keyed.json", "{\"h \": \(pattern("h "))}")
    let issues = try RecordedMigration(tree, into: store).issues
    let report = try Auditor(of: store).runSynchronously()
    let warned = issues.filter { $0.code == .idWhiteSpace }
    #expect(warned.allSatisfy { $0.severity == .warning && $0.pointer == "/id" })
    #expect(Set(warned.compactMap(\.id)) == [" a", "b\u{85}", "\u{3000}c", "h "])
    let found = report.findings.filter { $0.code == AuditRule.paddedID.code }
    #expect(Set(found.compactMap(\.id)) == Set(warned.compactMap(\.id)))
  }

  /// No character of an id ends a comment, a string or the script.
  @Test(arguments: [
    "it's", "a\nDROP TABLE joblogs;", "a\rb", "a\u{85}b", "a\u{2028}DROP TABLE joblogs;\u{2029}b",
    "a\u{0}b", "\u{202E}evil", "\u{1B}[31m", "; --", "/* */", "x'); DROP TABLE joblogs; --",
    "é\u{301}🎸", ".quit\n.shell false", String(repeating: "\u{1}'", count: 3000),
  ])
  func oddIDsDoNoHarm(_ id: String) throws {
    let fixture = try AuditFixture()
    func hex(_ text: String) -> String {
      "CAST(x'" + text.utf8.map { String(format: "%02x", $0) }.joined() + "' AS TEXT)"
    }
    try fixture.plant(
      """
      INSERT INTO patterns (id, name, ring_count, geometry_json)
        VALUES (\(hex(" \(id) ")), 'a', 1, '{"a":1}');
      UPDATE joblogs SET pattern_id = \(hex(" \(id) ")) WHERE rowid = 1;
      UPDATE joblogs SET pattern_id = \(hex(id + "?")) WHERE rowid = 2;
      """)
    let plan = try repair(fixture)
    let trimmed = id.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(
      try sqlite3(fixture.path, "SELECT hex(pattern_id) FROM joblogs WHERE rowid = 1")
        .lowercased()
        == trimmed.utf8.map { String(format: "%02x", $0) }.joined())
    #expect(try sqlite3(fixture.path, "SELECT count(*) FROM joblogs") == "40")
    #expect(try fixture.audit()[.paddedID]?.total == 0)
    for line in plan.sql.split(whereSeparator: \.isNewline) {
      #expect(line.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
      let isKnown = ["--", "BEGIN", "PRAGMA", "UPDATE", "COMMIT"].contains { line.hasPrefix($0) }
      #expect(isKnown, "\(line.prefix(80))")
    }
  }
}
