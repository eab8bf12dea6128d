import RMOSModels
public import RMOSStore
import RMOSSystem

/// A comparison of a legacy tree with a store: which entities only one has, and which differ.
///
/// ```swift
/// let report = try await Diff(of: "legacy", against: store).run()
/// print(report.total.different, "differ")
/// ```
///
/// Nothing is written. The source is read as a migration reads it, as a stream, and the store as
/// one snapshot. Memory: at most 60 bytes per id, for one kind at a time.
public struct Diff: Sendable {
  /// How a comparison is made.
  public struct Options: Sendable {
    /// The mappings for files of other shapes; the first that takes a file reads it.
    public var mappings: [Mapping] = []
    /// The maximum number of entries the report keeps; all are counted, and an observer gets all.
    ///
    /// A negative number keeps none.
    public var maxEntries = 10_000

    /// The system calls that read the source; tests make them fail.
    var access = SourceAccess.system

    /// Creates the default options.
    public init() {}
  }

  private let source: String
  private let store: any RecordStore
  private let options: Options

  /// Creates a comparison; nothing happens before ``run(observer:)``.
  ///
  /// - Parameters:
  ///   - source: The source directory.
  ///   - store: The store.
  ///   - options: How to compare them.
  public init(of source: String, against store: any RecordStore, options: Options = Options()) {
    self.source = source
    self.store = store
    self.options = options
  }

  /// Compares source and store, on a thread of its own.
  ///
  /// Cancelling the task abandons the comparison.
  ///
  /// - Parameter observer: A closure called with each entry in order, on that thread.
  /// - Returns: Counts and entries: per kind, first the entities of the source in the order of
  ///   migration, then those only in the store, in byte order of the id.
  /// - Throws: ``MigrationError`` with ``MigrationError/Code/sourceUnreadable``; `StoreError`;
  ///   `CancellationError` if the task was cancelled.
  public func run(
    observer: (@Sendable (DiffReport.Entry) -> Void)? = nil
  ) async throws -> DiffReport {
    try await BlockingWork.run(orThrow: MigrationError.noThread) { isCancelled in
      try runSynchronously(observer: observer, isCancelled: isCancelled)
    }
  }

  /// Compares source and store on the calling thread.
  ///
  /// - Parameters:
  ///   - observer: A closure called with each entry, in order.
  ///   - isCancelled: Polled periodically; once it returns `true`, the comparison is abandoned.
  /// - Returns: As ``run(observer:)``.
  /// - Throws: As ``run(observer:)``.
  package func runSynchronously(
    observer: ((DiffReport.Entry) -> Void)? = nil, isCancelled: () -> Bool = { false }
  ) throws -> DiffReport {
    try SourceTop.check(source, store.catalog)
    var hasObserved = false
    let observe = observer.map { observer in
      { (entry: DiffReport.Entry) in
        hasObserved = true
        observer(entry)
      }
    }
    return try StoreError.retryingIfChanged(unless: hasObserved) {
      try runOnce(observer: observe, isCancelled: isCancelled)
    }
  }

  private func runOnce(
    observer: ((DiffReport.Entry) -> Void)?, isCancelled: () -> Bool
  ) throws -> DiffReport {
    try store.read { reader in
      try withoutActuallyEscaping(isCancelled) { isCancelled in
        let run = DiffRun(
          reader, DiffReport(source: source, database: store.location, store.catalog), options,
          observer: observer, isCancelled: isCancelled)
        try run.read(source)
        return run.report
      }
    }
  }
}

/// A comparison under way: takes the batches of the source and, per kind, the store's other rows.
private final class DiffRun {
  private(set) var report: DiffReport
  private let reader: any StoreReader
  private let options: Diff.Options
  private let observer: ((DiffReport.Entry) -> Void)?
  private let isCancelled: () -> Bool
  /// The ids of the current kind that the source has.
  private var seen = IDTable()
  /// The provenance of the entities being compared that are not equal, by id.
  private var origins: [[UInt8]: Provenance] = [:]
  /// The ids among `seen` whose first valid entity has been compared.
  private var settled = IDTable()
  /// How the runs looked up so far read their source, where that differs from this comparison.
  private var otherReadings: [Int64: DiffReport.OtherReading?] = [:]

