import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite("Inspection of SQLite databases")
struct SQLiteInspectionTests {
  let directory: TemporaryDirectory
  var path: String { directory.file("rmos.db") }

  init() throws { directory = try TemporaryDirectory() }

  private func inspect<Result>(
    _ body: (any StoreReader & SchemaInspecting) throws -> Result
  ) throws -> Result {
    try SQLiteStore(path: path, access: .inspect).read { reader in
      try body(#require(reader.inspection as? any StoreReader & SchemaInspecting))
    }
  }

  @Test func everyReaderOfADatabaseInspects() throws {
    let store = try SQLiteStore(path: path)
    #expect(try store.read { $0.inspection.hasSchema })
    #expect(try !InMemoryStore().read { $0.inspection.hasSchema })
  }

  @Test func tablesAreToldAsTheyAre() throws {
    _ = try sqlite3(
      path,
      """
      CREATE TABLE patterns (ID TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT 'x', other)
        WITHOUT ROWID;
      CREATE TABLE joblogs (id INTEGER, p REFERENCES patterns(id));
      CREATE INDEX i ON joblogs(p, id DESC) WHERE id > 3;
      CREATE VIEW v AS SELECT 1;
      """)
    let tables = try inspect { try $0.inspectTables() }
    #expect(tables.map(\.name) == ["joblogs", "patterns", "v"])
    #expect(tables.map(\.isTable) == [true, true, false])
    #expect(tables.map(\.hasRowID) == [true, false, false])
    #expect(tables[1].column("id")?.isPrimaryKey == true)
    #expect(tables[1].column("NAME")?.isNotNull == true)
    #expect(tables[1].column("name")?.hasDefault == true)
    #expect(tables[1].column("other")?.type == "")
    #expect(tables[1].column("none") == nil)
    #expect(tables[0].indexes.map(\.columns) == ["p, id DESC"])
    #expect(tables[0].indexes.map(\.isPartial) == [true])
    #expect(tables[0].foreignKeys.map { "\($0.column) \($0.table)" } == ["p patterns"])
  }

  @Test(
    arguments: [
      ("id TEXT PRIMARY KEY", true),
      ("n INTEGER PRIMARY KEY, id TEXT UNIQUE", true), ("id TEXT", false),
      ("id TEXT, a, PRIMARY KEY (id, a)", false), ("id TEXT, a, UNIQUE (a, id)", false),
      ("id TEXT, a UNIQUE, b); CREATE UNIQUE INDEX i ON t(id", true),
      ("id TEXT, a); CREATE UNIQUE INDEX i ON t(id) WHERE (a = 1", false),
      ("id TEXT, a); CREATE UNIQUE INDEX i ON t(lower(id)", false),
      ("id TEXT, a); CREATE INDEX i ON t(id", false),
    ])
  func aColumnIsUniqueByItselfAlone(_ columns: String, _ isUnique: Bool) throws {
    _ = try sqlite3(path, "CREATE TABLE t (\(columns)\n);")
    let tables = try inspect { try $0.inspectTables() }
    #expect(tables.first?.column("id")?.isUnique == isUnique)
  }

  @Test func rowsAreReadWhateverTheyHold() throws {
    _ = try sqlite3(
      path,
      "CREATE TABLE patterns (name, id); "
        + "INSERT INTO patterns VALUES (x'00', 'a'), (CAST(x'41ff' AS TEXT), 7), (NULL, NULL)")
    let rows = try inspect { inspector in
      let table = try #require(try inspector.inspectTables().first)
      var rows: [InspectedRow] = []
      try inspector.forEachRow(of: .patterns, in: table) { rows.append($0) }
      return rows
    }
    #expect(rows.map(\.key.id) == ["a", nil, nil])
    #expect(rows.map(\.key.rowID) == [1, 2, 3])
    #expect(rows.map { $0.record["name"] } == [.blob([0]), .text("A\u{FFFD}"), .null])
    #expect(rows.map(\.invalidText) == [[], [1], []])
    #expect(rows.allSatisfy { $0.record["ring_count"] == .null })
  }

  @Test(arguments: [
    "CREATE TABLE albums (id)", "CREATE TABLE schema_version (x)",
    "CREATE TABLE schema_version (version); INSERT INTO schema_version VALUES (9)",
    "PRAGMA user_version = 9; CREATE TABLE migration_runs (x)",
  ])
  func whatIsRefusedForReadingIsOpenedForInspectionAndLeftAlone(_ sql: String) throws {
    _ = try sqlite3(path, sql)
    let before = try contents(directory.path)
    #expect(try inspect { try $0.inspectTables().count } == 1)
    #expect(try contents(directory.path) == before)
  }

  @Test func theVersionIsReadAsFarAsItIsThere() throws {
    _ = try sqlite3(
      path, "CREATE TABLE schema_version (version); INSERT INTO schema_version VALUES (9)")
    let version = try inspect { try $0.schemaVersion() }
    #expect(version == SchemaVersion(version: 9, appliedAt: nil))
    #expect(try inspect { try $0.ledgerVersion() } == nil)
  }

  @Test func inspectionRefusesToWrite() throws {
    _ = try SQLiteStore(path: path)
    let store = try SQLiteStore(path: path, access: .inspect)
    let error = #expect(throws: StoreError.self) { try store.write { _ in } }
    #expect(error?.code == .readOnly)
  }

  @Test func aLogThatAWriterLeftIsReadWithoutTouchingIt() throws {
    let writer = try Command("sqlite3", ["-init", "/dev/null", "-bail", "-batch", path])
    try writer.send("PRAGMA journal_mode = WAL; CREATE TABLE patterns (id, name);")
    try writer.send("INSERT INTO patterns VALUES ('a', 'b'); SELECT 'done';")
    while writer.line() != "done" {}
    writer.kill()
    let before = try contents(directory.path)
    #expect(before.keys.sorted() == ["rmos.db", "rmos.db-shm", "rmos.db-wal"])
    #expect(
      try inspect { inspector in
        var ids: [String] = []
        try inspector.forEachID(of: .patterns) { ids.append($0) }
        return ids
      } == ["a"])
    #expect(try contents(directory.path) == before)
  }

  @Test func danglingReferencesAreFoundWithoutAnIndexOnTheIds() throws {
    _ = try sqlite3(
      path,
      """
      CREATE TABLE patterns (id); CREATE TABLE joblogs (id, pattern_id);
      INSERT INTO patterns VALUES ('a'), ('a'), (NULL);
      INSERT INTO joblogs VALUES ('1', 'a'), ('2', 'b'), ('3', NULL), (x'00', 'c'), ('5', x'61');
      """)
    let found = try inspect { inspector in
      let table = try #require(try inspector.inspectTables().first { $0.name == "joblogs" })
      var found: [String] = []
      try inspector.forEachDanglingReference(of: .joblogs, field: 2, in: table) { key, reference in
        found.append("\(key.id ?? "?") \(key.rowID ?? 0) \(reference)")
      }
      return found
    }
    #expect(found == ["2 2 b", "? 4 c"])
  }
}
