public import RMOSModels

/// Something that prevents undoing a run.
public struct UndoObstacle: Sendable, Hashable {
  /// The reason.
  public enum Reason: Sendable, Hashable {
    /// The run is in progress.
    case isRunning
    /// The run has already been undone, by another.
    case isUndone(by: Int64)
    /// The run is itself an undo.
    case isUndo
    /// The row has been edited since the run wrote it.
    case isEdited
    /// The run kept no digest of the row, so it is unknown whether the row was edited.
    case isUnknown
    /// A later run, which is not undone, rewrote the row.
    case isUpdated(by: Int64)
    /// The row that the run rewrote has been deleted since.
    case isDeleted
    /// The row that the run rewrote has been deleted since, and another has its id: one that a run
    /// inserted, or another program (`nil`).
    case isReplaced(by: Int64?)
    /// A row that would stay refers to this row, which would be removed, or to a value of it that
    /// would change.
    case isReferred(by: EntityKind, id: String)
    /// A row in this table of another application refers to this row, which would be removed, or to
    /// a value of it that would change.
    case isReferredElsewhere(String)
    /// Rows in this table of another application, which the store may not read, may refer to rows
    /// that would be removed.
    case mayBeReferredElsewhere(String)
    /// The row as it was refers to an entity that no longer exists.
    case misses(EntityKind, id: String)
    /// The ledger lacks the before-images of some rows of a kind that this run, or a later one,
    /// rewrote.
    case lacksImages(ofRun: Int64, rows: Int)
    /// The ledger lacks the provenance of some rows of a kind that the run wrote.
    case isUntraced(rows: Int)
  }

  /// The kind of the entity; `nil` if the run itself is the obstacle.
  package var kind: EntityKind?
  /// The id of the entity; `nil` if it is unknown which entities of the kind are concerned.
  package var id: String?
  /// The reason.
  package var reason: Reason

  /// Creates an obstacle.
  public init(kind: EntityKind? = nil, id: String? = nil, _ reason: Reason) {
    self.kind = kind
    self.id = id
    self.reason = reason
  }

  init(_ kind: EntityKind, _ id: String, _ reason: Reason) {
    self.init(kind: kind, id: id, reason)
  }
}

extension UndoObstacle.Reason {
  /// A stable name for the reason, such as `row.edited`.
  package var code: String {
    switch self {
    case .isRunning: "run.running"
    case .isUndone: "run.undone"
    case .isUndo: "run.is-undo"
    case .isEdited: "row.edited"
    case .isUnknown, .lacksImages, .isUntraced: "row.unknown"
    case .isUpdated: "row.updated"
    case .isDeleted: "row.deleted"
    case .isReplaced: "row.replaced"
    case .isReferred, .isReferredElsewhere, .mayBeReferredElsewhere: "row.referred"
    case .misses: "reference.missing"
    }
  }
}

/// The numbers of rows that undoing a run changes, per kind.
public struct UndoCounts: Sendable, Hashable {
  /// The numbers of rows that the run inserted, which are removed.
  public var removed: [EntityKind: Int] = [:]
  /// The numbers of rows that the run rewrote, which are restored.
  public var restored: [EntityKind: Int] = [:]
  /// The numbers of rows of other applications' tables that foreign keys delete along with those
  /// that are removed (`ON DELETE CASCADE`), per table; none for tables without such rows.
  public var removedElsewhere: [String: Int] = [:]

  /// Creates empty counts.
  public init() {}
}

extension UndoCounts {
  /// Adds other counts.
  package static func += (left: inout UndoCounts, right: UndoCounts) {
    left.removed.merge(right.removed, uniquingKeysWith: +)
    left.restored.merge(right.restored, uniquingKeysWith: +)
    left.removedElsewhere.merge(right.removedElsewhere, uniquingKeysWith: +)
  }
}
