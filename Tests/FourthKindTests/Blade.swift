import RMOSModels

/// A saw blade: a kind that RMOS does not have, by one schema and one struct.
///
/// Some of its columns have names that columns of the ledger have, too.
struct Blade: Entity {
  static let kind = EntityKind(
    EntitySchema(
      table: "saw_blades", singular: "saw blade", plural: "saw blades",
      fields: [
        .id,
        FieldSchema("name", .text(.notBlank), required: true),
        FieldSchema("teeth", .integer(minimum: 1), required: true),
        FieldSchema("kerf_mm", .real(.positive), required: true),
        FieldSchema(
          "state", column: "kind", .text(.oneOf(["sharp", "dull"])), default: .text("sharp")),
        FieldSchema("strip_family_id", column: "run_id", .reference(.stripFamilies)),
        FieldSchema("cut_pattern_id", .reference(.patterns)),
        FieldSchema(
          "settings", column: "settings_json",
          .json(.object), required: true),
        FieldSchema("hours", column: "row_digest", .real(.nonNegative)),
        FieldSchema("ground_at", .timestamp),
        FieldSchema("dulled_at", .timestamp),
        FieldSchema("maker", column: "path", .text(.any)),
        .createdAt, .updatedAt, .metadata,
      ],
      rules: [.ordered(earlier: "ground_at", later: "dulled_at")],
      indexes: [(name: "idx_saw_blades_pattern", columns: "cut_pattern_id")],
      foreignKeys: ["cut_pattern_id"],
      presentation: .init(
        title: .name("name"), searches: ["name", "maker"],
        filters: [
          .member("state", "state"), .member("teeth", "teeth"),
          .member("pattern", "cut_pattern_id", hasPath: false),
        ],
        columns: [
          .name("Blade", "name"), .number("Teeth", "teeth"),
          .status("State", "state"), .reference("Pattern", "cut_pattern_id"),
          .time("Ground", "ground_at"),
        ],
        statistics: [
          .counts("state_counts", of: "state"),
          .distinct("makers", of: "maker"),
          .maximum("max_teeth", of: "teeth"),
          .average("avg_kerf_mm", of: "kerf_mm"),
          .percentage("sharp_rate", of: "state", value: "sharp", among: ["sharp", "dull"]),
        ],
        listsNewestFirst: true)))

  var id: String
  var name: String
  var teeth: Int64
  var kerfMM: Double
  var state: String
  var stripFamilyID: String?
  var patternID: String?
  var settings: JSONText
  var hours: Double?
  var groundAt: String?
  var dulledAt: String?
  var maker: String?
  var createdAt: String
  var updatedAt: String
  var metadata: JSONText?

  private enum CodingKeys: String, CodingKey {
    case id, name, teeth, state, settings, hours, maker, metadata
    case kerfMM = "kerf_mm"
    case stripFamilyID = "strip_family_id"
    case patternID = "cut_pattern_id"
    case groundAt = "ground_at"
    case dulledAt = "dulled_at"
    case createdAt = "created_at"
    case updatedAt = "updated_at"
  }

  init(record: Record) throws(EntityRejected) {
    try record.requireKind(Self.kind)
    id = try record.value("id")
    name = try record.value("name")
    teeth = try record.value("teeth")
    kerfMM = try record.value("kerf_mm")
    state = try record.value("state")
    stripFamilyID = try record.value("strip_family_id")
    patternID = try record.value("cut_pattern_id")
    settings = try record.value("settings")
    hours = try record.value("hours")
    groundAt = try record.value("ground_at")
    dulledAt = try record.value("dulled_at")
    maker = try record.value("maker")
    createdAt = try record.value("created_at")
    updatedAt = try record.value("updated_at")
    metadata = try record.value("metadata")
  }

  var record: Record {
    func text(_ text: String?) -> Value { text.map { .text($0) } ?? .null }
    return Record(
      kind: Self.kind,
      values: [
        .text(id), .text(name), .integer(teeth), .real(kerfMM), .text(state),
        text(stripFamilyID), text(patternID), .text(settings.text),
        hours.map { .real($0) } ?? .null, text(groundAt), text(dulledAt), text(maker),
        .text(createdAt), .text(updatedAt), text(metadata?.text),
      ])
  }
}
