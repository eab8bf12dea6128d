public import RMOSAudit
import RMOSMigration
import RMOSModels
public import RMOSStore

/// What a store holds, how its last migration went and whether it is well, at one moment.
///
/// In `Codable` formats it has the shape of the HTTP interface's status.
public struct MigrationStatus: Sendable, Hashable {
  /// Where the data is.
  public struct Database: Sendable, Hashable {
    /// When the last migration ended that came to its end, ISO 8601 in UTC; nil where the ledger
    /// knows of none.
    ///
    /// One that failed or was interrupted did not, though what it committed is there.
    /// A database that the old tool filled has no ledger, and so no such moment.
    public var lastMigration: String?
    /// The database's path, or "in memory".
    public var location: String
    /// The size with its write-ahead log, in units of 1,048,576 bytes, rounded to hundredths;
    /// nil without a file.
    public var sizeMB: Double?
    /// The version of the shared schema; nil where there is none.
    public var schemaVersion: Int?
    /// When that was applied, as stored.
    public var schemaAppliedAt: String?
  }

  /// How many entities there are.
  public struct EntityCounts: Sendable, Hashable {
    /// How many patterns.
    public var patterns = 0
    /// How many strip families.
    public var stripFamilies = 0
    /// How many job logs.
    public var joblogs = 0
    /// All of them.
    public var total: Int { patterns + stripFamilies + joblogs }
  }

  /// The entities created last, newest first, three of each kind at most.
  public struct RecentEntities: Sendable, Hashable {
    /// A pattern or strip family.
    public struct Named: Sendable, Hashable {
      /// The id.
      public var id: String
      /// The name.
      public var name: String
      /// When it was created, as stored.
      public var createdAt: String
    }
    /// A job log.
    public struct Job: Sendable, Hashable {
      /// The id.
      public var id: String
      /// The type of job.
      public var jobType: String
      /// Where the job stands.
      public var status: String
      /// When it was created, as stored.
      public var createdAt: String
    }
    /// Patterns.
    public var patterns: [Named] = []
    /// Strip families.
    public var stripFamilies: [Named] = []
    /// Job logs.
    public var joblogs: [Job] = []
  }

  /// A migration under way.
  public struct CurrentRun: Sendable, Hashable {
    /// The ledger's number.
    public var id: Int64
    /// When it began, ISO 8601 in UTC.
    public var startedAt: String
    /// When it last committed, ISO 8601 in UTC.
    public var heartbeatAt: String
    /// The source directory.
    public var source: String
    /// How many entities it found so far.
    public var found: Int
    /// How many of them failed.
    public var failed: Int
    /// How long it has run, seconds.
    public var seconds: Double
  }

  /// Where the data is.
  public var database: Database
  /// How many entities there are.
  public var entityCounts: EntityCounts
  /// The entities created last.
  public var recentEntities: RecentEntities
  /// What is known of the store's health.
  public var validation: HealthReport
  /// The migration under way, if any.
  public var currentRun: CurrentRun?
}

extension MigrationStatus: Codable {
  private enum CodingKeys: String, CodingKey {
    case success
    case database = "migration_status"
    case entityCounts = "entity_counts"
    case recentEntities = "recent_entities"
    case validation
    case currentRun = "current_run"
  }

  /// Reads a status.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      database: try container.decode(Database.self, forKey: .database),
      entityCounts: try container.decode(EntityCounts.self, forKey: .entityCounts),
      recentEntities: try container.decode(RecentEntities.self, forKey: .recentEntities),
      validation: try container.decode(HealthReport.self, forKey: .validation),
      currentRun: try container.decodeIfPresent(CurrentRun.self, forKey: .currentRun))
  }

  /// Writes the status in the shape of the HTTP interface.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(true, forKey: .success)
    try container.encode(database, forKey: .database)
    try container.encode(entityCounts, forKey: .entityCounts)
    try container.encode(recentEntities, forKey: .recentEntities)
    try container.encode(validation, forKey: .validation)
    try container.encodeIfPresent(currentRun, forKey: .currentRun)
  }
}

extension MigrationStatus.Database: Codable {
  private enum CodingKeys: String, CodingKey {
    case lastMigration = "last_migration"
    case location = "database_location"
    case sizeMB = "database_size_mb"
    case schemaVersion = "schema_version"
    case schemaAppliedAt = "schema_applied_at"
  }

