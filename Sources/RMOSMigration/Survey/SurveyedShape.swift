import RMOSModels

/// A shape, and what its objects are taken for.
struct SurveyedShape {
  let shape: ShapeCollector.Shape
  /// The kind that the objects look like; `nil` if they look like none.
  private let likeness: EntityKind?
  /// The members that suggest the kind.
  private let evidence: [String]
  /// The kind as which a rule would read the objects: that of their place or, where nothing is read
  /// without a mapping, the one that they look like.
  let kind: EntityKind
  /// Whether the objects are in the directory of a kind, or look like one.
  let isKnown: Bool
  /// The fields that the members seem to be; none unless the shape ``isKnown``.
  let findings: FieldGuess.Findings
  private let catalog: EntityCatalog

  init(_ shape: ShapeCollector.Shape, in catalog: EntityCatalog) {
    self.shape = shape
    self.catalog = catalog
    (likeness, evidence) = Self.likeness(of: shape, in: catalog)
    let isRead = shape.isInPlace && !shape.context.isSelected
    kind = isRead ? shape.kind : likeness ?? shape.kind
    isKnown = shape.isInPlace || likeness != nil
    findings = isKnown ? FieldGuess.findings(in: shape, as: kind) : FieldGuess.Findings()
  }

  /// Returns the kind that a shape looks like, and the members that suggest it.
  private static func likeness(
    of shape: ShapeCollector.Shape, in catalog: EntityCatalog
  ) -> (kind: EntityKind?, evidence: [String]) {
    let scores = catalog.kinds.map { kind in
      let guesses = FieldGuess.all(in: shape, as: kind)
      return (
        kind: kind, guesses: guesses, score: FieldGuess.score(of: guesses, as: kind, in: catalog)
      )
    }
    let own = scores.first { $0.kind == shape.kind }
    guard var best = scores.max(by: { $0.score < $1.score }) else { return (nil, []) }
    // The kind of its place counts more than others.
    if let own, own.score > 0, best.score < max(own.score * 1.5, 0.5) { best = own }
    let readings = shape.mapped.values.map(\.reads) + [shape.plain.reads]
    if (readings.max() ?? 0) * 2 > shape.count, let own {
      best = own
    } else if best.score < (best.kind == shape.kind ? 0.2 : 0.5) {
      return (nil, [])
    }
    let schema = best.kind.schema
    let telling = best.guesses.filter { guess in
      let member = schema.fields[guess.field].member
      return !catalog.kinds.allSatisfy { $0.schema.position(ofMember: member) != nil }
    }
    let sorted = telling.sorted { left, right in
      left.strength == right.strength
        ? left.path.lexicographicallyPrecedes(right.path) : left.strength < right.strength
    }
    let names = sorted.prefix(5).map { shape.name(at: $0.path) }
    return (best.kind, names)
  }

  /// The number of fields of only one kind by which the kind is recognized, even by aliases.
  private static let tellingFields = 4

  /// Whether objects outside the kinds' directories have more in common with their kind than a few
  /// common words, such as a type and a configuration, which machines have too.
  var isRecognized: Bool {
    if shape.files.contains(where: { FileKinds.kindNamed(by: $0, catalog) == kind }) {
      return true
    }
    let telling = findings.guesses.filter { guess in
      if guess.isUnfit { return false }
      let member = kind.schema.fields[guess.field].member
      return catalog.kinds.allSatisfy {
        $0 == kind || $0.schema.position(ofMember: member) == nil
      }
    }
    return Set(telling.map(\.field)).count >= Self.tellingFields
      || telling.contains {
        $0.strength < .alias && kind.schema.fields[$0.field].isRequired
      }
  }

  /// Whether some objects are valid by themselves, without a mapping or with a built-in one.
  var isRead: Bool { shape.plain.reads > 0 || shape.mapped.contains { $0.value.reads > 0 } }

  // MARK: The report

  /// The description of the shape in a report.
  var report: SurveyReport.Shape {
    let plain = reading(shape.plain, with: nil)
    let mapped = better.map { reading($0.tally, with: $0.mapping) }
    let missing = missing(in: mapped.first ?? plain)
    return SurveyReport.Shape(
      kind: shape.kind, isInPlace: shape.isInPlace, likeness: likeness, evidence: evidence,
      count: shape.count, fileCount: shape.fileCount, files: shape.files.map(SourcePath.text),
      layouts: shape.layouts, pointers: shape.pointers.map(\.text), members: members,
      membersOmitted: shape.membersOmitted, unclear: unclear(ifLacking: missing), plain: plain,
      mapped: mapped, missing: missing)
  }

  private var members: [SurveyReport.Member] {
    shape.members.indices.flatMap { position in
      // Of the members in a member, only those that are fields are shown.
      let further = findings.guesses.map(\.path) + findings.open.map(\.path)
      let paths = [[position]] + further.filter { $0[0] == position && $0.count > 1 }
      return paths.map { member(at: $0) }
    }
  }

  private func member(at path: [Int]) -> SurveyReport.Member {
    let member = shape.profile(at: path)
    let guess = findings.guesses.first { $0.path == path }
    return SurveyReport.Member(
      name: shape.name(at: path),
      otherSpellings: member.spellings.dropFirst().map { String(decoding: $0, as: UTF8.self) },
      count: member.count, types: member.types,
      example: member.example.isEmpty ? nil : Self.text(cut: member.example),
      isExampleCut: member.isExampleCut, field: guess.map { kind.schema.fields[$0.field].member },
      reason: guess?.explanation ?? findings.open.first { $0.path == path }?.reason)
  }

