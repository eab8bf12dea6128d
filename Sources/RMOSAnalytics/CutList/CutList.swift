public import RMOSModels
public import RMOSStore

/// What to cut for a number of rosettes of one pattern, and whether the stock is sufficient.
///
/// ```swift
/// let list = try CutList(ofPattern: "torres_wave_5x11", in: store, options: .init(count: 12))
/// for need in list?.stock ?? [] where (need.shortMM ?? 0) > 0 {
///   print(need.stripFamilyID, need.shortMM ?? 0)
/// }
/// ```
///
/// A ring has `segments` tiles, else `tile_count`, else as many of `tile_length_mm` as fit on its
/// circumference, 2π·`radius_mm`; a block of rows and columns has the chips that `totals` counts of
/// each color. Values that the geometry does not give are `nil`, and ``notes`` mentions them.
/// Counts that are not whole numbers above 0, and lengths of 0, are treated as not given.
public struct CutList: Sendable, Hashable {
  /// How much to cut, and how.
  public struct Options: Sendable, Hashable {
    /// The number of rosettes, at least 1.
    public var count: Int
    /// The scrap in percent of the tiles needed, at least 0.
    public var scrapPercent: Double
    /// The length of the sticks to cut from, in millimeters, above 0; `nil` if it is not known.
    public var stickMM: Double?
    /// The width of a saw cut, in millimeters, at least 0.
    public var kerfMM: Double

    /// Creates options.
    ///
    /// - Parameters:
    ///   - count: The number of rosettes, at least 1.
    ///   - scrapPercent: The scrap in percent of the tiles needed, at least 0.
    ///   - stickMM: The length of the sticks to cut from, in millimeters, above 0; `nil` if it is
    ///     not known.
    ///   - kerfMM: The width of a saw cut, in millimeters, at least 0.
    public init(
      count: Int, scrapPercent: Double = 0, stickMM: Double? = nil, kerfMM: Double = 0
    ) {
      self.count = count
      self.scrapPercent = scrapPercent
      self.stickMM = stickMM
      self.kerfMM = kerfMM
    }
  }

  /// The pieces of one ring or one color.
  public struct Piece: Sendable, Hashable {
    /// The number of the ring, from 1 in the order of the geometry; `nil` for a color.
    public var ring: Int?
    /// The color of a block's chips; `nil` for a ring.
    public var color: String?
    /// The strip family that it is cut from: the ring's own, else the pattern's.
    public var stripFamilyID: String?
    /// The number of tiles, or chips, of one rosette.
    public var tilesEach: Double?
    /// The number of tiles of all rosettes, including scrap, rounded up.
    public var tiles: Double?
    /// The length of a tile, in millimeters: `tile_length_mm`, else 2π·radius/segments, or a
    /// block's `chip_length_mm`.
    public var tileLengthMM: Double?
    /// The length of all tiles with a cut after each, in millimeters: tiles · (length + kerf).
    public var lengthMM: Double?
    /// The number of sticks to cut whole tiles from; `nil` if the length of the sticks is not
    /// known, or less than that of a tile.
    public var sticks: Double?
  }

  /// The stock of a strip family, and the length needed of it.
  public struct Stock: Sendable, Hashable {
    /// The strip family's id.
    public var stripFamilyID: String
    /// Its name; `nil` if it does not exist.
    public var name: String?
    /// Its material; `nil` if it does not exist.
    public var material: String?
    /// The length to cut from it, in millimeters; `nil` if the length of a piece is not known.
    public var neededMM: Double?
    /// The length of its strips, in millimeters; `nil` if no strip has a length.
    public var stockMM: Double?
    /// The number of its strips without a length.
    public var stripsWithoutLength: Int
    /// The length that is missing, in millimeters, 0 if the stock is sufficient; `nil` if
    /// ``neededMM`` or ``stockMM`` is.
    ///
    /// If the length of a piece is not known, ``CutList/notes`` gives the minimum.
    public var shortMM: Double?
  }

  /// The pattern's id.
  public var patternID: String
  /// The pattern's name.
  public var name: String
  /// How much to cut, and how.
  public var options: Options
  /// The pieces to cut, ring by ring or color by color.
  public var pieces: [Piece]
  /// The strip families to cut from, in byte order of the id.
  public var stock: [Stock]
  /// Sentences about missing values, and about a stock that is short.
  public var notes: [String]

