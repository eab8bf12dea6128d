import RMOSModels
import RMOSSystem

/// A mapping that is proposed for shapes that no built-in mapping reads.
struct MappingProposal {
  /// A shape for which a rule is proposed.
  struct Draft {
    /// The position of the shape among all.
    let position: Int
    let shape: ShapeCollector.Shape
    let kind: EntityKind
    private(set) var guesses: [FieldGuess]
    /// The reasons why members that look like fields are left out.
    private(set) var open: [String]
    /// Whether the rule names its files, since other files of the kind are read in other ways.
    let namesFiles: Bool
    /// Whether there must be a rule, even if all members are read under their own names.
    let isNeeded: Bool
    /// The pointer to the objects, if a migration does not find them without it.
    let entities: String?

    init(
      of shape: SurveyedShape, at position: Int, namesFiles: Bool, isNeeded: Bool, entities: String?
    ) {
      (self.position, self.shape, kind) = (position, shape.shape, shape.kind)
      (self.namesFiles, self.isNeeded, self.entities) = (namesFiles, isNeeded, entities)
      guesses = shape.findings.guesses
      open = shape.findings.open.map(\.reason)
    }
  }

  /// The condition on which a rule takes an object.
  struct Condition {
    var has: [String] = []
    var lacks: [String] = []
    var equals: [(pointer: String, words: [String])] = []

    var count: Int { has.count + lacks.count + equals.count }
  }

  let catalog: EntityCatalog
  /// All shapes that were found, among which rules must recognize their own.
  let shapes: [ShapeCollector.Shape]
  let drafts: [Draft]

  /// The text of the mapping; `nil` if there are no rules.
  var text: String? {
    var rules: [EntityKind: [(order: Int, text: (inout JSONWriter) -> Void)]] = [:]
    for draft in drafts {
      let condition = condition(of: draft)
      rules[draft.kind, default: []].append((-condition.count, draft.write(condition)))
    }
    guard !rules.isEmpty else { return nil }
    var writer = JSONWriter(style: .pretty)
    writer.object { writer in
      writer.member("mapping", 1)
      writer.member("name", SurveyReport.Proposal.mappingName)
      writer.member(
        "about",
        "Proposed by a survey. Each guess has its reason next to it under \"about\"; check them "
          + "before you rely on them.")
      for kind in catalog.kinds {
        guard let rules = rules[kind] else { continue }
        // The rule with the most conditions is tried first.
        let ordered = rules.sorted { $0.order < $1.order }
        writer.member(kind.table, each: ordered) { $1.text(&$0) }
      }
    }
    return writer.text + "\n"
  }

  // MARK: Conditions

  /// Returns the condition of a rule: it asks for the sources of required fields, and for members
  /// that tell the rule's objects from those of other shapes that it may meet.
  ///
  /// It does not ask for sources of optional fields, so that objects without them are taken too.
  private func condition(of draft: Draft) -> Condition {
    var condition = Condition()
    let targets = Set(draft.targets.map(\.field))
    let always = draft.guesses.compactMap { guess -> Asked? in
      let names = draft.shape.names(along: guess.path)
      let isRequired = draft.kind.schema.fields[guess.field].isRequired
      let isTarget = targets.contains(guess.field)
      guard isTarget || isRequired, names.count == 1,
        draft.shape.profile(at: guess.path).count == draft.shape.count,
        let pointer = Self.pointer(along: names[0])
      else { return nil }
      return Asked(
        field: guess.field, names: names[0], pointer: pointer, isRequired: isRequired)
    }.sorted { $0.field < $1.field }
    var asked = always.filter { $0.isRequired && targets.contains($0.field) }
    for (position, other) in shapes.enumerated()
    where position != draft.position && draft.mayMeet(other) {
      if asked.contains(where: { other.profile(named: $0.names) == nil }) { continue }
      if condition.lacks.contains(where: { other.hasAlways($0) }) { continue }
      let further = always.filter { other.profile(named: $0.names) == nil }
      let needed = further.filter(\.isRequired)
      if !further.isEmpty {
        asked += needed.isEmpty ? [further[0]] : needed
      } else if let word = draft.word(tellingFrom: other) {
        if !condition.equals.contains(where: { $0.pointer == word.pointer }) {
          condition.equals.append((word.pointer, [word.word]))
        }
      } else if let member = other.memberOnlyHere(besides: draft.shape, draft.kind) {
        condition.lacks.append(member)
      }
    }
    condition.has = asked.map(\.pointer)
    return condition
  }

