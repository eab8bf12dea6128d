import Testing

@testable import RMOSHTTP

@Suite struct RequestTargetTests {
  @Test(arguments: ["", "patterns", "*", "/%", "/%4", "/%zz", "/%ff", "/a?b=%C3", "/%C0%80", "/?%"])
  func aTargetThatCannotBeReadIsRefused(_ target: String) {
    #expect(throws: RequestTarget.Malformed.self) { try RequestTarget(target) }
  }

  @Test func aQueryIsReadAsFormsWriteIt() throws {
    let target = try RequestTarget("/patterns/?q=a+b%2B%26c&in=&&flag&q=last#part")
    #expect(target.pagePath == ["patterns"])
    #expect(
      target.parameters == [
        .init(name: "q", value: "a b+&c"), .init(name: "in", value: ""),
        .init(name: "flag", value: ""), .init(name: "q", value: "last"),
      ])
    #expect(target["q"] == "last")
    #expect(target["other"] == nil)
    #expect(try RequestTarget("/a+b").pagePath == ["a+b"])
  }
}