  /// Creates the cut list of a pattern in a store; `nil` if there is no such pattern.
  ///
  /// Blocks while it reads the pattern and its strip families, which are looked up by their ids.
  ///
  /// - Parameters:
  ///   - id: The pattern's id.
  ///   - store: The store.
  ///   - options: How much to cut, and how.
  /// - Throws: ``AnalyticsError`` with ``AnalyticsError/Code/invalidOption``; `StoreError` if the
  ///   store cannot be read.
  public init?(
    ofPattern id: String, in store: any RecordStore, options: Options
  ) throws {
    try options.check()
    let list = try StoreError.retryingIfChanged {
      try store.read { reader in
        try reader.record(.patterns, id: id).map { pattern in
          try CutList(of: pattern, options: options) {
            try reader.record(.stripFamilies, id: $0)
          }
        }
      }
    }
    guard let list else { return nil }
    self = list
  }

  /// Creates the cut list of a pattern.
  ///
  /// - Parameters:
  ///   - pattern: The pattern.
  ///   - options: How much to cut, and how.
  ///   - stripFamilies: All strip families.
  /// - Throws: ``AnalyticsError`` with ``AnalyticsError/Code/invalidOption``.
  public init(
    of pattern: Pattern, options: Options, stripFamilies: [StripFamily]
  ) throws(AnalyticsError) {
    try options.check()
    self.init(of: pattern.record, options: options) { id in
      stripFamilies.first { $0.id.hasSameUTF8(as: id) }?.record
    }
  }

  /// Creates the cut list of a pattern, with options that have been checked.
  package init(
    of pattern: Record, options: Options, stripFamily: (String) throws -> Record?
  ) rethrows {
    patternID = pattern.id
    name = pattern["name"]?.text ?? ""
    self.options = options
    let geometry = CutGeometry(of: pattern)
    notes = geometry.notes
    // No entity has an empty id.
    let family = pattern["strip_family_id"]?.text.flatMap { $0.isEmpty ? nil : $0 }
    pieces = geometry.pieces.map { piece in
      var piece = piece
      if piece.ring != nil { piece.stripFamilyID = piece.stripFamilyID ?? family }
      piece.count(options)
      return piece
    }
    var needs: [UTF8Key: [Double?]] = [:]
    for piece in pieces {
      guard let id = piece.stripFamilyID else { continue }
      needs[UTF8Key(id), default: []].append(piece.lengthMM)
    }
    stock = try needs.sorted { $0.key < $1.key }.map { key, lengths in
      Stock(key.text, needs: lengths, try stripFamily(key.text))
    }
    addNotes(needs)
  }

  private mutating func addNotes(_ needs: [UTF8Key: [Double?]]) {
    func rings(_ isMeant: (Piece) -> Bool) -> String? {
      Enumeration.rings(pieces.filter(isMeant).compactMap(\.ring))
    }
    if let rings = rings({ $0.tilesEach == nil }) {
      notes.append("The geometry does not say how many tiles there are in \(rings).")
    }
    if let rings = rings({ $0.tilesEach == 0 }) {
      notes.append("Not one tile of the given length fits around \(rings).")
    }
    if let rings = rings({ $0.tileLengthMM == nil }) {
      notes.append("The geometry does not say how long the tiles of \(rings) are.")
    }
    if let rings = rings({ $0.stripFamilyID == nil }) {
      notes.append("Neither the geometry nor the pattern names a strip family for \(rings).")
    }
    let colors = pieces.filter { $0.color != nil }
    if !colors.isEmpty {
      notes.append("The geometry does not say which strip family each color is cut from.")
      let uncounted = colors.filter { $0.tilesEach == nil }.compactMap(\.color)
      if !uncounted.isEmpty {
        notes.append(
          "The geometry does not say how many chips there are of "
            + Enumeration.first(uncounted) + ".")
      }
      if colors.contains(where: { $0.tileLengthMM == nil }) {
        notes.append("The geometry does not say how long the chips are.")
      }
    }
    let unknown = stock.filter { $0.name == nil }.map(\.stripFamilyID)
    if !unknown.isEmpty {
      let (noun, verb) = unknown.count == 1 ? ("family", "does") : ("families", "do")
      notes.append("The strip \(noun) \(Enumeration.first(unknown)) \(verb) not exist.")
    }
    let incomplete = stock.filter { $0.stripsWithoutLength > 0 }
    for need in incomplete.prefix(Enumeration.limit) {
      notes.append(
        "\(PlainText.grouped(need.stripsWithoutLength)) of the strips of \(need.stripFamilyID) "
          + (need.stripsWithoutLength == 1
            ? "has no length, and does not count as stock."
            : "have no length, and do not count as stock."))
    }
    if incomplete.count > Enumeration.limit {
      let rest = PlainText.grouped(incomplete.count - Enumeration.limit)
      notes.append("Strips of \(rest) more strip families have no length either.")
    }
    let uncertain = stock.filter { $0.neededMM == nil }
    for need in uncertain.prefix(Enumeration.limit) {
      let least = (needs[UTF8Key(need.stripFamilyID)] ?? []).reduce(0) { $0 + ($1 ?? 0) }
      guard least > 0, least.isFinite else { continue }
      func shown(_ length: Double) -> String { "\(FigureText.number(length, 0)) mm" }
      let short = need.stockMM.map { Stock.short(least, $0) } ?? 0
      notes.append(
        "At least \(shown(least)) of \(need.stripFamilyID) are needed"
          + (short > 0 ? ", \(shown(short)) more than there is." : "."))
    }
    if uncertain.count > Enumeration.limit {
      let rest = PlainText.grouped(uncertain.count - Enumeration.limit)
      notes.append("The length needed of \(rest) more strip families is not known either.")
    }
    if let stick = options.stickMM {
      let longest = pieces.compactMap(\.tileLengthMM).max() ?? 0
      if longest > stick { notes.append("A stick is shorter than a tile.") }
    }
  }
}

