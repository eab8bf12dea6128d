import Foundation
import RMOSModels
import RMOSTestSupport
import Testing

@testable import RMOSStore

@Suite("The SQLite schema")
struct SQLiteSchemaTests {
  let directory: TemporaryDirectory
  let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
  }

  /// The shared schema, copied from the documentation of the RMOS applications.
  private static let shared = """
    CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
    CREATE TABLE IF NOT EXISTS patterns (id TEXT PRIMARY KEY, name TEXT NOT NULL, ring_count INTEGER NOT NULL, geometry_json TEXT NOT NULL, strip_family_id TEXT, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, metadata_json TEXT, pattern_type TEXT NOT NULL DEFAULT 'generic', rosette_geometry TEXT);
    CREATE TABLE IF NOT EXISTS strip_families (id TEXT PRIMARY KEY, name TEXT NOT NULL, strip_width_mm REAL NOT NULL, strip_thickness_mm REAL NOT NULL, material_type TEXT NOT NULL, strips_json TEXT NOT NULL, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, metadata_json TEXT);
    CREATE TABLE IF NOT EXISTS joblogs (id TEXT PRIMARY KEY, job_type TEXT NOT NULL, pattern_id TEXT, strip_family_id TEXT, status TEXT NOT NULL DEFAULT 'pending', start_time TEXT, end_time TEXT, duration_seconds REAL, parameters_json TEXT NOT NULL, results_json TEXT, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, FOREIGN KEY (pattern_id) REFERENCES patterns(id), FOREIGN KEY (strip_family_id) REFERENCES strip_families(id));
    CREATE INDEX IF NOT EXISTS idx_patterns_name ON patterns(name);
    CREATE INDEX IF NOT EXISTS idx_patterns_strip_family ON patterns(strip_family_id);
    CREATE INDEX IF NOT EXISTS idx_patterns_pattern_type ON patterns(pattern_type);
    CREATE INDEX IF NOT EXISTS idx_joblogs_pattern ON joblogs(pattern_id);
    CREATE INDEX IF NOT EXISTS idx_joblogs_strip_family ON joblogs(strip_family_id);
    CREATE INDEX IF NOT EXISTS idx_joblogs_status ON joblogs(status);
    CREATE INDEX IF NOT EXISTS idx_joblogs_created ON joblogs(created_at DESC);
    """

  /// A query for everything that SQLite knows about the tables.
  private static let description = """
    SELECT m.name, c.* FROM sqlite_schema m, pragma_table_xinfo(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'migration_%' AND m.name NOT LIKE 'sqlite_%'
    ORDER BY m.name, c.cid;
    SELECT m.name, f.* FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
    WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq;
    SELECT m.tbl_name, m.name, c.* FROM sqlite_schema m, pragma_index_xinfo(m.name) c
    WHERE m.type = 'index' AND m.tbl_name NOT LIKE 'migration_%' ORDER BY m.name, c.seqno;
    """

  private static let recommended = [
    "idx_joblogs_created", "idx_joblogs_pattern", "idx_joblogs_status",
    "idx_joblogs_strip_family", "idx_patterns_name", "idx_patterns_pattern_type",
    "idx_patterns_strip_family",
  ]

  private func indexes() throws -> [String] {
    try sqlite3(
      path,
      "SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'idx_%' ORDER BY name"
    ).split(separator: "\n").map(String.init)
  }

  @Test func onlyTheFileOfANewDatabaseGetsLargePages() throws {
    let (new, old) = (directory.file("new.db"), directory.file("old.db"))
    _ = try sqlite3(old, "PRAGMA page_size = 1024; " + Self.shared)
    for (path, size) in [(new, "8192"), (old, "1024")] {
      try SQLiteStore(path: path).close()
      #expect(try sqlite3(path, "PRAGMA page_size") == size)
    }
  }

  @Test func theLedgersColumnsAreThoseThatSQLiteSees() throws {
    let connection = try SQLiteConnection(path: ":memory:", mode: .create, busyTimeout: .zero)
    for table in LedgerTable.all(.rmos) {
      try connection.execute(table.createSQL)
      let names = table.columns.map(\.name)
      #expect(try Set(names) == connection.columns(of: table.name), "\(table.name)")
      #expect(Set(names).count == names.count, "\(table.name)")
    }
  }

  /// Otherwise the second of two statements would be ignored silently.
  @Test func oneTextIsOneStatement() throws {
    let connection = try SQLiteConnection(path: ":memory:", mode: .create, busyTimeout: .zero)
    #expect(try connection.integer("SELECT 7 ; \n") == 7)
    for sql in ["SELECT 1; SELECT 2", "SELECT 1; -- and", "", "-- nothing"] {
      let error = #expect(throws: StoreError.self, "\(sql)") { try connection.integer(sql) }
      #expect(error?.code == .other)
    }
  }

  /// The outer check is still polled within the inner one, and after it.
  @Test func checksOfCancellationNest() throws {
    let connection = try SQLiteConnection(path: ":memory:", mode: .create, busyTimeout: .zero)
    func work() throws -> Int64? {
      try connection.integer(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
          + "SELECT count(*) FROM n")
    }
    var isOver = false
    let after: Int64?? = try connection.run(until: { isOver }) {
      #expect(try connection.run(until: { false }, work) == 100_000)
      isOver = true
      return try work()
    }
    #expect(after == nil)
    let during: Int64??? = try connection.run(until: { true }) {
      try connection.run(until: { false }, work)
    }
    #expect(during == .some(nil) || during == nil)
    #expect(try work() == 100_000)
  }

  @Test func resultCodesAreSQLitesOwn() {
    let codes: [SQLiteResult: Int32] = [
      .readOnlyRollback: 776, .readOnlyMoved: 1032, .constraintForeignKey: 787,
      .constraintPrimaryKey: 1555, .constraintUnique: 2067,
    ]
    for (result, number) in codes { #expect(result.rawValue == number) }
    #expect(SQLiteResult.constraint ~= .constraintUnique)
    #expect(!(SQLiteResult.constraintUnique ~= .constraint))
    #expect(!(SQLiteResult.constraintUnique ~= .constraintPrimaryKey))
  }

  @Test func isTheSharedSchema() throws {
    let reference = directory.file("reference.db")
    _ = try sqlite3(reference, Self.shared)
    _ = try SQLiteStore(path: path)
    let expected = try sqlite3(reference, Self.description)
    #expect(expected.contains("idx_joblogs_created"))
    #expect(try sqlite3(path, Self.description) == expected)
  }

  @Test func holdsNothingThatOlderApplicationsStumbleOver() throws {
    _ = try SQLiteStore(path: path)
    // The only views are those of the ledger, which do not use the shared tables.
    let odd =
      "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index') "
      + "AND (type <> 'view' OR name NOT LIKE 'migration_%' OR sql LIKE '%FROM patterns%') "
    #expect(try sqlite3(path, odd + "OR sql LIKE '%STRICT%' OR sql LIKE '%GENERATED%'") == "0")
  }

  @Test func anOlderApplicationCanReadAndWriteIt() throws {
    let store = try SQLiteStore(path: path)
    let batch = StoreSamples.batch(.patterns, [.init(StoreSamples.record(.patterns, "ours"))])
    try store.write { try $0.insert(batch, at: 0, run: 1) }
    let script = """
      INSERT INTO patterns (id, name, ring_count, geometry_json) VALUES ('theirs', 'n', 3, '{}');
      INSERT INTO joblogs (id, job_type, pattern_id, parameters_json)
      VALUES ('log', 'slice', 'theirs', '{}');
      UPDATE patterns SET name = 'changed' WHERE id = 'ours';
      """
    #expect(try sqlite3(path, script) == "")
    try store.read { reader throws in
      let theirs = try reader.record(.patterns, id: "theirs")
      #expect(theirs?["pattern_type"] == .text("generic"))
      #expect(theirs?["metadata"] == .null)
      #expect(try reader.record(.patterns, id: "ours")?["name"] == .text("changed"))
      #expect(try reader.record(.joblogs, id: "log")?["status"] == .text("pending"))
    }
    // A row that other applications delete gets new provenance when it is migrated again.
    _ = try sqlite3(path, "DELETE FROM patterns WHERE id = 'ours'")
    try store.write { try $0.insert(batch, at: 0, run: 2) }
    #expect(try store.read { try $0.provenance(.patterns, id: "ours")?.run } == 2)
  }

  @Test func aBulkLoadIntoEmptyTablesGoesWithoutIndexesUntilItsEnd() throws {
    let store = try SQLiteStore(path: path)
    #expect(try indexes() == Self.recommended)
    try store.withExclusiveWriter {
      try store.beginBulkLoad()
      #expect(try indexes() == [])
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      try store.endBulkLoad()
    }
    #expect(try indexes() == Self.recommended)
    try store.beginBulkLoad()
    #expect(try indexes() == Self.recommended, "the tables are not empty")
  }

  @Test func anIndexOfSomeoneElseStays() throws {
    let store = try SQLiteStore(path: path)
    _ = try sqlite3(path, "CREATE INDEX idx_mine ON patterns(ring_count)")
    try store.beginBulkLoad()
    #expect(try indexes() == ["idx_mine"])
    try store.endBulkLoad()
    #expect(try indexes().contains("idx_mine"))
  }

  @Test(arguments: [SQLiteStore.Access.create, .readWrite])
  func aLoadThatWasCutOffGetsItsIndexesWhenItIsOpened(_ access: SQLiteStore.Access) throws {
    do {
      let store = try SQLiteStore(path: path)
      try store.beginBulkLoad()
    }
    _ = try SQLiteStore(path: path, access: .readOnly)
    #expect(try indexes() == [])
    _ = try SQLiteStore(path: path, access: access)
    #expect(try indexes() == Self.recommended)
  }

  @Test func aLoadUnderWayIsNotDisturbedByAnotherThatOpens() throws {
    let store = try SQLiteStore(path: path)
    try store.withExclusiveWriter {
      try store.beginBulkLoad()
      _ = try SQLiteStore(path: path)
      #expect(try indexes() == [])
      try store.endBulkLoad()
    }
    #expect(try indexes() == Self.recommended)
  }

  @Test func statisticsAreKeptInTheirPublicShape() throws {
    let store = try SQLiteStore(path: path)
    var run = StoreSamples.run()
    run.statistics[.patterns].migrated = 2
    run.statistics[.patterns].failed = 1
    run.issueCounts = [.fieldMissing: 4]
    try store.write { _ = try $0.beginRun(run) }
    let sql =
      "SELECT statistics_json -> '$.patterns', statistics_json ->> '$.joblogs.found', "
      + "issue_counts_json FROM migration_runs"
    #expect(
      try sqlite3(path, sql)
        == #"{"found":3,"migrated":2,"updated":0,"skipped":0,"failed":1}|0|{"field.missing":4}"#)
  }

  @Test func aLedgerThatSomeoneBrokeReadsAsEmptyCounts() throws {
    let store = try SQLiteStore(path: path)
    let id = try store.write { try $0.beginRun(StoreSamples.run()) }
    for json in ["no JSON", "[1,2]", "7", #"{"patterns":"x"}"#, #"{"patterns":{"failed":"x"}}"#] {
      _ = try sqlite3(
        path, "UPDATE migration_runs SET statistics_json = '\(json)', issue_counts_json = 'x'")
      let run = try store.read { try $0.run(id) }
      #expect(run?.statistics == MigrationStatistics(), "\(json)")
      #expect(run?.issueCounts == [:])
    }
  }
}
