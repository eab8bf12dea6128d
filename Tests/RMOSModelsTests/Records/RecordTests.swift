import RMOSModels
import Testing

@Suite struct ValueTests {
  @Test func textsAreTheSameWhereTheirBytesAre() {
    #expect(Value.text("\u{E9}") != .text("e\u{301}"))
    #expect(Value.text("K") != .text("\u{212A}"))
    #expect(Value.text("e\u{301}") == .text("e\u{301}"))
    #expect(Set([Value.text("\u{E9}"), .text("e\u{301}"), .text("\u{E9}")]).count == 2)
  }

  @Test func valuesOfOtherFormsDiffer() {
    let values: [Value] = [.null, .integer(1), .real(1), .text("1"), .blob([0x31])]
    for (left, first) in values.enumerated() {
      for (right, second) in values.enumerated() {
        #expect((first == second) == (left == right))
      }
    }
  }
}

@Suite struct RowDigestTests {
  private func family(_ changes: [Int: Value] = [:]) -> Record {
    var values: [Value] = [
      .text("f"), .text("Ebony, 2 mm: a name of more than sixteen bytes"), .real(2), .real(0.8),
      .text(""), .text(#"[{"id":"s1"}]"#), .text("2025-01-15"), .text("2025-01-15T08:00:00Z"),
      .null,
    ]
    for (position, value) in changes { values[position] = value }
    return Record(kind: .stripFamilies, values: values)
  }

  /// Databases hold digests, so they must never change.
  @Test func theDigestOfGivenValuesNeverChanges() {
    #expect(RowDigest(of: family()).rawValue == 0xcc33_060d_9cfa_57b6)
    #expect(RowDigest(of: family([8: .blob([0, 0xFF])])).rawValue == 0x7725_1df4_b56a_b61b)
  }

  @Test func everyValueItsTypeAndItsPlaceCount() {
    var digests: Set<RowDigest> = [RowDigest(of: family())]
    let values: [Value] = [
      .null, .text(""), .text("a"), .text("b"), .text("a\u{0}"), .text("e\u{301}"), .text("é"),
      .text("0123456701234567"), .text("0123456701234568"), .text("01234567012345670"),
      .text("1234567001234567"), .integer(0), .integer(1), .integer(-1), .real(0.5), .real(1.5),
      .real(-.infinity), .blob([]), .blob([0x61]),
    ]
    var count = 1
    for position in [1, 4, 8] {
      for value in values where family().values[position] != value {
        digests.insert(RowDigest(of: family([position: value])))
        count += 1
      }
    }
    #expect(digests.count == count)
    #expect(
      RowDigest(of: family([0: .text("ab"), 1: .text("c")]))
        != RowDigest(of: family([0: .text("a"), 1: .text("bc")])))
  }

  @Test func numbersCountByTheirValueAsColumnsConvertThem() {
    #expect(RowDigest(of: family([2: .integer(2)])) == RowDigest(of: family()))
    #expect(RowDigest(of: family([2: .real(-0.0)])) == RowDigest(of: family([2: .integer(0)])))
  }
}