  /// A member that all objects of a shape have.
  private struct Asked {
    let field: Int
    let names: [[UInt8]]
    let pointer: String
    let isRequired: Bool
  }

  /// Returns the JSON Pointer to the member to which names lead; `nil` if a mapping cannot have it.
  static func pointer(along names: [[UInt8]]) -> String? {
    guard !names.contains(where: { $0.elementsEqual("*".utf8) }) else { return nil }
    var pointer: [UInt8] = []
    for name in names { JSONPointer.append(name, to: &pointer) }
    return String(validating: pointer, as: UTF8.self)
  }
}

extension ShapeCollector.Shape {
  /// Returns the pointer to a member that all objects have and no object of another shape has,
  /// preferably one with the name of a field; `nil` if there is none.
  fileprivate func memberOnlyHere(besides other: Self, _ kind: EntityKind) -> String? {
    let own = members.filter { member in
      member.count == count && member.spellings.count == 1
        && other.profile(named: [member.spellings[0]]) == nil
    }
    let field = own.first { kind.schema.position(ofMember: $0.name) != nil }
    return (field ?? own.first).flatMap { MappingProposal.pointer(along: [$0.spellings[0]]) }
  }

  /// Whether all objects have the member at the top to which a pointer leads.
  fileprivate func hasAlways(_ pointer: String) -> Bool {
    members.contains { member in
      member.count == count && member.spellings.count == 1
        && MappingProposal.pointer(along: [member.spellings[0]]) == pointer
    }
  }
}

extension MappingProposal.Draft {
  /// Whether the rule says anything, or must be there.
  var isOfUse: Bool { isNeeded || !targets.isEmpty }

  /// Whether the rule is tried on the files of a shape.
  func takesFiles(of other: ShapeCollector.Shape) -> Bool {
    guard namesFiles else { return other.isInPlace && other.kind == kind }
    if other.files.contains(where: { shape.files.contains($0) }) { return true }
    // It names directories.
    return shape.fileCount > shape.files.count
      && other.files.contains { file in
        shape.files.contains { file.starts(with: $0.directoryPath) }
      }
  }

  /// The rule without the references, by pointer, that lead to what is not there.
  func without(referencesAt pointers: Set<String>) -> Self {
    var draft = self
    draft.guesses.removeAll { guess in
      let field = kind.schema.fields[guess.field]
      guard case .reference = field.type, pointers.contains(JSONPointer.to(field.member)),
        guess.path.count > 1 || guess.strength > .otherName
      else { return false }
      draft.open.append(
        "\(Violation.quoted(shape.name(at: guess.path))) looks like \(field.member), but leads to "
          + "what is not there")
      return true
    }
    return draft
  }

  /// The fields for which the rule must name a source, each with the guesses about it.
  var targets: [(field: Int, guesses: [FieldGuess])] {
    kind.schema.fields.indices.compactMap { field in
      let about = guesses.filter { $0.field == field }
      let needsRule = about.contains { guess in
        guess.conversion.isNeeded || guess.strength > .otherName || guess.path.count > 1
          || guess.replacesKey
          || shape.profile(at: guess.path).spellings.count > 1
      }
      return needsRule ? (field, about) : nil
    }
  }

  private func conditions(
    of statement: StatedUnits.Statement
  ) -> [(pointer: String, words: [String])] {
    statement.members.compactMap { member in
      MappingProposal.pointer(along: shape.names(along: member.path)[0]).map { ($0, member.words) }
    }
  }

