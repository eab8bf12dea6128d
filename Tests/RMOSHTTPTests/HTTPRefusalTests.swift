import Foundation
import Testing

@testable import RMOSHTTP

@Suite struct HTTPRefusalTests {
  @Test func theClientReadsStatusDetailAndNothingThatABrowserWouldTakeForMore() throws {
    let refusal = HTTPRefusal(
      422, "“a\"\\\u{1b}[2J\n\u{202e}é👍”", fields: [HeaderField("Retry-After", "5")],
      members: [("issues", Array("[1,{}]".utf8))])
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
    // Nothing in it steers a terminal or turns a line around; what can be read is readable.
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
