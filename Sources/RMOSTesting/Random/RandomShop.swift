package import RMOSModels
package import RMOSStore

/// Random rows of a shop with messy data: gaps, wrong types, huge numbers, different spellings, and
/// times in every format.
///
/// A store that keeps values of any type accepts all rows in the order of ``records``.
package struct RandomShop: Sendable {
  /// The rows, each after those that it refers to.
  package private(set) var records: [Record] = []
  private var random: SeededGenerator

  /// Creates a shop.
  ///
  /// - Parameters:
  ///   - seed: The seed; the same one gives the same rows.
  ///   - jobs: The number of jobs.
  package init(seed: UInt64, jobs: Int) {
    random = SeededGenerator(seed: seed)
    let families = (0..<max(2, jobs / 10)).map { "fam-\($0)" + random.pick(["", "é", "黒"]) }
    let patterns = (0..<max(3, jobs / 5)).map { "pat-\($0)" + random.pick(["", "e\u{301}", " x"]) }
    for id in families.shuffled(using: &random) { addFamily(id) }
    for id in patterns.shuffled(using: &random) { addPattern(id, families) }
    for number in (0..<jobs).shuffled(using: &random) {
      addJob("job-\(number)", patterns, families)
    }
  }

  /// Writes all rows into a store.
  ///
  /// - Throws: What the store throws.
  package func write(into store: any RecordStore) throws {
    try store.write { transaction in
      for record in records { try transaction.insert(record) }
    }
  }

  private mutating func addFamily(_ id: String) {
    let strips = list(upTo: 6) { shop in
      shop.object([
        ("length_mm", shop.number()), ("quantity", shop.chance(60) ? nil : shop.number()),
        ("color", "\"light\""),
      ])
    }
    let materials = [
      "Ebony", "ebony", " EBONY ", "Straße", "STRASSE", "Pérola", "Pe\u{301}rola", "黒檀", "Ö",
    ]
    let suppliers = ["\"Supplier 1\"", "\"supplier 1\"", "\" S\\u0031 \"", "17", "null", "\"\""]
    add(
      .stripFamilies,
      [
        .text(id), .text("N"), .real(random.pick([0.5, 1.5, 2, 2.025, 3.2, 1e300])),
        .real(random.pick([0.5, 0.8, 1.2, .leastNonzeroMagnitude])), .text(random.pick(materials)),
        .text(strips),
        .text("2025-01-01"), .text("2025-01-01"),
        json([("supplier", random.pick(suppliers)), ("batch", "\"2025\"")]),
      ])
  }

  private mutating func addPattern(_ id: String, _ families: [String]) {
    let reference = random.pick(families + ["gone", "Gone"])
    add(
      .patterns,
      [
        .text(id), .text("N"), .integer(random.pick([1, 2, 3, 3, 5, 12, 1 << 60])), geometry(),
        chance(80) ? .text(reference) : .null, .text("2025-01-01"), .text("2025-01-01"),
        json([("estimated_time_min", chance(70) ? number() : nil)]), .text("generic"),
        chance(20) ? geometry() : .null,
      ])
  }

  private mutating func geometry() -> Value {
    let rings = list(upTo: 5) { shop in
      shop.object([
        ("radius_mm", shop.number()), ("width_mm", shop.number()),
        ("segments", shop.chance(50) ? shop.number() : shop.chance(50) ? "[1,{},[]]" : nil),
        ("tile_count", shop.chance(20) ? shop.number() : nil),
        ("tile_length_mm", shop.chance(50) ? shop.number() : nil),
      ])
    }
    let size = object([("row_count", number()), ("column_count", number())])
    return json([
      ("rings", chance(40) ? rings : nil), ("ring_bands", chance(20) ? rings : nil),
      ("rows", chance(40) ? number() : nil), ("columns", chance(40) ? number() : nil),
      ("dimensions", chance(40) ? size : nil), ("x", "[{\"rings\":[{\"segments\":9}]}]"),
    ])
  }

  private mutating func addJob(_ id: String, _ patterns: [String], _ families: [String]) {
    let statuses = JobStatus.allCases + [.completed, .completed, .completed, .failed]
    let types = ["slice", "batch", "contour", "e\u{301}", "é", "", "assembly"]
    let results = [
      ("waste_percentage", chance(80) ? number() : nil),
      ("cuts_made", chance(60) ? number() : nil),
      ("error", random.pick(["\" blade \\u2014 stalled\\n\"", "\"dull\"", "{}", "\" \"", nil])),
      ("waste_percentage", chance(10) ? "99" : nil),
    ]
    let parameters = [
      ("blade_id", random.pick(["\"b1\"", "\"b\\u0031\"", "\"b2 \"", "7", "null", nil])),
      ("feed", number()),
    ]
    add(
      .joblogs,
      [
        .text(id), .text(random.pick(types)), chance(85) ? .text(random.pick(patterns)) : .null,
        chance(70) ? .text(random.pick(families)) : .null,
        .text(random.pick(statuses).rawValue), time(), time(), seconds(), json(parameters),
        chance(80) ? json(results) : .null, .text(random.pick(Self.times)), .text("2025-01-01"),
      ])
  }

  private mutating func seconds() -> Value {
    switch random.int(0...9) {
    case 0: .null
    case 1: .real(random.pick([-1, 0, 1e308, 1e308, .leastNonzeroMagnitude, .infinity, -0.0]))
    case 2: .text(random.pick(["soon", "1e999", "", "2 700"]))
    case 3: .blob([0, 255])
    case 4...6: .real(random.pick([2700, 45.2, 3600.5]))
    default: .real(Double(random.int(0...9999)) / 7)
    }
  }

  private static let times = [
    "2025-01-15", "2025-01-15T10:30", "2024-02-29 10:30:00.5+01:00", "2025-12-31T23:59:59Z",
    "2025-02-30T10:00:00", "yesterday", "", "2025-01-15T10:30:00,5", "0001-01-01",
    "2025-01-16T01:00",
    "2025-03-01T00:00:00Z", "2025-03-01T01:00:00+01:00", "2025-01-15T11:30:00.125",
  ]

  private mutating func time() -> Value {
    switch random.int(0...9) {
    case 0: .null
    case 1: .blob([50])
    default: .text(random.pick(Self.times))
    }
  }

  /// Returns a JSON value for a place where a number is expected.
  private mutating func number() -> String {
    if chance(70) { return "\(Double(random.int(0...4000)) / 32)" }
    return random.pick([
      "0", "-0", "-3", "1e999", "-1e999", "1e308", "12345678901234567890", "0.1", "true", "null",
      "\"5\"", "\"1e3\"", "[]", "[1,2]", "{}", "{\"segments\":3}", "100", "100.0000001",
    ])
  }

  private mutating func chance(_ percent: Int) -> Bool { random.chance(percent) }

  private mutating func list(upTo count: Int, _ element: (inout RandomShop) -> String) -> String {
    var elements: [String] = []
    for _ in 0..<random.int(0...count) {
      elements.append(chance(90) ? element(&self) : random.pick(["5", "null", "[]", "\"x\""]))
    }
    return "[" + elements.joined(separator: random.pick([",", " ,\n"])) + "]"
  }

  private mutating func object(_ members: [(String, String?)]) -> String {
    let given = members.compactMap { name, value in
      value.map { "\"\(chance(5) ? name.replacing("_", with: "\\u005f") : name)\":\($0)" }
    }
    return "{" + given.joined(separator: ",") + "}"
  }

  /// Returns a value for a JSON column, which is sometimes not valid JSON.
  private mutating func json(_ members: [(String, String?)]) -> Value {
    let text = object(members)
    return switch random.int(0...19) {
    case 0: .text(String(text.dropLast()))
    case 1: .text(text + " x")
    case 2: .text(random.pick(["[]", "1", "", "null", "\"text\""]))
    case 3: .blob(Array(text.utf8))
    default: .text(text)
    }
  }

  private mutating func add(_ kind: EntityKind, _ values: [Value]) {
    records.append(Record(kind: kind, values: values))
  }
}
