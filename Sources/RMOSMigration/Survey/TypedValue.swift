import RMOSModels

/// Values that programs write within an object that says their type, or as the only element of a
/// list: `{"$numberInt": "2"}`, `{"S": "Rope"}`, `{"#text": "Rope", "@lang": "de"}`, `["3"]`.
enum TypedValue {
  /// The names of the members that hold a value; all that begin with `$` do, too (MongoDB Extended
  /// JSON).
  private static let namesOfValues: Set<String> = [
    // XML as JSON, by several programs.
    "#text", "_text", "_",
    // DynamoDB.
    "S", "N", "BOOL",
    // Firestore over REST, and its clients; protocol buffers.
    "stringValue", "integerValue", "doubleValue", "booleanValue", "timestampValue", "_seconds",
    "seconds",
    // RethinkDB, JSON-LD, and Windows PowerShell, which writes dates and lists so.
    "epoch_time", "@value", "value",
  ]
  /// The names of the members next to them; all that begin with `@` are, too (attributes in XML).
  private static let namesOfNotes: Set<String> = [
    "_attributes", "$ref", "$db", "_nanoseconds", "nanoseconds", "nanos", "$reql_type$",
    "timezone", "DisplayHint", "DateTime", "Count",
  ]

  /// The values of a member, each form with its place: those within its objects and lists before
  /// those that are its own, since a mapping takes the first that is there.
  ///
  /// The member as it is, if its objects and lists are no typed values.
  static func forms(
    at path: [Int], _ member: MemberProfile
  ) -> [(path: [Int], value: MemberProfile)] {
    let places = places(in: member)
    guard !places.isEmpty else { return [(path, member)] }
    let own = member.without(member.onlyElement == nil ? .object : .list)
    return places.flatMap { forms(at: path + [$0], member.members[$0]) }
      + (own.givenCount > 0 ? [(path, own)] : [])
  }

  /// Whether a member's objects say that they are an object or a list, whose values are typed, too.
  static func isTypedJSON(_ member: MemberProfile) -> Bool {
    member.members.count == 1
      && ["M", "L", "mapValue", "arrayValue"].contains(member.members[0].name)
  }

  /// Which members of a member hold its values, if each of its objects and lists holds one.
  private static func places(in member: MemberProfile) -> [Int] {
    if member.onlyElement != nil { return [0] }
    var (places, count) = ([Int](), 0)
    for (place, inner) in member.members.enumerated() where !inner.isElement {
      switch role(of: inner) {
      case .value:
        places.append(place)
        count += inner.count
      case .note: continue
      case nil: return []
      }
    }
    return count == member.types[.object] ? places : []
  }

  private enum Role {
    case value, note
  }

  private static func role(of member: MemberProfile) -> Role? {
    let name = member.name
    // xml2js writes attributes under the name under which others write the value.
    if name == "$" { return member.types[.object] == nil ? .value : .note }
    if namesOfValues.contains(name) { return .value }
    if namesOfNotes.contains(name) || name.hasPrefix("@") { return .note }
    return name.hasPrefix("$") ? .value : nil
  }
}
