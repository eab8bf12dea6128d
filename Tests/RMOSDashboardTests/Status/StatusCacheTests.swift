import Foundation
import RMOSAudit
@testable import RMOSDashboard
import RMOSAnalytics
import RMOSHTML
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTestSupport
import Synchronization
import Testing

@Suite struct StatusCacheTests {
  /// A health check that counts how often it runs.
  final class Probe: Sendable {
    private let state = Mutex(0)
    var count: Int { state.withLock { $0 } }

    func check(isComplete: Bool, onAsk: @escaping @Sendable () -> Void = {}) -> HealthCheck {
      HealthCheck { [self] _ in
        onAsk()
        state.withLock { $0 += 1 }
        return HealthReport(notChecked: isComplete ? [] : ["rows"])
      }
    }
  }

  @Test(arguments: DashboardFixture.Backend.allCases)
  func nothingIsCheckedAgainUntilTheStoreChanges(_ backend: DashboardFixture.Backend) throws {
    let probe = Probe()
    let fixture = try DashboardFixture(backend, health: probe.check(isComplete: true))
    for _ in 0..<5 {
      _ = fixture.get("/migration/status")
      fixture.uptime.pass(100)
    }
    #expect(probe.count == 1)
    try fixture.insert(EntityAnswersTests.pattern("p1"))
    #expect(fixture.get("/migration/status").text.contains(#""patterns":1"#))
    #expect(probe.count == 2)
  }

