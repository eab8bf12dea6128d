/// A strip family: wood strips in stock, cut from one material to one cross section.
///
/// ```swift
/// let family = StripFamily(
///   id: "ebony-2x08", name: "Ebony 2.0 × 0.8", stripWidthMM: 2.0, stripThicknessMM: 0.8,
///   materialType: "Ebony",
///   strips: JSONText([["id": "s1", "length_mm": 400, "position": 0]]),
///   createdAt: "2025-01-15T10:30:00Z")
/// print(family.record["strip_width_mm"] == .real(2.0))
/// ```
public struct StripFamily: Entity {
  /// Strip families.
  public static let kind = EntityKind.stripFamilies

  /// The id, unique among strip families.
  public var id: String
  /// The display name; not blank.
  public var name: String
  /// The width of a strip, in millimeters; more than 0.
  public var stripWidthMM: Double
  /// The thickness of a strip, in millimeters; more than 0.
  public var stripThicknessMM: Double
  /// The wood or other material, such as `Ebony`; not blank.
  public var materialType: String
  /// The strips: a JSON array with at least one element.
  public var strips: JSONText
  /// When it was entered: an ISO 8601 date or time, as written.
  public var createdAt: String
  /// When it was last changed: an ISO 8601 date or time, as written.
  public var updatedAt: String
  /// Other data that applications keep with the family; usually a JSON object.
  public var metadata: JSONText?

  /// Creates a strip family.
  ///
  /// - Parameters:
  ///   - id: The id, unique among strip families.
  ///   - name: The display name; not blank.
  ///   - stripWidthMM: The width of a strip, in millimeters; more than 0.
  ///   - stripThicknessMM: The thickness of a strip, in millimeters; more than 0.
  ///   - materialType: The material; not blank.
  ///   - strips: A JSON array with at least one element.
  ///   - createdAt: An ISO 8601 date or time.
  ///   - updatedAt: An ISO 8601 date or time; `createdAt` if `nil`.
  ///   - metadata: Other data; usually a JSON object.
  public init(
    id: String, name: String, stripWidthMM: Double, stripThicknessMM: Double,
    materialType: String, strips: JSONText, createdAt: String, updatedAt: String? = nil,
    metadata: JSONText? = nil
  ) {
    self.id = id
    self.name = name
    self.stripWidthMM = stripWidthMM
    self.stripThicknessMM = stripThicknessMM
    self.materialType = materialType
    self.strips = strips
    self.createdAt = createdAt
    self.updatedAt = updatedAt ?? createdAt
    self.metadata = metadata
  }
}

extension StripFamily {
  /// Creates a strip family from its record.
  ///
  /// - Throws: ``EntityRejected`` if a value is not what the schema declares.
  public init(record: Record) throws(EntityRejected) {
    try record.requireKind(.stripFamilies)
    self.init(
      id: try record.value("id"),
      name: try record.value("name"),
      stripWidthMM: try record.value("strip_width_mm"),
      stripThicknessMM: try record.value("strip_thickness_mm"),
      materialType: try record.value("material_type"),
      strips: try record.value("strips"),
      createdAt: try record.value("created_at"),
      updatedAt: try record.value("updated_at"),
      metadata: try record.value("metadata"))
  }

  /// The record that holds the same values, in column order.
  public var record: Record {
    Record(
      kind: .stripFamilies,
      values: [
        .text(id), .text(name), .real(stripWidthMM), .real(stripThicknessMM), .text(materialType),
        .text(strips.text), .text(createdAt), .text(updatedAt), Value(metadata),
      ])
  }
}
