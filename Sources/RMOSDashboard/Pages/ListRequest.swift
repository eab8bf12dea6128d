import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSSystem

/// The request for a list page: the filters, the order and the page.
///
/// Invalid values fall back to the default, and the page says so.
struct ListRequest {
  /// A filter of the kind's lists.
  typealias Filter = EntitySchema.Filter

  let kind: EntityKind
  /// The text to search for; empty for none.
  var search = ""
  /// The member to search in, or ``anywhere``.
  var searchMember: String
  /// The active filters, with their values as given.
  var filters: [(filter: Filter, value: String)] = []
  /// The run and the outcome to which the list is restricted, as given.
  private var runText: (run: String, outcome: String)?
  /// The entities of that run, once it has been looked up.
  private(set) var runEntities: RunEntities?
  var order: ListOrder
  /// The page, from 1.
  var page = 1
  /// The number of entities per page.
  var pageSize = PageChoice.sizes[0]
  var complaints: [Complaint] = []

  /// The choice of searching in all of a kind's search members at once.
  static let anywhere = "anywhere"

  /// The members that can be searched, the default first.
  static func searchMembers(_ kind: EntityKind) -> [String] {
    kind.schema.searchMembers + [anywhere]
  }

  /// The parameters of a list's URL, and `id`, with which it is the URL of an entity.
  static func parameters(of kind: EntityKind) -> [String] {
    ["q", "in", "sort", "page", "per", "format", "id", "run", "outcome"]
      + kind.schema.presentation.filters.map(\.name)
  }

  init(_ kind: EntityKind) {
    self.kind = kind
    searchMember = kind.schema.searchMembers[0]
    order = ListOrder(kind.defaultOrder)
  }

  init(_ kind: EntityKind, _ target: RequestTarget) {
    self.init(kind)
    search = target["q"] ?? ""
    if let member = target["in"], !member.isEmpty {
      let known = Self.searchMembers(kind)
      if known.contains(member) {
        searchMember = member
      } else {
        complaints.append(
          Complaint(
            "\"\(member.prefix(40))\" is none of \(known.joined(separator: ", "))",
            "the search is in \(searchMember)"))
      }
    }
    for filter in kind.schema.presentation.filters {
      guard let value = target[filter.name], !value.isEmpty || Self.isSetByLinks(filter, kind)
      else { continue }
      if filter.condition(value, kind) == nil {
        complaints.append(
          Complaint(
            "\"\(value.prefix(40))\" is not a whole number from "
              + "\(kind.leastWholeNumber(of: filter.member) ?? 0) up",
            "the filter \"\(filter.label)\" is ignored"))
      } else {
        filters.append((filter, value))
      }
    }
    let outcome = target["outcome"] ?? ""
    if let text = target["run"], !text.isEmpty {
      runText = (text, outcome)
    } else if !outcome.isEmpty {
      complaints.append(
        Complaint("\"outcome\" is that of a run, which \"run\" must name", "it is ignored"))
    }
    let choice = PageChoice(target, &order) { ListOrder($0, of: kind) }
    page = choice.page ?? 1
    pageSize = choice.size
    complaints += choice.complaints
  }

  /// Whether a filter is set by links only.
  ///
  /// The form has a field for each other filter, which is empty for any value.
  static func isSetByLinks(_ filter: Filter, _ kind: EntityKind) -> Bool {
    filter.isFacet || kind.schema.target(ofMember: filter.member) != nil
  }

  /// Looks up the run to which the list is restricted.
  mutating func findRun(in reader: any StoreReader) throws {
    guard let (text, outcomeText) = runText else { return }
    runText = nil
    guard let id = text.wholeNumber else {
      complaints.append(
        Complaint("\"\(text.prefix(40))\" is not the number of a run", "the filter is ignored"))
      return
    }
    let figure = RunEntities.figures.first { $0.rawValue == outcomeText }
    if figure == nil, !outcomeText.isEmpty {
      complaints.append(
        Complaint(
          "\"\(outcomeText.prefix(40))\" is none of "
            + RunEntities.figures.map(\.rawValue).joined(separator: ", "),
          "all that the run wrote is listed"))
    }
    runEntities = try RunEntities(ofRun: id, figure, in: reader)
    if runEntities == nil {
      complaints.append(Complaint("The ledger has no run \(id)", "the filter is ignored"))
    }
  }

  /// The query for all pages.
  var query: RecordQuery { query(without: nil) }

