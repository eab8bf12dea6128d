import Foundation
import RMOSModels
import RMOSTestSupport
import Testing

@testable import RMOSStore

@Suite("The newest entities in SQLite")
struct SQLiteNewestFirstTests {
  let directory: TemporaryDirectory
  let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
  }

  /// Job logs of legacy trees often lack `created_at`, and then all have the time of their run.
  @Test func aPageOfJobLogsIsReadFromTheIndexWithoutSorting() throws {
    let store = try SQLiteStore(path: path)
    let terms = try store.read { reader in
      try #require(reader as? SQLiteReader).session().statements[.joblogs].newestFirst
    }
    let plan = try sqlite3(
      path, "EXPLAIN QUERY PLAN SELECT * FROM joblogs ORDER BY \(terms) LIMIT 50 OFFSET 100")
    #expect(plan.contains("idx_joblogs_created"), "\(plan)")
    #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
  }

  @Test(arguments: ["WITHOUT ROWID", "VIEW"])
  func rowsWithoutNumbersAreOrderedByID(_ form: String) throws {
    _ = try SQLiteStore(path: path)
    let columns = "id TEXT PRIMARY KEY, job_type TEXT, created_at TEXT"
    let rows = "INSERT INTO t VALUES ('b', 's', '2025'), ('c', 's', '2026'), ('a', 's', '2025')"
    _ = try sqlite3(
      path,
      "DROP TABLE joblogs; CREATE TABLE t (\(columns)) WITHOUT ROWID; \(rows); "
        + (form == "VIEW"
          ? "CREATE VIEW joblogs AS SELECT * FROM t" : "ALTER TABLE t RENAME TO joblogs"))
    let store = try SQLiteStore(path: path, access: .readOnly)
    let query = RecordQuery(.joblogs).order(.newestFirst)
    #expect(try store.read { try $0.records(query).map(\.id) } == ["c", "a", "b"])
  }
}