  /// Returns a member that is no field, and its value in all objects, which no object of another
  /// shape has; `nil` if there is none.
  fileprivate func word(
    tellingFrom other: ShapeCollector.Shape
  ) -> (pointer: String, word: String)? {
    for (position, member) in shape.members.enumerated()
    where member.count == shape.count && member.spellings.count == 1 {
      guard !guesses.contains(where: { $0.path[0] == position }), member.hasAllWords,
        member.words.count == 1, member.types[.text] == shape.count,
        let theirs = other.profile(named: [member.spellings[0]]), theirs.hasAllWords,
        !theirs.words.contains(member.words[0]),
        let pointer = MappingProposal.pointer(along: [member.spellings[0]])
      else { continue }
      return (pointer, String(decoding: member.words[0], as: UTF8.self))
    }
    return nil
  }

  /// Whether the rule may be tried on objects of another shape.
  fileprivate func mayMeet(_ other: ShapeCollector.Shape) -> Bool {
    if let entities, !other.pointers.contains(where: { $0.text == entities }),
      !other.layouts.contains(.dictionary)
    {
      return false
    }
    guard namesFiles else { return other.isInPlace && other.kind == kind }
    return shape.fileCount > shape.files.count || other.fileCount > other.files.count
      || shape.files.contains { other.files.contains($0) }
  }

  fileprivate func write(
    _ condition: MappingProposal.Condition
  ) -> (inout JSONWriter) -> Void {
    let (targets, schema) = (targets, kind.schema)
    let files = namesFiles ? globs : []
    return { writer in
      writer.object { writer in
        writer.member("about", about)
        if !files.isEmpty { writer.member("files", strings: files) }
        if let entities { writer.member("entities", entities) }
        if condition.count > 0 { writer.member("when", condition) }
        writer.object("members") { writer in
          for (field, guesses) in targets {
            writer.member(schema.fields[field].member) { write(guesses, &$0) }
          }
        }
      }
    }
  }

  private var about: String {
    var sentences = [
      PlainText.counted(shape.count, "object") + " in "
        + PlainText.counted(shape.fileCount, "file") + " when this was proposed."
    ]
    sentences += open.map { "Left out: \($0)." }
    return sentences.joined(separator: " ")
  }

  /// Writes the sources of a field, each of which has one conversion.
  private func write(_ guesses: [FieldGuess], _ writer: inout JSONWriter) {
    var sources: [[FieldGuess]] = []
    for guess in guesses.flatMap(\.byUnit) {
      if let last = sources.last, last.allSatisfy({ $0.sharesSource(with: guess) }) {
        sources[sources.count - 1].append(guess)
      } else {
        sources.append([guess])
      }
    }
    guard sources.count > 1, let last = sources.popLast() else {
      return write(source: guesses.flatMap(\.byUnit), isLast: true, &writer)
    }
    writer.array { writer in
      for source in sources { write(source: source, isLast: false, &writer) }
      write(source: last, isLast: true, &writer)
    }
  }

  private func write(
    source guesses: [FieldGuess], isLast: Bool, _ writer: inout JSONWriter
  ) {
    let own = Array(kind.schema.fields[guesses[0].field].member.utf8)
    // The field's own name comes before its other spellings, as it does without the mapping.
    var pointers = guesses.flatMap { guess in
      let names = shape.names(along: guess.path)
      return names.filter { $0.last == own } + names.filter { $0.last != own }
    }.compactMap(MappingProposal.pointer)
    let conversion = (guesses.first { $0.conversion.form != nil } ?? guesses[0]).conversion
    let unit = guesses[0].units.first?.statement
    // An object of another shape that the rule takes may have the field under its own name.
    if isLast, !conversion.isCount, conversion.form != .inches, unit == nil,
      shape.profile(named: [own]) == nil, let pointer = MappingProposal.pointer(along: [own])
    {
      pointers.append(pointer)
    }
    writer.object { writer in
      if conversion.isCount {
        writer.member("count", pointers.first)
      } else if pointers.count == 1 {
        writer.member("from", pointers[0])
      } else {
        writer.member("from", strings: pointers)
      }
      var reasons: [String] = []
      for case let reason? in guesses.map(\.explanation) where !reasons.contains(reason) {
        reasons.append(reason)
      }
      if !reasons.isEmpty { writer.member("about", reasons.joined(separator: "; ")) }
      if let unit { writer.member("when", .init(equals: conditions(of: unit))) }
      guard !conversion.isCount else { return }
      if let form = conversion.form {
        writer.member("as", form.rawValue)
        if conversion.hasDecimalComma { writer.member("decimal", ",") }
      }
      var seen: Set<String> = []
      let values = guesses.flatMap(\.conversion.values).filter { seen.insert($0.word).inserted }
      if !values.isEmpty {
        writer.object("values") { for (word, value) in values { $0.member(word, value) } }
      }
    }
  }

