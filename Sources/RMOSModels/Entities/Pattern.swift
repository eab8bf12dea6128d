/// A pattern: the design of a rosette, ring by ring.
///
/// ```swift
/// let pattern = Pattern(
///   id: "rope-5x9", name: "Classic Rope", ringCount: 5,
///   geometry: JSONText(["rows": 5, "columns": 9]), stripFamilyID: "ebony-2x08",
///   createdAt: "2025-01-15T10:30:00Z")
/// print(pattern.geometry.text)  // {"rows":5,"columns":9}
/// ```
public struct Pattern: Entity {
  /// Patterns.
  public static let kind = EntityKind.patterns

  /// The id, unique among patterns.
  public var id: String
  /// The display name; not blank.
  public var name: String
  /// The number of rings of the rosette; at least 1.
  public var ringCount: Int64
  /// The rings' geometry: a JSON object, empty only if ``rosetteGeometry`` is given.
  public var geometry: JSONText
  /// The strip family it is cut from.
  public var stripFamilyID: String?
  /// When it was entered: an ISO 8601 date or time, as written.
  public var createdAt: String
  /// When it was last changed: an ISO 8601 date or time, as written.
  public var updatedAt: String
  /// Other data that applications keep with the pattern; usually a JSON object.
  public var metadata: JSONText?
  /// The family of designs; `generic` by default.
  public var patternType: String
  /// The geometry as newer applications keep it: a JSON object.
  public var rosetteGeometry: JSONText?

  /// Creates a pattern.
  ///
  /// - Parameters:
  ///   - id: The id, unique among patterns.
  ///   - name: The display name; not blank.
  ///   - ringCount: The number of rings; at least 1.
  ///   - geometry: A JSON object; empty only if `rosetteGeometry` is given.
  ///   - stripFamilyID: The strip family it is cut from.
  ///   - createdAt: An ISO 8601 date or time.
  ///   - updatedAt: An ISO 8601 date or time; `createdAt` if `nil`.
  ///   - metadata: Other data; usually a JSON object.
  ///   - patternType: The family of designs.
  ///   - rosetteGeometry: A JSON object.
  public init(
    id: String, name: String, ringCount: Int64, geometry: JSONText, stripFamilyID: String? = nil,
    createdAt: String, updatedAt: String? = nil, metadata: JSONText? = nil,
    patternType: String = "generic", rosetteGeometry: JSONText? = nil
  ) {
    self.id = id
    self.name = name
    self.ringCount = ringCount
    self.geometry = geometry
    self.stripFamilyID = stripFamilyID
    self.createdAt = createdAt
    self.updatedAt = updatedAt ?? createdAt
    self.metadata = metadata
    self.patternType = patternType
    self.rosetteGeometry = rosetteGeometry
  }
}

extension Pattern {
  /// Creates a pattern from its record.
  ///
  /// - Throws: ``EntityRejected`` if a value is not what the schema declares.
  public init(record: Record) throws(EntityRejected) {
    try record.requireKind(.patterns)
    self.init(
      id: try record.value("id"),
      name: try record.value("name"),
      ringCount: try record.value("ring_count"),
      geometry: try record.value("geometry"),
      stripFamilyID: try record.value("strip_family_id"),
      createdAt: try record.value("created_at"),
      updatedAt: try record.value("updated_at"),
      metadata: try record.value("metadata"),
      patternType: try record.value("pattern_type"),
      rosetteGeometry: try record.value("rosette_geometry"))
  }

  /// The record that holds the same values, in column order.
  public var record: Record {
    Record(
      kind: .patterns,
      values: [
        .text(id), .text(name), .integer(ringCount), .text(geometry.text), Value(stripFamilyID),
        .text(createdAt), .text(updatedAt), Value(metadata), .text(patternType),
        Value(rosetteGeometry),
      ])
  }
}
