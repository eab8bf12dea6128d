import RMOSModels
import RMOSTestSupport
import Testing

@testable import RMOSStore

@Suite("The issues of a run in SQLite")
struct IssueQueryPlanTests {
  /// The plan must not sort: the query stops when the page is full, and skips other runs.
  @Test func aPageIsReadAlongTheKeyWithoutSorting() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("rmos.db")
    _ = try SQLiteStore(path: path)
    var query = IssueQuery(run: 3)
    var queries = [query]
    for severity in Severity.allCases {
      query.severity = severity
      queries.append(query)
    }
    (query.code, query.kind, query.isNew) = (.fieldMissing, .patterns, true)
    queries.append(query)
    for query in queries {
      let sql = query.sql(ledgerVersion: SchemaVersion.ledger.upperBound)
      let plan = try sqlite3(path, "EXPLAIN QUERY PLAN \(sql)")
      #expect(plan.contains("SEARCH migration_issues USING PRIMARY KEY (run_id=?)"), "\(plan)")
      #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
    }
  }

  /// Ledgers of an older version do not record which failures are new.
  @Test func whatAnOlderLedgerLacksIsUnknown() throws {
    var query = IssueQuery(run: 3)
    query.isNew = true
    let sql = query.sql(ledgerVersion: 2)
    #expect(!sql.contains("is_new"))
    #expect(sql.contains("(NULL <> 0) = ?6"))
  }
}
