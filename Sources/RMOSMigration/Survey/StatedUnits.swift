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
    case stated([Statement])
    /// A unit that cannot be converted is stated, or several that do not agree; the value says why.
    case other(String)
  }

  /// A member that may state a unit.
  private struct Member {
    let folded: String
    let path: [Int]
    let profile: MemberProfile

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

  private static let seconds: Set = [
    "s", "sec", "secs", "second", "seconds", "sekunde", "sekunden", "seconde", "secondes",
    "secondi", "segundo", "segundos",
  ]
  private static let otherTimes: Set = [
    "ms", "msec", "millisecond", "milliseconds", "millisekunden", "m", "min", "mins", "minute",
    "minutes", "minuten", "minuti", "minutos", "h", "hr", "hrs", "hour", "hours", "std",
    "stunde", "stunden", "heure", "heures", "ore", "horas", "d", "day", "days", "tag", "tage",
  ]

  private var members: [Member] = []

  /// Finds the members that may state units among the members at a path.
  init(in members: [MemberProfile], below path: [Int]) {
    for (position, member) in members.enumerated() where member.hasAllWords {
      let folded = String(decoding: member.spellings[0].foldedName, as: UTF8.self)
      if LengthUnit.isStated(byName: folded) {
        self.members.append(Member(folded: folded, path: path + [position], profile: member))
      }
    }
  }

  /// Returns the units that are stated for a field whose member has a folded name.
  ///
  /// A statement whose name begins with that of the member counts before general ones, which must
  /// agree. A member whose words are no units, such as pieces, is no statement.
  func unit(of field: FieldSchema, named name: [UInt8]) -> Answer {
    let isTime = field.member.hasSuffix("_seconds")
    let own = members.filter { member in
      member.folded.hasPrefix(String(decoding: name, as: UTF8.self))
        && !member.folded.hasPrefix("unit")
    }
    let any = members.filter { member in
      let isOfTime = member.folded.contains("time") || member.folded.contains("duration")
      return member.folded.hasPrefix("unit") || LengthUnit.genericNames.contains(member.folded)
        || isOfTime == isTime
    }
    let lengths = LengthUnit.millimetres.union(LengthUnit.inches)
    let stated =
      isTime ? Self.seconds.union(Self.otherTimes) : lengths.union(LengthUnit.others)
    var stating = own.filter { $0.has(stated) }
    if stating.isEmpty { stating = any.filter { $0.has(stated) } }
    if !stating.isEmpty { return Self.answer(of: stating, isTime: isTime) }
    let known = (isTime ? lengths : Self.seconds).union(LengthUnit.others).union(Self.otherTimes)
    let unclear = (own + any).first { member in
      !member.words.allSatisfy { known.contains($0.lowercased()) }
    }
    return .none(remark: unclear.map { $0.description + ", which is no known unit" })
  }

  /// Returns the units that some members state for the same value.
  private static func answer(of stating: [Member], isTime: Bool) -> Answer {
    func statement(of units: Set<String>, isInches: Bool) -> Statement? {
      let members = stating.map { member in
        (path: member.path, words: member.words.filter { units.contains($0.lowercased()) })
      }
      guard members.allSatisfy({ !$0.words.isEmpty }) else { return nil }
      return Statement(
        members: members, isInches: isInches, name: Violation.quoted(stating[0].profile.name))
    }
    let inches = isTime ? nil : statement(of: LengthUnit.inches, isInches: true)
    let same = statement(of: isTime ? seconds : LengthUnit.millimetres, isInches: false)
    let found = [inches, same].compactMap { $0 }
    if found.isEmpty {
      return .other(
        stating.count == 1 ? stating[0].description : "the members that state units do not agree")
    }
    // It is undecided which of several members that state both units is about the value.
    if found.count > 1, stating.count > 1 { return .other("several members state several units") }
    return .stated(found)
  }
}
