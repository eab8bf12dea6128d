import RMOSSystem

/// Choices that are the same for the same seed, on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var numbers: SplitMix64

  /// A generator that starts at `seed`.
  package init(seed: UInt64) { numbers = SplitMix64(seed: seed) }

  /// The next number.
  package mutating func next() -> UInt64 { numbers.next() }

  /// One of `choices`, which is not empty.
  package mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int.random(in: choices.indices, using: &self)]
  }

  /// Whether a chance of `percent` in 100 comes up.
  package mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &self) < percent
  }

  /// A whole number in `range`.
  package mutating func int(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }
}
