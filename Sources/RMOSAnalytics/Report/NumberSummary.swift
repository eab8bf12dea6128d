/// What a set of numbers looks like.
public struct NumberSummary: Sendable, Hashable {
  /// How many numbers there are.
  public var n: Int
  /// How many more there should be: they are unknown, or not numbers.
  public var missing: Int
  /// The smallest; `nil` if there are none, as all that follow.
  public var minimum: Double?
  /// The number at or below which a quarter of them lie, by nearest rank: number ⌈0.25·n⌉ in order.
  public var lowerQuartile: Double?
  /// The middle number, or the mean of the middle two.
  public var median: Double?
  /// The number at or below which three quarters of them lie, by nearest rank.
  public var upperQuartile: Double?
  /// The number at or below which nine tenths of them lie, by nearest rank: number ⌈0.9·n⌉ in
  /// order.
  public var p90: Double?
  /// The arithmetic mean; the sum is exact before it is divided.
  public var mean: Double?
  /// The largest.
  public var maximum: Double?

  /// Creates the summary of no numbers.
  ///
  /// - Parameter missing: How many there should be.
  package init(missing: Int = 0) {
    n = 0
    self.missing = missing
  }
}

/// A share of a whole, in percent, with what is known of the true rate.
///
/// The interval is Wilson's score interval with a confidence of 95 %, z = 1.959964: with
/// p = count/total, (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
///
/// Source: Edwin B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
/// Journal of the American Statistical Association 22 (1927), pages 209–212.
public struct Rate: Sendable, Hashable {
  /// The number of elements that count.
  public var count: Int
  /// The number of all elements: the rate's n.
  public var total: Int

  /// Creates a rate.
  ///
  /// - Parameters:
  ///   - count: How many count; at most `total`.
  ///   - total: Of how many.
  package init(_ count: Int, of total: Int) {
    self.count = count
    self.total = total
  }

  /// How many do not count.
  package var rest: Int { total - count }
  /// 100·count/total; `nil` if the total is 0.
  public var percent: Double? { total > 0 ? 100 * Double(count) / Double(total) : nil }
  /// The lower limit of the interval, in percent; `nil` if the total is 0.
  public var low: Double? { limit(-1) }
  /// The upper limit of the interval, in percent; `nil` if the total is 0.
  public var high: Double? { limit(1) }

  private func limit(_ sign: Double) -> Double? {
    guard total > 0 else { return nil }
    // Exact at the ends, where rounding would leave a trace.
    if sign < 0, count <= 0 { return 0 }
    if sign > 0, count >= total { return 100 }
    let (z, n) = (1.959964, Double(total))
    let p = Double(count) / n
    let center = p + z * z / (2 * n)
    let half = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return min(100, max(0, 100 * (center + sign * half) / (1 + z * z / n)))
  }
}

/// Figures of one group.
public struct Grouped<Key: Sendable & Hashable, Figures: Sendable & Hashable>: Sendable, Hashable {
  /// What the group has in common: a job type, a material, a size.
  public var key: Key
  /// The figures of the group.
  public var figures: Figures

  /// Creates a group.
  ///
  /// - Parameters:
  ///   - key: What the group has in common.
  ///   - figures: Its figures.
  init(_ key: Key, _ figures: Figures) {
    self.key = key
    self.figures = figures
  }
}
