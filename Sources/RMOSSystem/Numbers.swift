import CLibrary

extension Array {
  /// The position of the first element that satisfies `holds`; the end if none does.
  ///
  /// All elements after one that satisfies `holds` must satisfy it too.
  ///
  /// - Complexity: O(log n).
  package func partitioningIndex(where holds: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension StringProtocol {
  /// The text as a number, if it consists of decimal digits; `nil` if not, or if it is too large.
  ///
  /// Numbers in arguments and addresses are read by this and ``decimalNumber``, so that neither
  /// takes signs, spaces, exponents or hexadecimal digits, as Swift's initializers do.
  package var wholeNumber: Int64? {
    !isEmpty && utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int64(self) : nil
  }

  /// The text as a number, if it consists of decimal digits with at most one point; `nil` if not,
  /// or if it is too large.
  package var decimalNumber: Double? {
    guard utf8.allSatisfy({ 0x30...0x39 ~= $0 || $0 == UInt8(ascii: ".") }) else { return nil }
    return Double(self).flatMap { $0.isFinite ? $0 : nil }
  }
}

extension Double {
  /// The logarithm to the base 2: `log2`.
  package var binaryLogarithm: Double { log2(self) }
}

/// SplitMix64, a random number generator whose numbers depend only on the seed.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Creates a generator from a seed.
  package init(seed: UInt64) { state = seed }

  /// Returns the next number.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed &>> 31)
  }
}