  /// The patterns that match the shape's files.
  private var globs: [String] {
    if shape.fileCount <= shape.files.count {
      return shape.files.compactMap { String(validating: $0, as: UTF8.self) }
    }
    var directories: [String] = []
    for case let path? in shape.files.map({ String(validating: $0, as: UTF8.self) }) {
      let directory = path.utf8.contains(UInt8(ascii: "/")) ? path.directoryPath + "/**" : "*"
      if !directories.contains(directory) { directories.append(directory) }
    }
    return directories
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ name: String, _ condition: MappingProposal.Condition) {
    object(name) { writer in
      if !condition.has.isEmpty { writer.member("has", strings: condition.has) }
      if !condition.lacks.isEmpty { writer.member("lacks", strings: condition.lacks) }
      guard !condition.equals.isEmpty else { return }
      writer.object("is") { writer in
        for (pointer, words) in condition.equals { writer.member(pointer, strings: words) }
      }
    }
  }
}

extension Mapping {
  /// Whether the mapping may take objects of a shape and gather members that seem to be fields with
  /// the rest.
  func gathersFields(of shape: ShapeCollector.Shape) -> Bool {
    let rules = rules[shape.kind, default: []].filter { rule in
      rule.members.contains(where: \.source.takesRest) && rule.condition.mayFit(shape)
    }
    guard !rules.isEmpty else { return false }
    let guesses = FieldGuess.all(in: shape, as: shape.kind).filter { guess in
      // A member with the name of a field is read as the field.
      guess.strength > .otherName || guess.path.count > 1
    }
    let sources = rules.flatMap(\.members).map(\.source)
    return guesses.contains { guess in
      let names = shape.members[guess.path[0]].spellings
      return !names.contains { name in sources.contains { $0.looks(at: name) } }
    }
  }
}

extension MappingCondition {
  /// Whether objects of a shape may meet the condition, regardless of the values of members.
  fileprivate func mayFit(_ shape: ShapeCollector.Shape) -> Bool {
    func profile(_ pointer: EntityPointer) -> MemberProfile? {
      shape.profile(
        named: pointer.steps.compactMap { if case .named(let name) = $0 { name } else { nil } })
    }
    return (has + equals.map(\.pointer)).allSatisfy { profile($0) != nil }
      && lacks.allSatisfy { profile($0)?.count ?? 0 < shape.count }
  }
}

extension MemberSource {
  /// Whether the source refers to a member at the top, or to a part of it.
  fileprivate func looks(at name: [UInt8]) -> Bool {
    func begins(_ pointer: EntityPointer) -> Bool { pointer.steps.first?.matches(name) ?? true }
    func begins(_ reference: Reference) -> Bool {
      if case .pointer(let pointer) = reference { begins(pointer) } else { false }
    }
    switch content {
    case .alternatives(let sources): return sources.contains { $0.looks(at: name) }
    case .first(let references, _): return references.contains { begins($0) }
    case .pair(let first, let second, _): return begins(first) || begins(second)
    case .common(let pointer, _), .count(let pointer): return begins(pointer)
    case .object(let members, _): return members.contains { $0.source.looks(at: name) }
    case .constant: return false
    }
  }
}
