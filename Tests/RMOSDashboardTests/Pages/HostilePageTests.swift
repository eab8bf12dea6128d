import Foundation
import RMOSAudit
import RMOSHTML
import RMOSModels
import RMOSStore
import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// Pages show all texts of the database as text, never as markup.
@Suite struct HostilePageTests {
  /// The pages that show all texts.
  private static let common =
    ["/", "/analytics"] + EntityCatalog.rmos.kinds.map { "/\($0.pathName)?per=200&sort=newest" }

  /// The pages that are about a text.
  private func targets(_ text: String) throws -> [String] {
    let part = String(text.prefix(1500))
    var targets: [String?] = EntityCatalog.rmos.kinds.flatMap { kind in
      [
        PageLink.link(to: kind, id: text), PageLink.link(to: kind, [("q", part)]),
        PageLink.link(to: kind, [("type", part)]),
      ]
    }
    targets += AnalyticsRequest.parameters.map { AnalyticsRequest.link([($0, part)]) }
    let (path, hasID) = CutListForm.path(of: text)
    let id = hasID ? "" : "&id=\(text.percentEncoded)"
    targets.append("\(path)?count=2&stick=\(part.percentEncoded)\(id)")
    return try targets.map { try #require($0) }
  }

  private func pages(_ store: any RecordStore) throws -> PageRouter {
    var status = PageSamples.status()
    status.database.location = PageSamples.hostile[0]
    status.database.schemaAppliedAt = PageSamples.hostile[1]
    status.validation.errors = PageSamples.hostile
    status.recentEntities[.joblogs] = PageSamples.hostile.map {
      .init(id: $0, title: $0, status: $0, createdAt: $0)
    }
    status.currentRun = PageSamples.run(
      1, source: PageSamples.hostile[0], found: 1, seconds: .infinity)
    let shown = status
    return PageRouter(
      store: store, status: { shown }, history: { _, _ in PageSamples.history() },
      figures: PageSamples.figures(store), totals: EntityTotals(store))
  }

  @Test(arguments: [nil] + PageSamples.hostile.indices.map(Optional.some))
  func noTextIsMarkupOrReordersWhatIsRead(_ text: Int?) throws {
    let pages = try pages(PageSamples.hostileStore())
    let addresses = try text.map { try targets(PageSamples.hostile[$0]) } ?? Self.common
    for target in addresses {
      let html = pages.response(to: ServerRequest(method: "GET", target: target)).text
      let tags = HTMLTag.all(in: html)
      let start = try #require(tags.firstIndex { $0.name == "body" })
      // The script of the page itself is the last element.
      let content = tags[start...].dropLast(4)
      #expect(tags.suffix(4).map(\.name) == ["script", "script", "body", "html"])
      for tag in content {
        if ["script", "img"].contains(tag.name.lowercased()) {
          Testing.Issue.record("\(target.prefix(80)): \(tag.name)")
        }
        for (name, value) in tag.attributes {
          let name = name.lowercased()
          if name.hasPrefix("on") { Testing.Issue.record("\(target.prefix(80)): \(name)") }
          guard name == "href" || name == "action" else { continue }
          let isOurs = ["/", "#main", "#part-"].contains { value.hasPrefix($0) }
          #expect(isOurs && !value.hasPrefix("//"), "\(value.prefix(80))")
        }
      }
      // Printable ASCII, which most of a page is, needs no check. An index is quick in a debug
      // build.
      let bytes = Array(html.utf8)
      var (rest, index) = ([UInt8](), 0)
      while index < bytes.count {
        if bytes[index] < 0x20 || bytes[index] > 0x7E { rest.append(bytes[index]) }
        index += 1
      }
      let steering = String(decoding: rest, as: UTF8.self).unicodeScalars
        .filter { $0 != "\n" && PlainText.controlsDisplay($0) }
      #expect(steering.isEmpty, "\(target.prefix(80))")
      expectClosedElements(tags, target)
    }
  }

  /// The checks of the tests above find what they look for.
  @Test func tagsAreReadAsBrowsersReadThem() throws {
    let tags = HTMLTag.all(
      in: "a < b <p class=\"x > y\"\nhidden><IMG/onerror=alert(1) src='>'/></p ><!-- <br -->")
    #expect(tags.map(\.name) == ["p", "IMG", "p", "br"])
    #expect(tags.map(\.closes) == [false, false, true, false])
    #expect(tags.map(\.isEmpty) == [false, true, false, false])
    #expect(tags[0].attributes.map(\.name) == ["class", "hidden"])
    #expect(tags[0].attributes.first?.value == "x > y")
    #expect(tags[1].attributes.map(\.name) == ["onerror", "src"])
    #expect(tags[1].attributes.last?.value == ">")
    let script = HTMLTag.all(in: "<script>a<b;'</p>'</script><p>")
    #expect(script.map(\.name) == ["script", "script", "p"])
  }

  @Test func everyEntityIsReachedFromItsList() throws {
    let store = try PageSamples.hostileStore()
    for kind in EntityCatalog.rmos.kinds {
      let list = PageSamples.get("/\(kind.pathName)?per=200", of: store).text
      let links = list.matches(of: /role="rowheader" scope="row"><a href="([^"]*)"/)
        .map { String($0.output.1) }
      #expect(links.count == PageSamples.hostile.count)
      #expect(Set(links).count == links.count)
      for link in links {
        #expect(PageSamples.get(link, of: store).status == 200, "\(link.prefix(80))")
      }
    }
  }

