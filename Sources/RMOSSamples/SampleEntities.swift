import RMOSModels
import RMOSSystem

/// The kinds of entities that a sample tree holds, in the order of migration.
enum SampleKind: Int, CaseIterable {
  case stripFamilies, patterns, joblogs

  var kind: EntityKind {
    switch self {
    case .stripFamilies: .stripFamilies
    case .patterns: .patterns
    case .joblogs: .joblogs
    }
  }

  var schema: EntitySchema { kind.schema }
}

/// The entities of a sample tree, each a function of the seed, its kind and its number.
struct SampleEntities {
  private let seed: UInt64
  private let brokenPercent: Int
  /// The number of entities per kind.
  private let counts: [Int]
  /// The number of entities of other kinds that come before, per kind.
  private let offsets: [Int]
  /// The flaws used in turn, per kind.
  private let flaws: [[SampleFlaw]]

  init(_ tree: SampleTree) {
    seed = tree.seed
    brokenPercent = tree.brokenPercent
    let families = min(tree.count, max(1, tree.count / 10))
    let patterns = min(tree.count - families, max(1, tree.count * 3 / 10))
    counts = [families, patterns, tree.count - families - patterns]
    offsets = [0, families, families + patterns]
    flaws = SampleKind.allCases.map { SampleFlaw.flaws(of: $0.schema) }
  }

  /// The number of entities of a kind.
  func count(of kind: SampleKind) -> Int { counts[kind.rawValue] }

  /// The flaw of an entity; `nil` for a sound one.
  ///
  /// Flawed entities are spread evenly over the tree, and all flaws are used in turn.
  func flaw(of kind: SampleKind, _ index: Int) -> SampleFlaw? {
    guard let turn = turn(of: kind, index) else { return nil }
    let flaws = flaws[kind.rawValue]
    let flaw = flaws[turn % flaws.count]
    return flaw.needsSoundEntity && original(of: kind, from: index, for: flaw) == nil
      ? .missingField : flaw
  }

  /// The number of the sound entity that a duplicate at `index` copies; `nil` if none is near.
  ///
  /// Identical and differing duplicates use different ranges, so that no entity has both.
  func original(of kind: SampleKind, from index: Int, for flaw: SampleFlaw) -> Int? {
    let stretch = flaw == .identicalDuplicate ? 0 : 1
    return soundIndex(of: kind, from: index) { $0 / 7 % 2 == stretch }
  }

  /// The number of an entity among the flawed ones of the tree; `nil` for a sound one.
  private func turn(of kind: SampleKind, _ index: Int) -> Int? {
    let number = offsets[kind.rawValue] + index
    let turn = number * brokenPercent / 100
    return (number + 1) * brokenPercent / 100 > turn ? turn : nil
  }

  /// The number of a sound entity at or after `start`; `nil` if none is near.
  func soundIndex(
    of kind: SampleKind, from start: Int, where isWanted: (Int) -> Bool = { _ in true }
  ) -> Int? {
    let count = count(of: kind)
    for step in 0..<min(count, 100) {
      let index = (start + step) % count
      if isWanted(index), turn(of: kind, index) == nil { return index }
    }
    return nil
  }

  /// The generator for an entity's content.
  func random(_ kind: SampleKind, _ index: Int) -> SampleRandom {
    SampleRandom(seed: seed, kind: kind.rawValue, index: index)
  }

  /// The id of an entity.
  func id(_ kind: SampleKind, _ index: Int) -> String {
    let number = (index + 1).zeroPadded(to: 6)
    return switch kind {
    case .stripFamilies: "\(material(index).slug)-\(number)"
    case .patterns: "\(tradition(index).slug)-\(number)"
    case .joblogs: "job-\(number)"
    }
  }

  /// The subdirectory of the kind's directory for the entity's own file.
  func group(_ kind: SampleKind, _ index: Int) -> String {
    let block = (index / 4000).zeroPadded()
    return switch kind {
    case .stripFamilies: "\(material(index).name)-\(block)"
    case .patterns: "\(tradition(index).slug)/\(block)"
    case .joblogs: "2025-\((index % 12 + 1).zeroPadded())/\(block)"
    }
  }

