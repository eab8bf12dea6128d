import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Databases that other applications, or their owners, altered.
@Suite struct AlteredDatabaseTests {
  private let directory: TemporaryDirectory
  private let path: String
  private let tree: SourceTree

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
    tree = try SourceTree()
    for number in 1...3 {
      try tree.add("patterns/\(number).json", Texts.pattern("p\(number)"))
    }
    _ = try SQLiteStore(path: path)
  }

  private func migrate(isDryRun: Bool = false) throws -> MigrationSummary {
    let store = try SQLiteStore(path: path, access: isDryRun ? .readOnly : .readWrite)
    var options = Migration.Options()
    options.isDryRun = isDryRun
    return try Migration(from: tree.path, into: store, options: options).runSynchronously()
  }

  /// Functions and tables that SQLite refuses in a schema that is not trusted.
  @Test(arguments: [
    "CREATE INDEX by_radius ON patterns(json_extract(geometry_json, '$.radius'))",
    "ALTER TABLE patterns ADD COLUMN radius GENERATED ALWAYS AS (json_extract(geometry_json, '$'))",
    """
    CREATE TABLE log(radius);
    CREATE TRIGGER logged AFTER INSERT ON patterns
      BEGIN INSERT INTO log VALUES (json_extract(NEW.geometry_json, '$.radius')); END
    """,
    """
    CREATE VIRTUAL TABLE names USING fts5(id, name);
    CREATE TRIGGER named AFTER INSERT ON patterns
      BEGIN INSERT INTO names VALUES (NEW.id, NEW.name); END;
    CREATE TRIGGER unnamed AFTER DELETE ON patterns
      BEGIN DELETE FROM names WHERE id = OLD.id; END
    """,
  ])
  func whatOtherApplicationsDeriveFromRowsIsNoHindrance(_ schema: String) throws {
    _ = try sqlite3(path, schema)
    #expect(try migrate(isDryRun: true).statistics.total.migrated == 3)
    #expect(try migrate().statistics.total.migrated == 3)
    let store = try SQLiteStore(path: path)
    #expect(try Undo(of: 1, in: store).runSynchronously().counts.removed[.patterns] == 3)
  }

  @Test(arguments: [
    (
      "PRAGMA user_version = 7; DROP TABLE migration_runs; DROP TABLE migration_issues; "
        + "DROP TABLE migration_provenance; DROP TABLE migration_before_images", "user_version is 7"
    ),
    ("DROP TABLE joblogs; CREATE VIEW joblogs AS SELECT 1 AS id", "joblogs is a view"),
    ("INSERT INTO schema_version(version) VALUES (3); DROP TABLE joblogs", "no table joblogs"),
    (
      "INSERT INTO schema_version(version) VALUES (4); ALTER TABLE joblogs DROP COLUMN results_json",
      "no column joblogs.results_json"
    ),
  ])
  func aRehearsalRefusesWhatTheRunRefuses(_ schema: String, _ reason: String) throws {
    _ = try sqlite3(path, schema)
    for isDryRun in [true, false] {
      let error = #expect(throws: StoreError.self) { try migrate(isDryRun: isDryRun) }
      #expect(error?.code == .unusableSchema)
      #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }
  }

  @Test(arguments: ["DELETE FROM migration_runs", "DROP TABLE migration_runs"])
  func aRunThatIsRemovedWhileItWritesSaysSo(_ removal: String) throws {
    let store = try SQLiteStore(path: path, access: .readWrite)
    var options = Migration.Options()
    options.batchSize = 1
    var found = 0
    let path = path
    let error = #expect(throws: StoreError.self) {
      _ = try Migration(from: tree.path, into: store, options: options).runSynchronously { event in
        guard case .progress(let progress) = event else { return }
        found = progress.statistics.total.found
        if found == 1 { _ = try? sqlite3(path, removal) }
      }
    }
    #expect(error?.code == .other && found == 1)
    #expect(
      error?.message
        == "another program removed run 1 from migration_runs; what was committed is kept; run again"
    )
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 1)
    store.close()
    let again = try migrate()
    #expect(again.statistics.total.migrated == 2 && again.statistics.total.failed == 0)
  }

  @Test func namesAreTheSameInAnyCase() throws {
    _ = try sqlite3(
      path,
      """
      ALTER TABLE patterns RENAME TO other; ALTER TABLE other RENAME TO Patterns;
      ALTER TABLE joblogs RENAME COLUMN status TO STATUS;
      DROP INDEX idx_joblogs_pattern; CREATE INDEX IDX_Joblogs_Pattern ON joblogs(Pattern_ID);
      """)
    #expect(try migrate(isDryRun: true).statistics.total.migrated == 3)
    #expect(try migrate().statistics.total.migrated == 3)
    #expect(try migrate().statistics.total.skipped == 3)
    let store = try SQLiteStore(path: path)
    #expect(try Undo(of: 1, in: store).runSynchronously().counts.removed[.patterns] == 3)
  }

  @Test func indexesOfOthersStayAsTheyAre() throws {
    _ = try sqlite3(
      path,
      """
      CREATE TABLE other(name, status);
      DROP INDEX idx_patterns_name; CREATE UNIQUE INDEX idx_patterns_name ON patterns(name);
      DROP INDEX idx_patterns_pattern_type;
      CREATE INDEX idx_patterns_pattern_type ON patterns(pattern_type) WHERE id > 'a';
      DROP INDEX idx_joblogs_status; CREATE INDEX idx_joblogs_status ON other(status);
      """)
    let indexes = "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name"
    let before = try sqlite3(path, indexes)
    _ = try migrate()
    #expect(try sqlite3(path, indexes) == before)
  }

  @Test(arguments: [
    "migration_runs", "migration_provenance", "migration_issues", "migration_before_images",
  ])
  func aLedgerTableThatWasDroppedIsCreatedAnew(_ table: String) throws {
    _ = try migrate()
    _ = try sqlite3(path, "DROP TABLE \(table)")
    try tree.add("patterns/4.json", Texts.pattern("p4"))
    try tree.add("patterns/5.json", "{}")
    let summary = try migrate()
    #expect(summary.statistics.total.migrated == 1)
    #expect(summary.statistics.total.failed == 1)
    let kept = "SELECT count(*) FROM migration_issues WHERE severity = 'error'"
    #expect(try sqlite3(path, kept) != "0")
  }
}
