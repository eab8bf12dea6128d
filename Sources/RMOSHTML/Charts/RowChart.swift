import RMOSModels

/// A chart in rows, each with a name, a drawing on a common scale, and a value.
///
/// Names and values are text outside the drawings, so they can wrap and be links, and screen
/// readers read them. Each drawing has a description in words.
package struct RowChart: Sendable {
  /// A part of a drawing.
  package enum Shape: Sendable {
    /// A bar from 0.
    case bar(to: Double)
    /// A thin line with ends.
    case range(Double, Double)
    /// A box, such as the middle half.
    case box(Double, Double)
    /// A line across, such as the median.
    case line(Double)
    /// A filled circle.
    case dot(Double)
    /// A circle.
    case ring(Double)
  }

  /// A row.
  package struct Row: Sendable {
    /// Its name.
    var label: HTML
    /// Its value in words.
    var value: HTML
    /// A description of the drawing, for screen readers.
    var description: String
    /// The shapes to draw, from back to front; none if the value is not known.
    var shapes: [Shape]

    /// Creates a row.
    package init(label: HTML, value: HTML, description: String, shapes: [Shape]) {
      self.label = label
      self.value = value
      self.description = description
      self.shapes = shapes
    }
  }

  private let label: String
  private let axis: ChartAxis
  private let rows: [Row]
  private let total: Int
  private let legend: [(Shape, String)]

  /// The maximum number of rows of a chart; the table behind it has the others, too.
  package static let mostRows = 12

  /// Creates a chart of the first rows.
  ///
  /// - Parameters:
  ///   - label: Its label.
  ///   - axis: The scale.
  ///   - rows: The rows, the most important first.
  ///   - omitted: The number of rows that are missing from `rows`.
  ///   - legend: The meanings of the shapes, whose numbers are ignored.
  package init(
    _ label: String, axis: ChartAxis, rows: [Row], omitted: Int = 0,
    legend: [(Shape, String)] = []
  ) {
    self.label = label
    self.axis = axis
    self.rows = Array(rows.prefix(Self.mostRows))
    total = rows.count + omitted
    self.legend = legend
  }

  /// Returns the chart, followed by `table`.
  package func figure(_ table: ChartTable, note: HTML = "") -> HTML {
    let cut: HTML =
      total > rows.count
      ? """
      <p class="dim note">\(PlainText.grouped(rows.count)) of \
      \(PlainText.grouped(total)) are shown.</p>

      """ : ""
    return """
      <figure class="plot" role="group" aria-label="\(label)">
      \(legendList)<ul class="strips">
      \(rows.map(line))</ul>
      \(scale)\(kind)\(cut)\(note)\(table.details)</figure>

      """
  }

  private var legendList: HTML {
    guard !legend.isEmpty else { return "" }
    let items = legend.map { shape, meaning -> HTML in
      """
      <li><svg class="mark" width="32" height="20" aria-hidden="true">\
      \(Self.sample(shape))</svg>\(meaning)</li>

      """
    }
    return "<ul class=\"legend\">\n\(items)</ul>\n"
  }

  private func line(_ row: Row) -> HTML {
    let grid = axis.marks.indices.map { index -> HTML in
      let x = Self.percent(axis.position(ofMark: index))
      return "<line class=\"grid\" x1=\"\(x)\" x2=\"\(x)\" y1=\"0\" y2=\"100%\"/>"
    }
    let shapes = row.shapes.map { drawing($0) }
    return """
      <li><span class="label">\(row.label)</span> <span class="value">\(row.value)</span>
      <svg class="mark" role="img" aria-label="\(row.description)">\
      <title>\(row.description)</title>\(grid)\(shapes)</svg></li>

      """
  }

  /// A note on the scale if it is not linear.
  private var kind: HTML {
    guard axis.isLogarithmic else { return "" }
    return "<p class=\"dim note kind\">Logarithmic scale: equal distances are equal factors.</p>\n"
  }

  private var scale: HTML {
    // Characters are 7 pixels wide, wide scales at least 240, narrow ones at least 144.
    let (wide, tight) = (axis.labels(perCharacter: 2.9), axis.labels(perCharacter: 4.8))
    let isSame = wide.map(\.text) == tight.map(\.text)
    let labels =
      isSame ? texts(wide, "") : texts(wide, " roomy") + texts(tight, " tight")
    return "<svg class=\"scale\" aria-hidden=\"true\">\(labels)</svg>\n"
  }

  private func texts(_ labels: [(mark: Int, text: String)], _ style: HTML) -> [HTML] {
    labels.map { mark, text in
      let anchor: HTML = mark == 0 ? "start" : mark == axis.marks.count - 1 ? "end" : "middle"
      let x = Self.percent(axis.position(ofMark: mark))
      return "<text x=\"\(x)\" y=\"14\" class=\"\(anchor)\(style)\">\(text)</text>"
    }
  }

  private func drawing(_ shape: Shape) -> HTML {
    switch shape {
    case .bar(let end): Self.bar(axis.position(end))
    case .range(let low, let high): Self.range(axis.position(low), axis.position(high))
    case .box(let low, let high): Self.box(axis.position(low), axis.position(high))
    case .line(let place): Self.across(axis.position(place))
    case .dot(let place): Self.circle(axis.position(place), "dot")
    case .ring(let place): Self.circle(axis.position(place), "ring")
    }
  }

  private static func sample(_ shape: Shape) -> HTML {
    switch shape {
    case .bar: bar(100)
    case .range: range(6, 94)
    case .box: box(15, 85)
    case .line: across(50)
    case .dot: circle(50, "dot")
    case .ring: circle(50, "ring")
    }
  }

  private static func bar(_ end: Double) -> HTML {
    """
    <rect class="bar" x="0" y="20%" width="\(percent(max(end, 0.4)))" height="60%"/>
    """
  }

  private static func range(_ low: Double, _ high: Double) -> HTML {
    let (x1, x2) = (percent(low), percent(high))
    return """
      <line class="whisker" x1="\(x1)" x2="\(x2)" y1="50%" y2="50%"/>\
      <line class="whisker" x1="\(x1)" x2="\(x1)" y1="35%" y2="65%"/>\
      <line class="whisker" x1="\(x2)" x2="\(x2)" y1="35%" y2="65%"/>
      """
  }

  private static func box(_ low: Double, _ high: Double) -> HTML {
    """
    <rect class="box" x="\(percent(low))" y="22%" width="\(percent(max(high - low, 0.3)))" \
    height="56%"/>
    """
  }

  private static func across(_ place: Double) -> HTML {
    let x = percent(place)
    return "<line class=\"median\" x1=\"\(x)\" x2=\"\(x)\" y1=\"14%\" y2=\"86%\"/>"
  }

  private static func circle(_ place: Double, _ name: String) -> HTML {
    "<circle class=\"\(name)\" cx=\"\(percent(place))\" cy=\"50%\" r=\"5\"/>"
  }

  private static func percent(_ number: Double) -> String { PageText.coordinate(number) + "%" }
}
