import RMOSModels

/// Reads documents as entities of a kind, and tries each object without a mapping and, if it does
/// not migrate, with every built-in mapping.
@safe final class SurveyReader: ObjectObserver {
  static let decoding = EntityDecoder.Options(derivesIDs: true, runStart: "1970-01-01T00:00:00Z")

  private let kind: EntityKind
  private let catalog: EntityCatalog
  private let collector: ShapeCollector
  private let ids: SurveyedIDs
  private let limits: ShapeCollector.Limits
  /// Whether only the beginnings of files are read, for a first impression.
  private let isSampling: Bool
  private let isCancelled: () -> Bool
  private let builder: SourceBatchBuilder
  private let documents: DocumentReader
  /// Determines the shapes of documents that are not read as they are.
  private lazy var outline = DocumentOutline(
    for: kind, among: catalog.kinds, countsDeepCollections: true, isCancelled: isCancelled)
  /// Finds entities anywhere in a document.
  private lazy var search = EntitySearch(for: kind, of: catalog, isCancelled: isCancelled)
  private let pools: [MapperPool]
  private let decoder: EntityDecoder
  /// The batch in which the object decoded last is tried with mappings.
  private var trial: RecordBatch
  private let containers: UnsafeMutablePointer<Bool>
  /// The mapper of the file for each built-in mapping, or `nil` if the mapping does not read it;
  /// empty until an object of the file needs a mapping.
  private var mappers: [MapperPool.FileMapper?] = []
  private var file: (number: Int, path: [UInt8]) = (0, [])
  private var isInPlace = false
  private var isLines = false
  /// Where the file's entities are, if a migration finds them only with a mapping.
  private var selection: EntitySelection?
  /// The places of the selection that a migration without a mapping does not read.
  private var hindrances: Hindrances = [:]
  /// Where the file has entities of other kinds.
  private var placesOfOthers: [EntityPointer] = []
  /// The number of objects that were decoded in the file.
  private var takenInFile = 0
  /// Whether a part of the file that was read last is neither UTF-8 nor UTF-16 with a byte-order
  /// mark.
  var isOfUnknownEncoding: Bool { builder.isOfUnknownEncoding }
  /// Whether a migration reads the file's entities without a mapping.
  private var isReadAsItIs: Bool { isInPlace && selection == nil }
  /// The numbers of references that lead nowhere, by member.
  private(set) var dangling: [(member: String, count: Int)] = []

  /// The object that was decoded last, which may still be retracted.
  private struct Pending {
    /// The object's text, with the padding that a scanner needs.
    var bytes: [UInt8] = []
    /// Whether there is such an object.
    var isThere = false
    var outcome = ObjectOutcome()
    /// Where it is; keys and pointers are in ``trial``.
    var origin = EntityOrigin(
      source: 0, path: "", place: RecordBatch.SourcePlace(offset: 0, line: 1, column: 1))
    var collectionKey: [UInt8]?
  }

  private var pending = Pending()

  /// For each place whose entities a migration without a mapping does not read, the problems that
  /// it reports instead.
  private typealias Hindrances = [EntityPointer: Set<SurveyReport.Problem.Key>]

