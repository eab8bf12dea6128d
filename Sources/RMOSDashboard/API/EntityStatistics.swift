import RMOSAnalytics
import RMOSModels
import RMOSStore

/// The figures that a kind declares, from one pass over its entities.
///
/// As in the analytics, only valid numbers count: finite and not negative, and at least the minimum
/// of a field of whole numbers.
struct EntityStatistics: Sendable {
  private let schema: EntitySchema
  private let total: Int
  /// How many entities have each value of a member.
  private let counts: [String: [Value: Int]]
  private let numbers: [String: Numbers]

  /// The numbers of a member.
  private struct Numbers: Sendable {
    /// The least value of a field of whole numbers; `nil` for any other.
    let least: Int64?
    private(set) var count = 0
    private(set) var sum = ExactSum()
    private(set) var range: ClosedRange<Double>?
    /// The range of whole numbers, of which a `Double` does not represent all exactly.
    private(set) var wholeRange: ClosedRange<Int64>?

    init(least: Int64?) { self.least = least }

    mutating func add(_ value: Value) {
      let number: Double
      if let least {
        guard let whole = value.wholeNumber(from: least) else { return }
        wholeRange = Self.range(wholeRange, with: whole)
        number = Double(whole)
      } else {
        guard let measure = value.measure else { return }
        number = measure
      }
      range = Self.range(range, with: number)
      sum.add(number)
      count += 1
    }

    private static func range<Number>(
      _ range: ClosedRange<Number>?, with number: Number
    ) -> ClosedRange<Number> {
      guard let range else { return number...number }
      return min(range.lowerBound, number)...max(range.upperBound, number)
    }
  }

  init(_ kind: EntityKind, _ reader: any StoreReader) throws {
    let schema = kind.schema
    var groupings: [String] = []
    var measured: [String] = []
    for statistic in schema.presentation.statistics {
      if statistic.isNumeric {
        if !measured.contains(statistic.member) { measured.append(statistic.member) }
      } else if !groupings.contains(statistic.member) {
        groupings.append(statistic.member)
      }
    }
    var total = 0
    var counts = groupings.map { _ in [Value: Int]() }
    var numbers = measured.map { Numbers(least: kind.leastWholeNumber(of: $0)) }
    try reader.forEachRow(kind, members: groupings + measured) { values in
      total += 1
      for index in groupings.indices { counts[index][values[index], default: 0] += 1 }
      for index in measured.indices { numbers[index].add(values[groupings.count + index]) }
    }
    self.schema = schema
    self.total = total
    self.counts = Dictionary(uniqueKeysWithValues: zip(groupings, counts))
    self.numbers = Dictionary(uniqueKeysWithValues: zip(measured, numbers))
  }

  /// The number of records for each text of a member; other values count under "".
  private func counts(of member: String) -> [(name: String, count: Int)] {
    var texts: [[UInt8]: Int] = [:]
    for (value, count) in counts[member] ?? [:] {
      let name = if case .text(let text) = value { text } else { "" }
      texts[Array(name.utf8), default: 0] += count
    }
    return texts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
      (String(decoding: $0.key, as: UTF8.self), $0.value)
    }
  }

  /// Writes the figures as members.
  func write(to writer: inout JSONWriter) {
    writer.member("total_count", total)
    for statistic in schema.presentation.statistics { write(statistic, to: &writer) }
  }

  private func write(_ statistic: EntitySchema.Statistic, to writer: inout JSONWriter) {
    let numbers = numbers[statistic.member]
    switch statistic {
    case .average(let name, _):
      writer.member(name, numbers.flatMap { $0.sum.mean(of: $0.count) })
    case .minimum(let name, _):
      writer.bound(name, numbers?.range?.lowerBound, numbers?.wholeRange?.lowerBound)
    case .maximum(let name, _):
      writer.bound(name, numbers?.range?.upperBound, numbers?.wholeRange?.upperBound)
    case .distinct(let name, let member):
      writer.member(name, (counts[member] ?? [:]).keys.count { $0 != .null })
    case .counts(let name, let member):
      let counts = counts(of: member)
      writer.member(name) { writer in
        writer.object {
          for (name, count) in counts { $0.member(name, count) }
        }
      }
    case .percentage(let name, let member, let value, let among):
      let counts = counts(of: member)
      let all = counts.reduce(0) { among.contains($1.name) ? $0 + $1.count : $0 }
      let some = counts.first { $0.name == value }?.count ?? 0
      writer.member(name, all > 0 ? 100 * Double(some) / Double(all) : nil)
    }
  }
}

extension JSONWriter {
  /// Writes the least or the greatest of numbers, without a fraction if they are whole.
  fileprivate mutating func bound(_ name: String, _ number: Double?, _ whole: Int64?) {
    if let whole { member(name, whole) } else { member(name, number) }
  }
}
