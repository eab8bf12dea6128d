import RMOSModels
import RMOSSystem

/// A batch of the entries of a source, with statistics about reading them.
struct SourceBatch: Sendable {
  /// The entries, in order.
  var records: RecordBatch
  /// Issues that are not about an entity, each with the number of entries before it.
  var notices: [(position: Int, issue: Issue)] = []
  /// Bytes read since the previous batch, also of a file that has not ended.
  var bytes = 0
  /// Files read since the previous batch.
  var files = 0
  /// The files found since the previous batch that are not read.
  var notRead = FilesNotRead()
  /// The positions of the run's mappings whose rules left out objects since the previous batch.
  var skippingMappings: Set<Int> = []
  /// Whether the kind has no more entries.
  var endsKind = false
  /// The parts of files that entries cover, by the position of the entry; only for entries that
  /// failed before they were decoded.
  var rejectedSpans: [Int: RejectedSpan] = [:]
  /// The ways in which entities were mapped, each with the position of the first of the entities in
  /// a row.
  private(set) var mappedWays: [(position: Int, way: MappedWay?)] = []
  /// The files in which a mapping has pointers to the entities, by their position in the batch's
  /// sources, and whether the pointers lead to any; otherwise the file is read by its shape.
  var sourcesWithPointers: [Int: Bool] = [:]
  /// The paths that are not UTF-8, by the position of their file in the batch's sources.
  var rawPaths: [Int: [UInt8]] = [:]

  /// Returns how the entity at `index` was mapped; `nil` if no rule took it.
  ///
  /// - Complexity: O(log n), where n is the number of changes of the way in the batch.
  func mappedWay(at index: Int) -> MappedWay? {
    let next = mappedWays.partitioningIndex { $0.position > index }
    return next == 0 ? nil : mappedWays[next - 1].way
  }

  /// Removes the entries appended since `mark`.
  fileprivate mutating func rollBack(to mark: RecordBatch.Mark) {
    records.rollBack(to: mark)
    if !rejectedSpans.isEmpty { rejectedSpans = rejectedSpans.filter { $0.key < mark.entryCount } }
    while let last = mappedWays.last, last.position >= mark.entryCount { mappedWays.removeLast() }
  }

  /// Records how the entities from `position` on were mapped.
  fileprivate mutating func note(_ way: MappedWay?, from position: Int) {
    if mappedWays.last?.way != way { mappedWays.append((position, way)) }
  }

  /// Returns the relative path of an entry's file, as bytes.
  func path(of entry: RecordBatch.Entry) -> [UInt8] {
    rawPaths[entry.source] ?? Array(records.sources[entry.source].utf8)
  }
}

/// The way in which an object was mapped, which the object alone does not tell when it is read
/// again.
struct MappedWay: Sendable, Hashable {
  /// The number of the rule that took the object.
  var rule: Int
  /// The keys of the object, if a rule asked for them; not its own one if that is the entity's id.
  var keys = ObjectMapper.Keys()
  /// Whether the object's own key is the entity's id.
  var hasKeyAsID = false
}

/// The part of a file that an entry covers which failed before it was decoded.
enum RejectedSpan: Sendable, Hashable {
  /// The containers on the way to an item: the text before it and after it with which it is a
  /// document of its own.
  struct Containers: Sendable, Hashable {
    var opening: String
    var closing: String

    /// These containers, and another one in them.
    func around(_ name: String = "", list isList: Bool) -> Containers {
      Containers(
        opening: opening + name + (isList ? "[" : "{"), closing: (isList ? "]" : "}") + closing)
    }
  }

  /// No part: the file cannot be read.
  case nothing
  /// The whole file.
  case file
  /// An item of the file, by offsets in its bytes; without an end, up to the end of the file. A
  /// member's item includes its name, so it needs the containers it is in.
  case item(offset: Int, end: Int?, within: Containers? = nil)
  /// Everything from an offset on, which is a document of its own after `opening`.
  case rest(offset: Int, opening: String)
}