  /// Creates a reader.
  ///
  /// - Parameters:
  ///   - kind: The kind as which objects are read.
  ///   - catalog: All kinds.
  ///   - collector: Takes the objects.
  ///   - ids: The ids known so far, to which those that are read are added.
  ///   - limits: The limits of memory.
  ///   - isSampling: Whether `emit` stops at the first batch, so that it does not matter why a
  ///     migration does not read entities.
  ///   - isCancelled: Polled periodically; once it returns `true`, reading stops.
  ///   - emit: Takes the batches that are read, for the failures in them.
  init(
    _ kind: EntityKind, of catalog: EntityCatalog, _ collector: ShapeCollector, _ ids: SurveyedIDs,
    _ limits: ShapeCollector.Limits, isSampling: Bool = false,
    isCancelled: @escaping () -> Bool,
    emit: @escaping (SourceBatch) throws(ReadFailure) -> Void
  ) {
    self.kind = kind
    self.catalog = catalog
    self.collector = collector
    self.ids = ids
    self.limits = limits
    self.isSampling = isSampling
    self.isCancelled = isCancelled
    builder = SourceBatchBuilder(batchSize: 64, options: Self.decoding) {
      batch throws(ReadFailure) in
      try emit(batch)
      return batch.records
    }
    documents = DocumentReader(catalog: catalog, into: builder, isCancelled: isCancelled)
    pools = Mapping.builtIn.map { MapperPool(MappingSet([$0])) }
    decoder = EntityDecoder(kind: kind, options: Self.decoding)
    trial = RecordBatch(kind: kind)
    unsafe containers = .allocate(capacity: JSONScanner.maximumDepth)
    unsafe containers.initialize(repeating: false, count: JSONScanner.maximumDepth)
    builder.begin(kind)
    builder.observer = self
  }

  deinit { unsafe containers.deallocate() }

  /// Returns where lists and dictionaries of objects are in a document, with the kind of those that
  /// have required fields of one.
  ///
  /// Objects around other collections are none themselves.
  func collections(
    in source: any ByteSource
  ) throws(ReadFailure) -> [(place: EntityPointer, kind: EntityKind?)] {
    var outer = try outline.examine(source).collections
    var inner: [(place: EntityPointer, kind: EntityKind?)] = []
    for (place, kind) in try search.collections(in: source) {
      guard let around = outer.firstIndex(where: { $0.leads(towards: place) }) else {
        inner.append((place, kind))
        continue
      }
      let depth = outer[around].steps.count
      // Those in a dictionary of collections are found with these.
      guard place.steps.count > depth + 1 else { continue }
      inner.append((EntityPointer(steps: outer[around].steps + place.steps[depth...]), kind))
    }
    outer.removeAll { place in
      inner.contains { $0.place.steps.count > place.steps.count && place.leads(towards: $0.place) }
    }
    var found = outer.map { (place: $0, kind: EntityKind?.none) }
    for item in inner where !found.contains(where: { $0.place == item.place }) {
      found.append(item)
    }
    return found
  }

  /// Whether the first members of a document are those of an entity.
  func beginsAsEntity(_ source: any ByteSource) throws(ReadFailure) -> Bool {
    _ = try search.places(in: source, leastAnyCount: .max)
    return search.end?.steps.isEmpty == true
  }

  /// Whether a document is one entity, or a list, by its first members or else by its shape.
  func isEntity(_ source: any ByteSource) throws(ReadFailure) -> Bool {
    // Most are, and a few members tell it.
    if try beginsAsEntity(source) || search.end?.steps == [.any] { return true }
    let found = try outline.examine(source)
    return found.isObject && found.shape == .entity
  }

  /// Returns where entities may be in a document that was not read as a collection, since it was
  /// taken for an entity or its shape is ambiguous.
  private func placesOfEntities(in source: any ByteSource) throws(ReadFailure) -> [EntityPointer] {
    let found = try outline.examine(source)
    if case .ambiguous = found.shape { return found.candidates }
    return found.held
  }

  /// Returns the same problems at all places.
  private static func hindrances(
    _ problems: Set<SurveyReport.Problem.Key>, at places: [EntityPointer]
  ) -> Hindrances {
    Hindrances(places.map { ($0, problems) }) { first, _ in first }
  }

