import RMOSHTTP
import RMOSModels
import RMOSStore

/// The request for a list page: the filters, the order and the page.
///
/// Invalid values fall back to the default, and the page says so.
struct ListRequest {
  /// One filter that the address may carry.
  typealias Filter = EntitySchema.Filter

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
    ["q", "in", "sort", "page", "per", "id"] + kind.schema.presentation.filters.map(\.name)
  }

  init(_ kind: EntityKind) {
    self.kind = kind
    searchMember = kind.schema.searchMembers[0]
    order = kind.defaultOrder
  }

  init(_ kind: EntityKind, _ target: RequestTarget) {
    self.init(kind)
    search = target["q"] ?? ""
    if let member = target["in"], kind.schema.searchMembers.contains(member) {
      searchMember = member
    }
    for filter in kind.schema.presentation.filters {
      guard let value = target[filter.name], !value.isEmpty else { continue }
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
      if searchMember != kind.schema.searchMembers[0] { result.append(("in", searchMember)) }
    }
    for (filter, value) in filters where filter.name != dropped {
      result.append((filter.name, value))
    }
    if order != kind.defaultOrder { result.append(("sort", order == .id ? "id" : "newest")) }
    if pageSize != Self.pageSizes[0] { result.append(("per", String(pageSize))) }
    let page = dropped == nil ? page ?? 1 : 1
    if page > 1 { result.append(("page", String(page))) }
    return result
  }
}
