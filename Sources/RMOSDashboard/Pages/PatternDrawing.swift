import RMOSHTML
import RMOSModels

/// The drawing of a pattern: of its rings if the geometry gives their radii, or else of its block
/// if the geometry gives rows and columns.
struct PatternDrawing {
  private let record: Record

  init(_ record: Record) { self.record = record }

  /// The drawing; a sentence if nothing can be drawn.
  var section: HTML {
    var reason = "The geometry has no radii, so nothing can be drawn."
    for member in ["geometry", "rosette_geometry"] {
      guard let text = PageText.text(record[member]) else { continue }
      guard text.utf8.count <= JSONHTML.longest else {
        reason = "The geometry is too large to be drawn here."
        continue
      }
      guard let geometry = try? JSONValue(parsing: text) else { continue }
      if let rings = RingGeometry(geometry) {
        return frame("Rings", Self.figure(of: rings, ringCount))
      }
      if let block = BlockGeometry(geometry) { return frame("Block", block.figure) }
    }
    return frame("Drawing", "<p class=\"dim\">\(reason)</p>\n")
  }

  /// The maximum size of a geometry that is drawn in a list, bytes, and the maximum number of
  /// rings.
  private static let (longestThumbnail, mostRings) = (1 << 16, 12)

  /// A small drawing of the rings or the block for a list, hidden from screen readers; a dashed rim
  /// if nothing can be drawn.
  var thumbnail: HTML {
    var rings: [HTML] = []
    for member in ["geometry", "rosette_geometry"] where rings.isEmpty {
      guard let text = PageText.text(record[member]), text.utf8.count <= Self.longestThumbnail,
        let geometry = try? JSONValue(parsing: text)
      else { continue }
      guard let found = RingGeometry(geometry) else {
        if let block = BlockGeometry(geometry) { rings = [block.thumbnail] }
        continue
      }
      let drawn = found.rings.prefix(Self.mostRings)
      guard let reach = drawn.map(\.reach).max(), reach > 0 else { continue }
      func scaled(_ length: Double) -> String { PageText.coordinate(length / reach * 96) }
      rings = drawn.map { ring in
        let band = ring.band ?? (ring.edges.last ?? ring.reach, reach / 24)
        return """
          <circle class="band\(WoodTone.classes(ring.material))" r="\(scaled(band.middle))" \
          stroke-width="\(scaled(band.width))"/>
          """
      }
    }
    if rings.isEmpty { rings = ["<circle class=\"rim\" r=\"93\" stroke-dasharray=\"12 12\"/>"] }
    return """
      <svg class="thumb" viewBox="-100 -100 200 200" aria-hidden="true">\(rings)</svg>
      """
  }

  private var ringCount: Int? {
    if case .integer(let number) = record["ring_count"] { Int(number) } else { nil }
  }

  private func frame(_ title: String, _ content: HTML) -> HTML {
    """
    <section aria-labelledby="drawing">
    <h2 id="drawing">\(title)</h2>
    \(content)</section>

    """
  }

  // MARK: Rings

  private static func figure(of geometry: RingGeometry, _ ringCount: Int?) -> HTML {
    var notes = geometry.omissions
    if geometry.rings.contains(where: { $0.radius != nil && $0.width != nil }) {
      notes.insert(
        "Widths are drawn centered on the radius, as the geometry does not say which edge it means.",
        at: 0)
    }
    if geometry.rings.contains(where: { $0.segments != nil }) {
      notes.append("Segments are drawn evenly spaced, from an arbitrary start.")
    }
    if let ringCount, ringCount != geometry.count {
      notes.append(
        "The field ring_count is \(PlainText.grouped(ringCount)), but the geometry has "
          + PlainText.counted(geometry.count, "ring") + ".")
    }
    let list = notes.prefix(12).map { "<li>\($0)</li>\n" as HTML }
    let notesList: HTML =
      notes.isEmpty ? "" : "<ul class=\"dim note\">\n\(Array(list))</ul>\n"
    guard !geometry.rings.isEmpty else { return notesList }
    return """
      <figure class="rings">
      <div>\(drawing(of: geometry))\(WoodTone.legend(geometry.rings.compactMap(\.material)))</div>\
      \(table(of: geometry))</figure>
      \(notesList)
      """
  }