  /// Reads a document without a mapping, to find out which of some places are not read then.
  private func hindrances(
    at places: [EntityPointer], in source: any ByteSource, _ path: [UInt8]
  ) throws(ReadFailure) -> Hindrances {
    var read: Set<EntityPointer> = []
    var hindrances: Hindrances = [:]
    let builder = SourceBatchBuilder(batchSize: 64, options: Self.decoding) {
      [ids, isSampling] (batch: SourceBatch) throws(ReadFailure) -> RecordBatch in
      for (index, entry) in batch.records.entries.enumerated() {
        let place = batch.records.place(of: entry)
        for pointer in places where !read.contains(pointer) {
          if pointer.leads(to: place) {
            read.insert(pointer)
          } else if pointer.leads(through: place) {
            let outcome = ids.outcome(of: batch.records, at: index, asItIs: true)
            hindrances[pointer, default: []].formUnion(outcome.problems)
          }
        }
      }
      if isSampling { throw .stopped }
      return batch.records
    }
    builder.begin(kind)
    builder.begin(file: path)
    do throws(ReadFailure) {
      try DocumentReader(catalog: catalog, into: builder, isCancelled: isCancelled)
        .read(source, as: .json)
      try builder.emitRest()
    } catch {
      guard isSampling, case .stopped = error, !isCancelled() else { throw error }
    }
    for pointer in places {
      if read.contains(pointer) {
        hindrances[pointer] = nil
      } else if hindrances[pointer, default: []].isEmpty {
        // A warning says what is left out of a wrapper.
        hindrances[pointer] = [.init(code: .shapeWrapper, pointer: "")]
      }
    }
    return hindrances
  }

  /// Reads one document, or the entities at some places in it.
  ///
  /// - Parameters:
  ///   - source: The document.
  ///   - path: The path of its file.
  ///   - format: Its format.
  ///   - number: The number of the file.
  ///   - isInPlace: Whether the file is in the directory of the kind.
  ///   - places: Where the entities are; `nil` if the reader is to find them.
  ///   - others: Where entities of other kinds are, which do not count if a migration reads them as
  ///     this kind.
  ///   - isEntity: Whether the document is known to be one entity.
  /// - Throws: ``ReadFailure``.
  func read(
    _ source: any ByteSource, _ path: [UInt8], _ format: SourcePath.Format, number: Int,
    isInPlace: Bool, at places: [EntityPointer]? = nil, except others: [EntityPointer] = [],
    isEntity: Bool = false
  ) throws(ReadFailure) {
    placesOfOthers = others
    file = (number, path)
    self.isInPlace = isInPlace
    isLines = format == .lines
    mappers.removeAll(keepingCapacity: true)
    // The batch must not be emitted within the file, whose first entries may be rolled back.
    try builder.emitIfFull(leavingRoomFor: 2)
    (selection, hindrances, takenInFile) = (nil, [:], 0)
    defer { settle() }
    var known = places ?? []
    if places == nil, format == .json, !isEntity {
      // The elements of a list may only be around the entities.
      known = try search.places(in: source, leastAnyCount: 2)
      if known.isEmpty, let end = search.end, end.anyCount == 1, end.steps.count > 2 {
        // So may the members of an object.
        known = try search.places(in: source, leastAnyCount: 1)
      }
    }
    let before = builder.mark
    if !known.isEmpty {
      let hindrances =
        isSampling && places != nil
        ? Self.hindrances([.init(code: .shapeAmbiguous, pointer: "")], at: known)
        : try hindrances(at: known, in: source, path)
      // Others than those of the kind of the file's directory are read by a rule with pointers.
      let hidden =
        isInPlace || places == nil ? known.filter { hindrances[$0] != nil } : known
      if hidden.count < known.count {
        builder.begin(file: path)
        try documents.read(source, as: format)
        settle()
      }
      if !hidden.isEmpty { try read(source, path, format, at: hidden, hindrances) }
      return
    }
    builder.begin(file: path)
    try documents.read(source, as: format)
    guard format == .json, takenInFile <= 1, isUnreadAsItIs(since: before) else { return }
    if case .key = pending.origin.locator {} else { known = try placesOfEntities(in: source) }
    if known.isEmpty { known = try search.places(in: source, leastAnyCount: 1) }
    guard !known.isEmpty else { return }
    let failure = builder.codeOfLastFailure(since: before) ?? .shapeAmbiguous
    let problems =
      takenInFile > 0 ? pending.outcome.problems : [.init(code: failure, pointer: "")]
    pending.isThere = false
    builder.rollBack(to: before)
    try read(source, path, format, at: known, Self.hindrances(problems, at: known))
  }

