import RMOSModels
import RMOSStore
import RMOSSystem

/// The destination of a run's entities.
///
/// It also tells which entities exist: those in the store, and those that this run has added or, in
/// a dry run, would have added.
protocol EntityTarget {
  /// The stored facts about the entities in a range.
  func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts]
  /// Whether an entity is there.
  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool
  /// Whether the row of an entity was edited since a run wrote it.
  func editState(_ kind: EntityKind, id: String) throws -> EditState?
  /// Whether an earlier run may have written rows.
  var mayHaveEarlierRows: Bool { get }
  /// What is known of the origin of the rows with some ids, by the store's earlier runs.
  func provenance(_ kind: EntityKind, ids: [String]) throws -> [Provenance?]
  /// Whether failures are compared with earlier runs or recorded for later ones.
  var usesFailureDigests: Bool { get }
  /// The digests among `digests` that the runs with which failures are compared have recorded.
  func knownFailures(among digests: [Provenance.Digest]) throws -> Set<Provenance.Digest>
  /// The origin of the existing row with the entity's id; `nil` if it is not known.
  func origin(of batch: RecordBatch, at index: Int) throws -> StoredOrigin?
  /// Adds entities with different ids, none of which refers to another one.
  ///
  /// - Returns: The errors of the entities that the store refuses, by their positions in the batch.
  func insert(_ batch: SourceBatch, at indices: [Int]) throws -> [Int: StoreError]
  /// Rewrites the row of an entity.
  func update(_ batch: SourceBatch, at index: Int) throws
}

extension EntityTarget {
  var mayHaveEarlierRows: Bool { false }

  func provenance(_ kind: EntityKind, ids: [String]) throws -> [Provenance?] {
    ids.map { _ in nil }
  }
}

/// The origin of a row, for an entity that has the same id.
struct StoredOrigin: Hashable {
  /// The file and line in the source being read; or the run, its source if that is another one, and
  /// its file.
  var place: String
  /// Whether it is an earlier entity of the source being read.
  let isOfThisRun: Bool
  /// Whether the row was updated earlier than the entity, by their `updated_at`.
  var isOlder = false
  /// Whether the row was edited since an earlier run wrote it.
  var isEdited = false

  /// Creates the origin of a row that an earlier run, or this one, wrote.
  ///
  /// - Parameters:
  ///   - provenance: The row's provenance.
  ///   - otherSource: The source of the run that wrote the row; `nil` if it is this run's.
  ///   - isOfThisRun: Whether this run wrote the row.
  ///   - lines: The lines of the source.
  init(
    _ provenance: Provenance, of otherSource: String?, isOfThisRun: Bool, _ lines: SourceLines
  ) {
    self.isOfThisRun = isOfThisRun
    place =
      isOfThisRun
      ? Self.place(provenance.path, provenance.byteOffset, lines)
      : "run \(provenance.run)\(otherSource.map { " of \($0)" } ?? ""), \(provenance.path)"
  }

  /// Creates the origin of an entity that this run reads.
  init(path: String, offset: Int, _ lines: SourceLines) {
    isOfThisRun = true
    place = Self.place(path, offset, lines)
  }

  private static func place(_ path: String, _ offset: Int, _ lines: SourceLines) -> String {
    path + (lines.line(of: path.utf8, at: offset).map { ":\($0)" } ?? "")
  }

  /// Compares the times at which a row and an entity of a batch were updated.
  mutating func compare(_ row: Record, with batch: RecordBatch, at index: Int) {
    guard let field = batch.kind.schema.position(ofMember: "updated_at"),
      batch.entries[index].given.contains(field),
      case .text(let stored) = row.values[field],
      case .text(let given) = batch.record(at: index).values[field],
      let storedTime = Timestamp(stored), let givenTime = Timestamp(given)
    else { return }
    isOlder = storedTime.order(relativeTo: givenTime) == .before
  }
}