  private static func drawing(of geometry: RingGeometry) -> HTML {
    let reach = max(geometry.rings.map(\.reach).max() ?? 1, geometry.soundHole ?? 0) * 1.03
    // Lengths are scaled to 1000, so that tiny and huge ones are drawn alike.
    func scaled(_ length: Double) -> String { PageText.coordinate(length / reach * 1000) }
    let rings = geometry.rings.map { ring -> HTML in
      var parts: [HTML] = []
      let title =
        "Ring \(ring.number)"
        + (ring.segments.map { ", \(PlainText.counted($0, "segment"))" } ?? "")
        + (ring.material.map { ", \($0.prefix(40))" } ?? "")
      if let (middle, width) = ring.band {
        parts.append(
          "<circle class=\"band\(WoodTone.classes(ring.material))\" r=\"\(scaled(middle))\" stroke-width=\"\(scaled(width))\"/>"
        )
        if let segments = ring.segments, segments > 1 {
          parts.append(
            """
            <circle class="cuts" r="\(scaled(middle))" stroke-width="\(scaled(width))" \
            pathLength="\(segments * 10)" stroke-dasharray="0.6 9.4"/>
            """)
        }
      }
      for radius in ring.edges {
        parts.append("<circle class=\"edge\" r=\"\(scaled(radius))\"/>")
        // A ring without a width has only its line to show the material.
        if ring.band == nil, ring.material != nil {
          parts.append(
            "<circle class=\"line\(WoodTone.classes(ring.material))\" r=\"\(scaled(radius))\"/>")
        }
      }
      return "<g><title>\(title)</title>\(parts)</g>"
    }
    let hole: HTML =
      geometry.soundHole.map {
        "<circle class=\"hole\" r=\"\(scaled($0))\"><title>Sound hole</title></circle>"
      } ?? ""
    return """
      <svg class="drawing" viewBox="-1000 -1000 2000 2000" role="img" \
      aria-label="\(PlainText.counted(geometry.rings.count, "concentric ring"))">\
      <path class="axis" d="M-24 0H24M0 -24V24"/>\(hole)\(rings)</svg>

      """
  }

  private static func table(of geometry: RingGeometry) -> HTML {
    let unit = geometry.isMillimetres ? ", mm" : ""
    func shown(_ number: Double) -> String {
      PlainText.grouped(digits: PageText.coordinate(number))
    }
    func cell(_ number: Double?) -> HTML {
      number.map { "<td class=\"n\">\(shown($0))</td>" }
        ?? "<td class=\"n dim\">–</td>"
    }
    let hasSegments = geometry.rings.contains { $0.segments != nil }
    let hasMaterials = geometry.rings.contains { $0.material != nil }
    func material(_ ring: RingGeometry.Ring) -> HTML {
      ring.material.map { "<td>\(PageText.short($0, limit: 40))</td>" }
        ?? "<td class=\"dim\">–</td>"
    }
    let rows = geometry.rings.map { ring -> HTML in
      let radius: HTML
      var width = ring.width
      if ring.radius == nil, let inner = ring.inner, let outer = ring.outer {
        radius = """
          <td class="n">\(shown(inner))–\(shown(outer))</td>
          """
        width = width ?? (outer - inner)
      } else {
        radius = cell(ring.radius ?? ring.outer ?? ring.inner)
      }
      return """
        <tr><th scope="row">\(ring.number)</th>\(radius)\(cell(width))\
        \(hasSegments ? cell(ring.segments.map(Double.init)) : "")\
        \(hasMaterials ? material(ring) : "")</tr>

        """
    }
    let segments: HTML = hasSegments ? "<th scope=\"col\" class=\"n\">Segments</th>" : ""
    let materials: HTML = hasMaterials ? "<th scope=\"col\">Material</th>" : ""
    let noUnit: HTML =
      geometry.isMillimetres ? "" : "<caption>The geometry gives no unit.</caption>\n"
    return """
      <div class="scroll" role="region" tabindex="0" aria-label="Rings as a table">
      <table>\(noUnit)<thead><tr><th scope="col">Ring</th>\
      <th scope="col" class="n">Radius\(unit)</th><th scope="col" class="n">Width\(unit)</th>\
      \(segments)\(materials)</tr></thead>
      <tbody>
      \(rows)</tbody></table></div>

      """
  }
}

/// A block of chips in rows and columns, as catalogs show it: the motif that is repeated around the
/// rosette.
struct BlockGeometry {
  private let rows: Int
  private let columns: Int
  private let width: Double?
  private let height: Double?
  private let totals: [(String, Int64)]

  /// Reads a geometry; `nil` if it has no rows and columns that can be drawn.
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

  /// The height as a multiple of the width; `nil` if the geometry gives no plausible one.
  private var givenProportion: Double? {
    guard let width, let height, 0.02...50 ~= height / width else { return nil }
    return height / width
  }

  /// The lines between columns and between rows, as the data of an SVG path; none in a direction
  /// with more than `mostLines`.
  private func lines(_ width: Double, _ height: Double, mostLines: Int) -> String {
    func place(_ index: Int, of count: Int, _ length: Double) -> String {
      PageText.coordinate(Double(index) / Double(count) * length)
    }
    let (wide, high) = (PageText.coordinate(width), PageText.coordinate(height))
    let down = (1..<max(columns, 2)).filter { $0 < columns && columns <= mostLines }
      .map { "M\(place($0, of: columns, width)) 0V\(high)" }
    let across = (1..<max(rows, 2)).filter { $0 < rows && rows <= mostLines }
      .map { "M0 \(place($0, of: rows, height))H\(wide)" }
    return (down + across).joined()
  }

  /// A small drawing, in a square of 200 by 200 around the origin.
  var thumbnail: HTML {
    let proportion = min(max(givenProportion ?? Double(rows) / Double(columns), 0.15), 6)
    let (width, height) = proportion > 1 ? (186 / proportion, 186) : (186, 186 * proportion)
    func shown(_ number: Double) -> String { PageText.coordinate(number) }
    return """
      <g transform="translate(\(shown(-width / 2)) \(shown(-height / 2)))"><rect class="block" \
      width="\(shown(width))" height="\(shown(height))"/>\
      <path class="block" d="\(lines(width, height, mostLines: 16))"/></g>
      """
  }

