import RMOSModels

/// A guess that a member of a shape is a field, and how its values are to be converted.
struct FieldGuess {
  /// How a member's name is related to the field, the surest relation first.
  enum Strength: Int, Comparable {
    /// The name of the field, another name of it, one of these in another spelling, or a name that
    /// is usual elsewhere.
    case exact, otherName, spelling, alias

    static func < (left: Strength, right: Strength) -> Bool { left.rawValue < right.rawValue }
  }

  /// The conversion of the values in objects that state a unit.
  struct UnitCase {
    let statement: StatedUnits.Statement
    let conversion: FieldConversion
    let reason: String
  }

  /// A member that seems to be a field, but is not read as such in all objects, or not understood.
  struct OpenMember {
    let field: Int
    let path: [Int]
    /// The reason, as a sentence without its period.
    let reason: String
    /// Whether there is a guess about the field: it is another member in some of the objects, or
    /// this one.
    var isBesideGuess = false
  }

  /// The fields that the members of a shape seem to be.
  struct Findings {
    /// The guesses, the surest first, with at most one for each member.
    var guesses: [FieldGuess] = []
    /// The members that are left to the user.
    var open: [OpenMember] = []
  }

  let field: Int
  /// Where the member is: its position among the object's members, then among those of that member.
  let path: [Int]
  /// The member's folded name.
  private let name: [UInt8]
  /// The number of objects with a value there that is not null.
  private let givenCount: Int
  /// Whether the member is in a member that holds the entity.
  private(set) var isHeld = false
  /// Whether it is the id of objects in a dictionary whose keys are something else.
  private(set) var replacesKey = false
  /// Whether the member has the field's name, so that it is read as the field, but most of its
  /// values are none that the field may have.
  private(set) var isUnfit = false
  /// Whether the name is that of the field only without the punctuation of a heading.
  private(set) var isHeading = false
  let strength: Strength
  private(set) var conversion: FieldConversion
  /// Why the member is thought to be the field; `nil` if it only has the field's name.
  private(set) var reason: String?
  /// The conversions for the units that objects state; empty if none is stated.
  private(set) var units: [UnitCase] = []
  /// Whether the unit is that of the field only because nothing says another.
  private var isUnitAssumed = false

  /// The reasons for the guess and its conversion; `nil` if there are none.
  var explanation: String? {
    let clauses = [reason, conversion.reason].compactMap { $0 }
    return clauses.isEmpty ? nil : clauses.joined(separator: "; ")
  }

  /// The guess for the objects that state each unit; the guess itself if none is stated.
  var byUnit: [FieldGuess] {
    if units.isEmpty { return [self] }
    return units.map { unit in
      var guess = self
      (guess.conversion, guess.reason, guess.units) = (unit.conversion, unit.reason, [unit])
      return guess
    }
  }

  /// Whether its name has a unit, or objects state one.
  private var hasUnit: Bool { !units.isEmpty || Self.namesUnit(name) }

  /// Whether one source of a rule, which has one conversion, can read this member and another.
  func sharesSource(with other: FieldGuess) -> Bool {
    units.isEmpty && other.units.isEmpty && conversion.isCompatible(with: other.conversion)
  }
}

extension FieldGuess {
  /// Folded names that are usual elsewhere, by field: the likeliest first, and names with a unit
  /// before those without one.
  private static let aliases = Dictionary(
    uniqueKeysWithValues: usualNames.map { member, names in
      let units = FieldUnit(ofFieldNamed: member).flatMap { unitsInNames[$0] } ?? []
      let bare = names.filter { !namesUnit(Array($0.utf8)) }
      return (member, units.flatMap { unit in bare.map { $0 + unit } } + names)
    })
  /// The units of which a name may have one at its end, by the unit of the field.
  private static let unitsInNames: [FieldUnit: [String]] = [
    .millimeters: ["mm", "in", "inch", "inches"], .seconds: ["s", "sec", "secs", "seconds"],
  ]
  /// Folded names that are usual elsewhere, by field: the likeliest first.
  private static let usualNames: [String: [String]] = [
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
    "strip_width_mm": ["stripwidth", "width"],
    "strip_thickness_mm": ["stripthickness", "thickness"],
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
    "duration_seconds": ["seconds", "secs", "duration", "elapsed", "runtime", "took"],
    "results": ["result", "output", "outputs", "outcomes"],
  ]

