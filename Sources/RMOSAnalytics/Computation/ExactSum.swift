/// A sum of doubles that is rounded only once, so that their order makes no difference.
///
/// It keeps the rounding errors as partial sums that do not overlap.
///
/// Source: Jonathan Richard Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust
/// Geometric Predicates", Discrete & Computational Geometry 18 (1997), section 2.
struct ExactSum {
  /// From the smallest to the largest, none of them 0; scaled, so that no sum overflows.
  private var partials: [Double] = []

  private static let scale = 0x1p-64

  /// Adds a finite number.
  mutating func add(_ number: Double) {
    var high = number * Self.scale
    var kept = 0
    for index in partials.indices {
      var other = partials[index]
      if abs(high) < abs(other) { swap(&high, &other) }
      let sum = high + other
      let error = other - (sum - high)
      if error != 0 {
        partials[kept] = error
        kept += 1
      }
      high = sum
    }
    partials.removeSubrange(kept...)
    if high != 0 { partials.append(high) }
  }

  /// The sum; infinite if it is beyond the finite doubles.
  var value: Double { scaled / Self.scale }

  /// The mean of so many numbers; `nil` if there are none.
  func mean(of count: Int) -> Double? {
    count > 0 ? scaled / Double(count) / Self.scale : nil
  }

  /// The nearest double; of two that are equally near, the even one.
  private var scaled: Double {
    guard var high = partials.last else { return 0 }
    var index = partials.count - 1
    var error = 0.0
    while index > 0, error == 0 {
      index -= 1
      let sum = high + partials[index]
      error = partials[index] - (sum - high)
      high = sum
    }
    // What is left decides a tie.
    guard index > 0, error < 0 && partials[index - 1] < 0 || error > 0 && partials[index - 1] > 0
    else { return high }
    let twice = error * 2
    let sum = high + twice
    return sum - high == twice ? sum : high
  }
}
