import RMOSHTML
import RMOSModels

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