  /// Whether a member with a folded name may be an id, whose values must not repeat.
  static func mayBeID(named folded: [UInt8]) -> Bool {
    folded.elementsEqual("id".utf8)
      || (aliases["id"] ?? []).contains { $0.utf8.elementsEqual(folded) }
  }

  /// The names by which a field is known, folded.
  static func names(of position: Int, in schema: EntitySchema) -> [[UInt8]] {
    let member = schema.fields[position].member
    let others = schema.otherNames.filter { $0.field == position }.map(\.member)
    return ([member] + others + (aliases[member] ?? [])).map { Array($0.utf8).foldedName }
  }

  /// Returns the guesses of ``findings(in:as:)``.
  static func all(in shape: ShapeCollector.Shape, as kind: EntityKind) -> [FieldGuess] {
    findings(in: shape, as: kind).guesses
  }

  /// Finds the members of a shape that seem to be fields of a kind.
  ///
  /// If a member holds the entity, as in `{"id": "rec1", "fields": {…}}`, the members in it count
  /// before those next to it.
  static func findings(in shape: ShapeCollector.Shape, as kind: EntityKind) -> Findings {
    let decimals = shape.decimals
    let own = findings(among: shape.members, in: shape, as: kind, decimals)
    var inner = Findings()
    var (holder, best) = (-1, max(score(of: own, as: kind), leastScoreOfHolder))
    for (position, member) in shape.members.enumerated() {
      let isField = kind.schema.fields.contains {
        member.spellings[0].elementsEqual($0.member.utf8)
      }
      guard !isField, !namesOfThePast.contains(member.name),
        member.types[.object, default: 0] * 2 > shape.count
      else { continue }
      let found = findings(among: member.members, below: [position], in: shape, as: kind, decimals)
      let score = score(of: found, as: kind)
      if score > best { (holder, best, inner) = (position, score, found) }
    }
    for index in inner.guesses.indices { inner.guesses[index].isHeld = true }
    var guesses =
      inner.guesses
      + own.guesses.filter { guess in
        guess.path[0] != holder && !inner.guesses.contains { $0.field == guess.field }
          && (holder < 0 || !guess.isTypeOfEnvelope)
      }
    guesses = guesses.completed(byAttributesOf: shape, as: kind)
    var open: [OpenMember] = []
    for member in inner.open + own.open {
      let isSettled =
        guesses.contains { guess in
          guess.field == member.field
            ? !member.isBesideGuess : guess.path.starts(with: member.path)
        }
        || open.contains { $0.path == member.path }
      if !isSettled, member.path != [holder] { open.append(member) }
    }
    return Findings(guesses: guesses, open: open)
  }

  /// Whether it is what says of an object around entities what that is, such as `"type":
  /// "Feature"`.
  private var isTypeOfEnvelope: Bool {
    strength == .alias && ["type", "kind"].contains { $0.utf8.elementsEqual(name) }
  }

  /// The names of members that hold what the entity was before, as in a log of changes.
  private static let namesOfThePast: Set = ["before", "old", "previous"]
  /// The least score of the members in a member that holds the entity.
  private static let leastScoreOfHolder = 0.5

