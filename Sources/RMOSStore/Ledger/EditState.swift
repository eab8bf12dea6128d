package import RMOSModels

/// Whether a row has changed since a run wrote it, through this project or another application.
package enum EditState: Sendable, Hashable {
  /// The row is as the run wrote it.
  case asWritten(run: Int64)
  /// The row was changed.
  case edited(since: Int64)
  /// Whether the row was edited is not known: no run wrote it (`nil`), or a run that kept no
  /// digest.
  case unknown(run: Int64?)

  /// Compares a row with the digest that the run kept of it.
  package init(of record: Record, _ provenance: Provenance?) {
    self.init(provenance?.rowDigest, found: RowDigest(of: record), run: provenance?.run)
  }

  /// Why a row in this state cannot be undone; `nil` if it can.
  var obstacle: UndoObstacle.Reason? {
    switch self {
    case .asWritten: nil
    case .edited: .isEdited
    case .unknown: .isUnknown
    }
  }

  init(_ written: RowDigest?, found: @autoclosure () -> RowDigest, run: Int64?) {
    if let written, let run {
      self = written == found() ? .asWritten(run: run) : .edited(since: run)
    } else {
      self = .unknown(run: run)
    }
  }
}