  /// Writes what is not known as null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(lastMigration, forKey: .lastMigration)
    try container.encode(location, forKey: .location)
    try container.encode(sizeMB, forKey: .sizeMB)
    try container.encode(schemaVersion, forKey: .schemaVersion)
    try container.encode(schemaAppliedAt, forKey: .schemaAppliedAt)
  }
}

extension MigrationStatus.EntityCounts: Codable {
  private enum CodingKeys: String, CodingKey {
    case patterns
    case stripFamilies = "strip_families"
    case joblogs, total
  }

  /// Reads the counts; the total follows from them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    patterns = try container.decode(Int.self, forKey: .patterns)
    stripFamilies = try container.decode(Int.self, forKey: .stripFamilies)
    joblogs = try container.decode(Int.self, forKey: .joblogs)
  }

  /// Writes the counts and their total.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(patterns, forKey: .patterns)
    try container.encode(stripFamilies, forKey: .stripFamilies)
    try container.encode(joblogs, forKey: .joblogs)
    try container.encode(total, forKey: .total)
  }
}

extension MigrationStatus.RecentEntities: Codable {
  private enum CodingKeys: String, CodingKey {
    case patterns
    case stripFamilies = "strip_families"
    case joblogs
  }
}

extension MigrationStatus.RecentEntities.Named: Codable {
  private enum CodingKeys: String, CodingKey {
    case id, name
    case createdAt = "created_at"
  }
}

extension MigrationStatus.RecentEntities.Job: Codable {
  private enum CodingKeys: String, CodingKey {
    case id
    case jobType = "job_type"
    case status
    case createdAt = "created_at"
  }
}

extension MigrationStatus.CurrentRun: Codable {
  private enum CodingKeys: String, CodingKey {
    case id
    case startedAt = "started_at"
    case heartbeatAt = "heartbeat_at"
    case source, found, failed, seconds
  }
}

extension MigrationStatus {
  /// The status as the HTTP interface answers it.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.status(self)
    return writer.text
  }
}

extension JSONWriter {
  /// Writes the status as one object.
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
    member("patterns", counts.patterns)
    member("strip_families", counts.stripFamilies)
    member("joblogs", counts.joblogs)
  }

  private mutating func recent(_ recent: MigrationStatus.RecentEntities) {
    object { writer in
      for (name, entities) in [
        ("patterns", recent.patterns), ("strip_families", recent.stripFamilies),
      ] {
        writer.member(name) {
          $0.array {
            for entity in entities {
              $0.object {
                $0.member("id", entity.id)
                $0.member("name", entity.name)
                $0.member("created_at", entity.createdAt)
              }
            }
          }
        }
      }
      writer.member("joblogs") {
        $0.array {
          for job in recent.joblogs {
            $0.object {
              $0.member("id", job.id)
              $0.member("job_type", job.jobType)
              $0.member("status", job.status)
              $0.member("created_at", job.createdAt)
            }
          }
        }
      }
    }
  }

  private mutating func currentRun(_ run: MigrationStatus.CurrentRun) {
    object {
      $0.member("id", run.id)
      $0.member("started_at", run.startedAt)
      $0.member("heartbeat_at", run.heartbeatAt)
      $0.member("source", run.source)
      $0.member("found", run.found)
      $0.member("failed", run.failed)
      $0.member("seconds", run.seconds)
    }
  }
}

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

/// How a store's health is checked; tests put their own in place.
struct HealthCheck: Sendable {
  /// Checks with an effort.
  var check: @Sendable (_ store: any RecordStore, HealthReport.Effort) throws -> HealthReport

  /// Checks; where that fails, a warning says so, and nothing counts as checked.
  func run(_ store: any RecordStore, _ effort: HealthReport.Effort) -> HealthReport {
    do {
      return try check(store, effort)
    } catch {
      return HealthReport(
        warnings: ["the check of health broke off: \(error)"],
        notChecked: ["file", "schema", "rows", "references", "provenance", "runs"])
    }
  }

  /// The store's own.
  static let standard = HealthCheck { try HealthReport(of: $0, $1) }
}