/// The sources of earlier runs, as far as they are not the source of this one.
final class EarlierSources {
  private let source: String
  /// The results of earlier look-ups, by run.
  private var others: [Int64: String?] = [:]

  /// Creates the sources of runs before a run over `source`.
  init(before source: String) { self.source = source }

  /// The source of a run; `nil` if it is the same as this run's, or unknown.
  func otherSource(of run: Int64, in reader: some StoreReader) throws -> String? {
    if let known = others[run] { return known }
    let other = try reader.run(run)?.source
    let result = other.flatMap { FailureBaseline.isSame($0, source) ? nil : $0 }
    others.updateValue(result, forKey: run)
    return result
  }
}

/// The facts about an entity by which its outcome is decided.
struct EntityFacts {
  /// A reference to an entity that does not exist.
  struct MissingReference: Hashable {
    /// Its position in the schema's references.
    var reference: Int
    /// Whether the entity it refers to failed in this run.
    var hasFailed = false
    /// Whether something of its kind failed whose id is not known.
    var mayHaveFailed = false
    /// An existing id that looks like the missing one.
    var similar: SimilarID?
  }

  /// How it compares with the row that has its id.
  var comparison = StoredComparison.absent
  /// Its references to entities that do not exist.
  var missingReferences: [MissingReference] = []
  /// Whether an earlier entity of the source has the same id and has determined the row.
  var isRepeated = false
  /// Whether the row was edited; `nil` if that does not matter.
  var editState: EditState?
  /// The origin of a row that differs; `nil` if it is unknown.
  var origin: StoredOrigin?
  /// The row, under another id, that the same bytes became in an earlier run.
  var twin: Provenance?
}

extension EntityFacts {
  /// Completes the stored facts about an entity by further look-ups.
  ///
  /// - Parameters:
  ///   - stored: The facts that the target knows about the entity.
  ///   - index: The entity's position in the batch.
  ///   - batch: The batch.
  ///   - target: The target of the run.
  ///   - memory: The ids that the run remembers.
  ///   - isRepeated: Whether an earlier entity has determined the row.
  ///   - rewrites: Whether rows that differ are to be rewritten.
  /// - Throws: What the target throws.
  init(
    _ stored: StoredFacts, at index: Int, of batch: RecordBatch, in target: some EntityTarget,
    _ memory: RunMemory, isRepeated: Bool, rewrites: Bool
  ) throws {
    missingReferences = try stored.danglingReferences.map { position in
      let kind = batch.references[position].target
      let id = batch.text(ofReference: position, at: index)
      let hasFailed = memory.hasFailed(kind, id)
      let similar =
        hasFailed
        ? nil
        : try SimilarID.first(like: String(decoding: id, as: UTF8.self), of: kind) { id in
          try target.contains(kind, id: Array(id.utf8).span)
        }
      return MissingReference(
        reference: position, hasFailed: hasFailed, mayHaveFailed: memory.hasFailedNameless(kind),
        similar: similar)
    }
    self.isRepeated = isRepeated
    // An entity that is refused anyway need not be compared.
    guard missingReferences.isEmpty, !batch.entries[index].isFailed else { return }
    comparison = stored.comparison
    guard case .differs = comparison else { return }
    if rewrites, !isRepeated {
      editState = try target.editState(batch.kind, id: batch.text(batch.entries[index].id))
    } else {
      // The origin is only reported for a row that stays.
      origin = try target.origin(of: batch, at: index)
    }
  }
}

