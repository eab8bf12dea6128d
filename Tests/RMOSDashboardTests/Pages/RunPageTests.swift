import RMOSHTML
import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// `/runs` and `/runs/N`.
@Suite struct RunPageTests {
  private func page(_ target: String, _ fixture: DashboardFixture) -> ServerResponse {
    fixture.dashboard.response(to: ServerRequest(method: "GET", target: target))
  }

  /// The text of an element, without markup.
  private func text(_ html: String, _ id: String) throws -> String {
    let pattern = try Regex("id=\"\(id)\"[^>]*>(.*?)</(?:section|span|div)>")
      .dotMatchesNewlines()
    let match = try #require(html.firstMatch(of: pattern))
    return String(match.output[1].substring ?? "").replacing(/<[^>]*>/, with: "")
  }

  private func messy(_ backend: DashboardFixture.Backend = .sqlite) throws -> DashboardFixture {
    let fixture = try DashboardFixture(backend)
    try MessyShop().migrate(into: fixture.store)
    return fixture
  }

  @Test(arguments: DashboardFixture.Backend.allCases)
  func aRunShowsWhatIsWrongTheWorstFirst(_ backend: DashboardFixture.Backend) throws {
    let html = page("/runs/1", try messy(backend)).text
    let articles = html.matches(
      of: /<article class="group">\s*<h3>(.*?)<\/h3>/
        .dotMatchesNewlines()
    ).map { $0.output.1.replacing(/<[^>]*>/, with: "") }
    #expect(articles.count > 4)
    let severities = articles.map { $0.contains("error") }
    #expect(severities == severities.sorted { $0 && !$1 })
    #expect(severities.first == true && severities.last == false)
    #expect(html.contains("patterns/broken.json:1:26"))
    #expect(html.contains("class=\"verdict errors\""))
    #expect(!html.contains("data-refreshing"))
  }

