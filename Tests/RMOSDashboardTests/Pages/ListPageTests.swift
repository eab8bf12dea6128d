import Foundation
import RMOSAnalytics
import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

@Suite struct ListPageTests {
  private func store(_ count: Int) throws -> InMemoryStore {
    let store = InMemoryStore()
    try store.write { transaction in
      for number in 0..<count {
        try transaction.insert(
          StoreSamples.record(
            .patterns, "p\(1000 + number)",
            [
              "name": .text(number % 10 == 0 ? "Rope \(number)" : "Wave \(number)"),
              "ring_count": .integer(Int64(number % 7 + 1)),
              "created_at": .text("2025-01-\(10 + number % 20)"),
            ]))
      }
    }
    return store
  }

  private func ids(_ target: String, _ store: any RecordStore) -> [String] {
    PageSamples.get(target, of: store).text
      .matches(of: /role="rowheader" scope="row"><a href="\/[a-z-]+\/([^"]*)"/)
      .map { String($0.output.1) }
  }

  @Test func pagesFollowOneAnotherWithoutGapsOrOverlap() throws {
    let store = try store(230)
    for order in ["id", "newest"] {
      var seen: [String] = []
      var target = "/patterns?sort=\(order)"
      for _ in 0..<10 {
        let page = PageSamples.get(target, of: store).text
        seen += ids(target, store)
        guard let next = page.firstMatch(of: /<a href="([^"]*)" rel="next"/) else { break }
        target = String(next.output.1).replacing("&amp;", with: "&")
      }
      #expect(seen.count == 230)
      #expect(Set(seen).count == 230)
      let query = RecordQuery(.patterns).order(order == "id" ? .id : .newestFirst)
      #expect(seen == (try store.read { try $0.records(query).map(\.id) }))
    }
  }

  @Test(arguments: [
    ("per=500", "A page has 50, 100, 200 entries", "1–50 of 120"),
    ("page=999", "There is no page 999; the last is shown.", "101–120 of 120"),
    ("page=0", "&quot;0&quot; is not the number of a page", "1–50 of 120"),
    ("page=two", "&quot;two&quot; is not the number of a page", "1–50 of 120"),
    ("page=99999999999999999999&per=", "is not the number of a page", "1–50 of 120"),
    ("q=e&in=title", "is none of name, id, anywhere; the search is in name.", "1–50 of 120"),
    ("outcome=migrated", "which &quot;run&quot; must name; it is ignored.", "1–50 of 120"),
  ])
  func anInvalidValueIsSaid(_ query: String, _ words: String, _ range: String) throws {
    let html = try PageSamples.get("/patterns?\(query)", of: store(120)).text
    #expect(html.contains(words) && html.contains(range), "\(html)")
    let sound = try PageSamples.get("/patterns?page=2&per=100", of: store(120)).text
    #expect(!sound.contains("class=\"warning\""))
  }

  @Test func aSearchKeepsTheSizeOfThePages() throws {
    func kept(_ query: String) throws -> Bool {
      try PageSamples.get("/patterns?\(query)", of: store(120)).text
        .contains("<input type=\"hidden\" name=\"per\" value=\"100\">")
    }
    #expect(try kept("per=100") && !kept("per=50"))
  }

  @Test func anEmptyValueInALinkIsAFilter() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      for (id, status) in [("a", ""), ("b", ""), ("c", "failed")] {
        try transaction.insert(StoreSamples.record(.joblogs, id, ["status": .text(status)]))
      }
    }
    let all = PageSamples.get("/joblogs", of: store).text
    #expect(all.contains("<a href=\"/joblogs?status=\"><em>empty</em></a>"), "\(all)")
    let html = PageSamples.get("/joblogs?status=", of: store).text
    #expect(html.contains("1–2 of 2 job logs"))
    #expect(html.contains("<a class=\"chip\" href=\"/joblogs\">status: <em>empty</em>"))
    // A search keeps the filter.
    #expect(html.contains("<input type=\"hidden\" name=\"status\" value=\"\">"))
    #expect(html.contains("href=\"/joblogs?status=&amp;format=csv\""))
    // An empty field of the form means any value.
    let rings = try PageSamples.get("/patterns?q=&rings=&in=name", of: self.store(3)).text
    #expect(rings.contains("1–3 of 3") && !rings.contains("class=\"chip\""))
  }

  @Test func anIDThatNoAddressNamesIsNoLink() throws {
    let fixture = try DashboardFixture(.sqlite)
    _ = try sqlite3(
      fixture.directory.file("rmos.db"),
      "INSERT INTO patterns (id, name, ring_count, geometry_json, created_at) VALUES "
        + "(NULL, 'Wave', 1, '{}', '2'), ('', 'Wave', 1, '{}', '1'), "
        + "(CAST(x'ff41' AS TEXT), 'Wave', 1, '{}', '3'), (x'01', 'Wave', 1, '{}', '4')")
    for target in ["/patterns", "/"] {
      let html = fixture.request("GET", target).text
      let links = html.matches(of: /<a href="\/patterns([^"]*)"><bdi>Wave/).map { $0.output.1 }
      // The overview has the newest three.
      #expect(links == (target == "/" ? [] : ["?id="]))
      #expect(html.contains("no text as id, so no link") && html.contains("id not UTF-8"))
    }
    let ids = try fixture.get("/patterns").json["patterns"]
    #expect((0..<4).filter { ids?[$0]?["id"] == .null }.count == 2)
    #expect(fixture.get("/migration/status").text.contains(#""patterns":[{"id":null,"#))
  }

  /// Each query is a round trip if the store is a server.
  @Test(arguments: EntityCatalog.rmos.kinds)
  func aListAsksAsManyQuestionsAboutManyRowsAsAboutOne(_ kind: EntityKind) throws {
    let questions = try [1, 40].map { count in
      let store = FaultyStore(InMemoryStore(), failingAt: nil)
      try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        for number in 0..<count {
          let others = kind.schema.references.map { ($0.target, $0.field) }
          for (target, _) in others {
            try transaction.insert(StoreSamples.record(target, "t\(number)"))
          }
          let references = others.map { (kind.schema.fields[$1].member, "t\(number)") }
          let record = StoreSamples.record(
            kind, "e\(number)",
            Dictionary(uniqueKeysWithValues: references.map { ($0, .text($1)) }))
          _ = try transaction.insert(StoreSamples.batch(kind, [.init(record)]), at: [0], run: run)
          var changed = record
          changed.values[1] = .text("other \(number)")
          _ = try transaction.update(changed)
        }
      }
      let before = store.counts.calls
      let page = PageSamples.get("/\(kind.pathName)", of: store).text
      #expect(page.matches(of: /changed since/).count == count)
      return store.counts.calls - before
    }
    #expect(questions[0] == questions[1])
  }

  @Test(arguments: Backend.allCases)
  func rowsThatChangedSinceARunAreMarked(_ backend: Backend) throws {
    let directory = try TemporaryDirectory()
    let store = try backend.store(in: directory)
    let tree = try SourceTree([
      "patterns/a.json": """
      [{"id": "p1", "name": "a", "ring_count": 1, "geometry": {"a": 1}},
      {"id": "p2", "name": "b", "ring_count": 1, "geometry": {"a": 1}}]
      """
    ])
    _ = try withExtendedLifetime(tree) {
      try Migration(from: tree.path, into: store).runSynchronously()
    }
    func marks() -> [String] {
      PageSamples.get("/patterns", of: store).text
        .matches(of: /changed since <a href="\/runs\/([0-9]+)">/).map { String($0.output.1) }
    }
    #expect(marks().isEmpty)
    try store.write { transaction in
      var record = try #require(try transaction.record(.patterns, id: "p2"))
      let position = try #require(EntityKind.patterns.schema.position(ofMember: "name"))
      record.values[position] = .text("c")
      _ = try transaction.update(record)
      // A row that no run wrote cannot have changed since a run.
      try transaction.insert(StoreSamples.record(.patterns, "p3", [:]))
    }
    #expect(marks() == ["1"])
  }

  @Test func searchAndFiltersNarrowTogether() throws {
    let store = try store(100)
    #expect(ids("/patterns?q=rope", store).count == 10)
    #expect(ids("/patterns?q=rOPe+1", store) == ["p1010"])
    #expect(ids("/patterns?q=rope&rings=1", store) == ["p1000", "p1070"])
    #expect(ids("/patterns?q=p1099&in=id", store) == ["p1099"])
    #expect(ids("/patterns?q=%25", store).isEmpty)
    let page = PageSamples.get("/patterns?q=rope&rings=1&per=100", of: store).text
    #expect(page.contains(#"class="chip" href="/patterns?q=rope&amp;per=100">rings: <bdi>1</bdi>"#))
    #expect(page.contains(#"value="rope""#))
  }

  @Test func aFilterByAnEntityShowsItsName() throws {
    let store = try workshop()
    func chip(_ family: String) -> String? {
      PageSamples.get("/patterns?family=\(family)", of: store).text
        .firstMatch(of: /<a class="chip" [^>]*>(.*?) <span aria-hidden/)
        .map { String($0.output.1) }
    }
    #expect(
      chip("ebony") == "strip family: <bdi>Ebony &lt;b&gt;</bdi> (<bdi>ebony</bdi>)",
      "\(chip("ebony") ?? "")")
    #expect(chip("gone") == "strip family: <bdi>gone</bdi>", "\(chip("gone") ?? "")")
  }

  @Test(arguments: ["page=0", "page=-1", "page=x", "page=99999999999999999999", "page="])
  func aPageThatMakesNoSenseIsTheFirst(_ query: String) throws {
    #expect(ids("/patterns?\(query)", try store(60)).first == "p1000")
  }

  @Test func aPageBeyondTheEndIsTheLast() throws {
    let store = try store(60)
    #expect(ids("/patterns?page=9223372036854775807", store).first == "p1050")
    #expect(ids("/patterns?page=2&per=7", store).first == "p1050")
  }

  @Test func aFilterThatIsNoNumberIsToldAndLeftOut() throws {
    let store = try store(3)
    let page = PageSamples.get("/patterns?rings=three", of: store).text
    #expect(
      page.contains(
        "&quot;three&quot; is not a whole number from 1 up; the filter &quot;rings&quot; is "
          + "ignored."))
    #expect(ids("/patterns?rings=three", store).count == 3)
  }

  @Test func anEmptyListAndAListWithoutMatchesDiffer() throws {
    #expect(
      PageSamples.get("/patterns", of: InMemoryStore()).text.contains("no patterns yet"))
    #expect(PageSamples.get("/patterns?q=zz", of: try store(1)).text.contains("No matches."))
  }

  // MARK: Order, facets and references

  private func workshop() throws -> InMemoryStore {
    let store = InMemoryStore()
    try store.write { transaction in
      try transaction.insert(
        StoreSamples.record(.stripFamilies, "ebony", ["name": .text("Ebony <b>")]))
      let woods = [#"["ebony","maple"]"#, #"["ebony"]"#, #""holly""#, "7"]
      for (number, wood) in woods.enumerated() {
        try transaction.insert(
          StoreSamples.record(
            .patterns, "p\(number)",
            [
              "name": .text(["Wave", "Rope", "Arrow", "=1+1"][number]),
              "ring_count": .integer(Int64([3, 12, 12, 1][number])),
              "pattern_type": .text(number < 3 ? "radial" : "grid"),
              "strip_family_id": number == 0 ? .text("ebony") : number == 1 ? .text("gone") : .null,
              "metadata": .text(#"{"materials":\#(wood),"tradition":"Torres","note":"fleta"}"#),
              "geometry": .text(
                #"{"rings":[{"radius_mm":40,"width_mm":3,"material":"Black Ebony"},"#
                  + #"{"radius_mm":50,"width_mm":2,"material":"unobtainium"}]}"#),
            ]))
      }
    }
    return store
  }

  @Test(arguments: [
    ("name", "p3 p2 p1 p0"), ("-name", "p0 p1 p2 p3"), ("ring_count", "p3 p0 p1 p2"),
    ("-ring_count", "p1 p2 p0 p3"), ("strip_family_id", "p0 p1 p2 p3"),
    ("-strip_family_id", "p1 p0 p2 p3"), ("id", "p0 p1 p2 p3"), ("-id", "p3 p2 p1 p0"),
  ])
  func aListIsSortedByWhatItShows(_ sort: String, _ expected: String) throws {
    let store = try workshop()
    #expect(ids("/patterns?sort=\(sort)", store).joined(separator: " ") == expected)
    let answer = PageSamples.get("/patterns?sort=\(sort)&format=csv", of: store).text
    let rows = answer.split(separator: "\r\n").dropFirst().map { $0.prefix(2) }
    #expect(rows.joined(separator: " ") == expected)
  }

  @Test func headingsSayTheOrderAndTurnItAround() throws {
    let store = try workshop()
    let page = PageSamples.get("/patterns?sort=name&q=a", of: store).text
    #expect(page.matches(of: /aria-sort=/).count == 1)
    #expect(page.contains(#"aria-sort="ascending"><a href="/patterns?q=a&amp;sort=-name">Name"#))
    #expect(page.contains(#"<a href="/patterns?q=a&amp;sort=ring_count">Rings</a>"#))
    try store.write { try $0.insert(StoreSamples.record(.joblogs, "j")) }
    #expect(PageSamples.get("/joblogs", of: store).text.contains(#"aria-sort="descending""#))
    #expect(
      PageSamples.get("/patterns?sort=geometry", of: store).text.contains("There is no order"))
  }

  @Test func facetsCountUnderTheOtherFiltersAndSetAndClear() throws {
    let store = try workshop()
    func facets(_ target: String) -> [String] {
      PageSamples.get(target, of: store).text
        .matches(of: /<li><a href="[^"]*"[^>]*><bdi>([^<]*)<\/bdi>.*?<span class="n">(\d+)/)
        .map { "\($0.output.1) \($0.output.2)" }
    }
    #expect(
      facets("/patterns")
        == ["radial 3", "grid 1", "ebony 2", "holly 1", "maple 1", "Torres 4"])
    #expect(
      facets("/patterns?material=ebony")
        == ["radial 2", "ebony 2", "holly 1", "maple 1", "Torres 2"])
    #expect(
      facets("/patterns?type=grid") == ["radial 3", "grid 1", "Torres 1"])
    #expect(ids("/patterns?material=ebony&type=radial&rings=12", store) == ["p1"])
    #expect(ids("/patterns?material=Ebony", store) == [])
    let page = PageSamples.get("/patterns?material=ebony&sort=name", of: store).text
    #expect(page.contains(#"<a href="/patterns?sort=name" aria-current="true"><bdi>ebony</bdi>"#))
    #expect(
      page.contains(#"<a href="/patterns?material=holly&amp;sort=name"><bdi>holly</bdi></a>"#))
    #expect(page.contains(#"<input type="hidden" name="material" value="ebony">"#))
  }

  @Test func aSearchAnywhereLooksIntoTheMetadata() throws {
    let store = try workshop()
    #expect(ids("/patterns?q=FLETA", store) == [])
    #expect(ids("/patterns?q=FLETA&in=anywhere", store).count == 4)
    #expect(ids("/patterns?q=p1&in=anywhere", store) == ["p1"])
    #expect(ids("/patterns?q=wave&in=anywhere", store) == ["p0"])
    #expect(
      PageSamples.get("/patterns?q=fleta", of: store).text
        .contains(#"<a href="/patterns?q=fleta&amp;in=anywhere">Search everywhere</a>"#))
  }

  @Test func aSearchAnywhereFindsWhyAJobFailed() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      try transaction.insert(
        StoreSamples.record(
          .joblogs, "j",
          ["results": .text(#"{"error":"Spindle stalled"}"#), "pattern_id": .null]))
      try transaction.insert(
        StoreSamples.record(
          .joblogs, "k", ["parameters": .text(#"{"blade_id":"B-7"}"#), "pattern_id": .null]))
    }
    #expect(ids("/joblogs?q=STALLED&in=anywhere", store) == ["j"])
    #expect(ids("/joblogs?q=b-7&in=anywhere", store) == ["k"])
    #expect(ids("/joblogs?q=stalled", store) == [])
  }

  @Test func referencesAreCalledByName() throws {
    let page = PageSamples.get("/patterns", of: try workshop()).text
    #expect(page.contains(#"<a href="/strip-families/ebony"><bdi>Ebony &lt;b&gt;</bdi></a>"#))
    #expect(!page.contains(#"href="/strip-families/gone""#))
    #expect(page.contains("not in the database"))
  }

  @Test func otherProgramsGetWhatIsShown() throws {
    let store = try workshop()
    let page = PageSamples.get("/patterns?material=ebony&sort=-name", of: store).text
    #expect(page.contains(#"href="/patterns?material=ebony&amp;sort=-name&amp;format=csv""#))
    let csv = PageSamples.get("/patterns?sort=name&format=csv", of: store)
    #expect(csv.fields.contains { $0.name == "Content-Type" && $0.value.hasPrefix("text/csv") })
    let lines = csv.text.split(separator: "\r\n")
    #expect(
      lines.first
        == "id,name,ring_count,pattern_type,strip_family_id,strip_family_name,created_at")
    // Spreadsheets must not take the text for a formula.
    #expect(lines.dropFirst().first?.hasPrefix("p3,'=1+1,1,grid,,,") == true)
    #expect(lines.last?.contains(",ebony,Ebony <b>,") == true)
    let json = PageSamples.get("/patterns?type=grid&format=json", of: store).text
    #expect(json.contains(#""id":"p3","name":"=1+1","ring_count":1"#))
    #expect(json.contains(#""total":1"#))
  }

  @Test func ringsAreDrawnInTheTonesOfTheirMaterials() throws {
    let store = try workshop()
    let list = PageSamples.get("/patterns", of: store).text
    #expect(list.matches(of: /<svg class="thumb"/).count == 4)
    #expect(list.contains(#"class="band wood-ebony""#))
    #expect(list.contains(#"class="band wood-other""#))
    let page = PageSamples.get("/patterns/p0", of: store).text
    #expect(page.contains("<title>Ring 1, Black Ebony</title>"))
    #expect(page.contains(#"<ul class="woods" aria-label="Materials">"#))
    #expect(page.contains("no color of its own"))
    #expect(WoodTone("Black Walnut") == .walnut)
    #expect(WoodTone("black") == .ebony)
    #expect(WoodTone("") == nil)
    var status = PageSamples.status()
    status.recentEntities[.patterns] = [.init(id: "p0", title: "Wave", createdAt: "2025")]
    let overview = try OverviewPage(store: store, status: status, today: .today) {
      PageSamples.history()
    }
    #expect(overview.document.main.markup.contains(#"<li><svg class="thumb""#))
  }

  @Test func manyMetadataAreCountedInTheBackground() throws {
    let store = try workshop()
    let totals = EntityTotals(store, many: 1)
    let filter = try #require(
      EntityKind.patterns.schema.presentation.filters.first { $0.name == "material" })
    var counts: FacetCounts?
    try eventually("they are counted") {
      counts = try store.read { reader in
        try totals.counts(
          RecordQuery(.patterns), by: filter.key, in: reader, since: store.changeToken())
      }
      return counts != nil
    }
    #expect(counts?.texts.map(\.text) == ["ebony", "holly", "maple"])
    #expect(counts?.others == 1)
  }
}
