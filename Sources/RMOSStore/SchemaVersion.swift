/// A version of the shared schema, as a store records it.
public struct SchemaVersion: Sendable, Hashable {
  /// The number; 1 to 4 are supported.
  public var version: Int
  /// When it was applied, as stored.
  public var appliedAt: String?

  /// Creates a version.
  public init(version: Int, appliedAt: String?) {
    self.version = version
    self.appliedAt = appliedAt
  }
}

extension SchemaVersion {
  /// The versions of the shared schema that this version of RMOS works with.
  public static let supported = 1...4
  /// The same, as messages show them.
  package static let supportedText = "\(supported.lowerBound) to \(supported.upperBound)"
  /// The version that new databases get and older ones are upgraded to; newer versions belong to
  /// other applications.
  public static let created = 2
  /// The versions of the ledger's own tables.
  ///
  /// Version 1 had neither row digests nor undone runs, and kept no before-images; version 2 did
  /// not know who ran something, nor which failures were new.
  package static let ledger: ClosedRange<Int64> = 1...3
}