/// Lists in sentences, cut after a number of elements.
private enum Enumeration {
  static let limit = 20

  /// Returns the first elements, and how many more there are.
  static func first(_ elements: [String]) -> String {
    let shown = elements.prefix(limit).joined(separator: ", ")
    return elements.count > limit
      ? "\(shown) and \(PlainText.grouped(elements.count - limit)) more" : shown
  }

  /// Returns "ring 3", or "rings 1, 2, 4–9" for ascending numbers; `nil` if there are none.
  static func rings(_ numbers: [Int]) -> String? {
    guard numbers.count > 1 else { return numbers.first.map { "ring \($0)" } }
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    var shown = ranges.prefix(limit).flatMap { range in
      range.count < 3
        ? range.map { String($0) } : ["\(range.lowerBound)–\(range.upperBound)"]
    }.joined(separator: ", ")
    let rest = ranges.dropFirst(limit).reduce(0) { $0 + $1.count }
    if rest > 0 { shown += " and \(PlainText.grouped(rest)) more" }
    return "rings " + shown
  }
}

extension CutList.Piece {
  /// Creates a piece with the counts of one rosette.
  fileprivate init(
    ring: Int? = nil, color: String? = nil, family: String? = nil, tiles: Double?,
    tileLength: Double?
  ) {
    self.ring = ring
    self.color = color
    stripFamilyID = family
    tilesEach = tiles.flatMap { $0.isFinite ? $0 : nil }
    tileLengthMM = tileLength.flatMap { $0.isFinite ? $0 : nil }
  }

  /// Computes the totals for all rosettes.
  fileprivate mutating func count(_ options: CutList.Options) {
    func finite(_ number: Double) -> Double? { number.isFinite ? number : nil }
    guard let tilesEach else { return }
    let exact = tilesEach * Double(options.count) * (100 + options.scrapPercent) / 100
    // An excess over a whole number that is only a rounding error must not add a tile.
    tiles = finite((exact * (1 - 1e-12)).rounded(.up))
    guard let tiles, let tileLengthMM else { return }
    lengthMM = finite(tiles * (tileLengthMM + options.kerfMM))
    guard let stick = options.stickMM, tileLengthMM > 0 else { return }
    // There is no cut after the last tile of a stick.
    let perStick =
      ((stick + options.kerfMM) / (tileLengthMM + options.kerfMM) * (1 + 1e-12)).rounded(.down)
    sticks = perStick >= 1 ? finite((tiles / perStick).rounded(.up)) : nil
  }
}

extension CutList.Stock {
  fileprivate init(_ id: String, needs: [Double?], _ family: Record?) {
    stripFamilyID = id
    let known = needs.compactMap { $0 }
    neededMM = known.count == needs.count ? known.reduce(0, +) : nil
    stripsWithoutLength = 0
    guard let family else { return }
    name = family["name"]?.text
    material = family["material_type"]?.text
    let sums = StripSums(reading: family["strips"] ?? .null, JSONMemberReader())
    stripsWithoutLength = sums.withoutLength
    stockMM = sums.count > sums.withoutLength ? sums.length : nil
    if let neededMM, let stockMM { shortMM = Self.short(neededMM, stockMM) }
  }