  @Test func manyWhoAskAtOnceGetTheResultOfOneCheck() throws {
    let probe = Probe()
    let fixture = try DashboardFixture(
      .inMemory, health: probe.check(isComplete: true) { Thread.sleep(forTimeInterval: 0.1) })
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      #expect(fixture.get("/migration/status").status == 200)
    }
    #expect(probe.count == 1)
  }

  @Test func aCostlyCheckRunsOnceASecondDuringAMigration() throws {
    let probe = Probe()
    let clock = Mutex<(@Sendable () -> Void)?>(nil)
    let fixture = try DashboardFixture(
      .sqlite, health: probe.check(isComplete: true) { clock.withLock { $0 }?() })
    // Each check takes a twentieth of a second.
    clock.withLock { $0 = { [uptime = fixture.uptime] in uptime.pass(0.05) } }
    _ = fixture.get("/migration/status")
    let other = try SQLiteStore(path: fixture.directory.file("rmos.db"))
    try other.withExclusiveWriter {
      for number in 0..<20 {
        try other.write { try $0.insert(EntityAnswersTests.pattern("p\(number)")) }
        _ = fixture.get("/migration/status")
        fixture.uptime.pass(0.1)
      }
      #expect((2...4).contains(probe.count))
    }
    // After the writer has ended, the response is up to date.
    #expect(fixture.get("/migration/status").text.contains(#""patterns":20"#))
  }

  @Test func aChangeNowAndThenIsSeenAtOnceAndConstantOnesTakeATenthOfTheTime() throws {
    let probe = Probe()
    let clock = Mutex<(@Sendable () -> Void)?>(nil)
    let fixture = try DashboardFixture(
      .sqlite, health: probe.check(isComplete: true) { clock.withLock { $0 }?() })
    clock.withLock { $0 = { [uptime = fixture.uptime] in uptime.pass(0.3) } }
    for number in 0..<3 {
      try fixture.insert(EntityAnswersTests.pattern("p\(number)"))
      #expect(fixture.get("/migration/status").text.contains(#""id":"p\#(number)""#))
      fixture.uptime.pass(20)
    }
    let asked = probe.count
    for number in 0..<300 {
      try fixture.insert(EntityAnswersTests.pattern("q\(number)"))
      _ = fixture.get("/migration/status")
      fixture.uptime.pass(0.33)
    }
    // Of about 100 seconds, checks may take a tenth, in addition to the initial budget of a second.
    #expect((25...45).contains(probe.count - asked))
    // An outdated response is not kept for long.
    for day in 2...4 {
      try fixture.insert(EntityAnswersTests.pattern("day\(day)", day))
      _ = fixture.get("/migration/status")
    }
    #expect(!fixture.get("/migration/status").text.contains("day4"))
    fixture.uptime.pass(20)
    #expect(fixture.get("/migration/status").text.contains("day4"))
  }

  @Test func aChangeThroughTheInterfaceIsSeenAtOnce() throws {
    let probe = Probe()
    let clock = Mutex<(@Sendable () -> Void)?>(nil)
    let fixture = try DashboardFixture(
      .inMemory, allowsWrites: true,
      health: probe.check(isComplete: true) { clock.withLock { $0 }?() })
    clock.withLock { $0 = { [uptime = fixture.uptime] in uptime.pass(3) } }
    _ = fixture.get("/migration/status")
    #expect(fixture.send("POST", "/strip-families", json: WritingTests.family).status == 201)
    #expect(fixture.get("/migration/status").text.contains(#""strip_families":1"#))
  }

  @Test func anIncompleteCheckIsSaidAndCompletedByAnAuditOfTheSameState() throws {
    let probe = Probe()
    let fixture = try DashboardFixture(
      .sqlite, health: probe.check(isComplete: false), auditing: BackgroundAudit.whole)
    try fixture.insert(sample(.stripFamilies, "f1", ["material_type": .text(" ")]))
    let first = fixture.get("/migration/status")
    #expect(first.text.contains(#""not_checked":["rows"]"#))
    #expect(try first.json["validation"]?["status"]?.string == "not_checked")
    #expect(try first.json["last_audit"] == .null)
    #expect(fixture.audit?.auditIfDue() == true)
    let second = fixture.get("/migration/status")
    #expect(second.field("ETag") != first.field("ETag"))
    #expect(second.text.contains(#""not_checked":[]"#))
    #expect(try second.json["validation"]?["status"]?.string == "errors_detected")
    #expect(try second.json["last_audit"]?["verdict"]?.string == "errors")
    #expect(try second.json["last_audit"]?["changed_since"] == .bool(false))
    // The audit is of an earlier state, and the new one has not been checked completely.
    try fixture.insert(sample(.stripFamilies, "f2"))
    let third = fixture.get("/migration/status")
    #expect(third.text.contains(#""not_checked":["rows"]"#))
    #expect(try third.json["last_audit"]?["changed_since"] == .bool(true))
    let page = fixture.request("GET", "/").text
    #expect(page.contains(#"<p class="verdict errors">"#))
    #expect(page.contains("the database has changed since"))
  }

  /// A store in which counting days waits for a signal.
  private struct SlowCounting: StoreWrapper {
    private final class Reader: StoreReaderWrapper {
      let reader: any StoreReader
      private let mayCount: DispatchSemaphore

      init(_ reader: any StoreReader, _ mayCount: DispatchSemaphore) {
        self.reader = reader
        self.mayCount = mayCount
      }

      func entityDays() throws -> EntityDays {
        #expect(mayCount.wait(timeout: .now() + 60) == .success)
        return try reader.entityDays()
      }
    }

    let base: any RecordStore
    let mayCount = DispatchSemaphore(value: 0)

    func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
      try base.read { try body(Reader($0, mayCount)) }
    }
  }

  @Test func aPageDoesNotWaitUntilManyDaysAreCounted() throws {
    try TemporaryDirectory.use { directory in
      let base = try SQLiteStore(path: directory.file("rmos.db"))
      try base.write { try $0.insert(EntityAnswersTests.pattern("p1")) }
      let store = SlowCounting(base: base)
      let cache = StatusCache(
        store, audit: { _ in .off }, many: 10, patience: .zero, uptime: { 0 })
      #expect(try cache.entityDaysForPage(of: 10) == nil)
      #expect(try cache.entityDaysForPage(of: 10) == nil)
      store.mayCount.signal()
      // With few entities they are counted at once, and then cached for this state.
      let expected = try base.read { try $0.entityDays() }
      store.mayCount.signal()
      #expect(try cache.entityDaysForPage(of: 9) == expected)
      #expect(try cache.entityDaysForPage(of: 10) == expected)
      // The counts of one state are not shown for another.
      try base.write { try $0.insert(EntityAnswersTests.pattern("p2")) }
      store.mayCount.signal()
      store.mayCount.signal()
      #expect(try cache.entityDays().value != expected)
    }
  }

  @Test func aPageShowsThatItsDaysAreBeingCounted() throws {
    let store = InMemoryStore()
    let page = try OverviewPage(store: store, status: PageSamples.status(), today: .today) { nil }
    #expect(page.document.main.markup.contains("data-refreshing"))
    #expect(page.document.refreshSeconds != nil)
    let counted = try OverviewPage(store: store, status: PageSamples.status(), today: .today) {
      PageSamples.history()
    }
    #expect(!counted.document.main.markup.contains("data-refreshing"))
    #expect(counted.document.refreshSeconds == nil)
  }

  @Test func aStoreWithoutATokenIsReadEachTime() throws {
    let base = InMemoryStore()
    var options = Dashboard.Options()
    options.auditInterval = nil
    let dashboard = Dashboard(store: TokenlessStore(base: base), options: options)
    func get(_ path: String, _ tag: String? = nil) -> ServerResponse {
      dashboard.response(
        to: ServerRequest(
          method: "GET", target: "/api/rmos/stores" + path,
          fields: tag.map { [HeaderField("If-None-Match", $0)] } ?? []))
    }
    for path in ["/migration/status", "/migration/history", "/patterns", "/patterns/statistics"] {
      let tag = try #require(get(path).field("ETag"))
      #expect(get(path, tag).status == 304)
      try base.write { try $0.insert(EntityAnswersTests.pattern(path)) }
      #expect(get(path, tag).status == 200)
    }
  }
}

