import RMOSModels
import RMOSSystem

/// A survey under way.
///
/// Files are read kind by kind, as a migration reads them, so that the ids to which references lead
/// are known.
final class SurveyRun {
  private let place: SurveyPlace
  private let options: Survey.Options
  private let catalog: EntityCatalog
  private let isCancelled: () -> Bool
  private let collector: ShapeCollector
  private let ids: KnownIDs
  private var result: SurveyReport
  private var failures: [IssueCode: SurveyReport.Failure] = [:]
  private var failureOrder: [IssueCode] = []
  private var fileNumber = 0
  private let fileKinds: FileKinds
  /// For each shape, the kind that it looks like, and the members that suggest it.
  private var likenesses: [(kind: EntityKind?, evidence: [String])] = []

  init(
    _ path: String, _ place: SurveyPlace, _ options: Survey.Options,
    isCancelled: @escaping () -> Bool
  ) {
    self.place = place
    self.options = options
    catalog = options.catalog
    self.isCancelled = isCancelled
    let teller = KindTeller(options.catalog)
    collector = ShapeCollector(teller, limits: options.limits)
    ids = KnownIDs(limit: options.limits.ids)
    fileKinds = FileKinds(place, options, teller, isCancelled: isCancelled)
    result = SurveyReport(path: path, source: SourcePath.text(place.root))
  }

  /// Makes the survey.
  func report() throws(ReadFailure) -> SurveyReport {
    for kind in catalog.kinds { try survey(kind) }
    conclude()
    let suggested = result.suggestedMappings.compactMap { Mapping.builtIn(named: $0) }
    if !suggested.isEmpty, Set(result.shapes.map(\.best.mapping)).count > 1 {
      // The files are read again, since each mapping takes all objects that its rules fit, even
      // those of shapes that another mapping reads better.
      result.together = try outcome(of: MappingSet(suggested))
    }
    if let file = place.file {
      result.isOfOtherExtension =
        unsafe file.withUnsafeBufferPointer { unsafe SourcePath.Format(name: $0) } == nil
    }
    let proposal = try proposal()
    result.canPropose = proposal != nil
    if options.proposesMapping { result.proposal = proposal }
    return result
  }

  // MARK: Files

  /// Calls `body` with every file to read, in the order of a migration.
  private func forEachFile(
    notingOthers: Bool, _ body: ([UInt8], SourcePath.Format) throws(ReadFailure) -> Void
  ) throws(ReadFailure) {
    if let file = place.file {
      let format = unsafe file.withUnsafeBufferPointer { unsafe SourcePath.Format(name: $0) }
      return try body(file, format ?? .json)
    }
    for purpose in [SourceWalker.Purpose.originals, .copies] {
      var walker = SourceWalker(
        root: place.root, directory: place.directory, for: purpose, access: options.access,
        isCancelled: isCancelled)
      while let item = walker.next() {
        switch item {
        case .file(let path, let format), .copy(let path, let format, _):
          try body(relative(path), format)
        case .unread(let path, let file):
          if notingOthers { result.notRead.add(SourcePath.text(relative(path)), file.reason) }
        case .unreadable(let path, let error):
          guard error.concernsOneFile else {
            throw .source(
              SourceFailure(source: result.source, reason: .unreadable(path: path, error)))
          }
          if notingOthers { note(unreadable: relative(path), error) }
        case .loop: continue
        }
      }
      if isCancelled() { throw .stopped }
    }
  }

  private func relative(_ path: [UInt8]) -> [UInt8] {
    path.starts(with: "./".utf8) ? Array(path.dropFirst(2)) : path
  }

  private func note(unreadable path: [UInt8], _ error: SystemError) {
    note(.inputUnreadable, SourcePath.text(path), "cannot be read: \(error.reason)")
  }

  private func note(_ code: IssueCode, _ source: String, _ message: String) {
    if failures[code] == nil {
      failureOrder.append(code)
      failures[code] = .init(code: code, count: 0, source: source, message: message)
    }
    failures[code]?.count += 1
  }

