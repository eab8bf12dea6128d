import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// The views for people who open the database with another program.
@Suite struct LedgerViewTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
  }

  private static let names = [
    "migration_joblogs_origin", "migration_patterns_origin", "migration_run_counts",
    "migration_strip_families_origin",
  ]

  private func migrate(_ source: String = Fixtures.exampleTree) throws -> MigrationSummary {
    try Migration(from: source, into: SQLiteStore(path: path)).runSynchronously()
  }

  private func views() throws -> [String] {
    try sqlite3(path, "SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name")
      .split(separator: "\n").map(String.init)
  }

  @Test func theCountsOfARunAreARow() throws {
    let tree = try SourceTree(["patterns/a.json": #"[{"id": "p"}, 7]"#])
    _ = try withExtendedLifetime(tree) { try migrate(tree.path) }
    let summary = try migrate()
    let total = summary.statistics.total
    let patterns = summary.statistics[.patterns]
    #expect(
      try sqlite3(
        path,
        "SELECT run, total_found, total_migrated, total_failed, patterns_migrated, joblogs_found, "
          + "state FROM migration_run_counts ORDER BY run")
          == """
          1|2|0|2|0|0|completed
          2|\(total.found)|\(total.migrated)|0|\(patterns.migrated)\
          |\(summary.statistics[.joblogs].found)|completed
          """)
  }

  @Test func countsThatAreNoJSONDoNotBreakTheView() throws {
    _ = try migrate()
    #expect(
      try sqlite3(
        path,
        "UPDATE migration_runs SET statistics_json = '{'; "
          + "SELECT run, total_found, patterns_found FROM migration_run_counts") == "1|0|0")
  }

  @Test func theOriginOfAnEntityIsReadable() throws {
    _ = try migrate()
    let store = try SQLiteStore(path: path)
    try store.read { reader in
      for kind in EntityCatalog.rmos.kinds {
        let record = try #require(try reader.records(RecordQuery(kind).limit(1)).first)
        let origin = try #require(try reader.provenance(kind, id: record.id))
        let row = try sqlite3(
          path,
          "SELECT o.source, o.path, o.sha256, o.run FROM \(kind.table) e "
            + "JOIN migration_\(kind.table)_origin o USING (id) "
            + "WHERE e.id = '\(record.id.replacingOccurrences(of: "'", with: "''"))'")
        #expect(
          row == "\(Fixtures.exampleTree)|\(origin.path)|\(origin.sha256)|1")
        #expect(
          try sqlite3(path, "SELECT count(*) FROM migration_\(kind.table)_origin")
            == "\(try reader.count(RecordQuery(kind)))")
      }
    }
  }

  /// SQLite would refuse the steps of such an application if a view named its tables.
  @Test func otherApplicationsCanRebuildTheirTables() throws {
    _ = try migrate()
    let before = try sqlite3(path, "SELECT id, name FROM patterns ORDER BY id")
    _ = try sqlite3(
      path,
      """
      BEGIN;
      CREATE TABLE new_patterns AS SELECT * FROM patterns;
      DROP TABLE patterns;
      ALTER TABLE new_patterns RENAME TO patterns;
      ALTER TABLE patterns RENAME COLUMN ring_count TO rings;
      ALTER TABLE patterns RENAME COLUMN rings TO ring_count;
      ALTER TABLE joblogs ADD COLUMN machine TEXT;
      ALTER TABLE joblogs DROP COLUMN machine;
      COMMIT;
      """)
    #expect(try sqlite3(path, "SELECT id, name FROM patterns ORDER BY id") == before)
    #expect(try sqlite3(path, "SELECT count(*) > 0 FROM migration_patterns_origin") == "1")
  }

  /// Old databases get the views with the first write, not before.
  @Test(arguments: 1...4)
  func olderDatabasesGetThem(_ version: Int) throws {
    try FileManager.default.copyItem(atPath: Fixtures.database(version: version), toPath: path)
    let shared =
      "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'migration%' "
      + "AND type <> 'index' AND name <> 'sqlite_sequence' ORDER BY 1, 2"
    let before = try sqlite3(path, shared)
    _ = try SQLiteStore(path: path).read { try $0.count(RecordQuery(.patterns)) }
    #expect(try views().isEmpty)
    let summary = try migrate()
    #expect(summary.ending == .completed)
    #expect(try views() == Self.names)
    if version > 1 { #expect(try sqlite3(path, shared) == before) }
    #expect(
      try sqlite3(path, "SELECT total_found FROM migration_run_counts")
        == "\(summary.statistics.total.found)")
    #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
  }

  @Test func aViewThatWasDroppedIsCreatedAgain() throws {
    _ = try migrate()
    let sql = "SELECT sql FROM sqlite_master WHERE name = 'migration_patterns_origin'"
    let before = try sqlite3(path, sql)
    _ = try sqlite3(path, "DROP VIEW migration_patterns_origin")
    _ = try migrate()
    #expect(try sqlite3(path, sql) == before)
    #expect(try views() == Self.names)
  }

  @Test func aViewOfAnotherApplicationStays() throws {
    _ = try migrate()
    let view = "CREATE VIEW migration_run_counts AS SELECT count(*) AS n FROM patterns"
    _ = try sqlite3(path, "DROP VIEW migration_run_counts; \(view)")
    _ = try migrate()
    #expect(
      try sqlite3(path, "SELECT sql FROM sqlite_master WHERE name = 'migration_run_counts'") == view
    )
    #expect(try views() == Self.names)
  }

  @Test func whatElseHasTheirNameStays() throws {
    _ = try migrate()
    _ = try sqlite3(
      path,
      "DROP VIEW migration_run_counts; CREATE TABLE migration_run_counts (a); "
        + "INSERT INTO migration_run_counts VALUES (7)")
    _ = try migrate()
    #expect(try sqlite3(path, "SELECT a FROM migration_run_counts") == "7")
  }

  /// Dropping the ledger leaves views of missing tables; the next write creates these again.
  @Test func aLedgerThatWasDroppedIsBegunAnew() throws {
    _ = try migrate()
    let tables = try sqlite3(
      path, "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'migration%'")
    let drops = tables.split(separator: "\n").map { "DROP TABLE \($0);" }.joined()
    _ = try sqlite3(path, drops + "PRAGMA user_version = 0")
    let again = try migrate()
    #expect(again.run == 1 && again.statistics.total.failed == 0)
    #expect(try views() == Self.names)
    #expect(try sqlite3(path, "SELECT count(*) FROM migration_run_counts") == "1")
  }

  @Test func aBackupHasThem() throws {
    _ = try migrate()
    let copy = directory.file("copy.db")
    try SQLiteStore(path: path).backUpSynchronously(to: copy)
    #expect(try sqlite3(copy, "SELECT count(*) FROM migration_run_counts") == "1")
  }
}
