import RMOSHTTP
import RMOSModels
import RMOSStore

/// The request for a list page: the filters, the order and the page.
///
/// Invalid values fall back to the default, and the page says so.
struct ListRequest {
  /// A filter in the URL.
  struct Filter: Sendable {
    /// The parameter.
    var parameter: String
    /// The member to filter by.
    var member: String
    /// The label.
    var label: String
  }

  let kind: EntityKind
  /// The text to search for; empty for none.
  var search = ""
  /// The member to search in.
  var searchMember: String
  /// The active filters, with their values as given.
  var filters: [(filter: Filter, value: String)] = []
  var order: RecordQuery.Order
  /// The page, from 1.
  var page = 1
  /// The number of entities per page.
  var pageSize = Self.pageSizes[0]
  /// Messages about invalid values.
  var complaints: [String] = []

  /// The allowed page sizes, the default first.
  static let pageSizes = [50, 100, 200]

  /// The parameters of a list's URL; `id` makes it that of an entity.
  static func parameters(of kind: EntityKind) -> [String] {
    ["q", "in", "sort", "page", "per", "id"] + kind.pageFilters.map(\.parameter)
  }

  init(_ kind: EntityKind) {
    self.kind = kind
    searchMember = kind.searchMembers[0]
    order = kind.defaultOrder
  }

  init(_ kind: EntityKind, _ target: RequestTarget) {
    self.init(kind)
    search = target["q"] ?? ""
    if let member = target["in"], kind.searchMembers.contains(member) { searchMember = member }
    for filter in kind.pageFilters {
      guard let value = target[filter.parameter], !value.isEmpty else { continue }
      if Self.value(value, of: filter, kind) == nil {
        complaints.append(
          "\"\(value.prefix(40))\" is not a whole number; the filter \"\(filter.label)\" is ignored."
        )
      } else {
        filters.append((filter, value))
      }
    }
    switch target["sort"] {
    case "newest": order = .newestFirst
    case "id": order = .id
    default: break
    }
    if let text = target["page"] { page = max(1, Int(text) ?? 1) }
    if let size = target["per"].flatMap({ Int($0) }), Self.pageSizes.contains(size) {
      pageSize = size
    }
  }

  /// The query for all pages.
  var query: RecordQuery {
    var query = RecordQuery(kind).order(order)
    if !search.isEmpty { query = query.filter(searchMember, contains: search) }
    for (filter, value) in filters {
      guard let value = Self.value(value, of: filter, kind) else { continue }
      query = query.filter(filter.member, is: value)
    }
    return query
  }

  /// Whether it is restricted by a search or a filter.
  var isNarrowed: Bool { !search.isEmpty || !filters.isEmpty }

  private static func value(_ text: String, of filter: Filter, _ kind: EntityKind) -> Value? {
    if case .integer? = kind.schema.position(ofMember: filter.member).map({
      kind.schema.fields[$0].type
    }) {
      return Int64(text).map { .integer($0) }
    }
    return .text(text)
  }

  /// The parameters of the same request, without defaults.
  func parameters(page: Int? = nil, without dropped: String? = nil) -> [(String, String)] {
    var result: [(String, String)] = []
    if !search.isEmpty, dropped != "q" {
      result.append(("q", search))
      if searchMember != kind.searchMembers[0] { result.append(("in", searchMember)) }
    }
    for (filter, value) in filters where filter.parameter != dropped {
      result.append((filter.parameter, value))
    }
    if order != kind.defaultOrder { result.append(("sort", order == .id ? "id" : "newest")) }
    if pageSize != Self.pageSizes[0] { result.append(("per", String(pageSize))) }
    let page = dropped == nil ? page ?? 1 : 1
    if page > 1 { result.append(("page", String(page))) }
    return result
  }
}

extension EntityKind {
  /// The members that can be searched, the first by default.
  var searchMembers: [String] { self == .joblogs ? ["id"] : ["name", "id"] }

  /// The filters of the kind's list.
  var pageFilters: [ListRequest.Filter] {
    switch self {
    case .patterns:
      [
        .init(parameter: "rings", member: "ring_count", label: "rings"),
        .init(parameter: "type", member: "pattern_type", label: "type"),
        .init(parameter: "family", member: "strip_family_id", label: "strip family"),
      ]
    case .stripFamilies:
      [.init(parameter: "material", member: "material_type", label: "material")]
    case .joblogs:
      [
        .init(parameter: "status", member: "status", label: "status"),
        .init(parameter: "type", member: "job_type", label: "type"),
        .init(parameter: "pattern", member: "pattern_id", label: "pattern"),
        .init(parameter: "family", member: "strip_family_id", label: "strip family"),
      ]
    }
  }
}
