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
  private let ids: SurveyedIDs
  private var result: SurveyReport
  private var failures: [IssueCode: SurveyReport.Failure] = [:]
  private var failureOrder: [IssueCode] = []
  private var fileNumber = 0
  private let fileKinds: FileKinds
  private var shapes: [SurveyedShape] = []

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
    ids = SurveyedIDs(limit: options.limits.ids)
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
      let isCounted =
        isFoundLate || places == nil || catalog.kinds.first { places?[$0] != nil } == kind
      if isCounted {
        result.fileCount += 1
        result.byteCount += file.size
      }
      if isFoundLate, let places {
        for earlier in catalog.kinds.prefix(while: { $0 != kind }) {
          guard let own = places[earlier] else { continue }
          let reader = surveyReader(of: earlier)
          try reader.read(file, path, format, number: fileNumber, isInPlace: false, at: own)
          try finish(reader, of: earlier)
        }
      }
      let others = home == kind ? (places ?? [:]).filter { $0.key != kind }.flatMap(\.value) : []
      try reader.read(
        file, path, format, number: fileNumber,
        isInPlace: places == nil ? home != nil : home == kind, at: places?[kind],
        except: others, isEntity: isEntity)
      if isCounted {
        let encoding = try encoding(of: file, isUnknown: reader.isOfUnknownEncoding)
        result.encodings[encoding, default: 0] += 1
      }
    } catch {
      if isCancelled() { throw .stopped }
      guard case .system(let error) = error else { throw error }
      guard error.concernsOneFile else {
        throw .source(SourceFailure(source: result.source, reason: .unreadable(path: path, error)))
      }
      note(unreadable: path, error)
    }
  }

  private func encoding(
    of file: SurveyedFile, isUnknown: Bool
  ) throws(ReadFailure) -> String {
    let mark = try ReadFailure.converting { () throws(SystemError) in try file.bytes(4, at: 0) }
    switch mark {
    case [0xFF, 0xFE, 0, 0], [0, 0, 0xFE, 0xFF]: return "UTF-32"
    case _ where isUnknown:
      let isUTF16 = mark.count > 1 && (mark[0] == 0) != (mark[1] == 0)
      return isUTF16 ? "UTF-16 without a byte-order mark" : "neither UTF-8 nor UTF-16"
    case _ where mark.starts(with: [0xEF, 0xBB, 0xBF]): return "UTF-8 with a byte-order mark"
    case _ where mark.starts(with: [0xFF, 0xFE]): return "UTF-16 little-endian"
    case _ where mark.starts(with: [0xFE, 0xFF]): return "UTF-16 big-endian"
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
    collector.end()
    shapes = collector.shapes.map { SurveyedShape($0, in: catalog) }
    result.shapes = shapes.map(\.report)
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

  // MARK: The proposal

  /// Returns the mapping of the drafts or, if less would be stored with it than without, the part
  /// of it that reads no less; `nil` if there is none.
  private func proposal() throws(ReadFailure) -> SurveyReport.Proposal? {
    let drafts = RuleDrafts(for: shapes, in: result).all
    guard var best = try proposal(of: drafts) else { return nil }
    let least = try leastOutcome(for: best.outcome)
    if best.outcome.isWorse(than: least) {
      let dangling = Set(
        best.outcome.problems.filter { $0.key.code == .referenceMissing }.map(\.key.pointer))
      let certain = drafts.map { $0.without(referencesAt: dangling) }.filter(\.isOfUse)
      let complete = certain.filter { $0.guesses.missingFields(of: $0.kind).isEmpty }
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
    var least = SurveyReport.Outcome(ReadingTally(migrates: result.storedWithoutProposal))
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
    var tally = ReadingTally()
    let ids = SurveyedIDs(limit: options.limits.ids)
    for kind in catalog.kinds {
      let builder = SourceBatchBuilder(batchSize: 2_000, options: SurveyReader.decoding) {
        (batch: SourceBatch) throws(ReadFailure) -> RecordBatch in
        for index in 0..<batch.records.count {
          let outcome = ids.outcome(of: batch.records, at: index)
          tally.add(outcome)
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
    return SurveyReport.Outcome(tally)
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
