import RMOSModels
import RMOSStore

/// What a run can know about entities while it goes on: what the store holds, and what this run
/// has put (or, rehearsing, would have put) into it.
protocol KnowledgeSource {
  func comparison(of batch: RecordBatch, at index: Int) throws -> StoredComparison
  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool
  func editState(_ kind: EntityKind, id: String) throws -> EditState?
}

/// A real run: the transaction sees what it wrote.
struct TransactionKnowledge: KnowledgeSource {
  let transaction: any StoreTransaction

  func comparison(of batch: RecordBatch, at index: Int) throws -> StoredComparison {
    try transaction.comparison(of: batch, at: index)
  }

  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    try transaction.contains(kind, id: id)
  }

  func editState(_ kind: EntityKind, id: String) throws -> EditState? {
    try transaction.editState(kind, id: id)
  }
}

/// A dry run: a snapshot of the store, and in memory what would have been added or rewritten.
///
/// Of an entity only a digest of the id and its place in the source are kept; where an id comes up
/// again, the first one is read again.
final class RehearsedKnowledge: KnowledgeSource {
  private let reader: any StoreReader
  private let rereader: EntityRereader
  private let startedAt: String
  /// For each kind that others refer to, the ids that would have been added.
  private var added: [EntityKind: IDTable] = [:]
  /// The kind being read.
  private var kind = EntityKind.stripFamilies
  /// The ids of the kind that would have been added or rewritten, each with the number of its place.
  private var places = IDTable()
  private var paths = PathList()

  init(_ reader: any StoreReader, rereader: EntityRereader, startedAt: String) {
    self.reader = reader
    self.startedAt = startedAt
    self.rereader = rereader
    for case .reference(let target) in EntityKind.allCases.flatMap({ $0.schema.fields }).map(\.type)
    {
      added[target] = IDTable()
    }
  }

  /// Takes note of an entity that a real run would have inserted, or rewritten a row with.
  ///
  /// - Throws: ``MigrationError`` where the source is beyond what a dry run can keep in mind.
  func write(_ delivery: SourceReader.Delivery, at index: Int) throws(MigrationError) {
    let batch = delivery.batch
    if batch.kind != kind {
      kind = batch.kind
      places = IDTable()
      paths = PathList()
    }
    let entry = batch.entries[index]
    let key = IDTable.Key(batch.arena.span.extracting(entry.id.range))
    let path =
      delivery.rawPaths[entry.source].map { paths.number(of: $0) }
      ?? paths.number(of: batch.sources[entry.source].utf8)
    guard let place = Place(path: path, offset: entry.place.offset) else {
      throw MigrationError(
        .sourceTooLarge,
        "a dry run takes 67 million files a kind and 256 GiB a file at most; migrate without it")
    }
    places.insert(key, number: place.number)
    added[kind]?.insert(key)
  }

  func comparison(of batch: RecordBatch, at index: Int) throws -> StoredComparison {
    let id = batch.entries[index].id
    guard batch.kind == kind,
      let number = places[IDTable.Key(batch.arena.span.extracting(id.range))]
    else { return try reader.comparison(of: batch, at: index) }
    let place = Place(number: number)
    let first = try rereader.read(
      batch.kind, path: paths[place.path], offset: place.offset, id: Array(batch.arena[id.range]))
    var row = first.record(at: 0)
    if let stored = try reader.record(kind, id: batch.text(id)) {
      row = first.row(at: 0, rewriting: stored, startedAt: startedAt)
    }
    return StoredComparison(
      of: batch, at: index, with: row.values,
      storedUnknownMembers: first.provenance(at: 0, run: 0).unknownMembers)
  }

  func editState(_ kind: EntityKind, id: String) throws -> EditState? {
    try reader.editState(kind, id: id)
  }

  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    if added[kind]?[IDTable.Key(id)] != nil { return true }
    return try reader.contains(kind, id: id)
  }
}

/// A place in the source as one number: the path's in 26 bits, the offset in 38.
private struct Place {
  private static let offsetBits = 38

  let number: UInt64

  /// A place; nil beyond 67 million paths or 256 GiB.
  init?(path: Int, offset: Int) {
    guard path < 1 << (64 - Place.offsetBits), offset < 1 << Place.offsetBits else { return nil }
    number = UInt64(path) << Place.offsetBits | UInt64(offset)
  }

  init(number: UInt64) { self.number = number }

  var path: Int { Int(number >> Place.offsetBits) }
  var offset: Int { Int(number & (1 << Place.offsetBits - 1)) }
}

/// The paths of the files read so far as bytes, one after the other in flat memory.
struct PathList {
  private var text: [UInt8] = []
  private var ends: [Int] = []

  /// The path with the number.
  subscript(number: Int) -> [UInt8] {
    let start = number == 0 ? 0 : ends[number - 1]
    return Array(text[start..<ends[number]])
  }

  /// The number of a path; the one added last is not added again.
  mutating func number(of path: some Collection<UInt8>) -> Int {
    if let last = ends.indices.last {
      let start = last == 0 ? 0 : ends[last - 1]
      if text[start...].elementsEqual(path) { return last }
    }
    text.append(contentsOf: path)
    ends.append(text.count)
    return ends.count - 1
  }
}
