/// A job log: what a machine did or is to do, on which pattern and strip family.
///
/// ```swift
/// let job = JobLog(
///   id: "job-1", jobType: .slice, patternID: "rope-5x9", status: .completed,
///   startTime: "2025-01-15T10:30:00Z", endTime: "2025-01-15T11:15:00Z", durationSeconds: 2700,
///   parameters: JSONText(["blade_angle": 45]), createdAt: "2025-01-15T10:30:00Z")
/// print(job.ended?.time?.hour ?? 0)  // 11
/// ```
public struct JobLog: Entity {
  /// Job logs.
  public static let kind = EntityKind.joblogs

  /// The id, unique among job logs.
  public var id: String
  /// What kind of work.
  public var jobType: JobType
  /// The pattern worked on.
  public var patternID: String?
  /// The strip family worked on.
  public var stripFamilyID: String?
  /// Where the job stands.
  public var status: JobStatus
  /// When work began: an ISO 8601 date or time, as written.
  ///
  /// What it means is ``started``.
  public var startTime: String?
  /// When work ended: an ISO 8601 date or time, as written; a completed job has one.
  ///
  /// What it means is ``ended``.
  public var endTime: String?
  /// How long the machine worked, seconds; 0 or more.
  public var durationSeconds: Double?
  /// The machine's settings: a JSON object.
  public var parameters: JSONText
  /// What came of it; usually a JSON object.
  public var results: JSONText?
  /// When it was entered: an ISO 8601 date or time, as written.
  ///
  /// What it means is ``created``.
  public var createdAt: String
  /// When it was last changed: an ISO 8601 date or time, as written.
  ///
  /// What it means is ``updated``.
  public var updatedAt: String

  /// A job log.
  ///
  /// - Parameters:
  ///   - id: The id, unique among job logs.
  ///   - jobType: What kind of work.
  ///   - patternID: The pattern worked on.
  ///   - stripFamilyID: The strip family worked on.
  ///   - status: Where the job stands.
  ///   - startTime: An ISO 8601 date or time.
  ///   - endTime: An ISO 8601 date or time; a completed job has one.
  ///   - durationSeconds: How long the machine worked, seconds; 0 or more.
  ///   - parameters: The machine's settings, a JSON object.
  ///   - results: What came of it; usually a JSON object.
  ///   - createdAt: An ISO 8601 date or time.
  ///   - updatedAt: An ISO 8601 date or time; nil for `createdAt`.
  public init(
    id: String, jobType: JobType, patternID: String? = nil, stripFamilyID: String? = nil,
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

  /// What ``startTime`` means; nil where it is no timestamp.
  public var started: Timestamp? { startTime.flatMap { Timestamp($0) } }
  /// What ``endTime`` means; nil where it is no timestamp.
  public var ended: Timestamp? { endTime.flatMap { Timestamp($0) } }
  /// What ``createdAt`` means; nil where it is no timestamp.
  public var created: Timestamp? { Timestamp(createdAt) }
  /// What ``updatedAt`` means; nil where it is no timestamp.
  public var updated: Timestamp? { Timestamp(updatedAt) }
}

extension JobLog {
  /// The job log a record holds.
  ///
  /// - Throws: ``RecordError`` where a value is not what the schema declares.
  public init(record: Record) throws(RecordError) {
    let fields = try RecordFields(record, of: .joblogs)
    self.init(
      id: try fields.text("id"),
      jobType: JobType(rawValue: try fields.text("job_type")),
      patternID: try fields.optionalText("pattern_id"),
      stripFamilyID: try fields.optionalText("strip_family_id"),
      status: try fields.value("status", of: JobStatus.self),
      startTime: try fields.optionalText("start_time"),
      endTime: try fields.optionalText("end_time"),
      durationSeconds: try fields.optionalReal("duration_seconds"),
      parameters: try fields.json("parameters"),
      results: try fields.optionalJSON("results"),
      createdAt: try fields.text("created_at"),
      updatedAt: try fields.text("updated_at"))
  }

  /// The record that holds the same values, in column order.
  public var record: Record {
    Record(
      kind: .joblogs,
      values: [
        .text(id), .text(jobType.rawValue), Value(patternID), Value(stripFamilyID),
        .text(status.rawValue), Value(startTime), Value(endTime), Value(durationSeconds),
        .text(parameters.text), Value(results), .text(createdAt), .text(updatedAt),
      ])
  }
}

extension JobLog: Codable {
  private enum CodingKeys: String, CodingKey {
    case id
    case jobType = "job_type"
    case patternID = "pattern_id"
    case stripFamilyID = "strip_family_id"
    case status
    case startTime = "start_time"
    case endTime = "end_time"
    case durationSeconds = "duration_seconds"
    case parameters, results
    case createdAt = "created_at"
    case updatedAt = "updated_at"
  }

