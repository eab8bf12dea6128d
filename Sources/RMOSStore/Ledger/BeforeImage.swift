public import RMOSModels

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
