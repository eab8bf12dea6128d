import Foundation
@testable import RMOSHTTP
import Testing

@Suite struct HTTPRefusalTests {
  @Test func theClientReadsStatusDetailAndNothingThatABrowserWouldTakeForMore() throws {
    let refusal = HTTPRefusal(
      422, "“a\"\\\u{1b}[2J\n\u{202e}é👍”", fields: [HeaderField("Retry-After", "5")],
      issues: "[1,{}]")
    let response = refusal.response
    #expect(response.status == 422)
    #expect(response.field("content-type") == "application/json")
    #expect(response.field("Cache-Control") == "no-store")
    #expect(response.field("Retry-After") == "5")
    for field in ServerResponse.securityFields {
      #expect(response.field(field.name) == field.value)
    }
    let text = String(decoding: response.body, as: UTF8.self)
    #expect(text.hasSuffix("}\n"))
    // Control characters and bidirectional overrides are escaped, other characters are not.
    #expect(text.dropLast().unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202e}" })
    #expect(text.contains("é👍”"))
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    #expect(object["success"] as? Bool == false)
    #expect(object["detail"] as? String == refusal.detail)
    #expect((object["issues"] as? [Any])?.count == 2)
    #expect(object.count == 3)
  }
}

@Suite("Header fields")
struct HeaderFieldTests {
  @Test("The first field with a name is found, ignoring case")
  func lookup() {
    let request = ServerRequest(
      method: "GET", target: "/", fields: [HeaderField("HOST", "a"), HeaderField("host", "b")])
    #expect(request.field("Host") == "a")
    #expect(request.field("Hos") == nil)
  }
}

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
