import Foundation
import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// Every link of the dashboard works, and every number that is a link leads to what it counts.
@Suite struct LinksTests {
  /// A link on a page.
  private struct Link: Hashable {
    /// The address, with the fragment.
    let address: String
    /// The text, and the number beside it.
    let text: String
    let count: Int?
    /// The page with the link.
    let page: String

    /// The address without the fragment.
    var target: String { String(address.prefix { $0 != "#" }) }
    var fragment: String? {
      address.firstIndex(of: "#").map { String(address[address.index(after: $0)...]) }
    }
  }

  // Static, so that they are not compiled again for each link.
  private let linkPattern =
    /<a [^>]*?href="([^"]*)"[^>]*>(.*?)<\/a>(?: <span class="n">([\d,]+)<\/span>)?/
    .dotMatchesNewlines()
  private let tagPattern = /<[^>]*>/
  private let tilePattern = /class="count"[^>]*>([\d,]+)/
  private let numberPattern = /\d[\d,]*/
  private let countPattern = /id="count"[^>]*>(.*?)<\/span>/.dotMatchesNewlines()
  private let notePattern = /id="of-run">(.*?)<\/p>/.dotMatchesNewlines()
  private let runPattern = /\/runs\/\d+/
  private let outcomesPattern = /id="outcomes">(.*?)<\/section>/.dotMatchesNewlines()

  /// Returns the links of a page without its style and script; a number in a link, or beside it in
  /// a list of filters, is its count.
  private func links(_ content: String, of page: String) -> [Link] {
    content.matches(of: linkPattern).map { match in
      let inner = String(match.output.2)
      let text = inner.replacing(tagPattern, with: "").trimmingCharacters(in: .whitespaces)
      let tile = inner.firstMatch(of: tilePattern).map { String($0.output.1) }
      let number = match.output.3.map(String.init) ?? tile ?? text
      let address = String(match.output.1).replacing("&amp;", with: "&")
      return Link(
        address: address, text: text,
        count: number.allSatisfy { $0.isASCII && $0.isNumber || $0 == "," }
          ? Int(number.replacing(",", with: "")) : nil,
        page: page)
    }
  }

  /// Returns the numbers on the target of a link: its count, and those at the fragment.
  private func numbers(_ content: String, _ link: Link) -> [Int] {
    var places: [Substring] = []
    if let count = content.firstMatch(of: countPattern) {
      places.append(count.output.1)
    }
    // The figure of the run, if the list has fewer entities.
    if let note = content.firstMatch(of: notePattern) {
      places.append(note.output.1)
    }
    if link.fragment == "outcomes",
      let section = content.firstMatch(of: outcomesPattern)
    {
      places.append(section.output.1)
    }
    return places.flatMap { place in
      place.matches(of: numberPattern).compactMap { Int($0.output.replacing(",", with: "")) }
    }
  }

  /// Whether to follow the links on a page; not from one combination of filters to the next.
  private func isFollowed(_ target: String) -> Bool {
    guard let query = target.split(separator: "?", maxSplits: 1).dropFirst().first else {
      return true
    }
    return target.hasPrefix("/runs/") && !query.contains("&")
  }

  @Test(arguments: DashboardFixture.Backend.allCases)
  func everyLinkLeadsToWhatItSays(_ backend: DashboardFixture.Backend) throws {
    let fixture = try DashboardFixture(backend, allowsWrites: true)
    try MessyShop().nights(fixture)
    func get(_ target: String) -> ServerResponse {
      fixture.dashboard.response(to: ServerRequest(method: "GET", target: target))
    }
    var waiting = [Link(address: "/", text: "", count: nil, page: "")]
    // Styles and scripts have no links.
    var pages: [String: String] = [:]
    // The numbers on pages, by address.
    var said: [String: [Int]] = [:]
    var (counts, visited) = (0, Set<Link>())
    while let link = waiting.popLast() {
      guard visited.insert(link).inserted else { continue }
      if link.address.hasPrefix("#") {
        #expect(pages[link.page]?.contains("id=\"\(link.address.dropFirst())\"") == true)
        continue
      }
      try #require(link.target.hasPrefix("/"), "\(link)")
      if pages[link.target] == nil {
        let answer = get(link.target)
        #expect(answer.status == 200, "\(link)")
        let isPage =
          answer.field("Content-Type")?.hasPrefix("text/html") == true
          && answer.field("Content-Disposition") == nil
        let content = isPage ? answer.text.withoutLookAndScript : ""
        pages[link.target] = content
        if isFollowed(link.target) { waiting += links(content, of: link.target) }
      }
      let html = pages[link.target] ?? ""
      if let fragment = link.fragment {
        #expect(html.contains("id=\"\(fragment)\""), "\(link)")
      }
      // The id of a run is a number that counts nothing.
      if let count = link.count, !link.text.hasSuffix("remove this filter"),
        link.target.wholeMatch(of: runPattern) == nil
          || link.fragment != nil
      {
        let numbers = said[link.address] ?? numbers(html, link)
        said[link.address] = numbers
        #expect(numbers.contains(count), "\(link): \(numbers)")
        counts += 1
      }
    }
    #expect(counts > 60)
    // Counts of outcomes lead to lists of entities.
    for outcome in ["found", "migrated", "updated", "skipped"] {
      #expect(pages.keys.contains { $0.contains("outcome=\(outcome)") }, "\(outcome)")
    }
    for target in [
      "/", "/runs", "/runs/1", "/runs/2", "/runs/4", "/runs/6", "/patterns", "/analytics",
    ] {
      #expect(pages[target] != nil, "\(target)")
    }
    // From an entity's page to the runs that made and changed it.
    #expect(pages["/patterns/rope"]?.contains("href=\"/runs/1\"") == true)
    #expect(pages["/patterns/rope"]?.contains("href=\"/runs/5\"") == true)
  }
}
