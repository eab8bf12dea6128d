import RMOSModels
import RMOSStore

/// The figures that a kind declares, from one pass over its entities unless a whole number is very
/// large.
struct EntityStatistics: Sendable {
  private let schema: EntitySchema
  /// The members that the groups are of, in the order of their keys.
  private let groupings: [String]
  /// The members that the groups have numbers of, in their order.
  private let numbers: [String]
  private let groups: [RecordGroup]
  /// The whole numbers of members where some are so large that the groups' figures round them.
  private let exact: [String: [Int64]]

  init(_ kind: EntityKind, _ reader: any StoreReader) throws {
    let schema = kind.schema
    var groupings: [String] = []
    var numbers: [String] = []
    for statistic in schema.presentation.statistics {
      if statistic.isNumeric {
        if !numbers.contains(statistic.member) { numbers.append(statistic.member) }
      } else if !groupings.contains(statistic.member) {
        groupings.append(statistic.member)
      }
    }
    let groups = try reader.groups(kind, by: groupings, numbers: numbers)
    var exact: [String: [Int64]] = [:]
    for (index, member) in numbers.enumerated() where schema.isWholeNumber(member) {
      let isRounded = groups.contains { group in
        [group.numbers[index].minimum, group.numbers[index].maximum]
          .contains { ($0 ?? 0).magnitude >= Self.firstRounded }
      }
      guard isRounded else { continue }
      exact[member] = try reader.groups(kind, by: [member], numbers: []).compactMap { group in
        if case .integer(let number) = group.keys[0] { number } else { nil }
      }
    }
    self.schema = schema
    self.groupings = groupings
    self.numbers = numbers
    self.groups = groups
    self.exact = exact
  }

  /// From 2^53 on, a `Double` does not represent every integer.
  private static let firstRounded = 9_007_199_254_740_992.0

  private var total: Int { groups.reduce(0) { $0 + $1.count } }

  /// The numbers of a member, added up.
  private func numbers(of member: String) -> RecordGroup.Numbers {
    guard let index = numbers.firstIndex(of: member) else { return .init() }
    return groups.reduce(into: RecordGroup.Numbers()) { $0.add($1.numbers[index]) }
  }

  /// How many records there are for each text of a member; what is no text counts under "".
  private func counts(of member: String) -> [(name: String, count: Int)] {
    guard let index = groupings.firstIndex(of: member) else { return [] }
    var counts: [[UInt8]: Int] = [:]
    for group in groups {
      let name = if case .text(let text) = group.keys[index] { text } else { "" }
      counts[Array(name.utf8), default: 0] += group.count
    }
    return counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
      (String(decoding: $0.key, as: UTF8.self), $0.value)
    }
  }

  /// How many different values a member has.
  private func distinctCount(of member: String) -> Int {
    guard let index = groupings.firstIndex(of: member) else { return 0 }
    return Set(groups.map(\.keys[index])).subtracting([.null]).count
  }

  /// Writes the figures as members.
  func write(to writer: inout JSONWriter) {
    writer.member("total_count", total)
    for statistic in schema.presentation.statistics { write(statistic, to: &writer) }
  }

  private func write(_ statistic: EntitySchema.Statistic, to writer: inout JSONWriter) {
    switch statistic {
    case .average(let name, let member):
      writer.member(name, numbers(of: member).average)
    case .minimum(let name, let member):
      writer.number(name, numbers(of: member).minimum, isWhole(member), exact[member]?.min())
    case .maximum(let name, let member):
      writer.number(name, numbers(of: member).maximum, isWhole(member), exact[member]?.max())
    case .distinct(let name, let member):
      writer.member(name, distinctCount(of: member))
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

  private func isWhole(_ member: String) -> Bool { schema.isWholeNumber(member) }
}

extension EntitySchema {
  fileprivate func isWholeNumber(_ member: String) -> Bool {
    guard let position = position(ofMember: member) else { return false }
    guard case .integer = fields[position].type else { return false }
    return true
  }
}

extension JSONWriter {
  /// Writes a number, without a fraction if it is whole in every sound row.
  fileprivate mutating func number(
    _ name: String, _ number: Double?, _ isWhole: Bool, _ exact: Int64?
  ) {
    if let exact, Double(exact) == number {
      member(name, exact)
    } else if isWhole, let number, let whole = Int64(exactly: number) {
      member(name, whole)
    } else {
      member(name, number)
    }
  }
}