private struct TokenlessStore: StoreWrapper {
  let base: any RecordStore
  func changeToken() -> String? { nil }
}

@Suite struct EntityTotalsTests {
  private func total(_ fixture: DashboardFixture, _ query: String = "") throws -> Int? {
    try fixture.send("GET", "/patterns" + query).json["total"]?.int64.map(Int.init)
  }

  @Test(arguments: DashboardFixture.Backend.allCases)
  func aTotalIsThatOfTheStoreHoweverItChanges(_ backend: DashboardFixture.Backend) throws {
    let fixture = try DashboardFixture(backend)
    #expect(try total(fixture) == 0)
    for number in 1...3 {
      try fixture.insert(sample(.patterns, "p\(number)"))
      for query in ["", "?limit=1", "?offset=9", "?order=newest"] {
        #expect(try total(fixture, query) == number)
      }
    }
    #expect(try fixture.store.write { try $0.delete(.patterns, id: "p2") })
    #expect(try total(fixture) == 2)
  }

  @Test func aTotalBelongsToTheSnapshotOfItsList() throws {
    let fixture = try DashboardFixture(.sqlite)
    try fixture.insert(sample(.patterns, "a"))
    let totals = EntityTotals(fixture.store)
    let query = RecordQuery(.patterns)
    for isKnown in [false, true] {
      let token = fixture.store.changeToken()
      if isKnown {
        _ = try fixture.store.read { try totals.count(query, in: $0, since: token) }
      }
      let before = try fixture.store.read { try $0.count(query) }
      try fixture.store.read { reader in
        try fixture.insert(sample(.patterns, "new \(isKnown)"))
        #expect(try totals.count(query, in: reader, since: token) == before)
      }
      // A new snapshot is read although the token is old.
      #expect(
        try fixture.store.read { try totals.count(query, in: $0, since: token) } == before + 1)
    }
  }
}
