/// A batch of entities of one kind on their way from files to a store.
///
/// All text is in one byte arena and values are plain cells, so an entity needs no allocation.
/// Batches are reused. A store gets each entity as a ``Record``.
public struct RecordBatch: Sendable {
  /// The kind of all entities in the batch.
  public private(set) var kind: EntityKind
  /// The arena: decoded texts, compacted JSON and paths.
  package private(set) var arena: [UInt8] = []
  /// The values: `kind.schema.fields.count` cells per entry.
  package private(set) var cells: [Cell] = []
  /// The places of the reference fields' values: `kind.schema.references.count` per entry.
  package private(set) var referencePlaces: [SourcePlace] = []
  /// The entities, in order.
  package private(set) var entries: [Entry] = []
  /// The bytes in the file of entities whose digest was not computed yet.
  private var texts: [UInt8] = []
  /// The issues found while reading, in the order of the entries.
  package var issues: [Issue] = []
  /// The relative paths of the files the entries come from.
  package private(set) var sources: [String] = []

  /// An object that identifies a content of a batch, to which entities may have been added.
  package final class Identity: Sendable {}

  /// The identity of the content; it changes when entities are removed, so that others may get
  /// their positions.
  package private(set) var identity = Identity()

  /// The number of cells per entry.
  package private(set) var fieldCount: Int
  /// The fields of an entry that refer to other entities; each has a place.
  package private(set) var references: [(field: Int, target: EntityKind)]

  /// Creates an empty batch.
  package init(kind: EntityKind) {
    self.kind = kind
    fieldCount = kind.schema.fields.count
    references = kind.schema.references
  }

  /// The number of entities, including failed ones.
  public var count: Int { entries.count }

  /// A value of an entity, without its text.
  package enum Cell: Sendable, Hashable {
    /// SQL NULL.
    case null
    /// A 64-bit integer.
    case integer(Int64)
    /// A double.
    case real(Double)
    /// UTF-8 text: ``RecordBatch/text(_:)``.
    case text(TextSpan)
  }

  /// A piece of the batch's text.
  package struct TextSpan: Sendable, Hashable {
    var offset: UInt32
    package var length: UInt32

    init(offset: Int, length: Int) {
      self.offset = UInt32(truncatingIfNeeded: offset)
      self.length = UInt32(truncatingIfNeeded: length)
    }
    static let empty = TextSpan(offset: 0, length: 0)
    /// The positions of its bytes.
    package var range: Range<Int> { Int(offset)..<Int(offset) + Int(length) }
    package var isEmpty: Bool { length == 0 }
  }

  /// A place in a source file.
  package struct SourcePlace: Sendable, Hashable {
    /// 0-based offset in the file's bytes.
    package var offset: Int
    /// 1-based line.
    package var line: Int
    /// 1-based column, in bytes.
    package var column: Int

    package init(offset: Int, line: Int, column: Int) {
      self.offset = offset
      self.line = line
      self.column = column
    }
  }

  /// A locator whose key is in the arena.
  package enum EntryLocator: Sendable, Hashable {
    case none
    case index(Int)
    case key(TextSpan)
    case line(Int)
    /// The JSON Pointer to an entity in a wrapper, and its key if it is in a dictionary there.
    case pointer(TextSpan, key: TextSpan?)
  }

  /// An entity of the batch.
  package struct Entry: Sendable {
    /// The id; empty if it is not known.
    package var id: TextSpan = .empty
    /// The members that the schema does not know, as one compact JSON object; empty if there are
    /// none.
    package var unknownMembers: TextSpan = .empty
    /// The position of its file in ``RecordBatch/sources``.
    package var source: Int
    /// Its place among several entities in the file.
    package var locator: EntryLocator
    /// The place of the entity, or of the error in it.
    package var place: SourcePlace
    /// The position of the mapping that read it among those of the run; `nil` if none did.
    package var mapping: Int?
    /// The length of the entity in the bytes of the file.
    package var byteLength = 0
    /// The digest of the entity's bytes in the file, if it was computed: see
    /// ``RecordBatch/digest(at:)``.
    package var knownDigest: SHA256.Digest? = .zero
    /// If it was not computed, the entity's bytes, in ``RecordBatch/texts``.
    fileprivate var text = TextSpan.empty
    /// The fields whose value in the source is not null.
    package var given = FieldSet()
    /// Whether one of its issues is an error.
    package var isFailed = false
    /// The range of its issues in ``RecordBatch/issues``.
    package var issues: Range<Int> = 0..<0

    package init(source: Int, locator: EntryLocator, place: SourcePlace) {
      self.source = source
      self.locator = locator
      self.place = place
    }
  }

