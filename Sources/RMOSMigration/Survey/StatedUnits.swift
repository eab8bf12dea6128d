import RMOSModels

/// The units that members of a shape state for the values of others.
struct StatedUnits {
  /// A unit that objects state, and how they state it.
  struct Statement {
    /// The members that state it, each with the words for it that were met.
    let members: [(path: [Int], words: [String])]
    let isInches: Bool
    /// The first member's name, for people.
    let name: String
  }

  /// What is known about the unit of a value.
  enum Answer {
    /// No member states a unit; `remark` is about one that might.
    case none(remark: String?)
    /// The units that are stated: inches, the field's own, or each by some objects.
    case stated([Statement])
    /// Only units that nothing converts, or several that do not agree; the value says why.
    case other(String)
  }

  private struct Member {
    let folded: String
    let path: [Int]
    let profile: MemberProfile
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

  /// What is stated for a field, given the folded name of its member.
  ///
  /// A member that bears the other's name counts before those that may be about any; these must
  /// agree. One whose words are no units, such as pieces, says nothing.
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
    let (known, unknown, others) =
      isTime
      ? (Self.seconds, Self.otherTimes, LengthUnit.millimetres.union(LengthUnit.inches))
      : (LengthUnit.millimetres.union(LengthUnit.inches), LengthUnit.others, Self.seconds)
    func words(_ member: Member) -> [String] {
      member.profile.words.map { String(decoding: $0, as: UTF8.self) }
    }
    func states(_ member: Member) -> Bool {
      words(member).contains {
        known.contains($0.lowercased()) || unknown.contains($0.lowercased())
      }
    }
    let stating = own.contains(where: states) ? own.filter(states) : any.filter(states)
    guard let first = stating.first else {
      let unclear = (own + any).first { member in
        !words(member).allSatisfy {
          others.contains($0.lowercased()) || LengthUnit.others.contains($0.lowercased())
            || Self.otherTimes.contains($0.lowercased())
        }
      }
      return .none(remark: unclear.map { Self.says($0.profile) + ", which is no known unit" })
    }
    let shown = Violation.quoted(first.profile.name)
    func statement(_ isMeant: (String) -> Bool, isInches: Bool) -> Statement? {
      let members = stating.map { member in
        (path: member.path, words: words(member).filter { isMeant($0.lowercased()) })
      }
      guard members.allSatisfy({ !$0.words.isEmpty }) else { return nil }
      return Statement(members: members, isInches: isInches, name: shown)
    }
    let inches = isTime ? nil : statement(LengthUnit.inches.contains, isInches: true)
    let same = statement((isTime ? Self.seconds : LengthUnit.millimetres).contains, isInches: false)
    let found = [inches, same].compactMap { $0 }
    if found.isEmpty {
      return .other(
        stating.count == 1
          ? Self.says(first.profile) : "the members that state units do not agree")
    }
    // Of several members that state each, it is open which belongs to the value.
    if found.count > 1, stating.count > 1 { return .other("several members state several units") }
    return .stated(found)
  }

  /// What a member says, for people.
  private static func says(_ profile: MemberProfile) -> String {
    let words = profile.words.prefix(3).map { word in
      Violation.quoted(String(decoding: word, as: UTF8.self))
    }
    return "\(Violation.quoted(profile.name)) says \(words.joined(separator: ", "))"
  }
}
