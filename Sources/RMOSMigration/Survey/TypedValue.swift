import RMOSModels

/// Recognizes values that programs write in an object that states their type, or as the only
/// element of a list: `{"$numberInt": "2"}`, `{"S": "Rope"}`, `{"#text": "Rope", "@lang": "de"}`,
/// `["3"]`.
enum TypedValue {
  /// The names of members that hold the value, in addition to all that begin with `$` (MongoDB
  /// Extended JSON).
  private static let namesOfValues = Set([
    // XML as JSON, by several programs.
    "#text", "_text", "_",
    // Clients of Firestore; protocol buffers.
    "_seconds", "seconds",
    // RethinkDB, JSON-LD, and dates and lists of Windows PowerShell.
    "epoch_time", "@value", "value",
  ]).union(TypedNotation.dynamoDB.namesOfScalars).union(TypedNotation.firestore.namesOfScalars)
  /// The names of members that say that there is no value, in DynamoDB and Firestore.
  private static let namesOfNothing: Set<String> = ["NULL", "nullValue"]
  /// The names of the other members of such objects, in addition to all that begin with `@`
  /// (attributes in XML).
  private static let namesOfNotes: Set<String> = [
    "_attributes", "$ref", "$db", "_nanoseconds", "nanoseconds", "nanos", "$reql_type$",
    "timezone", "DisplayHint", "DateTime", "Count",
  ]

  /// Returns the forms of a member's values, each with its place.
  ///
  /// Values in objects and lists come before plain ones, since a mapping takes the first source
  /// that is there. A member whose objects and lists are not typed values has one form, itself.
  static func forms(
    at path: [Int], _ member: MemberProfile
  ) -> [(path: [Int], value: MemberProfile)] {
    let places = places(in: member)
    guard !places.isEmpty else { return [(path, member)] }
    let own = member.without(member.onlyElement == nil ? .object : .list)
    return places.flatMap { forms(at: path + [$0], member.members[$0]) }
      + (own.givenCount > 0 ? [(path, own)] : [])
  }

  /// Returns the notation of a member's objects if they hold objects or lists in which every value
  /// is typed, which no mapping can read; `nil` otherwise.
  static func notation(ofContainersIn member: MemberProfile) -> TypedNotation? {
    guard member.members.count == 1, let inner = member.members.first,
      inner.types[.object] == inner.count || inner.types[.list] == inner.count
    else { return nil }
    return TypedNotation.allCases.first { $0.namesOfContainers.contains(inner.name) }
  }

  /// Returns the positions of the members that hold the values; none unless each object and list
  /// holds one.
  private static func places(in member: MemberProfile) -> [Int] {
    if member.onlyElement != nil { return [0] }
    var (places, count) = ([Int](), 0)
    for (place, inner) in member.members.enumerated() where !inner.isElement {
      switch role(of: inner) {
      case .value:
        places.append(place)
        count += inner.count
      case .nothing: count += inner.count
      case .note: continue
      case nil: return []
      }
    }
    return count == member.types[.object] ? places : []
  }

  private enum Role {
    case value, nothing, note
  }

  private static func role(of member: MemberProfile) -> Role? {
    let name = member.name
    // xml2js writes attributes under the name under which others write the value.
    if name == "$" { return member.types[.object] == nil ? .value : .note }
    if namesOfValues.contains(name) { return .value }
    if namesOfNothing.contains(name) { return .nothing }
    if namesOfNotes.contains(name) || name.hasPrefix("@") { return .note }
    return name.hasPrefix("$") ? .value : nil
  }
}

/// The place of the values of a member: the member itself, or a member of the object or list in it.
struct ValueSource {
  private static let namesOfIDs = ["id", "uuid", "uid", "guid", "ref"]

  /// The path to the values.
  let path: [Int]
  /// The member whose name says what the values mean.
  let named: MemberProfile
  /// The values.
  let value: MemberProfile
  /// Whether the values are the ids of objects, as in `"pattern": {"id": "p-1"}`.
  var isID = false

  /// Whether different objects have the same value.
  var repeats: Bool { value.repeats || named.repeats }

  /// Returns the sources of a member at a path.
  static func all(at path: [Int], _ member: MemberProfile) -> [ValueSource] {
    let forms = TypedValue.forms(at: path, member)
    var sources = forms.map { ValueSource(path: $0.path, named: member, value: $0.value) }
    for form in forms {
      for (position, inner) in form.value.members.enumerated() {
        let name = String(decoding: inner.spellings[0].foldedName, as: UTF8.self)
        guard namesOfIDs.contains(name) else { continue }
        sources += TypedValue.forms(at: form.path + [position], inner).map {
          ValueSource(path: $0.path, named: member, value: $0.value, isID: true)
        }
      }
    }
    return sources
  }

  /// The sources of a member for a field that is JSON: its objects and lists as they are, unless
  /// they are typed values that hold the JSON.
  static func all(
    at path: [Int], _ member: MemberProfile, holding shape: FieldType.JSONShape
  ) -> [ValueSource] {
    let sources = all(at: path, member).filter { !$0.isID }
    let mayBeWhole = shape == .object ? member.types[.object] != nil : member.onlyElement != nil
    let holdsText = sources.contains { source in
      (shape == .object ? source.value.objectsInText : source.value.listsInText) > 0
    }
    if mayBeWhole, !holdsText { return [ValueSource(path: path, named: member, value: member)] }
    return sources
  }
}