/// An observer of the objects that are decoded without a mapping.
protocol ObjectObserver: AnyObject {
  /// Called with an object that was decoded as the last entity of `records`.
  func take(
    _ object: UnsafeBufferPointer<UInt8>, _ origin: EntityOrigin, in records: RecordBatch)
  /// Called if the last entity is removed again.
  func retract()
}

/// Collects entities into batches, and emits each batch when it is full.
final class SourceBatchBuilder {
  /// The arena size at which a batch is full, however few entries it has.
  static let arenaLimit = 2 << 20

  /// The kind of the entities that are read.
  private(set) var kind = EntityKind.stripFamilies
  private var batch = SourceBatch(records: RecordBatch(kind: .stripFamilies))
  private var decoder: EntityDecoder
  /// The relative path of the file being read, as bytes and as text.
  private var path: [UInt8] = []
  private var pathText = ""
  /// The position of that file in the batch's sources; `nil` before its first entry in the batch.
  private var sourcePosition: Int?
  /// The window through which that file is read; `nil` before its first bytes.
  private var window: SourceWindow?
  /// How many bytes of that file the batches up to now count.
  private var countedBytes = 0
  /// Whether a part of that file is neither UTF-8 nor UTF-16 with a byte-order mark.
  private(set) var isOfUnknownEncoding = false
  /// The mapper of the file's objects; `nil` if the file is read without a mapping.
  private var mapper: MapperPool.FileMapper?
  /// The number of objects of the file that rules with `"skip"` took.
  private var skippedCount = 0
  /// Whether pointers of the mapping determine where the file's entities are.
  var isSelecting = false
  /// The key of the collection being read, or of one around it, in the nearest dictionary whose
  /// members a `*` matches.
  var collectionKey: [UInt8]?
  /// Where other kinds find entities by the document's shape, if one of the two kinds has no rules.
  var foundByOthers: [EntityKind: EntitySelection] = [:]
  weak var observer: (any ObjectObserver)?

  private let batchSize: Int
  private let options: EntityDecoder.Options
  /// Takes a full batch and returns empty records to fill next; throws ``ReadFailure/stopped`` to
  /// stop reading.
  private let emit: (SourceBatch) throws(ReadFailure) -> RecordBatch

  init(
    batchSize: Int, options: EntityDecoder.Options,
    emit: @escaping (SourceBatch) throws(ReadFailure) -> RecordBatch
  ) {
    self.batchSize = batchSize
    self.options = options
    self.emit = emit
    decoder = EntityDecoder(kind: .stripFamilies, options: options)
  }

  // MARK: Kinds and files

  /// Begins the entries of a kind; the batch must be empty.
  func begin(_ kind: EntityKind) {
    self.kind = kind
    batch.records.reset(kind: kind)
    decoder = EntityDecoder(kind: kind, options: options)
  }

  /// Begins a file, by its relative path.
  func begin(file path: [UInt8], mappedBy mapper: MapperPool.FileMapper? = nil) {
    self.path = path
    self.mapper = mapper
    skippedCount = 0
    isSelecting = false
    foundByOthers = [:]
    isInDirectoryOfLines =
      mapper != nil
      && path.split(separator: UInt8(ascii: "/")).dropLast().contains { name in
        unsafe name.withUnsafeBufferPointer { unsafe SourcePath.Format(name: $0) == .lines }
      }
    pathText = SourcePath.text(path)
    sourcePosition = nil
    window = nil
    countedBytes = 0
    isOfUnknownEncoding = false
  }

  /// Counts the bytes that are read through `window` as those of the file, so that the progress of
  /// a long file does not stand still until its end.
  func countBytes(of window: SourceWindow) { self.window = window }

  private func count(bytes: Int) {
    batch.bytes += max(0, bytes - countedBytes)
    countedBytes = max(bytes, countedBytes)
  }

  /// Whether the file is in a directory that is named like a file, as rejects are.
  var isInDirectoryOfFile: Bool {
    path.split(separator: UInt8(ascii: "/")).dropLast().contains(where: SourcePath.isNamedAsFile)
  }

  /// Whether the file is mapped and in a directory that is named like a file in JSON Lines: rejects
  /// of lines, to which `entities` does not apply either.
  private(set) var isInDirectoryOfLines = false

