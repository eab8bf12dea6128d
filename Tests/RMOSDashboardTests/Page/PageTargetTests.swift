import RMOSModels
import Testing

@testable import RMOSDashboard

@Suite struct PageTargetTests {
  @Test(arguments: EntityKind.allCases)
  func aLinkLeadsBackToItsID(_ kind: EntityKind) throws {
    for id in PageSamples.hostile + ["", "id", "Ä ö+ü&=;#?/\\", "..a", "...", "%2e%2e"] {
      let link = try #require(PageTarget.link(to: kind, id: id))
      // What a browser leaves alone: no character that it would encode, no step in the path.
      #expect(link.utf8.allSatisfy { 0x21...0x7E ~= $0 && !"\"<>`{}\\^|#".utf8.contains($0) })
      #expect(!link.contains("/../") && !link.hasSuffix("/..") && !link.hasSuffix("/."))
      let target = try #require(PageTarget(link))
      #expect(target.path.first.flatMap { EntityKind(pagePath: $0) } == kind)
      let found = target.path.count == 2 ? target.path[1] : target["id"]
      #expect(Array((found ?? "absent").utf8) == Array(id.utf8))
      #expect(target.path.count <= 2)
    }
  }

  @Test func whatNoServerWouldReadIsNotLinked() {
    #expect(PageTarget.link(to: .patterns, id: String(repeating: "é", count: 5000)) == nil)
    #expect(PageTarget.link(to: .patterns, id: String(repeating: "x", count: 10_000)) != nil)
  }

  @Test(arguments: ["", "patterns", "*", "/%", "/%4", "/%zz", "/%ff", "/a?b=%C3", "/%C0%80", "/?%"])
  func aTargetThatCannotBeReadIsNone(_ target: String) {
    #expect(PageTarget(target) == nil)
  }

  @Test func aQueryIsReadAsFormsWriteIt() throws {
    let target = try #require(PageTarget("/patterns/?q=a+b%2B%26c&in=&&flag&q=last#part"))
    #expect(target.path == ["patterns"])
    #expect(
      target.parameters == [
        .init(name: "q", value: "a b+&c"), .init(name: "in", value: ""),
        .init(name: "flag", value: ""), .init(name: "q", value: "last"),
      ])
    #expect(target["q"] == "last")
    #expect(target["other"] == nil)
    #expect(PageTarget("/a+b")?.path == ["a+b"])
  }
}