  fileprivate static func findings(
    among members: [MemberProfile], below path: [Int] = [], in shape: ShapeCollector.Shape,
    as kind: EntityKind, _ decimals: DecimalSigns
  ) -> Findings {
    var candidates: [FieldGuess] = []
    var open: [OpenMember] = []
    let units = StatedUnits(in: members, below: path)
    let sources = members.indices.flatMap { ValueSource.all(at: path + [$0], members[$0]) }
    for field in kind.schema.fields.indices {
      var sources = sources
      if case .json(let shape, _, _) = kind.schema.fields[field].type {
        sources = members.indices.flatMap {
          ValueSource.all(at: path + [$0], members[$0], holding: shape)
        }
      }
      for source in sources where source.value.givenCount > 0 {
        let reading = reading(of: source, as: field, of: kind, units, decimals, in: shape)
        if let guess = reading.guess { candidates.append(guess) }
        if let member = reading.open { open.append(member) }
      }
    }
    candidates.sort { left, right in
      // A member whose values are none of the field is the field only if no other member is.
      guard left.isUnfit == right.isUnfit else { return right.isUnfit }
      let (first, second) = (left.rank(in: kind), right.rank(in: kind))
      guard (left.strength, first, left.field) == (right.strength, second, right.field) else {
        return (left.strength, first, left.field) < (right.strength, second, right.field)
      }
      // What is within a member counts before the member.
      if left.path.starts(with: right.path) { return left.path.count > right.path.count }
      if right.path.starts(with: left.path) { return false }
      return left.path.lexicographicallyPrecedes(right.path)
    }
    var chosen: [FieldGuess] = []
    for guess in candidates where !chosen.contains(where: { $0.path == guess.path }) {
      let rivals = chosen.filter { $0.field == guess.field }
      if rivals.isEmpty || guess.fillsIn(for: rivals, in: shape, of: kind) {
        chosen.append(guess)
      } else if let reason = guess.reasonToLeaveOut(for: rivals, in: shape, of: kind) {
        open.append(
          OpenMember(field: guess.field, path: guess.path, reason: reason, isBesideGuess: true))
      }
    }
    for guess in chosen where guess.strength > .otherName {
      let member = shape.profile(at: guess.path)
      // A rule names the spellings in this order.
      let names = member.spellings.filter { member.spellingsInOneObject.contains($0) }
        .map { Violation.quoted(String(decoding: $0, as: UTF8.self)) }
      guard names.count > 1 else { continue }
      open.append(
        OpenMember(
          field: guess.field, path: guess.path,
          reason:
            "\(names.joined(separator: " and ")) are both in one object; \(names[0]) is taken "
            + "for \(kind.schema.fields[guess.field].member)",
          isBesideGuess: true))
    }
    return Findings(guesses: chosen, open: open)
  }

  /// Returns the reason why the member is not the field beside surer members, if users should know
  /// it; `nil` otherwise.
  private func reasonToLeaveOut(
    for rivals: [FieldGuess], in shape: ShapeCollector.Shape, of kind: EntityKind
  ) -> String? {
    guard !isUnfit, let rival = rivals.first, !path.starts(with: rival.path),
      !rival.path.starts(with: path)
    else { return nil }
    let field = kind.schema.fields[field].member
    let (own, other) = (
      Violation.quoted(shape.name(at: path)), Violation.quoted(shape.name(at: rival.path))
    )
    if let inches = rivalInInches(among: rivals) {
      return "\(own) looks like \(field), but does not say its unit, and "
        + "\(Violation.quoted(shape.name(at: inches.path))) is in inches"
    }
    // The field's own name is no guess.
    guard rival.strength > .otherName,
      !shape.profile(at: path).hasSameValues(as: shape.profile(at: rival.path))
    else { return nil }
    return "\(own) looks like \(field), but so does \(other), which is taken"
  }

  /// Returns a member whose unit makes the one that is assumed for this member doubtful; `nil` if
  /// there is none.
  private func rivalInInches(among rivals: [FieldGuess]) -> FieldGuess? {
    isUnitAssumed ? rivals.first { Self.isInInches($0.name) } : nil
  }

  /// Whether the member can be the field in objects that lack the surer members.
  private func fillsIn(
    for rivals: [FieldGuess], in shape: ShapeCollector.Shape, of kind: EntityKind
  ) -> Bool {
    if rivalInInches(among: rivals) != nil { return false }
    let taken = rivals.reduce(0) { $0 + $1.givenCount }
    if taken + givenCount <= shape.count { return true }
    // Otherwise some objects would lack a required field. A number without a unit is not taken
    // beside one with a unit, which may be another.
    let schema = kind.schema.fields[field]
    guard schema.isRequired, taken < shape.count else { return false }
    return schema.unit == nil || rivals.allSatisfy { $0.hasUnit == hasUnit }
  }

