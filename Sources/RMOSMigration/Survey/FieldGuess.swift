import RMOSModels

/// Which member of a shape a field may be, and how its values become the field's.
struct FieldGuess {
  /// How sure a guess is, the surest first.
  enum Strength: Int, Comparable {
    case exact, otherName, spelling, alias

    static func < (left: Strength, right: Strength) -> Bool { left.rawValue < right.rawValue }
  }

  /// How values become those of the field.
  struct Conversion {
    /// The word for the conversion in a mapping; `nil` if values are taken unchanged.
    var word: String?
    var hasDecimalComma = false
    /// Whether the field is how many elements there are.
    var isCount = false
    /// Words, and the values that replace them.
    var values: [(word: String, value: String)] = []
    /// Why, as a clause.
    var reason: String?

    var isNeeded: Bool { word != nil || isCount || !values.isEmpty }
  }

  let field: Int
  /// Where the member is: its position among the object's members, then among those of that member.
  let path: [Int]
  /// The member's name, folded.
  private let name: [UInt8]
  /// Whether it is in a member that holds the entity.
  private var isHeld = false
  let strength: Strength
  let conversion: Conversion
  /// Why the member is thought to be the field; `nil` if it bears its name.
  let reason: String?

  /// The reasons for the guess in one sentence; `nil` if there are none.
  var explanation: String? {
    let clauses = [reason, conversion.reason].compactMap { $0 }
    return clauses.isEmpty ? nil : clauses.joined(separator: "; ")
  }
}

extension FieldGuess {
  /// Names that are usual elsewhere, by the field that they mean; without case, `_`, `-` and
  /// spaces, the likeliest first.
  private static let aliases: [String: [String]] = [
    "id": ["uuid", "uid", "guid", "pk", "key", "identifier", "ref"],
    "name": ["title", "label", "patternname", "familyname", "displayname"],
    "created_at": [
      "created", "createdon", "creationdate", "datecreated", "createdtime", "timestamp", "date",
    ],
    "updated_at": [
      "updated", "updatedon", "modified", "modifiedat", "lastmodified", "changed", "lastupdated",
    ],
    "metadata": ["meta", "extra", "info", "attributes", "properties", "tags"],
    "material_type": ["material", "wood", "species", "woodtype", "materialname"],
    "strip_width_mm": [
      "stripwidth", "widthmm", "width", "stripwidthin", "widthin", "stripwidthinches",
      "widthinches",
    ],
    "strip_thickness_mm": [
      "stripthickness", "thicknessmm", "thickness", "stripthicknessin", "thicknessin",
      "stripthicknessinches", "thicknessinches",
    ],
    "strips": ["pieces", "striplist", "items", "sticks"],
    "ring_count": ["rings", "numrings", "nrings", "numberofrings", "ringnumber", "ringscount"],
    "geometry": ["geom", "shape", "layout", "design"],
    "rosette_geometry": ["rosette", "rosettegeom"],
    "strip_family_id": ["stripfamily", "familyid", "family"],
    "pattern_type": ["type", "patternkind", "kind", "style"],
    "pattern_id": ["pattern", "patternref", "planpatternid"],
    "job_type": ["type", "jobkind", "kind", "operation", "optype", "op", "task"],
    "parameters": [
      "params", "settings", "config", "configuration", "options", "args", "arguments",
    ],
    "status": ["state", "jobstatus", "jobstate", "outcome"],
    "start_time": [
      "started", "startedat", "start", "begin", "begun", "begintime", "starttimestamp",
    ],
    "end_time": [
      "ended", "endedat", "end", "finished", "finishedat", "completedat", "stop", "endtimestamp",
    ],
    "duration_seconds": [
      "duration", "durations", "seconds", "elapsed", "elapsedseconds", "runtime", "took", "secs",
    ],
    "results": ["result", "output", "outputs", "outcomes"],
  ]

  /// Finds which members of a shape are which fields of a kind: the surest first, no member twice.
  ///
  /// Where one member holds the entity, as in `{"id": "rec1", "fields": {…}}`, its members count
  /// before those next to it.
  static func all(in shape: ShapeCollector.Shape, as kind: EntityKind) -> [FieldGuess] {
    let own = all(among: shape.members, in: shape, as: kind)
    var inner: [FieldGuess] = []
    var (holder, best) = (-1, max(score(of: own, as: kind), leastScoreOfHolder))
    for (position, member) in shape.members.enumerated() {
      let isField = kind.schema.fields.contains {
        member.spellings[0].elementsEqual($0.member.utf8)
      }
      guard !isField, member.types[.object, default: 0] * 2 > shape.count else { continue }
      let guesses = all(among: member.members, below: [position], in: shape, as: kind)
      let score = score(of: guesses, as: kind)
      if score > best { (holder, best, inner) = (position, score, guesses) }
    }
    for index in inner.indices { inner[index].isHeld = true }
    return inner
      + own.filter { guess in
        guess.path[0] != holder && !inner.contains { $0.field == guess.field }
      }
  }

