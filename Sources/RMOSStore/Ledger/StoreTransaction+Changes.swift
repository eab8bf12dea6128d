public import RMOSModels

// Changes of single rows for a run that is not a migration, and their undo.

extension StoreTransaction {
  /// Inserts a record or replaces the one that has its id, and keeps a ``RowChange`` for undoing
  /// `run`.
  ///
  /// Unlike ``rewrite(_:provenance:)``, this may be called for a row any number of times in one
  /// run. The provenance of the row stays, so the row counts as edited since the run that wrote it.
  /// - Throws: As ``insert(_:provenance:)`` and ``update(_:)``.
  public func write(_ record: Record, run: Int64) throws {
    let (kind, id) = (record.kind, record.id)
    let before = try image(kind, id: id, before: run)
    if try !update(record) { try insert(record) }
    let stored = try self.record(kind, id: id) ?? record
    try keep(
      RowChange(
        run: run, kind: kind, id: id, before: before, result: .written(RowDigest(of: stored))))
  }

  /// Deletes a record, and keeps a ``RowChange`` for undoing `run`.
  ///
  /// - Returns: Whether the record existed.
  /// - Throws: As ``delete(_:id:)``, and ``StoreError/Code/constraint`` if a foreign key of another
  ///   application's table refers to it: with ON DELETE CASCADE or SET NULL, rows would be deleted
  ///   or changed that undoing the run would not restore.
  public func remove(_ kind: EntityKind, id: String, run: Int64) throws -> Bool {
    let others = try otherReferrers(to: kind, id: id)
    guard others.isEmpty else { throw StoreError.stillReferenced(kind, id: id, by: others) }
    let before = try image(kind, id: id, before: run)
    guard try delete(kind, id: id) else { return false }
    try keep(RowChange(run: run, kind: kind, id: id, before: before, result: .deleted))
    return true
  }

  /// The row as it was before a run, which may have changed it already; `nil` if there was none.
  private func image(_ kind: EntityKind, id: String, before run: Int64) throws -> BeforeImage? {
    if let change = try changes(of: kind, id: id).first(where: { $0.run == run }) {
      return change.before
    }
    return try record(kind, id: id).map {
      var image = BeforeImage(record: $0, provenance: try provenance(kind, id: id))
      image.otherColumns = try otherColumns(of: kind, id: id)
      image.malformedTexts = try malformedTexts(of: kind, id: id)
      return image
    }
  }

  /// Restores the rows that a run changed to their state before the run, and removes the changes
  /// from the ledger.
  ///
  /// Call it only if ``StoreReader/forEachChangeObstacle(ofRun:_:)`` finds no obstacle.
  /// - Returns: The numbers of rows removed and restored.
  package func revertChanges(ofRun run: Int64) throws -> UndoCounts {
    var changes: [RowChange] = []
    try forEachRowChange(ofRun: run) { changes.append($0) }
    var counts = UndoCounts()
    // In the order of the catalog, rows are restored before those that refer to them. Rows that the
    // run created are removed last, because before that a row to be restored may refer to them.
    for kind in catalog.kinds {
      for change in changes where change.kind == kind {
        guard let before = change.before else { continue }
        try putBack(before, run)
        counts.restored[kind, default: 0] += 1
      }
    }
    for kind in catalog.kinds.reversed() {
      for change in changes where change.kind == kind && change.before == nil {
        guard try contains(kind, id: change.id) else { continue }
        guard try delete(kind, id: change.id), try !contains(kind, id: change.id) else {
          throw StoreError.ignoredUndo(kind, run: run)
        }
        counts.removed[kind, default: 0] += 1
      }
    }
    try removeChanges(ofRun: run)
    return counts
  }

  /// Restores a row that was changed or deleted.
  private func putBack(_ before: BeforeImage, _ run: Int64) throws {
    let (kind, id) = (before.record.kind, before.record.id)
    var malformed = before.malformedTexts
    if try update(before.record) {
      // A row that is still there keeps what others have put into their columns since.
      let own = Set(kind.schema.fields.map(\.column))
      malformed = malformed.filter { own.contains($0.key) }
    } else {
      try insert(before.record, provenance: before.provenance)
      // Inserting has computed a new digest; restoring sets the old one, which shows whether the
      // row had been edited before it was deleted.
      guard try restore(before, run: run) else { throw StoreError.ignoredUndo(kind, run: run) }
      if !before.otherColumns.isEmpty {
        try setOtherColumns(before.otherColumns, of: kind, id: id)
      }
    }
    if !malformed.isEmpty { try setMalformedTexts(malformed, of: kind, id: id) }
  }
}

extension StoreReader {
  /// Goes through all runs, newest first.
  ///
  /// - Complexity: O(n) in the number of changes of all runs. It is called for each row that is
  ///   written or removed for a run, so a store with an index on kind and id should implement it.
  public func changes(of kind: EntityKind, id: String) throws -> [RowChange] {
    var changes: [RowChange] = []
    for run in try runs(limit: nil) {
      try forEachRowChange(ofRun: run.id) { change in
        if change.kind == kind, change.id.hasSameUTF8(as: id) { changes.append(change) }
      }
      try forEachBeforeImage(ofRun: run.id) { image in
        guard image.record.kind == kind, image.record.id.hasSameUTF8(as: id) else { return }
        changes.append(
          RowChange(run: run.id, kind: kind, id: id, before: image, result: .rewritten))
      }
    }
    return changes
  }