  /// The query for all pages, without the condition of a filter.
  func query(without dropped: String?) -> RecordQuery {
    var query = RecordQuery(kind).order(order.order)
    for (filter, value) in filters where filter.name != dropped {
      if let condition = filter.condition(value, kind) { query = query.filter(condition) }
    }
    query.conditions += runEntities?.conditions ?? []
    guard !search.isEmpty else { return query }
    return query.filter(Self.condition(search, in: searchMember, kind))
  }

  /// The condition that a text is found in a member, or anywhere.
  static func condition(
    _ text: String, in member: String, _ kind: EntityKind
  ) -> RecordQuery.Condition {
    member == anywhere
      ? .anyContains(members: kind.schema.allSearchMembers, text: text)
      : .contains(member: member, text: text)
  }

  /// Whether the list is restricted by a search or a filter.
  var isNarrowed: Bool { !search.isEmpty || !filters.isEmpty || runEntities != nil }

  /// The value of an active filter; `nil` if it is not active.
  func value(of filter: Filter) -> String? {
    filters.first { $0.filter.name == filter.name }?.value
  }

  /// The same request for its first page, in another order.
  func ordered(by order: RecordQuery.Order) -> ListRequest {
    var copy = self
    copy.order = ListOrder(order)
    copy.page = 1
    return copy
  }

  /// The same request for its first page, with a filter's value; `nil` removes it.
  func filtered(by filter: Filter, _ value: String?) -> ListRequest {
    var copy = self
    copy.filters.removeAll { $0.filter.name == filter.name }
    if let value { copy.filters.append((filter, value)) }
    copy.page = 1
    return copy
  }

  /// The same request for its first page, of all runs.
  var ofAllRuns: ListRequest {
    var copy = self
    copy.runEntities = nil
    copy.page = 1
    return copy
  }

  /// Whether the list is restricted by nothing but possibly a run.
  var isOfRunOnly: Bool { search.isEmpty && filters.isEmpty }

  /// The parameters that name the run.
  var runParameters: [(String, String)] {
    guard let runEntities else { return [] }
    return [("run", String(runEntities.run.id))]
      + (runEntities.figure.map { [("outcome", $0.rawValue)] } ?? [])
  }

  /// The parameters of the same request, without defaults.
  func parameters(page: Int? = nil) -> [(String, String)] {
    var result: [(String, String)] = []
    if !search.isEmpty {
      result.append(("q", search))
      if searchMember != kind.schema.searchMembers[0] { result.append(("in", searchMember)) }
    }
    for (filter, value) in filters { result.append((filter.name, value)) }
    result += runParameters
    if order.order != kind.defaultOrder { result.append(("sort", order.text)) }
    if pageSize != PageChoice.sizes[0] { result.append(("per", String(pageSize))) }
    let page = page ?? self.page
    if page > 1 { result.append(("page", String(page))) }
    return result
  }

  /// The URL of the request; the URL of the whole list if it would be too long.
  var link: String { PageLink.link(to: kind, parameters()) ?? "/\(kind.pathName)" }
}

/// The order of a list as addresses have it: `id`, `newest`, a column's member, or descending with
/// `-member`.
struct ListOrder: Hashable {
  let order: RecordQuery.Order

  /// Creates the order that a parameter names; `nil` if the kind's lists have none of that name.
  init?(_ text: String, of kind: EntityKind) {
    switch text {
    case "id": order = .id
    case "newest": order = .newestFirst
    default:
      let isDescending = text.hasPrefix("-")
      let member = isDescending ? String(text.dropFirst()) : text
      guard kind.sortMembers.contains(member) else { return nil }
      order = .member(member, descending: isDescending)
    }
  }

  init(_ order: RecordQuery.Order) { self.order = order }

  /// The order as a parameter.
  var text: String {
    switch order {
    case .id: "id"
    case .newestFirst: "newest"
    case .member(let member, let isDescending): (isDescending ? "-" : "") + member
    }
  }

  /// Whether the order is descending; `nil` if it is not that of the column.
  func isDescending(_ member: String) -> Bool? {
    switch order {
    case .member(member, let isDescending): isDescending
    case .newestFirst where member == "created_at": true
    case .id where member == "id": false
    default: nil
    }
  }
}

extension EntityKind {
  /// The members by which lists can be sorted: the columns, and the id.
  fileprivate var sortMembers: [String] {
    let members = schema.presentation.columns.map(\.member)
    return members.contains("id") ? members : members + ["id"]
  }

  /// All orders that lists may have, as parameters.
  var sortNames: [String] {
    ["newest"] + sortMembers + sortMembers.map { "-\($0)" }
  }
}
