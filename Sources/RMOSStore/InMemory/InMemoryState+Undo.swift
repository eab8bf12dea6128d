import RMOSModels

extension InMemoryState {
  /// What undoing `run` would have to do without, in the order of the other store.
  func undoObstacles(ofRun run: Int64) -> [UndoObstacle] {
    var obstacles: [UndoObstacle] = []
    for kind in EntityKind.allCases {
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
      guard case .text(let id) = record.values[field], goes(target, Key(id), run) else { return }
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

  private func goes(_ kind: EntityKind, _ key: Key, _ run: Int64) -> Bool {
    self[kind][key]?.provenance?.run == run && images(ofRun: run, kind)[key] == nil
  }

  /// Restores and removes; see ``StoreTransaction/undo(run:)``.
  mutating func undo(run: Int64) -> UndoCounts {
    var counts = UndoCounts()
    for kind in EntityKind.allCases {
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