  @Test func issuesAreListedFilteredAndPaged() throws {
    let fixture = try messy()
    let issues = try fixture.store.read { try $0.issues(ofRun: 1) }
    let errors = issues.filter { $0.severity == .error }
    let first = page("/runs/1?severity=error&per=100", fixture).text
    #expect(try text(first, "count").hasPrefix("1–\(errors.count) of \(errors.count) errors"))
    let failed = try #require(try fixture.store.read { try $0.run(1) }).statistics.total.failed
    #expect(try text(first, "count").contains("of \(failed) failed entities"))
    let all = page("/runs/1?page=2", fixture).text
    #expect(try text(all, "count") == "51–\(issues.count) of \(issues.count) issues")
    // Beyond the last page, the last one is shown.
    let beyond = page("/runs/1?page=99", fixture).text
    #expect(try text(beyond, "count").hasPrefix("51–"))
    #expect(beyond.contains("There is no page 99; the last is shown."))
    let one = page("/runs/1?code=json.syntax", fixture).text
    #expect(try text(one, "count") == "1–1 of 1 issue")
    #expect(page("/runs/1?code=none", fixture).text.contains("No issue of this run matches."))
    let odd = page("/runs/1?severity=awful", fixture).text
    #expect(odd.contains("the filter is ignored"))
    // The CSV has all listed issues, regardless of the page size.
    for query in ["", "?per=100", "?page=1&per=100", "?severity=error&per=100"] {
      let links = page("/runs/1\(query)", fixture).text.matches(of: /href="([^"]*format=csv)">CSV</)
      let link = try #require(links.first).output.1.replacing("&amp;", with: "&")
      let table = page(String(link), fixture)
      #expect(table.field("Content-Type")?.hasPrefix("text/csv") == true, "\(link)")
      let listed = query.contains("error") ? errors.count : issues.count
      #expect(table.text.matches(of: /\R(error|warning),/).count == listed)
    }
    // An entity is linked if it is in the store; one that failed is not.
    let warnings = page("/runs/1?severity=warning", fixture).text
    #expect(warnings.contains("job log <a href=\"/joblogs/j1\">"))
    #expect(!first.contains("href=\"/joblogs/j2\""))
  }

  /// Canonically equivalent ids are different ones.
  @Test func anEntityIsLinkedOnlyIfItsIDHasTheSameBytes() throws {
    let fixture = try DashboardFixture(.sqlite)
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    try fixture.insert(sample(.patterns, decomposed))
    try fixture.store.write { transaction in
      var run = StoreSamples.run()
      run.id = try transaction.beginRun(run)
      run.state = .completed
      try transaction.updateRun(run)
      try transaction.appendIssues(
        [composed, decomposed].map {
          RMOSModels.Issue(
            severity: .error, code: .fieldMissing, kind: .patterns, id: $0, message: "m")
        }, run: run.id)
    }
    let html = page("/runs/1?page=1", fixture).text
    #expect(html.contains("href=\"/patterns/e%CC%81\""))
    #expect(!html.contains("href=\"/patterns/%C3%A9\""))
  }

  /// Issues about neither a file nor an entity with an id leave no gaps between separators.
  @Test func groupedIssuesWithoutAPlaceHaveOnlyTheirNumber() throws {
    let fixture = try DashboardFixture(.sqlite)
    try fixture.store.write { transaction in
      var run = StoreSamples.run()
      run.id = try transaction.beginRun(run)
      run.state = .completed
      try transaction.updateRun(run)
      let ids: [(IssueCode, [String?])] = [
        (.fieldEmpty, [nil, nil, nil, nil]), (.fieldRange, [nil, "b", nil, "d"]),
      ]
      for (code, ids) in ids {
        try transaction.appendIssues(
          ids.map {
            RMOSModels.Issue(severity: .warning, code: code, kind: .joblogs, id: $0, message: "m")
          }, run: run.id)
      }
    }
    let html = page("/runs/1", fixture).text
    let places = html.matches(of: /<div class="place">(.*?)<\/div>/).map {
      $0.output.1.replacing(/<[^>]*>/, with: "")
    }
    #expect(places == ["4 job logs", "4 job logs: id b · …"])
  }

  @Test func newAndKnownFailuresAreMarked() throws {
    let fixture = try DashboardFixture(.sqlite)
    try MessyShop().nights(fixture)
    func groups(_ run: Int) throws -> String {
      let html = page("/runs/\(run)", fixture).text
      return html.matches(of: /<article class="group">(.*?)<\/article>/.dotMatchesNewlines())
        .map { String($0.output.1).replacing(/<[^>]*>/, with: "") }.joined()
    }
    #expect(try !groups(1).contains(/, new:| · new/))
    #expect(try groups(2).contains(/, known:| · known/) && groups(2).contains(/, new:| · new/))
  }

  @Test func aRunIsDownloadedInEveryFormat() throws {
    let fixture = try messy()
    let report = try MigrationReport(ofRun: 1, in: fixture.store)
    for (format, text, type) in [
      ("html", report.html, "text/html"), ("json", report.json + "\n", "application/json"),
      ("text", report.text, "text/plain"),
    ] {
      let answer = page("/runs/1?format=\(format)", fixture)
      #expect(answer.text == text)
      #expect(answer.field("Content-Type")?.hasPrefix(type) == true)
      #expect(answer.field("Content-Disposition")?.hasPrefix("attachment; filename=") == true)
    }
    let csv = page("/runs/1?format=csv&severity=warning", fixture).text
    let warnings = try fixture.store.read { try $0.issues(ofRun: 1) }
      .filter { $0.severity == .warning }
    #expect(csv.split(separator: "\r\n").count == warnings.count + 1)
    #expect(page("/runs/1?format=pdf", fixture).status == 422)
    #expect(page("/runs/7?format=html", fixture).status == 404)
    #expect(page("/runs?format=csv", fixture).text.hasPrefix("run,command,"))
  }

  /// Other applications may have written the entities that a run skips.
  @Test(arguments: DashboardFixture.Backend.allCases)
  func aNumberOfWhichNothingCanBeListedIsNoLink(_ backend: DashboardFixture.Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.insert(sample(.patterns, "p1"), sample(.patterns, "p2"))
    try fixture.store.write { transaction in
      for number in 1...2 {
        var run = StoreSamples.run()
        run.id = try transaction.beginRun(run)
        run.state = .completed
        run.statistics[.patterns].skipped = 2
        if number == 2 {
          run.statistics[.joblogs].migrated = 1
          let batch = StoreSamples.batch(.joblogs, [StoreSamples.Entity(sample(.joblogs, "j"))])
          try transaction.insert(batch, at: 0, run: run.id)
        }
        try transaction.updateRun(run)
      }
    }
    for run in 1...2 {
      let html = page("/runs/\(run)", fixture).text
      #expect(!html.contains("outcome=skipped"), "\(html)")
      #expect(!html.contains("/patterns?run=\(run)&amp;outcome=found"))
    }
    #expect(page("/runs/2", fixture).text.contains("/joblogs?run=2&amp;outcome=migrated"))
    // In a list of runs, the links are made without reading the store.
    let runs = page("/runs", fixture).text
    #expect(runs.contains("<a href=\"/runs/1#outcomes\">2</a>"))
    #expect(!runs.contains("outcome=skipped"))
    let list = page("/patterns?run=1&outcome=skipped", fixture).text
    #expect(list.contains("none of them is there"))
  }

  @Test func missingRunsAndEmptyListsAreReported() throws {
    let fixture = try DashboardFixture(.inMemory)
    #expect(page("/runs", fixture).text.contains("No runs yet"))
    for target in ["/runs/1", "/runs/x", "/runs/0", "/runs/1?severity=error"] {
      #expect(page(target, fixture).status == 404, "\(target)")
    }
    #expect(page("/runs/1/2", fixture).status == 404)
    try fixture.migrate(sample(.patterns, "p"), startedAt: "2026-01-01T00:00:00Z")
    let quiet = page("/runs/1", fixture).text
    #expect(quiet.contains("No errors and no warnings."))
    // The run has neither a user nor a list of files that were not read.
    #expect(quiet.contains("not recorded"))
    for (target, status) in [
      ("/runs?none=1", 200), ("/runs/1?none=1", 200), ("/runs?none=1&format=csv", 422),
      ("/runs/", 308), ("/runs/1/", 308),
    ] {
      #expect(page(target, fixture).status == status, "\(target)")
    }
  }

  @Test func runsAreSortedByEachColumn() throws {
    let fixture = try DashboardFixture(.sqlite, allowsWrites: true)
    try MessyShop().nights(fixture)
    func order(_ query: String) -> [String] {
      page("/runs\(query)", fixture).text.matches(
        of: /scope="row"><a class="nowrap" href="\/runs\/(\d+)"/
      ).map { String($0.output.1) }
    }
    #expect(order("") == ["6", "5", "4", "3", "2", "1"])
    #expect(order("?sort=run") == ["1", "2", "3", "4", "5", "6"])
    #expect(order("?sort=command") == ["6", "3", "2", "1", "5", "4"])
    #expect(order("?sort=-migrated").first == "1")
    let html = page("/runs?sort=-failed", fixture).text
    // On narrow screens, a form has the same orders as the headings.
    #expect(html.contains("<option value=\"-failed\" selected>Failed, descending</option>"))
    #expect(
      html.contains("<span class=\"away\">Run </span>6<span class=\"away\">, <bdi>migrate</bdi>"))
    #expect(html.contains("aria-sort=\"descending\"><a href=\"/runs?sort=failed\">Failed"))
    #expect(html.contains("undone by <a href=\"/runs/4\">run 4</a>"))
    #expect(html.contains("of <a href=\"/runs/3\">run 3</a>"))
    #expect(page("/runs?sort=none", fixture).text.contains("There is no order"))
  }

  @Test func aRunUnderWayShowsWhatThereIsAndLoadsItselfAgain() throws {
    let fixture = try DashboardFixture(.sqlite)
    try fixture.store.withExclusiveWriter {
      try fixture.store.write { transaction in
        var run = StoreSamples.run()
        run.id = try transaction.beginRun(run)
        run.statistics[.patterns].failed = 2
        try transaction.updateRun(run)
        try transaction.appendIssues(
          [RMOSModels.Issue(severity: .error, code: .fieldMissing, message: "so far")], run: run.id)
      }
      for target in ["/runs/1", "/runs"] {
        let html = page(target, fixture).text
        #expect(html.contains(" data-refreshing>"), "\(target)")
        // It reloads without scripts, too.
        #expect(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"))
      }
      #expect(page("/runs/1", fixture).text.contains("so far"))
    }
    let html = page("/runs/1", fixture).text
    #expect(!html.contains(" data-refreshing>"))
    #expect(html.contains("interrupted"))
  }

  @Test func theOverviewSaysFirstWhatFailed() throws {
    let fixture = try messy()
    let html = page("/", fixture).text
    let verdict = try #require(
      html.firstMatch(of: /<p class="verdict ([a-z]+)">(.*?)<\/p>/.dotMatchesNewlines()))
    #expect(verdict.output.1 == "errors")
    let run = try #require(try fixture.store.read { try $0.run(1) })
    let sentence = verdict.output.2.replacing(/<[^>]*>/, with: "")
    #expect(sentence.hasPrefix("✗ \(run.statistics.total.failed) entities failed"))
    #expect(verdict.output.2.contains("href=\"/runs/1?severity=error#issues\""))
    #expect(!html.contains("report --run"))
  }

  @Test func textsOfTheLedgerAreNeverMarkup() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      for text in PageSamples.hostile {
        var run = StoreSamples.run(text)
        (run.source, run.user, run.host, run.toolVersion) = (text, text, text, text)
        (run.startedAt, run.failure) = (text, text)
        run.optionsJSON = JSONValue.object([.init(name: text, value: .string(text))]).text
        run.issueCounts = [IssueCode(rawValue: text): 3]
        run.id = try transaction.beginRun(run)
        run.state = .completed
        try transaction.updateRun(run)
        try transaction.appendIssues(
          Severity.allCases.map {
            RMOSModels.Issue(
              severity: $0, code: IssueCode(rawValue: text), kind: .patterns, id: text,
              source: text, locator: .key(text), line: .max, column: .max, pointer: text,
              message: text)
          }, run: run.id)
      }
    }
    for (index, text) in PageSamples.hostile.enumerated() {
      let code = text.prefix(1500).description
      for target in [
        "/runs", "/runs/\(index + 1)", "/runs/\(index + 1)?page=1",
        "/runs/\(index + 1)?severity=error&code=\(code.percentEncodedForTests)",
      ] {
        let answer = PageSamples.get(target, of: store)
        #expect(answer.status == 200)
        let content = answer.text.withoutLookAndScript
        for tag in HTMLTag.all(in: content) {
          #expect(!["script", "img", "b"].contains(tag.name.lowercased()), "\(target.prefix(80))")
          #expect(!tag.attributes.contains { $0.name.lowercased().hasPrefix("on") })
          for (name, value) in tag.attributes where name == "href" {
            #expect(["/", "#main", "data:image/svg+xml"].contains { value.hasPrefix($0) })
          }
        }
        #expect(!content.unicodeScalars.contains { $0 != "\n" && PlainText.controlsDisplay($0) })
      }
    }
  }
}

extension String {
  fileprivate var percentEncodedForTests: String {
    utf8.map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.count == 1 ? "0" : "") + digits
    }.joined()
  }
}
