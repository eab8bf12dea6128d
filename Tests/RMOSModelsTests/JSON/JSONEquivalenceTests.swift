import RMOSTestSupport
import Testing

@testable import RMOSModels

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

  /// Half a character is nothing a text can hold.
  @Test func differencesBesideLoneSurrogatesAreNamed() {
    #expect(
      JSONEquivalence.differingMembers(#"{"x":"\ud800","m":2}"#, #"{"m":3}"#) == ["x", "m"])
    // These may not pass for the same.
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
  /// Other data: one scalar or one element more.
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
