/// A sum of doubles that is rounded only once, so that their order makes no difference.
///
/// Numbers of the usual size, from 2⁻¹² to 2²⁰, are added as integers. The sum of all others is
/// kept as partial sums that do not overlap.
///
/// Source: Jonathan Richard Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust
/// Geometric Predicates", Discrete & Computational Geometry 18 (1997), section 2.
package struct ExactSum: Sendable {
  /// The sum of the numbers of the usual size, in units of 2⁻⁶⁴: 128 bits in two's complement.
  private var (upper, lower): (UInt64, UInt64) = (0, 0)
  /// Partial sums, from the smallest to the largest, none of them 0, each times ``scale``.
  private var partials: [Double] = []
  /// The factor of the partial sums: less than 1 once a number is so large that sums might
  /// overflow.
  ///
  /// Numbers nearer to 0 than 2⁻⁹⁵⁸ then lose bits.
  private var scale = 1.0

  /// Creates the sum of no numbers.
  package init() {}

  /// Adds a finite number.
  package mutating func add(_ number: Double) {
    let bits = number.bitPattern
    // The number is its 53 bits · 2^(exponent − 1075).
    let shift = Int(bits >> 52 & 0x7FF) - 1075 + 64
    // Numbers below 2²¹, of which 2⁴² fit into 128 bits.
    guard 0..<32 ~= shift else {
      if number.magnitude >= 0x1p900 { scaleDown() }
      return addPartial(number * scale)
    }
    let significand = bits & (1 << 52 - 1) | 1 << 52
    let magnitude = (upper: significand >> UInt64(64 - shift), lower: significand << UInt64(shift))
    if number < 0 {
      let (difference, borrows) = lower.subtractingReportingOverflow(magnitude.lower)
      lower = difference
      upper &-= magnitude.upper &+ (borrows ? 1 : 0)
    } else {
      let (sum, carries) = lower.addingReportingOverflow(magnitude.lower)
      lower = sum
      upper &+= magnitude.upper &+ (carries ? 1 : 0)
    }
  }

  /// Adds another sum.
  mutating func add(_ other: ExactSum) {
    let (sum, carries) = lower.addingReportingOverflow(other.lower)
    lower = sum
    upper &+= other.upper &+ (carries ? 1 : 0)
    if other.scale < scale { scaleDown() }
    for partial in other.partials { addPartial(partial * (scale / other.scale)) }
  }

  private mutating func scaleDown() {
    guard scale == 1 else { return }
    scale = 0x1p-64
    let scaled = partials.map { $0 * scale }
    partials.removeAll()
    for partial in scaled { addPartial(partial) }
  }

  private mutating func addPartial(_ number: Double) {
    var (high, kept) = (number, 0)
    unsafe partials.withUnsafeMutableBufferPointer { partials in
      for index in partials.indices {
        let other = unsafe partials[index]
        let sum = high + other
        // The rounding error, whichever of the two is larger (Knuth's TwoSum).
        let added = sum - high
        let error = (high - (sum - added)) + (other - added)
        if error != 0 {
          unsafe partials[kept] = error
          kept += 1
        }
        high = sum
      }
    }
    if high != 0 {
      if kept < partials.count { partials[kept] = high } else { partials.append(high) }
      kept += 1
    }
    if kept < partials.count { partials.removeLast(partials.count - kept) }
  }

  /// The sum; infinite if it is beyond the finite doubles.
  var value: Double { scaled / scale }

  /// Returns the mean of `count` numbers; `nil` if there are none.
  package func mean(of count: Int) -> Double? {
    count > 0 ? scaled / Double(count) / scale : nil
  }

  private var scaled: Double {
    var whole = self
    // Each addend has at most 32 bits, so it is exact as a double.
    whole.addPartial(Double(Int64(bitPattern: upper) >> 32) * 0x1p32 * scale)
    whole.addPartial(Double(upper & 0xFFFF_FFFF) * scale)
    whole.addPartial(Double(lower >> 32) * 0x1p-32 * scale)
    whole.addPartial(Double(lower & 0xFFFF_FFFF) * 0x1p-64 * scale)
    return Self.rounded(whole.partials)
  }

  /// Returns the double nearest to the sum of partial sums; of two that are equally near, the even
  /// one.
  private static func rounded(_ partials: [Double]) -> Double {
    guard var high = partials.last else { return 0 }
    var index = partials.count - 1
    var error = 0.0
    while index > 0, error == 0 {
      index -= 1
      let sum = high + partials[index]
      error = partials[index] - (sum - high)
      high = sum
    }
    // The remaining partial sums decide a tie.
    guard index > 0, error < 0 && partials[index - 1] < 0 || error > 0 && partials[index - 1] > 0
    else { return high }
    let twice = error * 2
    let sum = high + twice
    return sum - high == twice ? sum : high
  }
}

/// A sum that is not known until a number is added.
struct KnownSum {
  private var sum: ExactSum?

  /// Adds a number; one that is not finite is left out.
  mutating func add(_ number: Double) {
    guard number.isFinite else { return }
    sum = sum ?? ExactSum()
    sum?.add(number)
  }

  /// The sum in a unit; `nil` if it is not known, or too large.
  func value(in unit: Double = 1) -> Double? {
    sum.map { $0.value / unit }.flatMap { $0.isFinite ? $0 : nil }
  }
}
