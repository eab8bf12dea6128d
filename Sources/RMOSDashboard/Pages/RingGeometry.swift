import RMOSModels

/// The rings that a geometry specifies.
struct RingGeometry {
  /// A ring.
  struct Ring: Hashable {
    /// The number of the ring in the geometry, from 1.
    var number: Int
    /// The radius, if given.
    var radius: Double?
    /// The inner edge, if given.
    var inner: Double?
    /// The outer edge, if given.
    var outer: Double?
    /// The width, if given.
    var width: Double?
    /// The number of segments, if it is given and can be drawn.
    var segments: Int?
    /// The material, if given.
    var material: String?

    /// The area that the ring's width covers; `nil` if it has none.
    ///
    /// A width extends outward from an inner edge, inward from an outer one, and is centered on a
    /// radius.
    var band: (middle: Double, width: Double)? {
      if let inner, let outer { return ((inner + outer) / 2, outer - inner) }
      guard let width else { return nil }
      if let radius { return (radius, width) }
      if let inner { return (inner + width / 2, width) }
      return outer.map { ($0 - min(width, $0) / 2, min(width, $0)) }
    }

    /// The radii of its lines: those given, and the edge that follows from the other edge and the
    /// width.
    var edges: [Double] {
      var edges = [inner, radius, outer].compactMap { $0 }
      if edges.count == 1, radius == nil, let band {
        let other = inner == nil ? band.middle - band.width / 2 : band.middle + band.width / 2
        if other > 0 { edges.append(other) }
      }
      return edges
    }

    /// The outermost radius.
    var reach: Double {
      max(edges.max() ?? 0, band.map { $0.middle + $0.width / 2 } ?? 0)
    }
  }

  /// The rings that can be drawn.
  private(set) var rings: [Ring] = []
  /// Whether lengths are in millimeters; otherwise the geometry gives no unit.
  private(set) var isMillimetres = true
  /// The radius of the sound hole, if given.
  private(set) var soundHole: Double?
  /// The rings that are not drawn, one sentence each.
  private(set) var omissions: [String] = []
  /// The number of rings in the geometry, drawn or not.
  private(set) var count = 0

  /// The maximum number of rings drawn.
  static let mostRings = 100
  private static let mostSegments = 720

  private static let inner = ["inner_radius", "r_inner"]
  private static let outer = ["outer_radius", "r_outer"]
  private static let radius = ["radius", "r"]
  private static let width = ["width", "ring_width"]
  private static let segments = ["segments", "segment_count", "tile_count"]
  private static let materials = [
    "material", "material_type", "wood", "species", "color", "colour",
  ]
  private static let diameters = ["inner_diameter", "outer_diameter", "diameter"]

  /// Reads a geometry; `nil` if it has no list of rings.
  init?(_ geometry: JSONValue) {
    let lists = ["rings", "ring_bands"].compactMap { member -> [JSONValue]? in
      guard case .array(let elements)? = geometry[member], !elements.isEmpty else { return nil }
      return elements
    }
    guard let elements = lists.first else { return nil }
    count = elements.count
    // Lengths with and without a unit cannot be compared.
    let units = Set(elements.prefix(Self.mostRings).compactMap(Self.unit))
    isMillimetres = units != [false]
    var others: Set<String> = []
    for (index, element) in elements.prefix(Self.mostRings).enumerated() {
      read(element, number: index + 1, mixesUnits: units.count > 1, &others)
    }
    if elements.count > Self.mostRings {
      omissions.append("Only the first \(Self.mostRings) rings are drawn.")
    }
    if let hole = Self.number(geometry, ["soundhole_radius_mm"])
      ?? Self.number(geometry, ["soundhole_diameter_mm"]).map({ $0 / 2 }), isMillimetres
    {
      soundHole = hole
    }
    if !others.isEmpty {
      let names = others.sorted().prefix(8).map { String($0.prefix(40)) }
      omissions.append("Not in the drawing: \(names.joined(separator: ", ")).")
    }
  }

  private mutating func read(
    _ element: JSONValue, number: Int, mixesUnits: Bool, _ others: inout Set<String>
  ) {
    guard case .object(let members) = element else {
      omissions.append("Ring \(number) is not drawn: it is not an object.")
      return
    }
    if mixesUnits, Self.unit(element) == false {
      omissions.append("Ring \(number) is not drawn: it has no unit, but other rings are in mm.")
      return
    }
    var ring = Ring(number: number)
    ring.radius = length(element, Self.radius, half: "diameter")
    ring.inner = length(element, Self.inner, half: "inner_diameter")
    ring.outer = length(element, Self.outer, half: "outer_diameter")
    ring.width = length(element, Self.width, half: nil)
    if let segments = Self.segments.lazy.compactMap({ element[$0]?.int64 }).first,
      1...Int64(Self.mostSegments) ~= segments
    {
      ring.segments = Int(segments)
    }
    ring.material = Self.materials.lazy.compactMap { element[$0]?.string }.first
    if let inner = ring.inner, let outer = ring.outer, inner >= outer {
      omissions.append("Ring \(number) is not drawn: its inner edge is not inside its outer edge.")
      return
    }
    guard ring.radius != nil || ring.outer != nil || ring.inner != nil else {
      omissions.append("Ring \(number) is not drawn: it has no radius above 0 and below 1,000,000.")
      return
    }
    rings.append(ring)
    let drawn = Set(Self.inner + Self.outer + Self.radius + Self.width + Self.diameters)
    for member in members.prefix(50) {
      let name = member.name.hasSuffix("_mm") ? String(member.name.dropLast(3)) : member.name
      if !drawn.contains(name), !Self.segments.contains(name), !Self.isLabel(name),
        !Self.materials.contains(name) || member.value.string == nil
      {
        others.insert(member.name)
      }
    }
  }

  private func length(_ ring: JSONValue, _ names: [String], half: String?) -> Double? {
    func spelled(_ name: String) -> [String] { isMillimetres ? ["\(name)_mm"] : [name] }
    return Self.number(ring, names.flatMap(spelled))
      ?? half.flatMap { Self.number(ring, spelled($0)) }.map { $0 / 2 }
  }

  /// The first of the members that is a length that can be drawn.
  private static func number(_ value: JSONValue, _ names: [String]) -> Double? {
    for name in names {
      if let number = value[name]?.double, number > 0, number < 1e6 { return number }
    }
    return nil
  }

  /// Whether a ring's radius is given in millimeters; `nil` if it has none.
  private static func unit(_ ring: JSONValue) -> Bool? {
    let names = inner + outer + radius + diameters
    if names.contains(where: { ring["\($0)_mm"] != nil }) { return true }
    return names.contains { ring[$0] != nil } ? false : nil
  }

  /// Whether a member only labels the ring.
  private static func isLabel(_ name: String) -> Bool {
    ["id", "ring_id", "ring_index", "index", "name", "label"].contains(name)
  }
}
