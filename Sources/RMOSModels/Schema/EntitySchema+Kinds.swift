// The declarations. Field order is column order.

extension EntitySchema {
  /// Strip families: the wood strips in stock.
  static let stripFamilies = EntitySchema(
    table: "strip_families", singular: "strip family", plural: "strip families",
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
    sourceNames: SourceNames(id: ["family_id", "strip_family_id"]),
    presentation: .init(
      title: .name("name"), searches: ["name"],
      filters: [.init("material", "material_type", isFacet: true)],
      columns: [
        .init("Name", "name", .name), .init("Material", "material_type", .text),
        .init("Width, mm", "strip_width_mm", .number),
        .init("Thickness, mm", "strip_thickness_mm", .number), .created,
      ],
      statistics: [
        .init("unique_materials", .distinct(of: "material_type")),
        .init("avg_width_mm", .average(of: "strip_width_mm")),
        .init("avg_thickness_mm", .average(of: "strip_thickness_mm")),
        .init("min_width_mm", .minimum(of: "strip_width_mm")),
        .init("max_width_mm", .maximum(of: "strip_width_mm")),
        .init("material_counts", .counts(of: "material_type")),
      ]))

  /// Patterns: rosette designs.
  static let patterns = EntitySchema(
    table: "patterns", singular: "pattern", plural: "patterns",
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
    sourceNames: SourceNames(id: ["pattern_id"]),
    presentation: .init(
      title: .name("name"), searches: ["name"],
      filters: [
        .init("rings", "ring_count"),
        .init("type", "pattern_type", hasPath: false, isFacet: true),
        .init("material", inJSON: "metadata", named: ["material", "materials"]),
        .init("tradition", inJSON: "metadata", named: ["tradition"]),
        .init("family", "strip_family_id", label: "strip family", hasPath: false),
      ],
      columns: [
        .init("Name", "name", .name), .init("Rings", "ring_count", .number),
        .init("Type", "pattern_type", .text),
        .init("Strip family", "strip_family_id", .reference), .created,
      ],
      statistics: [
        .init("avg_ring_count", .average(of: "ring_count")),
        .init("min_ring_count", .minimum(of: "ring_count")),
        .init("max_ring_count", .maximum(of: "ring_count")),
        .init("unique_families", .distinct(of: "strip_family_id")),
      ]))

  /// Job logs: what the machines did.
  static let joblogs = EntitySchema(
    table: "joblogs", singular: "job log", plural: "job logs",
    fields: [
      .id,
      FieldSchema(
        "job_type",
        .text(.usually(JobLog.knownTypes)), required: true),
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
    sourceNames: SourceNames(id: ["job_id", "run_id"], files: ["joblog"]),
    presentation: .init(
      memberName: "joblog", title: .type("job_type"),
      filters: [
        .init("status", "status", isFacet: true), .init("type", "job_type", isFacet: true),
        .init("pattern", "pattern_id"),
        .init("family", "strip_family_id", label: "strip family", hasPath: false),
      ],
      columns: [
        .init("Job", "job_type", .name), .init("Status", "status", .status),
        .init("Pattern", "pattern_id", .reference),
        .init("Duration", "duration_seconds", .duration),
        .created,
      ],
      statistics: [
        .init("status_counts", .counts(of: "status")),
        .init("job_type_counts", .counts(of: "job_type")),
        .init("avg_duration_seconds", .average(of: "duration_seconds")),
        .init(
          "success_rate",
          .percentage(
            of: "status", value: JobStatus.completed.rawValue,
            among: [JobStatus.completed.rawValue, JobStatus.failed.rawValue])),
      ],
      listsNewestFirst: true))
}