  init(
    _ reader: any StoreReader, _ report: DiffReport, _ options: Diff.Options,
    observer: ((DiffReport.Entry) -> Void)?, isCancelled: @escaping () -> Bool
  ) {
    self.reader = reader
    self.report = report
    self.options = options
    self.observer = observer
    self.isCancelled = isCancelled
  }

  /// Reads the source and compares everything.
  func read(_ source: String) throws {
    var failure: (any Error)?
    // Timestamps that the source lacks are not compared, so any start of the run will do.
    let decoding = EntityDecoder.Options(derivesIDs: true, runStart: UTCTime.now.iso8601)
    let input = SourceInput(
      source: source, catalog: reader.catalog, decoding: decoding, access: options.access,
      refusesEmptySource: true, mappings: MappingSet(options.mappings))
    let source = SourceReader(input, isCancelled: isCancelled) {
      [unowned self] batch throws(ReadFailure) in
      do {
        try self.take(batch)
      } catch {
        failure = error
        throw .stopped
      }
      return batch.records
    }
    do throws(ReadFailure) { try source.readAll() } catch {
      if case .source(let failure) = error { throw failure.error }
      // A reader that no entity stopped was cancelled.
      throw failure ?? Self.cancelled
    }
  }

  private func checkCancellation(_ count: Int) throws {
    if count % 64 == 0, isCancelled() { throw Self.cancelled }
  }

  private static var cancelled: MigrationError {
    MigrationError(.cancelled, "the comparison was cancelled")
  }

  private func take(_ source: SourceBatch) throws {
    let batch = source.records
    let kind = batch.kind
    if let notice = source.notices.first(where: { $0.issue.code == .inputNothingFound }) {
      report.nothingFound = notice.issue.message
    }
    var counts = report[kind]
    for start in stride(from: 0, to: batch.count, by: 64) {
      let range = start..<min(start + 64, batch.count)
      let facts = try reader.facts(of: batch, in: range)
      let unequal = zip(range, facts).filter { index, facts in
        facts.comparison != .identical || batch.entries[index].isFailed
      }
      try lookUpOrigins(of: batch, unequal.map(\.0))
      for (index, facts) in zip(range, facts) {
        try checkCancellation(index)
        try compare(batch, index, facts, &counts)
      }
    }
    if source.endsKind {
      try addRest(of: kind, &counts)
      seen = IDTable()
      settled = IDTable()
    }
    report.counts[kind] = counts
  }

  // MARK: The source's side

  /// Looks up the provenance of the entities at some positions, all at once.
  private func lookUpOrigins(of batch: RecordBatch, _ positions: [Int]) throws {
    origins = [:]
    guard isWanted else { return }
    let ids = positions.compactMap { batch.id(at: $0) }
    guard !ids.isEmpty else { return }
    for (id, origin) in zip(ids, try reader.provenance(batch.kind, ids: ids)) {
      if let origin { origins[Array(id.utf8)] = origin }
    }
  }

  private func compare(
    _ batch: RecordBatch, _ index: Int, _ facts: StoredFacts,
    _ counts: inout DiffReport.Counts
  ) throws {
    let entry = batch.entries[index]
    let key = entry.id.isEmpty ? nil : batch.idKey(at: index)
    if let key {
      if !entry.isFailed, settled[key] != nil {
        counts.repeated += 1
        return
      }
      seen.insert(key)
    }
    if entry.isFailed {
      counts.invalid += 1
      return try addInvalid(batch, index, &counts)
    }
    // The first valid entity with an id counts. If a migration would have refused an entity, the
    // row may come from the next entity with its id.
    if let key, facts.comparison == .absent || facts.danglingReferences.isEmpty {
      settled.insert(key)
    }
    switch facts.comparison {
    case .identical:
      counts.equal += 1
    case .absent:
      counts.onlyInSource += 1
      // Provenance without its row: another program deleted the row.
      try add(.onlyInSource, batch, index) { $1.change = $0 == nil ? nil : .database }
    case .differs(let members):
      counts.different += 1
      try add(.different, batch, index) { [self] provenance, found in
        found.change = try change(of: batch, index, since: provenance)
        found.differences = try differences(batch, index, members, provenance?.unknownMembers)
      }
    }
  }

