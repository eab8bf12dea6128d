import RMOSModels
import RMOSStore

/// The target of a dry run: a snapshot of the store, and a record in memory of the entities that
/// would have been added or rewritten.
///
/// For each entity only a digest of the id and its place in the source are kept; if an id occurs
/// again, the first entity is read again.
final class DryRunTarget: EntityTarget {
  private let reader: any StoreReader
  private let rereader: EntityRereader
  private let lines: SourceLines
  private let sources: EarlierSources
  private let startedAt: String
  private let baseline: [Int64]
  private let catalog: EntityCatalog
  /// The ids that would have been added, in the order of the catalog; `nil` for a kind that no
  /// other refers to.
  private var added: [IDTable?]
  /// The kind being read.
  private var kind: EntityKind?
  /// The ids of the kind that would have been added or rewritten, each with the number of its
  /// place.
  private var places = IDTable()
  private var origins = OriginList()
  /// The earlier entity of the kind that was read again last, with the number of its place.
  private var lastRead: (number: UInt64, entity: RecordBatch)?

  init(
    _ reader: any StoreReader, rereader: EntityRereader, lines: SourceLines,
    sources: EarlierSources, startedAt: String, baseline: [Int64]
  ) {
    self.reader = reader
    self.lines = lines
    self.sources = sources
    self.startedAt = startedAt
    self.baseline = baseline
    self.rereader = rereader
    let catalog = reader.catalog
    self.catalog = catalog
    let targets = Set(catalog.kinds.flatMap(\.schema.references).map(\.target))
    added = catalog.kinds.map { targets.contains($0) ? IDTable() : nil }
  }

  var usesFailureDigests: Bool { !baseline.isEmpty }
  var mayHaveEarlierRows: Bool { true }

  func provenance(_ kind: EntityKind, ids: [String]) throws -> [Provenance?] {
    try reader.provenance(kind, ids: ids)
  }

  func knownFailures(among digests: [Provenance.Digest]) throws -> Set<Provenance.Digest> {
    try reader.failures(ofRuns: baseline, among: digests)
  }

  func insert(_ batch: SourceBatch, at indices: [Int]) throws -> [Int: StoreError] {
    for index in indices { try write(batch, at: index) }
    return [:]
  }

  func update(_ batch: SourceBatch, at index: Int) throws { try write(batch, at: index) }

  /// Records an entity that a real run would have inserted, or rewritten a row with.
  ///
  /// - Throws: ``MigrationError`` if the source is too large for that.
  private func write(_ batch: SourceBatch, at index: Int) throws(MigrationError) {
    let records = batch.records
    if records.kind != kind {
      kind = records.kind
      places = IDTable()
      origins = OriginList()
      lastRead = nil
    }
    let entry = records.entries[index]
    let key = records.idKey(at: index)
    let origin = origins.number(of: batch.path(of: entry), batch.mappedWay(at: index))
    guard let place = Place(origin: origin, offset: entry.place.offset) else {
      throw MigrationError(
        .sourceTooLarge,
        "a dry run takes at most 67 million files per kind and 256 GiB per file; migrate without it"
      )
    }
    places.insert(key, number: place.number)
    if let position = catalog.position(of: records.kind) { added[position]?.insert(key) }
  }

