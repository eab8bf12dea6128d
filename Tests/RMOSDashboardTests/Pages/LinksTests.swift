import Foundation
import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// Every link of the dashboard leads somewhere, and every number that is a link to what it counts.
@Suite struct LinksTests {
  /// A link as a page has it.
  private struct Link: Hashable {
    /// Where it leads, with the fragment.
    let address: String
    /// What it says, and the number beside it.
    let text: String
    let count: Int?
    /// The page it is on.
    let page: String

    /// The address without the fragment.
    var target: String { String(address.prefix { $0 != "#" }) }
    var fragment: String? {
      address.firstIndex(of: "#").map { String(address[address.index(after: $0)...]) }
    }
  }

  // Where they are used, they would be compiled anew for each link.
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

  /// Reads the links of a page without its look and script; a number in a link, or beside it in a
  /// list of filters, is its count.
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

  /// What the target of a link says of numbers: its count, and what stands at the fragment.
  private func numbers(_ content: String, _ link: Link) -> [Int] {
    var places: [Substring] = []
    if let count = content.firstMatch(of: countPattern) {
      places.append(count.output.1)
    }
    // What a run counted, where the list has fewer.
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

  /// Whether the links on a page are followed: not from one combination of filters to the next.
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
    // Without their look and their script, in which no link stands.
    var pages: [String: String] = [:]
    // What pages say of numbers, by address.
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
      // The number of a run counts nothing.
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
