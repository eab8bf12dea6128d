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

/// The outcomes of a run for each kind: bars, and a table with all numbers.
package struct OutcomesHTML {
  private let statistics: MigrationStatistics
  /// The outcomes shown; `updated` only if an entity was updated.
  package let outcomes: [Outcome]

  /// Creates the section of a run's statistics.
  package init(_ statistics: MigrationStatistics) {
    self.statistics = statistics
    outcomes = Outcome.allCases.filter { $0 != .updated || statistics.total.updated > 0 }
  }

  /// Returns the numbers to show of some counts: the entities found, and one number per outcome.
  package func numbers(_ counts: MigrationStatistics.Counts) -> [Int] {
    [counts.found] + outcomes.map { counts[$0] }
  }

  /// The names of ``numbers(_:)``.
  package var names: [String] { ["found"] + outcomes.map(\.rawValue) }

  /// Creates the section.
  ///
  /// - Parameters:
  ///   - name: The name of a kind in the table; its plural unless given.
  ///   - count: The content of a cell for an outcome, or `nil` for the entities found, and a kind,
  ///     or `nil` for all; the number unless given.
  /// - Returns: The section as HTML.
  package func section(
    name: (EntityKind) -> HTML = { "\($0.schema.plural)" },
    count: ((Outcome?, EntityKind?) -> HTML)? = nil
  ) -> HTML {
    func row(_ name: HTML, _ kind: EntityKind?, _ counts: MigrationStatistics.Counts) -> HTML {
      let cells = zip([nil] + outcomes, numbers(counts)).map { outcome, number in
        count?(outcome, kind) ?? "\(PlainText.grouped(number))"
      }
      return """
        <tr><th scope="row">\(name)</th>\
        \(cells.map { "<td class=\"n\">\($0)</td>" as HTML })</tr>

        """
    }
    let kinds = statistics.catalog.kinds
    let bars = kinds.map { kind -> HTML in
      let counts = statistics[kind]
      let name = kind.schema.plural
      return """
        <figure>
        <figcaption><span>\(name)</span> <span class="dim">\
        \(PlainText.grouped(counts.found)) found</span></figcaption>
        \(OutcomeBars.bar(of: counts, label: name))</figure>

        """
    }
    return """
      <section aria-labelledby="outcomes">
      <h2 id="outcomes">Outcomes</h2>
      \(OutcomeBars.legend(of: outcomes))\(bars)<div class="scroll" role="region" tabindex="0" \
      aria-label="Entities by kind and outcome">
      <table>
      <caption>Entities by kind and outcome</caption>
      <thead><tr><th scope="col">kind</th>\
      \(names.map { "<th scope=\"col\" class=\"n\">\($0)</th>" as HTML })</tr></thead>
      <tbody>
      \(kinds.map { row(name($0), $0, statistics[$0]) })</tbody>
      <tfoot>
      \(row("total", nil, statistics.total))</tfoot>
      </table>
      </div>
      </section>

      """
  }
}
