import RMOSModels

// The default implementations for undoing a run, derived from the other requirements.

extension StoreReader {
  /// Goes through all rows, their provenance and the before-images of all runs.
  public func forEachUndoObstacle(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    let search = try UndoObstacleSearch(self, run)
    for kind in catalog.kinds { try search.forEachObstacle(kind, body) }
  }

  /// Goes through all rows, their provenance and the run's before-images.
  public func undoCounts(ofRun run: Int64) throws -> UndoCounts {
    var counts = UndoCounts(of: catalog)
    var rewritten: [EntityKind: Set<UTF8Key>] = [:]
    try forEachBeforeImage(ofRun: run) { image in
      counts.restored[image.record.kind, default: 0] += 1
      rewritten[image.record.kind, default: []].insert(UTF8Key(image.record.id))
    }
    for kind in catalog.kinds {
      counts.removed[kind] = try ids(kind, lastWrittenBy: run).count { id in
        rewritten[kind]?.contains(UTF8Key(id)) != true
      }
    }
    return counts
  }

  /// The ids of the rows whose provenance names a run.
  fileprivate func ids(_ kind: EntityKind, lastWrittenBy run: Int64) throws -> [String] {
    var ids: [String] = []
    try forEachRecord(kind) { record in
      if try provenance(kind, id: record.id)?.run == run { ids.append(record.id) }
    }
    return ids
  }
}

extension StoreTransaction {
  /// Restores the rows one by one, then deletes the remaining rows of the run.
  public func undo(run: Int64) throws -> UndoCounts {
    var counts = UndoCounts(of: catalog)
    // Rows are restored first, because before that they may refer to rows to be removed.
    var images: [BeforeImage] = []
    try forEachBeforeImage(ofRun: run) { images.append($0) }
    for image in images where try restore(image, run: run) {
      counts.restored[image.record.kind, default: 0] += 1
    }
    // Rows that refer to others are removed first.
    for kind in catalog.kinds.reversed() {
      for id in try ids(kind, lastWrittenBy: run) {
        guard try delete(kind, id: id), try !contains(kind, id: id) else {
          throw StoreError.ignoredUndo(kind, run: run)
        }
        counts.removed[kind, default: 0] += 1
      }
    }
    return counts
  }
}

extension UndoCounts {
  /// Creates counts of 0 for each kind.
  fileprivate init(of catalog: EntityCatalog) {
    for kind in catalog.kinds { (removed[kind], restored[kind]) = (0, 0) }
  }
}

/// Finds the obstacles to undoing a run.
private struct UndoObstacleSearch {
  private let reader: any StoreReader
  private let run: Int64
  /// The rows that the run rewrote.
  private var rewritten: [EntityKind: Set<UTF8Key>] = [:]
  /// The rows that another run rewrote directly after this one wrote them.
  private var rewrittenLater: [EntityKind: Set<UTF8Key>] = [:]
  /// The other runs that rewrote each row.
  private var rewriters: [EntityKind: [UTF8Key: Set<Int64>]] = [:]

  init(_ reader: any StoreReader, _ run: Int64) throws {
    self.reader = reader
    self.run = run
    try reader.forEachBeforeImage(ofRun: run) { image in
      rewritten[image.record.kind, default: []].insert(UTF8Key(image.record.id))
    }
    for other in try reader.runs(limit: nil).map(\.id) where other != run {
      try reader.forEachBeforeImage(ofRun: other) { image in
        let (kind, key) = (image.record.kind, UTF8Key(image.record.id))
        rewriters[kind, default: [:]][key, default: []].insert(other)
        if image.provenance?.run == run { rewrittenLater[kind, default: []].insert(key) }
      }
    }
  }

  func forEachObstacle(_ kind: EntityKind, _ body: (UndoObstacle) throws -> Void) throws {
    try reader.forEachRecord(kind) { record in
      guard let provenance = try reader.provenance(kind, id: record.id), provenance.run == run,
        !isRewritten(kind, record.id), let reason = EditState(of: record, provenance).obstacle
      else { return }
      try body(UndoObstacle(kind, record.id, reason))
    }
    for key in rewrittenLater[kind, default: []].sorted() where !isRewritten(kind, key.text) {
      // If the last writer has no before-image of the row, it has inserted the row anew, which is
      // no obstacle here.
      guard try reader.record(kind, id: key.text) != nil,
        let writer = try reader.provenance(kind, id: key.text)?.run,
        rewriters[kind]?[key]?.contains(writer) == true
      else { continue }
      try body(UndoObstacle(kind, key.text, .isUpdated(by: writer)))
    }
    try forEachImage(kind) { image in
      if let reason = try obstacle(toRestoring: image.record.id, kind) {
        try body(UndoObstacle(kind, image.record.id, reason))
      }
    }
    for reference in kind.schema.references {
      try forEachBrokenReference(kind, reference.field, reference.target, body)
    }
  }

  /// The reason why a row that the run rewrote cannot be restored; `nil` if it can.
  private func obstacle(
    toRestoring id: String, _ kind: EntityKind
  ) throws -> UndoObstacle.Reason? {
    guard let record = try reader.record(kind, id: id) else { return .isDeleted }
    let provenance = try reader.provenance(kind, id: id)
    guard let writer = provenance?.run else { return .isReplaced(by: nil) }
    if writer == run { return EditState(of: record, provenance).obstacle }
    return rewriters[kind]?[UTF8Key(id)]?.contains(writer) == true
      ? .isUpdated(by: writer) : .isReplaced(by: writer)
  }

  /// Calls `body` with each reference in one field that undoing the run would break.
  private func forEachBrokenReference(
    _ kind: EntityKind, _ field: Int, _ target: EntityKind,
    _ body: (UndoObstacle) throws -> Void
  ) throws {
    func check(_ record: Record) throws {
      guard case .text(let id) = record.values[field], try isRemoved(target, id) else { return }
      try body(UndoObstacle(target, id, .isReferred(by: kind, id: record.id)))
    }
    try reader.forEachRecord(kind) { record in
      guard case .text = record.values[field], !isRewritten(kind, record.id),
        try reader.provenance(kind, id: record.id)?.run != run
      else { return }
      try check(record)
    }
    try forEachImage(kind) { try check($0.record) }
    try forEachImage(kind) { image in
      guard case .text(let id) = image.record.values[field],
        try !reader.contains(target, id: id)
      else { return }
      try body(UndoObstacle(kind, image.record.id, .misses(target, id: id)))
    }
  }

  private func forEachImage(_ kind: EntityKind, _ body: (BeforeImage) throws -> Void) throws {
    guard rewritten[kind] != nil else { return }
    try reader.forEachBeforeImage(ofRun: run) { if $0.record.kind == kind { try body($0) } }
  }

  private func isRewritten(_ kind: EntityKind, _ id: String) -> Bool {
    rewritten[kind]?.contains(UTF8Key(id)) == true
  }

  /// Whether undoing the run removes an existing row.
  private func isRemoved(_ kind: EntityKind, _ id: String) throws -> Bool {
    guard try reader.provenance(kind, id: id)?.run == run, !isRewritten(kind, id) else {
      return false
    }
    return try reader.contains(kind, id: id)
  }
}
