import RMOSTestSupport
import Testing

@Suite struct SeededGeneratorTests {
  @Test func theSequenceIsThatOfSplitMix64() {
    var random = SeededGenerator(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }

  @Test func choicesStayWithinTheirBounds() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<1_000 {
      #expect((2...4).contains(random.int(2...4)))
      #expect(!random.chance(0) && random.chance(100))
    }
  }
}
