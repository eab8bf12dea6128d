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

/// What undoing a run did, per kind.
public struct UndoCounts: Sendable, Hashable {
  /// Rows that the run had inserted and that are gone.
  public var removed: [EntityKind: Int] = [:]
  /// Rows that the run had rewritten and that are as before.
  public var restored: [EntityKind: Int] = [:]

  /// Nothing.
  public init() {}
}

/// A row as it was before a run rewrote it.
public struct BeforeImage: Sendable, Hashable {
  /// The row.
  public var record: Record
  /// Where it came from; nil where it was not from a migration.
  public var provenance: Provenance?

  /// A row and where it came from.
  public init(record: Record, provenance: Provenance?) {
    self.record = record
    self.provenance = provenance
  }
}

/// Whether a row was changed since a run wrote it, be it by this project or another application.
public enum EditState: Sendable, Hashable {
  /// It is as the run wrote it.
  case asWritten(run: Int64)
  /// Somebody changed it.
  case edited(since: Int64)
  /// It cannot be told: no run wrote the row (nil), or one that kept no digest of it.
  case unknown(run: Int64?)

  /// Compares a row with what the run that wrote it said of it.
  public init(of record: Record, _ provenance: Provenance?) {
    self.init(provenance?.rowDigest, found: RowDigest(of: record), run: provenance?.run)
  }

  init(_ written: RowDigest?, found: @autoclosure () -> RowDigest, run: Int64?) {
    if let written, let run {
      self = written == found() ? .asWritten(run: run) : .edited(since: run)
    } else {
      self = .unknown(run: run)
    }
  }
}
