import RMOSAudit
import RMOSMigration
package import RMOSModels
import RMOSStore
import RMOSSystem

/// The content of a store, the result of its last migration, and its health, at one moment.
package struct MigrationStatus: Sendable, Hashable {
  /// The database.
  struct Database: Sendable, Hashable {
    /// When the last completed migration ended, ISO 8601 in UTC; `nil` if the ledger has none.
    ///
    /// A migration that failed or was interrupted does not count, although its committed batches
    /// remain. A database that another tool filled has no ledger, and so no such time.
    var lastMigration: String?
    /// The database's path, or "in memory".
    var location: String
    /// The size with its write-ahead log, in units of 1,048,576 bytes, rounded to hundredths; `nil`
    /// without a file.
    var sizeMB: Double?
    /// The version of the shared schema; `nil` if there is none.
    var schemaVersion: Int?
    /// When that version was applied, as stored.
    var schemaAppliedAt: String?
  }

  /// The number of entities of each kind.
  package struct EntityCounts: Sendable, Hashable {
    private var counts: [EntityKind: Int]

    init(_ counts: [EntityKind: Int] = [:]) { self.counts = counts.filter { $0.value != 0 } }

    /// The number of entities of a kind.
    package subscript(kind: EntityKind) -> Int { counts[kind] ?? 0 }

    /// The number of all entities.
    package var total: Int { counts.values.reduce(0, +) }

    static func += (left: inout Self, right: Self) {
      left.counts.merge(right.counts, uniquingKeysWith: +)
    }
  }

  /// An entity that was created recently.
  struct RecentEntity: Sendable, Hashable {
    /// The id; `nil` if the stored one is not text.
    var id: String?
    /// The value of the member that serves as the title.
    var title: String
    /// The status, if the kind has one.
    var status: String?
    /// When it was created, as stored.
    var createdAt: String
  }

  /// The database.
  var database: Database
  /// The kinds of entities that the store holds.
  var catalog = EntityCatalog.rmos
  /// The number of entities.
  var entityCounts: EntityCounts
  /// The entities created most recently, newest first, at most three of each kind.
  var recentEntities: [EntityKind: [RecentEntity]]
  /// The health of the store.
  var validation: HealthReport
  /// The newest audit in the background, if one has been made.
  var lastAudit: LastAudit?
  /// Whether audits are made in the background.
  var isAudited = true
  /// The migration in progress, if any.
  var currentRun: LedgerRun?
}

/// The newest audit in the background, as the status reports it.
struct LastAudit: Sendable, Hashable {
  var outcome: AuditOutcome
  /// Whether the database has changed since the audit; `nil` if that is not known.
  var hasChanged: Bool?
}

extension LastAudit {
  /// Creates the summary of the newest audit; `nil` if there has been none.
  init?(_ view: BackgroundAudit.View) {
    guard let newest = view.newest else { return nil }
    outcome = newest.outcome
    hasChanged = view.hasChanged
  }
}

// MARK: Reading

extension MigrationStatus {
  init(_ overview: Overview, _ details: Details, _ audit: BackgroundAudit.View) {
    lastAudit = LastAudit(audit)
    isAudited = audit.isOn
    database = overview.database
    catalog = overview.catalog
    entityCounts = overview.counts
    currentRun = overview.currentRun
    recentEntities = details.recent
    var health = details.health
    // If the health check has found errors, they include what the overview could not read.
    if health.errors.isEmpty {
      health.errors = overview.errors
      health.warnings += details.warnings
    }
    validation = health
  }

