import Foundation
import RMOSTestSupport
import Testing

@testable import RMOSModels

@Suite struct JSONTextTests {
  @Test func onlyWhiteSpaceBetweenTokensGoes() throws {
    let text = "{ \"z\" : 1.0,\t\"a b\":\r\n[ 1E+2 , \"\\u00e9 \\\" \\\\\" ],\"n\":-0.0 } "
    #expect(
      try JSONText(parsing: text).text
        == "{\"z\":1.0,\"a b\":[1E+2,\"\\u00e9 \\\" \\\\\"],\"n\":-0.0}")
  }

  @Test func invalidTextIsRefusedWithItsPlace() {
    let error = #expect(throws: JSONParsingError.self) { try JSONText(parsing: "[1,]") }
    #expect(error?.column == 4)
    #expect(throws: JSONParsingError.self) { try JSONText(verbatim: "") }
  }

  @Test func compactingKeepsTheValueAndIsDone() throws {
    var random = SeededGenerator(seed: 8)
    for _ in 0..<500 {
      let spelled = JSONValue.random(&random).respelled(&random)
      let text = try JSONText(parsing: spelled)
      #expect(text.value == (try JSONValue(parsing: spelled)))
      #expect(try JSONText(parsing: text.text) == text)
      #expect(!text.text.utf8.contains(UInt8(ascii: "\n")))
    }
  }

  @Test func storedTextIsKeptAsItIs() throws {
    #expect(try JSONText(verbatim: "{\"a\": 1}").text == "{\"a\": 1}")
    #expect(try JSONText(verbatim: "{\"a\": 1}") != JSONText(parsing: "{\"a\":1}"))
  }

  @Test func anEscapedLoneSurrogateStaysInTheText() throws {
    let text = try JSONText(parsing: #"["\ud800", "\udc00\ud83c\udfb8"]"#)
    #expect(text.text == #"["\ud800","\udc00\ud83c\udfb8"]"#)
    #expect(text.value == ["\u{FFFD}", "\u{FFFD}🎸"])
  }

  @Test func equalityIsByBytes() throws {
    #expect(try JSONText(parsing: "\"\u{E9}\"") != JSONText(parsing: "\"e\u{301}\""))
    #expect(try JSONText(parsing: "\"\u{E9}\"") == JSONText(parsing: " \"\u{E9}\""))
  }

  @Test func itIsCodableAsRealJSON() throws {
    struct Holder: Codable, Equatable { var geometry: JSONText }
    let json = #"{"geometry":{"rings":[1,2.5]}}"#
    let holder = try JSONDecoder().decode(Holder.self, from: Data(json.utf8))
    #expect(holder.geometry.text == #"{"rings":[1,2.5]}"#)
    #expect(String(decoding: try JSONEncoder().encode(holder), as: UTF8.self) == json)
  }
}
