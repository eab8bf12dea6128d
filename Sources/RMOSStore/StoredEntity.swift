public import RMOSModels

/// An entity as it is stored: the values of its row, and the unknown members kept with it.
///
/// It is lent to one closure, so that going through many entities copies none of them.
@safe package struct StoredEntity: ~Copyable {
  /// A value of a row, valid while the entity is lent.
  @safe package enum Value {
    /// SQL NULL.
    case null
    /// A 64-bit integer.
    case integer(Int64)
    /// A double.
    case real(Double)
    /// A text, which is UTF-8 unless another program has written other bytes.
    case text(UnsafeBufferPointer<UInt8>)
    /// A blob.
    case blob(UnsafeBufferPointer<UInt8>)
  }

  /// The kind of entity.
  package let kind: EntityKind
  /// The values, in the order of the schema's fields.
  package internal(set) var values: [Value]
  /// The members that the schema does not know, as the text of a JSON object; `nil` if there are
  /// none.
  package internal(set) var unknownMembers: UnsafeBufferPointer<UInt8>?

  init(_ kind: EntityKind) {
    self.kind = kind
    values = Array(repeating: .null, count: kind.schema.fields.count)
    unsafe unknownMembers = nil
  }

  /// The id; `nil` if the stored value is not text.
  package var id: String? {
    guard case .text(let id) = values[0] else { return nil }
    return unsafe String(decoding: id, as: UTF8.self)
  }

  /// A copy of the row.
  package var record: Record {
    Record(
      kind: kind,
      values: values.map { value in
        switch value {
        case .null: .null
        case .integer(let number): .integer(number)
        case .real(let number): .real(number)
        case .text(let text): unsafe .text(String(decoding: text, as: UTF8.self))
        case .blob(let bytes): unsafe .blob(Array(bytes))
        }
      })
  }
}

/// A range of the entities of a kind in byte order of their ids.
package struct EntityRange: Sendable, Hashable {
  /// The lowest id; `nil` for no limit, which also includes rows whose ids are not text.
  package var first: String?
  /// The id before which the range ends; `nil` for no limit.
  package var end: String?

  /// All entities.
  static let all = EntityRange(first: nil, end: nil)

  init(first: String?, end: String?) {
    self.first = first
    self.end = end
  }

  /// Whether the id of a record is in the range.
  func contains(_ record: Record) -> Bool {
    guard case .text(let id) = record.values[0] else { return first == nil }
    if let first, id.utf8.lexicographicallyPrecedes(first.utf8) { return false }
    return end.map { id.utf8.lexicographicallyPrecedes($0.utf8) } ?? true
  }
}

/// A reader that can go through its entities without copying them, and in ranges.
protocol StreamingReader: StoreReader {
  /// Lends the entities of a range, in its order.
  func lendEntities(
    _ kind: EntityKind, in range: EntityRange, _ body: (borrowing StoredEntity) throws -> Void
  ) throws

  /// Consecutive ranges of about `count` entities that cover all entities of a kind; a single one
  /// if finding them would take long.
  func entityRanges(_ kind: EntityKind, of count: Int) throws -> [EntityRange]

  /// The number of entities of a range that came into the store on each day.
  func entityDays(of kind: EntityKind, in range: EntityRange) throws -> EntityDays

  /// Calls `body` with the records that match `query`, in its order, within its limit and offset.
  ///
  /// It takes at most eight bytes of memory per record.
  /// - Returns: `false`, without having called `body`, if the reader cannot do so.
  func streamRecords(_ query: RecordQuery, _ body: (Record) throws -> Void) throws -> Bool
}

extension StoreReader {
  /// Calls `body` with every entity of a kind, or those of a range, in byte order of the id, in
  /// constant memory.
  package func forEachEntity(
    _ kind: EntityKind, in range: EntityRange = .all,
    _ body: (borrowing StoredEntity) throws -> Void
  ) throws {
    if let reader = self as? any StreamingReader {
      return try reader.lendEntities(kind, in: range, body)
    }
    var pending = PendingEntities(kind)
    try forEachRecord(kind) { record in
      guard range.contains(record) else { return }
      if pending.add(record) { try pending.lend(self, body) }
    }
    try pending.lend(self, body)
  }

  /// Consecutive ranges of about `count` entities that cover all entities of a kind, also those
  /// that are added later.
  package func ranges(of kind: EntityKind, count: Int) throws -> [EntityRange] {
    try (self as? any StreamingReader)?.entityRanges(kind, of: count) ?? [.all]
  }
}

/// Records that are collected, so that their provenance is looked up at once, before they are lent.
private struct PendingEntities {
  private static let mostRecords = 64
  private static let mostBytes = 1 << 20

  private let kind: EntityKind
  private var records: [Record] = []
  private var byteCount = 0
  /// The texts and blobs of the record that is lent.
  private var arena: [UInt8] = []

  init(_ kind: EntityKind) { self.kind = kind }

