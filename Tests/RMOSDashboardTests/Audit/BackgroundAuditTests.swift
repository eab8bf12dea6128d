import Foundation
import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTestSupport
import Synchronization
import Testing

@testable import RMOSDashboard

@Suite struct BackgroundAuditTests {
  private static let place = "/migration/audit"

  private func page(_ fixture: DashboardFixture, _ query: String = "") -> ServerResponse {
    fixture.request("GET", "/audit" + query)
  }

  /// The class of the verdict on a page.
  private func mood(_ response: ServerResponse) -> String? {
    response.text.firstMatch(of: #/<p class="verdict (\w+)">/#).map { String($0.output.1) }
  }

  // MARK: Beginning

  @Test(arguments: DashboardFixture.Backend.allCases)
  func anAuditIsMadeAtOnceThenAfterAChangeAndAnInterval(
    _ backend: DashboardFixture.Backend
  ) throws {
    let fixture = try DashboardFixture(backend, auditing: BackgroundAudit.whole)
    let audit = try #require(fixture.audit)
    #expect(audit.auditIfDue())
    fixture.uptime.pass(100_000)
    #expect(!audit.auditIfDue(), "nothing has changed")
    try fixture.insert(sample(.stripFamilies, "f1"))
    #expect(audit.auditIfDue())
    try fixture.insert(sample(.stripFamilies, "f2"))
    fixture.uptime.pass(599)
    #expect(!audit.auditIfDue(), "too early")
    fixture.uptime.pass(1)
    #expect(audit.auditIfDue())
    #expect(audit.view().newest?.report.counts[.stripFamilies] == 2)
  }

  /// The health section shows one example per problem, with a link to the others.
  @Test func theOverviewNamesTheWorstAndLeadsToTheRest() throws {
    let fixture = try DashboardFixture(.inMemory, auditing: BackgroundAudit.whole)
    for number in 0..<3 {
      try fixture.insert(
        sample(.patterns, "p\(number)", ["ring_count": .text("many"), "name": .text(" ")]))
    }
    try fixture.insert(sample(.patterns, "q", ["geometry": .text("{"), "created_at": .text("?")]))
    try fixture.insert(
      sample(
        .joblogs, "j",
        ["status": .text("lost"), "pattern_id": .null, "strip_family_id": .null]))
    let before = fixture.request("GET", "/").text
    #expect(before.contains(" and 2 more like it</li>") && !before.contains("href=\"/audit#"))
    #expect(try #require(fixture.audit).auditIfDue())
    let html = fixture.request("GET", "/").text.withoutLookAndScript
    let section = try #require(html.firstMatch(of: /<ul class="findings">((?s).*?)<\/ul>\n(.*)/))
    #expect(section.output.1.matches(of: /<li>/).count == 3)
    #expect(section.output.2.contains(/<a href="\/audit">All \d+ on the audit page<\/a>/))
    #expect(!section.output.1.contains("errors of"))
    let link = try #require(
      section.output.1.firstMatch(of: /<a href="\/audit#([a-z_.]+)">and 2 more like it</))
    #expect(page(fixture).text.contains("<h2 id=\"\(link.output.1)\">"))
  }

  /// The numbers add up to that of all checks.
  @Test func checksAreCountedByHowTheyEnded() throws {
    let fixture = try DashboardFixture(.inMemory, auditing: BackgroundAudit.whole)
    try fixture.insert(sample(.patterns, "p", ["strip_family_id": .text("?")]))
    try fixture.insert(
      sample(
        .joblogs, "j",
        ["parameters": .text("{}"), "pattern_id": .null, "strip_family_id": .null]))
    #expect(try #require(fixture.audit).auditIfDue())
    let html = page(fixture).text
    let words = try #require(html.firstMatch(of: /<dt>Checks<\/dt><dd>([^<]*)</)).output.1
    let numbers = words.matches(of: /\d+/).compactMap { Int($0.output) }
    let all = try #require(html.firstMatch(of: /All (\d+) checks/)).output.1
    #expect(numbers.reduce(0, +) == Int(all), "\(words)")
    #expect(words.contains("passed, 1 failed, 1 with warnings"), "\(words)")
  }

  /// What happens when an audit begins.
  private final class Beginning: Sendable {
    private let state = Mutex<(@Sendable () -> Void)?>(nil)

    var body: (@Sendable () -> Void)? {
      get { state.withLock { $0 } }
      set { state.withLock { $0 = newValue } }
    }
  }