  /// Reads an entity; an absent `status` is `pending`, an absent `updated_at` is `created_at`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      id: try container.decode(String.self, forKey: .id),
      jobType: try container.decode(JobType.self, forKey: .jobType),
      patternID: try container.decodeIfPresent(String.self, forKey: .patternID),
      stripFamilyID: try container.decodeIfPresent(String.self, forKey: .stripFamilyID),
      status: try container.decodeIfPresent(JobStatus.self, forKey: .status) ?? .pending,
      startTime: try container.decodeIfPresent(String.self, forKey: .startTime),
      endTime: try container.decodeIfPresent(String.self, forKey: .endTime),
      durationSeconds: try container.decodeIfPresent(Double.self, forKey: .durationSeconds),
      parameters: try container.decode(JSONText.self, forKey: .parameters),
      results: try container.decodeIfPresent(JSONText.self, forKey: .results),
      createdAt: try container.decode(String.self, forKey: .createdAt),
      updatedAt: try container.decodeIfPresent(String.self, forKey: .updatedAt))
  }
}

/// Where a job stands.
///
/// A closed set: migration refuses any other status.
public enum JobStatus: String, CaseIterable, Codable, Sendable, Hashable {
  /// Entered, not yet planned; what a job log without a status is.
  case pending
  /// Has its place in the plan.
  case planned
  /// A machine is at it.
  case running
  /// Done.
  case completed
  /// Given up because of a fault.
  case failed
  /// Called off.
  case cancelled
}

/// What kind of work a job is.
///
/// An open set: applications may add types of their own.
///
/// ```swift
/// let known = JobType.slice
/// let own: JobType = "inlay_routing"
/// print(own.isKnown)  // false
/// ```
public struct JobType: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  /// The type's text, such as `slice`.
  public let rawValue: String

  /// A type from its text.
  public init(rawValue: String) { self.rawValue = rawValue }
  /// A type from its text.
  public init(stringLiteral value: String) { self.init(rawValue: value) }

  /// The type's text.
  public var description: String { rawValue }

  /// Cutting strips into slices.
  public static let slice: JobType = "slice"
  /// Several slices in one go.
  public static let batch: JobType = "batch"
  /// Cutting a contour.
  public static let contour: JobType = "contour"
  /// Putting pieces together.
  public static let assembly: JobType = "assembly"
  /// Slicing all strips of a rosette.
  public static let rosetteSliceBatch: JobType = "rosette_slice_batch"
  /// Computing a rosette's pattern.
  public static let rosettePatternGeneration: JobType = "rosette_pattern_generation"
  /// Drawing a rosette.
  public static let rosettePreview: JobType = "rosette_preview"
  /// Writing a rosette's machine program.
  public static let rosetteCNCExport: JobType = "rosette_cnc_export"
  /// Dividing a rosette's rings into segments.
  public static let rosetteSegmentation: JobType = "rosette_segmentation"
  /// Checking a rosette.
  public static let rosetteValidation: JobType = "rosette_validation"
  /// Simulating a rosette's machine program.
  public static let rosetteCNCSimulation: JobType = "rosette_cnc_simulation"
  /// Planning the strips of a rosette.
  public static let rosettePlan: JobType = "rosette_plan"
  /// Computing a rosette's toolpaths.
  public static let rosetteCAM: JobType = "rosette_cam"
  /// Sawing the slices of a rosette in one go.
  public static let rosetteSawBatch: JobType = "rmos_rosette_saw_batch"
  /// Sawing a slice.
  public static let sawSlice: JobType = "saw_slice"
  /// Sawing several slices in one go.
  public static let sawSliceBatch: JobType = "saw_slice_batch"
  /// A job from the queue of a saw.
  public static let sawQueueJob: JobType = "saw_queue_job"
  /// A run through a pipeline of jobs.
  public static let pipelineRun: JobType = "pipeline_run"

  /// The types the RMOS applications know.
  public static let known: [JobType] = [
    slice, batch, contour, assembly, rosetteSliceBatch, rosettePatternGeneration, rosettePreview,
    rosetteCNCExport, rosetteSegmentation, rosetteValidation, rosetteCNCSimulation, rosettePlan,
    rosetteCAM, rosetteSawBatch, sawSlice, sawSliceBatch, sawQueueJob, pipelineRun,
  ]

  /// Whether the RMOS applications know the type.
  public var isKnown: Bool { JobType.known.contains(self) }
}
