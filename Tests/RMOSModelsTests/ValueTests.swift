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
