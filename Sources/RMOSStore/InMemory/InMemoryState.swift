import RMOSModels

/// Everything an ``InMemoryStore`` holds, as one value: a transaction works on a copy.
struct InMemoryState {
  /// A text that is compared by its bytes, as in SQL.
  ///
  /// `String` treats composed and decomposed characters as equal.
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

  /// A row and its provenance.
  struct Row {
    var record: Record
    var provenance: Provenance?
    /// Grows with each row that is added.
    var number = 0
  }

  /// The number of transactions that were committed.
  var version = 0
  private var lastNumber = 0
  /// The kinds that there are.
  let catalog: EntityCatalog
  /// The rows of each kind, in the order of the catalog.
  private var tables: [[Key: Row]]
  var runs: [LedgerRun] = []
  var issues: [Int64: [Issue]] = [:]
  /// The rows that each run rewrote, as they were.
  var images: [Int64: [EntityKind: [Key: BeforeImage]]] = [:]

  /// Creates the state of an empty store.
  init(_ catalog: EntityCatalog) {
    self.catalog = catalog
    tables = catalog.kinds.map { _ in [:] }
  }

  /// The rows of a kind.
  ///
  /// - Precondition: The catalog has the kind.
  subscript(kind: EntityKind) -> [Key: Row] {
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
  /// - Throws: ``StoreError/Code/constraint`` if the schema refuses it.
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
    for key in schema.foreignKeys
    where stored.values[key.field] != .null && stored.values[key.field] != old?.values[key.field] {
      if case .text(let reference) = stored.values[key.field],
        self[key.target][Key(reference)] != nil
      {
        continue
      }
      throw StoreError.brokenForeignKey(record.kind, id: id)
    }
    return stored
  }

  /// Whether a foreign key points to the entity, in O(n).
  func isReferenced(_ kind: EntityKind, id: String) -> Bool {
    let id = Key(id)
    return catalog.kinds.contains { other in
      let positions = other.schema.foreignKeys.filter { $0.target == kind }.map(\.field)
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

extension InMemoryState {
  /// What prevents undoing `run`, in the same order as in SQLite.
  func undoObstacles(ofRun run: Int64) -> [UndoObstacle] {
    var obstacles: [UndoObstacle] = []
    for kind in catalog.kinds {
      let images = images(ofRun: run, kind)
      for (key, row) in sortedRows(kind) where images[key] == nil {
        guard row.provenance?.run == run else { continue }
        if let reason = EditState(of: row.record, row.provenance).obstacle {
          obstacles.append(.init(kind, key.text, reason))
        }
      }
      for (key, row) in sortedRows(kind) where images[key] == nil {
        guard let writer = row.provenance?.run, self.images(ofRun: writer, kind)[key] != nil,
          self.images.values.contains(where: { $0[kind]?[key]?.provenance?.run == run })
        else { continue }
        obstacles.append(.init(kind, key.text, .isUpdated(by: writer)))
      }
      for key in images.keys.sorted() {
        if let reason = obstacle(toRestoring: self[kind][key], key, kind, run) {
          obstacles.append(.init(kind, key.text, reason))
        }
      }
      for reference in kind.schema.references {
        obstacles += brokenReferences(kind, reference.field, reference.target, run)
      }
    }
    return obstacles
  }

  private func obstacle(
    toRestoring row: Row?, _ key: Key, _ kind: EntityKind, _ run: Int64
  ) -> UndoObstacle.Reason? {
    guard let row else { return .isDeleted }
    guard let writer = row.provenance?.run else { return .isReplaced(by: nil) }
    if writer == run { return EditState(of: row.record, row.provenance).obstacle }
    let isUpdate = images(ofRun: writer, kind)[key] != nil
    return isUpdate ? .isUpdated(by: writer) : .isReplaced(by: writer)
  }

  private func brokenReferences(
    _ kind: EntityKind, _ field: Int, _ target: EntityKind, _ run: Int64
  ) -> [UndoObstacle] {
    let images = images(ofRun: run, kind)
    var obstacles: [UndoObstacle] = []
    func check(_ key: Key, _ record: Record) {
      guard case .text(let id) = record.values[field], isRemovedByUndo(target, Key(id), run) else {
        return
      }
      obstacles.append(.init(target, id, .isReferred(by: kind, id: key.text)))
    }
    for (key, row) in sortedRows(kind) where images[key] == nil && row.provenance?.run != run {
      check(key, row.record)
    }
    let sorted = images.sorted { $0.key < $1.key }
    for (key, image) in sorted { check(key, image.record) }
    for (key, image) in sorted {
      guard case .text(let id) = image.record.values[field], self[target][Key(id)] == nil else {
        continue
      }
      obstacles.append(.init(kind, key.text, .misses(target, id: id)))
    }
    return obstacles
  }

  private func isRemovedByUndo(_ kind: EntityKind, _ key: Key, _ run: Int64) -> Bool {
    self[kind][key]?.provenance?.run == run && images(ofRun: run, kind)[key] == nil
  }

  /// Restores and removes; see ``StoreTransaction/undo(run:)``.
  mutating func undo(run: Int64) -> UndoCounts {
    var counts = UndoCounts()
    for kind in catalog.kinds {
      let images = images(ofRun: run, kind)
      counts.restored[kind] = images.count
      for (key, image) in images {
        self[kind][key]?.record = image.record
        self[kind][key]?.provenance = image.provenance
      }
      let inserted = self[kind].filter { $0.value.provenance?.run == run }.keys
      counts.removed[kind] = inserted.count
      for key in inserted { self[kind][key] = nil }
    }
    images[run] = nil
    return counts
  }

  /// What undoing `run` would do.
  func undoCounts(ofRun run: Int64) -> UndoCounts {
    var copy = self
    return copy.undo(run: run)
  }

  /// What a run rewrote of a kind, as it was.
  func images(ofRun run: Int64, _ kind: EntityKind) -> [Key: BeforeImage] {
    images[run]?[kind] ?? [:]
  }

  private func sortedRows(_ kind: EntityKind) -> [(key: Key, value: Row)] {
    self[kind].sorted { $0.key < $1.key }
  }
}
