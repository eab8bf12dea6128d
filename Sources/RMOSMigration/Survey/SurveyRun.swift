import RMOSModels
import RMOSSystem

/// A survey under way.
///
/// Kind after kind, as a migration reads them, so that the ids that references lead to are known.
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
  /// What files outside the kinds' directories were found to hold, by path.
  private var kindsOfFiles = IDTable()
  /// Likewise of directories all of whose files held the same so far, with how many those were,
  /// and how much the one that looks least like it does.
  private var kindsOfDirectories: [[UInt8]: DirectoryContent] = [:]
  /// What each shape looks like, and why.
  private var likenesses: [(kind: EntityKind?, evidence: [String])] = []

  /// Where in files outside the kinds' directories entities of each kind are, if they hold several.
  private var placesOfKinds: [[UInt8]: [EntityKind: [EntityPointer]]] = [:]

  private struct DirectoryContent {
    let kind: EntityKind
    var files = 0
    var leastScore = Double.infinity
    var holdsSeveral = false
  }

  /// After so many files of one kind in a directory, others are only checked to be like them.
  private static let filesTried = 16
  /// How much of the score of the first files others must have.
  private static let alikeScore = 0.8
  private static let directoriesKept = 4_096
  /// For how many files with several kinds it is kept what is where, and how many collections of a
  /// file are looked at.
  private static let filesOfKindsKept = 1_024
  private static let collectionsTried = 12
  /// From which score on a collection is one of a kind, and not what the rest of its file is.
  private static let clearScore = 0.4

  init(
    _ path: String, _ place: SurveyPlace, _ options: Survey.Options,
    isCancelled: @escaping () -> Bool
  ) {
    self.place = place
    self.options = options
    catalog = options.catalog
    self.isCancelled = isCancelled
    collector = ShapeCollector(limits: options.limits)
    ids = KnownIDs(limit: options.limits.ids)
    result = SurveyReport(path: path, source: SourcePath.text(place.root))
  }

  func report() throws(ReadFailure) -> SurveyReport {
    for kind in catalog.kinds { try survey(kind) }
    conclude()
    let suggested = result.suggestedMappings.compactMap { Mapping.builtIn(named: $0) }
    if !suggested.isEmpty, Set(result.shapes.map(\.best.mapping)).count > 1 {
      // The files are read again, since each mapping takes all objects that it fits, also objects
      // of shapes that another mapping reads better.
      result.together = try outcome(of: MappingSet(suggested))
    }
    if let file = place.file {
      result.isOfOtherExtension =
        unsafe file.withUnsafeBufferPointer { unsafe SourcePath.Format(name: $0) } == nil
    }
    let drafts = drafts()
    result.canPropose = !drafts.isEmpty
    if options.proposesMapping { try propose(drafts) }
    return result
  }

  // MARK: Files

  /// Calls `body` with every file that can be read, in the order of a migration.
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

  /// Reads the files that hold entities of a kind, or look as if they did.
  private func survey(_ kind: EntityKind) throws(ReadFailure) {
    let isFirst = kind == catalog.kinds.first
    let reader = SurveyReader(
      kind, of: catalog, collector, ids, options.limits, isCancelled: isCancelled
    ) { [unowned self] batch throws(ReadFailure) in take(batch) }
    try forEachFile(notingOthers: isFirst) { path, format throws(ReadFailure) in
      let home = SourceTop.home(of: path, catalog)
      let meant: EntityKind
      if let home {
        meant = home
      } else {
        meant = try kindOfFile(path, format)
      }
      if home == nil, let places = placesOfKinds[path] {
        guard let own = places[kind] else { return }
        // It is one file, however many kinds it holds.
        let isFirst = catalog.kinds.first { places[$0] != nil } == kind
        return try read(path, format, reader, isInPlace: false, at: own, counts: isFirst)
      }
      guard meant == kind else { return }
      try read(path, format, reader, isInPlace: home != nil)
    }
    try reader.finish()
    for (member, count) in reader.dangling {
      result.dangling.append(.init(kind: kind, member: member, count: count))
    }
  }

  private func read(
    _ path: [UInt8], _ format: SourcePath.Format, _ reader: SurveyReader, isInPlace: Bool,
    at places: [EntityPointer]? = nil, counts: Bool = true
  ) throws(ReadFailure) {
    fileNumber += 1
    do throws(SystemError) {
      let file = try FileByteSource(place.root + [UInt8(ascii: "/")] + path, options.access)
      defer { file.close() }
      if counts {
        result.fileCount += 1
        result.byteCount += file.size
        result.encodings[try encoding(of: file), default: 0] += 1
      }
      let failure: ReadFailure? = {
        do throws(ReadFailure) {
          try reader.read(
            file, path, format, number: fileNumber, isInPlace: isInPlace, at: places)
          return nil
        } catch {
          return error
        }
      }()
      if let failure {
        guard case .system(let error) = failure else { throw .interrupted }
        throw error
      }
    } catch {
      if isCancelled() { throw .stopped }
      guard error.concernsOneFile else {
        throw .source(SourceFailure(source: result.source, reason: .unreadable(path: path, error)))
      }
      note(unreadable: path, error)
    }
  }

  private func encoding(of file: FileByteSource) throws(SystemError) -> String {
    var bytes: [UInt8] = [0, 0, 0]
    var failure: SystemError?
    let count = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      do throws(SystemError) {
        return try unsafe file.read(into: base, count: 3, at: 0)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    switch bytes.prefix(count) {
    case [0xEF, 0xBB, 0xBF]: return "UTF-8 with a byte-order mark"
    case let mark where mark.starts(with: [0xFF, 0xFE]): return "UTF-16 little-endian"
    case let mark where mark.starts(with: [0xFE, 0xFF]): return "UTF-16 big-endian"
    default: return "UTF-8"
    }
  }

  private func take(_ batch: SourceBatch) {
    let records = batch.records
    // Collections that are not read.
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

  // MARK: Files outside the kinds' directories

  /// Guesses the kind of a file's entities.
  private func kindOfFile(
    _ path: [UInt8], _ format: SourcePath.Format
  ) throws(ReadFailure) -> EntityKind {
    let key = IDTable.Key(path.span)
    if let known = kindsOfFiles[key] { return catalog.kinds[Int(known)] }
    let directory = path.directoryPath
    let known = kindsOfDirectories[directory]
    var kind: EntityKind?
    if let known, known.files >= Self.filesTried, !known.holdsSeveral, known.leastScore > 0,
      try score(of: path, format, as: known.kind) >= known.leastScore * Self.alikeScore
    {
      kind = known.kind
    }
    if kind == nil {
      let guess = try guessKind(of: path, format)
      kind = guess.kind
      if format == .json { try findKinds(in: path, besides: guess.kind) }
      if known != nil || kindsOfDirectories.count < Self.directoriesKept {
        var content = known ?? DirectoryContent(kind: guess.kind)
        if content.kind == guess.kind {
          content.files += 1
          content.leastScore = min(content.leastScore, guess.score)
        } else {
          content.holdsSeveral = true
        }
        kindsOfDirectories[directory] = content
      }
    }
    guard let kind else { return catalog.kinds[0] }
    let number = catalog.kinds.firstIndex(of: kind) ?? 0
    kindsOfFiles.insert(key, number: UInt64(number))
    return kind
  }

  /// Finds out whether the collections in a document are of several kinds, such as in
  /// `{"families": […], "patterns": […]}`, and which is of which.
  ///
  /// What looks like no kind is taken for what the file as a whole looks like.
  private func findKinds(
    in path: [UInt8], besides kind: EntityKind
  ) throws(ReadFailure) {
    guard placesOfKinds.count < Self.filesOfKindsKept, let first = catalog.kinds.first
    else { return }
    var collections: [EntityPointer] = []
    try sample(path, as: first) { reader, file throws(ReadFailure) in
      collections = try reader.collections(in: file)
    }
    guard 2...Self.collectionsTried ~= collections.count else { return }
    var places: [EntityKind: [EntityPointer]] = [:]
    for collection in collections {
      // Entities may also be one level further down, such as under a year.
      let inner = EntityPointer(steps: collection.steps + [.any])
      let outer = try likeliestKind(of: path, .json, at: [collection])
      let deeper = try likeliestKind(of: path, .json, at: [inner])
      let isDeeper = deeper?.score ?? 0 > outer?.score ?? 0
      let best = isDeeper ? deeper : outer
      if let best, best.score >= Self.clearScore {
        places[best.kind, default: []].append(isDeeper ? inner : collection)
      } else {
        places[kind, default: []].append(collection)
      }
    }
    if places.count > 1 { placesOfKinds[path] = places }
  }

  private func guessKind(
    of path: [UInt8], _ format: SourcePath.Format
  ) throws(ReadFailure) -> (kind: EntityKind, score: Double) {
    if let likeliest = try likeliestKind(of: path, format) { return likeliest }
    return (kindNamed(by: path) ?? catalog.kinds[0], 0)
  }

  /// The kind that the file is named after or, if it is after none, the nearest directory.
  private func kindNamed(by path: [UInt8]) -> EntityKind? {
    var names = path.split(separator: UInt8(ascii: "/"))
    if let stem = names.popLast()?.split(separator: UInt8(ascii: ".")).first { names.append(stem) }
    let tables = names.reversed().compactMap { SourceTop.kindMeant(by: $0, catalog) }
    return catalog.kinds.first { $0.table == tables.first }
  }

  /// Reads the beginning of a file as entities of a kind, for what it shows.
  @discardableResult
  private func sample(
    _ path: [UInt8], as kind: EntityKind,
    _ body: (SurveyReader, FileByteSource) throws(ReadFailure) -> Void
  ) throws(ReadFailure) -> ShapeCollector {
    let sample = ShapeCollector(limits: options.limits)
    let reader = SurveyReader(
      kind, of: catalog, sample, KnownIDs(limit: 0), options.limits, checksReferences: false,
      isCancelled: isCancelled
    ) { _ throws(ReadFailure) in throw .stopped }
    do throws(ReadFailure) {
      let file = try ReadFailure.converting { () throws(SystemError) in
        try FileByteSource(place.root + [UInt8(ascii: "/")] + path, options.access)
      }
      defer { file.close() }
      try body(reader, file)
    } catch {
      if isCancelled() { throw .stopped }
      // What cannot be read is said when it is read in earnest.
    }
    return sample
  }

  /// The kind that a file's entities look like most; `nil` if they look like none.
  private func likeliestKind(
    of path: [UInt8], _ format: SourcePath.Format, at places: [EntityPointer]? = nil
  ) throws(ReadFailure) -> (kind: EntityKind, score: Double)? {
    var best: (kind: EntityKind, score: Double)?
    for kind in catalog.kinds {
      let score = try score(of: path, format, as: kind, at: places)
      if score > best?.score ?? 0 { best = (kind, score) }
    }
    return best
  }

  /// How much the beginning of a file looks like entities of a kind.
  private func score(
    of path: [UInt8], _ format: SourcePath.Format, as kind: EntityKind,
    at places: [EntityPointer]? = nil
  ) throws(ReadFailure) -> Double {
    let sample = try sample(path, as: kind) { reader, file throws(ReadFailure) in
      try reader.read(file, path, format, number: 0, isInPlace: false, at: places)
    }
    return sample.shapes.reduce(0.0) { sum, shape in
      let readings = shape.mapped.values.map(\.reads) + [shape.plain.reads]
      let fits = Double(readings.max() ?? 0) / Double(max(shape.count, 1))
      return sum + fits * 2
        + FieldGuess.score(of: FieldGuess.all(in: shape, as: kind), as: kind, in: catalog)
    } / Double(max(sample.shapes.count, 1))
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

  /// The kind as which a rule would read a shape: the kind of its place or, outside of those, what
  /// it looks like.
  private func kindMeant(by position: Int) -> EntityKind {
    let shape = collector.shapes[position]
    return shape.isInPlace ? shape.kind : likenesses[position].kind ?? shape.kind
  }

  private func describe(_ position: Int) -> SurveyReport.Shape {
    let shape = collector.shapes[position]
    let (likeness, evidence) = likenesses[position]
    let kind = kindMeant(by: position)
    let schema = kind.schema
    // What looks like nothing, and is nowhere where entities are, has no fields.
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
    if !shape.isInPlace, likeness != nil, !isTold(guesses, kind, of: shape) {
      unclear.append("its names are common ones, so no rule is proposed outside \(kind.table)/")
    }
    return SurveyReport.Shape(
      kind: shape.kind, isInPlace: shape.isInPlace, likeness: likeness, evidence: evidence,
      count: shape.count, fileCount: shape.fileCount, files: shape.files.map(SourcePath.text),
      layouts: shape.layouts, pointers: shape.pointers,
      members: shape.members.indices.flatMap { position in
        // What is within a member is shown where it is a field.
        let further = guesses.map(\.path) + findings.open.map(\.path)
        let paths = [[position]] + further.filter { $0[0] == position && $0.count > 1 }
        return paths.map { describe($0, in: shape, findings, schema) }
      },
      membersOmitted: shape.membersOmitted, unclear: unclear, plain: plain,
      mapped: mapped,
      missing: missing)
  }

  /// The fields that objects lack, and for which there is no member.
  private static func missing(
    _ problems: [SurveyReport.Problem], besides guesses: [FieldGuess], _ schema: EntitySchema
  ) -> [String] {
    var missing: [String] = []
    for problem in problems where problem.key.code == .fieldMissing {
      let name = String(problem.key.pointer.dropFirst())
      // It may be missing under another name.
      let field =
        schema.position(ofMember: name) ?? schema.otherNames.first { $0.member == name }?.field
      let shown = field.map { schema.fields[$0].member } ?? name
      if !guesses.contains(where: { $0.field == field }), !missing.contains(shown) {
        missing.append(shown)
      }
    }
    return missing
  }

  /// The required fields for which there is no member, nor one for what may take their place.
  private static func nowhere(_ guesses: [FieldGuess], _ schema: EntitySchema) -> [String] {
    schema.fields.indices.filter { position in
      schema.fields[position].isRequired
        && !guesses.contains { guess in
          guess.field == position
            || schema.rules.contains(.substitutable(field: position, substitute: guess.field))
        }
    }.map { schema.fields[$0].member }
  }

  /// The built-in mappings that read more of a shape's objects than no mapping does, the best
  /// first; of mappings that read as many, the most specific.
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

  /// How much a built-in mapping asks of an object.
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

  /// Text that may be cut within a character.
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

  fileprivate static func sorted(
    _ problems: [SurveyReport.Problem.Key: Int]
  ) -> [SurveyReport.Problem] {
    problems.map { .init(key: $0.key, count: $0.value) }.sorted { left, right in
      (-left.count, left.key.code.rawValue, left.key.pointer)
        < (-right.count, right.key.code.rawValue, right.key.pointer)
    }
  }

  /// The kind that a shape looks like, and the members that say so.
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
    // Where it is says something too.
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

  /// How many fields that only one kind has tell objects of it that have none under its own name.
  private static let fieldsThatTell = 4

  /// Whether objects outside the kinds' directories are told to be of a kind by more than a few
  /// common words, such as the type and configuration that machines have too.
  private func isTold(
    _ guesses: [FieldGuess], _ kind: EntityKind, of shape: ShapeCollector.Shape
  ) -> Bool {
    if shape.files.contains(where: { kindNamed(by: $0) == kind }) { return true }
    let telling = guesses.filter { guess in
      let member = kind.schema.fields[guess.field].member
      return catalog.kinds.allSatisfy {
        $0 == kind || $0.schema.position(ofMember: member) == nil
      }
    }
    return Set(telling.map(\.field)).count >= Self.fieldsThatTell
      || telling.contains {
        $0.strength < .alias && kind.schema.fields[$0.field].isRequired
      }
  }

  // MARK: The proposal

  /// Whether a built-in mapping made for the shape reads it, and not one for any shape.
  private func isReadByOneForTheShape(_ reading: SurveyReport.Reading) -> Bool {
    guard let position = Mapping.builtIn.firstIndex(where: { $0.name == reading.mapping }) else {
      return false
    }
    return specificity(position) > 0
  }

  /// The rules that a proposal would have, from what was seen.
  private func drafts() -> [MappingProposal.Draft] {
    var drafts: [MappingProposal.Draft] = []
    for (position, shape) in collector.shapes.enumerated() {
      let described = result.shapes[position]
      guard described.likeness != nil || shape.isInPlace else { continue }
      let best = described.best
      if isReadByOneForTheShape(best) { continue }
      let kind = kindMeant(by: position)
      let findings = FieldGuess.findings(in: shape, as: kind)
      let guesses = findings.guesses
      if !shape.isInPlace {
        guard Self.nowhere(guesses, kind.schema).isEmpty, isTold(guesses, kind, of: shape)
        else { continue }
      }
      let isWhole = best.migrates == shape.count && best.lookAlikes == 0
      // A field that is nowhere else may be what another name means.
      let fillsIn = guesses.contains { $0.strength == .alias }
      let isThreatened = result.mappingsNotSuggested.contains { name in
        Mapping.builtIn(named: name)?.gathersFields(of: shape) ?? false
      }
      let needsRule = !shape.isInPlace || shape.context.isSelected
      guard !isWhole || fillsIn || needsRule || isThreatened else { continue }
      let others = result.shapes.contains { other in
        other.kind == shape.kind && other.isInPlace && isReadByOneForTheShape(other.best)
      }
      for place in places(of: position) {
        let draft = MappingProposal.Draft(
          position: position, shape: shape, kind: kind, findings: findings,
          namesFiles: others || needsRule || isThreatened, entities: place)
        if !draft.targets.isEmpty || needsRule { drafts.append(draft) }
      }
    }
    return drafts
  }

  /// Where rules must look for the objects of a shape; `nil` where a migration finds them.
  private func places(of position: Int) -> [String?] {
    let shape = collector.shapes[position]
    if shape.context.isSelected { return shape.pointers }
    let sharesFiles = collector.shapes.indices.contains { other in
      kindMeant(by: other) != kindMeant(by: position)
        && collector.shapes[other].files.contains { shape.files.contains($0) }
    }
    // What several kinds find by a document's shape need not be the same.
    guard !shape.isInPlace, sharesFiles else { return [nil] }
    return shape.layouts.flatMap { layout -> [String?] in
      switch layout {
      case .dictionary: ["/*"]
      case .wrapper: shape.pointers
      case .single, .list, .lines: [nil]
      }
    }
  }

  private func propose(_ drafts: [MappingProposal.Draft]) throws(ReadFailure) {
    let proposed = MappingProposal(catalog: catalog, shapes: collector.shapes, drafts: drafts)
    guard let text = proposed.text,
      let mapping = try? Mapping(parsing: text, catalog: catalog)
    else { return }
    var builtIn: [String] = []
    for (position, shape) in result.shapes.enumerated() {
      let isProposed = drafts.contains { $0.position == position }
      if !isProposed, let name = shape.best.mapping, !builtIn.contains(name) {
        builtIn.append(name)
      }
    }
    let mappings = [mapping] + builtIn.compactMap { Mapping.builtIn(named: $0) }
    result.proposal = SurveyReport.Proposal(
      text: text, builtIn: builtIn, outcome: try outcome(of: MappingSet(mappings)))
  }

  /// Reads everything again through mappings, as a migration would.
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
        var selection: EntitySelection?
        switch pool.reading(of: path, as: kind, at: SourceTop.home(of: path, catalog)) {
        case .not: return
        case .plain: builder.begin(file: path)
        case .mapped(let mapper):
          builder.begin(file: path, mappedBy: mapper)
          selection = mapper.selection
        }
        do throws(ReadFailure) {
          let file = try ReadFailure.converting { () throws(SystemError) in
            try FileByteSource(place.root + [UInt8(ascii: "/")] + path, options.access)
          }
          defer { file.close() }
          try documents.read(file, as: format, selecting: selection)
        } catch {
          guard case .system = error else { throw error }
          if builder.answersForDocument {
            try builder.fail(.inputUnreadable, "cannot be read", at: nil, span: .nothing)
          }
        }
      }
      try builder.endKind()
    }
    result.problems = Self.sorted(problems)
    return result
  }
}