  func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
    var facts = try reader.facts(of: batch, in: range)
    for (position, index) in range.enumerated() {
      facts[position].danglingReferences.removeAll { reference in
        isAdded(batch.references[reference].target, batch.text(ofReference: reference, at: index))
      }
      if let (_, first, row) = try earlierEntity(of: batch, at: index) {
        facts[position].comparison = StoredComparison(
          of: batch, at: index, with: row,
          unknownMembers: first.provenance(at: 0, run: 0).unknownMembers)
      }
    }
    return facts
  }

  func origin(of batch: RecordBatch, at index: Int) throws -> StoredOrigin? {
    if let (place, _, row) = try earlierEntity(of: batch, at: index) {
      var origin = StoredOrigin(
        path: SourcePath.text(origins[place.origin].path), offset: place.offset, lines)
      origin.compare(row, with: batch, at: index)
      return origin
    }
    return try reader.origin(of: batch, at: index, inRun: nil, sources, lines)
  }

  /// The earlier entity of the source with the same id, read again, and the row it would have
  /// become.
  private func earlierEntity(
    of batch: RecordBatch, at index: Int
  ) throws -> (place: Place, entity: RecordBatch, row: Record)? {
    let id = batch.entries[index].id
    guard batch.kind == kind, let number = places[batch.idKey(at: index)] else { return nil }
    let place = Place(number: number)
    let first: RecordBatch
    if let lastRead, lastRead.number == number {
      first = lastRead.entity
    } else {
      let (path, way) = origins[place.origin]
      first = try rereader.read(
        batch.kind, path: path, offset: place.offset, id: Array(batch.arena[id.range]),
        mapped: way)
      lastRead = (number, first)
    }
    guard let stored = try reader.record(batch.kind, id: batch.text(id)) else {
      return (place, first, first.record(at: 0))
    }
    return (place, first, first.row(at: 0, rewriting: stored, startedAt: startedAt))
  }

  func editState(_ kind: EntityKind, id: String) throws -> EditState? {
    try reader.editState(kind, id: id)
  }

  func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    if let position = catalog.position(of: kind), added[position]?[IDTable.Key(id)] != nil {
      return true
    }
    return try reader.contains(kind, id: id)
  }

  /// Whether an entity would have been added.
  private func isAdded(_ kind: EntityKind, _ id: ArraySlice<UInt8>) -> Bool {
    guard let position = catalog.position(of: kind) else { return false }
    return added[position]?[IDTable.Key(id.span)] != nil
  }
}

/// A place in the source in one number: 26 bits for the number of the origin, 38 for the offset.
private struct Place {
  private static let offsetBits = 38

  let number: UInt64

  /// Creates a place; `nil` beyond 67 million origins or 256 GiB.
  init?(origin: Int, offset: Int) {
    guard origin < 1 << (64 - Place.offsetBits), offset < 1 << Place.offsetBits else { return nil }
    number = UInt64(origin) << Place.offsetBits | UInt64(offset)
  }

  init(number: UInt64) { self.number = number }

  var origin: Int { Int(number >> Place.offsetBits) }
  var offset: Int { Int(number & (1 << Place.offsetBits - 1)) }
}

/// The files read so far, and how their entities were mapped.
///
/// Takes 16 bytes and the path per file.
struct OriginList {
  /// For each origin, the numbers of its path and of its way; way 0 is no mapping.
  private var origins: [(path: UInt32, way: UInt32)] = []
  private var paths = FlatTexts()
  private var ways: [MappedWay?] = [nil]

  /// The origin with the number.
  subscript(number: Int) -> (path: [UInt8], way: MappedWay?) {
    (paths[Int(origins[number].path)], ways[Int(origins[number].way)])
  }

  /// Returns the number of an origin, adding it unless it is the last one.
  mutating func number(of path: [UInt8], _ way: MappedWay? = nil) -> Int {
    if !paths.isLast(path) { paths.append(path) }
    if let way, ways[ways.count - 1] != way { ways.append(way) }
    let origin = (
      path: UInt32(paths.count - 1), way: way == nil ? 0 : UInt32(ways.count - 1)
    )
    if let last = origins.last, last == origin { return origins.count - 1 }
    origins.append(origin)
    return origins.count - 1
  }
}

/// A list of texts in flat memory.
private struct FlatTexts {
  private var text: [UInt8] = []
  private var ends: [Int] = []

  var count: Int { ends.count }

  subscript(number: Int) -> [UInt8] { Array(text[range(of: number)]) }

  private func range(of number: Int) -> Range<Int> {
    (number == 0 ? 0 : ends[number - 1])..<ends[number]
  }

  func isLast(_ bytes: [UInt8]) -> Bool {
    !ends.isEmpty && text[range(of: ends.count - 1)].elementsEqual(bytes)
  }

  mutating func append(_ bytes: [UInt8]) {
    text += bytes
    ends.append(text.count)
  }
}
