import RMOSAudit
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite("Health")
struct StoreHealthTests {
  @Test("A sound database has no errors, and every reference is looked up")
  func sound() throws {
    let fixture = try AuditFixture()
    let health = try StoreHealth(of: fixture.store(), seconds: nil)
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
    #expect("\(health.references.reduce(0) { $0 + $1.checked })\n" == expected)
  }

  @Test("Rows that refer to what is not there are counted, and the first missing id is named")
  func dangling() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      UPDATE joblogs SET pattern_id = 'gone-' || (rowid % 2)
        WHERE id IN (SELECT id FROM joblogs ORDER BY id LIMIT 3)
      """)
    let health = try StoreHealth(of: fixture.store(), seconds: nil)
    #expect(health.danglingReferences == 3)
    #expect(
      health.errors == [
        "3 job logs refer by 'pattern_id' to patterns that are not there, the first \"gone-0\""
      ])
  }

  @Test(
    "Where there is no time, what was not looked up is said",
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
    let health = try StoreHealth(of: fixture.store(), seconds: 0)
    #expect(health.errors.isEmpty)
    #expect(!health.isComplete)
    #expect(health.references.count == 3)
    #expect(health.warnings.last?.contains("references were looked up in the time") == true)
    #expect(try StoreHealth(of: fixture.store(), seconds: nil).isComplete)
  }

  @Test("Where there is no time, a store in memory says so too")
  func outOfTimeInMemory() throws {
    let large = try StoreHealth(of: patterns((0..<300).map { ("\($0)", "b") }), seconds: 0)
    #expect(!large.isComplete)
    #expect(large.danglingReferences == 255)
    let small = try StoreHealth(of: patterns([("a", "b")]), seconds: 0)
    #expect(small.isComplete)
  }

  @Test("A faulty schema is told whole")
  func schema() throws {
    let fixture = try AuditFixture()
    try fixture.plant("DROP INDEX idx_patterns_name; DROP TABLE joblogs")
    let health = try StoreHealth(of: fixture.store(), seconds: nil)
    #expect(health.schema.map(\.code) == ["schema.table", "schema.index"])
    #expect(health.errors.count == 1)
    #expect(health.warnings.count == 1)
    #expect(health.references.map(\.kind) == [.patterns])
  }

  @Test("Old databases have six job logs whose pattern is missing", arguments: 1...4)
  func oldDatabases(_ version: Int) throws {
    let fixture = try AuditFixture(Fixtures.database(version: version))
    #expect(try StoreHealth(of: fixture.store(), seconds: nil).danglingReferences == 6)
  }

  @Test("A store in memory is looked at alike")
  func inMemory() throws {
    let store = try patterns([("b", "é"), ("a", "z"), ("c", "a")])
    let health = try StoreHealth(of: store, seconds: nil)
    #expect(
      health.errors == [
        "3 patterns refer by 'strip_family_id' to strip families that are not there, "
          + "the first \"a\""
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
