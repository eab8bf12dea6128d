import RMOSSystem

/// A random number generator that gives the same numbers for the same seed on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var numbers: SplitMix64

  /// Creates a generator.
  package init(seed: UInt64) { numbers = SplitMix64(seed: seed) }

  /// Returns the next number.
  package mutating func next() -> UInt64 { numbers.next() }

  /// Returns one of `choices`, which must not be empty.
  package mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int.random(in: choices.indices, using: &self)]
  }

  /// Returns `true` with a probability of `percent` in 100.
  package mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &self) < percent
  }

  /// Returns an integer in `range`.
  package mutating func int(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }
}
