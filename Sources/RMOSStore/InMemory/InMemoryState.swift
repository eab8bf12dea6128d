import RMOSModels

/// Everything an ``InMemoryStore`` holds, as one value: a transaction works on a copy.
struct InMemoryState {
  /// A text that is told from others by its bytes, as in SQL.
  ///
  /// `String` takes composed and decomposed characters for the same.
  struct Key: Hashable, Comparable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Key, right: Key) -> Bool {
      left.text.utf8.elementsEqual(right.text.utf8)
    }
    static func < (left: Key, right: Key) -> Bool {
      left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
    func hash(into hasher: inout Hasher) {
      for byte in text.utf8 { hasher.combine(byte) }
    }
  }

  /// A row and where it came from.
  struct Row {
    var record: Record
    var provenance: Provenance?
    /// Grows with each row that is added.
    var number = 0
  }

  /// How often a transaction was kept.
  var version = 0
  private var lastNumber = 0
  private var tables: [[Key: Row]] = EntityKind.allCases.map { _ in [:] }
  var runs: [LedgerRun] = []
  var issues: [Int64: [Issue]] = [:]
  /// By run, what it rewrote, as it was.
  var images: [Int64: [EntityKind: [Key: BeforeImage]]] = [:]

  /// The rows of a kind.
  subscript(kind: EntityKind) -> [Key: Row] {
    get { tables[kind.ordinal] }
    _modify { yield &tables[kind.ordinal] }
  }

  /// The records of a kind in byte order of the id, in O(n log n).
  func sorted(_ kind: EntityKind) -> [Record] {
    self[kind].sorted { $0.key < $1.key }.map(\.value.record)
  }

  /// The records of a kind as they were added, in O(n log n).
  func inOrderAdded(_ kind: EntityKind) -> [Record] {
    self[kind].values.sorted { $0.number < $1.number }.map(\.record)
  }

  /// Adds a row that is not there yet.
  mutating func add(_ record: Record, _ provenance: Provenance?, as key: Key) {
    lastNumber += 1
    self[record.kind][key] = Row(record: record, provenance: provenance, number: lastNumber)
  }

  /// The values of `record` as the columns would keep them.
  ///
  /// A reference that is as it was in `old` is not looked up.
  ///
  /// - Throws: ``StoreError/Code/constraint`` where the schema refuses it.
  func stored(_ record: Record, changing old: Record? = nil) throws(StoreError) -> Record {
    let id = try record.requiredID()
    let schema = record.kind.schema
    var stored = record
    for (position, field) in schema.fields.enumerated() {
      let value = field.type.affinity.stored(record.values[position])
      stored.values[position] = value
      if value == .null, field.isNotNull {
        throw refusal(record.kind, id, "\(field.column) must not be null")
      }
    }
    for position in schema.foreignKeys {
      guard case .reference(let target) = schema.fields[position].type,
        stored.values[position] != .null, stored.values[position] != old?.values[position]
      else { continue }
      if case .text(let reference) = stored.values[position],
        self[target][Key(reference)] != nil
      {
        continue
      }
      // The code that SQLite gives for it, so that both say the same.
      throw StoreError(.constraint, "", sqliteCode: 787).explained(record.kind, id: id)
    }
    return stored
  }

  /// Whether a foreign key leads to the entity, in O(n).
  func isReferenced(_ kind: EntityKind, id: String) -> Bool {
    let id = Key(id)
    return EntityKind.allCases.contains { other in
      let positions = other.schema.foreignKeys.filter {
        other.schema.fields[$0].type == .reference(kind)
      }
      guard !positions.isEmpty else { return false }
      return self[other].values.contains { row in
        positions.contains { position in
          if case .text(let text) = row.record.values[position] { Key(text) == id } else { false }
        }
      }
    }
  }

  private func refusal(_ kind: EntityKind, _ id: String, _ reason: String) -> StoreError {
    StoreError(.constraint, "the store refuses the row (\(reason))").explained(kind, id: id)
  }
}
