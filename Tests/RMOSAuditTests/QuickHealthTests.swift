import RMOSAudit
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite("Health")
struct QuickHealthTests {
  @Test("A sound database has no errors, and every reference is checked")
  func sound() throws {
    let fixture = try AuditFixture()
    let health = try QuickHealth.read(from: fixture.store(), referencesFor: nil)
    #expect(health.isComplete)
    #expect(health.errors.isEmpty)
    #expect(health.warnings.isEmpty)
    #expect(
      health.references.map(\.member) == ["strip_family_id", "pattern_id", "strip_family_id"])
    let expected = try sqlite3(
      fixture.path,
      """
      SELECT (SELECT count(pattern_id) + count(strip_family_id) FROM joblogs)
        + (SELECT count(strip_family_id) FROM patterns)
      """)
    #expect("\(health.references.reduce(0) { $0 + $1.checked })" == expected)
  }

  @Test("On a thread of its own it is the same, and rules beyond those kept are counted")
  func whole() async throws {
    let fixture = try AuditFixture()
    try fixture.plant("UPDATE patterns SET ring_count = 0 WHERE rowid < 4")
    let health = try await HealthReport.read(from: fixture.store(), effort: .whole)
    #expect(health.verdict == .errors && health.notChecked.isEmpty)
    #expect(health.words == "not sound: 3 errors, 0 warnings")
  }

  @Test("Rows that refer to missing entities are counted, and the first missing id is named")
  func dangling() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      UPDATE joblogs SET pattern_id = 'gone-' || (rowid % 2)
        WHERE id IN (SELECT id FROM joblogs ORDER BY id LIMIT 3)
      """)
    let health = try QuickHealth.read(from: fixture.store(), referencesFor: nil)
    #expect(health.danglingReferences == 3)
    #expect(
      health.errors == [
        "3 job logs refer through \"pattern_id\" to missing patterns, the first \"gone-0\""
      ])
  }

  @Test(
    "Without time, the report says what was not checked",
    arguments: ["", "DROP INDEX idx_joblogs_pattern; DROP INDEX idx_joblogs_strip_family"])
  func outOfTime(_ change: String) throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO joblogs (id, job_type, pattern_id, status, parameters_json)
      SELECT 'n' || i, 'slice', p.id, 'pending', '{}'
        FROM n, (SELECT id FROM patterns LIMIT 1) p;
      \(change)
      """)
    let health = try QuickHealth.read(from: fixture.store(), referencesFor: .zero)
    #expect(health.errors.isEmpty)
    #expect(!health.isComplete)
    #expect(health.references.count == 3)
    #expect(try QuickHealth.read(from: fixture.store(), referencesFor: nil).isComplete)
  }

  @Test("Without time, the report of a store in memory says so too")
  func outOfTimeInMemory() throws {
    let large = try QuickHealth.read(
      from: patterns((0..<300).map { ("\($0)", "b") }), referencesFor: .zero)
    #expect(!large.isComplete)
    #expect(large.danglingReferences == 255)
    let small = try QuickHealth.read(from: patterns([("a", "b")]), referencesFor: .zero)
    #expect(small.isComplete)
  }

  @Test("A faulty schema is reported completely")
  func schema() throws {
    let fixture = try AuditFixture()
    try fixture.plant("DROP INDEX idx_patterns_name; DROP TABLE joblogs")
    let health = try QuickHealth.read(from: fixture.store(), referencesFor: nil)
    #expect(health.schema.map(\.code) == ["schema.table", "schema.index"])
    #expect(health.errors.count == 1)
    #expect(health.warnings.count == 1)
    #expect(health.references.map(\.kind) == [.patterns])
  }

  @Test("Old databases have six job logs whose pattern is missing", arguments: 1...4)
  func oldDatabases(_ version: Int) throws {
    let fixture = try AuditFixture(Fixtures.database(version: version))
    #expect(try QuickHealth.read(from: fixture.store(), referencesFor: nil).danglingReferences == 6)
  }

  @Test("A store in memory is checked in the same way")
  func inMemory() throws {
    let store = try patterns([("b", "é"), ("a", "z"), ("c", "a")])
    let health = try QuickHealth.read(from: store, referencesFor: nil)
    #expect(
      health.errors == [
        "3 patterns refer through \"strip_family_id\" to missing strip families, the first \"a\""
      ])
  }

  private func patterns(_ families: [(id: String, family: String)]) throws -> InMemoryStore {
    let store = InMemoryStore()
    try store.write { transaction throws in
      for (id, family) in families {
        try transaction.insert(
          Pattern(
            id: id, name: id, ringCount: 1, geometry: JSONText(["r": 1]), stripFamilyID: family,
            createdAt: "2025-01-01"
          ).record)
      }
    }
    return store
  }
}
