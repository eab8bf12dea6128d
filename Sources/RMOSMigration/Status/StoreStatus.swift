public import RMOSModels
public import RMOSStore

/// What a store holds and how its runs went, as a value.
///
/// ```swift
/// let status = try StoreStatus(of: store)
/// if let run = status.currentRun { print("run \(run.id) is under way") }
/// ```
public struct StoreStatus: Sendable {
  /// The store's path, or "in memory".
  public var location: String
  /// The size of the database with its write-ahead log, bytes; nil for a store without a file.
  public var sizeInBytes: Int?
  /// The version of the shared schema; nil where there is none.
  public var schema: SchemaVersion?
  /// How many entities there are of each kind.
  public var counts: [EntityKind: Int]
  /// The newest run that is not under way; nil before the first.
  public var lastRun: LedgerRun?
  /// The run that is under way: the ledger says so and a process holds the writer lock.
  public var currentRun: LedgerRun?
  /// The runs that were cancelled or whose process died, newest first.
  public var interruptedRuns: [LedgerRun]

  /// How many runs, newest first, are searched for interrupted ones.
  public static let runsSearched = 200

  /// All entities.
  public var total: Int { counts.values.reduce(0, +) }

  /// Reads the status in one snapshot.
  ///
  /// - Throws: `StoreError`.
  public init(of store: some RecordStore) throws {
    // Asked before the snapshot: a run that ends in between is then simply no longer running.
    let hasWriter = (store as? SQLiteStore)?.hasWriter ?? false
    location = store.location
    sizeInBytes = store is SQLiteStore ? Self.size(ofDatabase: store.location) : nil
    (schema, counts, lastRun, currentRun, interruptedRuns) = try store.read { reader in
      var counts: [EntityKind: Int] = [:]
      for kind in EntityKind.allCases { counts[kind] = try reader.count(RecordQuery(kind)) }
      var runs = try reader.runs(limit: Self.runsSearched)
      let current = hasWriter && runs.first?.state == .running ? runs.removeFirst() : nil
      for index in runs.indices where runs[index].state == .running {
        runs[index].state = .interrupted
      }
      return (
        try reader.schemaVersion(), counts, runs.first, current,
        runs.filter { $0.state == .interrupted }
      )
    }
  }

  private static func size(ofDatabase path: String) -> Int? {
    guard let size = Platform.fileSize(path) else { return nil }
    return size + (Platform.fileSize(path + "-wal") ?? 0)
  }
}