  var figure: HTML {
    let size: HTML
    var proportion = Double(rows) / Double(columns)
    if let width, let height, let given = givenProportion {
      proportion = given
      size = "\(PageText.coordinate(width)) × \(PageText.coordinate(height)) mm"
    } else {
      size = "not to scale, as the geometry gives no plausible dimensions"
    }
    let drawnHeight = proportion * 1000
    let label = "\(PlainText.counted(rows, "row")) by \(PlainText.counted(columns, "column"))"
    let counts = totals.map { "\(PlainText.grouped(Int($0.1))) \($0.0.prefix(40))" }
    let woods: HTML =
      counts.isEmpty
      ? ""
      : "<li>\(counts.joined(separator: ", ")); the geometry does not say where each chip goes.</li>\n"
    return """
      <figure class="block">
      <svg class="drawing" viewBox="-8 -8 1016 \(PageText.coordinate(drawnHeight + 16))" \
      role="img" aria-label="\(label)"><rect class="outline" width="1000" \
      height="\(PageText.coordinate(drawnHeight))"/>\
      <path class="cells" d="\(lines(1000, drawnHeight, mostLines: .max))"/></svg>
      <figcaption><span>\(label)</span> <span>\(size)</span></figcaption>
      </figure>
      <ul class="dim note">
      \(woods)<li>The geometry has no radii, so the rings are not drawn.</li>
      </ul>

      """
  }
}

/// The colors in which rings of known materials are drawn.
///
/// The tones differ in lightness, from ebony to holly, so that they can be told apart without
/// seeing color; the legend and the titles name the materials.
enum WoodTone: String, CaseIterable {
  case ebony, walnut, rosewood, mahogany, padauk, cherry, cedar, boxwood, maple, holly

  /// The color, from dark to light.
  private var color: String {
    switch self {
    case .ebony: "#1f1b19"
    case .walnut: "#4a3527"
    case .rosewood: "#6b352c"
    case .mahogany: "#8d4a31"
    case .padauk: "#b65a2a"
    case .cherry: "#bd7b4f"
    case .cedar: "#c8945c"
    case .boxwood: "#d9b566"
    case .maple: "#e6cf9f"
    case .holly: "#f5eedd"
    }
  }

  /// Words in the names of materials that have the tone.
  private var words: [String] {
    switch self {
    case .ebony: ["ebony", "black", "blackwood", "wenge"]
    case .walnut: ["walnut", "ziricote"]
    case .rosewood: ["rosewood", "palisander", "cocobolo"]
    case .mahogany: ["mahogany", "sapele", "brown", "bubinga"]
    case .padauk: ["padauk", "paduk", "bloodwood", "red"]
    case .cherry: ["cherry", "pear", "pearwood", "koa"]
    case .cedar: ["cedar", "redwood", "oak", "cypress"]
    case .boxwood: ["boxwood", "yellow", "satinwood", "osage"]
    case .maple: ["maple", "spruce", "ash", "natural", "birch", "sycamore"]
    case .holly: ["holly", "white", "bone", "pearl", "poplar"]
    }
  }

  /// The tone of a material; `nil` if its name has no known word.
  init?(_ material: String) {
    let words = material.lowercased().split { !$0.isLetter }
    // The last word is the wood: black walnut is a walnut.
    let tones = words.reversed().lazy.compactMap { word in
      Self.allCases.first { tone in tone.words.contains { $0 == word } }
    }
    guard let tone = tones.first else { return nil }
    self = tone
  }

  /// The class of a ring of a material, to be appended to others; empty if it is not given.
  static func classes(_ material: String?) -> HTML {
    guard let material else { return "" }
    return " wood-\(WoodTone(material)?.rawValue ?? "other")"
  }

  /// The materials with their colors; empty if there are none.
  static func legend(_ materials: [String]) -> HTML {
    var known: Set<UTF8Key> = []
    let shown = materials.filter { known.insert(UTF8Key($0)).inserted }
    guard !shown.isEmpty else { return "" }
    let items = shown.prefix(20).map { material -> HTML in
      let tone = WoodTone(material)
      let note: HTML = tone == nil ? " <span class=\"dim\">(no color of its own)</span>" : ""
      return """
        <li><svg viewBox="-10 -10 20 20" class="drawing" aria-hidden="true">\
        <circle class="band\(classes(material))" r="6" stroke-width="7"/></svg>\
        \(PageText.short(material, limit: 40))\(note)</li>

        """
    }
    return "<ul class=\"woods\" aria-label=\"Materials\">\n\(items)</ul>\n"
  }

  /// The style of the rings.
  static var style: String {
    let tones = allCases.map { ($0.rawValue, $0.color) } + [("other", "#8b8a86")]
    return tones.map { ":is(.band,.line).wood-\($0.0){stroke:\($0.1)!important}" }
      .joined(separator: "\n")
  }
}
