import Foundation
import Testing

@Suite(.waiting) struct HistoryCommandTests {
  @Test func historyCountsByTheDayOfTheRun() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let runs = try Tool.run(["runs", "--db", "x.db", "--json"], in: workspace).json
    let started = try #require(
      (runs["runs"] as? [[String: Any]])?.first?["started_at"] as? String)
    let (listing, day) = (workspace.listing, started.prefix(10))
    let text = try Tool.run(["history", "--db", "x.db"], in: workspace)
    #expect(text.status == 0)
    #expect(
      text.output == """
        day         strip families  patterns  job logs  total
        \(day)               1         1         1      3

        """)
    let json = try Tool.run(["history", "--db", "x.db", "--json"], in: workspace)
    #expect(
      json.output.filter { !$0.isWhitespace } == """
        {"success":true,"history":[{"date":"\(day)","entities":\
        {"patterns":1,"strip_families":1,"joblogs":1},"total":3}],"total_migration_dates":1}
        """)
    #expect(workspace.listing == listing)
  }

  @Test func theLimitKeepsTheNewestDaysAndSaysSo() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "old.db"], in: workspace)
    // The entities were created on two days, as by the old tool.
    let sql =
      "DELETE FROM migration_provenance; UPDATE patterns SET created_at = '2025-02-01'"
    #expect(try Tool.shell("sqlite3 -init /dev/null old.db \"\(sql)\"", in: workspace).status == 0)
    let all = try Tool.run(["history", "--db", "old.db", "--json"], in: workspace).json
    let days = try #require(all["history"] as? [[String: Any]])
    #expect(days.count == all["total_migration_dates"] as? Int)
    try #require(days.count == 2)
    let text = try Tool.run(["history", "--db", "old.db", "--limit", "1"], in: workspace)
    #expect(text.output.contains(try #require(days[0]["date"] as? String)))
    #expect(text.output.contains("\n1 earlier day;"))
  }

  @Test func anEmptyDatabaseHasNoHistory() throws {
    let workspace = try Workspace()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let text = try Tool.run(["history", "--db", "x.db"], in: workspace)
    #expect(text.status == 0)
    #expect(text.output.hasPrefix("No entities with a date yet.\nNext: rmos-cli migrate"))
  }

  @Test(arguments: ["0", "x"])
  func aWrongLimitIsWrongUsage(_ limit: String) throws {
    #expect(try Tool.run(["history", "--limit", limit], in: Workspace()).status == 2)
  }
}
