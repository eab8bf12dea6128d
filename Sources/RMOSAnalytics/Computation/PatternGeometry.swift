import RMOSModels

/// The parts of a pattern's geometry that figures need.
struct PatternGeometry {
  /// A ring; a measure is `nil` if the geometry does not give it.
  struct Ring {
    var radius: Double?
    var width: Double?
    /// `segments`, else `tile_count`.
    var segments: Double?
    var tileLength: Double?

    /// The number of cells: the segments, else as many tiles as fit on the circumference.
    var cells: Double? {
      if let segments { return segments }
      guard let radius, let tileLength, tileLength > 0 else { return nil }
      let tiles = (2 * Double.pi * radius / tileLength).rounded()
      return tiles.isFinite ? tiles : nil
    }

    var pitch: Double? {
      guard let radius, let segments, segments > 0 else { return nil }
      let pitch = 2 * Double.pi * radius / segments
      return pitch.isFinite ? pitch : nil
    }
  }

  /// The rings: `rings`, else `ring_bands`, of `geometry`, else of `rosette_geometry`.
  private(set) var rings: [Ring] = []
  /// The number of cells of a block: `rows` times `columns`, else `dimensions.row_count` times
  /// `dimensions.column_count`.
  private var block: Double?
  /// The rings of `ring_bands`; a property only so that its memory is reused.
  private var bands: [Ring] = []

  /// The number of cells; `nil` if the geometry does not give it.
  var cells: Double? {
    var (sum, isKnown) = (0.0, false)
    for ring in rings {
      guard let cells = ring.cells else { continue }
      sum += cells
      isKnown = true
    }
    return isKnown ? (sum.isFinite ? sum : nil) : block
  }

  /// Reads the geometry of the next pattern, into the memory of the last one.
  mutating func read(
    _ geometry: Value, _ rosetteGeometry: Value, _ json: JSONMemberReader
  ) {
    rings.removeAll(keepingCapacity: true)
    block = nil
    read(geometry, json)
    if rings.isEmpty || block == nil && cells == nil, rosetteGeometry != .null {
      let (firstRings, firstBlock) = (rings, block)
      rings.removeAll(keepingCapacity: true)
      read(rosetteGeometry, json)
      if !firstRings.isEmpty { rings = firstRings }
      block = firstBlock ?? block
    }
  }

  private mutating func read(_ value: Value, _ json: JSONMemberReader) {
    bands.removeAll(keepingCapacity: true)
    var members = Members()
    let isRead = json.read(value) { (cursor) throws(JSONScanError) in
      try cursor.forEachMember { (member, value) throws(JSONScanError) in
        switch member {
        case "rings" where !members.hasRings:
          members.hasRings = true
          try Self.readRings(&rings, &value)
        case "ring_bands" where !members.hasBands:
          members.hasBands = true
          try Self.readRings(&bands, &value)
        case "rows" where members.rows == nil: members.rows = .some(try value.measure())
        case "columns" where members.columns == nil:
          members.columns = .some(try value.measure())
        case "dimensions" where !members.hasDimensions:
          members.hasDimensions = true
          try members.readDimensions(&value)
        default: try value.skip()
        }
      }
    }
    guard isRead else {
      rings.removeAll(keepingCapacity: true)
      return
    }
    if rings.isEmpty { swap(&rings, &bands) }
    block = members.block
  }

  private static func readRings(
    _ rings: inout [Ring], _ value: inout JSONCursor
  ) throws(JSONScanError) {
    _ = try value.forEachElement { (element) throws(JSONScanError) in
      var ring = Ring()
      var (radius, width): (Double??, Double??) = (nil, nil)
      var (segments, tiles, tileLength): (Double??, Double??, Double??) = (nil, nil, nil)
      try element.forEachMember { (member, value) throws(JSONScanError) in
        switch member {
        case "radius_mm" where radius == nil: radius = .some(try value.measure())
        case "width_mm" where width == nil: width = .some(try value.measure())
        case "segments" where segments == nil: segments = .some(try value.numberOrCount())
        case "tile_count" where tiles == nil: tiles = .some(try value.numberOrCount())
        case "tile_length_mm" where tileLength == nil: tileLength = .some(try value.measure())
        default: try value.skip()
        }
      }
      ring.radius = radius ?? nil
      ring.width = width ?? nil
      ring.segments = (segments ?? nil) ?? (tiles ?? nil)
      ring.tileLength = tileLength ?? nil
      rings.append(ring)
    }
  }

  private struct Members {
    var (hasRings, hasBands, hasDimensions) = (false, false, false)
    // The outer optional is `nil` until the member is read, the inner one if it is not a number.
    var (rows, columns): (Double??, Double??) = (nil, nil)
    private var (rowCount, columnCount): (Double??, Double??) = (nil, nil)

    mutating func readDimensions(_ value: inout JSONCursor) throws(JSONScanError) {
      try value.forEachMember { (member, value) throws(JSONScanError) in
        switch member {
        case "row_count" where rowCount == nil: rowCount = .some(try value.measure())
        case "column_count" where columnCount == nil:
          columnCount = .some(try value.measure())
        default: try value.skip()
        }
      }
    }

    var block: Double? {
      Self.product(rows ?? nil, columns ?? nil)
        ?? Self.product(rowCount ?? nil, columnCount ?? nil)
    }

    private static func product(_ rows: Double?, _ columns: Double?) -> Double? {
      guard let rows, let columns else { return nil }
      return (rows * columns).isFinite ? rows * columns : nil
    }
  }
}
