import RMOSAudit
import RMOSMigration
import RMOSModels
public import RMOSStore

extension MigrationStatus {
  /// Reads the status of a store.
  ///
  /// What was not checked is named in ``validation``; what is not there counts as 0 with an error
  /// there.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - healthSeconds: How long the health of a large store is looked at, about; `nil` to audit it
  ///     whole.
  /// - Throws: `StoreError` where the store cannot be read at all.
  /// - Complexity: O(n) in the rows.
  public init(of store: some RecordStore, healthSeconds: Double? = 0.02) throws {
    self.init(
      try Overview(of: store),
      Details(of: store, healthSeconds.map { .quick(seconds: $0) } ?? .whole, .standard))
  }

  /// Puts the status together.
  init(_ overview: Overview, _ details: Details) {
    database = overview.database
    entityCounts = overview.counts
    currentRun = overview.currentRun
    recentEntities = details.recent
    var health = details.health
    // The audit has said it in its words, unless it could not look.
    if health.errors.isEmpty {
      health.errors = overview.errors
      health.warnings += details.warnings
    }
    validation = health
  }

  /// What is quick to read: where the data is, the counts, the runs.
  struct Overview: Sendable {
    var database: Database
    var counts: EntityCounts
    var currentRun: CurrentRun?
    var errors: [String] = []

    init(of store: some RecordStore) throws {
      let status = try StoreStatus(of: store)
      database = Database(
        lastMigration: try Self.lastMigration(status, store), location: status.location,
        sizeMB: status.sizeInBytes.map { (Double($0) / 1_048_576 * 100).rounded() / 100 },
        schemaVersion: status.schema?.version, schemaAppliedAt: status.schema?.appliedAt)
      counts = EntityCounts(status.counts)
      currentRun = status.currentRun.map(CurrentRun.init)
      errors = status.unreadable
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

  /// What takes a pass over the rows: the newest entities and the check of health.
  struct Details: Sendable, Equatable {
    var recent = RecentEntities()
    var health: HealthReport
    var warnings: [String] = []

    init(of store: some RecordStore, _ effort: HealthReport.Effort, _ check: HealthCheck) {
      health = check.run(store, effort)
      for kind in EntityKind.allCases {
        do {
          let query = RecordQuery(kind).order(.newestFirst).limit(3)
          recent.add(try store.read { try $0.records(query) }, of: kind)
        } catch {
          warnings.append("the newest \(kind.schema.plural) cannot be read: \(error)")
        }
      }
    }
  }
}

extension LedgerRun {
  /// When it ended, where it is a migration that came to its end.
  fileprivate var endOfMigration: String? {
    command == "migrate" && state == .completed ? finishedAt : nil
  }
}

extension MigrationStatus.EntityCounts {
  init(_ counts: [EntityKind: Int]) {
    patterns = counts[.patterns] ?? 0
    stripFamilies = counts[.stripFamilies] ?? 0
    joblogs = counts[.joblogs] ?? 0
  }
}

extension MigrationStatus.CurrentRun {
  fileprivate init(_ run: LedgerRun) {
    id = run.id
    startedAt = run.startedAt
    heartbeatAt = run.heartbeatAt
    source = run.source
    found = run.statistics.total.found
    failed = run.statistics.total.failed
    seconds = run.seconds
  }
}

extension MigrationStatus.RecentEntities {
  fileprivate mutating func add(_ records: [Record], of kind: EntityKind) {
    func named(_ record: Record) -> Named {
      Named(
        id: record.id, name: record.shownText("name"), createdAt: record.shownText("created_at"))
    }
    switch kind {
    case .patterns: patterns = records.map(named)
    case .stripFamilies: stripFamilies = records.map(named)
    case .joblogs:
      joblogs = records.map { record in
        Job(
          id: record.id, jobType: record.shownText("job_type"),
          status: record.shownText("status"), createdAt: record.shownText("created_at"))
      }
    }
  }
}

extension Record {
  /// A value as text; empty for NULL and bytes, which a sound row does not hold there.
  fileprivate func shownText(_ member: String) -> String {
    switch self[member] {
    case .text(let text): text
    case .integer(let number): String(number)
    case .real(let number): String(number)
    case .null, .blob, nil: ""
    }
  }
}