  /// Adds an entity that a migration would refuse, depending on whether the store has its id.
  private func addInvalid(
    _ batch: RecordBatch, _ index: Int, _ counts: inout DiffReport.Counts
  ) throws {
    let problem = batch.issues[batch.entries[index].issues].first { $0.severity == .error }
    let id = batch.entries[index].id
    let isStored =
      try !id.isEmpty && reader.contains(batch.kind, id: batch.arena.span.extracting(id.range))
    if isStored { counts.different += 1 } else { counts.onlyInSource += 1 }
    try add(isStored ? .different : .onlyInSource, batch, index) { [self] provenance, found in
      found.change =
        isStored
        ? try change(of: batch, index, since: provenance)
        : provenance == nil ? nil : .database
      found.problem = problem.map { "\($0.message) [\($0.code)]" } ?? "cannot be read"
      found.line = problem?.line ?? found.line
    }
  }

  private func change(
    of batch: RecordBatch, _ index: Int, since provenance: Provenance?
  ) throws -> DiffReport.Change? {
    guard let provenance else { return nil }
    let state = try reader.record(batch.kind, id: provenance.entityID).map {
      EditState(of: $0, provenance)
    }
    switch (provenance.sha256 == batch.digest(at: index), state) {
    case (true, .asWritten?): return .reading
    case (true, _): return .database
    case (false, .edited?): return .both
    case (false, _): return .source
    }
  }

  private func add(
    _ category: DiffReport.Category, _ batch: RecordBatch, _ index: Int,
    _ complete: (Provenance?, inout DiffReport.Entry) throws -> Void
  ) throws {
    guard isWanted else { return report.entriesOmitted += 1 }
    let entry = batch.entries[index]
    let id = batch.id(at: index)
    var found = DiffReport.Entry(category: category, kind: batch.kind)
    found.id = id
    found.path = batch.sources[entry.source]
    found.locator = batch.locator(at: index)
    found.line = entry.place.line
    let provenance = id.flatMap { origins[Array($0.utf8)] }
    found.run = provenance?.run
    try complete(provenance, &found)
    add(found)
  }

  /// How a run read its source, if that is another one, judging by the paths, or if it was read
  /// through mappings that this comparison does not have; otherwise `nil`.
  private func otherReading(ofRun id: Int64) throws -> DiffReport.OtherReading? {
    if let known = otherReadings[id] { return known }
    var other: DiffReport.OtherReading?
    if let run = try reader.run(id) {
      let missing = Mapping.Use.all(inOptions: run.optionsJSON).map(\.name).filter { name in
        !options.mappings.contains { $0.name == name }
      }
      if !FailureBaseline.isSame(run.source, report.source) {
        other = .source(run.source)
      } else if !missing.isEmpty {
        other = .mappings(missing)
      }
    }
    otherReadings[id] = .some(other)
    return other
  }

  /// Whether the next entry is kept or observed.
  private var isWanted: Bool { observer != nil || report.entries.count < options.maxEntries }

  private func add(_ entry: DiffReport.Entry) {
    observer?(entry)
    if report.entries.count < options.maxEntries {
      report.entries.append(entry)
    } else {
      report.entriesOmitted += 1
    }
  }

  /// The two values of each member that differs.
  private func differences(
    _ batch: RecordBatch, _ index: Int, _ members: [String], _ kept: String?
  ) throws -> [DiffReport.Difference] {
    guard let id = batch.id(at: index), let stored = try reader.record(batch.kind, id: id) else {
      return []
    }
    let unknown = batch.entries[index].unknownMembers
    let sides = (
      source: DiffValues(
        batch.record(at: index), unknownMembers: unknown.isEmpty ? nil : batch.text(unknown)),
      database: DiffValues(stored, unknownMembers: kept)
    )
    return members.map { member in
      let (source, database) = DiffValues.shortened(
        sides.source.text(of: member), sides.database.text(of: member))
      return DiffReport.Difference(member: member, source: source, database: database)
    }
  }

  // MARK: The store's side

