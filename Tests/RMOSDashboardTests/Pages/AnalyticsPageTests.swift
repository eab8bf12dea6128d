import Foundation
import RMOSAnalytics
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// The analytics page, and the figures on the page of a pattern.
@Suite struct AnalyticsPageTests {
  private func example() throws -> InMemoryStore {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    return store
  }

  private func page(_ target: String, of store: any RecordStore) -> String {
    PageSamples.get(target, of: store).text.withoutLookAndScript
  }

  @Test func everyFigureOfTheExampleIsThere() throws {
    let html = try page("/analytics", of: example())
    #expect(html.contains("<a href=\"/analytics\" aria-current=\"page\">Analytics</a>"))
    for table in [
      "months", "durations", "failures_by_type", "failures_by_blade", "waste_by_material",
      "stock", "blades", "complexity", "popularity", "estimates", "outliers", "stuck",
    ] {
      #expect(html.contains("<section id=\"\(table)\""), "\(table)")
    }
    #expect(html.contains("75.0 %") && html.contains("56.6–87.3 %, of 28 finished"))
    #expect(html.contains("n 21, 7 missing"))
    #expect(html.contains("As of <time datetime=\"2026-03-01T12:00:00Z\">"))
    // Each chart has a description and a table.
    let charts = html.matches(of: /<svg class="(chart|mark)" role="img"/).count
    let titles = html.matches(of: /<title[ >]/).count
    #expect(charts > 50 && titles >= charts)
    #expect(html.matches(of: /<details class="numbers"/).count > 12)
    // A figure links to its jobs.
    #expect(html.contains("href=\"/joblogs?type=assembly&amp;status=failed\""))
    #expect(html.contains("href=\"/patterns/chevron_5x7\""))
    #expect(html.contains("href=\"/analytics?material=Koa\""))
  }

  @Test func noIDOfThePageOccursTwice() throws {
    let ids = try HTMLTag.all(in: page("/analytics", of: example())).flatMap(\.attributes)
      .filter { $0.name == "id" }.map(\.value)
    #expect(ids.count > 30 && Set(ids).count == ids.count)
  }

  @Test func figuresThatTakeLongAreAnnouncedAndThenAppear() async throws {
    let fixture = try DashboardFixture(.sqlite, patience: .zero)
    _ = try RecordedMigration(Fixtures.exampleTree, into: fixture.store)
    let target = "/analytics?job_type=slice"
    func html() -> String {
      String(
        decoding: fixture.dashboard.response(
          to: ServerRequest(method: "GET", target: target)
        ).body, as: UTF8.self)
    }
    let refresh = "<noscript><meta http-equiv=\"refresh\" content=\"1\"></noscript>"
    var page = html()
    var waits = 0
    // The figures may be ready already.
    while page.contains("The figures are being computed"), waits < 5000 {
      #expect(page.contains(refresh) && page.contains("<div id=\"figures\" data-refreshing>"))
      #expect(page.contains("value=\"slice\""))
      #expect(!page.contains("<dt>Jobs</dt>"))
      waits += 1
      try await Task.sleep(for: .milliseconds(2))
      page = html()
    }
    #expect(page.contains("<dt>Jobs</dt><dd>7") && !page.contains(refresh))
  }

  @Test func anEmptyStoreIsSaidToBeEmptyOnce() throws {
    let html = page("/analytics", of: InMemoryStore())
    #expect(html.matches(of: /class="nothing"/).count == 1)
    #expect(html.contains("There is nothing to count yet."))
    #expect(!html.contains("Nothing is known.") && !html.contains("<svg class=\"chart\""))
    #expect(!html.contains("<svg class=\"scale\"") && html.contains("<form class=\"tools\""))
    // A filter without jobs leaves the figures that do not depend on it.
    let filtered = try page("/analytics?job_type=none", of: example())
    #expect(filtered.contains("There are no jobs under this filter."))
    #expect(filtered.contains("<section id=\"stock\"") && !filtered.contains("id=\"durations\""))
  }

