import RMOSModels

extension SampleEntities {
  /// The members of a sound entity.
  func members(_ kind: EntityKind, _ index: Int) -> [JSONValue.Member] {
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
        "id": .string("strip-\(SampleEntities.padded(position, 3))"),
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
      .init("job_type", .string(random.pick(JobType.known).rawValue)),
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

  private func reference(to kind: EntityKind, _ random: inout SampleRandom) -> JSONValue {
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