  func material(_ index: Int) -> (name: String, slug: String) {
    let materials = [
      ("Ebony", "ebony"), ("Maple", "maple"), ("Walnut", "walnut"), ("Rosewood", "rosewood"),
      ("Padauk", "padauk"), ("Koa", "koa"), ("Pérola", "perola"), ("黒檀", "kokutan"),
    ]
    return materials[index % materials.count]
  }

  func tradition(_ index: Int) -> (name: String, slug: String) {
    let traditions = [
      ("Torres", "torres"), ("Hauser", "hauser"), ("Fleta", "fleta"), ("Bouchet", "bouchet"),
      ("Simplício", "simplicio"), ("Romanillos", "romanillos"),
    ]
    return traditions[index % traditions.count]
  }

  /// The date and time `minutes` after the beginning of 2025.
  static func time(_ minutes: Int) -> String {
    let beginning = CivilDate(year: 2025, month: 1, day: 1)
    let date = CivilDate(dayNumber: beginning.dayNumber + minutes / 1440)
    return "\(date.text)T\((minutes / 60 % 24).zeroPadded()):\((minutes % 60).zeroPadded()):00"
  }
}

extension SampleEntities {
  /// The members of a sound entity.
  func members(_ kind: SampleKind, _ index: Int) -> [JSONValue.Member] {
    var random = random(kind, index)
    return switch kind {
    case .stripFamilies: stripFamily(index, &random)
    case .patterns: pattern(index, &random)
    case .joblogs: jobLog(index, &random)
    }
  }

  private typealias Members = [JSONValue.Member]

  private func stripFamily(_ index: Int, _ random: inout SampleRandom) -> Members {
    let width = random.decimal(10...60, digits: 1)
    let thickness = random.decimal(4...15, digits: 1)
    let material = material(index).name
    let strips = (1...random.int(2...8)).map { position -> JSONValue in
      [
        "id": .string("strip-\(position.zeroPadded(to: 3))"),
        "length_mm": .number(JSONNumber(random.int(200...900))),
        "position": .number(JSONNumber(position)),
        "color": .string(random.pick(["light", "dark", "dyed \"red\"", "geräuchert"])),
      ]
    }
    var members: Members = [
      .init("id", .string(id(.stripFamilies, index))),
      .init("name", .string("\(material) \(width) × \(thickness) mm №\(index + 1)")),
      .init("strip_width_mm", .init(decimal: width)),
      .init("strip_thickness_mm", .init(decimal: thickness)),
      .init("material_type", .string(material)),
      .init("strips", .array(strips)),
    ]
    if random.chance(80) {
      let supplier = "Supplier \(random.int(1...17))"
      members.append(.init("metadata", ["supplier": .string(supplier), "fsc": true]))
    }
    if random.chance(15) {
      members.append(
        .init("shelf", .string("\(random.pick(["A", "B", "C"]))-\(random.int(1...40))")))
    }
    return members + timestamps(&random)
  }

  private func pattern(_ index: Int, _ random: inout SampleRandom) -> Members {
    let ringCount = random.int(1...7)
    var radius = random.decimal(400...450, digits: 1)
    let rings = (1...ringCount).map { _ -> JSONValue in
      defer { radius += 5 }
      return [
        "radius_mm": .init(decimal: radius),
        "width_mm": .init(decimal: random.decimal(500...3000, digits: 3)),
        "segments": .number(JSONNumber(random.int(24...120))),
        "angle_deg": .init(decimal: random.pick([0, 45, -30.5])),
      ]
    }
    let geometry: JSONValue = ["rings": .array(rings), "center": ["x": 0, "y": 0]]
    let motif = random.pick(["Rope", "Herringbone", "Celtic Knot", "Wheat", "Épi", "Wave ≈"])
    var members: Members = [
      .init("id", .string(id(.patterns, index))),
      .init("name", .string("\(tradition(index).name) \(motif) \(index + 1)")),
      .init("ring_count", .number(JSONNumber(ringCount))),
    ]
    if random.chance(12) {
      members.append(.init("rosette_geometry", geometry))
      members.append(.init("pattern_type", "rosette"))
      if random.chance(50) { members.append(.init("geometry", [:])) }
    } else {
      members.append(.init("geometry", geometry))
      if random.chance(50) { members.append(.init("pattern_type", "generic")) }
    }
    if random.chance(80) {
      members.append(.init("strip_family_id", reference(to: .stripFamilies, &random)))
    }
    members.append(
      .init(
        "metadata",
        [
          "complexity": .string(random.pick(["low", "medium", "high"])),
          "estimated_time_min": .number(JSONNumber(random.int(5...240))),
          "tags": ["rosette", "inlay"],
        ]))
    if random.chance(15) { members.append(.init("catalogue", "2025-12")) }
    return members + timestamps(&random)
  }

