public import RMOSModels
public import RMOSStore

/// A store that does what another does, except for the members that it declares itself.
public protocol StoreWrapper: RecordStore {
  /// The store that does the work.
  var base: any RecordStore { get }
}

extension StoreWrapper {
  /// The base store's.
  public var location: String { base.location }
  /// The base store's.
  public var catalog: EntityCatalog { base.catalog }
  /// The base store's.
  public var sizeOnDisk: Int? { base.sizeOnDisk }
  /// The base store's.
  public var hasWriter: Bool? { base.hasWriter }
  /// The base store's.
  public func changeToken() -> String? { base.changeToken() }
  /// The base store's.
  public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    try base.read(body)
  }
  /// The base store's.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try base.write(body)
  }
  /// The base store's.
  public func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    try base.withExclusiveWriter(body)
  }
  /// The base store's.
  public func checkWriting() throws -> [Issue] { try base.checkWriting() }
  /// The base store's.
  public func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal {
    try base.rehearsal(isCancelled: isCancelled)
  }
  /// The base store's.
  public func beginBulkLoad() throws { try base.beginBulkLoad() }
  /// The base store's.
  public func endBulkLoad() throws { try base.endBulkLoad() }
  /// The base store's.
  public func backUp(beforeRun run: Int64, isCancelled: () -> Bool) throws -> RunBackup? {
    try base.backUp(beforeRun: run, isCancelled: isCancelled)
  }
}
