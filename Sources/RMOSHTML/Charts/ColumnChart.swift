import RMOSModels

/// Columns along a calendar or a scale: stacked parts, or a rate with its interval.
///
/// Places without a column stay empty. The scale has labels at 0, in the middle and at the end.
package struct ColumnChart: Sendable {
  /// A part that all stacked columns have.
  package struct Series: Sendable {
    /// The name of the series in the legend.
    var name: String
    /// The class of its rectangles.
    var style: String
    /// The id of a `pattern` that is drawn over them, so that they can be told apart without color.
    var hatching: String?

    /// Creates a series.
    package init(name: String, style: String, hatching: String? = nil) {
      self.name = name
      self.style = style
      self.hatching = hatching
    }
  }

  /// The content of a column.
  package enum Content: Sendable {
    /// The numbers of the series, from the bottom up.
    case stack([Int])
    /// A rate in percent with the limits of its interval.
    case rate(low: Double, Double, high: Double)
  }

  /// A column.
  package struct Column: Sendable {
    /// Its place, from 0.
    var place: Int
    /// A description in words.
    var description: String
    var content: Content

    /// Creates a column.
    package init(place: Int, description: String, content: Content) {
      self.place = place
      self.description = description
      self.content = content
    }
  }

  private let id: String
  private let title: String
  private let summary: String
  private let series: [Series]
  private let columns: [Column]
  private let places: Int
  private let names: (first: String, peak: String?, last: String)
  private let ticks: [Tick]

  /// A label below a place.
  package struct Tick: Sendable {
    /// The place, from 0.
    package var place: Int
    package var label: String
    /// Whether it is left out of narrow charts.
    package var isExtra: Bool

    /// Creates a label.
    package init(place: Int, label: String, isExtra: Bool) {
      self.place = place
      self.label = label
      self.isExtra = isExtra
    }
  }

  /// Creates a chart.
  ///
  /// - Parameters:
  ///   - id: The prefix of the chart's ids, unique on the page.
  ///   - title: The title of the chart.
  ///   - summary: The message of the chart, in a sentence.
  ///   - series: The parts of stacked columns.
  ///   - columns: The columns, at least one.
  ///   - places: The number of places.
  ///   - names: The names of the first and the last place, and a note between them, for below the
  ///     chart.
  ///   - ticks: The labels of places.
  package init(
    id: String, title: String, summary: String, series: [Series] = [], columns: [Column],
    places: Int, names: (first: String, peak: String?, last: String), ticks: [Tick] = []
  ) {
    self.id = id
    self.title = title
    self.summary = summary
    self.series = series
    self.columns = columns
    self.places = max(1, places)
    self.names = names
    self.ticks = ticks
  }

  /// The definitions of the hatchings that charts use, once per page.
  package static let definitions: HTML = """
    <svg width="0" height="0" aria-hidden="true" class="away"><defs>
    <pattern id="h-failed" width="5" height="5" patternUnits="userSpaceOnUse">\
    <path class="hatch" d="M-1 1L1 -1M0 5L5 0M4 6L6 4"/></pattern>
    </defs></svg>

    """

  /// Returns the key of a series in the legend.
  package static func key(to series: Series) -> HTML {
    """
    <svg class="key" width="12" height="12" aria-hidden="true">\
    \(rectangle(series, x: "0", y: "0", width: "100%", height: "100%"))</svg>
    """
  }

  /// Returns the chart, followed by a note and a table.
  package func figure(note: HTML = "", showsLegend: Bool = true, _ table: HTML) -> HTML {
    let keys = series.map { "<li>\(Self.key(to: $0)) \($0.name)</li>\n" as HTML }
    let legend: HTML =
      series.isEmpty || !showsLegend ? "" : "<ul class=\"legend\">\n\(keys)</ul>\n"
    let peak: HTML = names.peak.map { "<span class=\"peak\">\($0)</span>" } ?? ""
    return """
      <figure class="plot">
      \(legend)\(drawing)
      <figcaption><span>\(names.first)</span>\(peak)<span>\(names.last)</span></figcaption>
      \(note)\(table)</figure>

      """
  }

  /// The drawing alone.
  package var drawing: HTML {
    let isRate = columns.contains { $0.isRate }
    let top = isRate ? 100 : Self.top(for: columns.map(\.total).max() ?? 0)
    let scale = [(top, "0"), (top / 2, "50%"), (0, "100%")].map { value, place -> HTML in
      let label = isRate ? "\(PageText.decimal(value)) %" : Self.label(value)
      return "<text class=\"level\" x=\"-8\" y=\"\(place)\" dy=\".35em\">\(label)</text>"
    }
    let width = 100 / Double(places)
    let names = ticks.map { tick -> HTML in
      // A label centered on the last of many places would extend beyond the page.
      let isAtEnd = tick.place == places - 1 && places > 12
      let x = isAtEnd ? "100%" : Self.percent((Double(tick.place) + 0.5) * width)
      let style: HTML = "tick\(isAtEnd ? " last" : "")\(tick.isExtra ? " extra" : "")"
      return "<text class=\"\(style)\" x=\"\(x)\" y=\"100%\" dy=\"1.4em\">\(tick.label)</text>"
    }
    return """
      <svg class="chart" role="img" aria-labelledby="\(id)-title \(id)-words">\
      <title id="\(id)-title">\(title)</title><desc id="\(id)-words">\(summary)</desc>\
      <line class="grid" x1="0" x2="100%" y1="0.5" y2="0.5"/>\
      <line class="grid" x1="0" x2="100%" y1="50%" y2="50%"/>\
      \(columns.map { group($0, of: top) })\
      <line class="base" x1="0" x2="100%" y1="100%" y2="100%"/>\
      \(scale)\(names)</svg>
      """
  }

  /// Round numbers from 10 to 100 for the middle of a scale.
  private static let middles = [
    10.0, 12, 15, 16, 18, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100,
  ]

  /// Returns the end of a scale that reaches a number: twice a middle that is whole and round.
  private static func top(for most: Int) -> Double {
    let half = Double(most) / 2
    if half <= 10 { return 2 * max(1, half.rounded(.up)) }
    var power = 1.0
    while power * 100 < half { power *= 10 }
    let middle = middles.first { $0 >= half / power } ?? 100
    return 2 * middle * power
  }

  private static func label(_ number: Double) -> String {
    if number >= 1e12 { return PageText.rounded(number) }
    if number >= 1e6 { return PageText.grouped(number / 1e6) + " M" }
    return PageText.grouped(number)
  }

  private func group(_ column: Column, of most: Double) -> HTML {
    let width = 100 / Double(places)
    let left = Double(column.place) * width
    let shapes: [HTML]
    switch column.content {
    case .stack(let parts):
      var top = 100.0
      shapes = zip(series, Self.shares(parts, of: most)).map { series, share in
        guard share > 0 else { return "" }
        top -= share
        return Self.rectangle(
          series, x: Self.percent(left + width * 0.12), y: Self.percent(top),
          width: Self.percent(width * 0.76), height: Self.percent(share))
      }
    case .rate(let low, let rate, let high):
      let x = Self.percent(left + width / 2)
      shapes = [
        """
        <line class="whisker" x1="\(x)" x2="\(x)" y1="\(Self.percent(100 - high))" \
        y2="\(Self.percent(100 - low))"/>\
        <circle class="dot" cx="\(x)" cy="\(Self.percent(100 - rate))" r="3.5"/>
        """
      ]
    }
    return "<g><title>\(column.description)</title>\(shapes)</g>"
  }

  /// Returns the heights of parts in percent; those above 0 are large enough to be visible.
  private static func shares(_ parts: [Int], of most: Double) -> [Double] {
    let shares = parts.map { $0 > 0 ? max(1, Double($0) / most * 100) : 0 }
    let sum = shares.reduce(0, +)
    return sum > 100 ? shares.map { $0 / sum * 100 } : shares
  }

  private static func rectangle(
    _ series: Series, x: String, y: String, width: String, height: String
  ) -> HTML {
    let place: HTML = "x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\""
    let hatching: HTML =
      series.hatching.map { "<rect fill=\"url(#\($0))\" \(place)/>" } ?? ""
    return "<rect class=\"\(series.style)\" \(place)/>\(hatching)"
  }

  private static func percent(_ number: Double) -> String { PageText.coordinate(number) + "%" }
}

