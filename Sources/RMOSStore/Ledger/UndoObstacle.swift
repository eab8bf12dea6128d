public import RMOSModels

/// Something that stands in the way of undoing a run.
public struct UndoObstacle: Sendable, Hashable {
  /// Why it does.
  public enum Reason: Sendable, Hashable {
    /// The run is under way.
    case isRunning
    /// The run has been undone already, by another.
    case isUndone(by: Int64)
    /// The run is one that undid another.
    case isUndo
    /// The row was edited since the run wrote it.
    case isEdited
    /// The run kept no digest of the row, so nobody can tell whether it was edited.
    case isUnknown
    /// A later run rewrote the row, and is not undone.
    case isUpdated(by: Int64)
    /// The row that the run rewrote has been deleted since.
    case isDeleted
    /// The row that the run rewrote has been deleted since, and another stands under its id: from a
    /// run, or from elsewhere (nil).
    case isReplaced(by: Int64?)
    /// A row that would stay refers to this one, which would go.
    case isReferred(by: EntityKind, id: String)
    /// A row of a table of another application refers to this one, which would go.
    case isReferredElsewhere(String)
    /// The row as it was refers to something that is not there any more.
    case misses(EntityKind, id: String)
  }

  /// The kind of the entity; nil where the run itself is the obstacle.
  public var kind: EntityKind?
  /// The entity's id.
  public var id: String?
  /// Why.
  public var reason: Reason

  /// An obstacle.
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
  /// A stable name for it, such as `row.edited`.
  public var code: String {
    switch self {
    case .isRunning: "run.running"
    case .isUndone: "run.undone"
    case .isUndo: "run.is-undo"
    case .isEdited: "row.edited"
    case .isUnknown: "row.unknown"
    case .isUpdated: "row.updated"
    case .isDeleted: "row.deleted"
    case .isReplaced: "row.replaced"
    case .isReferred, .isReferredElsewhere: "row.referred"
    case .misses: "reference.missing"
    }
  }
}