  /// Decodes text that may be cut within a character.
  private static func text(cut bytes: [UInt8]) -> String {
    for dropped in 0..<4 where bytes.count > dropped {
      if let text = String(validating: bytes.dropLast(dropped), as: UTF8.self) { return text }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Returns the fields that objects lack, and for which there is no member.
  private func missing(in reading: SurveyReport.Reading) -> [String] {
    guard isKnown else { return [] }
    guard kind == shape.kind else { return findings.guesses.missingFields(of: kind) }
    let schema = kind.schema
    var missing: [String] = []
    for problem in reading.problems where problem.key.code == .fieldMissing {
      let name = String(problem.key.pointer.dropFirst())
      // The issue may give another name of the field.
      let field =
        schema.position(ofMember: name) ?? schema.otherNames.first { $0.member == name }?.field
      let shown = field.map { schema.fields[$0].member } ?? name
      if !findings.guesses.contains(where: { $0.field == field }), !missing.contains(shown) {
        missing.append(shown)
      }
    }
    return missing
  }

  /// Returns the reasons why members, or the objects as a whole, are not read as they might be.
  private func unclear(ifLacking missing: [String]) -> [String] {
    let guesses = findings.guesses
    var unclear = findings.open.map(\.reason)
    if !isKnown || !missing.isEmpty {
      unclear += shape.members.indices.compactMap { member in
        let texts =
          shape.members[member].objectsInText + shape.members[member].listsOfObjectsInText
        guard texts * 2 > shape.count, !guesses.contains(where: { $0.path[0] == member }) else {
          return nil
        }
        return "\(Violation.quoted(shape.members[member].name)) holds JSON as text, into which no "
          + "mapping looks; write the JSON itself if that is the entity, or a list of them"
      }
    }
    if let held = shape.held, !guesses.contains(where: \.isHeld),
      !guesses.missingFields(of: kind).isEmpty
    {
      unclear.append(
        held.anyCount > 0
          ? "entities seem to be at \(held.text), where none are read in JSON Lines; write each on a "
            + "line of its own, or all in a list in a file that ends in .json"
          : "an entity seems to be at \(held.text); a mapping can read its members there")
    }
    if shape.context.isSelected, let pointer = shape.pointers.first(where: { !$0.isWritable }) {
      unclear.append(
        "a member on the way to its objects, \(pointer.text), is named *, which in a mapping means "
          + "every member; rename it")
    }
    if !shape.isInPlace, likeness != nil, !isRecognized {
      unclear.append("its names are common ones, so no rule is proposed outside \(kind.table)/")
    }
    return unclear
  }

  // MARK: Readings

  /// The built-in mappings by which more of the objects are read than without one, the best first;
  /// of those that read as many, the most specific first.
  private var better: [(mapping: Mapping, tally: ReadingTally)] {
    let done = shape.plainAndDone.taken
    func rank(_ tally: ReadingTally) -> (Int, Int) {
      // Objects that no rule takes are read without a mapping, with their look-alikes.
      (tally.reads + done, -(tally.lookAlikes + shape.count - done - tally.taken))
    }
    let plain = (shape.plain.reads, -shape.plain.lookAlikes)
    return shape.mapped.filter { $0.value.reads + done > 0 && rank($0.value) > plain }
      .filter { !Mapping.builtIn[$0.key].gathersFields(of: shape) }
      .sorted { left, right in
        let (first, second) = (rank(left.value), rank(right.value))
        guard first == second else { return first > second }
        let (asked, other) = (
          Mapping.builtIn[left.key].specificity, Mapping.builtIn[right.key].specificity
        )
        return asked == other ? left.key < right.key : asked > other
      }
      .map { (Mapping.builtIn[$0.key], $0.value) }
  }

  private func reading(
    _ tally: ReadingTally, with mapping: Mapping?
  ) -> SurveyReport.Reading {
    var (migrates, duplicates, lookAlikes) = (tally.migrates, tally.duplicates, tally.lookAlikes)
    if mapping != nil {
      // Objects that migrate without a mapping were not tried.
      migrates += shape.plainAndDone.migrates
      duplicates += shape.plainAndDone.duplicates
      // Objects that no rule of the mapping takes are read without it.
      lookAlikes += shape.count - tally.taken - shape.plainAndDone.taken
    }
    return SurveyReport.Reading(
      mapping: mapping?.name, migrates: migrates, duplicates: duplicates, lookAlikes: lookAlikes,
      problems: SurveyReport.Problem.sorted(tally.problems))
  }
}

extension Mapping {
  /// The maximum number of members that a rule requires.
  fileprivate var specificity: Int {
    rules.values.joined().map(\.condition.has.count).max() ?? 0
  }
}

extension SurveyReport.Reading {
  /// Whether it is with a built-in mapping for certain shapes, not with one for any shape.
  var usesSpecificMapping: Bool {
    mapping.flatMap { Mapping.builtIn(named: $0) }.map { $0.specificity > 0 } ?? false
  }
}
