import Testing

@testable import RMOSHTML

@Suite struct OutcomeBarsTests {
  @Test(arguments: [
    [0, 0, 0, 0], [1, 0, 0, 0], [1_000_000, 0, 0, 1], [1, 1, 1, 1], [0, 0, 1, 999_999_999_999],
    [7, 3, 1, 100_000],
  ])
  func sharesFillTheBarAndShowWhatIsThere(_ counts: [Int]) {
    for length in [6, 7, 100, 1000] {
      let shares = OutcomeBars.shares(counts, of: length)
      #expect(shares.reduce(0, +) == (counts.allSatisfy { $0 == 0 } ? 0 : length))
      for (share, count) in zip(shares, counts) { #expect((share > 0) == (count > 0)) }
    }
  }
}
