import Foundation
import RMOSTestSupport
import Testing

@testable import RMOSModels

@Suite struct JSONValueTests {
  @Test func everyKindOfValueIsRead() throws {
    let value = try JSONValue(
      parsing: #" { "a" : [ null , true,false ] ,"n":-1.50e+3, "s":"x", "o":{}, "e":[] } "#)
    #expect(
      value
        == .object([
          .init(name: "a", value: [nil, true, false]),
          .init(name: "n", value: .number(try #require(JSONNumber(written: "-1.50e+3")))),
          .init(name: "s", value: "x"), .init(name: "o", value: .object([])),
          .init(name: "e", value: .array([])),
        ]))
    #expect(value["n"]?.double == -1500 && value["n"]?.int64 == -1500)
    #expect(value["a"]?[1]?.bool == true && value["a"]?[3] == nil && value["x"] == nil)
    #expect(value["s"]?.string == "x" && value["s"]?.double == nil && value[0] == nil)
  }

  @Test func escapesAreResolved() throws {
    let text = #""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83c\udfb8\u0000é🎸""#
    #expect(
      try JSONValue(parsing: text).string == "\"\\/\u{8}\u{C}\n\r\tA\u{E9}\u{1F3B8}\0é🎸")
  }

  @Test(arguments: [
    "", " ", "tru", "nul", "True", "NaN", "Infinity", "+1", "01", "-", "1.", ".5", "1e", "1e+",
    "0x1",
    "'a'", "\"a", "\"\t\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"",
    "\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "[1,]", "[,1]", "[1 2]", "[", "]", "[1}", "{",
    "{\"a\"}",
    "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "1 2", "{}{}", "// c\n1",
    "\u{FEFF}1", "1\0", "[1]x", "--1", "1e5.5", "\"\\", "\"\u{1}\"",
  ])
  func whatIsNotStrictJSONIsRefused(text: String) {
    #expect(throws: ParsingError.self) { try JSONValue(parsing: text) }
  }

  @Test func theErrorNamesPlaceAndExpectation() {
    let error = #expect(throws: ParsingError.self) {
      try JSONValue(parsing: "{\n  \"é\": 1,\n  \"b\": 02\n}")
    }
    #expect(error?.line == 3 && error?.column == 9 && error?.offset == 21)
    #expect(error?.description.hasPrefix("line 3, column 9: found 02, ") == true)
  }

  @Test func nestingEndsAt512() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(throws: Never.self) { try JSONValue(parsing: nested(512)) }
    #expect(throws: ParsingError.self) { try JSONValue(parsing: nested(513)) }
    #expect(throws: ParsingError.self) {
      try JSONValue(parsing: String(repeating: "[{\"a\":", count: 100_000))
    }
  }

  @Test func stringsAreComparedByteForByte() throws {
    let composed = try JSONValue(parsing: "{\"caf\\u00e9\":\"\\u00e9\"}")
    let decomposed = try JSONValue(parsing: "{\"cafe\\u0301\":\"e\\u0301\"}")
    #expect(composed != decomposed)
    #expect(composed["cafe\u{301}"] == nil && composed["caf\u{E9}"] != nil)
  }

  @Test func duplicateNamesAndOrderAreKept() throws {
    let text = #"{"b":1,"a":2,"b":3}"#
    #expect(try JSONValue(parsing: text).text == text)
    #expect(try JSONValue(parsing: text)["b"]?.int64 == 1)
  }

  @Test func randomTreesComeBackFromTheirText() throws {
    var random = SeededGenerator(seed: 6)
    for _ in 0..<2_000 {
      let value = JSONValue.random(&random)
      #expect(try JSONValue(parsing: value.text) == value)
    }
  }

  @Test func itReadsWhatAnotherParserReads() {
    var random = SeededGenerator(seed: 7)
    var counts = [true: 0, false: 0]
    for _ in 0..<20_000 {
      var bytes = Array(JSONValue.random(&random, depth: 3).text.utf8)
      for _ in 0..<random.int(0...2) where !bytes.isEmpty {
        let index = random.int(0...bytes.count - 1)
        switch random.int(0...2) {
        case 0: bytes.remove(at: index)
        case 1: bytes.insert(random.pick(Array("{}[]\",:\\ue0-+.\u{0}\n ".utf8)), at: index)
        default: bytes[index] = UInt8(random.int(0...255))
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let expected = JSONOracle.value(of: bytes)
      if String(validating: bytes, as: UTF8.self) != nil {
        let strict = try? JSONValue(parsing: text)
        #expect(strict == nil || strict == expected, "\(text)")
        let value = try? JSONValue(parsing: text, replacingLoneSurrogates: true)
        #expect(value == expected, "\(text)")
      } else {
        #expect(expected == nil)
      }
      counts[expected != nil, default: 0] += 1
    }
    #expect(counts.values.allSatisfy { $0 > 2_000 }, "\(counts)")
  }

  @Test func itIsCodableAsRealJSON() throws {
    let text = #"{"a":[1,-2.5,true,null,"é\n"],"b":{},"c":[]}"#
    let decoded = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    #expect(decoded.text == text)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(String(decoding: try encoder.encode(decoded), as: UTF8.self) == text)
  }

  @Test func literalsReadLikeJSON() throws {
    let value: JSONValue = ["s": "x", "n": [1, 2.5, nil, true, -3]]
    #expect(value == (try JSONValue(parsing: #"{"s":"x","n":[1,2.5,null,true,-3]}"#)))
  }
}

@Suite struct JSONNumberTests {
  @Test func onlyNumbersAreNumbers() {
    #expect(JSONNumber(written: "-0.10E+5")?.text == "-0.10E+5")
    for text in ["", "01", "+1", "1.", "NaN", "true", "\"1\""] {
      #expect(JSONNumber(written: text) == nil, "\(text)")
    }
  }

  @Test func valuesAreReadExactly() {
    #expect(JSONNumber(written: "1e2")?.int64 == 100)
    #expect(JSONNumber(written: "1.5")?.int64 == nil)
    #expect(JSONNumber(written: "0.1")?.double == 0.1)
    #expect(JSONNumber(written: "1e999")?.double == .infinity)
    #expect(JSONNumber(Double.nan) == nil && JSONNumber(0.1)?.text == "0.1")
    #expect(JSONNumber(UInt64.max).text == "18446744073709551615")
    #expect(JSONNumber(written: "1") != JSONNumber(written: "1.0"))
  }
}

extension JSONNumber {
  /// Creates a number from a JSON text; `nil` if the text is no number.
  fileprivate init?(written text: String) {
    guard case .number(let number)? = try? JSONValue(parsing: text) else { return nil }
    self = number
  }
}
