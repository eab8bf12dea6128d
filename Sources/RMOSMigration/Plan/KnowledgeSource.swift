import RMOSModels
import RMOSStore

/// What a run can know about entities while it goes on: what the store holds, and what this run
/// has put (or, rehearsing, would have put) into it.
protocol KnowledgeSource {
  func comparison(of batch: RecordBatch, at index: Int) throws -> StoredComparison
  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool
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
}

/// A dry run: a snapshot of the store, and in memory what would have been added.
///
/// Of an entity only a digest of the id and its place in the source are kept; where an id comes up
/// again, the first one is read again. So memory grows by about a hundred bytes an entity.
final class RehearsedKnowledge: KnowledgeSource {
  /// 128 bits of an id: enough that two ids of one source never meet by chance.
  private struct Key: Hashable {
    var high: Int
    var low: Int

    init(_ id: Span<UInt8>) {
      var (first, second) = (Hasher(), Hasher())
      second.combine(1 as UInt8)
      id.withUnsafeBytes { bytes in
        first.combine(bytes: bytes)
        second.combine(bytes: bytes)
      }
      high = first.finalize()
      low = second.finalize()
    }
  }

  private struct Place {
    var source: UInt32
    var offset: Int
  }

  private let reader: any StoreReader
  private let rereader: EntityRereader
  private var known: [EntityKind: Set<Key>] = [:]
  private var kind = EntityKind.stripFamilies
  private var places: [Key: Place] = [:]
  private var sources: [String] = []

  init(_ reader: any StoreReader, rereader: EntityRereader) {
    self.reader = reader
    self.rereader = rereader
  }

  /// Takes note of an entity that a real run would have inserted.
  func insert(_ batch: RecordBatch, at index: Int) {
    if batch.kind != kind {
      kind = batch.kind
      places.removeAll()
      sources.removeAll()
    }
    let entry = batch.entries[index]
    let key = Key(batch.arena.span.extracting(entry.id.range))
    let path = batch.sources[entry.source]
    if sources.last != path { sources.append(path) }
    places[key] = Place(
      source: UInt32(truncatingIfNeeded: sources.count - 1), offset: entry.place.offset)
    known[kind, default: []].insert(key)
  }

  func comparison(of batch: RecordBatch, at index: Int) throws -> StoredComparison {
    let stored = try reader.comparison(of: batch, at: index)
    guard stored == .absent, batch.kind == kind else { return stored }
    let id = batch.entries[index].id
    guard let place = places[Key(batch.arena.span.extracting(id.range))] else { return .absent }
    let first = try rereader.read(
      batch.kind, path: sources[Int(place.source)], offset: place.offset,
      id: Array(batch.arena[id.range]))
    return StoredComparison(
      of: batch, at: index, with: first.record(at: 0).values,
      storedUnknownMembers: first.provenance(at: 0, run: 0).unknownMembers)
  }

  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    if let known = known[kind], known.contains(Key(id)) { return true }
    return try reader.contains(kind, id: id)
  }
}
