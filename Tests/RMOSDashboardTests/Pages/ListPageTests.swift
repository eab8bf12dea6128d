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
        "&quot;three&quot; is not a whole number; the filter &quot;rings&quot; is ignored."))
    #expect(ids("/patterns?rings=three", store).count == 3)
  }

  @Test func nothingAndNothingThatFitsAreToldApart() throws {
    #expect(
      PageSamples.get("/patterns", of: InMemoryStore()).text.contains("no patterns yet"))
    #expect(PageSamples.get("/patterns?q=zz", of: try store(1)).text.contains("No matches."))
  }
}
