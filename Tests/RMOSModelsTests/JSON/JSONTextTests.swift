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
    let error = #expect(throws: ParsingError.self) { try JSONText(parsing: "[1,]") }
    #expect(error?.column == 4)
    #expect(throws: ParsingError.self) { try JSONText(verbatim: "") }
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

@Suite struct JSONEquivalenceTests {
  @Test(arguments: [
    ("{}", "{ }"), ("[1,2]", "[ 1.0 ,\n20e-1]"), (#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#),
    (#""\u00e9\/""#, #""é/""#), (#"{"\u0061":null}"#, #"{"a":null}"#), ("-0", "0.0"),
    (#"{"a":1,"b":0,"a":2}"#, #"{"b":0,"a":1,"a":2}"#), ("nonsense", "nonsense"),
  ])
  func otherSpellingsSayTheSame(left: String, right: String) {
    #expect(JSONEquivalence.areEquivalent(left, right))
    #expect(JSONEquivalence.areEquivalent(right, left))
  }

  @Test(arguments: [
    ("{}", "[]"), ("[1,2]", "[2,1]"), ("1", "\"1\""), ("null", "false"), ("[1]", "[1,1]"),
    (#"{"a":1,"a":2}"#, #"{"a":2,"a":1}"#), (#"{"a":1}"#, #"{"a":1,"a":1}"#),
    ("\"\u{E9}\"", "\"e\u{301}\""), ("{\"\u{E9}\":1}", "{\"e\u{301}\":1}"),
    ("[1,]", "[1, ]"), ("{}", ""), ("0.1", "0.10000000000000001"),
    (#"{"a":1,"b":1}"#, #"{"a":1,"c":1}"#),
  ])
  func otherDataDoesNot(left: String, right: String) {
    #expect(!JSONEquivalence.areEquivalent(left, right))
    #expect(!JSONEquivalence.areEquivalent(right, left))
  }

  @Test func anyRespellingOfARandomTreeSaysTheSame() {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<2_000 {
      let value = JSONValue.random(&random)
      let (one, other) = (value.respelled(&random), value.respelled(&random))
      #expect(JSONEquivalence.areEquivalent(one, other), "\(one)\n\(other)")
      let changed = value.changed(&random)
      #expect(!JSONEquivalence.areEquivalent(one, changed.respelled(&random)), "\(one)")
    }
  }

  /// A `String` cannot hold a lone surrogate.
  @Test func differencesBesideLoneSurrogatesAreNamed() {
    #expect(
      JSONEquivalence.differingMembers(#"{"x":"\ud800","m":2}"#, #"{"m":3}"#) == ["x", "m"])
    // Different lone surrogates are different.
    #expect(
      JSONEquivalence.differingMembers(#"{"x":"\ud800"}"#, #"{"x":"\ud801"}"#) == [""])
    #expect(JSONEquivalence.differingMembers(#"{"x":"\ud800"}"#, #"{"x":"\ud800"}"#) == [])
  }

  @Test func differingMembersAreNamedInOrder() {
    #expect(
      JSONEquivalence.differingMembers(
        #"{"same":1.0,"gone":1,"b":[1],"a":2}"#, #"{"a":3,"same":1,"b":[1.0],"new":0,"more":0}"#)
        == ["gone", "a", "new", "more"])
    #expect(JSONEquivalence.differingMembers(#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#) == [])
    #expect(JSONEquivalence.differingMembers(#"{"a":1,"a":2}"#, #"{"a":1}"#) == ["a"])
    #expect(
      JSONEquivalence.differingMembers("{\"\u{E9}\":1}", "{\"e\u{301}\":1}").count == 2)
  }

  @Test func textThatIsNoObjectDiffersFromAnyOther() {
    #expect(JSONEquivalence.differingMembers("{}", "broken") == [""])
    #expect(JSONEquivalence.differingMembers("broken", "broken ") == [""])
    #expect(JSONEquivalence.differingMembers("broken", "broken") == [])
    #expect(JSONEquivalence.differingMembers(#"{"a":1}"#, "[]") == ["a", ""])
  }
}

extension JSONValue {
  /// Returns different data, with one scalar changed or one element added.
  fileprivate func changed(_ random: inout SeededGenerator) -> JSONValue {
    switch self {
    case .null: return false
    case .bool(let bool): return .bool(!bool)
    case .number: return .number(JSONNumber(unchecked: "-7"))
    case .string(let string): return .string(string + "x")
    case .array(var elements):
      guard let last = elements.popLast(), random.chance(80) else {
        return .array(elements + [.null, .null])
      }
      return .array(elements + [last.changed(&random)])
    case .object(var members):
      guard let last = members.popLast(), random.chance(80) else {
        return .object(members + [Member(name: "x", value: 1), Member(name: "x", value: 1)])
      }
      return .object(members + [Member(name: last.name, value: last.value.changed(&random))])
    }
  }
}
