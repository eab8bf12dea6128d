import Foundation
import Testing

/// Databases of other applications, and those of RMOS to which others did something: one word on
/// each from every command, and nothing written where something is refused.
@Suite(.waiting) struct OddDatabaseTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeSmallTree()
  }

  private static let writing = [
    ["migrate", "legacy", "--dry-run"], ["migrate", "legacy"], ["migrate", "legacy", "--atomic"],
    ["init"], ["undo", "1"], ["undo", "1", "--dry-run"],
    ["serve", "--port", "0", "--allow-writes"],
  ]
  private static let reading = [
    ["status"], ["audit"], ["diff", "legacy"], ["runs"], ["history"], ["export", "out"],
    ["serve", "--port", "0"],
  ]

  private func run(_ arguments: [String]) throws -> Tool.Result {
    try Tool.run(arguments + ["--db", "x.db"], in: workspace)
  }

  private func sqlite(_ sql: String) throws {
    let result = try Tool.shell("sqlite3 -bail x.db <<'END'\n\(sql)\nEND", in: workspace)
    try #require(result.status == 0, "\(result.errors)")
  }

  private func state() throws -> [String: Data] {
    try Dictionary(
      uniqueKeysWithValues: FileManager.default.contentsOfDirectory(atPath: workspace.path)
        .filter { $0 != "legacy" }.map {
          ($0, try Data(contentsOf: URL(fileURLWithPath: workspace.file($0))))
        })
  }

  /// Expects that every command is refused with the same message, and that no file changes.
  private func expectRefusal(_ commands: [[String]], _ code: String, _ words: [String]) throws {
    let before = try state()
    for command in commands {
      let result = try run(command + ["--json"])
      let line = command.joined(separator: " ")
      #expect(result.status == 3, "\(line): \(result.output)\(result.errors)")
      let error = try #require(try result.json["error"] as? [String: String], "\(line)")
      #expect(error["code"] == code, "\(line): \(error)")
      for word in words { #expect(error["message"]?.contains(word) == true, "\(line): \(error)") }
      #expect(try state() == before, "\(line)")
    }
  }

  // MARK: Databases of other applications

  @Test(arguments: [
    (
      """
      CREATE TABLE schema_version (installed_rank INT PRIMARY KEY, version VARCHAR(50), success INT);
      INSERT INTO schema_version VALUES (1, '1.2', 1); CREATE TABLE customers (id, name);
      """, "installed_rank"
    ),
    ("CREATE TABLE customers (id, name)", "customers"),
    (
      """
      CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT);
      INSERT INTO schema_version VALUES (2, ''); CREATE TABLE customers (id, name);
      """, "customers"
    ),
    (
      """
      CREATE TABLE schema_version (version TEXT, applied_at TEXT);
      INSERT INTO schema_version VALUES ('2024-05', '');
      """, "2024-05"
    ),
    ("CREATE VIEW schema_version AS SELECT 2 AS version, '' AS applied_at", "a view"),
    (
      """
      CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT);
      INSERT INTO schema_version VALUES (2, ''); CREATE TABLE patterns (regex);
      """, "no column id"
    ),
    (
      """
      CREATE TABLE _migrations (migration_id TEXT); CREATE TABLE workflow_sessions (id TEXT);
      """, "services/api/data/rmos.db"
    ),
  ])
  func aDatabaseOfAnotherApplicationIsRefusedByEveryCommand(
    _ sql: String, _ word: String
  ) throws {
    try sqlite(sql)
    try expectRefusal(Self.reading + Self.writing, "store.foreign", [word])
  }

  @Test func tablesOfOthersBesideAllOfRMOSAreFine() throws {
    _ = try run(["init"])
    try sqlite(
      "CREATE TABLE customers (id, name); CREATE TABLE orders (p REFERENCES patterns(id)); "
        + "CREATE VIEW named AS SELECT name FROM patterns; PRAGMA application_id = 99;")
    #expect(try run(["migrate", "legacy", "--dry-run"]).status == 0)
    #expect(try run(["migrate", "legacy"]).status == 0)
    #expect(try run(["audit"]).status == 0)
  }

  // MARK: Incomplete databases

  @Test(arguments: ["patterns", "strip_families", "joblogs", "schema_version"])
  func whatIsMissingIsToldAndCreated(_ table: String) throws {
    _ = try run(["init"])
    try sqlite("DROP TABLE \(table)")
    let before = try state()
    let status = try run(["status", "--json"])
    #expect(status.status == 0)
    #expect(try status.json["missing_tables"] as? [String] == [table])
    #expect(try run(["status"]).output.contains("the table \(table) is missing"))
    let audit = try run(["audit"])
    #expect(audit.status == 1 && audit.output.contains("the table \(table) is missing"))
    var counts: [[String: Int]] = []
    for options in [["--dry-run"], []] {
      let result = try run(["migrate", "legacy", "--json"] + options)
      #expect(result.status == 0)
      counts.append(try #require(try result.json["issue_counts"] as? [String: Int]))
      let issues = try #require(try result.json["issues"] as? [[String: Any]])
      #expect((issues.first?["message"] as? String)?.contains(table) == true)
      if !options.isEmpty { #expect(try state() == before) }
    }
    #expect(counts[0] == counts[1] && counts[0]["store.incomplete"] == 1)
    #expect(try run(["audit"]).status == 0)
    // The ledger has the issues of the run.
    let report = try run(["report", "--run", "1", "--json"])
    #expect(try report.json["issue_counts"] as? [String: Int] == counts[1])
  }

  @Test func initSaysWhatItCreates() throws {
    _ = try run(["init"])
    try sqlite("DROP TABLE joblogs")
    let result = try run(["init", "--json"])
    #expect(try result.json["created"] as? Bool == false)
    #expect(try result.json["created_tables"] as? [String] == ["joblogs"])
  }

  // MARK: Databases that cannot be written

  /// Renames a collation or function in the schema to one of another application, which is missing.
  private static func renamed(_ object: String, _ from: String, _ to: String) -> String {
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '\(from)', '\(to)') "
      + "WHERE name = '\(object)';"
  }

  @Test(arguments: [
    (
      "CREATE INDEX lx ON patterns(name COLLATE NOCASE);" + renamed("lx", "NOCASE", "LOCALIZED"),
      ["the index lx", "LOCALIZED", "DROP INDEX lx"]
    ),
    (
      "CREATE INDEX lx ON patterns(lower(name));" + renamed("lx", "lower", "shop_fn"),
      ["the index lx", "shop_fn", "DROP INDEX lx"]
    ),
    (
      "CREATE TRIGGER tr AFTER INSERT ON joblogs BEGIN SELECT shop_fn(NEW.id); END;",
      ["the trigger tr", "shop_fn", "DROP TRIGGER tr"]
    ),
    (
      "CREATE TABLE log (id); CREATE TRIGGER \"odd one\" AFTER UPDATE ON patterns "
        + "BEGIN INSERT INTO log VALUES (NEW.id); END; DROP TABLE log;",
      ["the trigger odd one", "DROP TRIGGER \"odd one\""]
    ),
    (
      "CREATE TABLE v (id); CREATE TRIGGER tr AFTER DELETE ON patterns "
        + "BEGIN INSERT INTO v VALUES (OLD.id); END; PRAGMA writable_schema = ON; "
        + "DELETE FROM sqlite_schema WHERE name = 'v'; INSERT INTO sqlite_schema "
        + "VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING vec0(id)');",
      ["the trigger tr", "vec0"]
    ),
    (
      "CREATE TRIGGER tr AFTER INSERT ON migration_runs BEGIN SELECT shop_fn(1); END;",
      ["the trigger tr", "migration_runs"]
    ),
    (
      renamed("patterns", "ring_count INTEGER", "ring_count INTEGER CHECK(shop_fn(1))"), ["shop_fn"]
    ),
    ("CREATE TABLE orders (p REFERENCES patterns(name));", ["orders", "unique index"]),
    (
      "ALTER TABLE migration_runs RENAME TO r; CREATE VIEW migration_runs AS SELECT * FROM r;",
      ["migration_runs is a view"]
    ),
    (
      "DROP TABLE migration_runs; DROP TABLE migration_provenance; DROP TABLE migration_issues; "
        + "DROP TABLE migration_before_images; PRAGMA user_version = 1;",
      ["RMOS database of version 2", "user_version is 1", "PRAGMA user_version = 0"]
    ),
  ])
  func whatKeepsRowsFromBeingWrittenIsFoundBefore(_ sql: String, _ words: [String]) throws {
    _ = try run(["init"])
    try sqlite(sql)
    let before = try state()
    try expectRefusal(Self.writing.filter { $0[0] != "undo" }, "store.schema", words)
    let status = try run(["status"])
    #expect(status.status == 0)
    let audit = try run(["audit"])
    #expect(audit.status == 1)
    for word in words {
      #expect(status.output.contains(word), "\(status.output)")
      #expect(audit.output.contains(word), "\(audit.output)")
    }
    #expect(!status.output.contains("rmos-cli migrate"))
    #expect(try state() == before)
  }

  @Test(arguments: [
    "ALTER TABLE patterns RENAME COLUMN name TO title",
    "DROP INDEX idx_patterns_name; ALTER TABLE patterns DROP COLUMN name",
    "DROP INDEX idx_patterns_name; ALTER TABLE patterns DROP COLUMN name; "
      + "ALTER TABLE patterns ADD COLUMN name GENERATED ALWAYS AS (id)",
    "ALTER TABLE patterns RENAME TO p; CREATE VIEW patterns AS SELECT * FROM p",
    "DROP TABLE joblogs; DROP TABLE patterns; CREATE VIRTUAL TABLE patterns USING fts5(id, name)",
    "DROP TABLE joblogs; CREATE INDEX joblogs ON patterns(name)",
  ])
  func soAreTablesOfAnotherShape(_ sql: String) throws {
    _ = try run(["init"])
    try sqlite(sql)
    try expectRefusal(
      [["migrate", "legacy", "--dry-run"], ["migrate", "legacy"], ["init"]], "store.schema", [])
    #expect(try run(["audit"]).status == 1)
    #expect(try run(["status"]).output.contains("error: "))
  }

  @Test func aLedgerThatLostAColumnIsNamedByAll() throws {
    _ = try run(["init"])
    try sqlite("DROP VIEW migration_run_counts; ALTER TABLE migration_runs DROP COLUMN failure")
    try expectRefusal(
      [["status"], ["runs"]] + Self.writing, "store.schema", ["migration_runs.failure"])
    let audit = try run(["audit"])
    #expect(audit.status == 1 && audit.output.contains("migration_runs.failure"))
  }

  @Test func anUndoThatATriggerWillRefuseIsForetold() throws {
    _ = try run(["migrate", "legacy"])
    try sqlite(
      "CREATE TRIGGER keep BEFORE DELETE ON joblogs BEGIN SELECT RAISE(ABORT, 'kept'); END")
    let before = try state()
    for command in [["undo", "1", "--dry-run", "--json"], ["undo", "1", "--json"]] {
      let result = try run(command)
      #expect(result.status == 3)
      #expect(result.output.contains("kept"), "\(result.output)")
    }
    #expect(Set(try state().keys) == Set(before.keys))
  }

  @Test func numbersThatNoRunCountedEndNoCommand() throws {
    _ = try run(["migrate", "legacy"])
    let most = Int64.max
    try sqlite(
      """
      UPDATE migration_runs SET failed_new = \(most), failed_known = \(most),
        issue_counts_json = '{"a": \(most), "b": \(most), "c": \(Int64.min)}',
        timings_json = '{"bytes_read": \(most), "files_read": \(most), "notes": {"not_read":
          {"by_reason": {"hidden": \(most), "ending": \(most)}}, "kept_aside": [
          {"kind": "patterns", "member": "a", "count": \(most)}]}}';
      UPDATE migration_provenance SET byte_offset = \(most), byte_length = \(most);
      """)
    for command in [["runs"], ["status"], ["report"], ["audit"], ["migrate", "legacy"]] {
      for options in [[], ["--json"]] {
        let result = try run(command + options)
        #expect(result.status == 0, "\(command): \(result.output)\(result.errors)")
      }
    }
    let server = try Serving(in: workspace)
    for path in ["runs/1", "runs", "", "api/rmos/stores/migration/runs/1"] {
      #expect(try server.curl(path).hasPrefix("HTTP/1.1 200"), "\(path)")
    }
    let ids = try server.json("api/rmos/stores/patterns").json["patterns"] as? [[String: Any]]
    let id = try #require(ids?.first?["id"] as? String)
    #expect(try server.curl("patterns/\(id)").hasPrefix("HTTP/1.1 200"))
    #expect(try server.stop().status == 0)
  }

  // MARK: Databases that cannot be read

  @Test func aModuleThatIsNotThereIsNoHindrance() throws {
    _ = try run(["init"])
    try sqlite(
      "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES "
        + "('table', 'notes', 'notes', 0, 'CREATE VIRTUAL TABLE notes USING vec0(a float[3])');")
    for command in [
      ["migrate", "legacy"], ["diff", "legacy"], ["status"], ["audit"], ["undo", "1"],
    ] {
      let result = try run(command)
      #expect(result.status == 0, "\(command): \(result.output)\(result.errors)")
    }
  }

  @Test func whatTheFileCheckCannotLookAtIsAFinding() throws {
    _ = try run(["init"])
    try sqlite(
      "CREATE TABLE other (name); CREATE INDEX lx ON other(name COLLATE NOCASE);"
        + Self.renamed("lx", "NOCASE", "LOCALIZED"))
    let audit = try run(["audit", "--rule", "sqlite.integrity"])
    #expect(audit.status == 0)
    #expect(audit.output.contains("the table other was not checked"), "\(audit.output)")
    #expect(try run(["migrate", "legacy"]).status == 0)
  }

  /// A job always refers to the pattern that its file names.
  @Test func idsThatOnlyTheDatabaseTakesForTheSameAreTold() throws {
    _ = try run(["init"])
    try sqlite(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, "
        + "'id TEXT PRIMARY KEY', 'id TEXT PRIMARY KEY COLLATE NOCASE') WHERE name = 'patterns';")
    try sqlite("REINDEX;")
    let pattern = #"{"id": "P1", "name": "Other", "ring_count": 3, "geometry": {"rings": []}}"#
    try workspace.write(pattern, to: "legacy/patterns/a.json")
    for options in [["--dry-run"], []] {
      let result = try run(["migrate", "legacy", "--json"] + options)
      #expect(result.status == 1)
      let counts = try #require(try result.json["issue_counts"] as? [String: Int])
      #expect(counts == ["store.rejected": 1, "reference.missing": 1], "\(counts)")
    }
    let audit = try run(["audit"])
    #expect(audit.status == 0)
    #expect(audit.output.contains("patterns.id is declared with a collation"))
  }

  @Test func aSchemaThatCannotBeParsedIsNamed() throws {
    _ = try run(["init"])
    try sqlite(Self.renamed("patterns", "CREATE TABLE", "CREATE TABEL"))
    try expectRefusal(Self.reading + Self.writing, "store.corrupt", ["patterns", "by SQLite 3."])
  }

  // MARK: Permissions

  /// A command prefix with which permissions apply to root too; `nil` if there is none.
  private static let withoutPrivilege: String? =
    geteuid() != 0 ? "" : Tool.succeeds("\(dropping) true") ? dropping : nil
  private static let dropping = "setpriv --bounding-set=-dac_override"

  @Test(
    .enabled(if: withoutPrivilege != nil, "root, and no setpriv(1) to become less"),
    arguments: ["chmod 444 x.db", "chmod 555 .", "rm x.db; chmod 555 ."])
  func aDryRunIsRefusedWhatTheRunMayNotWrite(_ change: String) throws {
    _ = try run(["init"])
    _ = try Tool.shell(change, in: workspace)
    defer { _ = try? Tool.shell("chmod 755 .", in: workspace) }
    let before = try state()
    var errors: [[String: String]] = []
    for command in ["migrate legacy --dry-run", "migrate legacy"] {
      let result = try Tool.shell(
        "\(Self.withoutPrivilege ?? "") '\(Tool.path)' \(command) --db x.db --json", in: workspace)
      #expect(result.status == 3, "\(result.output)\(result.errors)")
      errors.append(try #require(try result.json["error"] as? [String: String]))
      if command.hasSuffix("run") { #expect(try state() == before) }
    }
    #expect(errors[0]["code"] == errors[1]["code"])
    #expect(errors.allSatisfy { $0["message"]?.contains("Permission denied") == true }, "\(errors)")
  }
}