  /// Calls `body` with each record that refers to an entity, once for each such reference.
  package func forEachReferrer(
    to kind: EntityKind, _ id: String, _ body: (Record) throws -> Void
  ) throws {
    for other in catalog.kinds {
      for reference in other.schema.references where reference.target == kind {
        let member = other.schema.fields[reference.field].member
        for record in try records(RecordQuery(other).filter(member, is: .text(id))) {
          try body(record)
        }
      }
    }
  }

  /// Calls `body` with each obstacle to ``StoreTransaction/revertChanges(ofRun:)``, kind by kind.
  package func forEachChangeObstacle(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    var changes: [RowChange] = []
    try forEachRowChange(ofRun: run) { changes.append($0) }
    let search = ChangeObstacleSearch(self, run, changes)
    for change in changes { try search.forEachObstacle(to: change, body) }
  }

  /// The numbers of rows that ``StoreTransaction/revertChanges(ofRun:)`` would remove and restore.
  package func changeCounts(ofRun run: Int64) throws -> UndoCounts {
    var counts = UndoCounts()
    try forEachRowChange(ofRun: run) { change in
      if change.before != nil {
        counts.restored[change.kind, default: 0] += 1
      } else if try contains(change.kind, id: change.id) {
        counts.removed[change.kind, default: 0] += 1
      }
    }
    return counts
  }
}

/// Finds the obstacles to undoing the changes of a run.
private struct ChangeObstacleSearch {
  private let reader: any StoreReader
  private let run: Int64
  /// The changes of the run.
  private let changes: [EntityKind: [UTF8Key: RowChange]]

  init(_ reader: any StoreReader, _ run: Int64, _ changes: [RowChange]) {
    self.reader = reader
    self.run = run
    self.changes = Dictionary(grouping: changes, by: \.kind).mapValues { changes in
      Dictionary(changes.map { (UTF8Key($0.id), $0) }) { $1 }
    }
  }

  func forEachObstacle(to change: RowChange, _ body: (UndoObstacle) throws -> Void) throws {
    let (kind, id) = (change.kind, change.id)
    let record = try reader.record(kind, id: id)
    if let reason = try self.reason(against: change, record) {
      return try body(UndoObstacle(kind, id, reason))
    }
    if let before = change.before {
      for reference in kind.schema.references {
        // A reference that the undo does not change may dangle before and after it.
        guard case .text(let target) = before.record.values[reference.field],
          before.record.values[reference.field] != record?.values[reference.field],
          try !willExist(reference.target, target)
        else { continue }
        try body(UndoObstacle(kind, id, .misses(reference.target, id: target)))
      }
    } else if record != nil {
      try reader.forEachReferrer(to: kind, id) { referrer in
        if !stillRefers(referrer, to: kind, id) { return }
        try body(UndoObstacle(kind, id, .isReferred(by: referrer.kind, id: referrer.id)))
      }
      // As for a row that a server deletes, whatever the foreign key would do.
      for (table, count) in try reader.otherReferrers(to: kind, id: id).sorted(by: {
        $0.key < $1.key
      }) {
        let reason: UndoObstacle.Reason =
          count > 0 ? .isReferredElsewhere(table) : .mayBeReferredElsewhere(table)
        try body(UndoObstacle(kind, id, reason))
      }
    }
  }

  /// The reason why the change of a row cannot be undone, apart from references; `nil` if it can.
  private func reason(
    against change: RowChange, _ record: Record?
  ) throws -> UndoObstacle.Reason? {
    let (kind, id) = (change.kind, change.id)
    if let newest = try reader.changes(of: kind, id: id).first, newest.run > run {
      return .isUpdated(by: newest.run)
    }
    let writer = try reader.provenance(kind, id: id)?.run
    switch change.result {
    case .deleted: return record == nil ? nil : .isReplaced(by: writer)
    case .rewritten: return nil
    case .written(let digest):
      guard let record else { return .isDeleted }
      if writer != change.before?.provenance?.run { return .isReplaced(by: writer) }
      return RowDigest(of: record) == digest ? nil : .isEdited
    }
  }

  /// Whether a row exists once the run is undone.
  private func willExist(_ kind: EntityKind, _ id: String) throws -> Bool {
    if let change = changes[kind]?[UTF8Key(id)] { return change.before != nil }
    return try reader.contains(kind, id: id)
  }

  /// Whether a row that refers to another still does once the run is undone.
  private func stillRefers(_ referrer: Record, to kind: EntityKind, _ id: String) -> Bool {
    guard let change = changes[referrer.kind]?[UTF8Key(referrer.id)] else { return true }
    guard let before = change.before else { return false }
    return referrer.kind.schema.references.contains { reference in
      reference.target == kind && before.record.values[reference.field] == .text(id)
    }
  }
}