  /// Reads the entities at some places in a document.
  private func read(
    _ source: any ByteSource, _ path: [UInt8], _ format: SourcePath.Format,
    at places: [EntityPointer], _ hindrances: Hindrances
  ) throws(ReadFailure) {
    let selection = EntitySelection(pointers: places)
    (self.selection, self.hindrances) = (selection, hindrances)
    builder.begin(file: path)
    try documents.read(source, as: format, selecting: selection)
  }

  /// Whether the file has one object, which does not migrate, or failed as a whole.
  private func isUnreadAsItIs(since mark: RecordBatch.Mark) -> Bool {
    guard takenInFile == 1 else { return builder.lastIsFailed(since: mark) }
    guard pending.isThere else { return false }
    switch pending.origin.locator {
    case .none, .key: return !pending.outcome.problems.isEmpty
    case .index, .line, .pointer: return false
    }
  }

  /// Emits the last batch.
  func finish() throws(ReadFailure) { try builder.emitRest() }

  // MARK: Objects

  func take(
    _ object: UnsafeBufferPointer<UInt8>, _ origin: EntityOrigin, in records: RecordBatch
  ) {
    settle()
    takenInFile += 1
    pending.bytes.removeAll(keepingCapacity: true)
    unsafe pending.bytes.append(contentsOf: object)
    pending.bytes.append(contentsOf: repeatElement(0, count: JSONScanner.padding))
    pending.outcome = ids.outcome(of: records, at: records.count - 1, asItIs: isReadAsItIs)
    trial.reset(kind: kind)
    func copy(_ span: RecordBatch.TextSpan) -> RecordBatch.TextSpan {
      trial.intern(records.arena[span.range])
    }
    pending.origin = EntityOrigin(
      source: trial.addSource(origin.path), path: origin.path, key: origin.key.map(copy),
      place: origin.place)
    switch origin.locator {
    case .none, .index, .line: pending.origin.locator = origin.locator
    case .key(let span): pending.origin.locator = .key(copy(span))
    case .pointer(let span, _):
      pending.origin.locator = .pointer(copy(span), key: pending.origin.key)
    }
    pending.collectionKey = builder.collectionKey
    pending.isThere = true
  }

  func retract() { pending.isThere = false }

