public import RMOSAudit

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
