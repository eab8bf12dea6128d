import RMOSModels

/// The content of an ``InMemoryStore``, as one value, so that a transaction can work on a copy.
struct InMemoryState {
  /// A row and its provenance.
  struct Row {
    var record: Record
    var provenance: Provenance?
    /// The number of the row in the order in which rows were added.
    var number: Int
  }

  /// The number of transactions that were committed.
  var version = 0
  private var lastNumber = 0
  /// The kinds of entities that the store holds.
  let catalog: EntityCatalog
  /// The rows of each kind, in the order of the catalog.
  private var tables: [[UTF8Key: Row]]
  var runs: [LedgerRun] = []
  var issues: [Int64: [Issue]] = [:]
  /// The digests of what failed in each run.
  var failures: [Int64: Set<Provenance.Digest>] = [:]
  /// The rows that each run rewrote, as they were before.
  var images: [Int64: [EntityKind: [UTF8Key: BeforeImage]]] = [:]
  /// The changes of rows that ``StoreTransaction/keep(_:)`` has kept of each run.
  var changes: [Int64: [EntityKind: [UTF8Key: RowChange]]] = [:]

  /// Creates the state of an empty store.
  init(_ catalog: EntityCatalog) {
    self.catalog = catalog
    tables = catalog.kinds.map { _ in [:] }
  }

  /// The rows of a kind.
  ///
  /// - Precondition: The catalog has the kind.
  subscript(kind: EntityKind) -> [UTF8Key: Row] {
    get { tables[position(of: kind)] }
    _modify { yield &tables[position(of: kind)] }
  }

  private func position(of kind: EntityKind) -> Int {
    guard let position = catalog.position(of: kind) else {
      preconditionFailure("\(kind) is not in the store's catalog")
    }
    return position
  }

  /// The records of a kind in byte order of the id, in O(n log n).
  func sorted(_ kind: EntityKind) -> [Record] {
    // Keys are sorted instead of rows, which are large to move.
    let rows = self[kind]
    return rows.keys.sorted().compactMap { rows[$0]?.record }
  }

  /// The records of a kind in the order in which they were added, in O(n log n).
  func inOrderAdded(_ kind: EntityKind) -> [Record] {
    self[kind].values.sorted { $0.number < $1.number }.map(\.record)
  }

  /// Adds a row, whose key must be new.
  mutating func add(_ record: Record, _ provenance: Provenance?, as key: UTF8Key) {
    lastNumber += 1
    self[record.kind][key] = Row(record: record, provenance: provenance, number: lastNumber)
  }

  /// Returns `record` with its values as the columns of a database would keep them.
  ///
  /// References that are equal to those in `old` are not looked up.
  ///
  /// - Throws: ``StoreError/Code/constraint`` if the schema refuses the record.
  func stored(_ record: Record, changing old: Record? = nil) throws(StoreError) -> Record {
    let id = try record.requiredID()
    let schema = record.kind.schema
    var stored = record
    for (position, field) in schema.fields.enumerated() {
      let value = field.type.stored(record.values[position])
      stored.values[position] = value
      if value == .null, field.isNotNull {
        throw StoreError(.invalid(record.kind, id: id, "\(field.column) must not be null"))
      }
    }
    for key in schema.foreignKeys
    where stored.values[key.field] != .null && stored.values[key.field] != old?.values[key.field] {
      if case .text(let reference) = stored.values[key.field],
        self[key.target][UTF8Key(reference)] != nil
      {
        continue
      }
      throw StoreError(.brokenForeignKey(record.kind, id: id))
    }
    return stored
  }

  /// Whether the foreign key of another entity points to the entity, in O(n).
  func isReferenced(_ kind: EntityKind, id: String) -> Bool {
    let id = UTF8Key(id)
    return catalog.kinds.contains { other in
      let positions = other.schema.foreignKeys.filter { $0.target == kind }.map(\.field)
      guard !positions.isEmpty else { return false }
      return self[other].values.contains { row in
        positions.contains { position in
          if case .text(let text) = row.record.values[position] {
            UTF8Key(text) == id
          } else {
            false
          }
        }
      }
    }
  }

  /// The rows of a kind that a run rewrote, as they were before, in byte order of the id.
  func images(ofRun run: Int64, _ kind: EntityKind) -> [BeforeImage] {
    (images[run]?[kind] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
  }

  /// Restores the rows that a run rewrote, and removes those that it inserted.
  ///
  /// Foreign keys are not checked: ``StoreTransaction/undo(run:)`` is called only if no other row
  /// refers to the rows to be removed.
  mutating func undo(run: Int64) -> UndoCounts {
    var counts = UndoCounts()
    for kind in catalog.kinds {
      counts.restored[kind] = 0
      for (key, image) in images[run]?[kind] ?? [:] where self[kind][key] != nil {
        self[kind][key]?.record = image.record
        self[kind][key]?.provenance = image.provenance
        counts.restored[kind, default: 0] += 1
      }
      let inserted = self[kind].filter { $0.value.provenance?.run == run }.keys
      for key in inserted { self[kind][key] = nil }
      counts.removed[kind] = inserted.count
    }
    images[run] = nil
    return counts
  }
}