/// The ids of the entities that would be in the store.
final class KnownIDs {
  private let limit: Int
  private var tables: [EntityKind: IDTable] = [:]
  private(set) var isFull = false

  init(limit: Int) { self.limit = limit }

  func contains(_ kind: EntityKind, _ key: IDTable.Key) -> Bool { tables[kind]?[key] != nil }

  func insert(_ key: IDTable.Key, _ kind: EntityKind) {
    guard tables[kind, default: IDTable()].count < limit else {
      isFull = true
      return
    }
    tables[kind, default: IDTable()].insert(key)
  }

  /// Predicts the outcome of an entity of a batch.
  ///
  /// - Parameters:
  ///   - records: The batch.
  ///   - index: The entity's position.
  ///   - checksReferences: Whether references must lead to ids that are known.
  /// - Returns: Its errors, and whether its id is known.
  func outcome(
    of records: RecordBatch, at index: Int, checksReferences: Bool = true
  ) -> ObjectOutcome {
    var outcome = ObjectOutcome()
    let entry = records.entries[index]
    for issue in records.issues[entry.issues] {
      if issue.severity == .error {
        outcome.problems.insert(.init(code: issue.code, pointer: issue.pointer ?? ""))
      } else if issue.code == .fieldLookAlike {
        outcome.hasLookAlike = true
      }
    }
    if checksReferences, !isFull {
      let dangling = records.danglingReferences(at: index) { kind, id in
        contains(kind, IDTable.Key(id))
      }
      for position in dangling {
        let field = records.references[position].field
        let pointer = JSONPointer.to(records.kind.schema.fields[field].member)
        outcome.problems.insert(.init(code: .referenceMissing, pointer: pointer))
      }
    }
    guard !entry.id.isEmpty else { return outcome }
    let key = records.idKey(at: index)
    outcome.id = key
    outcome.isRepeated = contains(records.kind, key)
    return outcome
  }
}