  /// Counts the object that was taken last, which can no longer be retracted.
  private func settle() {
    guard pending.isThere else { return }
    pending.isThere = false
    if case .pointer(let span, _) = pending.origin.locator {
      let place = Array(trial.arena[span.range])
      if placesOfOthers.contains(where: { $0.leads(to: place) }) { return }
    }
    let length = pending.bytes.count - JSONScanner.padding
    unsafe pending.bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      unsafe count(JSONScanner(base: base, count: length, containers: containers))
    }
  }

  private func count(_ object: JSONScanner) {
    let (layout, pointer) = layout
    var plain = pending.outcome
    var id = plain.problems.isEmpty ? plain.id : nil
    if let pointer, let problems = hindrances[pointer] { plain.problems = problems }
    let shape = collector.add(
      object,
      in: .init(kind: kind, isInPlace: isInPlace, isSelected: selection != nil),
      file: file, layout: layout, pointer: pointer, isKeyed: pending.origin.key != nil)
    let isDone = plain.problems.isEmpty && !plain.hasLookAlike
    if let shape {
      collector.tally(shape) {
        $0.plain.add(plain)
        if isDone { $0.plainAndDone.add(plain) }
      }
    }
    if isLines, let shape, !plain.problems.isEmpty { lookInto(shape) }
    // The entities of a selection may refer to some of another kind in the same places.
    if selection == nil {
      for member in plain.dangling { count(dangling: member) }
    }
    if !isDone, selection == nil {
      findMappers()
      for (position, mapper) in mappers.enumerated() {
        guard let mapper else { continue }
        if let shape, !collector.tries(position, on: shape) { continue }
        guard let outcome = attempt(object, mapper) else { continue }
        if let shape { collector.tally(shape, position, outcome) }
        if id == nil, outcome.problems.isEmpty { id = outcome.id }
      }
    }
    if let id { ids.insert(id, kind, asItIs: isReadAsItIs && plain.problems.isEmpty) }
  }

  /// The number of lines of a shape in which entities are looked for.
  private static let linesExamined = 8

  /// Looks for an entity in the line that was read last.
  private func lookInto(_ shape: Int) {
    guard collector.shapes[shape].count <= Self.linesExamined, collector.shapes[shape].held == nil
    else { return }
    let line = Array(pending.bytes.dropLast(JSONScanner.padding))
    let places = try? search.places(in: line, leastAnyCount: 0)
    guard let place = places?.first, !place.steps.isEmpty else { return }
    collector.tally(shape) { $0.held = place }
  }

  /// Finds the mappers of the file, of which most files need none.
  private func findMappers() {
    guard mappers.isEmpty else { return }
    mappers = pools.map { pool in
      // A file elsewhere is treated as if it were moved to the directory of the kind.
      guard case .mapped(let mapper) = pool.reading(of: file.path, as: kind, at: kind) else {
        return nil
      }
      return mapper
    }
  }

  private func count(dangling member: String) {
    if let position = dangling.firstIndex(where: { $0.member == member }) {
      dangling[position].count += 1
    } else {
      dangling.append((member, 1))
    }
  }

  /// Reads an object with a mapping; `nil` if no rule of it takes the object.
  private func attempt(_ object: JSONScanner, _ file: MapperPool.FileMapper) -> ObjectOutcome? {
    var scanner = object
    let mapper = file.mapper
    let before = trial.mark
    defer { trial.rollBack(to: before) }
    mapper.way = .found
    var isAlone = false
    switch pending.origin.locator {
    case .none: isAlone = true
    case .pointer(let pointer, _) where file.selection != nil:
      mapper.way = .selected(Array(trial.arena[pointer.range]))
    case .index, .key, .line, .pointer: break
    }
    var keys = ObjectMapper.Keys()
    if mapper.usesKey {
      keys.own = pending.origin.key.map { Array(trial.arena[$0.range]) }
      keys.group = file.selection != nil ? pending.collectionKey : nil
    }
    guard
      let isTaken = try? mapper.decode(
        &scanner, pending.origin, keys: keys, isAlone: isAlone, with: decoder, into: &trial),
      isTaken
    else { return nil }
    return ids.outcome(of: trial, at: 0)
  }

  /// The layout of the object's file and, in a wrapper, the pointer to the object's collection.
  private var layout: (SurveyReport.Layout, pointer: EntityPointer?) {
    switch pending.origin.locator {
    case .none: return (isLines ? .lines : .single, nil)
    case .index: return (.list, nil)
    case .key: return (.dictionary, nil)
    case .line: return (.lines, nil)
    case .pointer(let span, _):
      let place = Array(trial.arena[span.range])
      if let selected = selection?.pointers.first(where: { $0.leads(to: place) }) {
        return (.wrapper, selected)
      }
      let steps = EntityPointer.literal(trial.text(span))?.steps ?? []
      return (.wrapper, EntityPointer(steps: steps.dropLast() + [.any]))
    }
  }
}

extension RecordBatch {
  /// Returns the JSON Pointer to an entry in its document.
  fileprivate func place(of entry: Entry) -> [UInt8] {
    let pointer =
      switch entry.locator {
      case .none, .line: ""
      case .index(let index): "/\(index)"
      case .key(let key): JSONPointer.to(text(key))
      case .pointer(let pointer, _): text(pointer)
      }
    return Array(pointer.utf8)
  }
}