extension RecordBatch {
  /// Whether the entity at `index` may have got another id in an earlier run: a mapping reads it,
  /// or it has no id of its own and is under a name that is none.
  func mayHaveHadAnotherID(at index: Int) -> Bool {
    let entry = entries[index]
    if entry.mapping != nil { return true }
    guard case .pointer(let pointer, nil) = entry.locator, !entry.given.contains(0) else {
      return false
    }
    // Elements of lists have numbers.
    return arena[pointer.range].last.map { !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0) } ?? false
  }

  /// The ids that the entity at `index` may have got in an earlier run, other than its own: the one
  /// that is derived from its place, and its key in a dictionary.
  func otherIDs(at index: Int) -> [String] {
    let entry = entries[index]
    var ids = [
      "legacy:\(sources[entry.source])" + (locator(at: index).map { "#\($0.text)" } ?? "")
    ]
    switch entry.locator {
    case .key(let key), .pointer(_, .some(let key)): ids.append(text(key))
    case .pointer(let pointer, nil): ids.append(text(pointer).lastName)
    case .none, .index, .line: break
    }
    let id = text(entry.id)
    return ids.filter { $0 != id }
  }

  /// The id in a reference of the entity at `index`; empty if it holds no text.
  func text(ofReference reference: Int, at index: Int) -> ArraySlice<UInt8> {
    guard case .text(let span) = cells[index * fieldCount + references[reference].field] else {
      return []
    }
    return arena[span.range]
  }
}

extension StoreReader {
  /// The origin of the row with the id of an entity; `nil` if it is not known.
  ///
  /// - Parameters:
  ///   - batch: The batch.
  ///   - index: The entity's position in the batch.
  ///   - run: The run under way; `nil` if it writes nothing.
  ///   - sources: The sources of earlier runs.
  ///   - lines: The lines of the source.
  /// - Returns: The origin.
  /// - Throws: `StoreError`.
  func origin(
    of batch: RecordBatch, at index: Int, inRun run: Int64?, _ sources: EarlierSources,
    _ lines: SourceLines
  ) throws -> StoredOrigin? {
    guard let id = batch.id(at: index), let provenance = try self.provenance(batch.kind, id: id)
    else { return nil }
    let isOfThisRun = provenance.run == run
    var origin = StoredOrigin(
      provenance, of: isOfThisRun ? nil : try sources.otherSource(of: provenance.run, in: self),
      isOfThisRun: isOfThisRun, lines)
    if let row = try record(batch.kind, id: id) {
      origin.compare(row, with: batch, at: index)
      if !isOfThisRun, case .edited = EditState(of: row, provenance) { origin.isEdited = true }
    }
    return origin
  }

  /// The digests among `digests` that any of the runs has recorded.
  func failures(
    ofRuns runs: [Int64], among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest> {
    try runs.reduce(into: []) { $0.formUnion(try failures(ofRun: $1, among: digests)) }
  }
}

/// The target of a real run: the transaction sees its own writes.
struct TransactionTarget: EntityTarget {
  let transaction: any StoreTransaction
  let lines: SourceLines
  let sources: EarlierSources
  /// The run's number in the ledger.
  let run: Int64
  /// When it began.
  let startedAt: String
  /// The runs with which this run's failures are compared.
  let baseline: [Int64]
  /// Called before each change.
  let willChange: () throws -> Void

  var usesFailureDigests: Bool { true }
  var mayHaveEarlierRows: Bool { run > 1 }

  func provenance(_ kind: EntityKind, ids: [String]) throws -> [Provenance?] {
    try transaction.provenance(kind, ids: ids)
  }

  func knownFailures(among digests: [Provenance.Digest]) throws -> Set<Provenance.Digest> {
    try transaction.failures(ofRuns: baseline, among: digests)
  }

  func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
    try transaction.facts(of: batch, in: range)
  }

  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    try transaction.contains(kind, id: id)
  }

  func editState(_ kind: EntityKind, id: String) throws -> EditState? {
    try transaction.editState(kind, id: id)
  }

  func origin(of batch: RecordBatch, at index: Int) throws -> StoredOrigin? {
    try transaction.origin(of: batch, at: index, inRun: run, sources, lines)
  }

  func insert(_ batch: SourceBatch, at indices: [Int]) throws -> [Int: StoreError] {
    try willChange()
    return try transaction.insert(batch.records, at: indices, run: run)
  }

  func update(_ batch: SourceBatch, at index: Int) throws {
    try willChange()
    try transaction.update(batch.records, at: index, run: run, startedAt: startedAt)
  }
}
