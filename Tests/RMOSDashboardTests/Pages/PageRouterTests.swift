@testable import RMOSDashboard
import RMOSAnalytics
import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Routes, parameters and errors of the pages.
@Suite struct PageRouterTests {
  /// Screen readers announce the names of landmarks.
  @Test func landmarksOfAPageHaveNamesOfTheirOwn() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    for target in ["/", "/analytics", "/runs", "/runs/1", "/patterns/chevron_5x7"] {
      let html = PageSamples.get(target, of: store).text.withoutLookAndScript
      let regions = html.matches(of: /role="region"[^>]*aria-label="([^"]*)"/)
        .map { String($0.output.1) }
      let sections = try html.matches(of: /<section [^>]*aria-labelledby="([^"]*)"/).map { match in
        let heading = try Regex(
          "id=\"\(match.output.1)\"[^>]*>([^<]*)", as: (Substring, Substring).self)
        return String(try #require(html.firstMatch(of: heading)).output.1)
      }
      let names = (regions + sections).sorted()
      #expect(Set(names).count == names.count, "\(target): \(names)")
    }
  }

  /// A long text does not push everything else off the page.
  @Test func veryLongTextsAreFolded() throws {
    let store = InMemoryStore()
    let text = String(repeating: "long ", count: 1200)
    try store.write { transaction in
      for (id, type) in [("j", text), ("short", "slice")] {
        try transaction.insert(
          StoreSamples.record(
            .joblogs, id, ["job_type": .text(type), "duration_seconds": .real(4)]))
      }
    }
    let html = PageSamples.get("/joblogs/j", of: store).text
    #expect(html.contains("…</bdi><details><summary>All 6,000 characters</summary>"))
    #expect(html.matches(of: /(long ){1200}/).count == 1)
    let short = PageSamples.get("/joblogs/short", of: store).text
    #expect(short.contains("<bdi>slice</bdi></dd>") && !short.contains("characters</summary>"))
    #expect(short.contains("<dd>4 s</dd>"))
  }

  @Test func detailPagesSpeakInWordsAndGroupedNumbers() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      try transaction.insert(
        StoreSamples.record(
          .joblogs, "a_b", ["job_type": .text("10576"), "duration_seconds": .real(10_576.5)]))
      try transaction.insert(StoreSamples.record(.patterns, "p", ["ring_count": .integer(1234)]))
    }
    let job = PageSamples.get("/joblogs/a_b", of: store).text.withoutLookAndScript
    #expect(job.contains("<h2>Parameters</h2>") && job.contains("10,576.5 s"))
    // A text of digits is not grouped like a number.
    #expect(job.contains("<bdi>10576</bdi>"))
    // The breadcrumbs end with the list.
    #expect(job.contains("<a href=\"/joblogs\">Job logs</a></nav>"))
    let list = PageSamples.get("/joblogs", of: store).text
    #expect(list.contains("<bdi>a_<wbr>b</bdi></a>"))
    let pattern = PageSamples.get("/patterns/p", of: store).text.withoutLookAndScript
    #expect(pattern.contains("<h2>Geometry</h2>") && pattern.contains("<dd><bdi>1,234</bdi></dd>"))
    #expect(pattern.contains("<section class=\"unprinted\" aria-labelledby=\"cut-title\">"))
    #expect(PageSamples.get("/patterns", of: store).text.contains(">1,234</td>"))
    #expect(PageSamples.get("/patterns?format=csv", of: store).text.contains(",1234,"))
  }

  @Test func aPageKnownToTheBrowserIsNotSentAgain() throws {
    let store = InMemoryStore()
    let first = PageSamples.get("/patterns", of: store)
    let tag = try #require(first.field("ETag"))
    #expect(first.status == 200)
    for known in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
      let again = PageSamples.get(
        "/patterns", of: store, fields: [HeaderField("If-None-Match", known)])
      #expect(again.status == 304)
      #expect(again.body.isEmpty)
      #expect(again.field("ETag") == tag)
    }
    try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
    let changed = PageSamples.get(
      "/patterns", of: store, fields: [HeaderField("If-None-Match", tag)])
    #expect(changed.status == 200)
    #expect(changed.field("ETag") != tag)
  }

  @Test func thePolicyForbidsAllButThePagesOwn() throws {
    let page = PageSamples.get("/", of: InMemoryStore())
    let header = try #require(page.field("Content-Security-Policy"))
    let policy = try #require(
      page.text.firstMatch(of: /Content-Security-Policy" content="([^"]*)"/)?.output.1)
    #expect(header == "\(policy); frame-ancestors 'none'")
    let directives = header.replacing(/sha256-[A-Za-z0-9+\/]{43}=/, with: "…")
      .split(separator: "; ")
    #expect(
      directives == [
        "default-src 'none'", "style-src '…'", "script-src '…'", "img-src data:",
        "connect-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
      ])
    #expect(page.field("X-Content-Type-Options") == "nosniff")
    #expect(page.field("Cache-Control") == "no-cache")
    #expect(page.field("Content-Type") == "text/html; charset=utf-8")
    for way in [/\ style="/, /innerHTML/, /insertAdjacent/, /document\.write/, /\beval\(/] {
      #expect(!page.text.contains(way))
    }
    #expect(!page.text.contains(/<(link|img|script|iframe)[^>]*(src|href)="(?!data:)/))
    #expect(page.text.matches(of: /<script/).count == 1)
  }

  @Test(arguments: [
    (Value.real(23_640.5), "6 h 34 min<span class=\"dim id\">23,640.5 s</span>"),
    (.integer(90), "1 min 30 s<span class=\"dim id\">90 s</span>"), (.real(1.25), "1.25 s"),
    (.real(-90), "-90 s"), (.real(1e300), "1e300 s"),
    (.null, "<span class=\"dim\">–</span>"),
  ])
  func aLongDurationIsSaidAsPeopleSayIt(_ value: Value, _ shown: String) throws {
    let store = InMemoryStore()
    let job = StoreSamples.record(.joblogs, "j", ["duration_seconds": value])
    try store.write { try $0.insert(job) }
    let page = PageSamples.get("/joblogs/j", of: store).text
    #expect(page.contains("<dt>duration_<wbr>seconds</dt><dd>\(shown)</dd>"), "\(page)")
  }

  @Test(arguments: [
    "/nowhere", "/patterns/a/b", "/favicon.ico", "/patterns/absent", "/joblogs/a%2Fb",
  ])
  func aMissingEntityHasAnErrorPage(_ target: String) {
    let answer = PageSamples.get(target, of: InMemoryStore())
    #expect(answer.status == 404)
    #expect(answer.text.contains(/<h1>(Page not found|No such )/))
    #expect(answer.field("Cache-Control") == "no-store")
  }

  /// The form of the error is that of the API for a client that reads no HTML.
  @Test(arguments: ["/nowhere", "/patterns/absent", "/patterns/%ff"])
  func aClientOfJSONGetsAnErrorAsJSON(_ target: String) throws {
    let accept = HeaderField("Accept", "application/json")
    let answer = PageSamples.get(target, of: InMemoryStore(), fields: [accept])
    #expect(answer.status >= 400 && answer.field("Content-Type") == "application/json")
    let detail = try JSONValue(parsing: answer.text)["detail"]
    #expect(detail != nil && !answer.text.contains("<"))
    let browser = HeaderField("Accept", "text/html, application/json;q=0.5")
    let page = PageSamples.get(target, of: InMemoryStore(), fields: [browser])
    #expect(page.status == answer.status && page.text.contains("<h1>"))
  }

  @Test(arguments: [
    ("/patterns/", "/patterns"), ("/joblogs///", "/joblogs"),
    ("/patterns/a%2Fb/?", "/patterns/a%2Fb?"),
    ("/strip-families/?q=a%20b&in=id", "/strip-families?q=a%20b&in=id"),
    ("//patterns/", "/patterns"),
  ])
  func aSlashAtTheEndIsRedirected(_ target: String, _ place: String) {
    let answer = PageSamples.get(target, of: InMemoryStore())
    #expect(answer.status == 308)
    #expect(answer.field("Location") == place)
  }

  /// A redirect must not lead to another host.
  @Test(arguments: [
    "//evil.example/", "/\\evil.example/", "//evil.example//", "/%2F/evil.example/", "//", "/./",
    "//patterns.evil.example/patterns/",
  ])
  func aSlashAtTheEndLeadsToNoOtherHost(_ target: String) {
    let answer = PageSamples.get(target, of: InMemoryStore())
    #expect(answer.status == 404)
    #expect(answer.field("Location") == nil)
  }

  @Test(arguments: [
    ("/?q=a", "there are none"), ("/patterns?serch=a", "serch"), ("/patterns?statu=a", "known:"),
    ("/joblogs?statu=failed", "did you mean &quot;status&quot;?"),
    ("/patterns?id=a&q=b", "&quot;q&quot;"),
    ("/patterns/a?per=50", "&quot;per&quot;"),
    ("/joblogs?status=failed&status=running", "&quot;status&quot; is given twice"),
    ("/analytics?job_type=slice&job_type=batch", "&quot;job_type&quot; is given twice"),
    ("/patterns/a/cut-list?count=12&count=13", "&quot;count&quot; is given twice"),
  ])
  func aParameterThatMeansNothingIsNamedAndIgnored(_ target: String, _ said: String) throws {
    let store = InMemoryStore()
    try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
    let answer = PageSamples.get(target, of: store)
    #expect(answer.status == 200)
    #expect(answer.text.contains("Ignored: ") && answer.text.contains(said), "\(answer.text)")
    // A download has no place for a warning.
    let separator = target.contains("?") ? "&" : "?"
    guard target.hasPrefix("/joblogs") else { return }
    let file = PageSamples.get("\(target)\(separator)format=csv", of: store)
    #expect(file.status == 422)
    #expect(file.text.contains(said) && file.text.contains("<a href=\"/joblogs\">"))
  }

  @Test func pathsBelowAPIAreNotPages() {
    for target in ["/", "/?q=/api/", "/patterns/api", "/apis", "/%61pi/x"] {
      #expect(PageRouter.answers(target))
    }
    for target in ["", "*", "/api", "/api?x", "/api/", "/api/rmos/stores/patterns"] {
      #expect(!PageRouter.answers(target))
    }
  }

  @Test func theDashboardAnswersWithPagesAndWithJSON() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    let dashboard = Dashboard(store: store)
    let page = dashboard.response(to: ServerRequest(method: "GET", target: "/"))
    #expect(page.status == 200)
    #expect(page.text.contains(#"data-count="patterns">24<"#))
    #expect(page.text.contains(#"data-count="total">72<"#))
    #expect(page.field("Content-Type") == "text/html; charset=utf-8")
    let json = dashboard.response(
      to: ServerRequest(method: "GET", target: "/api/rmos/stores/migration/status"))
    #expect(json.field("Content-Type")?.hasPrefix("application/json") == true)
    let options = dashboard.response(to: ServerRequest(method: "OPTIONS", target: "/patterns"))
    #expect(options.status == 204)
    #expect(options.field("Allow") == "GET, HEAD, OPTIONS")
  }

  @Test func aRunThatDidNotComeToItsEndIsInTheVerdict() throws {
    func verdict(_ runs: [LedgerRun], current: Int64? = nil) -> String {
      let page = OverviewPage(
        status: PageSamples.status(), history: PageSamples.history(), runs: runs,
        newestMigration: runs.first { $0.command == "migrate" }, current: CurrentRun(id: current),
        today: .today
      ).document.main.markup
      let match = page.firstMatch(of: /<p class="verdict (\w+)">(.*?)<\/p>/)
      return match.map { "\($0.1): \($0.2.replacing(/<[^>]*>/, with: ""))" } ?? ""
    }
    func run(_ id: Int64, _ state: LedgerRun.State, _ command: String = "migrate") -> LedgerRun {
      var run = StoreSamples.run(command)
      (run.id, run.state) = (id, state)
      return run
    }
    let sound = "sound: ✓ Sound. Last migration: 28 Nov 2025, 10:15 UTC."
    let interrupted = """
      warnings: ! The last migration was interrupted. See run 2. Running the same command again \
      continues it. Sound. Last completed migration: 28 Nov 2025, 10:15 UTC.
      """
    var undone = run(2, .interrupted)
    undone.undoneBy = 3
    #expect(verdict([]) == sound)
    #expect(verdict([run(2, .completed), run(1, .interrupted)]) == sound)
    #expect(verdict([run(2, .running), run(1, .interrupted)], current: 2) == sound)
    var failing = run(2, .completed)
    failing.statistics[.patterns].failed = 3
    #expect(
      verdict([failing, run(1, .completed)]) == """
        errors: ✗ 3 entities failed in the last migration. See run 2. Sound. Last migration: 28 Nov 2025, 10:15 UTC.
        """)
    #expect(verdict([run(3, .completed), failing]) == sound)
    #expect(verdict([run(3, .completed, "undo"), undone]) == sound)
    #expect(verdict([run(2, .interrupted), run(1, .completed)]) == interrupted)
    #expect(verdict([run(3, .completed, "undo"), run(2, .interrupted)]) == interrupted)
    // A run whose process has died is still marked as running.
    #expect(verdict([run(2, .running)]) == interrupted)
    #expect(
      verdict([run(2, .failed)]).hasPrefix(
        "errors: ✗ The last migration failed. See run 2. Sound."))
    failing.failedNew = 1
    #expect(verdict([failing]).contains("failed in the last migration, 1 of them new."))
    failing.failedNew = 0
    #expect(
      verdict([failing]).hasPrefix(
        "warnings: ! 3 entities failed in the last migration, 0 of them new."))
    var nothing = run(2, .completed)
    nothing.issueCounts[.inputNothingFound] = 1
    #expect(verdict([nothing]).hasPrefix("errors: ✗ The last migration found nothing to read."))
  }

  @Test func aFailedMigrationIsNotHiddenByLaterRuns() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      var failing = StoreSamples.run()
      failing.id = try transaction.beginRun(failing)
      failing.state = .completed
      failing.statistics[.patterns].failed = 3
      try transaction.updateRun(failing)
      for _ in 0..<70 {
        var run = StoreSamples.run("undo")
        run.id = try transaction.beginRun(run)
        run.state = .completed
        try transaction.updateRun(run)
      }
    }
    let page = try OverviewPage(store: store, status: PageSamples.status(), today: .today) {
      PageSamples.history()
    }
    let text = page.document.main.markup
    #expect(text.contains(#"<p class="verdict errors">"#))
    #expect(text.contains(">3 entities</a> failed"))
  }

  @Test(arguments: [(LedgerRun.State.running, false), (.interrupted, true)])
  func onlyARunThatIsOverIsToldAsInterrupted(_ state: LedgerRun.State, _ isOver: Bool) throws {
    let fixture = try DashboardFixture(.sqlite)
    try fixture.store.withExclusiveWriter {
      try fixture.store.write { transaction in
        var run = StoreSamples.run()
        run.id = try transaction.beginRun(run)
        run.state = state
        try transaction.updateRun(run)
      }
      // The status of the samples is from before the run.
      let page = PageSamples.get("/", of: fixture.store).text
      #expect(page.contains("was interrupted") == isOver)
    }
  }

  @Test func anAddressWithBrokenEscapesIsRefused() {
    #expect(PageSamples.get("/patterns/%ff", of: InMemoryStore()).status == 400)
  }

  @Test(arguments: ["POST", "PUT", "DELETE", "get", "TRACE"])
  func pagesAreOnlyRead(_ method: String) {
    let answer = PageSamples.pages(InMemoryStore()).response(
      to: ServerRequest(method: method, target: "/"))
    #expect(answer.status == 405)
    #expect(answer.field("Allow") == "GET, HEAD, OPTIONS")
  }

  @Test(arguments: [
    (StoreError.Code.busy, 503), (.locked, 503), (.cannotOpen, 503), (.corrupt, 500),
    (.newerSchema, 503), (.foreignDatabase, 503), (.diskFull, 500),
  ])
  func aStoreThatCannotAnswerIsSaidInAPage(_ code: StoreError.Code, _ status: Int) {
    let error = StoreError(code, "the file <b>/x</b> is held", path: "/x")
    let page = PageRouter(
      store: InMemoryStore(), status: { throw error }, history: { _, _ in PageSamples.history() },
      figures: PageSamples.figures(InMemoryStore()), totals: EntityTotals(InMemoryStore()))
    let answer = page.response(to: ServerRequest(method: "GET", target: "/"))
    #expect(answer.status == status)
    #expect((answer.field("Retry-After") != nil) == (status == 503))
    #expect(!answer.text.contains("<b>/x"))
    #expect(answer.text.hasSuffix("</html>\n"))
  }

  @Test(arguments: 1...4)
  func databasesOfOlderApplicationsAreShownReadOnly(_ version: Int) throws {
    let directory = try TemporaryDirectory()
    let path = try Fixtures.copyDatabase(version: version, into: directory)
    let store = try SQLiteStore(path: path, access: .readOnly)
    for kind in EntityCatalog.rmos.kinds {
      let list = PageSamples.get("/\(kind.pathName)?sort=newest", of: store)
      #expect(list.status == 200)
      for link in list.text.matches(of: /role="rowheader" scope="row"><a href="([^"]*)"/) {
        let page = PageSamples.get(String(link.output.1), of: store)
        #expect(page.status == 200)
        #expect(page.text.contains("Not migrated by this tool"))
      }
    }
    let jobs = PageSamples.get("/joblogs", of: store).text
    #expect(jobs.matches(of: /role="rowheader"/).count == 12)
    #expect(PageSamples.get("/", of: store).text.contains("No runs yet."))
  }

  @Test func aMigratedEntityNamesItsOriginAndBothSidesOfItsReferences() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    let pattern = PageSamples.get("/patterns/torres_simple_rope_4x7", of: store).text
    #expect(pattern.contains("<code><bdi>patterns/torres.json</bdi></code>"))
    #expect(pattern.contains("<bdi>element 0, counting from 0</bdi>"))
    #expect(pattern.contains(#"<a href="/strip-families/bw_checker_main">"#))
    #expect(pattern.contains(#"<a href="/joblogs?pattern=torres_simple_rope_4x7">2 job logs</a>"#))
    #expect(pattern.contains("Other members") && pattern.contains("&quot;catalogue&quot;"))
    let family = PageSamples.get("/strip-families/bw_checker_main", of: store).text
    #expect(family.contains(#"<a href="/patterns?family=bw_checker_main">"#))
    let overview = PageSamples.get("/", of: store).text
    #expect(overview.contains(#"<a href="/runs/1#outcomes">72</a></td>"#))
  }

  @Test func aReferenceToNothingIsSaid() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      try transaction.insert(
        StoreSamples.record(.patterns, "p", ["strip_family_id": .text("gone")]))
    }
    let page = PageSamples.get("/patterns/p", of: store).text
    #expect(page.contains("<bdi>gone</bdi>") && page.contains("not in the database"))
    #expect(!page.contains("href=\"/strip-families/gone\""))
  }
}

