import RMOSTestSupport
import Testing

@testable import RMOSModels

@Suite struct SuggestionTests {
  @Test(arguments: [
    ("sllice", "slice"), ("gleu", "glue"), ("asemble", "assemble"), ("sl", "slice"),
    ("glue", "glue"), ("polish", nil), ("s", nil), ("", nil),
  ])
  func theNearestWordIsMeant(_ word: String, _ meant: String?) {
    #expect(Suggestion.nearest(to: word, among: ["slice", "glue", "assemble"]) == meant)
  }

  /// Only the first letters of a text are compared, so a long text has no suggestion.
  @Test func aLongTextIsNoWord() {
    for text in [String(repeating: "slice ", count: 60), String(repeating: "x", count: 10_000)] {
      #expect(Suggestion.nearest(to: text, among: ["slice", "glue"]) == nil)
    }
  }

  @Test func wordsOfOtherLengthsAreNotMissed() {
    var random = SeededGenerator(seed: 7)
    func word(_ length: ClosedRange<Int>) -> String {
      String(
        (0..<Int.random(in: length, using: &random)).map { _ in random.pick(["a", "b", "c"]) })
    }
    for _ in 0..<500 {
      let sought = word(1...9)
      let known = (0..<4).map { _ in word(1...12) }
      let distances = known.map { Suggestion.distance(sought, $0) }
      let least = distances.min() ?? 0
      let isLonger = sought.count > 1 && known.contains { $0.hasPrefix(sought) }
      let found = Suggestion.nearest(to: sought, among: known)
      if !isLonger {
        #expect((found != nil) == (least <= max(1, sought.count / 3)), "\(sought) \(known)")
        #expect(found.map { Suggestion.distance(sought, $0) == least } ?? true)
      }
    }
  }
}
