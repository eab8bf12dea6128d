public import RMOSModels
public import RMOSStore
import RMOSSystem

/// The contents of a store and its runs, as a value.
///
/// ```swift
/// let status = try await StoreStatus.read(from: store)
/// if let run = status.currentRun { print("run \(run.id) is under way") }
/// ```
public struct StoreStatus: Sendable {
  /// The store's path, or "in memory".
  package var location: String
  /// The size of the database with its write-ahead log, in bytes; `nil` for a store without a file.
  package var sizeInBytes: Int?
  /// The version of the shared schema; `nil` if there is none.
  public var schema: SchemaVersion?
  /// The kinds of entities that the store holds.
  package let catalog: EntityCatalog
  /// How many entities there are of each kind; no entry if the table is missing or damaged.
  public var counts: [EntityKind: Int]
  /// The tables of the shared schema that are missing; a run creates them.
  public var missingTables: [String]
  /// The newest run that is not under way; `nil` before the first.
  public var lastRun: LedgerRun?
  /// The run that is under way: the ledger says so and a process holds the writer lock.
  public var currentRun: LedgerRun?
  /// The parts that could not be read, one sentence each.
  public var unreadable: [String]
  /// The runs that were cancelled or whose process died, newest first.
  public var interruptedRuns: [LedgerRun]

  /// How many of the newest runs are searched for interrupted ones.
  static let runsSearched = 200

  /// All entities.
  package var total: Int { counts.values.reduce(0, +) }

  /// Reads the status of a store.
  ///
  /// - Throws: `StoreError`.
  public static func read(from store: any RecordStore) async throws -> StoreStatus {
    try await BlockingWork.run(orThrow: MigrationError.noThread) { _ in
      try StoreStatus(of: store)
    }
  }

  /// Reads the status of a store on the calling thread.
  package init(of store: some RecordStore) throws {
    let (snapshot, current) = try CurrentRun.found(in: store, newest: \.newestMigration) {
      try Snapshot($0)
    }
    location = store.location
    catalog = store.catalog
    sizeInBytes = store.sizeOnDisk
    schema = snapshot.schema
    counts = snapshot.counts
    missingTables = snapshot.missingTables
    unreadable = snapshot.unreadable
    currentRun = snapshot.runs.first { $0.id == current.id }
    let runs = snapshot.runs.filter { $0.id != current.id }.map(current.settled)
    lastRun = runs.first
    interruptedRuns = runs.filter { $0.state == .interrupted }
  }

  private struct Snapshot {
    var schema: SchemaVersion?
    var counts: [EntityKind: Int] = [:]
    var missingTables: [String] = []
    var runs: [LedgerRun] = []
    var unreadable: [String] = []

    /// The newest run that is not of a server, which holds no lock while it runs.
    var newestMigration: LedgerRun? {
      runs.first { $0.command != LedgerRun.serverCommand }
    }

    init(_ reader: any StoreReader) throws {
      schema = try reader.schemaVersion()
      missingTables = try reader.inspection.missingTables()
      // If a table is missing or damaged, the rest is all the more worth knowing.
      for kind in reader.catalog.kinds where !missingTables.contains(kind.table) {
        do {
          counts[kind] = try reader.count(RecordQuery(kind))
        } catch let error as StoreError where [.other, .corrupt].contains(error.code) {
          unreadable.append("the \(kind.schema.plural) cannot be counted: \(error.message)")
        }
      }
      do {
        runs = try reader.runs(limit: StoreStatus.runsSearched)
      } catch let error as StoreError where [.other, .corrupt].contains(error.code) {
        unreadable.append("the runs cannot be read: \(error.message)")
      }
    }
  }
}

extension StoreStatus {
  /// The status as a JSON object: `success` (always true), `database`, `size_bytes`,
  /// `schema_version`, `schema_applied_at`, `counts` (with `total`), `missing_tables`, `last_run`,
  /// `current_run` and `interrupted_runs`.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.object { writeMembers(to: &$0) }
    return writer.text
  }

  /// Writes the members of ``json`` into an object.
  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("success", true)
    writer.member("database", location)
    writer.member("size_bytes", sizeInBytes)
    writer.member("schema_version", schema?.version)
    writer.member("schema_applied_at", schema?.appliedAt)
    writer.object("counts") {
      for kind in catalog.kinds { $0.member(kind.rawValue, counts[kind]) }
      $0.member("total", total)
    }
    writer.member("missing_tables", strings: missingTables)
    writer.member("last_run") { $0.run(lastRun) }
    writer.member("current_run") { $0.run(currentRun) }
    writer.member("interrupted_runs", each: interruptedRuns) { $0.run($1) }
  }
}
