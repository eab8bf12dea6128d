/// Where a row came from: the run, the file, the place in it and a digest of its bytes.
public struct Provenance: Sendable, Hashable {
  /// The kind of entity.
  public var kind: EntityKind
  /// The entity's id.
  public var entityID: String
  /// The run that wrote the row.
  public var run: Int64
  /// The file's path relative to the source directory.
  public var path: String
  /// Which of the file's entities it is, when the file holds several.
  public var locator: Locator?
  /// Where the entity begins, in the file's bytes.
  public var byteOffset: Int
  /// How many bytes it takes in the file.
  public var byteLength: Int
  /// SHA-256 of those bytes.
  public var sha256: SHA256.Digest
  /// The members the schema does not know, as one JSON object with the source's tokens; nil where
  /// there was none.
  public var unknownMembers: String?
  /// A digest of the row as the run wrote it; nil where the run kept none, as those of versions
  /// before 2 of the ledger.
  public var rowDigest: RowDigest?

  /// A provenance.
  public init(
    kind: EntityKind, entityID: String, run: Int64, path: String, locator: Locator?,
    byteOffset: Int, byteLength: Int, sha256: SHA256.Digest, unknownMembers: String?,
    rowDigest: RowDigest? = nil
  ) {
    self.kind = kind
    self.entityID = entityID
    self.run = run
    self.path = path
    self.locator = locator
    self.byteOffset = byteOffset
    self.byteLength = byteLength
    self.sha256 = sha256
    self.unknownMembers = unknownMembers
    self.rowDigest = rowDigest
  }
}
