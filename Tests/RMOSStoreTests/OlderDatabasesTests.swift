import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite("Databases of other versions")
struct OlderDatabasesTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let schemaSQL =
    "SELECT type, name, tbl_name, sql FROM sqlite_schema "
    + "WHERE tbl_name NOT LIKE 'migration_%' AND name <> 'sqlite_sequence' ORDER BY name"

  private func rows(_ path: String, _ columns: String = "*") throws -> String {
    try ["strip_families", "joblogs", "schema_version"].map {
      try sqlite3(path, "SELECT * FROM \($0) ORDER BY 1")
    }.joined() + sqlite3(path, "SELECT \(columns) FROM patterns ORDER BY 1")
  }

  @Test func version1IsUpgradedInPlace() throws {
    let path = try Fixtures.copyDatabase(version: 1, into: directory)
    let columns =
      "id, name, ring_count, geometry_json, strip_family_id, created_at, updated_at, metadata_json"
    let before = try rows(path, columns)
    let store = try SQLiteStore(path: path)
    try store.bringUpToDate()
    let after = try rows(path, columns)
    #expect(after.contains("\n2|"))
    #expect(
      after.replacing(/\n2\|[0-9: -]+/, with: "") == before, "only the version row is new")
    #expect(
      try sqlite3(path, "SELECT DISTINCT pattern_type, rosette_geometry IS NULL FROM patterns")
        == "generic|1")
    #expect(try store.read { try $0.schemaVersion()?.version } == 2)

    let fresh = directory.file("fresh.db")
    _ = try SQLiteStore(path: fresh)
    let shape =
      "SELECT m.name, c.* FROM sqlite_schema m, pragma_table_info(m.name) c "
      + "WHERE m.type = 'table' ORDER BY m.name, c.cid; "
      + "SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY name"
    #expect(try sqlite3(path, shape) == sqlite3(fresh, shape))
  }

  @Test func version1CanBeReadWithoutUpgrade() throws {
    let path = try Fixtures.copyDatabase(version: 1, into: directory)
    let before = try contents(directory.path)
    let readOnly = try SQLiteStore(path: path, access: .readOnly)
    let read = try readOnly.read { reader throws in
      #expect(try reader.schemaVersion()?.version == 1)
      #expect(try reader.runs(limit: nil) == [])
      let generic = RecordQuery(.patterns).filter("pattern_type", is: .text("generic"))
      #expect(try reader.count(generic) == 7)
      #expect(try reader.count(RecordQuery(.patterns).filter("pattern_type", contains: "NER")) == 7)
      let none = RecordQuery(.patterns).filter("rosette_geometry", is: .null)
      #expect(try reader.count(none) == 7)
      return try reader.records(RecordQuery(.patterns))
    }
    #expect(try contents(directory.path) == before)
    let upgraded = try SQLiteStore(path: path)
    #expect(try upgraded.read { try $0.records(RecordQuery(.patterns)) } == read)
  }

  @Test(arguments: ["ABORT", "ROLLBACK", "FAIL"])
  func anUpgradeThatFailsLeavesVersion1(_ kind: String) throws {
    let path = try Fixtures.copyDatabase(version: 1, into: directory)
    _ = try sqlite3(
      path,
      "CREATE TRIGGER refuse BEFORE INSERT ON schema_version "
        + "BEGIN SELECT RAISE(\(kind), 'refused by a trigger'); END")
    let before = try sqlite3(path, Self.schemaSQL) + rows(path)
    let store = try SQLiteStore(path: path)
    let error = #expect(throws: StoreError.self) { try store.bringUpToDate() }
    #expect(error?.message.contains("refused by a trigger") == true)
    #expect(try sqlite3(path, Self.schemaSQL) + rows(path) == before)
    #expect(try store.read { try $0.schemaVersion()?.version } == 1)
  }

  @Test(arguments: [1, 2, 3, 4])
  func nothingChangesBeforeTheFirstWriteThatIsKept(_ version: Int) throws {
    struct GivenUp: Error {}
    let path = try Fixtures.copyDatabase(version: version, into: directory)
    let before = try contents(directory.path)
    let store = try SQLiteStore(path: path)
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 7)
    #expect(try contents(directory.path) == before)
    let all = "SELECT * FROM sqlite_schema; PRAGMA user_version"
    let (schema, data) = (try sqlite3(path, all), try rows(path))
    #expect(throws: GivenUp.self) {
      try store.write { transaction throws in
        #expect(try transaction.schemaVersion()?.version == max(2, version))
        _ = try transaction.beginRun(StoreSamples.run())
        try transaction.insert(StoreSamples.record(.patterns, "new"))
        throw GivenUp()
      }
    }
    #expect(try sqlite3(path, all) == schema)
    #expect(try rows(path) == data)
    #expect(try store.read { try $0.schemaVersion()?.version } == version)
    let run = try store.write { try $0.beginRun(StoreSamples.run()) }
    let (found, runs) = try store.read { (try $0.schemaVersion()?.version, try $0.runs(limit: 9)) }
    #expect(found == max(2, version) && runs.map(\.id) == [run])
  }

  @Test func aReaderSeesWhatAnotherStoreUpgraded() throws {
    let path = try Fixtures.copyDatabase(version: 1, into: directory)
    // In WAL mode both may be open.
    _ = try sqlite3(path, "PRAGMA journal_mode = WAL")
    let writer = try SQLiteStore(path: path)
    let reader = try SQLiteStore(path: path)
    #expect(try reader.read { try $0.schemaVersion()?.version } == 1)
    var pattern = StoreSamples.record(.patterns, "new")
    pattern.values[EntityKind.patterns.schema.position(ofMember: "pattern_type") ?? 0] =
      .text("special")
    try writer.write { transaction in
      _ = try transaction.beginRun(StoreSamples.run())
      try transaction.insert(pattern)
    }
    try reader.read { snapshot throws in
      #expect(try snapshot.schemaVersion()?.version == 2)
      #expect(try snapshot.runs(limit: nil).count == 1)
      #expect(try snapshot.record(.patterns, id: "new") == pattern)
    }
  }

  @Test func theFirstWriteWaitsForAnApplicationThatWrites() throws {
    let path = try Fixtures.copyDatabase(version: 2, into: directory)
    let other = try Command("sqlite3", ["-init", "/dev/null", "-bail", "-batch", path])
    // The commit may come just when the waiting store checks whether it can write.
    try other.send(".timeout 60000")
    try other.send("BEGIN IMMEDIATE; SELECT 'begun';")
    #expect(other.line() == "begun")
    let store = try SQLiteStore(path: path, busyTimeout: .zero)
    #expect(throws: StoreError.self) { try store.bringUpToDate() }
    try other.send(".shell sleep 0.2")
    try other.send("COMMIT;")
    try SQLiteStore(path: path, busyTimeout: .seconds(60)).bringUpToDate()
    #expect(try other.finish() == "")
    #expect(try sqlite3(path, "PRAGMA user_version") == "3")
  }

  @Test(arguments: [
    ("ALTER TABLE joblogs DROP COLUMN end_time", "joblogs.end_time"),
    ("DROP TABLE joblogs", "no table joblogs"),
    ("ALTER TABLE joblogs RENAME TO j; CREATE VIEW joblogs AS SELECT * FROM j", "is a view"),
  ])
  func whatANewerApplicationHasOtherwiseIsRefusedUntouched(_ change: String, _ story: String) throws
  {
    let path = try Fixtures.copyDatabase(version: 4, into: directory)
    _ = try sqlite3(path, change)
    let before = try contents(directory.path)
    let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: path) }
    #expect(error?.code == .unusableSchema && error?.message.contains(story) == true)
    #expect(try contents(directory.path) == before)
  }

  @Test func version2GetsOnlyTheIndexesItLacks() throws {
    let path = try Fixtures.copyDatabase(version: 2, into: directory)
    let before = try sqlite3(path, Self.schemaSQL)
    let data = try rows(path)
    try SQLiteStore(path: path, access: .readWrite).bringUpToDate()
    #expect(try rows(path) == data)
    let after = try sqlite3(path, Self.schemaSQL)
    #expect(after.contains("idx_joblogs_strip_family"))
    let added = Set(after.split(separator: "\n")).subtracting(before.split(separator: "\n"))
    #expect(added.count == 1)
  }

  @Test(arguments: [3, 4])
  func newerApplicationsTablesStayAsTheyAre(_ version: Int) throws {
    let path = try Fixtures.copyDatabase(version: version, into: directory)
    let (schema, data) = (try sqlite3(path, Self.schemaSQL), try rows(path))
    do {
      let store = try SQLiteStore(path: path)
      #expect(try store.read { try $0.schemaVersion()?.version } == version)
      try store.withExclusiveWriter {
        try store.beginBulkLoad()
        try store.endBulkLoad()
      }
      #expect(try sqlite3(path, Self.schemaSQL) == schema)
      #expect(try rows(path) == data)
      try store.write { try $0.insert(StoreSamples.record(.patterns, "new")) }
      #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 8)
      #expect(try store.write { try $0.delete(.patterns, id: "new") })
    }
    #expect(try sqlite3(path, Self.schemaSQL) == schema)
    #expect(try rows(path) == data)
    #expect(try sqlite3(path, "PRAGMA journal_mode; PRAGMA user_version") == "wal\n3")
  }

  @Test(arguments: [3, 4])
  func aBulkLoadIntoEmptyTablesOfNewerApplicationsKeepsTheirIndexes(_ version: Int) throws {
    let path = try Fixtures.copyDatabase(version: version, into: directory)
    _ = try sqlite3(path, "DELETE FROM joblogs; DELETE FROM patterns; DELETE FROM strip_families")
    let schema = try sqlite3(path, Self.schemaSQL)
    let store = try SQLiteStore(path: path)
    try store.beginBulkLoad()
    #expect(try sqlite3(path, Self.schemaSQL) == schema)
  }

  @Test(arguments: [1, 2, 3, 4])
  func everyVersionIsReadInFull(_ version: Int) throws {
    let path = try Fixtures.copyDatabase(version: version, into: directory)
    for access in [SQLiteStore.Access.readOnly, .readWrite, .readOnly] {
      let store = try SQLiteStore(path: path, access: access)
      try store.read { reader throws in
        for (kind, count) in [(EntityKind.stripFamilies, 8), (.patterns, 7), (.joblogs, 12)] {
          var streamed: [Record] = []
          try reader.forEachRecord(kind) { streamed.append($0) }
          #expect(streamed.count == count)
          #expect(try reader.count(RecordQuery(kind)) == count)
          for record in streamed {
            #expect(try reader.record(kind, id: record.id) == record)
            let batch = StoreSamples.batch(kind, [.init(record)])
            #expect(try reader.comparison(of: batch, at: 0) == .identical)
          }
        }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4])
  func readingChangesNothingOnDisk(_ version: Int) throws {
    let path = try Fixtures.copyDatabase(version: version, into: directory)
    for mode in ["delete", "wal"] {
      _ = try sqlite3(path, "PRAGMA journal_mode = \(mode)")
      let before = try contents(directory.path)
      let store = try SQLiteStore(path: path, access: .readOnly)
      _ = try store.read { reader throws in
        let during = try contents(directory.path)
        #expect(during == before)
        return try reader.count(RecordQuery(.patterns))
      }
      #expect(try contents(directory.path) == before)
    }
  }
}
