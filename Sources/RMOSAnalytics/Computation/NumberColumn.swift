/// Numbers of which exact statistics are wanted, and a count of those that are missing.
struct NumberColumn {
  private(set) var values: [Double] = []
  var missing = 0

  mutating func add(_ number: Double?) {
    if let number { values.append(number) } else { missing += 1 }
  }

  /// Sorts the numbers and summarizes them.
  mutating func summary() -> NumberSummary {
    values.sort()
    return NumberSummary(sorted: values, missing: missing)
  }
}

extension NumberSummary {
  /// Creates the summary of numbers in ascending order.
  init(sorted values: some RandomAccessCollection<Double>, missing: Int) {
    self.init(missing: missing)
    n = values.count
    guard let first = values.first, let last = values.last else { return }
    var sum = ExactSum()
    for value in values { sum.add(value) }
    minimum = first
    maximum = last
    median = values.median
    lowerQuartile = values.quantile(1, 4)
    upperQuartile = values.quantile(3, 4)
    p90 = values.quantile(9, 10)
    mean = sum.mean(of: n)
  }
}

extension RandomAccessCollection<Double> {
  /// The middle number of ascending ones, or the mean of the middle two; `nil` if there are none.
  var median: Double? {
    guard !isEmpty else { return nil }
    let upper = self[index(startIndex, offsetBy: count / 2)]
    guard count.isMultiple(of: 2) else { return upper }
    let lower = self[index(startIndex, offsetBy: count / 2 - 1)]
    // The halves first where the sum overflows.
    let sum = lower + upper
    return sum.isFinite ? sum / 2 : lower / 2 + upper / 2
  }

  /// The quantile of ascending numbers by nearest rank; `nil` if there are none.
  func quantile(_ numerator: Int, _ denominator: Int) -> Double? {
    guard !isEmpty else { return nil }
    let rank = (count * numerator + denominator - 1) / denominator
    return self[index(startIndex, offsetBy: Swift.max(rank, 1) - 1)]
  }
}
