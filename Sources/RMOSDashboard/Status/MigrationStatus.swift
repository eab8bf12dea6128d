public import RMOSAudit
import RMOSMigration
public import RMOSModels
public import RMOSStore

/// What a store contains, how its last migration went, and its health, at one moment.
///
/// ```swift
/// let status = try MigrationStatus.read(from: store)
/// print(status.entityCounts.total, status.validation.words)
/// ```
public struct MigrationStatus: Sendable, Hashable {
  /// The database.
  public struct Database: Sendable, Hashable {
    /// When the last completed migration ended, ISO 8601 in UTC; `nil` if the ledger has none.
    ///
    /// A migration that failed or was interrupted does not count, although what it committed is
    /// there. A database that another tool filled has no ledger, and so no such time.
    public var lastMigration: String?
    /// The database's path, or "in memory".
    public var location: String
    /// The size with its write-ahead log, in units of 1,048,576 bytes, rounded to hundredths; `nil`
    /// without a file.
    public var sizeMB: Double?
    /// The version of the shared schema; `nil` if there is none.
    public var schemaVersion: Int?
    /// When that version was applied, as stored.
    public var schemaAppliedAt: String?
  }

  /// The number of entities of each kind.
  public struct EntityCounts: Sendable, Hashable {
    private var counts: [EntityKind: Int]

    init(_ counts: [EntityKind: Int] = [:]) { self.counts = counts.filter { $0.value != 0 } }

    /// The number of entities of a kind.
    public internal(set) subscript(kind: EntityKind) -> Int {
      get { counts[kind] ?? 0 }
      set { counts[kind] = newValue == 0 ? nil : newValue }
    }

    /// The number of all entities.
    public var total: Int { counts.values.reduce(0, +) }

    static func += (left: inout Self, right: Self) {
      left.counts.merge(right.counts, uniquingKeysWith: +)
    }
  }

  /// An entity that was created recently.
  public struct RecentEntity: Sendable, Hashable {
    /// The id.
    public var id: String
    /// The name; of a job log its type.
    public var title: String
    /// The status, if the kind has one.
    public var status: String?
    /// When it was created, as stored.
    public var createdAt: String
  }

  /// The database.
  public var database: Database
  /// The number of entities.
  public var entityCounts: EntityCounts
  /// The entities created most recently, newest first, at most three of each kind.
  public var recentEntities: [EntityKind: [RecentEntity]]
  /// The health of the store.
  public var validation: HealthReport
  /// The migration in progress, if any.
  public var currentRun: LedgerRun?
}

// MARK: Reading

extension MigrationStatus {
  /// Reads the status of a store.
  ///
  /// What was not checked is named in ``validation``. A missing table counts as 0 entities, with an
  /// error there.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - effort: How much of the health is checked.
  /// - Returns: The status.
  /// - Throws: `StoreError` if the store cannot be read at all.
  /// - Complexity: O(n) in the rows.
  public static func read(
    from store: some RecordStore, effort: HealthReport.Effort = .quick(.milliseconds(20))
  ) throws -> MigrationStatus {
    MigrationStatus(try Overview.read(from: store), Details.read(from: store, effort, .standard))
  }

  init(_ overview: Overview, _ details: Details) {
    database = overview.database
    entityCounts = overview.counts
    currentRun = overview.currentRun
    recentEntities = details.recent
    var health = details.health
    // The audit has reported it in its words, unless it could not read it either.
    if health.errors.isEmpty {
      health.errors = overview.errors
      health.warnings += details.warnings
    }
    validation = health
  }

  /// What is quick to read: the database, the counts, the runs.
  struct Overview: Sendable {
    var database: Database
    var counts: EntityCounts
    var currentRun: LedgerRun?
    var errors: [String] = []

    static func read(from store: some RecordStore) throws -> Overview {
      let status = try StoreStatus(of: store)
      return Overview(
        database: Database(
          lastMigration: try lastMigration(status, store), location: status.location,
          sizeMB: status.sizeInBytes.map { (Double($0) / 1_048_576 * 100).rounded() / 100 },
          schemaVersion: status.schema?.version, schemaAppliedAt: status.schema?.appliedAt),
        counts: EntityCounts(status.counts), currentRun: status.currentRun,
        errors: status.unreadable)
    }

    private static func lastMigration(
      _ status: StoreStatus, _ store: some RecordStore
    ) throws -> String? {
      guard let run = status.lastRun else { return nil }
      if let end = run.endOfMigration { return end }
      let runs = try store.read { try $0.runs(limit: StoreStatus.runsSearched) }
      return runs.lazy.compactMap(\.endOfMigration).first
    }
  }

