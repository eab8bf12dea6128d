import RMOSModels

/// Drafts the rules of a proposed mapping.
struct RuleDrafts {
  private let shapes: [SurveyedShape]
  /// The report on these shapes.
  private let report: SurveyReport

  init(for shapes: [SurveyedShape], in report: SurveyReport) {
    self.shapes = shapes
    self.report = report
  }

  /// The drafts, in the order of their shapes.
  var all: [MappingProposal.Draft] {
    var all = shapes.indices.flatMap { drafts(of: $0, isTaken: false) }
    // Objects in a file that a rule takes are read by the proposal alone.
    var tried: Set<Int> = []
    while let position = shapes.indices.first(where: { position in
      !tried.contains(position) && isTaken(position, by: all)
    }) {
      tried.insert(position)
      all += drafts(of: position, isTaken: true)
    }
    return all.sorted { $0.position < $1.position }
  }

  /// Whether rules take the files of a shape that has none, and that they would leave unread, or
  /// read otherwise than the mapping that is best for it.
  private func isTaken(_ position: Int, by drafts: [MappingProposal.Draft]) -> Bool {
    let surveyed = shapes[position]
    let best = report.shapes[position].best
    // Objects may fail only because what they refer to is read by a rule alone.
    guard surveyed.shape.isInPlace, surveyed.isRead, !best.usesSpecificMapping,
      !drafts.contains(where: { $0.position == position })
    else { return false }
    return drafts.contains { draft in
      draft.takesFiles(of: surveyed.shape) && (draft.kind != surveyed.kind || best.mapping != nil)
    }
  }

  private func drafts(of position: Int, isTaken: Bool) -> [MappingProposal.Draft] {
    let surveyed = shapes[position]
    let shape = surveyed.shape
    let best = report.shapes[position].best
    guard surveyed.isKnown, !best.usesSpecificMapping else { return [] }
    let guesses = surveyed.findings.guesses
    if !shape.isInPlace || surveyed.kind != shape.kind {
      guard guesses.missingFields(of: surveyed.kind).isEmpty, surveyed.isRecognized else {
        return []
      }
    }
    let isWhole = best.migrates == shape.count && best.lookAlikes == 0
    // Even if all objects migrate, a member under another name may be a field that they lack.
    let fillsIn = guesses.contains { $0.strength == .alias || $0.isHeading }
    let isThreatened = report.mappingsNotSuggested.contains { name in
      Mapping.builtIn(named: name)?.gathersFields(of: shape) ?? false
    }
    let needsRule = !shape.isInPlace || shape.context.isSelected || isTaken
    guard !isWhole || fillsIn || needsRule || isThreatened else { return [] }
    let others = report.shapes.contains { other in
      other.kind == shape.kind && other.isInPlace && other.best.usesSpecificMapping
    }
    // A rule without files reads all that is where the kind is.
    let isOfOtherKind = isTaken && sharesFilesWithOtherKind(surveyed)
    let namesFiles =
      others || !shape.isInPlace || shape.context.isSelected || isThreatened || isOfOtherKind
    return places(of: surveyed).map { place in
      MappingProposal.Draft(
        of: surveyed, at: position, namesFiles: namesFiles, isNeeded: needsRule, entities: place)
    }.filter(\.isOfUse)
  }

  private func sharesFilesWithOtherKind(_ surveyed: SurveyedShape) -> Bool {
    shapes.contains { other in
      other.kind != surveyed.kind
        && other.shape.files.contains { surveyed.shape.files.contains($0) }
    }
  }

  /// Returns the pointer of each rule that a shape needs; `nil` for a rule without one.
  private func places(of surveyed: SurveyedShape) -> [String?] {
    let shape = surveyed.shape
    let pointers = shape.pointers.filter(\.isWritable).map(\.text)
    if shape.context.isSelected { return pointers }
    // Several kinds that go by a document's shape need not find the same entities.
    guard sharesFilesWithOtherKind(surveyed) else { return [nil] }
    return shape.layouts.flatMap { layout -> [String?] in
      switch layout {
      case .dictionary: ["/*"]
      case .wrapper: pointers
      case .single, .list, .lines: [nil]
      }
    }
  }
}