  /// Returns how much members look like a kind, even those that are not understood.
  private static func score(of findings: Findings, as kind: EntityKind) -> Double {
    score(of: findings.guesses, findings.open, as: kind)
  }

  /// Returns how much a shape looks like a kind: 1 if it has all fields that the kind requires.
  ///
  /// Without a catalog, whose kinds are to be told apart, fields of several kinds count too.
  static func score(
    of guesses: [FieldGuess], _ open: [OpenMember] = [], as kind: EntityKind,
    in catalog: EntityCatalog? = nil
  ) -> Double {
    let schema = kind.schema
    var (score, whole) = (0.0, 0.0)
    for (position, field) in schema.fields.enumerated() {
      let others = catalog?.kinds.count {
        $0 != kind && $0.schema.position(ofMember: field.member) != nil
      }
      // A field of several other kinds does not tell the kinds apart.
      let isCommon = others.map { $0 >= 2 } ?? !field.isRequired
      let weight = isCommon ? 0.0 : (field.isRequired ? 1.0 : 0.4) / Double(1 + (others ?? 0))
      if field.isRequired { whole += weight }
      if let guess = guesses.first(where: { $0.field == position && !$0.isUnfit }) {
        score += weight * [1, 0.9, 0.85, 0.5][guess.strength.rawValue]
      } else if open.contains(where: { $0.field == position }) {
        score += weight * 0.5
      }
    }
    guard whole > 0 else { return 0 }
    // An object that seems to hold an entity may also be a dictionary with one.
    return min(score / whole, 1) * (guesses.contains(where: \.isHeld) ? 0.9 : 1)
  }

  /// Returns the position of the name among the field's aliases; 0 if it is no alias.
  private func rank(in kind: EntityKind) -> Int {
    guard strength == .alias else { return 0 }
    let names = Self.aliases[kind.schema.fields[field].member] ?? []
    return names.firstIndex(of: String(decoding: name, as: UTF8.self)) ?? names.count
  }

  private struct Reading {
    var guess: FieldGuess?
    var open: OpenMember?
  }

  /// Returns how a member's name is related to a field, and the reason; `nil` if it is not.
  private static func match(
    _ profile: MemberProfile, _ position: Int, of schema: EntitySchema
  ) -> (strength: Strength, reason: String?)? {
    let field = schema.fields[position]
    // Such members are about the object, as `__metadata` and `__typename` are.
    if profile.spellings[0].starts(with: "__".utf8) { return nil }
    let folded = profile.foldedHeading
    let shown = Violation.quoted(profile.name)
    let others = schema.otherNames.filter { $0.field == position }
    if profile.spellings.contains(where: { $0.elementsEqual(field.member.utf8) }) {
      let others = profile.spellings.filter { !$0.elementsEqual(field.member.utf8) }
        .map { Violation.quoted(String(decoding: $0, as: UTF8.self)) }
      return (
        .exact,
        others.isEmpty
          ? nil : "\(others.joined(separator: ", ")) is \(field.member) in another spelling"
      )
    }
    if folded == Array(field.member.utf8).foldedName {
      return (.spelling, "\(shown) is \(field.member) in another spelling")
    }
    if others.contains(where: { $0.member.utf8.elementsEqual(profile.spellings[0]) }) {
      return (.otherName, "\(shown) is another name of \(field.member)")
    }
    if others.contains(where: { Array($0.member.utf8).foldedName == folded }) {
      return (.spelling, "\(shown) is another name of \(field.member), in another spelling")
    }
    let isAlias = aliases[field.member]?.contains { $0.utf8.elementsEqual(folded) } ?? false
    guard isAlias || otherUnit(inName: folded, of: field) != nil else { return nil }
    return (.alias, "\(shown) is a usual name for \(field.member)")
  }

  /// Returns the unit that a folded name has at its end, if it is a name for the field with a unit
  /// that no conversion reads.
  private static func otherUnit(inName folded: [UInt8], of field: FieldSchema) -> String? {
    guard let unit = field.unit else { return nil }
    let others = unit.otherWords.subtracting(FieldUnit.inches)
    let name = String(decoding: folded, as: UTF8.self)
    // The unit of a length is no name for it, nor is a short word.
    if unit != .millimeters, name.count > 4, others.contains(name) { return name }
    for bare in usualNames[field.member] ?? [] where name.hasPrefix(bare) {
      let unit = String(name.dropFirst(bare.count))
      if others.contains(unit) { return unit }
      let inUnit = String(unit.dropFirst(2))
      if unit.hasPrefix("in"), others.contains(inUnit) { return inUnit }
    }
    return nil
  }

