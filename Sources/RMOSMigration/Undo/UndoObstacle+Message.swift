import RMOSModels
public import RMOSStore

extension UndoObstacle {
  /// What stands in the way, and the way out.
  public var message: String {
    guard let kind, let id else { return reason.message }
    return "the \(Self.name(kind, id)) \(reason.message)"
  }

  static func name(_ kind: EntityKind, _ id: String) -> String {
    "\(kind.schema.singular) \(Violation.quoted(id))"
  }
}

extension UndoObstacle.Reason {
  fileprivate var message: String {
    switch self {
    case .isRunning: "the run is under way; stop it first, or wait for its end"
    case .isUndone(let run): "the run is undone already, by run \(run)"
    case .isUndo:
      "the run is itself an undo; to bring back what it removed, migrate the source again"
    case .isEdited: "was changed in the database since the run; change it back, or delete it"
    case .isUnknown:
      "was written by a version that kept no digest, so whether somebody changed it since cannot "
        + "be told; delete it where it may go"
    case .isUpdated(let run): "was updated by run \(run); undo that first"
    case .isDeleted: "was updated by the run and has been deleted since"
    case .isReplaced(let run):
      "was updated by the run and deleted since; the row under its id now is "
        + (run.map { "from run \($0)" } ?? "not from a migration")
    case .isReferred(let kind, let id):
      "would go, but the \(UndoObstacle.name(kind, id)) refers to it; delete or change that first"
    case .isReferredElsewhere(let table):
      "would go, but the table \(Violation.quoted(table)) of another application refers to it; "
        + "delete or change its rows first"
    case .misses(let kind, let id):
      "referred to the \(UndoObstacle.name(kind, id)), which is not there any more; "
        + "insert that first"
    }
  }
}