  /// What takes a pass over the rows: the newest entities and the health check.
  struct Details: Sendable, Equatable {
    var recent: [EntityKind: [RecentEntity]] = [:]
    var health: HealthReport
    var warnings: [String] = []

    static func read(
      from store: any RecordStore, _ effort: HealthReport.Effort, _ check: HealthCheck
    ) -> Details {
      var details = Details(health: check.run(store, effort))
      for kind in EntityKind.allCases {
        do {
          let query = RecordQuery(kind).order(.newestFirst).limit(3)
          details.recent[kind] = try store.read { try $0.records(query).map(RecentEntity.init) }
        } catch {
          details.warnings.append("the newest \(kind.schema.plural) cannot be read: \(error)")
        }
      }
      return details
    }
  }
}

/// How a store's health is checked; tests substitute their own.
struct HealthCheck: Sendable {
  var check: @Sendable (_ store: any RecordStore, HealthReport.Effort) throws -> HealthReport

  /// Checks the health; if that fails, a warning says so, and nothing counts as checked.
  func run(_ store: any RecordStore, _ effort: HealthReport.Effort) -> HealthReport {
    do {
      return try check(store, effort)
    } catch {
      return HealthReport(
        warnings: ["the health check was interrupted: \(error)"],
        notChecked: ["file", "schema", "rows", "references", "provenance", "runs"])
    }
  }

  static let standard = HealthCheck { try HealthReport.read(from: $0, effort: $1) }
}

extension LedgerRun {
  /// When it ended, if it is a completed migration.
  fileprivate var endOfMigration: String? {
    command == "migrate" && state == .completed ? finishedAt : nil
  }
}

extension EntityKind {
  /// The member that serves as an entity's title.
  var titleMember: String { self == .joblogs ? "job_type" : "name" }
}

extension MigrationStatus.RecentEntity {
  init(_ record: Record) {
    let hasStatus = record.kind.schema.position(ofMember: "status") != nil
    self.init(
      id: record.id, title: record.shownText(record.kind.titleMember),
      status: hasStatus ? record.shownText("status") : nil,
      createdAt: record.shownText("created_at"))
  }
}

extension Record {
  /// A value as text; empty for NULL and bytes, which a sound row does not have there.
  fileprivate func shownText(_ member: String) -> String {
    switch self[member] {
    case .text(let text): text
    case .integer(let number): String(number)
    case .real(let number): String(number)
    case .null, .blob, nil: ""
    }
  }
}

// MARK: JSON

extension MigrationStatus {
  /// The status as the HTTP API returns it.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.status(self)
    return writer.text
  }
}

extension JSONWriter {
  /// Writes the status as an object.
  mutating func status(_ status: MigrationStatus) {
    object {
      $0.member("success", true)
      $0.member("migration_status") {
        $0.object {
          $0.member("last_migration", status.database.lastMigration)
          $0.member("database_location", status.database.location)
          $0.member("database_size_mb", status.database.sizeMB)
          $0.member("schema_version", status.database.schemaVersion)
          $0.member("schema_applied_at", status.database.schemaAppliedAt)
        }
      }
      $0.member("entity_counts") {
        $0.object {
          $0.counts(status.entityCounts)
          $0.member("total", status.entityCounts.total)
        }
      }
      $0.member("recent_entities") { $0.recent(status.recentEntities) }
      $0.member("validation") { writer in
        writer.object { status.validation.writeMembers(to: &$0) }
      }
      if let run = status.currentRun { $0.member("current_run") { $0.currentRun(run) } }
    }
  }

  /// Writes the counts as members.
  mutating func counts(_ counts: MigrationStatus.EntityCounts) {
    for kind in EntityKind.pageOrder { member(kind.rawValue, counts[kind]) }
  }

  private mutating func recent(_ recent: [EntityKind: [MigrationStatus.RecentEntity]]) {
    object { writer in
      for kind in EntityKind.pageOrder {
        writer.member(kind.rawValue) {
          $0.array {
            for entity in recent[kind] ?? [] {
              $0.object {
                $0.member("id", entity.id)
                $0.member(kind.titleMember, entity.title)
                if let status = entity.status { $0.member("status", status) }
                $0.member("created_at", entity.createdAt)
              }
            }
          }
        }
      }
    }
  }

  private mutating func currentRun(_ run: LedgerRun) {
    let total = run.statistics.total
    object {
      $0.member("id", run.id)
      $0.member("started_at", run.startedAt)
      $0.member("heartbeat_at", run.heartbeatAt)
      $0.member("source", run.source)
      $0.member("found", total.found)
      $0.member("failed", total.failed)
      $0.member("seconds", run.seconds)
    }
  }
}