  /// The parts that are quick to read: the database, the counts, the runs.
  struct Overview: Sendable {
    var database: Database
    var catalog: EntityCatalog
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
        catalog: status.catalog, counts: EntityCounts(status.counts), currentRun: status.currentRun,
        errors: status.unreadable)
    }

    private static func lastMigration(
      _ status: StoreStatus, _ store: some RecordStore
    ) throws -> String? {
      guard let run = status.lastRun else { return nil }
      if let end = run.endOfMigration { return end }
      return try store.read { reader in
        try reader.newestRun { $0.endOfMigration != nil }?.endOfMigration
      }
    }
  }

  /// The parts that may take a pass over the rows: the newest entities and the health check.
  struct Details: Sendable, Equatable {
    var recent: [EntityKind: [RecentEntity]] = [:]
    var health: HealthReport
    var warnings: [String] = []

    static func read(from store: any RecordStore, _ check: HealthCheck) -> Details {
      let kinds = store.catalog.kinds
      // The thread sanitizer does not see through `Mutex`.
      let health = Monitor<HealthReport?>(nil)
      let newest = Monitor<[EntityKind: Result<[RecentEntity], any Error>]>([:])
      // The longest tasks come first: without an index on the time, a whole table is read.
      var tasks: [@Sendable () -> Void] = kinds.map { kind in
        {
          let query = RecordQuery(kind).order(.newestFirst).limit(3)
          let found = Result { try store.read { try $0.records(query).map(RecentEntity.init) } }
          newest.withLock { $0[kind] = found }
        }
      }
      tasks.append {
        let found = check.run(store)
        health.withLock { $0 = found }
      }
      SystemThread.share(tasks)
      var details = Details(health: health.withLock { $0 } ?? check.run(store))
      for kind in kinds {
        switch newest.withLock({ $0[kind] }) {
        case .success(let found): details.recent[kind] = found
        case .failure(let error):
          details.warnings.append("the newest \(kind.schema.plural) cannot be read: \(error)")
        case nil: break
        }
      }
      return details
    }
  }
}

/// The check of a store's health; tests substitute their own.
struct HealthCheck: Sendable {
  var check: @Sendable (_ store: any RecordStore) throws -> HealthReport

  /// Checks the health; if that fails, returns a report with a warning, in which no aspect counts
  /// as checked.
  func run(_ store: any RecordStore) -> HealthReport {
    do {
      return try check(store)
    } catch {
      return HealthReport(
        warnings: ["the health check was interrupted: \(error)"],
        notChecked: HealthReport.aspects)
    }
  }

  static let standard = HealthCheck { try HealthReport(of: $0) }
}

extension LedgerRun {
  /// When it ended, if it is a completed migration.
  fileprivate var endOfMigration: String? {
    isMigration && state == .completed ? finishedAt : nil
  }
}

extension MigrationStatus.RecentEntity {
  init(_ record: Record) {
    self.init(
      id: record.textID, title: record.shownText(record.kind.titleMember),
      status: record.kind.statusMember.map(record.shownText),
      createdAt: record.shownText("created_at"))
  }
}

extension Record {
  /// A value as text; empty for NULL and a BLOB, which only damaged rows have in these members.
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
          $0.counts(status.entityCounts, status.catalog)
          $0.member("total", status.entityCounts.total)
        }
      }
      $0.member("recent_entities") { $0.recent(status.recentEntities, status.catalog) }
      $0.member("validation") { writer in
        writer.object { status.validation.writeMembers(to: &$0) }
      }
      $0.member("last_audit") { writer in
        guard let audit = status.lastAudit else { return writer.null() }
        writer.object {
          audit.outcome.writeMembers(to: &$0)
          $0.member("changed_since", audit.hasChanged)
        }
      }
      if let run = status.currentRun { $0.member("current_run") { $0.currentRun(run) } }
    }
  }

  /// Writes the counts as members.
  mutating func counts(_ counts: MigrationStatus.EntityCounts, _ catalog: EntityCatalog) {
    for kind in catalog.displayOrder { member(kind.rawValue, counts[kind]) }
  }

  private mutating func recent(
    _ recent: [EntityKind: [MigrationStatus.RecentEntity]], _ catalog: EntityCatalog
  ) {
    object { writer in
      for kind in catalog.displayOrder {
        writer.member(kind.rawValue, objects: recent[kind] ?? []) { writer, entity in
          writer.member("id", entity.id)
          if kind.titleMember != "id" { writer.member(kind.titleMember, entity.title) }
          if let member = kind.statusMember { writer.member(member, entity.status) }
          writer.member("created_at", entity.createdAt)
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
