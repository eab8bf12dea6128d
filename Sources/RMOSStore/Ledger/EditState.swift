public import RMOSModels

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