  /// Reads the files with entities of a kind, and those that look as if they had some.
  private func survey(_ kind: EntityKind) throws(ReadFailure) {
    let isFirst = kind == catalog.kinds.first
    let reader = surveyReader(of: kind)
    try forEachFile(notingOthers: isFirst) { path, format throws(ReadFailure) in
      let home = SourceTop.home(of: path, catalog)
      // Files of the first kind are examined when they are read.
      if isFirst, let home, home != kind, format == .json {
        try fileKinds.findOthersAhead(in: path, than: home)
      }
      let meant: EntityKind
      if let home {
        meant = home
      } else {
        meant = try fileKinds.kind(of: path, format)
      }
      guard fileKinds.placesOfKinds(in: path)?.keys.contains(kind) ?? (meant == kind) else {
        return
      }
      try read(path, format, reader, as: kind, home: home)
    }
    try finish(reader, of: kind)
  }

  private func surveyReader(of kind: EntityKind) -> SurveyReader {
    SurveyReader(
      kind, of: catalog, collector, ids, options.limits, isCancelled: isCancelled
    ) { [unowned self] batch throws(ReadFailure) in take(batch) }
  }

  private func finish(_ reader: SurveyReader, of kind: EntityKind) throws(ReadFailure) {
    try reader.finish()
    for (member, count) in reader.dangling {
      if let known = result.dangling.firstIndex(where: { $0.kind == kind && $0.member == member }) {
        result.dangling[known].count += count
      } else {
        result.dangling.append(.init(kind: kind, member: member, count: count))
      }
    }
  }

  /// Reads the entities of a kind in a file; `home` is the kind in whose directory the file is.
  private func read(
    _ path: [UInt8], _ format: SourcePath.Format, _ reader: SurveyReader, as kind: EntityKind,
    home: EntityKind?
  ) throws(ReadFailure) {
    fileNumber += 1
    do throws(ReadFailure) {
      let file = try place.open(path, options.access)
      defer { file.close() }
      var isEntity = false
      var isFoundLate = false
      if home == kind, format == .json, fileKinds.placesOfKinds(in: path) == nil {
        isEntity = try reader.beginsAsEntity(file)
        if !isEntity, try !reader.isEntity(file) {
          isFoundLate = try fileKinds.findOthers(in: path, than: kind)
        }
      }
      let places = fileKinds.placesOfKinds(in: path)
      // The file is counted once, however many kinds it holds.
      if isFoundLate || places == nil || catalog.kinds.first(where: { places?[$0] != nil }) == kind
      {
        result.fileCount += 1
        result.byteCount += file.size
        result.encodings[try encoding(of: file), default: 0] += 1
      }
      if isFoundLate, let places {
        for earlier in catalog.kinds.prefix(while: { $0 != kind }) {
          guard let own = places[earlier] else { continue }
          let reader = surveyReader(of: earlier)
          try reader.read(file, path, format, number: fileNumber, isInPlace: false, at: own)
          try finish(reader, of: earlier)
        }
      }
      var own = places?[kind]
      if own != nil, home == kind, try fileKinds.isRead(path, as: kind) { own = nil }
      try reader.read(
        file, path, format, number: fileNumber,
        isInPlace: places == nil ? home != nil : home == kind, at: own, isEntity: isEntity)
    } catch {
      if isCancelled() { throw .stopped }
      guard case .system(let error) = error else { throw error }
      guard error.concernsOneFile else {
        throw .source(SourceFailure(source: result.source, reason: .unreadable(path: path, error)))
      }
      note(unreadable: path, error)
    }
  }