  /// Returns the length that is missing; a rounding error does not count.
  fileprivate static func short(_ needed: Double, _ stock: Double) -> Double {
    needed * (1 - 1e-12) > stock ? needed - stock : 0
  }
}

/// The pieces that a pattern's geometry gives.
private struct CutGeometry {
  var pieces: [CutList.Piece] = []
  var notes: [String] = []

  init(of pattern: Record) {
    let values = ["geometry", "rosette_geometry"].compactMap { name in
      pattern[name]?.text.flatMap { (try? JSONText(verbatim: $0))?.value }
    }
    for value in values {
      readRings(value["rings"])
      if pieces.isEmpty { readRings(value["ring_bands"]) }
      if !pieces.isEmpty { return }
    }
    for value in values {
      pieces = Self.colors(value)
      if !pieces.isEmpty {
        noteRest(of: value)
        return
      }
    }
    notes = ["The geometry has neither rings nor totals of colors, so there is nothing to cut."]
  }

  private mutating func readRings(_ value: JSONValue?) {
    guard case .array(let rings) = value else { return }
    var odd: [Int] = []
    pieces = rings.enumerated().map { index, ring in
      let counts = [ring["segments"], ring["tile_count"]].compactMap { $0 }
      var measures = PatternGeometry.Ring()
      measures.radius = ring["radius_mm"]?.measure
      measures.segments = counts.lazy.compactMap { Self.count($0) }.first
      measures.tileLength = ring["tile_length_mm"]?.length
      let family = ring["strip_family_id"]?.string.flatMap { $0.isEmpty ? nil : $0 }
      let piece = CutList.Piece(
        ring: index + 1, family: family, tiles: measures.cells,
        tileLength: measures.tileLength ?? measures.pitch.flatMap { $0 > 0 ? $0 : nil })
      if measures.segments == nil, piece.tilesEach != nil,
        counts.contains(where: { Self.number($0) != nil })
      {
        odd.append(index + 1)
      }
      return piece
    }
    guard let rings = Enumeration.rings(odd) else { return }
    notes.append(
      "The geometry gives no whole number of tiles above 0 for \(rings); as many are cut as fit "
        + "around.")
  }

  /// Returns a number of pieces, or the length of a list of them.
  private static func number(_ value: JSONValue) -> Double? {
    if case .array(let elements) = value { return Double(elements.count) }
    return value.measure
  }

  /// Returns the number of pieces of a ring; `nil` if it is not a whole number above 0.
  private static func count(_ value: JSONValue) -> Double? {
    number(value).flatMap { $0 > 0 && $0 == $0.rounded() ? $0 : nil }
  }

  private static func colors(_ value: JSONValue) -> [CutList.Piece] {
    guard case .object(let totals) = value["totals"] else { return [] }
    let size = value["dimensions"]
    let length = size?["chip_length_mm"]?.length ?? value["chip_length_mm"]?.length
    return totals.filter { $0.value != .null }.map { total in
      // Of a color, 0 chips are a valid count.
      let tiles = total.value.double == 0 ? 0 : count(total.value)
      return CutList.Piece(color: total.name, tiles: tiles, tileLength: length)
    }
  }

  /// Notes that the totals do not add up to the cells of the block.
  private mutating func noteRest(of value: JSONValue) {
    guard let rows = value["rows"]?.measure, let columns = value["columns"]?.measure else { return }
    let total = pieces.reduce(0) { $0 + ($1.tilesEach ?? 0) }
    guard total != rows * columns else { return }
    func counted(_ number: Double, _ noun: String) -> String {
      "\(PlainText.grouped(number, decimals: 0)) \(noun)\(number == 1 ? "" : "s")"
    }
    notes.append(
      "The totals count \(counted(total, "chip")); the block of \(counted(rows, "row")) and "
        + "\(counted(columns, "column")) has \(PlainText.grouped(rows * columns, decimals: 0)).")
  }
}

extension JSONValue {
  /// The value if it is a number, finite and not negative.
  fileprivate var measure: Double? {
    guard let number = double, number.isFinite, number >= 0 else { return nil }
    return number
  }

  /// The value if it is a number, finite and above 0.
  fileprivate var length: Double? { measure.flatMap { $0 > 0 ? $0 : nil } }
}
