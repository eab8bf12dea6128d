import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

@Suite struct MigrationHistoryTests {
  typealias Backend = DashboardFixture.Backend

  private func fill(_ fixture: DashboardFixture) throws {
    try fixture.migrate(
      sample(.stripFamilies, "f1"), sample(.patterns, "p1"), startedAt: "2025-06-01T09:00:00Z")
    try fixture.migrate(sample(.patterns, "p2"), startedAt: "2025-06-02T09:00:00Z")
    try fixture.migrate(
      sample(.joblogs, "j1", ["pattern_id": .text("p2")]), startedAt: "2025-06-02T10:00:00Z")
    // In UTC, these are in the last hours of the previous day and the first of the next.
    try fixture.insert(
      sample(.patterns, "p3", ["created_at": .text("2025-06-02T01:00:00+02:00")]),
      sample(.patterns, "p4", ["created_at": .text("2024-12-31 23:30-01:00")]),
      sample(.patterns, "p5", ["created_at": .text("2025-06-02 00:00:00")]))
  }

  @Test(arguments: Backend.allCases)
  func historyIsTheContractsJSON(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fill(fixture)
    #expect(
      fixture.get("/migration/history").text == """
        {"success":true,"history":[\
        {"date":"2025-06-02","entities":{"patterns":2,"strip_families":0,"joblogs":1},"total":3},\
        {"date":"2025-06-01","entities":{"patterns":2,"strip_families":1,"joblogs":0},"total":3},\
        {"date":"2025-01-01","entities":{"patterns":1,"strip_families":0,"joblogs":0},"total":1}],\
        "total_migration_dates":3}

        """)
  }

  @Test(arguments: Backend.allCases)
  func theLimitKeepsTheNewestDays(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fill(fixture)
    let json = try fixture.get("/migration/history?limit=1").json
    #expect(json["history"]?[0]?["date"]?.string == "2025-06-02")
    #expect(json["history"]?[1] == nil)
    #expect(json["total_migration_dates"]?.int64 == 3)
  }

  @Test(arguments: Backend.allCases)
  func daysAreInTheOrderOfTheCalendar(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    let times = ["2025-06-02", "9999-12-31T23:30:00-01:00", "9999-12-31", "0001-01-01"]
    for time in times { try fixture.insert(sample(.patterns, time, ["created_at": .text(time)])) }
    let days = try MigrationHistory.read(from: fixture.store).days.map(\.date)
    #expect(days == ["10000-01-01", "9999-12-31", "2025-06-02", "0001-01-01"])
  }

  @Test(arguments: ["0", "501", "-1", "1.5", "", "ten", "+5", "99999999999999999999"])
  func aLimitOutOfRangeIsRefused(_ limit: String) throws {
    let answer = try DashboardFixture(.inMemory).get("/migration/history?limit=\(limit)")
    #expect(answer.status == 422)
    #expect(answer.detail.contains("from 1 to 500"))
  }

  @Test(arguments: Backend.allCases)
  func entitiesWithoutADateAreCountedApart(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.insert(
      sample(.patterns, "p1", ["created_at": .text("yesterday")]),
      sample(.patterns, "p2", ["created_at": .text("2025-02-30")]),
      sample(.patterns, "p3", ["created_at": .text("2025-02-28")]))
    #expect(
      fixture.get("/migration/history").text == """
        {"success":true,"history":[\
        {"date":"2025-02-28","entities":{"patterns":1,"strip_families":0,"joblogs":0},"total":1}],\
        "total_migration_dates":1,"undated_entities":2}

        """)
  }

  @Test(arguments: Backend.allCases)
  func anEmptyStoreHasAnEmptyHistory(_ backend: Backend) throws {
    #expect(
      try DashboardFixture(backend).get("/migration/history").text
        == #"{"success":true,"history":[],"total_migration_dates":0}"# + "\n")
  }

  @Test func aRowThatAnOlderApplicationDeletedDoesNotCount() throws {
    let fixture = try DashboardFixture(.sqlite)
    try fill(fixture)
    try sqlite3(fixture.directory.file("rmos.db"), "DELETE FROM patterns WHERE id = 'p1'")
    let days = try MigrationHistory.read(from: fixture.store).days
    #expect(days.first { $0.date == "2025-06-01" }?.entities[.patterns] == 1)
  }

  @Test func rowsCountOnceWhereverTheyStandAmongThoseOfOthers() throws {
    let fixture = try DashboardFixture(.sqlite)
    let ids = ["a", "a\u{0}", "aa", "b", "é", "z", "🎸"]
    for (index, id) in ids.enumerated() {
      let pattern = sample(.patterns, id, ["created_at": .text("2025-01-01")])
      if index.isMultiple(of: 2) {
        try fixture.migrate(pattern, startedAt: "2025-06-0\(1 + index % 4)T09:00:00Z")
      } else {
        try fixture.insert(pattern)
      }
    }
    let days = try MigrationHistory.read(from: fixture.store).days
    #expect(days.map(\.date) == ["2025-06-03", "2025-06-01", "2025-01-01"])
    #expect(days.map(\.entities[.patterns]) == [2, 2, 3])
  }

  @Test func aDatabaseInUTF16HasTheSameHistory() throws {
    let fixture = try DashboardFixture(.sqlite)
    try fill(fixture)
    // Its bytes are in another order than those of UTF-8: what nobody migrated is before the b.
    for id in ["ā", "b", "🎸"] {
      try fixture.migrate(sample(.patterns, id), startedAt: "2025-06-05T09:00:00Z")
    }
    try fixture.insert(sample(.patterns, "\u{FF5E}"))
    let copy = fixture.directory.file("utf16.db")
    try shell(
      """
      { echo "PRAGMA encoding = 'UTF-16le';"; sqlite3 "$1" .dump; echo "PRAGMA user_version = 2;"; } \
      | sqlite3 "$2"
      """, fixture.directory.file("rmos.db"), copy)
    let store = try SQLiteStore(path: copy)
    #expect(FileManager.default.contents(atPath: copy)?[59] == 2)
    #expect(try MigrationHistory.read(from: store) == MigrationHistory.read(from: fixture.store))
    #expect(try MigrationHistory.read(from: store).days.first?.entities[.patterns] == 3)
  }
}
