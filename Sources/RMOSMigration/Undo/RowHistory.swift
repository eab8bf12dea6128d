import RMOSModels
import RMOSStore

/// What becomes of a row when the later runs that wrote it are undone one by one, the newest first.
struct RowHistory {
  /// The later runs, the newest first.
  private(set) var runs: [Int64] = []
  /// The obstacles to undoing the run, or one of ``runs``, once the newer ones are undone.
  private(set) var obstacles: [UndoObstacle.Reason] = []

  /// Follows the row with an id back through its before-images, to its state after `run`.
  init(
    of kind: EntityKind, _ id: String, since run: Int64, _ reader: any StoreReader
  ) throws {
    let changes = try reader.changes(of: kind, id: id)
    // `nil` for a row that a migration inserted: there is nothing to keep of it.
    let own = changes.first { $0.run == run }
    var row = try reader.record(kind, id: id).map {
      BeforeImage(record: $0, provenance: try reader.provenance(kind, id: id))
    }
    for change in changes where change.run > run {
      if let reason = change.obstacle(toUndoingFrom: row) {
        guard reason.leavesTheRow else {
          // The row that the run inserted is gone, which is no obstacle.
          if own != nil { add(reason) }
          return
        }
        add(reason)
      }
      runs.append(change.run)
      row = change.before
    }
    if let own {
      if let reason = own.obstacle(toUndoingFrom: row) {
        add(reason)
        return
      }
      guard own.before == nil, row != nil else { return }
    } else {
      guard let row, row.provenance?.run == run else { return }
      if let reason = EditState(of: row.record, row.provenance).obstacle { add(reason) }
    }
    try addReferrers(to: kind, id, run, reader)
  }

  private mutating func add(_ reason: UndoObstacle.Reason) {
    if !obstacles.contains(reason) { obstacles.append(reason) }
  }

  /// Adds the rows that refer to this one, which undoing the run removes, unless it removes or
  /// restores them, too.
  private mutating func addReferrers(
    to kind: EntityKind, _ id: String, _ run: Int64, _ reader: any StoreReader
  ) throws {
    try reader.forEachReferrer(to: kind, id) { referrer in
      let (kind, id) = (referrer.kind, referrer.id)
      var writers = try reader.changes(of: kind, id: id).map(\.run)
      if let writer = try reader.provenance(kind, id: id)?.run { writers.append(writer) }
      let later = writers.filter { $0 > run }
      // The references that later runs of this row wrote are gone once these are undone.
      if later.isEmpty ? writers.contains(run) : later.allSatisfy({ runs.contains($0) }) { return }
      add(.isReferred(by: kind, id: id))
    }
  }
}

extension UndoObstacle.Reason {
  /// Whether the row is still the one that the run wrote, though with other content.
  fileprivate var leavesTheRow: Bool { self == .isEdited || self == .isUnknown }
}

extension RowChange {
  /// Why undoing the change is refused if it finds `row`; `nil` if it is not.
  fileprivate func obstacle(toUndoingFrom row: BeforeImage?) -> UndoObstacle.Reason? {
    if case .deleted = result { return row.map { .isReplaced(by: $0.provenance?.run) } }
    guard let row else { return .isDeleted }
    let writer = row.provenance?.run
    guard case .written(let digest) = result else {
      if writer != run { return .isReplaced(by: writer) }
      return EditState(of: row.record, row.provenance).obstacle
    }
    if writer != before?.provenance?.run { return .isReplaced(by: writer) }
    return RowDigest(of: row.record) == digest ? nil : .isEdited
  }
}
