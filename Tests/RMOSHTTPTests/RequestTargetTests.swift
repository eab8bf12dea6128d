import Testing

@testable import RMOSHTTP

@Suite struct RequestTargetTests {
  @Test(arguments: ["", "patterns", "*", "/%", "/%4", "/%zz", "/%ff", "/a?b=%C3", "/%C0%80", "/?%"])
  func aTargetThatCannotBeReadIsRefused(_ target: String) {
    let refusal = #expect(throws: HTTPRefusal.self) { try RequestTarget(target) }
    #expect(refusal?.status == 400)
  }

  @Test func aQueryIsReadAsFormsWriteIt() throws {
    let target = try RequestTarget("/patterns/?q=a+b%2B%26c&in=&&flag&q=last#part")
    #expect(target.segments.map(\.text) == ["patterns", ""])
    #expect(target.query == "?q=a+b%2B%26c&in=&&flag&q=last")
    #expect(
      target.parameters == [
        .init(name: "q", value: "a b+&c"), .init(name: "in", value: ""),
        .init(name: "flag", value: ""), .init(name: "q", value: "last"),
      ])
    #expect(try RequestTarget("/a+b%2Fc").segments == [.init(raw: "a+b%2Fc", text: "a+b/c")])
  }
}
