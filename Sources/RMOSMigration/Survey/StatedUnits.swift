import RMOSModels

/// The units that members of a shape state for the values of other members.
struct StatedUnits {
  /// A unit that objects state.
  struct Statement {
    /// The members that state the unit, each with the words for it that were met.
    let members: [(path: [Int], words: [String])]
    let isInches: Bool
    /// The first member's name, for people.
    let name: String
  }

  /// The answer to the question for the unit of a value.
  enum Answer {
    /// No member states a unit; `remark` is about a member that might.
    case none(remark: String?)
    /// The units that are stated: inches, the unit of the field, or each of them by some objects.
    case stated([Statement], Remainder)
    /// A unit that cannot be converted is stated, or several that do not agree, or one for another
    /// member; the value says why.
    case other(String)
  }

  /// The objects in which a member states no unit that can be converted.
  struct Remainder {
    /// The member's name, for people.
    let name: String
    /// Its other words.
    let words: [String]
    /// The number of objects in which it has a word.
    let statedCount: Int
  }

  /// A member that may state a unit.
  private struct Member {
    /// The folded name of the member whose values have the unit; empty if all values have it.
    let subject: String
    let path: [Int]
    let profile: MemberProfile

    /// Whether the values are times, not lengths.
    var isOfTime: Bool { subject.contains("time") || subject.contains("duration") }

    var words: [String] { profile.words.map { String(decoding: $0, as: UTF8.self) } }

    /// The member's words, for people.
    var description: String {
      "\(Violation.quoted(profile.name)) says "
        + words.prefix(3).map { Violation.quoted($0) }.joined(separator: ", ")
    }

    /// Whether one of the words is in a set.
    func has(_ units: Set<String>) -> Bool {
      words.contains { units.contains($0.lowercased()) }
    }
  }

  /// Names that members for the unit of all values have before or after "unit".
  private static let namesOfAll: Set = [
    "", "measure", "measurement", "measurements", "dimension", "dimensions", "size", "sizes",
    "default",
  ]
  /// Names of all times, and of all lengths.
  private static let namesOfTimes: Set = ["time", "times", "duration", "durations"]
  private static let namesOfLengths: Set = ["length", "lengths"]

  private var members: [Member] = []
  /// The folded names of all members there.
  private let names: Set<[UInt8]>

  /// Finds the members that may state units among the members at a path.
  init(in members: [MemberProfile], below path: [Int]) {
    names = Set(members.map(\.foldedHeading))
    for (position, member) in members.enumerated() where member.hasAllWords {
      let folded = String(decoding: member.spellings[0].foldedName, as: UTF8.self)
      if FieldUnit.isStated(byName: folded) {
        self.members.append(
          Member(
            subject: Self.subject(of: folded), path: path + [position], profile: member))
      }
    }
  }

  /// Returns the folded name of the member whose unit a member with a folded name states; empty for
  /// the unit of all.
  private static func subject(of folded: String) -> String {
    if FieldUnit.genericNames.contains(folded) { return "" }
    var subject = folded[...]
    if subject.hasPrefix("unit") {
      subject = subject.dropFirst(subject.hasPrefix("units") ? 5 : 4)
      if subject.hasPrefix("of") { subject = subject.dropFirst(2) }
    } else {
      subject = subject.dropLast(subject.hasSuffix("units") ? 5 : 4)
    }
    return namesOfAll.contains(String(subject)) ? "" : String(subject)
  }

  /// Returns the units that are stated for a field with a unit.
  ///
  /// A member states the unit of the member whose name it has, such as `width_unit` for `width`, or
  /// else of those which that name may mean. It counts before those for all values, which must
  /// agree. A member whose words are no units, such as pieces, is no statement.
  ///
  /// - Parameters:
  ///   - unit: The unit of the field.
  ///   - name: The folded name of its member.
  ///   - fieldNames: The folded names that the field may have.
  /// - Returns: The units, or why there are none.
  func answer(for unit: FieldUnit, of name: [UInt8], or fieldNames: [[UInt8]]) -> Answer {
    if unit == .percent { return .none(remark: nil) }
    let isTime = unit == .seconds
    let quantity = isTime ? Self.namesOfTimes : Self.namesOfLengths
    var (own, general, others): ([Member], [Member], [Member]) = ([], [], [])
    for member in members {
      let subject = Array(member.subject.utf8)
      let isThere = names.contains(subject)
      if subject == name || !isThere && fieldNames.contains(subject) {
        own.append(member)
      } else if subject.isEmpty || !isThere && quantity.contains(member.subject) {
        general.append(member)
      } else if member.isOfTime == isTime {
        others.append(member)
      }
    }
    let stated = unit.words.union(unit.otherWords)
    var stating = own.filter { $0.has(stated) }
    if stating.isEmpty { stating = general.filter { $0.has(stated) } }
    if !stating.isEmpty { return Self.answer(of: stating, unit) }
    if let other = others.first(where: { $0.has(unit.otherWords) }) {
      return .other("\(other.description) of another member, and no member says its unit")
    }
    let unclear = (own + general).first { !$0.words.allSatisfy(FieldUnit.isKnown) }
    return .none(remark: unclear.map { $0.description + ", which is no known unit" })
  }

  /// Returns the units that some members state for the same value.
  private static func answer(of stating: [Member], _ unit: FieldUnit) -> Answer {
    func statement(of units: Set<String>, isInches: Bool) -> Statement? {
      let members = stating.map { member in
        (path: member.path, words: member.words.filter { units.contains($0.lowercased()) })
      }
      guard members.allSatisfy({ !$0.words.isEmpty }) else { return nil }
      return Statement(
        members: members, isInches: isInches, name: Violation.quoted(stating[0].profile.name))
    }
    let inches =
      unit == .millimeters ? statement(of: FieldUnit.inches, isInches: true) : nil
    let same = statement(of: unit.words, isInches: false)
    let found = [inches, same].compactMap { $0 }
    if found.isEmpty {
      return .other(
        stating.count == 1 ? stating[0].description : "the members that state units do not agree")
    }
    // It is undecided which of several members that state both units is about the value.
    if found.count > 1, stating.count > 1 { return .other("several members state several units") }
    let convertible = Set(found.flatMap { $0.members[0].words })
    return .stated(
      found,
      Remainder(
        name: found[0].name, words: stating[0].words.filter { !convertible.contains($0) },
        statedCount: stating[0].profile.givenCount))
  }
}
