// The declarations. Field order is column order.

extension FieldSchema {
  fileprivate static let id = FieldSchema("id", .text(.notBlank))
  fileprivate static let createdAt = FieldSchema("created_at", .timestamp, default: .runStart)
  fileprivate static let updatedAt = FieldSchema(
    "updated_at", .timestamp, default: .sameAs("created_at"))
  fileprivate static let metadata = FieldSchema(
    "metadata", column: "metadata_json",
    .json(.init(shape: .object, otherShape: .warning, empty: nil)))
}

extension EntitySchema {
  /// Strip families: the wood strips in stock.
  static let stripFamilies = EntitySchema(
    kind: .stripFamilies, singular: "strip family", plural: "strip families",
    fields: [
      .id,
      FieldSchema("name", .text(.notBlank), required: true),
      FieldSchema("strip_width_mm", .real(.positive), required: true),
      FieldSchema("strip_thickness_mm", .real(.positive), required: true),
      FieldSchema("material_type", .text(.notBlank), required: true),
      FieldSchema(
        "strips", column: "strips_json",
        .json(.init(shape: .array, otherShape: .error, empty: .error)), required: true),
      .createdAt, .updatedAt, .metadata,
    ],
    indexes: [], sourceNames: SourceNames(id: ["family_id", "strip_family_id"]))

  /// Patterns: rosette designs.
  static let patterns = EntitySchema(
    kind: .patterns, singular: "pattern", plural: "patterns",
    fields: [
      .id,
      FieldSchema("name", .text(.notBlank), required: true),
      FieldSchema("ring_count", .integer(minimum: 1), required: true),
      FieldSchema(
        "geometry", column: "geometry_json",
        .json(.init(shape: .object, otherShape: .error, empty: .error)), required: true),
      FieldSchema("strip_family_id", .reference(.stripFamilies)),
      .createdAt, .updatedAt, .metadata,
      FieldSchema("pattern_type", .text(.any), default: .text("generic")),
      FieldSchema("rosette_geometry", .json(.init(shape: .object, otherShape: .error, empty: nil))),
    ],
    rules: [.substitutable(field: "geometry", substitute: "rosette_geometry")],
    indexes: [
      ("idx_patterns_name", "name"),
      ("idx_patterns_strip_family", "strip_family_id"),
      ("idx_patterns_pattern_type", "pattern_type"),
    ],
    sourceNames: SourceNames(id: ["pattern_id"]))

  /// Job logs: what the machines did.
  static let joblogs = EntitySchema(
    kind: .joblogs, singular: "job log", plural: "job logs",
    fields: [
      .id,
      FieldSchema(
        "job_type",
        .text(.usually(JobType.known.map(\.rawValue))), required: true),
      FieldSchema("pattern_id", .reference(.patterns)),
      FieldSchema("strip_family_id", .reference(.stripFamilies)),
      FieldSchema(
        "status",
        .text(.oneOf(JobStatus.allCases.map(\.rawValue))),
        default: .text(JobStatus.pending.rawValue)),
      FieldSchema("start_time", .timestamp),
      FieldSchema("end_time", .timestamp),
      FieldSchema("duration_seconds", .real(.nonNegative)),
      FieldSchema(
        "parameters", column: "parameters_json",
        .json(.init(shape: .object, otherShape: .error, empty: .warning)), required: true),
      FieldSchema(
        "results", column: "results_json",
        .json(.init(shape: .object, otherShape: .warning, empty: nil))),
      .createdAt, .updatedAt,
    ],
    rules: [
      .requiredWhen(
        field: "end_time", condition: "status", value: JobStatus.completed.rawValue,
        severity: .error),
      .requiredWhen(
        field: "duration_seconds", condition: "status", value: JobStatus.completed.rawValue,
        severity: .warning),
      .ordered(earlier: "start_time", later: "end_time"),
    ],
    indexes: [
      ("idx_joblogs_pattern", "pattern_id"),
      ("idx_joblogs_strip_family", "strip_family_id"),
      ("idx_joblogs_status", "status"),
      ("idx_joblogs_created", "created_at DESC"),
    ],
    foreignKeys: ["pattern_id", "strip_family_id"],
    sourceNames: SourceNames(id: ["job_id", "run_id"], files: ["joblog"]))
}
