/// Entities as JSON text, for trees built in tests.
enum Texts {
  static func family(_ id: String, name: String = "Ebony", more: String = "") -> String {
    #"{"id": "\#(id)", "name": "\#(name)", "strip_width_mm": 2.0, "strip_thickness_mm": 0.8, "#
      + #""material_type": "Ebony", "strips": [{"id": "s1"}], "created_at": "2025-01-15"\#(more)}"#
  }

  static func pattern(_ id: String, family: String? = nil) -> String {
    let reference = family.map { #", "strip_family_id": "\#($0)""# } ?? ""
    return #"{"id": "\#(id)", "name": "Rope", "ring_count": 3, "geometry": {"rings": [1]}"#
      + #"\#(reference), "created_at": "2025-01-15"}"#
  }

  static func job(_ id: String, pattern: String? = nil) -> String {
    let reference = pattern.map { #", "pattern_id": "\#($0)""# } ?? ""
    return #"{"id": "\#(id)", "job_type": "slice", "parameters": {"a": 1}\#(reference), "#
      + #""created_at": "2025-01-15"}"#
  }
}