  /// Returns a fixture whose audits call the body of `beginning` when they begin.
  private func auditedFixture(_ beginning: Beginning) throws -> DashboardFixture {
    try DashboardFixture(
      .inMemory,
      auditing: {
        beginning.body?()
        return try BackgroundAudit.whole($0, $1)
      })
  }

  @Test func longAuditsTakeATenthOfTheTime() throws {
    let beginning = Beginning()
    let fixture = try auditedFixture(beginning)
    beginning.body = { [uptime = fixture.uptime] in uptime.pass(100) }
    let audit = try #require(fixture.audit)
    #expect(audit.auditIfDue())
    try fixture.insert(sample(.stripFamilies, "f1"))
    fixture.uptime.pass(899)
    #expect(!audit.auditIfDue())
    fixture.uptime.pass(1)
    #expect(audit.auditIfDue())
  }

  @Test func noAuditBeginsWhileAnotherProcessWrites() throws {
    let fixture = try DashboardFixture(.sqlite, auditing: BackgroundAudit.whole)
    let audit = try #require(fixture.audit)
    let other = try SQLiteStore(path: fixture.directory.file("rmos.db"))
    try other.withExclusiveWriter { #expect(!audit.auditIfDue()) }
    #expect(audit.auditIfDue())
  }

  @Test func aStoreThatCannotTellOfChangesIsAuditedAgain() throws {
    struct Tokenless: StoreWrapper {
      let base: any RecordStore
      func changeToken() -> String? { nil }
    }
    let uptime = DashboardFixture.Uptime()
    var clock = MigrationClock.fixed(DashboardFixture.now)
    clock.uptime = { .seconds(uptime.now) }
    let audit = BackgroundAudit(
      Tokenless(base: InMemoryStore()), .init(interval: .seconds(600), clock: clock))
    #expect(audit.auditIfDue())
    #expect(!audit.auditIfDue())
    #expect(audit.view().hasChanged == nil)
    uptime.pass(600)
    #expect(audit.auditIfDue())
  }

  @Test func oneAuditRunsAtATimeAndIsShown() throws {
    let beginning = Beginning()
    defer { beginning.body = nil }
    let fixture = try auditedFixture(beginning)
    let audit = try #require(fixture.audit)
    let seen = Mutex<[ServerResponse]>([])
    let more = Mutex(0)
    beginning.body = { [dashboard = fixture.dashboard] in
      if audit.auditIfDue() { more.withLock { $0 += 1 } }
      for target in ["/audit", "/api/rmos/stores/migration/audit"] {
        let answer = dashboard.response(to: ServerRequest(method: "GET", target: target))
        seen.withLock { $0.append(answer) }
      }
    }
    #expect(audit.auditIfDue())
    #expect(more.withLock { $0 } == 0)
    let first = seen.withLock { $0 }
    #expect(mood(first[0]) == "warnings")
    #expect(first[0].text.contains("Being checked."))
    #expect(first[0].text.contains("<div id=\"audit\" data-refreshing>"))
    #expect(first[0].text.contains("http-equiv=\"refresh\""))
    #expect(first[1].status == 202)
    #expect(try first[1].json["audit"] == .null)
    #expect(try first[1].json["under_way_since"]?.string == DashboardFixture.now)
    // During the next audit, the previous verdict is shown.
    seen.withLock { $0 = [] }
    try fixture.insert(sample(.stripFamilies, "f1"))
    fixture.uptime.pass(600)
    #expect(audit.auditIfDue())
    let second = seen.withLock { $0 }
    #expect(second[0].text.contains("the database has changed since"))
    #expect(second[0].text.contains("in progress since"))
    #expect(second[0].text.contains("data-refreshing"))
    #expect(!second[0].text.contains("http-equiv=\"refresh\""))
    #expect(second[1].status == 200)
    #expect(try second[1].json["under_way_since"]?.string == DashboardFixture.now)
    #expect(!page(fixture).text.contains("data-refreshing"))
  }

  // MARK: Ending

  /// Audits that last until they are cancelled.
  private final class Endless: Sendable {
    private let state = Mutex((begun: 0, cancelled: 0))
    var begun: Int { state.withLock { $0.begun } }
    var cancelled: Int { state.withLock { $0.cancelled } }

    func audit(_ isCancelled: () -> Bool) throws -> AuditReport {
      state.withLock { $0.begun += 1 }
      try eventually("the audit is cancelled", isCancelled)
      state.withLock { $0.cancelled += 1 }
      throw StoreError(.cancelled, "cancelled")
    }
  }

  @Test(.waiting) func stoppingCancelsTheAuditAndWaitsForIt() throws {
    let endless = Endless()
    let fixture = try DashboardFixture(.inMemory, auditing: { try endless.audit($1) })
    let audit = try #require(fixture.audit)
    audit.start()
    audit.start()
    try eventually("an audit begins") { endless.begun > 0 }
    try fixture.dashboard.close()
    #expect(endless.begun == 1)
    #expect(endless.cancelled == 1)
    #expect(audit.view().failure == nil)
    #expect(audit.view().newest == nil)
    #expect(!audit.auditIfDue())
    try fixture.dashboard.close()
  }

  @Test func stoppingDoesNotWaitForAThreadThatNeverStarted() throws {
    let fixture = try DashboardFixture(.inMemory, auditing: BackgroundAudit.whole)
    let audit = try #require(fixture.audit)
    audit.cancel()
    audit.start()
    let start = ContinuousClock.now
    audit.stop()
    #expect(ContinuousClock.now - start < .seconds(4))
  }

  @Test(.waiting) func cancellingDoesNotWait() throws {
    let endless = Endless()
    let fixture = try DashboardFixture(.inMemory, auditing: { try endless.audit($1) })
    let audit = try #require(fixture.audit)
    audit.start()
    try eventually("an audit begins") { endless.begun > 0 }
    fixture.dashboard.cancelAuditing()
    try eventually("the audit is cancelled") { endless.cancelled > 0 }
    audit.ask()
    #expect(!audit.auditIfDue(), "none begins any more")
  }

  @Test(arguments: DashboardFixture.Backend.allCases)
  func aRequestedAuditDoesNotWaitForTheInterval(_ backend: DashboardFixture.Backend) throws {
    let fixture = try DashboardFixture(backend, auditing: BackgroundAudit.whole)
    let audit = try #require(fixture.audit)
    #expect(audit.auditIfDue())
    #expect(page(fixture).text.contains("<form class=\"check\" action=\"/audit\" method=\"post\">"))
    try fixture.insert(sample(.stripFamilies, "f1"))
    #expect(!audit.auditIfDue(), "too early")
    let asked = fixture.request("POST", "/audit")
    #expect(asked.status == 303 && asked.field("Location") == "/audit")
    #expect(audit.view().isAsked)
    #expect(page(fixture).text.contains("data-refreshing"))
    #expect(!page(fixture).text.contains("Check now"))
    #expect(try fixture.get(Self.place).json["asked"] == .bool(true))
    #expect(audit.auditIfDue())
    #expect(audit.view().newest?.report.counts[.stripFamilies] == 1)
    #expect(!audit.view().isAsked && !audit.auditIfDue())
    // A client may ask even if nothing has changed.
    let again = fixture.send("POST", Self.place)
    #expect(again.status == 202 && again.field("Location") == "/api/rmos/stores" + Self.place)
    #expect(try again.json["asked"] == .bool(true))
    #expect(audit.auditIfDue())
  }

  private struct PlainWrapper: StoreWrapper {
    let base: any RecordStore
  }

  /// The database is replaced by renaming, as when a backup is restored.
  @Test(arguments: [false, true])
  func theVerdictOnAnotherDatabaseIsForgotten(_ isWrapped: Bool) throws {
    let directory = try TemporaryDirectory()
    let (path, other) = (directory.file("rmos.db"), directory.file("other.db"))
    for (path, count) in [(path, 1), (other, 2)] {
      let store = try SQLiteStore(path: path)
      try store.write { transaction in
        for number in 0..<count {
          try transaction.insert(sample(.stripFamilies, "f\(number)"))
        }
      }
      store.close()
    }
    let served = try SQLiteStore(path: path, access: .readOnly, followsPath: true)
    let audit = BackgroundAudit(
      isWrapped ? PlainWrapper(base: served) : served,
      .init(interval: .seconds(600), clock: .fixed(DashboardFixture.now)))
    #expect(audit.auditIfDue())
    #expect(audit.view().newest?.report.counts[.stripFamilies] == 1)
    try FileManager.default.removeItem(atPath: path)
    #expect(audit.view().newest != nil, "there is no other")
    try FileManager.default.moveItem(atPath: other, toPath: path)
    let view = audit.view()
    #expect(view.newest == nil && view.isAsked)
    #expect(audit.auditIfDue(), "the interval is that of the other")
    #expect(audit.view().newest?.report.counts[.stripFamilies] == 2)
    #expect(audit.view().newest != nil && !audit.view().isAsked)
  }

  /// Cached results of a database that is gone are not those of the file at its path.
  @Test(arguments: [false, true])
  func nothingIsAnsweredAboutADatabaseThatIsGone(_ isReplaced: Bool) throws {
    let fixture = try DashboardFixture(.sqlite, auditing: BackgroundAudit.whole)
    try fixture.insert(sample(.stripFamilies, "f1"))
    #expect(try #require(fixture.audit).auditIfDue())
    let api = "/api/rmos/stores"
    let targets =
      [
        "/", "/audit", "/audit?format=json", "/analytics", "/runs", "/strip-families",
        "/api/rmos/analytics",
      ]
      + [
        "/migration/audit", "/migration/status", "/migration/history",
        "/strip-families/statistics",
      ].map { api + $0 }
    func status(_ target: String, _ method: String = "GET") -> Int {
      fixture.dashboard.response(to: ServerRequest(method: method, target: target)).status
    }
    for target in targets { #expect(status(target) == 200, "\(target)") }
    let path = fixture.directory.file("rmos.db")
    try FileManager.default.removeItem(atPath: path)
    if isReplaced {
      try Data("This is no database.".utf8).write(to: URL(fileURLWithPath: path))
    }
    for target in targets { #expect(status(target) == 503, "\(target)") }
    #expect(status(api + "/migration/audit", "POST") == 503 && status("/openapi.json") == 200)
  }

  @Test(.waiting) func askingWakesTheThread() throws {
    let made = Mutex(0)
    let fixture = try DashboardFixture(
      .inMemory,
      auditing: {
        made.withLock { $0 += 1 }
        return try BackgroundAudit.whole($0, $1)
      })
    let audit = try #require(fixture.audit)
    audit.start()
    try eventually("an audit is over") { audit.view().newest != nil }
    audit.ask()
    try eventually("another audit begins") { made.withLock { $0 } > 1 }
    audit.stop()
  }

  @Test func anAuditBegunAfterTheLastChangeSatisfiesARequest() throws {
    let beginning = Beginning()
    defer { beginning.body = nil }
    let fixture = try auditedFixture(beginning)
    let audit = try #require(fixture.audit)
    beginning.body = { audit.ask() }
    #expect(audit.auditIfDue())
    #expect(!audit.view().isAsked)
    let store = fixture.store
    beginning.body = {
      try? store.write { try $0.insert(sample(.stripFamilies, "f1")) }
      audit.ask()
    }
    audit.ask()
    #expect(audit.auditIfDue())
    #expect(audit.view().isAsked, "the row came too late for it")
  }

  @Test func askingWaitsForTheEndOfAMigration() throws {
    let fixture = try DashboardFixture(.sqlite, auditing: BackgroundAudit.whole)
    let audit = try #require(fixture.audit)
    let other = try SQLiteStore(path: fixture.directory.file("rmos.db"))
    try other.withExclusiveWriter {
      audit.ask()
      #expect(!audit.auditIfDue())
      #expect(audit.view().isAsked)
    }
    #expect(audit.auditIfDue())
  }

  @Test func pagesOfOtherOriginsMayNotAsk() throws {
    let fixture = try DashboardFixture(.inMemory, auditing: BackgroundAudit.whole)
    for target in ["/audit", "/api/rmos/stores" + Self.place] {
      for field in [
        HeaderField("Origin", "http://evil.example"), HeaderField("Sec-Fetch-Site", "cross-site"),
      ] {
        let answer = fixture.dashboard.response(
          to: ServerRequest(
            method: "POST", target: target, fields: [HeaderField("Host", "localhost"), field]))
        #expect(answer.status == 403, "\(target) \(field)")
      }
    }
    #expect(fixture.audit?.view().isAsked == false)
    let off = try DashboardFixture(.inMemory)
    #expect(off.request("POST", "/audit").status == 404)
    #expect(off.send("POST", Self.place).status == 404)
    #expect(off.request("POST", "/runs").status == 405)
    #expect(fixture.request("OPTIONS", "/audit").field("Allow") == "GET, HEAD, OPTIONS, POST")
    #expect(fixture.send("POST", Self.place + "?x=1").status == 422)
  }

  @Test(.waiting) func anAuditEndsWithItsOwner() throws {
    let endless = Endless()
    let store = InMemoryStore()
    let audit = BackgroundAudit(
      store, .init(interval: .seconds(600), clock: .system, audit: { try endless.audit($1) }))
    var dashboard: Dashboard? = Dashboard(
      store: store, options: Dashboard.Options(), audit: audit, clock: .system)
    dashboard?.startAuditing()
    try eventually("an audit begins") { endless.begun > 0 }
    dashboard = nil
    try eventually("the audit is cancelled") { endless.cancelled > 0 }
    #expect(endless.cancelled == 1)
  }

  @Test(.waiting) func aDashboardAuditsByItselfAndTellsItsObserver() throws {
    let store = InMemoryStore()
    try store.write { try $0.insert(sample(.stripFamilies, "f1")) }
    let told = Mutex<[AuditOutcome]>([])
    let began = Mutex(0)
    let dashboard = Dashboard(
      store: store, options: Dashboard.Options(),
      observingAudits: {
        began.withLock { $0 += 1 }
        return { _, outcome in told.withLock { $0.append(outcome) } }
      })
    dashboard.startAuditing()
    try eventually("an audit is told of") { told.withLock { !$0.isEmpty } }
    try dashboard.close()
    #expect(began.withLock { $0 } == 1)
    #expect(told.withLock { $0.map(\.verdict) } == [.sound])
  }

  // MARK: Responses

  @Test func auditsThatAreOffAreReportedAsOff() throws {
    let fixture = try DashboardFixture(.inMemory)
    #expect(mood(page(fixture)) == "warnings")
    #expect(page(fixture).text.contains("Background audits are off"))
    #expect(fixture.get(Self.place).status == 404)
    for format in ["text", "json", "sql"] {
      #expect(page(fixture, "?format=\(format)").status == 404)
    }
  }

  @Test func noDatabaseIsCalledSoundBeforeTheFirstAudit() throws {
    let fixture = try DashboardFixture(.inMemory, auditing: BackgroundAudit.whole)
    #expect(mood(page(fixture)) == "warnings")
    #expect(page(fixture).text.contains("Not checked yet."))
    let answer = fixture.get(Self.place)
    #expect(answer.status == 202)
    #expect(try answer.json["under_way_since"] == .null)
    #expect(fixture.request("HEAD", "/audit").status == 200)
    #expect(fixture.request("GET", "/audit/").status == 308)
    #expect(page(fixture, "?formt=sql").text.contains("did you mean &quot;format&quot;?"))
    #expect(page(fixture, "?format=csv").status == 422)
  }

  @Test(arguments: DashboardFixture.Backend.allCases)
  func theVerdictIsSoundUntilTheStoreChanges(_ backend: DashboardFixture.Backend) throws {
    let fixture = try DashboardFixture(backend, auditing: BackgroundAudit.whole)
    try fixture.insert(sample(.stripFamilies, "f1"))
    fixture.audit?.auditIfDue()
    let ofAuditor = try Auditor(of: fixture.store).runSynchronously()
    #expect(ofAuditor.verdict == .sound)
    #expect(mood(page(fixture)) == "sound")
    #expect(page(fixture).text.contains("the database has not changed since"))
    #expect(
      page(fixture).text.contains(
        "<dt>Entities</dt><dd>1 strip family, 0 patterns, 0 job logs</dd>"))
    let answer = fixture.get(Self.place)
    let json = try #require(try answer.json["audit"])
    #expect(answer.status == 200)
    #expect(json["verdict"]?.string == "sound")
    #expect(json["finished_at"]?.string == DashboardFixture.now)
    #expect(json["change"]?.string == fixture.store.changeToken())
    #expect(json["changed_since"] == .bool(false))
    #expect(try answer.json["next_at"]?.string == "2026-03-01T12:10:00Z")
    let tag = try #require(answer.field("ETag"))
    #expect(fixture.get(Self.place, ["If-None-Match": tag]).status == 304)

    try fixture.insert(sample(.stripFamilies, "f2"))
    #expect(mood(page(fixture)) == "warnings")
    #expect(page(fixture).text.contains("the database has changed since"))
    let changed = fixture.get(Self.place, ["If-None-Match": tag])
    #expect(changed.status == 200)
    #expect(try changed.json["audit"]?["changed_since"] == .bool(true))
    #expect(
      try fixture.get("/migration/status").json["last_audit"]?["changed_since"] == .bool(true))
  }

  @Test func aFailedAuditIsReportedAndRepeated() throws {
    let isBroken = Mutex(true)
    let fixture = try DashboardFixture(
      .inMemory,
      auditing: {
        if isBroken.withLock({ $0 }) { throw StoreError(.busy, "it is <busy>") }
        return try BackgroundAudit.whole($0, $1)
      })
    let audit = try #require(fixture.audit)
    #expect(audit.auditIfDue())
    #expect(mood(page(fixture)) == "errors")
    #expect(page(fixture).text.contains("it is &lt;busy&gt;"))
    #expect(!page(fixture).text.contains("Sound"))
    let answer = fixture.get(Self.place)
    #expect(answer.status == 503)
    #expect(answer.field("Retry-After") != nil)
    #expect(answer.detail.contains("it is <busy>"))
    #expect(try fixture.get("/migration/status").json["last_audit"] == .null)

    // After a failure it is made again although nothing has changed.
    fixture.uptime.pass(600)
    isBroken.withLock { $0 = false }
    #expect(audit.auditIfDue())
    #expect(mood(page(fixture)) == "sound")

    // If the newest one fails, the previous verdict is kept, and the failure is shown.
    isBroken.withLock { $0 = true }
    try fixture.insert(sample(.stripFamilies, "f1"))
    fixture.uptime.pass(600)
    #expect(audit.auditIfDue())
    #expect(mood(page(fixture)) == "warnings")
    #expect(page(fixture).text.contains("it is &lt;busy&gt;"))
    let json = try fixture.get(Self.place).json
    #expect(json["failure"]?["code"]?.string == "store.busy")
    #expect(json["audit"]?["verdict"]?.string == "sound")
    #expect(json["audit"]?["changed_since"] == .bool(true))
  }

  /// Damage to a database of the example tree, the rule that finds it, and whether it is an error.
  private static let damage: [(sql: String, code: String, isError: Bool)] = [
    ("UPDATE joblogs SET pattern_id = 'gone' WHERE rowid = 1", "reference.missing", true),
    ("UPDATE patterns SET ring_count = 0 WHERE rowid = 1", "field.range", true),
    ("UPDATE patterns SET geometry_json = '{' WHERE rowid = 1", "json.syntax", true),
    ("UPDATE joblogs SET status = 'done' WHERE rowid = 1", "field.unknown-value", true),
    ("DROP INDEX idx_patterns_name", "schema.index", false),
    ("DROP TABLE joblogs", "schema.table", true),
    ("DELETE FROM schema_version", "schema.version", true),
    ("UPDATE migration_runs SET state = 'interrupted'", "run.failed", false),
  ]

  @Test(arguments: damage)
  func damageIsShown(_ sql: String, _ code: String, _ isError: Bool) throws {
    let fixture = try DashboardFixture(.sqlite, auditing: BackgroundAudit.whole)
    _ = try RecordedMigration(Fixtures.exampleTree, into: fixture.store)
    try sqlite3(fixture.directory.file("rmos.db"), sql)
    fixture.audit?.auditIfDue()
    let page = page(fixture)
    #expect(mood(page) == (isError ? "errors" : "warnings"))
    #expect(page.text.contains("<h2 id=\"\(code)\">"))
    let json = try #require(try fixture.get(Self.place).json["audit"])
    #expect(json["verdict"]?.string == (isError ? "errors" : "warnings"))
    guard case .array(let findings)? = json["findings"] else {
      Issue.record("no findings")
      return
    }
    #expect(findings.contains { $0["code"]?.string == code })
    // Each row and each run is linked to its page, which exists.
    for finding in findings {
      if code == "run.failed", let run = finding["row"]?.int64 {
        #expect(page.text.contains("<a href=\"/runs/\(run)\">run \(run)</a>"))
      }
      guard let kind = finding["kind"]?.string.flatMap(EntityCatalog.rmos.kind(named:)),
        let id = finding["id"]?.string, let link = PageLink.link(to: kind, id: id)
      else { continue }
      #expect(page.text.contains("<a href=\"\(link)\">"))
      #expect(fixture.request("GET", link).status == 200)
    }
    let plan = self.page(fixture, "?format=sql")
    #expect(plan.status == 200)
    #expect(plan.field("Content-Disposition") == "attachment; filename=\"repair.sql\"")
    #expect(plan.text.contains("Nothing has been changed."))
    let text = self.page(fixture, "?format=text")
    #expect(text.text.contains(code))
    let report = try self.page(fixture, "?format=json").json
    #expect(report["verdict"] == json["verdict"])
    // The overview is not green either.
    #expect(mood(fixture.request("GET", "/")) == (isError ? "errors" : "warnings"))
  }

  @Test func aDamagedPageIsShown() throws {
    let fixture = try DashboardFixture(.sqlite, auditing: BackgroundAudit.whole)
    _ = try RecordedMigration(Fixtures.exampleTree, into: fixture.store)
    let path = fixture.directory.file("rmos.db")
    let root = try sqlite3(
      path,
      "PRAGMA wal_checkpoint(TRUNCATE); SELECT (rootpage - 1) * page_size "
        + "FROM sqlite_schema, pragma_page_size WHERE name = 'patterns'")
    let start = try #require(UInt64(root.split(separator: "\n").last ?? ""))
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try file.seek(toOffset: start)
    try file.write(contentsOf: Data(repeating: 255, count: 300))
    try file.close()
    let other = try SQLiteStore(path: path, access: .inspect)
    let audit = BackgroundAudit(other, .init(interval: .seconds(600), clock: .system))
    #expect(audit.auditIfDue())
    let dashboard = Dashboard(
      store: other, options: Dashboard.Options(), audit: audit, clock: .system)
    let page = dashboard.response(to: ServerRequest(method: "GET", target: "/audit"))
    #expect(mood(page) == "errors")
    #expect(page.text.contains("<h2 id=\"sqlite.integrity\">"))
  }

  @Test func theListIsBoundedAndTheCountsAreExact() throws {
    let fixture = try DashboardFixture(.inMemory, auditing: BackgroundAudit.whole)
    try fixture.store.write { transaction in
      for number in 0..<1205 {
        try transaction.insert(
          sample(.stripFamilies, "f\(number)", ["material_type": .text(" ")]))
      }
    }
    // Each is also a note, since it has no provenance.
    fixture.audit?.auditIfDue()
    let page = page(fixture).text
    #expect(page.contains("<code>field.empty</code>: 1,205 errors"))
    #expect(page.matches(of: #/<tr role="row"><th role="rowheader"/#).count == 200)
    #expect(page.contains("1,105 more are not listed; the downloads have 900 of them."))
    let json = try #require(try fixture.get(Self.place).json["audit"])
    #expect(json["findings_omitted"]?.int64 == 410)
    #expect(json["severity_counts"]?["error"]?.int64 == 1205)
  }

  @Test func theMostSevereFindingsComeFirst() throws {
    let fixture = try DashboardFixture(.sqlite, auditing: BackgroundAudit.whole)
    _ = try RecordedMigration(Fixtures.exampleTree, into: fixture.store)
    try sqlite3(
      fixture.directory.file("rmos.db"),
      "DROP INDEX idx_patterns_name; UPDATE joblogs SET pattern_id = 'gone' WHERE rowid = 1; "
        + "UPDATE joblogs SET job_type = 'sanding' WHERE rowid = 2")
    try fixture.insert(sample(.stripFamilies, "not migrated"))
    fixture.audit?.auditIfDue()
    let codes = page(fixture).text.matches(of: #/<h2 id="([a-z.-]+)">/#).map { String($0.output.1) }
    #expect(
      codes == ["reference.missing", "schema.index", "field.unknown-value", "provenance.missing"]
        || codes == [
          "sqlite.foreign-key", "reference.missing", "schema.index", "field.unknown-value",
          "provenance.missing",
        ])
  }

  @Test func hostileTextIsShownAsText() throws {
    let fixture = try DashboardFixture(.inMemory, auditing: BackgroundAudit.whole)
    let hostile = "<script>alert(1)</script>\u{202E}\"'&"
    try fixture.insert(
      sample(.stripFamilies, hostile, ["material_type": .text(" ")]),
      sample(.joblogs, "j1", ["job_type": .text(hostile)]))
    fixture.audit?.auditIfDue()
    let text = page(fixture).text
    #expect(text.contains("&lt;script&gt;alert(1)"))
    #expect(!text.contains("<script>alert"))
    #expect(!page(fixture, "?format=text").text.contains("\u{202E}"))
    #expect(!page(fixture, "?format=sql").text.contains("\u{202E}"))
  }
}
