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
      validation: try container.decode(Validation.self, forKey: .validation),
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

extension MigrationStatus.Validation: Codable {
  private enum CodingKeys: String, CodingKey {
    case errors, warnings, status
  }

  /// Reads what was found; the verdict follows from it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    errors = try container.decode([String].self, forKey: .errors)
    warnings = try container.decode([String].self, forKey: .warnings)
  }

  /// Writes what was found and the verdict.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(errors, forKey: .errors)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(status, forKey: .status)
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
