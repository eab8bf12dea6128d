/// A number that a job, a pattern or a strip family has.
public enum Measure: String, Sendable, Hashable, CaseIterable {
  /// How long a completed job took, in seconds, as in ``JobFigures/durationSeconds``.
  case jobDurationSeconds = "job.duration_seconds"
  /// The waste of a finished job, from 0 to 100 %.
  case jobWastePercentage = "job.waste_percentage"
  /// Whether a finished job failed: 1 or 0.
  case jobFailed = "job.failed"
  /// The number of rings of a pattern.
  case patternRingCount = "pattern.ring_count"
  /// The number of cells of a pattern.
  case patternCells = "pattern.cells"
  /// The score of a pattern: 10·rings + cells/20.
  case patternComplexityScore = "pattern.complexity_score"
  /// The width of a strip family, in millimeters.
  case familyStripWidthMM = "family.strip_width_mm"
  /// The thickness of a strip family, in millimeters.
  case familyStripThicknessMM = "family.strip_thickness_mm"

  enum Subject { case jobs, patterns, families }

  var subject: Subject {
    switch self {
    case .jobDurationSeconds, .jobWastePercentage, .jobFailed: .jobs
    case .patternRingCount, .patternCells, .patternComplexityScore: .patterns
    case .familyStripWidthMM, .familyStripThicknessMM: .families
    }
  }
}

/// The correlation of two measures; coefficients are from −1 to 1.
public struct Correlation: Sendable, Hashable {
  /// The first measure.
  public var x: Measure
  /// The second measure.
  public var y: Measure
  /// The number of pairs whose measures are both known.
  public var n: Int
  /// The number of pairs with an unknown measure.
  public var missing: Int
  /// Pearson's coefficient: how close either measure is to a linear function of the other; `nil`
  /// for fewer than 3 pairs, and if all values of a measure are the same.
  ///
  /// Source: Karl Pearson, "Notes on Regression and Inheritance in the Case of Two Parents",
  /// Proceedings of the Royal Society of London 58 (1895), pages 240–242.
  public var pearson: Double?
  /// Spearman's coefficient: how consistently one measure grows with the other; `nil` if
  /// ``pearson`` is.
  ///
  /// It is Pearson's coefficient of the ranks; equal values share the mean of their ranks.
  ///
  /// Source: Charles Spearman, "The Proof and Measurement of Association between Two Things",
  /// American Journal of Psychology 15 (1904), pages 72–101.
  public var spearman: Double?
}

/// Pairs of two measures.
struct MeasuredPairs {
  private let x: Measure
  private let y: Measure
  private var values: [(x: Double, y: Double)] = []
  private var missing = 0

  init(_ x: Measure, _ y: Measure) {
    self.x = x
    self.y = y
  }

  mutating func add(_ x: Double?, _ y: Double?) {
    if let x, let y { values.append((x, y)) } else { missing += 1 }
  }

  var correlation: Correlation {
    // Floating-point sums depend on the order of the terms; that of the rows must not matter.
    let sorted = values.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
    let (xs, ys) = (sorted.map(\.x), sorted.map(\.y))
    return Correlation(
      x: x, y: y, n: values.count, missing: missing, pearson: Self.pearson(xs, ys),
      spearman: Self.pearson(Self.ranks(xs), Self.ranks(ys)))
  }

  private static func pearson(_ xs: [Double], _ ys: [Double]) -> Double? {
    // Centered and scaled, so that no product overflows.
    guard xs.count >= 3, let a = centered(xs), let b = centered(ys) else { return nil }
    var (aa, bb, ab) = (0.0, 0.0, 0.0)
    for index in a.indices {
      aa += a[index] * a[index]
      bb += b[index] * b[index]
      ab += a[index] * b[index]
    }
    return max(-1, min(1, ab / (aa.squareRoot() * bb.squareRoot())))
  }

  /// Returns the distances from the mean as fractions of the largest one; `nil` if all values are
  /// the same.
  private static func centered(_ values: [Double]) -> [Double]? {
    guard let first = values.first, values.contains(where: { $0 != first }) else { return nil }
    let largest = values.reduce(0) { max($0, abs($1)) }
    var sum = ExactSum()
    for value in values { sum.add(value / largest) }
    guard let mean = sum.mean(of: values.count) else { return nil }
    let distances = values.map { $0 / largest - mean }
    let reach = distances.reduce(0) { max($0, abs($1)) }
    return reach > 0 ? distances.map { $0 / reach } : nil
  }

  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      // The ranks are start + 1 to end.
      let rank = Double(start + 1 + end) / 2
      for index in start..<end { ranks[order[index]] = rank }
      start = end
    }
    return ranks
  }
}