  /// Empties the batch, keeping its memory, for entities of `kind`.
  package mutating func reset(kind: EntityKind) {
    identity = Identity()
    self.kind = kind
    fieldCount = kind.schema.fields.count
    references = kind.schema.references
    arena.removeAll(keepingCapacity: true)
    texts.removeAll(keepingCapacity: true)
    cells.removeAll(keepingCapacity: true)
    referencePlaces.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
    issues.removeAll(keepingCapacity: true)
    sources.removeAll(keepingCapacity: true)
  }

  /// Registers a file and returns its position in ``sources``.
  package mutating func addSource(_ path: String) -> Int {
    sources.append(path)
    return sources.count - 1
  }

  /// Appends an entity.
  ///
  /// `values` and `places` must fit the schema of ``kind``.
  package mutating func append(_ entry: Entry, cells: [Cell], places: [SourcePlace]) {
    precondition(
      cells.count == fieldCount && places.count == references.count,
      "an entry has a cell for each field and a place for each reference")
    entries.append(entry)
    self.cells.append(contentsOf: cells)
    referencePlaces.append(contentsOf: places)
  }

  /// Replaces the origin of the entity appended last, which a mapping has made from an object.
  ///
  /// - Parameters:
  ///   - place: The place of the object in the file.
  ///   - byteLength: The length of the object in the bytes of the file.
  ///   - digest: The digest of those bytes.
  ///   - mapping: The position of the mapping among those of the run.
  ///   - issues: Further issues of the entity, none of which is an error.
  ///   - relocate: Returns the place in the file for a place in the mapped entity.
  ///   - amend: Returns the replacement for an issue of the entity; `nil` removes the issue, which
  ///     must not be an error.
  package mutating func amendLast(
    place: SourcePlace, byteLength: Int, digest: SHA256.Digest, mapping: Int,
    adding issues: [Issue],
    relocate: (SourcePlace) -> SourcePlace, amend: (Issue) -> Issue?
  ) {
    let last = entries.count - 1
    entries[last].place = place
    entries[last].byteLength = byteLength
    entries[last].knownDigest = digest
    entries[last].mapping = mapping
    for position in last * references.count..<referencePlaces.count {
      referencePlaces[position] = relocate(referencePlaces[position])
    }
    let known = entries[last].issues
    if known.isEmpty, issues.isEmpty { return }
    // The issues of the last entity are at the end.
    let start = self.issues.count - known.count
    let amended = self.issues[known].compactMap(amend)
    self.issues.replaceSubrange(start..., with: amended)
    for var issue in issues {
      issue.id = id(at: last)
      self.issues.append(issue)
    }
    entries[last].issues = start..<self.issues.count
  }

  /// Appends an entity that failed before it was decoded.
  package mutating func append(failed entry: Entry) {
    append(
      entry, cells: Array(repeating: .null, count: fieldCount),
      places: Array(repeating: entry.place, count: references.count))
  }

  /// A mark of how far the batch was filled.
  package struct Mark {
    fileprivate var entries: Int
    fileprivate var issues: Int
    fileprivate var used: Int
    fileprivate var texts: Int

    /// The number of entries.
    package var entryCount: Int { entries }
  }

  /// A mark of how far the batch is filled now.
  package var mark: Mark {
    Mark(
      entries: entries.count, issues: issues.count, used: arena.count, texts: texts.count)
  }

  /// Removes what was appended since `mark`.
  package mutating func rollBack(to mark: Mark) {
    identity = Identity()
    entries.removeSubrange(mark.entries...)
    cells.removeSubrange((mark.entries * fieldCount)...)
    referencePlaces.removeSubrange((mark.entries * references.count)...)
    issues.removeSubrange(mark.issues...)
    arena.removeSubrange(mark.used...)
    texts.removeSubrange(mark.texts...)
  }

  /// The most bytes of entities that are kept in place of their digests.
  private static let mostTexts = 1 << 20