  /// How much the members of a member must say for it to hold the entity.
  private static let leastScoreOfHolder = 0.5

  private static func all(
    among members: [MemberProfile], below path: [Int] = [], in shape: ShapeCollector.Shape,
    as kind: EntityKind
  ) -> [FieldGuess] {
    var candidates: [FieldGuess] = []
    let units = StatedUnits(in: members)
    let sources = members.indices.flatMap { Source.all(at: path + [$0], members[$0]) }
    for field in kind.schema.fields.indices {
      for source in sources where source.value.givenCount > 0 {
        if let guess = guess(field, of: kind, source, units) { candidates.append(guess) }
      }
    }
    candidates.sort { left, right in
      let (first, second) = (left.rank(in: kind), right.rank(in: kind))
      guard (left.strength, first, left.field) == (right.strength, second, right.field) else {
        return (left.strength, first, left.field) < (right.strength, second, right.field)
      }
      return left.path.lexicographicallyPrecedes(right.path)
    }
    var chosen: [FieldGuess] = []
    for guess in candidates where !chosen.contains(where: { $0.path == guess.path }) {
      let rivals = chosen.filter { $0.field == guess.field }
      // A further member of a field can only fill in for objects that lack the surer members.
      let taken = rivals.reduce(0) { $0 + shape.profile(at: $1.path).givenCount }
      guard
        rivals.isEmpty || taken + shape.profile(at: guess.path).givenCount <= shape.count
      else { continue }
      // All members of a field share one conversion.
      if let first = rivals.first,
        first.conversion.word != guess.conversion.word || first.conversion.isCount
      {
        continue
      }
      chosen.append(guess)
    }
    return chosen
  }

  /// How much the members of a shape say for a kind: 1 if it has all that the kind alone has.
  ///
  /// Without the catalog of the kinds to tell apart, what all kinds have counts too.
  static func score(
    of guesses: [FieldGuess], as kind: EntityKind, in catalog: EntityCatalog? = nil
  ) -> Double {
    let schema = kind.schema
    var (score, whole) = (0.0, 0.0)
    for (position, field) in schema.fields.enumerated() {
      let others = catalog?.kinds.count {
        $0 != kind && $0.schema.position(ofMember: field.member) != nil
      }
      // A field that all kinds have does not tell them apart.
      let isCommon = others.map { $0 >= 2 } ?? !field.isRequired
      let weight = isCommon ? 0.0 : (field.isRequired ? 1.0 : 0.4) / Double(1 + (others ?? 0))
      if field.isRequired { whole += weight }
      guard let guess = guesses.first(where: { $0.field == position }) else { continue }
      score += weight * [1, 0.9, 0.85, 0.5][guess.strength.rawValue]
    }
    guard whole > 0 else { return 0 }
    // What seems to hold an entity may also be a dictionary with one.
    return min(score / whole, 1) * (guesses.contains(where: \.isHeld) ? 0.9 : 1)
  }

  /// Where among a field's aliases the name is.
  private func rank(in kind: EntityKind) -> Int {
    guard strength == .alias else { return 0 }
    let names = Self.aliases[kind.schema.fields[field].member] ?? []
    return names.firstIndex(of: String(decoding: name, as: UTF8.self)) ?? names.count
  }

  private static func guess(
    _ position: Int, of kind: EntityKind, _ source: Source, _ units: StatedUnits
  ) -> FieldGuess? {
    let schema = kind.schema
    let field = schema.fields[position]
    if source.isID {
      guard case .reference = field.type else { return nil }
    }
    let profile = source.named
    let folded = profile.spellings[0].foldedName
    let shown = Violation.quoted(profile.name)
    let others = schema.otherNames.filter { $0.field == position }
    var strength: Strength
    var reason: String?
    var isInInches = field.member.hasSuffix("_mm") && isInInches(folded)
    if profile.spellings.contains(where: { $0.elementsEqual(field.member.utf8) }) {
      strength = .exact
    } else if folded == Array(field.member.utf8).foldedName {
      strength = .spelling
      reason = "\(shown) is \(field.member) in another spelling"
    } else if others.contains(where: { $0.member.utf8.elementsEqual(profile.spellings[0]) }) {
      strength = .otherName
      reason = "\(shown) is another name of \(field.member)"
    } else if others.contains(where: { Array($0.member.utf8).foldedName == folded }) {
      strength = .spelling
      reason = "\(shown) is another name of \(field.member), in another spelling"
    } else if let aliases = aliases[field.member],
      aliases.contains(where: { $0.utf8.elementsEqual(folded) })
    {
      strength = .alias
      reason =
        "\(shown) is a usual name for \(field.member)" + (isInInches ? ", in inches" : "")
      if let unit = unit(of: field), !namesUnit(folded) {
        switch units.unit(of: field, named: folded) {
        case nil: reason?.append(", whose unit is taken to be \(unit)")
        case .own(let member): reason?.append(", in \(unit), as \(member) says")
        case .inches(let member):
          isInInches = true
          reason?.append(", in inches, as \(member) says")
        // No conversion asks for it.
        case .other: return nil
        }
      }
    } else {
      return nil
    }
    guard let conversion = conversion(of: source.value, to: field, inInches: isInInches) else {
      return nil
    }
    return FieldGuess(
      field: position, path: source.path, name: folded, strength: strength,
      conversion: conversion, reason: reason)
  }

