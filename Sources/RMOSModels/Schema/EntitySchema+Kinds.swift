// The declarations of the built-in kinds. The order of the fields is that of the columns.

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
        .json(.array, empty: .error), required: true),
      .createdAt, .updatedAt, .metadata,
    ],
    otherIDNames: ["family_id", "strip_family_id"],
    presentation: .init(
      title: .name("name"), searches: ["name"],
      filters: [.member("material", "material_type", isFacet: true)],
      columns: [
        .name("Name", "name"), .text("Material", "material_type"),
        .number("Width, mm", "strip_width_mm"),
        .number("Thickness, mm", "strip_thickness_mm"), .created,
      ],
      statistics: [
        .distinct("unique_materials", of: "material_type"),
        .average("avg_width_mm", of: "strip_width_mm"),
        .average("avg_thickness_mm", of: "strip_thickness_mm"),
        .minimum("min_width_mm", of: "strip_width_mm"),
        .maximum("max_width_mm", of: "strip_width_mm"),
        .counts("material_counts", of: "material_type"),
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
        .json(.object, empty: .error), required: true),
      FieldSchema("strip_family_id", .reference(.stripFamilies)),
      .createdAt, .updatedAt, .metadata,
      FieldSchema("pattern_type", .text(.any), default: .text("generic")),
      FieldSchema("rosette_geometry", .json(.object)),
    ],
    rules: [.substitutable(field: "geometry", substitute: "rosette_geometry")],
    indexes: [
      ("idx_patterns_name", "name"),
      ("idx_patterns_strip_family", "strip_family_id"),
      ("idx_patterns_pattern_type", "pattern_type"),
    ],
    otherIDNames: ["pattern_id"],
    presentation: .init(
      title: .name("name"), searches: ["name"],
      filters: [
        .member("rings", "ring_count"),
        .member("type", "pattern_type", hasPath: false, isFacet: true),
        .json("material", in: "metadata", names: ["material", "materials"]),
        .json("tradition", in: "metadata", names: ["tradition"]),
        .member("family", "strip_family_id", label: "strip family", hasPath: false),
      ],
      columns: [
        .name("Name", "name"), .number("Rings", "ring_count"),
        .text("Type", "pattern_type"),
        .reference("Strip family", "strip_family_id"), .created,
      ],
      statistics: [
        .average("avg_ring_count", of: "ring_count"),
        .minimum("min_ring_count", of: "ring_count"),
        .maximum("max_ring_count", of: "ring_count"),
        .distinct("unique_families", of: "strip_family_id"),
      ]))

  /// Job logs: the jobs of the machines.
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
        .json(.object, empty: .warning), required: true),
      FieldSchema(
        "results", column: "results_json",
        .json(.object, otherShape: .warning)),
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
    otherIDNames: ["job_id", "run_id"], otherFileNames: ["joblog"],
    presentation: .init(
      memberName: "joblog", title: .type("job_type"),
      filters: [
        .member("status", "status", isFacet: true), .member("type", "job_type", isFacet: true),
        .member("pattern", "pattern_id"),
        .member("family", "strip_family_id", label: "strip family", hasPath: false),
      ],
      columns: [
        .name("Job", "job_type"), .status("Status", "status"),
        .reference("Pattern", "pattern_id"),
        .duration("Duration", "duration_seconds"),
        .created,
      ],
      statistics: [
        .counts("status_counts", of: "status"),
        .counts("job_type_counts", of: "job_type"),
        .average("avg_duration_seconds", of: "duration_seconds"),
        .percentage(
          "success_rate", of: "status", value: JobStatus.completed.rawValue,
          among: [JobStatus.completed.rawValue, JobStatus.failed.rawValue]),
      ],
      listsNewestFirst: true))
}