  /// Keeps the digest of an entity's bytes in the file, or a copy of them, which takes a fraction
  /// of the time: the digests of entities that a store has already are seldom needed.
  mutating func keepDigest(
    of text: UnsafeBufferPointer<UInt8>, _ encoding: SourceEncoding, in entry: inout Entry
  ) {
    let count = texts.count + text.count
    guard encoding == .utf8, count <= Self.mostTexts else {
      entry.knownDigest = unsafe encoding.digest(of: text)
      return
    }
    // Growing step by step would leave several freed blocks in memory for each batch.
    if count > max(texts.capacity, 64 << 10) { texts.reserveCapacity(Self.mostTexts) }
    entry.knownDigest = nil
    entry.text = TextSpan(offset: texts.count, length: text.count)
    unsafe texts.append(contentsOf: text)
  }

  /// The SHA-256 digest of the bytes in the file of the entity at `index`.
  package func digest(at index: Int) -> SHA256.Digest {
    let entry = entries[index]
    if let digest = entry.knownDigest { return digest }
    return unsafe texts.withUnsafeBytes {
      unsafe SHA256.hash(UnsafeRawBufferPointer(rebasing: $0[entry.text.range]))
    }
  }

  /// Copies text into the arena.
  package mutating func intern(_ text: some Collection<UInt8>) -> TextSpan {
    let start = arena.count
    arena.append(contentsOf: text)
    return TextSpan(offset: start, length: arena.count - start)
  }

  /// Writes text into the free part of the arena.
  ///
  /// The free part takes up memory only where it is written to, so `count` may be far too large.
  ///
  /// - Parameters:
  ///   - count: The most bytes that `body` writes; 1 or more.
  ///   - body: The function that writes; the bytes before ``ArenaWriter/next`` are used afterwards.
  /// - Returns: What `body` returns.
  mutating func write<Result>(
    upTo count: Int, _ body: (inout ArenaWriter) -> Result
  ) -> Result {
    let start = arena.count
    var result: Result?
    arena.append(addingCapacity: count) { output in
      unsafe output.withUnsafeMutableBufferPointer { free, written in
        guard let base = free.baseAddress else { return }
        var writer = unsafe ArenaWriter(arena: base - start, next: base)
        result = body(&writer)
        written = unsafe writer.next - base
      }
    }
    guard let result else { preconditionFailure("room was reserved") }
    return result
  }

  /// The memory reserved for text, bytes.
  package var reservedText: Int { arena.capacity + texts.capacity }

  /// Writes into the free part of the arena, from its beginning on.
  @safe struct ArenaWriter {
    private let arena: UnsafeMutablePointer<UInt8>
    /// The next free byte.
    var next: UnsafeMutablePointer<UInt8>

    fileprivate init(arena: UnsafeMutablePointer<UInt8>, next: UnsafeMutablePointer<UInt8>) {
      unsafe self.arena = arena
      unsafe self.next = next
    }

    /// The text that was written since `start`.
    func span(from start: UnsafeMutablePointer<UInt8>) -> TextSpan {
      unsafe TextSpan(offset: start - arena, length: next - start)
    }

    /// A piece of the arena.
    func text(_ span: TextSpan) -> UnsafeBufferPointer<UInt8> {
      unsafe UnsafeBufferPointer(start: arena + Int(span.offset), count: Int(span.length))
    }

    /// Writes bytes.
    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
      if let source = bytes.baseAddress { unsafe next.update(from: source, count: bytes.count) }
      unsafe next += bytes.count
    }

