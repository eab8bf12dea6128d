/// A job log: the work that a machine did or is to do, with its pattern and strip family.
///
/// ```swift
/// let job = JobLog(
///   id: "job-1", jobType: "slice", patternID: "rope-5x9", status: .completed,
///   startTime: "2025-01-15T10:30:00Z", endTime: "2025-01-15T11:15:00Z", durationSeconds: 2700,
///   parameters: JSONText(["blade_angle": 45]), createdAt: "2025-01-15T10:30:00Z")
/// ```
public struct JobLog: Entity {
  /// Job logs.
  public static let kind = EntityKind.joblogs

  /// The id, unique among job logs.
  public var id: String
  /// The kind of work, such as `slice`; applications may add types of their own.
  public var jobType: String
  /// The pattern worked on.
  public var patternID: String?
  /// The strip family worked on.
  public var stripFamilyID: String?
  /// The state of the job.
  public var status: JobStatus
  /// When work began: an ISO 8601 date or time, as written.
  public var startTime: String?
  /// When work ended: an ISO 8601 date or time, as written; required for a completed job.
  public var endTime: String?
  /// How long the machine worked, in seconds; 0 or more.
  public var durationSeconds: Double?
  /// The machine's settings: a JSON object.
  public var parameters: JSONText
  /// The results; usually a JSON object.
  public var results: JSONText?
  /// When it was entered: an ISO 8601 date or time, as written.
  public var createdAt: String
  /// When it was last changed: an ISO 8601 date or time, as written.
  public var updatedAt: String

  /// Creates a job log.
  ///
  /// - Parameters:
  ///   - id: The id, unique among job logs.
  ///   - jobType: The kind of work.
  ///   - patternID: The pattern worked on.
  ///   - stripFamilyID: The strip family worked on.
  ///   - status: The state of the job.
  ///   - startTime: An ISO 8601 date or time.
  ///   - endTime: An ISO 8601 date or time; required for a completed job.
  ///   - durationSeconds: How long the machine worked, in seconds; 0 or more.
  ///   - parameters: The machine's settings, a JSON object.
  ///   - results: The results; usually a JSON object.
  ///   - createdAt: An ISO 8601 date or time.
  ///   - updatedAt: An ISO 8601 date or time; `createdAt` if `nil`.
  public init(
    id: String, jobType: String, patternID: String? = nil, stripFamilyID: String? = nil,
    status: JobStatus = .pending, startTime: String? = nil, endTime: String? = nil,
    durationSeconds: Double? = nil, parameters: JSONText, results: JSONText? = nil,
    createdAt: String, updatedAt: String? = nil
  ) {
    self.id = id
    self.jobType = jobType
    self.patternID = patternID
    self.stripFamilyID = stripFamilyID
    self.status = status
    self.startTime = startTime
    self.endTime = endTime
    self.durationSeconds = durationSeconds
    self.parameters = parameters
    self.results = results
    self.createdAt = createdAt
    self.updatedAt = updatedAt ?? createdAt
  }
}

extension JobLog {
  /// Creates a job log from its record.
  ///
  /// - Throws: ``EntityRejected`` if a value is not what the schema declares.
  public init(record: Record) throws(EntityRejected) {
    try record.requireKind(.joblogs)
    self.init(
      id: try record.value("id"),
      jobType: try record.value("job_type"),
      patternID: try record.value("pattern_id"),
      stripFamilyID: try record.value("strip_family_id"),
      status: try record.value("status"),
      startTime: try record.value("start_time"),
      endTime: try record.value("end_time"),
      durationSeconds: try record.value("duration_seconds"),
      parameters: try record.value("parameters"),
      results: try record.value("results"),
      createdAt: try record.value("created_at"),
      updatedAt: try record.value("updated_at"))
  }

  /// The record that holds the same values, in column order.
  public var record: Record {
    Record(
      kind: .joblogs,
      values: [
        .text(id), .text(jobType), Value(patternID), Value(stripFamilyID),
        .text(status.rawValue), Value(startTime), Value(endTime), Value(durationSeconds),
        .text(parameters.text), Value(results), .text(createdAt), .text(updatedAt),
      ])
  }
}

/// The state of a job.
///
/// A closed set: migration rejects any other status.
public enum JobStatus: String, CaseIterable, Codable, Sendable, Hashable {
  /// Entered, not yet planned; the default.
  case pending
  /// Scheduled.
  case planned
  /// In progress.
  case running
  /// Done.
  case completed
  /// Stopped by an error.
  case failed
  /// Called off before it was done.
  case cancelled
}

extension JobLog {
  /// The types of job that the RMOS applications know; others may add their own.
  package static let knownTypes = [
    "slice", "batch", "contour", "assembly", "rosette_slice_batch", "rosette_pattern_generation",
    "rosette_preview", "rosette_cnc_export", "rosette_segmentation", "rosette_validation",
    "rosette_cnc_simulation", "rosette_plan", "rosette_cam", "rmos_rosette_saw_batch", "saw_slice",
    "saw_slice_batch", "saw_queue_job", "pipeline_run",
  ]
}
