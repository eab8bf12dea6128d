package import RMOSModels

/// Bars of outcomes as inline SVG.
///
/// Each outcome has its own color and hatching, and each bar has a label in words.
package enum OutcomeBars {
  /// The patterns that the bars of a page refer to.
  package static let definitions: HTML = """
    <svg width="0" height="0" aria-hidden="true"><defs>
    <pattern id="h-updated" width="8" height="8" patternUnits="userSpaceOnUse">\
    <path class="hatch" d="M0 4H8"/></pattern>
    <pattern id="h-skipped" width="8" height="8" patternUnits="userSpaceOnUse">\
    <path class="hatch" d="M4 0V8"/></pattern>
    <pattern id="h-failed" width="8" height="8" patternUnits="userSpaceOnUse">\
    <path class="hatch" d="M-2 2L2-2M0 8L8 0M6 10L10 6"/></pattern>
    </defs></svg>

    """

  /// Returns the legend of colors and hatchings.
  static func legend(of outcomes: [Outcome]) -> HTML {
    let items = outcomes.map { outcome -> HTML in
      """
      <li><svg class="bar" aria-hidden="true">\(segment(outcome, from: 0, length: 1000))</svg>\
      \(outcome.rawValue)</li>

      """
    }
    return "<ul class=\"legend\">\n\(items)</ul>\n"
  }

  /// Returns the bar of a kind's counts, which fills the width.
  static func bar(of counts: MigrationStatistics.Counts, label: String) -> HTML {
    """
    <svg class="bar" role="img" aria-label="\(description(of: counts, label: label))">\
    \(segments(of: counts, from: 0, length: 1000))</svg>

    """
  }

  /// Returns the counts in words.
  package static func description(of counts: MigrationStatistics.Counts, label: String) -> String {
    guard counts.found > 0 else { return "\(label): none found" }
    return "\(label): "
      + Outcome.allCases.map { "\(PlainText.grouped(counts[$0])) \($0.rawValue)" }
      .joined(separator: ", ")
  }

  /// Returns the outcomes side by side; `start` and `length` are in thousandths of the width.
  package static func segments(
    of counts: MigrationStatistics.Counts, from start: Int, length: Int
  ) -> [HTML] {
    var position = start
    return zip(Outcome.allCases, shares(Outcome.allCases.map { counts[$0] }, of: length))
      .compactMap { outcome, share in
        guard share > 0 else { return nil }
        defer { position += share }
        return segment(outcome, from: position, length: share)
      }
  }

  /// Divides `length` in proportion to `counts`.
  ///
  /// Every count above 0 gets a visible share, at the expense of the largest.
  static func shares(_ counts: [Int], of length: Int) -> [Int] {
    let total = counts.reduce(0, +)
    guard total > 0 else { return counts.map { _ in 0 } }
    let least = min(6, length / counts.count)
    var shares = counts.map { count in
      count == 0 ? 0 : max(least, Int(Double(count) / Double(total) * Double(length)))
    }
    if let largest = shares.indices.max(by: { counts[$0] < counts[$1] }) {
      shares[largest] += length - shares.reduce(0, +)
    }
    return shares
  }

  private static func segment(_ outcome: Outcome, from start: Int, length: Int) -> HTML {
    func rectangle(_ style: HTML) -> HTML {
      """
      <rect x="\(percent(start))" width="\(percent(length))" height="100%" \(style)/>
      """
    }
    let name = outcome.rawValue
    guard outcome != .migrated else { return rectangle("class=\"\(name)\"") }
    return rectangle("class=\"\(name)\"") + rectangle("fill=\"url(#h-\(name))\"")
  }

  /// Returns thousandths as percent.
  private static func percent(_ thousandths: Int) -> String {
    "\(thousandths / 10).\(thousandths % 10)%"
  }
}
