import RMOSHTML
import RMOSModels

/// A column of a kind's list.
struct ListColumn: Sendable {
  let heading: String
  var isNumber = false
  let cell: @Sendable (Record) -> HTML

  /// The columns of a kind, that which names the row first.
  static func columns(of kind: EntityKind) -> [ListColumn] {
    switch kind {
    case .patterns:
      [
        named(kind), number("Rings", "ring_count"), text("Type", "pattern_type"),
        reference("Strip family", "strip_family_id", .stripFamilies), created,
      ]
    case .stripFamilies:
      [
        named(kind), text("Material", "material_type"), number("Width, mm", "strip_width_mm"),
        number("Thickness, mm", "strip_thickness_mm"), created,
      ]
    case .joblogs:
      [
        ListColumn(heading: "Job") { record in
          """
          \(PageCell.link(to: kind, id: record.id, record.id)) \
          <span class="dim id">\(PageText.short(PageText.text(record["job_type"]) ?? ""))</span>
          """
        },
        ListColumn(heading: "Status") { PageCell.status(PageText.text($0["status"]) ?? "") },
        reference("Pattern", "pattern_id", .patterns),
        ListColumn(heading: "Took", isNumber: true) { record in
          switch record["duration_seconds"] {
          case .real(let seconds): "\(PageText.duration(seconds))"
          case .integer(let seconds): "\(PageText.duration(Double(seconds)))"
          default: none
          }
        },
        created,
      ]
    }
  }

  private static let none: HTML = "<span class=\"dim\">–</span>"

  private static func named(_ kind: EntityKind) -> ListColumn {
    ListColumn(heading: "Name") { record in
      """
      \(PageCell.link(to: kind, id: record.id, PageText.text(record["name"]) ?? "")) \
      <span class="dim id">\(PageText.short(record.id, limit: 100))</span>
      """
    }
  }

  private static func text(_ heading: String, _ member: String) -> ListColumn {
    ListColumn(heading: heading) { record in
      PageText.text(record[member]).map { PageText.short($0, limit: 80) } ?? none
    }
  }

  private static func number(_ heading: String, _ member: String) -> ListColumn {
    ListColumn(heading: heading, isNumber: true) { record in
      PageText.text(record[member]).map { PageText.short($0, limit: 30) } ?? none
    }
  }

  private static func reference(
    _ heading: String, _ member: String, _ kind: EntityKind
  ) -> ListColumn {
    ListColumn(heading: heading) { record in
      PageText.text(record[member]).map { PageCell.link(to: kind, id: $0, $0) } ?? none
    }
  }

  private static let created = ListColumn(heading: "Created") { record in
    PageText.time(PageText.text(record["created_at"]))
  }
}
