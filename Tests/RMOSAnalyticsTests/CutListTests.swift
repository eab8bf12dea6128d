import RMOSAnalytics
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite struct CutListTests {
  private func pattern(
    _ geometry: String, family: String? = "ebony", rosette: String? = nil
  ) throws -> Pattern {
    Pattern(
      id: "p", name: "Rope", ringCount: 1, geometry: try JSONText(parsing: geometry),
      stripFamilyID: family, createdAt: "2025-01-01",
      rosetteGeometry: try rosette.map { try JSONText(parsing: $0) })
  }

  private func family(_ id: String, _ strips: String) throws -> StripFamily {
    StripFamily(
      id: id, name: "N", stripWidthMM: 2, stripThicknessMM: 1, materialType: "Ebony",
      strips: try JSONText(parsing: strips), createdAt: "2025-01-01")
  }

  @Test(.timeLimit(.minutes(1))) func manyStripFamiliesTakeTimeInProportion() throws {
    let rings = (0..<60_000).map {
      #"{"segments":1,"tile_length_mm":1,"strip_family_id":"f\#($0)"}"#
    }
    let list = try CutList(
      of: try pattern(#"{"rings":[\#(rings.joined(separator: ","))]}"#), options: .init(count: 1),
      stripFamilies: [])
    #expect(list.stock.count == 60_000)
    #expect(list.stock.map(\.stripFamilyID).prefix(3) == ["f0", "f1", "f10"])
    #expect(list.notes.count == 1 && list.notes[0].hasSuffix(" and 59,980 more do not exist."))
    #expect(list.html.utf8.count < 2_000_000)
    let families = try (0..<25).map { try family("f\($0)", "[{}]") }
    let notes = try CutList(
      of: try pattern(
        #"{"rings":[\#(rings.prefix(25).joined(separator: ",")),{"segments":1}]}"#, family: nil),
      options: .init(count: 1), stripFamilies: families
    ).notes
    #expect(notes.contains("Strips of 5 more strip families have no length either."))
    #expect(notes.count == 23)
  }

  @Test func ringsTakeTilesWithScrapAndKerf() throws {
    let pattern = try pattern(
      #"""
      {"rings": [{"radius_mm": 40, "segments": 60, "tile_length_mm": 4},
        {"radius_mm": 50, "tile_count": [1, 2, 3], "strip_family_id": "maple"},
        {"radius_mm": 10, "tile_length_mm": 3}, {"width_mm": 2}]}
      """#)
    let list = try CutList(
      of: pattern,
      options: .init(count: 3, scrapPercent: 10, stickMM: 100, kerfMM: 0.5),
      stripFamilies: [
        try family("ebony", #"[{"length_mm": 400, "quantity": 2}, {"length_mm": 100}, {}]"#)
      ])
    #expect(list.pieces.map(\.tilesEach) == [60, 3, 21, nil])
    #expect(list.pieces.map(\.tiles) == [198, 10, 70, nil])
    #expect(list.pieces.map(\.lengthMM)[0] == 198 * 4.5)
    #expect(list.pieces[1].tileLengthMM == 2 * Double.pi * 50 / 3)
    // A stick of 100 mm yields 22 tiles of 4 mm with cuts of 0.5 mm, no tile of 105 mm, and 28
    // tiles of 3 mm.
    #expect(list.pieces.map(\.sticks) == [9, nil, 3, nil])
    #expect(list.pieces.map(\.stripFamilyID) == ["ebony", "maple", "ebony", "ebony"])
    #expect(list.stock.map(\.stripFamilyID) == ["ebony", "maple"])
    #expect(list.stock[0].neededMM == nil)
    #expect(list.stock[0].stockMM == 900)
    #expect(list.stock[0].stripsWithoutLength == 1)
    #expect(list.stock[0].shortMM == nil)
    #expect(list.stock[1].name == nil)
    let notes = list.notes.joined(separator: "\n")
    for words in ["ring 4", "maple", "1 of the strips of ebony", "shorter than a tile"] {
      #expect(notes.contains(words))
    }
  }

  @Test(arguments: [
    ([2], "ring 2"), ([1, 2], "rings 1, 2"), ([1, 2, 3, 5, 7, 8], "rings 1–3, 5, 7, 8"),
    (
      Array(stride(from: 1, to: 60, by: 2)),
      "rings 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39 and 10 more"
    ),
  ])
  func ringsInNotesAreGrouped(_ numbers: [Int], _ words: String) throws {
    let rings = (1...60).map {
      numbers.contains($0) ? #"{"tile_length_mm":1}"# : #"{"segments":2,"tile_length_mm":1}"#
    }
    let list = try CutList(
      of: try pattern(#"{"rings":[\#(rings.joined(separator: ","))]}"#),
      options: .init(count: 1), stripFamilies: [try family("ebony", "[]")])
    #expect(
      list.notes.first == "The geometry does not say how many tiles there are in \(words).")
  }

  @Test func aLengthThatIsShortIsComputed() throws {
    let list = try CutList(
      of: try pattern(#"{"ring_bands": [{"segments": 10, "tile_length_mm": 5}]}"#),
      options: .init(count: 2), stripFamilies: [try family("ebony", #"[{"length_mm": 60}]"#)])
    #expect(list.stock.map(\.neededMM) == [100])
    #expect(list.stock.map(\.shortMM) == [40])
    #expect(list.pieces.map(\.sticks) == [nil])
    #expect(list.notes == [])
  }

  /// Lengths of 0 and counts that are not whole numbers are treated as not given.
  @Test func impossibleLengthsAndCountsAreNotGiven() throws {
    let list = try CutList(
      of: try pattern(
        #"""
        {"rings": [{"radius_mm": 40, "segments": 50, "tile_length_mm": 0},
          {"radius_mm": 40, "segments": 0, "tile_length_mm": 2},
          {"radius_mm": 40, "segments": 2.5, "tile_length_mm": 2},
          {"radius_mm": 40, "segments": [], "tile_length_mm": 0}]}
        """#),
      options: .init(count: 1), stripFamilies: [])
    #expect(list.pieces.map(\.tilesEach) == [50, 126, 126, nil])
    let lengths = list.pieces.map { $0.tileLengthMM.map { ($0 * 100).rounded() } }
    #expect(lengths == [503, 200, 200, nil])
    #expect(list.notes.contains { $0.contains("how many tiles there are in ring 4") })
    #expect(list.notes.contains { $0.contains("how long the tiles of ring 4 are") })
    let block = try CutList(
      of: try pattern(#"{"totals": {"black": 2}, "chip_length_mm": 0}"#),
      options: .init(count: 1), stripFamilies: [])
    #expect(block.pieces.map(\.lengthMM) == [nil])
  }

  /// The tiles of a ring with the radius 0 have no length, and none fits around a tiny ring.
  @Test func tilesWithoutALengthNeedNoStock() throws {
    let list = try CutList(
      of: try pattern(
        #"{"rings": [{"radius_mm": 0, "segments": 48}, {"radius_mm": 0.1, "tile_length_mm": 2}]}"#),
      options: .init(count: 1), stripFamilies: [try family("ebony", #"[{"length_mm": 60}]"#)])
    #expect(list.pieces.map(\.tilesEach) == [48, 0])
    #expect(list.pieces.map(\.tileLengthMM) == [nil, 2])
    #expect(list.stock.map(\.shortMM) == [nil])
    #expect(
      list.notes == [
        "Not one tile of the given length fits around ring 2.",
        "The geometry does not say how long the tiles of ring 1 are.",
      ])
  }

  /// Figures accept any number of cells, but only whole tiles can be cut.
  @Test(arguments: ["0", "12.5", "[]"])
  func aNumberThatIsNoneOfTilesIsNoted(_ segments: String) throws {
    let list = try CutList(
      of: try pattern(
        #"{"rings": [{"radius_mm": 45, "segments": \#(segments), "tile_length_mm": 2}]}"#),
      options: .init(count: 1), stripFamilies: [try family("ebony", "[]")])
    #expect(list.pieces.map(\.tilesEach) == [141])
    #expect(
      list.notes == [
        "The geometry gives no whole number of tiles above 0 for ring 1; as many are cut as fit "
          + "around."
      ])
  }

  @Test func theMinimumThatKnownRingsNeedIsNoted() throws {
    let list = try CutList(
      of: try pattern(#"{"rings": [{"segments": 50, "tile_length_mm": 4}, {"segments": 8}]}"#),
      options: .init(count: 1), stripFamilies: [try family("ebony", #"[{"length_mm": 150}]"#)])
    #expect(list.stock.map(\.neededMM) == [nil] && list.stock.map(\.shortMM) == [nil])
    #expect(
      list.notes.last == "At least 200 mm of ebony are needed, 50 mm more than there is.")
  }

  @Test func aSmallLengthThatIsShortIsShown() throws {
    func list(_ stock: String) throws -> CutList {
      try CutList(
        of: try pattern(#"{"rings": [{"segments": 10, "tile_length_mm": 2.1}]}"#),
        options: .init(count: 2, kerfMM: 0.3),
        stripFamilies: [try family("ebony", #"[{"length_mm": \#(stock)}]"#)])
    }
    let short = try list("47.6")
    #expect(short.tables.last?.rows.first?.last?.shown == "0.4")
    #expect(short.html.contains("</span> 0.4</span>"))
    // 20 · (2.1 + 0.3) is slightly more than 48 in doubles.
    #expect(try list("48").stock.map(\.shortMM) == [0])
  }

  @Test func anEmptyIDNamesNoStripFamily() throws {
    let ring = #"{"rings": [{"segments": 8, "tile_length_mm": 2, "strip_family_id": ""}]}"#
    let list = try CutList(
      of: try pattern(ring), options: .init(count: 1),
      stripFamilies: [try family("ebony", #"[{"length_mm": 60}]"#)])
    #expect(list.stock.map(\.stripFamilyID) == ["ebony"] && list.notes == [])
    let none = try CutList(
      of: try pattern(ring, family: ""), options: .init(count: 1), stripFamilies: [])
    #expect(
      none.stock == []
        && none.notes == ["Neither the geometry nor the pattern names a strip family for ring 1."])
  }

  @Test func blocksAreCutByColor() throws {
    let list = try CutList(
      of: try pattern(
        #"""
        {"rows": 5, "columns": 7, "totals": {"black": 9, "white": 16, "x": "many"},
          "dimensions": {"chip_length_mm": 2.0}}
        """#),
      options: .init(count: 4, scrapPercent: 25), stripFamilies: [])
    #expect(list.pieces.map(\.color) == ["black", "white", "x"])
    #expect(list.pieces.map(\.tiles) == [45, 80, nil])
    #expect(list.pieces.map(\.lengthMM) == [90, 160, nil])
    #expect(list.notes.contains { $0.hasSuffix("how many chips there are of x.") })
    #expect(list.stock == [])
    #expect(list.notes.contains { $0.contains("25 chips") && $0.contains("35") })
  }

  @Test(arguments: [
    "{}", #"{"rings": []}"#, #"{"rings": "many"}"#, #"{"totals": {"a": null}}"#,
  ])
  func aGeometryWithoutPiecesIsNoted(_ geometry: String) throws {
    let list = try CutList(
      of: try pattern(geometry), options: .init(count: 1), stripFamilies: [])
    #expect(list.pieces == [])
    #expect(list.notes.count == 1)
  }

  @Test func theOtherGeometryIsReadToo() throws {
    let list = try CutList(
      of: try pattern("{}", rosette: #"{"rings": [{"segments": 8}]}"#),
      options: .init(count: 1), stripFamilies: [])
    #expect(list.pieces.map(\.tilesEach) == [8])
  }

  @Test func oddNumbersDoNotTrap() throws {
    for number in ["1e308", "1e999", "-1", "true", "\"5\"", "null", "[1]", "0"] {
      let list = try CutList(
        of: try pattern(
          #"{"rings": [{"radius_mm": N, "segments": N, "tile_length_mm": N}]}"#
            .replacing("N", with: number)),
        options: .init(count: 1_000_000, scrapPercent: 900, stickMM: 1, kerfMM: 0),
        stripFamilies: [
          try family("ebony", #"[{"length_mm": N, "quantity": N}]"#.replacing("N", with: number))
        ])
      #expect((try? JSONValue(parsing: list.json)) != nil)
      #expect(list.html.contains("Cut list"))
    }
  }

  @Test func aPatternThatDoesNotExistHasNone() throws {
    let store = InMemoryStore()
    #expect(try CutList(ofPattern: "p", in: store, options: .init(count: 1)) == nil)
    let pattern = try pattern(#"{"rings": [{"segments": 2}]}"#, family: nil)
    try store.write { try $0.create(pattern) }
    #expect(try CutList(ofPattern: "p", in: store, options: .init(count: 1))?.pieces.count == 1)
  }

  @Test(arguments: [
    CutList.Options(count: 0), .init(count: -1), .init(count: 1, scrapPercent: -1),
    .init(count: 1, scrapPercent: .nan), .init(count: 1, stickMM: 0), .init(count: 1, stickMM: -1),
    .init(count: 1, stickMM: .infinity), .init(count: 1, kerfMM: -0.5),
    .init(count: 1, kerfMM: .nan),
  ])
  func optionsThatMakeNoSenseAreRefused(_ options: CutList.Options) throws {
    let pattern = try pattern(#"{"rings": [{"segments": 2}]}"#, family: nil)
    let error = #expect(throws: AnalyticsError.self) {
      try CutList(of: pattern, options: options, stripFamilies: [])
    }
    #expect(error?.code == .invalidOption)
    #expect(throws: AnalyticsError.self) {
      try CutList(ofPattern: "p", in: InMemoryStore(), options: options)
    }
  }
}
