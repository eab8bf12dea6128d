import RMOSAnalytics
import RMOSHTML
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

@Suite struct PageDrawingTests {
  private func rings(_ json: String) throws -> RingGeometry? {
    RingGeometry(try JSONValue(parsing: json))
  }

  @Test func radiiAreReadInTheirSpellings() throws {
    let geometry = try #require(
      try rings(
        """
        {"rings":[{"radius_mm":40.5,"width_mm":2,"segments":24},{"diameter_mm":90},
        {"inner_radius_mm":50,"outer_radius_mm":52},{"outer_diameter_mm":120,"width_mm":4}]}
        """))
    #expect(
      geometry.rings == [
        .init(number: 1, radius: 40.5, width: 2, segments: 24), .init(number: 2, radius: 45),
        .init(number: 3, inner: 50, outer: 52), .init(number: 4, outer: 60, width: 4),
      ])
    #expect(geometry.isMillimetres)
    #expect(geometry.omissions.isEmpty)
    let plain = try #require(try rings(#"{"rings":[{"r":1},{"radius":2}]}"#))
    #expect(plain.rings.map(\.radius) == [1, 2])
    #expect(!plain.isMillimetres)
  }

  @Test func uncertainRingsAreNotDrawnButReported() throws {
    let geometry = try #require(
      try rings(
        """
        {"rings":[40,{"radius_mm":-1},{"radius_mm":"40"},{"radius":40},{"radius_mm":1e300},
        {"inner_radius_mm":5,"outer_radius_mm":4},{"radius_mm":40,"angle_deg":45,"ring_id":1}]}
        """))
    #expect(geometry.rings == [.init(number: 7, radius: 40)])
    #expect(geometry.omissions.count == 7)
    #expect(geometry.omissions.last == "Not in the drawing: angle_deg.")
    #expect(geometry.count == 7)
  }

  @Test(arguments: ["{}", "[]", #"{"rings":[]}"#, #"{"rings":7}"#, #"{"rings":{"a":1}}"#])
  func aGeometryWithoutRingsHasNone(_ json: String) throws {
    #expect(try rings(json) == nil)
  }

  @Test(.timeLimit(.minutes(1))) func theLegendNamesTheFirstOfManyMaterials() {
    let materials = (0..<100_000).map { "material \($0 / 2)" }
    let legend = WoodTone.legend(materials).markup
    #expect(legend.matches(of: /<li>/).count == 20)
    #expect(legend.contains("material 19") && !legend.contains("material 20"))
  }

  @Test func theTableOfRingsHasTheWidthsAndOnlyColumnsWithSomethingInThem() throws {
    func html(_ rings: String) -> String {
      let changes: [String: Value] = [
        "geometry": .text(#"{"rings":[\#(rings)]}"#), "rosette_geometry": .null,
      ]
      return PatternDrawing(StoreSamples.record(.patterns, "a", changes)).section.markup
    }
    let bands = html(#"{"inner_radius_mm":47,"outer_radius_mm":49.5},{"radius_mm":52}"#)
    #expect(bands.contains(#"<td class="n">47–49.5</td><td class="n">2.5</td></tr>"#))
    #expect(bands.contains(#"<td class="n">52</td><td class="n dim">–</td></tr>"#))
    #expect(!bands.contains("Segments"))
    let cut = html(#"{"radius_mm":40,"width_mm":3,"segments":24},{"radius_mm":52}"#)
    #expect(cut.contains(#"<th scope="col" class="n">Segments</th>"#))
    #expect(cut.contains(#"<td class="n">3</td><td class="n">24</td></tr>"#))
  }

  /// The cut list uses the same rings.
  @Test func bandsAreDrawnAndTheGeometryComesFirst() throws {
    func section(_ geometry: String, _ other: String) -> String {
      let values: [String: Value] = [
        "geometry": .text(geometry), "rosette_geometry": .text(other),
      ]
      return PatternDrawing(StoreSamples.record(.patterns, "a", values)).section.markup
    }
    let (bands, rings) = (
      #"{"rings":[],"ring_bands":[{"radius_mm":50,"width_mm":3}]}"#,
      #"{"rings":[{"radius_mm":70}]}"#
    )
    #expect(section(bands, rings).contains(#"<td class="n">50</td>"#))
    #expect(section(rings, bands).contains(#"<td class="n">70</td>"#))
    #expect(section("{}", bands).contains(#"<td class="n">50</td>"#))
  }

  @Test func theReasonForDrawingNothingIsTrue() throws {
    func section(_ geometry: String) -> String {
      let values: [String: Value] = ["geometry": .text(geometry), "rosette_geometry": .null]
      return PatternDrawing(StoreSamples.record(.patterns, "a", values)).section.markup
    }
    let ring = #"{"radius_mm":40.5}"#
    let many = Array(repeating: ring, count: JSONHTML.longest / ring.utf8.count + 1)
    let long = section("{\"rings\":[\(many.joined(separator: ","))]}")
    #expect(long.contains("too large") && !long.contains("no radii"))
    #expect(section(#"{"rings":[{"radius_mm":1e9}]}"#).contains("below 1,000,000"))
    #expect(section(#"{"a":1}"#).contains("no radii"))
  }

  /// A ring without a width is drawn as a line.
  @Test func aLineHasTheToneOfItsMaterial() throws {
    func section(_ ring: String) -> String {
      let values: [String: Value] = [
        "geometry": .text(#"{"rings":[\#(ring)]}"#), "rosette_geometry": .null,
      ]
      return PatternDrawing(StoreSamples.record(.patterns, "a", values)).section.markup
    }
    let line = section(#"{"radius_mm":40,"material":"Maple"}"#)
    #expect(line.contains(#"<circle class="edge" r="970.874"/><circle class="line wood-maple""#))
    #expect(!section(#"{"radius_mm":40}"#).contains("wood-"))
    #expect(!section(#"{"radius_mm":40,"width_mm":2,"material":"Maple"}"#).contains("\"line"))
    #expect(WoodTone.style.contains(":is(.band,.line).wood-maple{"))
  }

  /// The circles in the drawing of rings: their radii, and the widths of their lines.
  private func circles(_ rings: [String]) throws -> [(radius: Double, width: Double)] {
    let values: [String: Value] = [
      "geometry": .text(#"{"rings":[\#(rings.joined(separator: ","))]}"#),
      "rosette_geometry": .null,
    ]
    let html = PatternDrawing(StoreSamples.record(.patterns, "a", values)).section.markup
    return try html.matches(of: /<circle [^>]*?r="([^"]*)"(?: stroke-width="([^"]*)")?/).map {
      (try #require(Double($0.1)), try $0.2.map { try #require(Double($0)) } ?? 0)
    }
  }

  @Test func nothingOfARingIsOutsideTheDrawing() throws {
    // Every combination of members, each small or large.
    let names = ["inner_radius_mm", "radius_mm", "outer_radius_mm", "width_mm", "segments"]
    var seen = 0
    for choice in 0..<(3 * 3 * 3 * 3 * 2) {
      var rest = choice
      let members = names.compactMap { name -> String? in
        defer { rest /= 3 }
        return [nil, "20", "60"][rest % 3].map { "\"\(name)\":\($0)" }
      }
      let ring = "{\(members.joined(separator: ","))}"
      for rings in [[ring], [ring, #"{"radius_mm":30}"#]] {
        let circles = try circles(rings)
        seen += circles.count
        for circle in circles {
          #expect(circle.radius + circle.width / 2 <= 1000, "\(rings)")
          #expect(circle.radius >= 0 && circle.width >= 0, "\(rings)")
        }
      }
    }
    #expect(seen > 300)
  }

  @Test(arguments: [
    #"{"inner_radius_mm":40,"width_mm":20}"#, #"{"outer_radius_mm":60,"width_mm":20}"#,
    #"{"inner_radius_mm":40,"outer_radius_mm":60}"#,
  ])
  func aBandHasBothOfItsEdges(_ ring: String) throws {
    // In thousandths, with a margin of 3 %.
    let drawn = try circles([ring]).map { ($0.radius * 0.0618).rounded() }
    #expect(Set(drawn) == [40, 50, 60])
  }

  @Test func rowsAndColumnsAreDrawnAsTheBlockTheyAre() throws {
    let record = StoreSamples.record(
      .patterns, "a",
      [
        "geometry": .text(
          #"{"rows":4,"columns":7,"dimensions":{"width_mm":5.6,"height_mm":3.0}}"#),
        "rosette_geometry": .null,
      ])
    let html = PatternDrawing(record).section.markup
    #expect(html.contains("4 rows by 7 columns") && html.contains("5.6 × 3 mm"))
    #expect(html.contains("no radii"))
    #expect(html.matches(of: /M[\d.]+ 0V/).count == 6)
    #expect(html.matches(of: /M0 [\d.]+H1000/).count == 3)
  }

  /// In a list, patterns of blocks have distinguishable drawings.
  @Test func theThumbnailOfABlockIsItsGrid() {
    func thumbnail(_ geometry: String) -> String {
      let values: [String: Value] = ["geometry": .text(geometry), "rosette_geometry": .null]
      return PatternDrawing(StoreSamples.record(.patterns, "a", values)).thumbnail.markup
    }
    let html = thumbnail(#"{"rows":4,"columns":7}"#)
    #expect(html.matches(of: /M[\d.]+ 0V/).count == 6 && html.matches(of: /M0 [\d.]+H/).count == 3)
    #expect(!html.contains("rim"))
    // Lines that are too close together are left out.
    let fine = thumbnail(#"{"rows":4,"columns":150}"#)
    #expect(!fine.contains("0V") && fine.matches(of: /M0 [\d.]+H/).count == 3)
    #expect(thumbnail(#"{"rows":0,"columns":7}"#).contains("rim"))
  }

  @Test(arguments: [
    #"{"rows":-1,"columns":7}"#, #"{"rows":1e9,"columns":1e9}"#, "[[", "", "7", #"{"rings":[[]]}"#,
    #"{"rows":1,"columns":1,"dimensions":{"width_mm":1e-300,"height_mm":1e5}}"#,
    #"{"rings":[{"radius_mm":1e-9,"width_mm":1e5,"segments":9e18}]}"#,
  ])
  func noGeometryBreaksAPage(_ json: String) {
    let record = StoreSamples.record(
      .patterns, "a", ["geometry": .text(json), "rosette_geometry": .text(json)])
    let html = PatternDrawing(record).section.markup
    #expect(!html.contains(/nan|inf|e[+-]?\d\d/))
    #expect(html.hasSuffix("</section>\n"))
    #expect(!PatternDrawing(record).thumbnail.markup.contains(/nan|inf|e[+-]?\d\d/))
  }

  // MARK: History

  private func chart(_ days: [(String, Int)], today: String = "2026-03-01") throws -> String {
    try HistoryChart(
      MigrationHistory(
        days: days.map {
          .init(date: $0.0, entities: .init([.patterns: $0.1]))
        }, totalDays: days.count), today: #require(CalendarDay(today))
    ).figure.markup
  }

  /// One mistyped year does not compress all others.
  @Test func daysToComeAreCountedAndNotDrawn() throws {
    let html = try chart([("2205-03-01", 1), ("2025-03-01", 2), ("2025-02-27", 3)])
    #expect(html.contains("Entities by day</title>") && html.contains("<span>1 Mar 2025</span>"))
    #expect(html.contains("Dated after today"))
    #expect(html.contains("<a href=\"/patterns?sort=newest\">1 pattern</a>"))
    #expect(html.matches(of: /<g><title>/).count == 2)
    // The table has them.
    #expect(html.contains("<time datetime=\"2205-03-01\">"))
    #expect(try !chart([("2026-03-01", 1)]).contains("after today"))
    let old = try chart([("2025-03-01", 20), ("2025-02-27", 20), ("0205-03-01", 1)])
    #expect(old.contains("Entities by day</title>") && old.contains("Older entities are not"))
    let none = try chart([("2026-03-02", 4)])
    #expect(none.contains("4 patterns</a>") && !none.contains("<svg class=\"chart\""))
  }

  @Test func theCalendarCountsInWhatFits() throws {
    for (newest, oldest, unit) in [
      ("2025-03-01", "2025-01-15", "day"), ("2025-12-01", "2025-01-15", "week"),
      ("2025-12-01", "2021-01-15", "month"), ("2025-12-01", "1990-01-15", "year"),
    ] {
      let html = try chart([(newest, 1), (oldest, 2)])
      #expect(html.contains("Entities by \(unit)</title>"))
      #expect(html.contains("2 \(unit)s with new entities"))
    }
    #expect(try chart([("not a day", 1)]).contains("No entities yet."))
    #expect(try chart([("2024-03-01", 1)]).contains("<figcaption><span>1 Feb 2024</span>"))
  }

  @Test func columnsAreVisibleAndNeverTallerThanTheChart() throws {
    let html = try chart([("2025-03-02", 1), ("2025-03-01", 1_000_000)])
    let heights = html.matches(of: /height="([\d.]+)%"/).compactMap { Double($0.output.1) }
    #expect(heights == [100, 1])
  }

  // MARK: JSON

  @Test func jsonLaidOutIsTheSameJSON() throws {
    var generator = SeededGenerator(seed: 7)
    var samples = [
      "{}", "[]", "1.0", #""<b>\n""#, #"{"a":{"b":[1,2,[3,[4]]]},"a":1e400}"#,
      String(repeating: "[", count: 500) + String(repeating: "]", count: 500),
    ]
    for _ in 0..<40 {
      let words = (0..<Int.random(in: 1...30, using: &generator)).map { "word\($0)" }
      samples.append(
        JSONValue.object([.init(name: "k", value: .array(words.map { .string($0) }))]).text)
    }
    for json in samples {
      let text = JSONHTML.block(json, label: "x").markup
        .replacing(/<[^>]*>/, with: "").replacing("&quot;", with: "\"")
        .replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&#39;", with: "'")
        .replacing("&amp;", with: "&")
      #expect(try JSONValue(parsing: text) == JSONValue(parsing: json))
    }
  }

  @Test func textThatIsNoJSONIsShownAsItIs() {
    let html = JSONHTML.block("{'a': <b>\n1", label: "x").markup
    #expect(html.contains("This is not valid JSON"))
    #expect(html.contains("{&#39;a&#39;: &lt;b&gt;\n1"))
    #expect(JSONHTML.block(String(repeating: "[", count: 300_000), label: "x").markup.count < 6000)
  }
}