  /// Reads a member as a field, if its name is one that the field may have.
  private static func reading(
    of source: ValueSource, as position: Int, of kind: EntityKind, _ units: StatedUnits,
    _ decimals: DecimalSigns, in shape: ShapeCollector.Shape
  ) -> Reading {
    let schema = kind.schema
    let field = schema.fields[position]
    if source.isID {
      guard case .reference = field.type else { return Reading() }
    }
    let profile = source.named
    let folded = profile.foldedHeading
    guard let (strength, nameReason) = match(profile, position, of: schema) else {
      return Reading()
    }
    var guess = FieldGuess(
      field: position, path: source.path, name: folded, givenCount: source.value.givenCount,
      strength: strength, conversion: FieldConversion(), reason: nameReason)
    guess.isHeading = strength == .spelling && profile.spellings[0].foldedName != folded
    func open(_ problem: String) -> Reading { guess.open(profile.name, field, but: problem) }
    if let problem = problem(with: source, as: position, strength, in: shape) {
      return open(problem)
    }
    if strength == .alias, let unit = otherUnit(inName: folded, of: field) {
      let fit = FieldConversion.fit(of: source.value, to: field, inInches: false, decimals)
      if case .none = fit { return Reading() }
      return open("its name says \(Violation.quoted(unit))")
    }
    var reason = nameReason
    let replacesKey =
      position == 0 && strength < .alias && !source.repeats && shape.keysAreOtherIDs
    if replacesKey {
      reason = "\(Violation.quoted(profile.name)) is the id, not the key in the dictionary"
    }
    let isInInches = field.unit == .millimeters && isInInches(folded)
    if isInInches, strength == .alias { reason?.append(", in inches") }
    var stated: [StatedUnits.Statement] = []
    var notRead: String?
    if strength == .alias, let unit = field.unit, !namesUnit(folded) {
      switch units.answer(for: unit, of: folded, or: names(of: position, in: schema)) {
      case .none(let remark):
        guess.isUnitAssumed = true
        reason?.append(", whose unit is taken to be \(unit.rawValue)")
        if let remark { reason?.append(", though \(remark)") }
      case .stated(let statements, let remainder):
        stated = statements
        notRead = Self.clause(about: remainder, of: source.value)
      // There is no conversion for the unit.
      case .other(let why): return open(why)
      }
    }
    let fit = FieldConversion.fit(
      of: source.value, to: field, inInches: isInInches, decimals)
    switch fit {
    case .certain(let found): (guess.conversion, guess.reason) = (found, reason)
    case .unclear(let why): return open(why)
    case .none:
      if source.isID { return Reading() }
      if case .json(_, let severity, _) = field.type, severity < .error, strength <= .otherName {
        return Reading(guess: guess)
      }
      return open("its values are not understood: \(source.value.sample)")
    }
    guess.replacesKey = replacesKey
    guess.units = stated.compactMap { statement in
      unitCase(statement, of: source.value, field, decimals, reason: reason ?? "")
    }
    if let first = guess.units.first {
      (guess.conversion, guess.reason) = (first.conversion, first.reason)
    }
    let member = notRead.map { clause in
      OpenMember(
        field: position, path: source.path,
        reason: "\(Violation.quoted(profile.name)) is not read \(clause)", isBesideGuess: true)
    }
    return Reading(guess: guess, open: member)
  }

  /// Returns the reason why a member is not a field although it has a name of it, regardless of the
  /// values; `nil` if there is none.
  private static func problem(
    with source: ValueSource, as position: Int, _ strength: Strength,
    in shape: ShapeCollector.Shape
  ) -> String? {
    if let notation = TypedValue.notation(ofContainersIn: source.value) {
      return notation.advice.text(inFile: true)
    }
    guard position == 0, strength == .alias else { return nil }
    if source.repeats { return "several objects have the same value" }
    return shape.isKeyed ? "the key in the dictionary is the id" : nil
  }