  /// The unit of a field's values, which its name ends with.
  fileprivate static func unit(of field: FieldSchema) -> String? {
    if field.member.hasSuffix("_mm") { return "mm" }
    return field.member.hasSuffix("_seconds") ? "seconds" : nil
  }

  /// Whether a folded name ends with a unit.
  private static func namesUnit(_ folded: [UInt8]) -> Bool {
    let name = String(decoding: folded, as: UTF8.self)
    return isInInches(folded) || ["mm", "seconds", "secs"].contains { name.hasSuffix($0) }
  }

  /// How a member's values become a field's; `nil` if most of them cannot.
  private static func conversion(
    of profile: MemberProfile, to field: FieldSchema, inInches: Bool
  ) -> Conversion? {
    let given = profile.givenCount
    func type(_ type: SurveyReport.ValueType) -> Int { profile.types[type, default: 0] }
    func most(_ count: Int) -> Bool { count * 2 >= given && count > 0 }
    switch field.type {
    case .text(let rule):
      guard most(type(.text) + type(.number)) else { return nil }
      if !rule.knownValues.isEmpty, rule.unknownValue == .error {
        return words(of: profile, known: rule.knownValues)
      }
      // An id that is an integer needs no conversion.
      guard type(.number) > 0, field.member != "id" else { return Conversion() }
      return Conversion(word: "text", reason: "numbers become text")
    case .reference:
      guard most(type(.text) + type(.number)) else { return nil }
      guard type(.number) > 0 else { return Conversion() }
      return Conversion(word: "text", reason: "ids that are numbers become text")
    case .integer, .real:
      if case .integer = field.type, most(type(.list)) {
        return Conversion(isCount: true, reason: "its elements are counted")
      }
      guard most(type(.number) + profile.numbersInText + profile.commaNumbersInText) else {
        return nil
      }
      return numbers(of: profile, inInches: inInches)
    case .timestamp:
      guard most(profile.timestamps + profile.epochSeconds + profile.epochMilliseconds) else {
        return nil
      }
      return times(of: profile)
    case .json(let shape, _, _):
      let (values, texts) =
        shape == .object
        ? (type(.object), profile.objectsInText) : (type(.list), profile.listsInText)
      guard most(values + texts) else { return nil }
      guard texts > 0 else { return Conversion() }
      return Conversion(word: "json", reason: "JSON is written as text")
    }
  }

  /// What numbers become that are written as text, or in inches.
  private static func numbers(of profile: MemberProfile, inInches: Bool) -> Conversion {
    let isComma = profile.commaNumbersInText > 0 && profile.numbersInText == 0
    var result = Conversion(hasDecimalComma: isComma)
    if inInches {
      result.word = "inches"
    } else if profile.numbersInText + profile.commaNumbersInText > 0 {
      result.word = "number"
      result.reason =
        "numbers are written as text" + (isComma ? ", with a comma for the point" : "")
    }
    return result
  }

  /// What times become that are numbers.
  private static func times(of profile: MemberProfile) -> Conversion {
    switch (profile.epochSeconds > 0, profile.epochMilliseconds > 0) {
    case (false, false): Conversion()
    case (true, false):
      Conversion(word: "epoch-seconds", reason: "numbers of that size are seconds since 1970")
    case (false, true):
      Conversion(
        word: "epoch-milliseconds", reason: "numbers of that size are milliseconds since 1970")
    case (true, true):
      Conversion(
        word: "epoch", reason: "numbers of that size are seconds or milliseconds since 1970")
    }
  }

  private static func isInInches(_ folded: [UInt8]) -> Bool {
    let name = String(decoding: folded, as: UTF8.self)
    return name.hasSuffix("in") || name.hasSuffix("inch") || name.hasSuffix("inches")
  }