  /// Whether the file's objects are mapped.
  var isMapping: Bool { mapper != nil }

  /// The other kinds that read the file; `nil` if there are none.
  var sharing: DocumentSharing? { mapper?.sharing }

  /// Whether this kind reports problems of the file as a whole.
  var answersForDocument: Bool { sharing?.answersForDocument ?? true }

  /// Ends a file that was read as far as possible.
  func endFile(bytes: Int) {
    if skippedCount > 0 {
      note(
        .info, .mappingSkipped,
        "\(PlainText.counted(skippedCount, "object")) "
          + (skippedCount == 1 ? "is not an entity" : "are not entities")
          + ", as a rule of the mapping says")
    }
    count(bytes: bytes)
    window = nil
    batch.files += 1
  }

  /// Counts a file that is not read.
  func skip(_ path: [UInt8], _ reason: FilesNotRead.Reason) {
    batch.notRead.add(SourcePath.text(path), reason)
  }

  /// Emits the last batch of a kind, even if it is empty.
  func endKind() throws(ReadFailure) {
    batch.endsKind = true
    try emitBatch()
  }

  /// Emits the batch unless it is empty, since nothing more can be read.
  func emitRest() throws(ReadFailure) {
    if batch.records.count > 0 || !batch.notices.isEmpty || batch.notRead.count > 0 {
      try emitBatch()
    }
  }

  /// Emits the batch if it has no room for more than `room` further entries.
  func emitIfFull(leavingRoomFor room: Int = 0) throws(ReadFailure) {
    if batch.records.count + room >= batchSize || batch.records.arena.count >= Self.arenaLimit {
      try emitBatch()
    }
  }

  private func emitBatch() throws(ReadFailure) {
    sourcePosition = nil
    if let window { count(bytes: window.bytesRead) }
    var next = try emit(batch)
    next.reset(kind: kind)
    batch = SourceBatch(records: next)
  }

  /// The file's position in the batch's sources.
  private var source: Int {
    if let sourcePosition { return sourcePosition }
    let position = batch.records.addSource(pathText)
    sourcePosition = position
    if mapper?.selection != nil { batch.sourcesWithPointers[position] = isSelecting }
    // Bytes that are not UTF-8 make the text longer.
    if pathText.utf8.count != path.count { batch.rawPaths[position] = path }
    return position
  }

  // MARK: Entries

  /// The end of the batch.
  var mark: RecordBatch.Mark { Self.end(of: &batch.records) }

  /// Returns the end of records, which would be copied if they were not passed as `inout`.
  private static func end(of records: inout RecordBatch) -> RecordBatch.Mark { records.mark }

  /// Removes the entries appended since `mark`.
  func rollBack(to mark: RecordBatch.Mark) {
    if mark.entryCount < batch.records.count { observer?.retract() }
    batch.rollBack(to: mark)
  }

  /// Whether the last entry was appended since `mark`, and failed.
  func lastIsFailed(since mark: RecordBatch.Mark) -> Bool {
    mark.entryCount < batch.records.count && batch.records.entries.last?.isFailed == true
  }

  /// Returns the position of the first error of the last entry; `nil` unless the entry was appended
  /// since `mark`.
  func firstErrorOfLastEntry(since mark: RecordBatch.Mark) -> Int? {
    guard lastIsFailed(since: mark), let issues = batch.records.entries.last?.issues else {
      return nil
    }
    return issues.first { batch.records.issues[$0].severity == .error }
  }

  /// Returns the code of the first error of the last entry; `nil` unless the entry was appended
  /// since `mark`.
  func codeOfLastFailure(since mark: RecordBatch.Mark) -> IssueCode? {
    firstErrorOfLastEntry(since: mark).map { batch.records.issues[$0].code }
  }

  /// Whether the last entry lacks a member.
  var lastEntryLacksMember: Bool {
    batch.records.entries.last.map { entry in
      batch.records.issues[entry.issues].contains { $0.code == .fieldMissing }
    } ?? false
  }

  /// Whether the last entry is an entity that says its id itself.
  var lastEntryHasOwnID: Bool { batch.records.entries.last?.given.contains(0) ?? false }

