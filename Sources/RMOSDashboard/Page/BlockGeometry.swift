import RMOSHTML
import RMOSModels

/// A block of chips in rows and columns, as catalogues give it: the motif that is laid around the
/// rosette.
struct BlockGeometry {
  private let rows: Int
  private let columns: Int
  private let width: Double?
  private let height: Double?
  private let totals: [(String, Int64)]

  /// Reads a geometry; nil where it has no rows and columns that can be drawn.
  init?(_ geometry: JSONValue) {
    guard let rows = geometry["rows"]?.int64, let columns = geometry["columns"]?.int64,
      1...100 ~= rows, 1...200 ~= columns
    else { return nil }
    (self.rows, self.columns) = (Int(rows), Int(columns))
    func length(_ name: String) -> Double? {
      guard let number = geometry["dimensions"]?[name]?.double, number > 0, number < 1e6 else {
        return nil
      }
      return number
    }
    (width, height) = (length("width_mm"), length("height_mm"))
    if case .object(let members)? = geometry["totals"] {
      totals = members.prefix(12).compactMap { member in
        member.value.int64.map { (member.name, $0) }
      }
    } else {
      totals = []
    }
  }

  var figure: HTML {
    let size: HTML
    var proportion = Double(rows) / Double(columns)
    if let width, let height, 0.02...50 ~= height / width {
      proportion = height / width
      size = "\(PageText.coordinate(width)) × \(PageText.coordinate(height)) mm"
    } else {
      size = "drawn without dimensions, as the geometry gives none that fit"
    }
    let drawnHeight = proportion * 1000
    func place(_ index: Int, of count: Int, _ length: Double) -> String {
      PageText.coordinate(Double(index) / Double(count) * length)
    }
    let down = (1..<max(columns, 2)).filter { $0 < columns }.map {
      "M\(place($0, of: columns, 1000)) 0V\(PageText.coordinate(drawnHeight))"
    }
    let across = (1..<max(rows, 2)).filter { $0 < rows }.map {
      "M0 \(place($0, of: rows, drawnHeight))H1000"
    }
    let label = "\(PlainText.counted(rows, "row")) by \(PlainText.counted(columns, "column"))"
    let counts = totals.map { "\(PlainText.grouped(Int($0.1))) \($0.0.prefix(40))" }
    let woods: HTML =
      counts.isEmpty
      ? "" : "<li>\(counts.joined(separator: ", ")): which chip is which is not said.</li>\n"
    return """
      <figure class="block">
      <svg class="drawing" viewBox="-8 -8 1016 \(PageText.coordinate(drawnHeight + 16))" \
      role="img" aria-label="\(label)"><rect class="outline" width="1000" \
      height="\(PageText.coordinate(drawnHeight))"/>\
      <path class="cells" d="\((down + across).joined())"/></svg>
      <figcaption><span>\(label)</span> <span>\(size)</span></figcaption>
      </figure>
      <ul class="dim note">
      \(woods)<li>The geometry has no radii, so that the rings are not drawn.</li>
      </ul>

      """
  }
}