    /// Writes a text.
    mutating func append(_ text: StaticString) {
      unsafe next.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
      unsafe next += text.utf8CodeUnitCount
    }
  }

  /// A piece of the arena as a string.
  package func text(_ span: TextSpan) -> String {
    String(decoding: arena[span.range], as: UTF8.self)
  }

  /// The values of the entity at `index`, in schema order.
  ///
  /// Unlike ``record(at:)``, this does not allocate.
  func cells(at index: Int) -> ArraySlice<Cell> {
    cells[index * fieldCount..<(index + 1) * fieldCount]
  }

  /// The record at `index`.
  public func record(at index: Int) -> Record {
    Record(
      kind: kind,
      values: cells(at: index).map { cell in
        switch cell {
        case .null: .null
        case .integer(let number): .integer(number)
        case .real(let number): .real(number)
        case .text(let span): .text(text(span))
        }
      })
  }

  /// The id of the entity at `index`; `nil` if it is not known.
  package func id(at index: Int) -> String? {
    let id = entries[index].id
    return id.isEmpty ? nil : text(id)
  }

  /// The provenance of the entity at `index`.
  public func provenance(at index: Int, run: Int64) -> Provenance {
    let entry = entries[index]
    return Provenance(
      kind: kind, entityID: text(entry.id), run: run, path: sources[entry.source],
      locator: locator(at: index), byteOffset: entry.place.offset, byteLength: entry.byteLength,
      sha256: digest(at: index), unknownMembers: unknownMembers(at: index),
      rowDigest: rowDigest(at: index))
  }

  /// The members of the entity at `index` that the schema does not know, as one JSON object with
  /// the source's tokens; `nil` if there are none.
  package func unknownMembers(at index: Int) -> String? {
    let unknown = entries[index].unknownMembers
    return unknown.isEmpty ? nil : text(unknown)
  }

  /// The locator of the entity at `index`; `nil` if it is the only one in its file.
  package func locator(at index: Int) -> Locator? { locator(entries[index].locator) }

  /// A locator with its key as a string.
  package func locator(_ locator: EntryLocator) -> Locator? {
    switch locator {
    case .none: nil
    case .index(let number): .index(number)
    case .key(let span): .key(text(span))
    case .line(let number): .line(number)
    case .pointer(let span, _): .key(text(span))
    }
  }
}

// Ids, rows, issues and references of entities.
extension RecordBatch {
  /// Whether the ids of the entities in a range are in ascending order of their bytes, so that no
  /// two are equal.
  package func idsAscend(in range: Range<Int>) -> Bool {
    unsafe arena.withUnsafeBufferPointer { arena in
      guard var last = range.first.map({ entries[$0].id }), !last.isEmpty else { return false }
      for index in range.dropFirst() {
        let id = entries[index].id
        guard
          unsafe UnsafeBufferPointer(rebasing: arena[last.range])
            .precedes(UnsafeBufferPointer(rebasing: arena[id.range]))
        else { return false }
        last = id
      }
      return true
    }
  }

  /// The digest of the row that the entity at `index` becomes.
  package func rowDigest(at index: Int) -> RowDigest {
    unsafe arena.withUnsafeBytes { arena in
      var hasher = RowHasher()
      for position in index * fieldCount..<(index + 1) * fieldCount {
        switch cells[position] {
        case .null: hasher.combineNull()
        case .integer(let number): hasher.combine(number)
        case .real(let number): hasher.combine(number)
        case .text(let span):
          unsafe hasher.combine(text: UnsafeRawBufferPointer(rebasing: arena[span.range]))
        }
      }
      return hasher.digest
    }
  }

  /// The row that results from updating `stored` with the entity at `index`.
  ///
  /// If the source has no `created_at`, the stored one is kept. If it has no `updated_at`, the
  /// value is `startedAt`, the start of the run that updates the row.
  package func row(at index: Int, rewriting stored: Record, startedAt: String) -> Record {
    var row = record(at: index)
    for (position, field) in kind.schema.fields.enumerated()
    where !entries[index].given.contains(position) {
      switch field.defaultValue {
      case .runStart where stored.values[position] != .null:
        row.values[position] = stored.values[position]
      case .runStart, .sameAs: row.values[position] = .text(startedAt)
      case .null, .text: break
      }
    }
    return row
  }

  /// Creates an issue of the entity at `index`, at a place in its file or, by default, the place of
  /// the entity; `field` is the name of a member.
  package func issue(
    at index: Int, _ severity: Severity, _ code: IssueCode, place: SourcePlace? = nil,
    field: String? = nil, _ message: String
  ) -> Issue {
    let place = place ?? entries[index].place
    return Issue(
      severity: severity, code: code, kind: kind, id: id(at: index),
      source: sources[entries[index].source], locator: locator(at: index), line: place.line,
      column: place.column, offset: place.offset, pointer: field.map { JSONPointer.to($0) },
      message: message)
  }

  /// The positions, in the schema's references, of those references of the entity at `index` whose
  /// target does not exist.
  package func danglingReferences(
    at index: Int, exists: (EntityKind, Span<UInt8>) throws -> Bool
  ) rethrows -> [Int] {
    var dangling: [Int] = []
    for (position, reference) in references.enumerated() {
      guard case .text(let span) = cells[index * fieldCount + reference.field],
        try !exists(reference.target, arena.span.extracting(span.range))
      else { continue }
      dangling.append(position)
    }
    return dangling
  }
}