  /// The JSON Pointer to an entry in a dictionary or wrapper.
  func pointer(of locator: RecordBatch.EntryLocator) -> String {
    switch locator {
    case .key(let key): JSONPointer.to(batch.records.text(key))
    case .pointer(let pointer, _): batch.records.text(pointer)
    case .none, .index, .line: ""
    }
  }

  /// Appends to the message of an issue.
  func explain(issueAt position: Int, _ explanation: String) {
    batch.records.issues[position].message += explanation
  }

  /// Keeps a dictionary key for the next entry.
  func intern(_ key: [UInt8]) -> RecordBatch.TextSpan { batch.records.intern(key) }

  /// Decodes the object at the scanner's position and moves past it.
  ///
  /// - Returns: The form of the object; an entity is appended, unless it is of another kind.
  /// - Throws: `JSONScanError` if the object is not JSON; nothing is appended then.
  func append(
    _ scanner: inout JSONScanner, locator: RecordBatch.EntryLocator = .none,
    key: RecordBatch.TextSpan? = nil, place: RecordBatch.SourcePlace, encoding: SourceEncoding,
    mayHoldEntities: Bool = false
  ) throws(JSONScanError) -> EntityDecoder.Form {
    let origin = EntityOrigin(
      source: source, path: pathText, locator: locator, key: key, place: place, encoding: encoding)
    if let mapper {
      var ahead = scanner
      var isTaken = try map(&ahead, origin, mapper, isAlone: mayHoldEntities)
      if !isTaken {
        ahead = scanner
        isTaken = try isTakenByOther(&ahead, locator, isAlone: mayHoldEntities)
      }
      if isTaken {
        scanner = ahead
        return .entity
      }
    }
    let before = mark
    let object = unsafe scanner.cursor
    let form = try decoder.decode(
      &scanner, origin, mayHoldEntities: mayHoldEntities, into: &batch.records)
    if form == .entity {
      if isLeftToOther(locator) {
        batch.rollBack(to: before)
        return form
      }
      batch.note(nil, from: before.entryCount)
      explainLine(locator, since: before)
    }
    if let observer, form == .entity {
      unsafe observer.take(
        UnsafeBufferPointer(start: object, count: scanner.cursor - object), origin,
        in: batch.records)
    }
    return form
  }

  /// Says of a line that failed that rules with `entities` do not apply to it.
  private func explainLine(
    _ locator: RecordBatch.EntryLocator, since mark: RecordBatch.Mark
  ) {
    guard mapper?.selection != nil, locator.isLine || isInDirectoryOfLines, lastEntryLacksMember,
      let error = firstErrorOfLastEntry(since: mark)
    else { return }
    explain(
      issueAt: error,
      "; rules of the mapping with \"entities\" do not apply to lines, which are entities "
        + "themselves: write a rule without it for them")
  }

  /// Maps and decodes the object at the scanner's position.
  ///
  /// - Returns: Whether a rule took it.
  private func map(
    _ scanner: inout JSONScanner, _ origin: EntityOrigin, _ file: MapperPool.FileMapper,
    isAlone: Bool
  ) throws(JSONScanError) -> Bool {
    let mapper = file.mapper
    var keys = ObjectMapper.Keys()
    if mapper.usesKey {
      keys.own = origin.key.map { Array(batch.records.arena[$0.range]) }
      keys.group = isSelecting ? collectionKey : nil
    }
    mapper.way = way(to: origin.locator)
    let position = batch.records.count
    guard
      try mapper.decode(
        &scanner, origin, mapping: file.mapping, keys: keys, isAlone: isAlone, with: decoder,
        into: &batch.records)
    else { return false }
    if mapper.skips {
      skippedCount += 1
      batch.skippingMappings.insert(file.mapping)
      return true
    }
    let id = batch.records.entries[position].id.range
    let hasKeyAsID = keys.own.map { batch.records.arena[id].elementsEqual($0) } ?? false
    if hasKeyAsID { keys.own = nil }
    batch.note(
      mapper.ruleNumber.map { MappedWay(rule: $0, keys: keys, hasKeyAsID: hasKeyAsID) },
      from: position)
    return true
  }