extension CalendarUnit {
  /// Returns the labels below a chart from one unit to another; some of them are for wide charts
  /// only.
  package func ticks(from first: Int, to last: Int) -> [ColumnChart.Tick] {
    // Characters are 7 pixels wide, wide charts at least 600, narrow ones at least 250.
    let wide = ticks(from: first, to: last, perCharacter: 1.2)
    let narrow = Set(ticks(from: first, to: last, perCharacter: 2.8, among: wide))
    return wide.map {
      ColumnChart.Tick(place: $0 - first, label: tick($0), isExtra: !narrow.contains($0))
    }
  }
}

extension ColumnChart.Column {
  fileprivate var total: Int {
    if case .stack(let parts) = content { parts.reduce(0) { $0.addingClamped($1) } } else { 0 }
  }

  fileprivate var isRate: Bool {
    if case .rate = content { true } else { false }
  }
}

extension Int {
  fileprivate func addingClamped(_ other: Int) -> Int {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? .max : sum
  }
}

/// The style sheet of charts, in addition to that of all pages.
///
/// Shapes have a contrast of at least 3 to 1 with the page, in light and dark mode.
package enum ChartStyle {
  /// The style sheet.
  package static let style = """

    .plot{margin:.8rem 0 1.4rem;container-type:inline-size}
    .plot+.plot svg.chart{margin-top:2.4rem}
    .plot svg.chart~figcaption{margin:1.7rem 0 0 3.6rem}
    .plot figcaption{font-size:.8125rem;color:var(--dim);flex-wrap:nowrap}
    .plot figcaption .peak{color:var(--text);text-align:center}
    .plot figcaption span:last-child{text-align:right}
    .plot details{margin-top:.6rem}
    .plot ul.legend{font-size:.8125rem;color:var(--dim);margin:.2rem 0 .8rem}
    .plot ul.legend li{display:flex;align-items:center;gap:.4rem}
    .plot ul.legend svg.mark{width:2rem;height:1.2rem}
    svg.chart{display:block;width:100%;height:10rem;overflow:visible}
    .plot svg.chart{margin:1.2rem 0 0 3.6rem;width:calc(100% - 3.6rem)}
    .grid{stroke:var(--line);stroke-dasharray:2 4}
    .base{stroke:var(--dim)}
    .chart text{fill:var(--dim);font-size:.75rem}
    .chart .level{text-anchor:end}
    .chart .tick{text-anchor:middle}
    .chart .tick.last{text-anchor:end}
    @container (max-width:40rem){.chart .extra{display:none}}
    .chart g:hover{opacity:.75}
    .chart .hatch,.key .hatch{stroke:var(--page,var(--back))}
    .strips{list-style:none;margin:0;padding:0;font-size:.875rem}
    .strips li{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 1rem;padding:.3rem 0}
    .strips .label{min-width:0}
    .strips .value{text-align:right;color:var(--dim);font-variant-numeric:tabular-nums}
    .strips svg.mark{grid-column:1/-1}
    svg.mark{display:block;width:100%;height:1.5rem;overflow:visible}
    svg.scale{display:block;width:100%;height:1.3rem;overflow:visible}
    .scale text{fill:var(--dim);font-size:.75rem}
    .scale .middle{text-anchor:middle}
    .scale .end{text-anchor:end}
    .mark .bar{fill:var(--updated)}
    .whisker{stroke:var(--dim);stroke-width:1.5}
    .mark .box{fill:var(--soft);stroke:var(--updated);stroke-width:1.5}
    .mark .median{stroke:var(--text);stroke-width:2.5}
    .dot{fill:var(--updated)}
    .ring{fill:var(--page,var(--back));stroke:var(--text);stroke-width:1.5}
    @container (min-width:30rem){.strips li{grid-template-columns:10.5rem minmax(0,1fr) 8.5rem;
    align-items:center;padding:.1rem 0}.strips svg.mark{grid-column:2;grid-row:1}
    .strips .value{grid-column:3}.plot svg.scale{margin-left:11.5rem;width:calc(100% - 21rem)}
    .plot .kind{margin-left:11.5rem}}
    @media (max-width:40rem){.plot figcaption .peak{display:none}
    .plot+.plot svg.chart{margin-top:1.6rem}}
    .scale .tight{display:none}
    @container (min-width:30rem) and (max-width:36rem){.scale .roomy{display:none}
    .scale .tight{display:inline}}
    @media print{.plot{break-inside:avoid}.numbers{display:none}
    .plot .legend,.note:has(+.plot){break-after:avoid}}

    """
}