@Suite struct PageLinkTests {
  @Test(arguments: EntityCatalog.rmos.kinds)
  func aLinkLeadsBackToItsID(_ kind: EntityKind) throws {
    for id in PageSamples.hostile + ["", "id", "Ä ö+ü&=;#?/\\", "..a", "...", "%2e%2e"] {
      let link = try #require(PageLink.link(to: kind, id: id))
      // Browsers must not change it: it has no character to encode, and no dots to resolve.
      #expect(link.utf8.allSatisfy { 0x21...0x7E ~= $0 && !"\"<>`{}\\^|#".utf8.contains($0) })
      #expect(!link.contains("/../") && !link.hasSuffix("/..") && !link.hasSuffix("/."))
      let target = try RequestTarget(link)
      #expect(target.pagePath.first.flatMap { EntityCatalog.rmos.kind(pathName: $0) } == kind)
      let found = target.pagePath.count == 2 ? target.pagePath[1] : target["id"]
      #expect(Array((found ?? "absent").utf8) == Array(id.utf8))
      #expect(target.pagePath.count <= 2)
    }
  }

  @Test func aURLThatIsTooLongIsNotLinked() {
    #expect(PageLink.link(to: .patterns, id: String(repeating: "é", count: 5000)) == nil)
    #expect(PageLink.link(to: .patterns, id: String(repeating: "x", count: 10_000)) != nil)
  }
}
