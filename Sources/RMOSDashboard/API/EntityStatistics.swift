import RMOSModels
import RMOSStore

/// Figures about all entities of a kind, in one pass unless some numbers are very large.
struct EntityStatistics: Sendable {
  private let kind: EntityKind
  private let groups: [RecordGroup]
  /// The ring counts, if some are so large that the figures of the groups round them.
  private let exactRings: [Int64]

  init(_ kind: EntityKind, _ reader: any StoreReader) throws {
    self.kind = kind
    groups =
      switch kind {
      case .patterns:
        try reader.groups(kind, by: ["strip_family_id"], numbers: ["ring_count"])
      case .stripFamilies:
        try reader.groups(
          kind, by: ["material_type"], numbers: ["strip_width_mm", "strip_thickness_mm"])
      case .joblogs:
        try reader.groups(kind, by: ["status", "job_type"], numbers: ["duration_seconds"])
      }
    let isRounded =
      kind == .patterns
      && groups.contains { group in
        [group.numbers[0].minimum, group.numbers[0].maximum]
          .contains { ($0 ?? 0).magnitude >= Self.firstRounded }
      }
    exactRings =
      isRounded
      ? try reader.groups(kind, by: ["ring_count"], numbers: []).compactMap { group in
        if case .integer(let number) = group.keys[0] { number } else { nil }
      } : []
  }

  /// From here on a `Double` cannot represent every integer.
  private static let firstRounded = 9_007_199_254_740_992.0

  private var total: Int { groups.reduce(0) { $0 + $1.count } }

  private func numbers(_ index: Int) -> RecordGroup.Numbers {
    groups.reduce(into: RecordGroup.Numbers()) { $0.add($1.numbers[index]) }
  }

  /// The number of records per text under a key; other values count as "".
  private func counts(by index: Int) -> [(name: String, count: Int)] {
    var counts: [[UInt8]: Int] = [:]
    for group in groups {
      let name = if case .text(let text) = group.keys[index] { text } else { "" }
      counts[Array(name.utf8), default: 0] += group.count
    }
    return counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
      (String(decoding: $0.key, as: UTF8.self), $0.value)
    }
  }

  /// Writes the figures as members.
  func write(to writer: inout JSONWriter) {
    writer.member("total_count", total)
    switch kind {
    case .patterns:
      let rings = numbers(0)
      writer.member("avg_ring_count", rings.average)
      writer.whole("min_ring_count", rings.minimum, exact: exactRings.min())
      writer.whole("max_ring_count", rings.maximum, exact: exactRings.max())
      writer.member("unique_families", groups.count { $0.keys[0] != .null })
    case .stripFamilies:
      let (widths, thicknesses) = (numbers(0), numbers(1))
      let materials = counts(by: 0)
      writer.member("unique_materials", materials.count { !$0.name.isEmpty })
      writer.member("avg_width_mm", widths.average)
      writer.member("avg_thickness_mm", thicknesses.average)
      writer.member("min_width_mm", widths.minimum)
      writer.member("max_width_mm", widths.maximum)
      writer.counts("material_counts", materials)
    case .joblogs:
      let statuses = counts(by: 0)
      func count(_ status: JobStatus) -> Int {
        statuses.first { $0.name == status.rawValue }?.count ?? 0
      }
      let ended = count(.completed) + count(.failed)
      writer.counts("status_counts", statuses)
      writer.counts("job_type_counts", counts(by: 1))
      writer.member("avg_duration_seconds", numbers(0).average)
      writer.member(
        "success_rate", ended > 0 ? 100 * Double(count(.completed)) / Double(ended) : nil)
    }
  }
}

extension JSONWriter {
  fileprivate mutating func counts(_ name: String, _ counts: [(name: String, count: Int)]) {
    member(name) { writer in
      writer.object {
        for (name, count) in counts { $0.member(name, count) }
      }
    }
  }

  /// Writes a number that is whole in every sound row as a whole number.
  fileprivate mutating func whole(_ name: String, _ number: Double?, exact: Int64?) {
    if let exact, Double(exact) == number {
      member(name, exact)
    } else if let number, let whole = Int64(exactly: number) {
      member(name, whole)
    } else {
      member(name, number)
    }
  }
}