  /// Returns the reading of a member that is not understood.
  private func open(_ name: String, _ field: FieldSchema, but problem: String) -> Reading {
    // A member with the field's name is read unchanged, and its issues say what is wrong.
    let isRead = strength <= .otherName && path.count == 1
    let member = OpenMember(
      field: self.field, path: path,
      reason: "\(Violation.quoted(name)) \(isRead ? "is read as" : "looks like") "
        + "\(field.member), but \(problem)",
      isBesideGuess: isRead)
    guard isRead else { return Reading(open: member) }
    var guess = self
    guess.isUnfit = true
    return Reading(guess: guess, open: member)
  }

  /// Returns a clause about the objects with a value, but without a unit that can be converted;
  /// `nil` if there are none.
  private static func clause(
    about remainder: StatedUnits.Remainder, of value: MemberProfile
  ) -> String? {
    var words = remainder.words.prefix(3).map { Violation.quoted($0) }
    if remainder.statedCount < value.givenCount { words.append("nothing") }
    guard !words.isEmpty else { return nil }
    return "where \(remainder.name) says " + words.joined(separator: ", ")
  }

  /// Returns the conversion of the values in objects that state a unit; `nil` if there is none.
  private static func unitCase(
    _ statement: StatedUnits.Statement, of profile: MemberProfile, _ field: FieldSchema,
    _ decimals: DecimalSigns, reason: String
  ) -> UnitCase? {
    let fit = FieldConversion.fit(
      of: profile, to: field, inInches: statement.isInches, decimals)
    guard case .certain(let conversion) = fit else { return nil }
    let unit = statement.isInches ? "inches" : field.unit?.rawValue ?? ""
    return UnitCase(
      statement: statement, conversion: conversion,
      reason: "\(reason), in \(unit), as \(statement.name) says")
  }

  /// Whether a folded name ends with a unit.
  private static func namesUnit(_ folded: [UInt8]) -> Bool {
    let name = String(decoding: folded, as: UTF8.self)
    return isInInches(folded) || ["durations", "elapseds", "runtimes", "tooks"].contains(name)
      || ["mm", "seconds", "secs", "sec"].contains { name.hasSuffix($0) }
  }

  private static func isInInches(_ folded: [UInt8]) -> Bool {
    let name = String(decoding: folded, as: UTF8.self)
    return name.hasSuffix("in") || name.hasSuffix("inch") || name.hasSuffix("inches")
  }
}

extension [FieldGuess] {
  /// Returns the required fields of a kind for which there is no member, nor one for a substitute.
  func missingFields(of kind: EntityKind) -> [String] {
    let schema = kind.schema
    return schema.fields.indices.filter { position in
      schema.fields[position].isRequired
        && !contains { guess in
          guess.field == position
            || schema.rules.contains(.substitutable(field: position, substitute: guess.field))
        }
    }.map { schema.fields[$0].member }
  }

  /// The names of members in which programs that turn XML into JSON put attributes.
  private static let namesOfAttributes: Set = ["$", "_attributes", "@attributes", "attributes"]

  /// The same with the fields of which only members for attributes have a value, if one of those is
  /// required or the id.
  fileprivate func completed(
    byAttributesOf shape: ShapeCollector.Shape, as kind: EntityKind
  ) -> [FieldGuess] {
    for (position, member) in shape.members.enumerated()
    where Self.namesOfAttributes.contains(member.name)
      && member.types[.object, default: 0] * 2 > shape.count
    {
      let found = FieldGuess.findings(
        among: member.members, below: [position], in: shape, as: kind, shape.decimals)
      let further = found.guesses.filter { guess in
        guess.strength < .alias
          && !contains {
            $0.field == guess.field || $0.path.starts(with: [position]) && $0.path.count > 1
          }
      }
      if further.contains(where: { $0.field == 0 || kind.schema.fields[$0.field].isRequired }) {
        return filter { $0.path != [position] } + further
      }
    }
    return self
  }
}