  private func store(
    jobs: [(end: String, status: String)], families: [(id: String, material: String)] = []
  ) throws -> InMemoryStore {
    let store = InMemoryStore()
    try store.write { transaction in
      for (id, material) in families {
        try transaction.insert(
          StoreSamples.record(.stripFamilies, id, ["material_type": .text(material)]))
      }
      for (index, job) in jobs.enumerated() {
        try transaction.insert(
          StoreSamples.record(
            .joblogs, "j\(index)",
            [
              "status": .text(job.status), "start_time": .null, "end_time": .text(job.end),
              "pattern_id": .null, "strip_family_id": .null,
            ]))
      }
    }
    return store
  }

  /// One mistyped year does not compress the charts; the figures do not change.
  @Test func chartsEndTodayAndWhatIsLaterIsSaid() throws {
    let store = try store(jobs: [
      ("2025-01-10T10:00:00Z", "completed"), ("2025-03-01T10:00:00Z", "completed"),
      ("2026-03-02", "failed"), ("2205-03-01T10:00:00Z", "completed"),
    ])
    let html = page("/analytics", of: store)
    #expect(html.contains("<figcaption><span>Jan 2025</span>") && html.contains(">Mar 2026</span>"))
    #expect(html.contains("2 jobs with a day after today are in the table only."))
    #expect(html.contains("Mar 2205</th>"))
    #expect(html.contains("2 finished jobs have a day after today, the last on <time"))
    #expect(html.contains("href=\"/analytics?to=2026-03-01\">Figures until today</a>"))
    #expect(html.contains("calendar days, to <time datetime=\"2205-03-01\">"))
    #expect(html.contains("<dd>0.00006<span"))
    // Without such jobs there is no note.
    let until = page("/analytics?to=2026-03-01", of: store)
    #expect(!until.contains("after today") && !until.contains("2205"))
    let old = (1...28).map { (end: "2025-02-\($0 < 10 ? "0" : "")\($0)", status: "failed") }
    let past = try page("/analytics", of: self.store(jobs: [("0205-03-01", "failed")] + old))
    #expect(past.contains("<figcaption><span>Feb 2025</span>") && past.contains(">Mar 2026</span>"))
    #expect(past.contains(">Mar 0205</th>"))
    #expect(past.contains("Older jobs are in the table only."))
    let future = try page("/analytics", of: self.store(jobs: [("2205-03-01", "completed")]))
    #expect(future.contains("1 job with a day after today is in the table only."))
    #expect(!future.contains("<svg class=\"chart\""))
  }

  /// The chart uses the unit that fits, and ends on the last day of the filter.
  @Test func theUnitOfTheColumnsIsNamed() throws {
    let store = try store(
      jobs: (1...9).map { (end: "2025-02-0\($0)", status: "completed") })
    #expect(page("/analytics", of: store).contains("Jobs finished in each month, by the day"))
    let days = page("/analytics?to=2025-02-20", of: store)
    #expect(days.contains("Jobs finished in each day, by the day they ended."))
    #expect(days.contains("<figcaption><span>1 Feb 2025</span>"))
    #expect(days.contains(">20 Feb 2025</span>"))
  }

  /// No link leads to an empty list.
  @Test func aTypeWithoutFailuresHasNoLinkToThem() throws {
    let html = try page("/analytics", of: example())
    #expect(html.contains("batch: failed 0.0 %"))
    #expect(!html.contains("href=\"/joblogs?type=batch&amp;status=failed\""))
  }

  /// A figure does not link to a list with more jobs than it counts.
  @Test func figuresLinkToNoListThatHasOtherJobs() throws {
    let store = try example()
    let lists = /href="\/joblogs\?/
    #expect(page("/analytics", of: store).contains(lists))
    for filter in ["from=2025-02-01&to=2025-02-28", "to=2027-01-01", "material=Ebony"] {
      #expect(!page("/analytics?\(filter)", of: store).contains(lists), "\(filter)")
    }
    let type = page("/analytics?job_type=slice", of: store)
    #expect(type.contains("href=\"/joblogs?status=completed&amp;type=slice\""))
    #expect(!type.contains(/href="\/joblogs\?(?![^"]*type=)/))
  }

