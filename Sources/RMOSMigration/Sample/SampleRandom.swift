/// SplitMix64, begun anew for each entity, so that any one can be made without the others.
struct SampleRandom {
  private var state: UInt64

  init(seed: UInt64, kind: Int, index: Int) {
    state = seed &* 0xD129_0F2E_5A6B_3C47 &+ UInt64(kind) << 56 &+ UInt64(index)
    state = next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed &>> 31)
  }

  /// A number from `range`.
  mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// Whether a chance of `percent` in 100 comes up.
  mutating func chance(_ percent: Int) -> Bool { int(0...99) < percent }

  /// One of `choices`, which is not empty.
  mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[int(0...choices.count - 1)]
  }

  /// A number from `range`, divided by ten to the power of `digits`.
  mutating func decimal(_ range: ClosedRange<Int>, digits: Int) -> Double {
    var divisor = 1.0
    for _ in 0..<digits { divisor *= 10 }
    return Double(int(range)) / divisor
  }
}