  private func encoding(of file: SurveyedFile) throws(ReadFailure) -> String {
    var bytes: [UInt8] = [0, 0, 0]
    let result: Result<Int, SystemError> = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return .success(0) }
      do throws(SystemError) {
        return try unsafe .success(file.read(into: base, count: 3, at: 0))
      } catch {
        return .failure(error)
      }
    }
    let count = try ReadFailure.converting { () throws(SystemError) in try result.get() }
    switch bytes.prefix(count) {
    case [0xEF, 0xBB, 0xBF]: return "UTF-8 with a byte-order mark"
    case let mark where mark.starts(with: [0xFF, 0xFE]): return "UTF-16 little-endian"
    case let mark where mark.starts(with: [0xFE, 0xFF]): return "UTF-16 big-endian"
    default: return "UTF-8"
    }
  }

  private func take(_ batch: SourceBatch) {
    let records = batch.records
    // Warnings about collections that are not read.
    for (_, issue) in batch.notices where issue.code == .shapeWrapper && issue.severity > .info {
      note(issue.code, issue.source ?? "", issue.message)
    }
    for index in batch.rejectedSpans.keys.sorted() {
      let entry = records.entries[index]
      for issue in records.issues[entry.issues] {
        note(issue.code, issue.source ?? records.sources[entry.source], issue.message)
      }
    }
  }

  // MARK: The report

  private func conclude() {
    likenesses = collector.shapes.map { likeness(of: $0) }
    result.shapes = collector.shapes.indices.map { describe($0) }
    result.mappingsNotSuggested = Set(
      Mapping.builtIn.filter { mapping in
        let isBest = result.shapes.contains { $0.best.mapping == mapping.name }
        return isBest
          && collector.shapes.contains { $0.isInPlace && mapping.gathersFields(of: $0) }
      }.map(\.name))
    result.objectCount = collector.shapes.reduce(collector.objectsOmitted) { $0 + $1.count }
    for name in result.mappingsNotSuggested.sorted() {
      result.bounds.append(
        "\(name) is not suggested for all, since of objects of other shapes it would gather members "
          + "that look like fields")
    }
    result.failures = failureOrder.compactMap { failures[$0] }
    if collector.objectsOmitted > 0 {
      result.bounds.append(
        PlainText.counted(collector.objectsOmitted, "object")
          + " of further shapes are not shown: \(options.limits.shapes) shapes are kept")
    }
    if ids.isFull {
      result.bounds.append(
        "ids beyond the first \(PlainText.grouped(options.limits.ids)) of a kind are not kept, so "
          + "duplicates and dangling references among them are not known")
    }
    let sampled = Set(collector.shapes.flatMap(\.sampled)).sorted().map { Mapping.builtIn[$0].name }
    if !sampled.isEmpty {
      result.bounds.append(
        "\(sampled.joined(separator: ", ")) read none of the first "
          + "\(PlainText.grouped(options.limits.trials)) objects of a shape, and may read more of it "
          + "than is shown")
    }
    let omitted = collector.shapes.reduce(0) { $0 + $1.membersOmitted }
    if omitted > 0 {
      result.bounds.append(
        PlainText.counted(omitted, "member")
          + " are not shown: \(options.limits.members) are kept of a shape")
    }
  }

  /// Returns the kind as which a rule would read a shape: that of its place or, where nothing is
  /// read without a mapping, the one that it looks like.
  private func kindMeant(by position: Int) -> EntityKind {
    let shape = collector.shapes[position]
    if shape.isInPlace, !shape.context.isSelected { return shape.kind }
    return likenesses[position].kind ?? shape.kind
  }

  private func describe(_ position: Int) -> SurveyReport.Shape {
    let shape = collector.shapes[position]
    let (likeness, evidence) = likenesses[position]
    let kind = kindMeant(by: position)
    let schema = kind.schema
    // Outside the kinds' directories, a shape that looks like no kind has no fields.
    let isKnown = shape.isInPlace || likeness != nil
    let findings = isKnown ? FieldGuess.findings(in: shape, as: kind) : FieldGuess.Findings()
    let guesses = findings.guesses
    let plain = reading(shape.plain, of: nil, in: shape)
    let mapped = better(of: shape).map { reading($0.tally, of: $0.mapping, in: shape) }
    var missing: [String] = []
    if kind == shape.kind {
      missing = Self.missing((mapped.first ?? plain).problems, besides: guesses, schema)
    } else {
      missing = Self.nowhere(guesses, schema)
    }
    if !isKnown { missing = [] }
    var unclear = findings.open.map(\.reason)
    if !isKnown || !missing.isEmpty {
      unclear += shape.members.indices.compactMap { member in
        let texts = shape.members[member].objectsInText
        guard texts * 2 > shape.count, !guesses.contains(where: { $0.path[0] == member }) else {
          return nil
        }
        return "\(Violation.quoted(shape.members[member].name)) holds JSON as text, into which no "
          + "mapping looks; write the JSON itself if that is the entity"
      }
    }
    if let held = shape.held, !Self.nowhere(guesses, schema).isEmpty {
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
    if !shape.isInPlace, likeness != nil, !isRecognized(guesses, kind, of: shape) {
      unclear.append("its names are common ones, so no rule is proposed outside \(kind.table)/")
    }
    return SurveyReport.Shape(
      kind: shape.kind, isInPlace: shape.isInPlace, likeness: likeness, evidence: evidence,
      count: shape.count, fileCount: shape.fileCount, files: shape.files.map(SourcePath.text),
      layouts: shape.layouts, pointers: shape.pointers.map(\.text),
      members: shape.members.indices.flatMap { position in
        // Of the members in a member, only those that are fields are shown.
        let further = guesses.map(\.path) + findings.open.map(\.path)
        let paths = [[position]] + further.filter { $0[0] == position && $0.count > 1 }
        return paths.map { describe($0, in: shape, findings, schema) }
      },
      membersOmitted: shape.membersOmitted, unclear: unclear, plain: plain,
      mapped: mapped,
      missing: missing)
  }

  /// Returns the fields that objects lack, and for which there is no member.
  private static func missing(
    _ problems: [SurveyReport.Problem], besides guesses: [FieldGuess], _ schema: EntitySchema
  ) -> [String] {
    var missing: [String] = []
    for problem in problems where problem.key.code == .fieldMissing {
      let name = String(problem.key.pointer.dropFirst())
      // The issue may give another name of the field.
      let field =
        schema.position(ofMember: name) ?? schema.otherNames.first { $0.member == name }?.field
      let shown = field.map { schema.fields[$0].member } ?? name
      if !guesses.contains(where: { $0.field == field }), !missing.contains(shown) {
        missing.append(shown)
      }
    }
    return missing
  }

  /// Returns the required fields for which there is no member, nor one for a substitute.
  private static func nowhere(_ guesses: [FieldGuess], _ schema: EntitySchema) -> [String] {
    schema.fields.indices.filter { position in
      schema.fields[position].isRequired
        && !guesses.contains { guess in
          guess.field == position
            || schema.rules.contains(.substitutable(field: position, substitute: guess.field))
        }
    }.map { schema.fields[$0].member }
  }

  /// Returns the built-in mappings by which more objects of a shape are read than without one, the
  /// best first; of those that read as many, the most specific first.
  private func better(
    of shape: ShapeCollector.Shape
  ) -> [(mapping: Mapping, tally: ReadingTally)] {
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
        let (asked, other) = (specificity(left.key), specificity(right.key))
        return asked == other ? left.key < right.key : asked > other
      }
      .map { (Mapping.builtIn[$0.key], $0.value) }
  }

  /// Returns the maximum number of members that a rule of a built-in mapping requires.
  private func specificity(_ mapping: Int) -> Int {
    let rules = Mapping.builtIn[mapping].rules.values.joined()
    return rules.map(\.condition.has.count).max() ?? 0
  }

  private func describe(
    _ path: [Int], in shape: ShapeCollector.Shape, _ findings: FieldGuess.Findings,
    _ schema: EntitySchema
  ) -> SurveyReport.Member {
    let member = shape.profile(at: path)
    let guess = findings.guesses.first { $0.path == path }
    return SurveyReport.Member(
      name: shape.name(at: path),
      otherSpellings: member.spellings.dropFirst().map { String(decoding: $0, as: UTF8.self) },
      count: member.count, types: member.types,
      example: member.example.isEmpty ? nil : Self.text(cut: member.example),
      isExampleCut: member.isExampleCut, field: guess.map { schema.fields[$0.field].member },
      reason: guess?.explanation ?? findings.open.first { $0.path == path }?.reason)
  }

  /// Decodes text that may be cut within a character.
  private static func text(cut bytes: [UInt8]) -> String {
    for dropped in 0..<4 where bytes.count > dropped {
      if let text = String(validating: bytes.dropLast(dropped), as: UTF8.self) { return text }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func reading(
    _ tally: ReadingTally, of mapping: Mapping?, in shape: ShapeCollector.Shape
  ) -> SurveyReport.Reading {
    var (migrates, duplicates, lookAlikes) = (tally.migrates, tally.duplicates, tally.lookAlikes)
    if mapping != nil {
      // Objects that migrate without a mapping were not tried.
      migrates += shape.plainAndDone.migrates
      duplicates += shape.plainAndDone.duplicates
      // Objects that no rule of the mapping takes are read without it.
      let left = shape.count - tally.taken - shape.plainAndDone.taken
      lookAlikes += left
    }
    return .init(
      mapping: mapping?.name, migrates: migrates, duplicates: duplicates, lookAlikes: lookAlikes,
      problems: Self.sorted(tally.problems))
  }

  private static func sorted(
    _ problems: [SurveyReport.Problem.Key: Int]
  ) -> [SurveyReport.Problem] {
    problems.map { .init(key: $0.key, count: $0.value) }.sorted { left, right in
      (-left.count, left.key.code.rawValue, left.key.pointer)
        < (-right.count, right.key.code.rawValue, right.key.pointer)
    }
  }

  /// Returns the kind that a shape looks like, and the members that suggest it.
  private func likeness(
    of shape: ShapeCollector.Shape
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

  /// Whether a shape outside the kinds' directories has more in common with a kind than a few
  /// common words, such as a type and a configuration, which machines have too.
  private func isRecognized(
    _ guesses: [FieldGuess], _ kind: EntityKind, of shape: ShapeCollector.Shape
  ) -> Bool {
    if shape.files.contains(where: { FileKinds.kindNamed(by: $0, catalog) == kind }) {
      return true
    }
    let telling = guesses.filter { guess in
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

  // MARK: The proposal

  /// Whether a reading uses a built-in mapping for certain shapes, not one for any shape.
  private func usesSpecificMapping(_ reading: SurveyReport.Reading) -> Bool {
    guard let position = Mapping.builtIn.firstIndex(where: { $0.name == reading.mapping }) else {
      return false
    }
    return specificity(position) > 0
  }

  /// Returns drafts of the rules that a proposal has.
  private func drafts() -> [MappingProposal.Draft] {
    var drafts = collector.shapes.indices.flatMap { self.drafts(of: $0, isTaken: false) }
    // What a rule takes a file of is read by the proposal alone.
    var tried: Set<Int> = []
    while let position = collector.shapes.indices.first(where: { position in
      !tried.contains(position) && isTaken(position, by: drafts)
    }) {
      tried.insert(position)
      drafts += self.drafts(of: position, isTaken: true)
    }
    return drafts.sorted { $0.position < $1.position }
  }

  /// Whether rules take the files of a shape that has none, and that they would leave unread, or
  /// read otherwise than the mapping that is best for it.
  private func isTaken(_ position: Int, by drafts: [MappingProposal.Draft]) -> Bool {
    let best = result.shapes[position].best
    guard collector.shapes[position].isInPlace, best.migrates > 0,
      !usesSpecificMapping(best), !drafts.contains(where: { $0.position == position })
    else { return false }
    let kind = kindMeant(by: position)
    return drafts.contains { draft in
      draft.takesFiles(of: collector.shapes[position])
        && (draft.kind != kind || best.mapping != nil)
    }
  }

  private func drafts(of position: Int, isTaken: Bool) -> [MappingProposal.Draft] {
    let (shape, described) = (collector.shapes[position], result.shapes[position])
    guard described.likeness != nil || shape.isInPlace else { return [] }
    let best = described.best
    if usesSpecificMapping(best) { return [] }
    let kind = kindMeant(by: position)
    let findings = FieldGuess.findings(in: shape, as: kind)
    let guesses = findings.guesses
    if !shape.isInPlace || kind != shape.kind {
      guard Self.nowhere(guesses, kind.schema).isEmpty, isRecognized(guesses, kind, of: shape)
      else { return [] }
    }
    let isWhole = best.migrates == shape.count && best.lookAlikes == 0
    // Even if all objects migrate, a member under another name may be a field that they lack.
    let fillsIn = guesses.contains { $0.strength == .alias }
    let isThreatened = result.mappingsNotSuggested.contains { name in
      Mapping.builtIn(named: name)?.gathersFields(of: shape) ?? false
    }
    let needsRule = !shape.isInPlace || shape.context.isSelected || isTaken
    guard !isWhole || fillsIn || needsRule || isThreatened else { return [] }
    let others = result.shapes.contains { other in
      other.kind == shape.kind && other.isInPlace && usesSpecificMapping(other.best)
    }
    // A rule without files reads all that is where the kind is.
    let isOfOtherKind = isTaken && sharesFilesWithOtherKind(position)
    let namesFiles =
      others || !shape.isInPlace || shape.context.isSelected || isThreatened || isOfOtherKind
    return places(of: position).map { place in
      MappingProposal.Draft(
        position: position, shape: shape, kind: kind, findings: findings, namesFiles: namesFiles,
        isNeeded: needsRule, entities: place)
    }.filter(\.isOfUse)
  }

  private func sharesFilesWithOtherKind(_ position: Int) -> Bool {
    let files = collector.shapes[position].files
    return collector.shapes.indices.contains { other in
      kindMeant(by: other) != kindMeant(by: position)
        && collector.shapes[other].files.contains { files.contains($0) }
    }
  }

  /// Returns the pointer of each rule that a shape needs; `nil` for a rule without one.
  private func places(of position: Int) -> [String?] {
    let shape = collector.shapes[position]
    let pointers = shape.pointers.filter(\.isWritable).map(\.text)
    if shape.context.isSelected { return pointers }
    // Several kinds that go by a document's shape need not find the same entities.
    guard sharesFilesWithOtherKind(position) else { return [nil] }
    return shape.layouts.flatMap { layout -> [String?] in
      switch layout {
      case .dictionary: ["/*"]
      case .wrapper: pointers
      case .single, .list, .lines: [nil]
      }
    }
  }

  /// Returns the mapping of the drafts or, if less would be stored with it than without, the part
  /// of it that reads no less; `nil` if there is none.
  private func proposal() throws(ReadFailure) -> SurveyReport.Proposal? {
    let drafts = drafts()
    guard var best = try proposal(of: drafts) else { return nil }
    let least = try leastOutcome(for: best.outcome)
    if best.outcome.isWorse(than: least) {
      let dangling = Set(
        best.outcome.problems.filter { $0.key.code == .referenceMissing }.map(\.key.pointer))
      let certain = drafts.map { $0.without(referencesAt: dangling) }.filter(\.isOfUse)
      let complete = certain.filter { Self.nowhere($0.guesses, $0.kind.schema).isEmpty }
      for fewer in [certain, complete] where best.outcome.isWorse(than: least) {
        guard let other = try proposal(of: fewer) else { continue }
        if best.outcome.isWorse(than: other.outcome) { best = other }
      }
    }
    return best.outcome.isWorse(than: least) ? nil : best
  }

  /// What a proposal must give at least: what the survey counted without one.
  private func leastOutcome(
    for proposed: SurveyReport.Outcome
  ) throws(ReadFailure) -> SurveyReport.Outcome {
    var least = SurveyReport.Outcome()
    least.migrates = result.storedWithoutProposal
    if !proposed.isWorse(than: least) { return least }
    // That each shape was counted by itself may be too much for all together.
    least = try outcome(of: .none)
    if !result.suggestedMappings.isEmpty {
      let mappings = result.suggestedMappings.compactMap { Mapping.builtIn(named: $0) }
      let other = try outcome(of: MappingSet(mappings))
      if least.isWorse(than: other) { least = other }
    }
    return least
  }

  private func proposal(
    of drafts: [MappingProposal.Draft]
  ) throws(ReadFailure) -> SurveyReport.Proposal? {
    let proposed = MappingProposal(catalog: catalog, shapes: collector.shapes, drafts: drafts)
    guard let text = proposed.text,
      let mapping = try? Mapping(parsing: text, catalog: catalog)
    else { return nil }
    var builtIn: [String] = []
    for (position, shape) in result.shapes.enumerated() {
      let isProposed = drafts.contains { $0.position == position }
      if !isProposed, let name = shape.best.mapping, !builtIn.contains(name) {
        builtIn.append(name)
      }
    }
    let mappings = [mapping] + builtIn.compactMap { Mapping.builtIn(named: $0) }
    return SurveyReport.Proposal(
      text: text, builtIn: builtIn, outcome: try outcome(of: MappingSet(mappings)))
  }

  /// Reads everything again with mappings, as a migration would.
  private func outcome(
    of mappings: MappingSet
  ) throws(ReadFailure) -> SurveyReport.Outcome {
    var result = SurveyReport.Outcome()
    let ids = KnownIDs(limit: options.limits.ids)
    var problems: [SurveyReport.Problem.Key: Int] = [:]
    let limit = options.limits.problems
    for kind in catalog.kinds {
      let builder = SourceBatchBuilder(batchSize: 2_000, options: SurveyReader.decoding) {
        (batch: SourceBatch) throws(ReadFailure) -> RecordBatch in
        for index in 0..<batch.records.count {
          let outcome = ids.outcome(of: batch.records, at: index)
          result.found += 1
          if outcome.problems.isEmpty { result.migrates += 1 }
          if outcome.problems.isEmpty, outcome.isRepeated { result.duplicates += 1 }
          if outcome.problems.isEmpty, outcome.hasDerivedID { result.derivedIDs += 1 }
          for key in outcome.problems where problems[key] != nil || problems.count < limit {
            problems[key, default: 0] += 1
          }
          if outcome.problems.isEmpty, let id = outcome.id { ids.insert(id, kind) }
        }
        return batch.records
      }
      let documents = DocumentReader(catalog: catalog, into: builder, isCancelled: isCancelled)
      let pool = MapperPool(mappings)
      builder.begin(kind)
      try forEachFile(notingOthers: false) { path, format throws(ReadFailure) in
        try read(path, format, with: pool, documents, into: builder)
      }
      try builder.endKind()
    }
    result.problems = Self.sorted(problems)
    return result
  }

  /// Reads a file with one of the mappings of a pool, or without one.
  private func read(
    _ path: [UInt8], _ format: SourcePath.Format, with pool: MapperPool,
    _ documents: DocumentReader, into builder: SourceBatchBuilder
  ) throws(ReadFailure) {
    let home = SourceTop.home(of: path, catalog)
    let reading = pool.reading(of: path, as: builder.kind, at: home)
    if case .not = reading { return }
    builder.begin(file: path, mappedBy: reading.mapper)
    do throws(ReadFailure) {
      let file = try place.open(path, options.access)
      defer { file.close() }
      try documents.read(file, as: format, selecting: reading.mapper?.selection)
    } catch {
      guard case .system = error else { throw error }
      if builder.answersForDocument {
        try builder.fail(.inputUnreadable, "cannot be read", at: nil, span: .nothing)
      }
    }
  }
}
