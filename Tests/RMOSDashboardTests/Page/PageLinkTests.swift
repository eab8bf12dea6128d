import RMOSModels
import Testing

@testable import RMOSDashboard

@Suite struct PageLinkTests {
  @Test(arguments: EntityKind.allCases)
  func aLinkLeadsBackToItsID(_ kind: EntityKind) throws {
    for id in PageSamples.hostile + ["", "id", "Ä ö+ü&=;#?/\\", "..a", "...", "%2e%2e"] {
      let link = try #require(PageLink.link(to: kind, id: id))
      // What a browser leaves alone: no character that it would encode, no step in the path.
      #expect(link.utf8.allSatisfy { 0x21...0x7E ~= $0 && !"\"<>`{}\\^|#".utf8.contains($0) })
      #expect(!link.contains("/../") && !link.hasSuffix("/..") && !link.hasSuffix("/."))
      let target = try RequestTarget(link)
      #expect(target.pagePath.first.flatMap { EntityKind(pathName: $0) } == kind)
      let found = target.pagePath.count == 2 ? target.pagePath[1] : target["id"]
      #expect(Array((found ?? "absent").utf8) == Array(id.utf8))
      #expect(target.pagePath.count <= 2)
    }
  }

  @Test func whatNoServerWouldReadIsNotLinked() {
    #expect(PageLink.link(to: .patterns, id: String(repeating: "é", count: 5000)) == nil)
    #expect(PageLink.link(to: .patterns, id: String(repeating: "x", count: 10_000)) != nil)
  }
}