  /// Adds a record, and returns whether the records collected so far should be lent.
  mutating func add(_ record: Record) -> Bool {
    records.append(record)
    for case .text(let text) in record.values { byteCount += text.utf8.count }
    return records.count >= Self.mostRecords || byteCount >= Self.mostBytes
  }

  /// Lends all records, then removes them.
  mutating func lend(
    _ reader: any StoreReader, _ body: (borrowing StoredEntity) throws -> Void
  ) throws {
    defer {
      records.removeAll(keepingCapacity: true)
      byteCount = 0
    }
    let ids = records.compactMap { if case .text(let id) = $0.values[0] { id } else { nil } }
    var origins = try reader.provenance(kind, ids: ids)[...]
    for record in records {
      var unknownMembers: String?
      if case .text = record.values[0] { unknownMembers = origins.popFirst()??.unknownMembers }
      try lend(record, unknownMembers, body)
    }
  }

  private mutating func lend(
    _ record: Record, _ unknownMembers: String?, _ body: (borrowing StoredEntity) throws -> Void
  ) throws {
    arena.removeAll(keepingCapacity: true)
    for value in record.values {
      switch value {
      case .text(let text): arena.append(contentsOf: text.utf8)
      case .blob(let bytes): arena.append(contentsOf: bytes)
      case .null, .integer, .real: break
      }
    }
    if let unknownMembers { arena.append(contentsOf: unknownMembers.utf8) }
    try unsafe arena.withUnsafeBufferPointer { arena in
      var entity = StoredEntity(kind)
      var rest = unsafe arena[...]
      func next(_ count: Int) -> UnsafeBufferPointer<UInt8> {
        defer { unsafe rest = unsafe rest.dropFirst(count) }
        return unsafe UnsafeBufferPointer(rebasing: rest.prefix(count))
      }
      for (position, value) in record.values.enumerated() {
        switch value {
        case .null: break
        case .integer(let number): entity.values[position] = .integer(number)
        case .real(let number): entity.values[position] = .real(number)
        case .text(let text): entity.values[position] = unsafe .text(next(text.utf8.count))
        case .blob(let bytes): entity.values[position] = unsafe .blob(next(bytes.count))
        }
      }
      if let unknownMembers {
        unsafe entity.unknownMembers = unsafe next(unknownMembers.utf8.count)
      }
      try body(entity)
    }
  }
}

/// The facts that a store knows about an incoming entity.
public struct StoredFacts: Sendable, Hashable {
  /// The comparison with the row that has its id.
  package var comparison: StoredComparison
  /// The positions, in its schema's references, of the references whose target does not exist.
  package var danglingReferences: [Int]

  /// Whether the store has the entity with the same content, and the entities it refers to.
  package var isIdentical: Bool { comparison == .identical && danglingReferences.isEmpty }

  /// Creates the facts about an entity, by default a new one without dangling references.
  ///
  /// - Parameters:
  ///   - comparison: The comparison with the row that has its id.
  ///   - danglingReferences: The positions, in its schema's references, of the references whose
  ///     target does not exist.
  public init(comparison: StoredComparison = .absent, danglingReferences: [Int] = []) {
    self.comparison = comparison
    self.danglingReferences = danglingReferences
  }
}

/// The result of comparing an incoming entity with the row that has its id.
public enum StoredComparison: Sendable, Hashable {
  /// The store has no entity with this id.
  case absent
  /// The stored entity has the same content.
  case identical
  /// The stored entity has different content in these members, in schema order.
  case differs(members: [String])

  /// Compares the entity at `index` of a batch with a stored record.
  ///
  /// A timestamp that the source does not give and that defaults to the time of the run
  /// (`created_at`, `updated_at`) is not compared. JSON is compared by its data: white space,
  /// escapes, the way a number is written and the order of members make no difference.
  ///
  /// - Parameters:
  ///   - batch: The incoming entities.
  ///   - index: The position of the entity in `batch`.
  ///   - record: The stored record.
  ///   - unknownMembers: The unknown members kept with it; `nil` if there are none.
  public init(
    of batch: RecordBatch, at index: Int, with record: Record, unknownMembers: String?
  ) {
    let schema = batch.kind.schema
    let incoming = batch.record(at: index)
    var members: [String] = []
    for position in schema.fields.indices {
      let field = schema.fields[position]
      if field.defaultsToRunTime, !batch.entries[index].given.contains(position) { continue }
      let (new, old) = (incoming.values[position], record.values[position])
      if new.isSame(as: old) { continue }
      if case .json = field.type, case .text(let new) = new, case .text(let old) = old,
        JSONEquivalence.areEquivalent(new, old)
      {
        continue
      }
      members.append(field.member)
    }
    let unknown = batch.entries[index].unknownMembers
    let incomingUnknown = unknown.isEmpty ? "{}" : batch.text(unknown)
    members += JSONEquivalence.differingMembers(incomingUnknown, unknownMembers ?? "{}")
    self = members.isEmpty ? .identical : .differs(members: members)
  }
}