  private func jobLog(_ index: Int, _ random: inout SampleRandom) -> Members {
    let status = random.pick([JobStatus.completed, .completed, .completed] + JobStatus.allCases)
    let isOver = status == .completed || status == .failed && random.chance(60)
    let start = random.int(0...525_600)
    let minutes = random.int(1...600)
    let zone = random.pick(["", "Z", "+01:00"])
    var members: Members = [
      .init("id", .string(id(.joblogs, index))),
      .init("job_type", .string(random.pick(JobLog.knownTypes))),
    ]
    if random.chance(85) {
      members.append(.init("pattern_id", reference(to: .patterns, &random)))
    }
    if random.chance(70) {
      members.append(.init("strip_family_id", reference(to: .stripFamilies, &random)))
    }
    if status != .pending || random.chance(50) {
      members.append(.init("status", .string(status.rawValue)))
    }
    if status != .pending, status != .planned {
      members.append(.init("start_time", .string(SampleEntities.time(start) + zone)))
    }
    if isOver {
      members.append(.init("end_time", .string(SampleEntities.time(start + minutes) + zone)))
      members.append(.init("duration_seconds", .init(decimal: Double(minutes * 60) + 0.5)))
      members.append(
        .init(
          "results",
          [
            "cuts_made": .number(JSONNumber(random.int(10...400))),
            "waste_percentage": .init(decimal: random.decimal(0...1200, digits: 2)),
          ]))
    }
    members.append(
      .init(
        "parameters",
        [
          "blade_angle": .number(JSONNumber(random.pick([30, 45, 60]))),
          "feed_rate": .number(JSONNumber(random.int(50...1500))),
          "blade_id": .string("blade-\(random.int(1...9))"),
        ]))
    if random.chance(10) { members.append(.init("operator", "Zoë")) }
    return members + timestamps(&random)
  }

  private func reference(to kind: SampleKind, _ random: inout SampleRandom) -> JSONValue {
    let start = random.int(0...max(0, count(of: kind) - 1))
    return soundIndex(of: kind, from: start).map { .string(id(kind, $0)) } ?? .null
  }

  private func timestamps(_ random: inout SampleRandom) -> Members {
    guard random.chance(90) else { return [] }
    let created = random.int(0...500_000)
    let members: Members = [.init("created_at", .string(SampleEntities.time(created)))]
    guard random.chance(70) else { return members }
    let updated = SampleEntities.time(created + random.int(0...10_000))
    return members + [.init("updated_at", .string(updated))]
  }
}

extension JSONValue.Member {
  init(_ name: String, _ value: JSONValue) { self.init(name: name, value: value) }
}

extension JSONValue {
  /// A finite number.
  init(decimal: Double) { self = JSONNumber(decimal).map { .number($0) } ?? .null }
}

/// A generator seeded for each entity, so that any entity can be generated without the others.
struct SampleRandom {
  private var numbers: SplitMix64

  init(seed: UInt64, kind: Int, index: Int) {
    numbers = SplitMix64(
      seed: seed &* 0xD129_0F2E_5A6B_3C47 &+ UInt64(kind) << 56 &+ UInt64(index))
    numbers = SplitMix64(seed: numbers.next())
  }

  /// A number from `range`.
  mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(numbers.next() % UInt64(range.count))
  }

  /// Returns `true` with a probability of `percent` in 100.
  mutating func chance(_ percent: Int) -> Bool { int(0...99) < percent }

  /// One of `choices`, which is not empty.
  mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[int(0...choices.count - 1)]
  }

  /// A number from `range`, divided by ten to the power of `digits`.
  mutating func decimal(_ range: ClosedRange<Int>, digits: Int) -> Double {
    var divisor = 1.0
    for _ in 0..<digits { divisor *= 10 }
    return Double(int(range)) / divisor
  }
}