  /// Returns how an object was found.
  private func way(to locator: RecordBatch.EntryLocator) -> ObjectMapper.Way {
    guard isSelecting, case .pointer(let pointer, _) = locator else { return .found }
    return .selected(Array(batch.records.arena[pointer.range]))
  }

  // MARK: Files of several kinds

  /// Whether another kind looks for entities at a place too.
  ///
  /// Two kinds that go by the document's shape need not find the same entities in dictionaries and
  /// wrappers without pointers, except in a reject, which is a dictionary of one. So both read all
  /// objects of these that they find, unless one kind has no rules.
  private func looks(
    _ sharer: DocumentSharing.Sharer, at locator: RecordBatch.EntryLocator
  ) -> Bool {
    if sharer.isWithoutRules {
      switch locator {
      case .key, .pointer:
        return isSelecting || foundByOthers[sharer.kind]?.leads(to: pointer(of: locator)) ?? false
      case .none, .index, .line: return true
      }
    }
    let readsByShape = sharer.pointers.isEmpty || isInDirectoryOfLines
    return switch (way(to: locator), locator) {
    case (.selected(let place), _): sharer.pointers.contains { $0.leads(to: place) }
    case (_, .line): true
    case (_, .none), (_, .index): readsByShape
    case (_, .key): readsByShape && isInDirectoryOfFile
    case (_, .pointer): false
    }
  }

  /// Whether a rule of another kind takes the object at the scanner's position; if so, moves past
  /// the object.
  private func isTakenByOther(
    _ scanner: inout JSONScanner, _ locator: RecordBatch.EntryLocator, isAlone: Bool
  ) throws(JSONScanError) -> Bool {
    for sharer in sharing?.sharers ?? [] where looks(sharer, at: locator) {
      var ahead = scanner
      sharer.mapper.way = way(to: locator)
      guard try sharer.mapper.map(&ahead, isAlone: isAlone) else { continue }
      scanner = ahead
      return true
    }
    return false
  }

  /// Whether a value at a place that no rule takes is read as another kind.
  private func isLeftToOther(_ locator: RecordBatch.EntryLocator) -> Bool {
    sharing?.sharers.contains { $0.takesPrecedence && looks($0, at: locator) } ?? false
  }

  /// Appends an entry that failed.
  func fail(
    _ code: IssueCode, _ message: String, at place: RecordBatch.SourcePlace?,
    locator: RecordBatch.EntryLocator = .none, span: RejectedSpan
  ) throws(ReadFailure) {
    if code == .inputEncoding { isOfUnknownEncoding = true }
    let start = RecordBatch.SourcePlace(offset: 0, line: 1, column: 1)
    var entry = RecordBatch.Entry(source: source, locator: locator, place: place ?? start)
    let index = batch.records.issues.count
    batch.records.issues.append(
      Issue(
        severity: .error, code: code, kind: kind, source: pathText,
        locator: batch.records.locator(locator), line: place?.line, column: place?.column,
        offset: place?.offset, message: message))
    entry.issues = index..<index + 1
    entry.isFailed = true
    batch.rejectedSpans[batch.records.count] = span
    batch.records.append(failed: entry)
    try emitIfFull()
  }

  /// Appends the failure of an element, member or line, unless another kind reports it.
  func failItem(
    _ code: IssueCode, _ message: String, at place: RecordBatch.SourcePlace,
    locator: RecordBatch.EntryLocator, span: RejectedSpan
  ) throws(ReadFailure) {
    if !isLeftToOther(locator) {
      try fail(code, message, at: place, locator: locator, span: span)
    }
  }

  /// Adds an issue that is not about an entity.
  func note(_ issue: Issue) { batch.notices.append((batch.records.count, issue)) }

  /// Adds an issue about the file being read that is not about an entity.
  func note(_ severity: Severity, _ code: IssueCode, _ message: String) {
    note(Issue(severity: severity, code: code, kind: kind, source: pathText, message: message))
  }
}

extension RecordBatch.EntryLocator {
  fileprivate var isLine: Bool { if case .line = self { true } else { false } }
}