  /// Figures ignore case and white space, the list does not.
  @Test func aMaterialOfSeveralSpellingsIsNoLink() throws {
    let store = try store(
      jobs: [],
      families: [("a", "Koa"), ("b", "Koa"), ("c", "koa "), ("d", "Maple"), ("e", " Ebony")])
    let html = page("/analytics", of: store)
    #expect(html.contains("href=\"/strip-families?material=Maple\""))
    #expect(!html.contains("material=Koa") && !html.contains("material=Ebony"))
    #expect(html.contains("Koa: length"))
  }

  @Test func ringsAreMeasuredInMillimeters() throws {
    let store = InMemoryStore()
    try store.write {
      try $0.insert(
        StoreSamples.record(
          .patterns, "p",
          ["geometry": .text(#"{"rings":[{"radius_mm":1040.5},{"radius_mm":50}]}"#)]))
    }
    let html = page("/analytics", of: store)
    #expect(html.contains("545.25 mm, n 2</span>"))
    #expect(html.contains("median 545.25 mm, min 50.00 mm") && html.contains("max 1,040.50 mm"))
    #expect(html.contains(/class="middle[^"]*">1,000 mm</))
  }

  @Test func unknownFiguresAreNeverShownAsZero() throws {
    let html = try page("/analytics", of: store(jobs: [("2025-01-01", "pending")]))
    #expect(html.contains("<dt>Success rate</dt><dd><span class=\"dim\">unknown</span>"))
    #expect(html.contains("<dt>Median duration</dt><dd><span class=\"dim\">unknown</span>"))
    #expect(html.contains("no job has finished"))
    #expect(html.contains("Nothing is known."))
    #expect(!html.contains(/\b0(\.0+)? (%|s|h)\b/))
    #expect(!html.contains(/\bnan\b|\binf\b/))
  }

  @Test func theFilterIsInTheAddressAndInTheForm() throws {
    let store = try example()
    let html = page("/analytics?job_type=slice&from=2025-01-01&to=2025-12-31", of: store)
    #expect(html.contains("value=\"slice\"") && html.contains("value=\"2025-01-01\""))
    #expect(html.contains("<dt>Jobs</dt><dd>7"))
    #expect(html.contains("remove this filter"))
    let unfiltered = "complexity stay those of all rows"
    #expect(html.contains(unfiltered) && !page("/analytics", of: store).contains(unfiltered))
    // Links keep the filter.
    #expect(
      html.contains(
        "/analytics?from=2025-01-01&amp;to=2025-12-31&amp;job_type=slice&amp;material=Ebony"))
    // Empty fields of the form do not filter.
    #expect(
      page("/analytics?from=&to=&job_type=&material=", of: store).contains("<dt>Jobs</dt><dd>40"))
  }

  @Test(arguments: [
    ("from=2025-02-30", "is not a day"), ("from=2025-02-02&to=2025-02-01", "is after"),
  ])
  func aWrongDayIsSaidAndIgnored(_ query: String, _ words: String) throws {
    let html = try page("/analytics?\(query)", of: example())
    #expect(html.contains(words) && html.contains("<dt>Jobs</dt><dd>40"))
  }

  @Test func anUnknownParameterIsNamed() {
    let answer = PageSamples.get("/analytics?jobtype=slice", of: InMemoryStore())
    #expect(answer.status == 200 && answer.text.contains("did you mean &quot;job_type&quot;?"))
    #expect(PageSamples.get("/analytics/more", of: InMemoryStore()).status == 404)
    let slash = PageSamples.get("/analytics/?from=2025-01-01", of: InMemoryStore())
    #expect(slash.field("Location") == "/analytics?from=2025-01-01")
  }

  @Test func aPatternHasItsOwnFigures() throws {
    let html = try page("/patterns/classic_rope_5x9", of: example())
    #expect(html.contains("<h2 id=\"figures-title\">Figures</h2>"))
    #expect(html.contains("<a href=\"/joblogs?pattern=classic_rope_5x9\">2 jobs</a>"))
    #expect(html.contains("45 min 0 s") && html.contains("33 % longer"))
    #expect(html.contains("score 52.3"))
    #expect(html.contains("href=\"/analytics?pattern=classic_rope_5x9\""))
    #expect(html.contains("action=\"/patterns/classic_rope_5x9/cut-list\""))
    let unused = InMemoryStore()
    try unused.write {
      try $0.insert(StoreSamples.record(.patterns, "p", ["geometry": .text("{}")]))
    }
    let nothing = page("/patterns/p", of: unused)
    #expect(nothing.contains("<dt>success</dt><dd><span class=\"dim\">unknown</span>"))
    #expect(nothing.contains("0 jobs"))
  }

  /// A very short time is not shown as no time.
  @Test func aVeryShortTimeIsNotShownAsNone() throws {
    let store = InMemoryStore()
    try store.write {
      try $0.insert(
        StoreSamples.record(
          .patterns, "p", ["metadata": .text(#"{"estimated_time_min": 183}"#)]))
      try $0.insert(
        StoreSamples.record(
          .joblogs, "j",
          [
            "pattern_id": .text("p"), "status": .text("completed"),
            "start_time": .text("2025-01-01T00:00:00Z"), "end_time": .text("2025-01-01T00:00:45Z"),
            "duration_seconds": .real(45),
          ]))
    }
    #expect(page("/patterns/p", of: store).contains("the median takes over 99 % less"))
  }

  /// Entities with the same name are shown with their ids.
  @Test func patternsAndStripFamiliesAreNamed() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      for (id, name) in [("f1", "Ebony <1>"), ("f2", " ")] {
        try transaction.insert(StoreSamples.record(.stripFamilies, id, ["name": .text(name)]))
      }
      for (id, name) in [("p1", "Rope"), ("p2", "Wave"), ("p3", "Wave")] {
        try transaction.insert(
          StoreSamples.record(
            .patterns, id, ["name": .text(name), "strip_family_id": .text("f1")]))
        try transaction.insert(
          StoreSamples.record(
            .joblogs, "j-\(id)",
            [
              "pattern_id": .text(id), "strip_family_id": .text("f1"), "status": .text("failed"),
            ]))
      }
    }
    let html = page("/analytics", of: store)
    for text in [
      #"<a href="/patterns/p1"><bdi>Rope</bdi></a>"#,
      #"<a href="/patterns/p2"><bdi>Wave</bdi></a> <span class="dim id"><bdi>p2</bdi></span>"#,
      #"<a href="/strip-families/f1"><bdi>Ebony &lt;1&gt;</bdi></a>"#,
      #"<a href="/strip-families/f2">f2</a>"#,
      "Wave (p3): ", #"<option value="p1">Rope</option>"#,
    ] {
      #expect(html.contains(text), "\(text)")
    }
    let filtered = page("/analytics?pattern=p1&family=f1", of: store)
    #expect(filtered.contains("pattern: <bdi>Rope</bdi>"))
    #expect(filtered.contains("strip family: <bdi>Ebony &lt;1&gt;</bdi>"))
    #expect(
      page("/analytics?pattern=p2", of: store).contains("pattern: <bdi>Wave</bdi> (<bdi>p2</bdi>)"))
    #expect(page("/analytics?pattern=none", of: store).contains("pattern: <bdi>none</bdi>"))
  }

  // MARK: Cut lists

  /// The page of a long list has its first pieces, and links to the complete files.
  @Test(.timeLimit(.minutes(1))) func aLongCutListIsCompleteOnlyAsAFile() throws {
    let rings = Array(repeating: #"{"segments":2}"#, count: 100_000).joined(separator: ",")
    let store = try store()
    try store.write { transaction in
      try transaction.insert(
        StoreSamples.record(
          .patterns, "large",
          ["geometry": .text(#"{"rings":[\#(rings)]}"#), "strip_family_id": .text("f")]))
    }
    let target = "/patterns/large/cut-list?count=2&kerf=0.5"
    let html = page(target, of: store)
    #expect(html.utf8.count < 1_000_000)
    #expect(html.contains("The first 1,000 of 100,000 rows; all are in the <a href="))
    #expect(html.contains("how long the tiles of rings 1–100000 are."))
    let link = "/patterns/large/cut-list?count=2&amp;kerf=0.5&amp;format="
    #expect(html.contains("href=\"\(link)csv\"") && html.contains("href=\"\(link)json\""))
    let csv = PageSamples.get("\(target)&format=csv", of: store)
    #expect(csv.body.count { $0 == 0x0A } == 100_001)
    let json = try PageSamples.get("\(target)&format=json", of: store).json
    guard case .array(let pieces)? = json["pieces"] else { throw Missing() }
    #expect(pieces.count == 100_000)
    for (query, status) in [("count=2&format=xml", 422), ("format=csv", 422)] {
      #expect(PageSamples.get("/patterns/large/cut-list?\(query)", of: store).status == status)
    }
  }

  private struct Missing: Error {}

  @Test func stripFamiliesToCutFromAreNamed() throws {
    let html = try page("/patterns/short/cut-list?count=1", of: store())
    #expect(html.contains("</bdi> <span class=\"dim id\"><bdi>f</bdi></span></span></td>"))
  }

  private func store() throws -> InMemoryStore {
    let store = InMemoryStore()
    try store.write { transaction in
      try transaction.insert(
        StoreSamples.record(
          .stripFamilies, "f", ["strips": .text(#"[{"length_mm": 600}]"#)]))
      try transaction.insert(
        StoreSamples.record(
          .patterns, "short",
          [
            "strip_family_id": .text("f"),
            "geometry": .text(#"{"rings":[{"radius_mm":40,"segments":24}]}"#),
          ]))
      for id in ["rope", ".."] {
        try transaction.insert(
          StoreSamples.record(
            .patterns, id,
            [
              "name": .text("Rope & <b>"), "strip_family_id": .null,
              "geometry": .text(#"{"rings":[{"radius_mm":40,"segments":24}]}"#),
            ]))
      }
    }
    return store
  }

  @Test func aCutListIsAskedForInTheAddress() throws {
    let store = try store()
    let html = page("/patterns/rope/cut-list?count=10&scrap=10&stick=600&kerf=0.5", of: store)
    // The list has the day and the database.
    #expect(html.contains("<time datetime=\"2026-03-01\">1 Mar 2026</time>, from the database"))
    #expect(!html.contains("class=\"error\""))
    let many = page("/patterns/short/cut-list?count=1000", of: store)
    #expect(many.contains("<span>24,000</span>"))
    #expect(
      many.contains("<span class=\"error\"><span aria-hidden=\"true\">✗</span> 250,727</span>"))
    #expect(html.contains("10 × Rope &amp; &lt;b&gt;, 10 % scrap, kerf 0.5 mm, sticks of 600 mm"))
    // 24 tiles each, 264 with scrap.
    #expect(html.contains("class=\"n\"><span>264</span></td>"))
    #expect(html.contains("name=\"count\" type=\"number\"") && html.contains("value=\"10\""))
    #expect(html.contains(#"tabindex="0" aria-label="Pieces, as a table""#))
    #expect(page("/cut-list?id=..&count=1", of: store).contains("class=\"n\"><span>24</span></td>"))
    #expect(page("/patterns/..?count=1", of: store).contains("404") == false)
    #expect(page("/patterns/rope/cut-list", of: store).contains("How many rosettes?"))
  }

  @Test(arguments: [
    "count=0", "count=1.5", "count=x", "count=1&scrap=-1", "count=1&kerf=nan", "count=1&stick=0",
    "count=99999999999999999999",
  ])
  func aWrongNumberIsSaid(_ query: String) throws {
    let html = try page("/patterns/rope/cut-list?\(query)", of: store())
    #expect(html.contains("must be a") && !html.contains("<table"))
    // The message names the field as the form does, and does not ask for a number that is there.
    #expect(html.contains(/&quot;(Rosettes|Scrap, %|Stick, mm|Kerf, mm)&quot; must be a/))
    #expect(!html.contains("How many rosettes?"))
  }

  @Test func aMissingPatternHasNoCutList() throws {
    let store = try store()
    #expect(PageSamples.get("/patterns/none/cut-list?count=1", of: store).status == 404)
    #expect(PageSamples.get("/joblogs/rope/cut-list?count=1", of: store).status == 404)
    let misspelt = PageSamples.get("/patterns/rope/cut-list?cout=1", of: store)
    #expect(misspelt.status == 200 && misspelt.text.contains("did you mean &quot;count&quot;?"))
    #expect(PageSamples.get("/cut-list?count=1", of: store).status == 404)
  }
}