  /// The conversion of words that name states; `nil` if the words do not.
  private static func words(of profile: MemberProfile, known: [String]) -> Conversion? {
    guard profile.hasAllWords else { return nil }
    var values: [(word: String, value: String)] = []
    var placed = 0
    for word in profile.words {
      let text = String(decoding: word, as: UTF8.self)
      let folded = String(decoding: word.foldedName, as: UTF8.self)
      if known.contains(text) {
        placed += 1
      } else if let value = known.first(where: { $0 == folded })
        ?? JobStatus.otherWords[folded]?.rawValue,
        known.contains(value)
      {
        placed += 1
        values.append((text, value))
      }
    }
    guard placed > 0 else { return nil }
    let pairs = values.prefix(6).map { "\(Violation.quoted($0.word)) is taken for \($0.value)" }
    return Conversion(
      values: values, reason: pairs.isEmpty ? nil : pairs.joined(separator: ", "))
  }
}

/// Where the values of a member are: in the member itself, or in an object that it holds.
private struct Source {
  private static let namesOfIDs = ["id", "uuid", "uid", "guid", "ref"]

  /// Where the values are.
  let path: [Int]
  /// The member whose name says what the values mean.
  let named: MemberProfile
  let value: MemberProfile
  /// Whether it is the id of the object that the member holds, as in `"pattern": {"id": "p-1"}`.
  var isID = false

  static func all(at path: [Int], _ member: MemberProfile) -> [Source] {
    let (place, value) = unwrapped(path, member)
    var sources = [Source(path: place, named: member, value: value)]
    for (position, inner) in value.members.enumerated() {
      let name = String(decoding: inner.spellings[0].foldedName, as: UTF8.self)
      guard namesOfIDs.contains(name) else { continue }
      let (place, value) = unwrapped(place + [position], inner)
      sources.append(Source(path: place, named: member, value: value, isID: true))
    }
    return sources
  }

  /// The value that an object says the type of, as in `{"$date": {"$numberLong": "1700000000000"}}`
  /// (MongoDB Extended JSON).
  private static func unwrapped(
    _ path: [Int], _ member: MemberProfile
  ) -> (path: [Int], value: MemberProfile) {
    guard member.members.count == 1, member.members[0].spellings[0].first == UInt8(ascii: "$"),
      member.members[0].count == member.givenCount
    else { return (path, member) }
    return unwrapped(path + [0], member.members[0])
  }
}

/// The units that members of a shape state for the values of others.
private struct StatedUnits {
  /// A unit, and the member that states it.
  enum Unit {
    /// The unit of the field.
    case own(String)
    case inches(String)
    /// Another unit, or several.
    case other

    func isSame(as unit: Unit) -> Bool {
      switch (self, unit) {
      case (.own, .own), (.inches, .inches): true
      default: false
      }
    }
  }

  private static let names = ["uom", "einheit", "einheiten"]
  private static let millimetres = [
    "mm", "millimeter", "millimeters", "millimetre", "millimetres",
  ]
  private static let inches = ["in", "inch", "inches", "\"", "zoll"]
  private static let seconds = ["s", "sec", "secs", "second", "seconds", "sekunden"]

  private var members: [(folded: String, profile: MemberProfile)] = []

  init(in members: [MemberProfile]) {
    for member in members where member.givenCount > 0 {
      let folded = String(decoding: member.spellings[0].foldedName, as: UTF8.self)
      if folded.hasPrefix("unit") || folded.hasSuffix("unit") || folded.hasSuffix("units")
        || Self.names.contains(folded)
      {
        self.members.append((folded, member))
      }
    }
  }

  /// The unit that is stated for a field, given the folded name of its member; `nil` if none is.
  ///
  /// A member that bears the other's name counts before those that may be about any; these must
  /// agree.
  func unit(of field: FieldSchema, named name: [UInt8]) -> Unit? {
    let isTime = field.member.hasSuffix("_seconds")
    let own = members.filter { folded, _ in
      folded.hasPrefix(String(decoding: name, as: UTF8.self)) && !folded.hasPrefix("unit")
    }
    let any = members.filter { folded, _ in
      let isOfTime = folded.contains("time") || folded.contains("duration")
      return folded.hasPrefix("unit") || Self.names.contains(folded) || isOfTime == isTime
    }
    let found = (own.isEmpty ? any : own).map { unit(in: $0.profile, isTime: isTime) }
    guard let first = found.first else { return nil }
    return found.allSatisfy { $0.isSame(as: first) } ? first : .other
  }

  private func unit(in profile: MemberProfile, isTime: Bool) -> Unit {
    guard profile.hasAllWords, profile.words.count == 1 else { return .other }
    let word = String(decoding: profile.words[0], as: UTF8.self).lowercased()
    let shown = Violation.quoted(profile.name)
    if isTime { return Self.seconds.contains(word) ? .own(shown) : .other }
    if Self.millimetres.contains(word) { return .own(shown) }
    return Self.inches.contains(word) ? .inches(shown) : .other
  }
}