  /// Adds the rows that the source does not have.
  private func addRest(of kind: EntityKind, _ counts: inout DiffReport.Counts) throws {
    var count = 0
    var pending: [String] = []
    try reader.forEachRecord(kind) { record in
      try checkCancellation(count)
      count += 1
      let id = record.id
      if !id.isEmpty, seen[IDTable.Key(Array(id.utf8).span)] != nil {
        // An id that is not UTF-8 is read with U+FFFD, and then may equal one of the source.
        let mayBeAnother = id.unicodeScalars.contains("\u{FFFD}")
        if try !mayBeAnother || reader.contains(kind, id: id) { return }
      }
      counts.onlyInDatabase += 1
      guard isWanted else { return report.entriesOmitted += 1 }
      pending.append(id)
      if pending.count == 64 { try addRest(of: kind, &pending) }
    }
    try addRest(of: kind, &pending)
  }

  /// Whether the bytes that became a row are still in the source, where they are not read as that
  /// any more.
  private func isInSource(_ provenance: Provenance) -> Bool {
    guard 1...Self.mostCompared ~= provenance.byteLength, provenance.byteOffset >= 0,
      let file = try? FileByteSource(
        Array("\(report.source)/\(provenance.path)".utf8), options.access)
    else { return false }
    defer { file.close() }
    let length = provenance.byteLength
    guard provenance.byteOffset <= file.size - length else { return false }
    let bytes = try? file.bytes(length, at: provenance.byteOffset)
    return bytes.map { $0.count == length && provenance.sha256 == SHA256.hash($0) } ?? false
  }

  /// The size up to which an entity is read again to compare it, in bytes.
  private static let mostCompared = 64 << 20

  /// Adds rows that the source does not have, and forgets them.
  private func addRest(of kind: EntityKind, _ ids: inout [String]) throws {
    guard !ids.isEmpty else { return }
    for (id, provenance) in zip(ids, try reader.provenance(kind, ids: ids)) {
      guard isWanted else {
        report.entriesOmitted += 1
        continue
      }
      var entry = DiffReport.Entry(category: .onlyInDatabase, kind: kind)
      entry.id = id.isEmpty ? nil : id
      if let provenance {
        entry.run = provenance.run
        entry.otherReading = try otherReading(ofRun: provenance.run)
        entry.change =
          entry.otherReading != nil ? nil : isInSource(provenance) ? .reading : .source
        entry.path = provenance.path
        entry.locator = provenance.locator
      }
      add(entry)
    }
    ids.removeAll(keepingCapacity: true)
  }
}

/// The members on one side of a comparison, as text for messages.
struct DiffValues {
  /// The maximum number of characters shown of a value.
  static let longest = 72
  /// How many characters before the first difference are shown.
  private static let context = 16

  private let record: Record
  private let unknownMembers: JSONValue?

  init(_ record: Record, unknownMembers: String?) {
    self.record = record
    self.unknownMembers = unknownMembers.flatMap { (try? JSONText(parsing: $0))?.value }
  }

  /// A member's value as JSON text; `nil` if it is absent.
  func text(of member: String) -> String? {
    guard let position = record.kind.schema.position(ofMember: member) else {
      return unknownMembers?[member]?.text
    }
    switch record.values[position] {
    case .null: return nil
    case .integer(let number): return String(number)
    case .real(let number): return String(number)
    case .blob(let bytes): return "a blob of \(bytes.count) bytes"
    case .text(let text):
      if case .json = record.kind.schema.fields[position].type,
        // White space between tokens, which other programs store, is not a difference.
        let json = try? JSONText(parsing: text)
      {
        return json.text
      }
      return JSONValue.string(text).text
    }
  }

  /// Both texts, cut so that the first difference shows.
  static func shortened(_ source: String?, _ database: String?) -> (String?, String?) {
    guard let source, let database else {
      return (source.map { cut($0[...], from: 0) }, database.map { cut($0[...], from: 0) })
    }
    var start = 0
    if max(source.unicodeScalars.count, database.unicodeScalars.count) > longest {
      let same = zip(source.unicodeScalars, database.unicodeScalars).prefix { $0 == $1 }.count
      start = max(0, same - context)
    }
    return (cut(source[...], from: start), cut(database[...], from: start))
  }

  private static func cut(_ text: Substring, from start: Int) -> String {
    let rest = text.unicodeScalars.dropFirst(start)
    var result = start > 0 ? "…" : ""
    result.unicodeScalars.append(contentsOf: rest.prefix(longest))
    return rest.count > longest ? result + "…" : result
  }
}