  @Test func textThatCannotBeSeenHasAWordInItsPlace() {
    for text in ["", " ", "\u{200d}", "\t\n", "\u{a0}\u{3000}"] {
      let html = PageText.short(text).markup
      #expect(html.contains("(empty)") || html.contains("(blank)"), "\(html)")
    }
    // Control characters are made visible.
    #expect(PageText.short("\u{202e}").markup.contains(#"\u{202e}"#))
  }

  @Test func longTextIsCutInListsAndWholeOnItsPage() throws {
    let store = try PageSamples.hostileStore()
    let long = String(repeating: "x", count: 4_000)
    let list = PageSamples.get("/patterns?q=xxxx", of: store).text
    #expect(!list.contains("bdi>\(long.prefix(1000))"))
    #expect(PageSamples.get("/patterns/\(long)", of: store).text.contains("<bdi>\(long)</bdi>"))
  }

  @Test func hugeNumbersDoNotBreakAPage() throws {
    let store = InMemoryStore()
    var run = LedgerRun(
      command: "migrate", startedAt: "2025-01-02T03:04:05Z", source: "s", optionsJSON: "{}",
      toolVersion: "1", processID: 1)
    for kind in EntityCatalog.rmos.kinds {
      run.statistics[kind].migrated = .max
      run.statistics[kind].failed = .max
    }
    run.seconds = .greatestFiniteMagnitude
    let huge = run
    try store.write { transaction in
      var record = huge
      record.id = try transaction.beginRun(huge)
      try transaction.updateRun(record)
    }
    var status = PageSamples.status()
    status.entityCounts = .init([
      .patterns: 2_000_000_000_000_000_000, .joblogs: 1_000_000_000_000_000_000,
    ])
    status.database.sizeMB = .infinity
    let shown = status
    let days = MigrationHistory(
      days: [
        .init(date: "9999-12-31", entities: shown.entityCounts),
        .init(date: "0001-01-01", entities: .init([.patterns: 1])),
        .init(date: "<b>", entities: .init()),
      ], totalDays: .max)
    let page = PageRouter(
      store: store, status: { shown }, history: { _, _ in days },
      figures: PageSamples.figures(store), totals: EntityTotals(store))
    let html = page.response(to: ServerRequest(method: "GET", target: "/")).text
    #expect(html.contains("2,000,000,000,000,000,000"))
    #expect(html.contains(PlainText.grouped(.max)))
    #expect(!html.contains(/\bnan\b|\binf\b|<b>/))
    #expect(html.contains("Older entities are not in the chart."))
    expectClosedElements(HTMLTag.all(in: html), "/")
  }

  private static let elementsWithoutEnd: Set = ["meta", "input", "link", "br", "wbr"]

  private func expectClosedElements(_ tags: [HTMLTag], _ target: String) {
    var open: [String] = []
    for tag in tags {
      if tag.isEmpty || Self.elementsWithoutEnd.contains(tag.name) { continue }
      if tag.closes {
        if open.popLast() != tag.name {
          Testing.Issue.record("\(target.prefix(80)): </\(tag.name)>")
        }
      } else {
        open.append(tag.name)
      }
    }
    #expect(open.isEmpty, "\(target.prefix(80))")
  }
}
