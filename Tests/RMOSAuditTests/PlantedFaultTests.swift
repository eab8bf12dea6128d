import RMOSAudit
import RMOSModels
import RMOSTestSupport
import Testing

/// Every rule finds the fault planted for it in a sound database, and only that.
@Suite struct PlantedFaultTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    var rule: AuditRule
    var severity: Severity
    /// The SQL that plants the fault.
    var sql: String
    /// The place it must be reported at.
    var table: String?
    var id: String?
    var column: String?
    /// Other rules that the fault breaks too.
    var also: [AuditRule] = []
    var count = 1

    var testDescription: String { "\(rule.code): \(sql.prefix(80))" }
  }

  private static let completed = "JOB-ROSETTE-20250101-100000"

  private static func onPattern(
    _ rule: AuditRule, _ column: String, _ value: String, _ severity: Severity = .error
  ) -> Fault {
    Fault(
      rule: rule, severity: severity,
      sql: "UPDATE patterns SET \(column) = \(value) WHERE rowid = 1", table: "patterns",
      column: column)
  }

  private static func onJob(
    _ rule: AuditRule, _ column: String, _ assignments: String, _ severity: Severity = .error
  ) -> Fault {
    Fault(
      rule: rule, severity: severity,
      sql: "UPDATE joblogs SET \(assignments) WHERE id = '\(completed)'", table: "joblogs",
      id: completed, column: column)
  }

  private static func onFamily(_ rule: AuditRule, _ column: String, _ value: String) -> Fault {
    Fault(
      rule: rule, severity: .error,
      sql: "UPDATE strip_families SET \(column) = \(value) WHERE rowid = 1",
      table: "strip_families", column: column)
  }

  /// Takes the NOT NULLs out of a table's declaration.
  private static func loosen(_ table: String) -> String {
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') "
      + "WHERE name = '\(table)'; PRAGMA writable_schema = RESET;"
  }

  private static func redeclare(_ table: String, _ old: String, _ new: String) -> String {
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '\(old)', '\(new)') "
      + "WHERE name = '\(table)'; PRAGMA writable_schema = RESET;"
  }

  static let rows: [Fault] = [
    onPattern(.fieldType, "name", "x'00ff'"),
    onPattern(.fieldType, "ring_count", "'many'"),
    onPattern(.fieldType, "ring_count", "2.5"),
    onFamily(.fieldType, "strip_width_mm", "'wide'"),
    onPattern(.fieldType, "geometry_json", "'[1]'"),
    onFamily(.fieldType, "strips_json", "'{\"a\":1}'"),
    onPattern(.fieldType, "metadata_json", "'[1]'", .warning),
    onPattern(.fieldType, "pattern_type", "x'00'"),
    onPattern(.fieldEncoding, "name", "CAST(x'41ff42' AS TEXT)"),
    onPattern(.fieldEncoding, "metadata_json", "CAST(x'7b2241ff223a317d' AS TEXT)"),
    onPattern(.emptyField, "name", "' ' || char(9)"),
    onPattern(.emptyField, "geometry_json", "'{ }'"),
    onFamily(.emptyField, "strips_json", "'[]'"),
    onFamily(.emptyField, "material_type", "''"),
    onJob(.emptyField, "parameters_json", "parameters_json = '{}'", .warning),
    onPattern(.fieldRange, "ring_count", "0"),
    onFamily(.fieldRange, "strip_width_mm", "-1"),
    onFamily(.fieldRange, "strip_thickness_mm", "9e999"),
    onJob(.fieldRange, "duration_seconds", "duration_seconds = -0.5"),
    onPattern(.fieldFormat, "created_at", "'2025-02-30'"),
    onPattern(.fieldFormat, "updated_at", "'yesterday'"),
    onJob(.fieldFormat, "start_time", "start_time = '2025-01-01T24:00:00'"),
    onJob(.unknownValue, "status", "status = 'done'"),
    onJob(.unknownValue, "job_type", "job_type = 'sanding'", .warning),
    onPattern(.jsonSyntax, "geometry_json", "'{\"a\":1,}'"),
    onPattern(.jsonSyntax, "metadata_json", "'{\"a\":1}' || char(0) || 'x'"),
    onPattern(.jsonSyntax, "rosette_geometry", "''"),
    onJob(.jsonSyntax, "results_json", "results_json = 'NaN'"),
    onJob(
      .timeOrder, "end_time",
      "start_time = '2025-01-02T00:00:00Z', end_time = '2025-01-01T00:00:00Z'", .warning),
    onJob(.missingField, "end_time", "status = 'completed', end_time = NULL"),
    onJob(
      .missingField, "duration_seconds",
      "status = 'completed', end_time = '2025-12-31', duration_seconds = NULL", .warning),
    onJob(.missingReference, "pattern_id", "pattern_id = 'gone'"),
    onJob(.missingReference, "strip_family_id", "strip_family_id = ''"),
    onPattern(.missingReference, "strip_family_id", "'gone'"),
    Fault(
      rule: .missingField, severity: .error,
      sql: loosen("patterns") + "UPDATE patterns SET name = NULL WHERE rowid = 1",
      table: "patterns", column: "name", also: [.schemaColumn]),
    Fault(
      rule: .missingField, severity: .warning,
      sql: loosen("patterns") + "UPDATE patterns SET created_at = NULL WHERE rowid = 1",
      table: "patterns", column: "created_at", also: [.schemaColumn]),
  ]

  private static let newPattern =
    "INSERT INTO patterns (id, name, ring_count, geometry_json) VALUES "

  static let ids: [Fault] = [
    Fault(
      rule: .blankID, severity: .error, sql: newPattern + "(NULL, 'a', 1, '{\"a\":1}')",
      table: "patterns", column: "id"),
    Fault(
      rule: .blankID, severity: .error, sql: newPattern + "('', 'a', 1, '{\"a\":1}')",
      table: "patterns", id: "", column: "id"),
    Fault(
      rule: .blankID, severity: .error, sql: newPattern + "(' ', 'a', 1, '{\"a\":1}')",
      table: "patterns", id: " ", column: "id"),
    Fault(
      rule: .fieldType, severity: .error, sql: newPattern + "(x'41', 'a', 1, '{\"a\":1}')",
      table: "patterns", column: "id"),
    Fault(
      rule: .paddedID, severity: .warning, sql: newPattern + "('new ', 'a', 1, '{\"a\":1}')",
      table: "patterns", id: "new ", column: "id"),
    Fault(
      rule: .nearDuplicateID, severity: .warning,
      sql: newPattern + "('x1', 'a', 1, '{\"a\":1}'), ('X 1', 'a', 1, '{\"a\":1}'), "
        + "('y1', 'a', 1, '{\"a\":1}')",
      table: "patterns", id: "x1", column: "id"),
    Fault(
      rule: .nearDuplicateID, severity: .warning,
      sql: newPattern + "('É', 'a', 1, '{\"a\":1}'), ('e' || char(769), 'a', 1, '{\"a\":1}')",
      table: "patterns", id: "É", column: "id"),
    Fault(
      rule: .nearDuplicateID, severity: .warning,
      sql: newPattern + "('k9', 'a', 1, '{\"a\":1}'), (char(8490) || '9', 'a', 1, '{\"a\":1}')",
      table: "patterns", id: "\u{212A}9", column: "id"),
  ]

  static let schema: [Fault] = [
    Fault(
      rule: .schemaVersion, severity: .error, sql: "DELETE FROM schema_version",
      table: "schema_version"),
    Fault(
      rule: .schemaVersion, severity: .error, sql: "INSERT INTO schema_version VALUES (9, '')",
      table: "schema_version"),
    Fault(
      rule: .schemaVersion, severity: .error, sql: "UPDATE schema_version SET version = -1",
      table: "schema_version"),
    Fault(
      rule: .schemaVersion, severity: .error, sql: "PRAGMA user_version = 7",
      table: "schema_version"),
    Fault(
      rule: .schemaTable, severity: .error, sql: "DROP TABLE schema_version",
      table: "schema_version", also: [.schemaVersion]),
    Fault(
      rule: .schemaTable, severity: .error, sql: "DROP TABLE joblogs", table: "joblogs"),
    Fault(
      rule: .schemaTable, severity: .warning, sql: "DROP TABLE migration_issues",
      table: "migration_issues"),
    Fault(
      rule: .schemaTable, severity: .warning, sql: "DROP TABLE migration_changes",
      table: "migration_changes"),
    Fault(
      rule: .schemaTable, severity: .warning, sql: "DROP TABLE migration_failures",
      table: "migration_failures"),
    Fault(
      rule: .schemaTable, severity: .error,
      sql: "ALTER TABLE joblogs RENAME TO x; CREATE VIEW joblogs AS SELECT * FROM x",
      table: "joblogs"),
    Fault(
      rule: .schemaColumn, severity: .error,
      sql: "ALTER TABLE strip_families DROP COLUMN material_type", table: "strip_families",
      column: "material_type"),
    Fault(
      rule: .schemaColumn, severity: .error,
      sql: redeclare("strip_families", "strip_width_mm REAL", "strip_width_mm BLOB"),
      table: "strip_families", column: "strip_width_mm"),
    Fault(
      rule: .schemaColumn, severity: .warning,
      sql: redeclare("joblogs", "job_type TEXT NOT NULL", "job_type TEXT"), table: "joblogs",
      column: "job_type"),
    Fault(
      rule: .schemaColumn, severity: .warning,
      sql: redeclare("patterns", "strip_family_id TEXT", "strip_family_id TEXT NOT NULL"),
      table: "patterns", column: "strip_family_id"),
    Fault(
      rule: .schemaColumn, severity: .error,
      sql: "CREATE TABLE x AS SELECT * FROM strip_families; DROP TABLE strip_families; "
        + "ALTER TABLE x RENAME TO strip_families", table: "strip_families", column: "id",
      also: [.schemaTable], count: 8),
    Fault(
      rule: .schemaColumn, severity: .error,
      sql: "DELETE FROM joblogs; "
        + redeclare("joblogs", ", FOREIGN KEY (p", ", shop TEXT NOT NULL, FOREIGN KEY (p"),
      table: "joblogs", column: "shop", also: [.danglingProvenance]),
    Fault(
      rule: .schemaIndex, severity: .warning, sql: "DROP INDEX idx_joblogs_created",
      table: "joblogs", column: "created_at"),
    Fault(
      rule: .schemaIndex, severity: .warning,
      sql: "DROP INDEX idx_patterns_name; CREATE INDEX idx_patterns_name ON patterns(id)",
      table: "patterns", column: "name"),
    Fault(
      rule: .schemaIndex, severity: .warning,
      sql: "DROP INDEX idx_patterns_name; CREATE INDEX i ON patterns(name) WHERE ring_count > 3",
      table: "patterns", column: "name"),
    Fault(
      rule: .foreignKey, severity: .error,
      sql: "CREATE TABLE shop (id INTEGER PRIMARY KEY, pattern TEXT REFERENCES patterns(id)); "
        + "INSERT INTO shop VALUES (3, 'gone')", table: "shop"),
    Fault(
      rule: .integrity, severity: .error,
      sql: "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = "
        + "(SELECT rootpage FROM sqlite_schema WHERE name = 'idx_joblogs_status') "
        + "WHERE name = 'idx_patterns_name'", count: 0),
  ]

  static let ledger: [Fault] = [
    Fault(
      rule: .danglingProvenance, severity: .warning,
      sql: "DELETE FROM joblogs WHERE id = '\(completed)'", table: "migration_provenance",
      id: completed),
    Fault(
      rule: .danglingProvenance, severity: .warning,
      sql: "UPDATE migration_provenance SET run_id = 99 WHERE entity_id = '\(completed)'",
      table: "migration_provenance", id: completed),
    Fault(
      rule: .danglingProvenance, severity: .warning,
      sql: "INSERT INTO migration_provenance "
        + "VALUES ('lutes', 'l', 1, '', NULL, 0, 0, x'', NULL, NULL)",
      table: "migration_provenance", id: "l"),
    Fault(
      rule: .missingProvenance, severity: .info,
      sql: "DELETE FROM migration_provenance WHERE entity_id = '\(completed)'", table: "joblogs",
      id: completed),
    Fault(
      rule: .staleRun, severity: .warning, sql: "UPDATE migration_runs SET state = 'running'",
      table: "migration_runs", column: "state"),
    Fault(
      rule: .failedRun, severity: .warning, sql: "UPDATE migration_runs SET state = 'interrupted'",
      table: "migration_runs", column: "state"),
  ]

  @Test func theDatabaseIsSoundBefore() throws {
    let report = try AuditFixture().audit()
    #expect(report.verdict == .sound)
    #expect(report.findings.isEmpty)
    #expect(report.results.allSatisfy { $0.state == .passed })
    #expect(report.counts == [.stripFamilies: 8, .patterns: 24, .joblogs: 40])
    #expect(report.schema == 2)
  }

  @Test(arguments: rows + ids + schema + ledger)
  func isFound(_ fault: Fault) throws {
    let fixture = try AuditFixture()
    try fixture.plant(fault.sql)
    let before = try fixture.contents()
    let report = try fixture.audit()
    let found = try #require(report[fault.rule])
    #expect(fault.count == 0 ? found.total > 0 : found.total == fault.count)
    #expect(
      found.findings.contains { finding in
        finding.severity == fault.severity && finding.table == fault.table
          && (fault.id == nil || finding.id == fault.id)
          && (fault.column == nil || finding.column == fault.column) && !finding.message.isEmpty
      }, "\(found.findings)")
    if fault.count > 0 {
      // Rows without provenance were inserted to plant the fault.
      let others = report.findings.filter {
        $0.code != fault.rule.code && $0.code != AuditRule.missingProvenance.code
      }
      #expect(
        others.allSatisfy { finding in fault.also.contains { $0.code == finding.code } },
        "\(others)")
    }
    #expect(try fixture.contents() == before)
  }

  /// A check that needs a missing table was not made, which is not a success.
  @Test(arguments: ["migration_runs", "migration_provenance"])
  func whatALostTableWouldTellIsNotChecked(_ table: String) throws {
    let fixture = try AuditFixture()
    try fixture.plant("DROP TABLE \(table)")
    let report = try fixture.audit()
    #expect(report[.schemaTable]?.findings.map(\.table) == [table])
    for rule: AuditRule in [.danglingProvenance, .missingProvenance, .staleRun, .failedRun] {
      #expect(report[rule]?.state == .incomplete, "\(rule.code)")
    }
    try fixture.plant(
      """
      DROP TABLE IF EXISTS migration_runs; DROP TABLE IF EXISTS migration_provenance;
      DROP TABLE migration_issues; DROP TABLE migration_before_images;
      DROP TABLE migration_changes; DROP TABLE migration_failures;
      """)
    #expect(try fixture.audit()[.staleRun]?.state == .notApplicable)
  }

  @Test func everyRuleHasItsFault() {
    let planted = Set((Self.rows + Self.ids + Self.schema + Self.ledger).map(\.rule))
    #expect(planted == Set(AuditRule.all))
  }

  @Test(arguments: rows.prefix(3) + schema.suffix(2) + ledger.suffix(1))
  func isNotFoundWhereTheRuleIsLeftOut(_ fault: Fault) throws {
    let fixture = try AuditFixture()
    try fixture.plant(fault.sql)
    let report = try fixture.audit(AuditRule.all.filter { $0 != fault.rule })
    #expect(report[fault.rule] == nil)
    #expect(!report.findings.contains { $0.code == fault.rule.code })
  }

  @Test(arguments: rows + ids)
  func isFoundByItsRuleAlone(_ fault: Fault) throws {
    let fixture = try AuditFixture()
    try fixture.plant(fault.sql)
    let report = try fixture.audit([fault.rule])
    #expect(report.results.map(\.rule) == [fault.rule])
    #expect(report[fault.rule]?.total == fault.count)
  }
}
