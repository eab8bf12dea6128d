import RMOSHTTP
import RMOSModels
import RMOSStore

/// The resource that a path names.
enum Route: Sendable, Hashable {
  /// The OpenAPI description of the others.
  case document
  case status
  case history
  /// The newest audit of the whole store.
  case audit
  /// The runs in the ledger.
  case runs
  case run(id: String)
  /// The issues of a run.
  case issues(run: String)
  case list(EntityKind)
  case item(EntityKind, id: String)
  /// The origin of an entity, and the changes that runs made to it.
  case origin(EntityKind, id: String)
  case statistics(EntityKind)
  /// The entities whose member contains a text.
  case search(EntityKind, member: String, text: String)
  /// The entities whose member equals a text.
  case filter(EntityKind, EntitySchema.Filter, text: String)
  /// Figures; `id` is empty if the path has none.
  case analytics(AnalyticsRoute, id: String)

  /// The path of ``document``.
  static let documentName = "openapi.json"
  /// The segments that most other paths begin with.
  static let root = ["api", "rmos", "stores"]

  /// Creates the route of a path; `nil` if there is none.
  init?(_ target: RequestTarget, _ catalog: EntityCatalog) {
    let segments = target.segments
    if segments.map(\.text) == [Self.documentName] {
      self = .document
      return
    }
    if let (route, id) = AnalyticsRoute.find(segments) {
      self = .analytics(route, id: id)
      return
    }
    guard segments.prefix(3).map(\.text) == Self.root else { return nil }
    let rest = segments.dropFirst(3)
    let names = rest.map(\.text)
    if names.first == "migration", let route = Self.migration(Array(names.dropFirst())) {
      self = route
      return
    }
    guard let kind = names.first.flatMap(catalog.kind(pathName:)) else { return nil }
    let presentation = kind.schema.presentation
    switch names.count {
    case 1: self = .list(kind)
    // Compared as received: an entity with the id "statistics" has the path %73tatistics.
    case 2 where rest.last?.raw == "statistics": self = .statistics(kind)
    case 2 where !names[1].isEmpty: self = .item(kind, id: names[1])
    case 3 where names[2] == "origin" && !names[1].isEmpty: self = .origin(kind, id: names[1])
    case 4 where names[1] == "search":
      guard presentation.searches.contains(names[2]) else { return nil }
      self = .search(kind, member: names[2], text: names[3])
    case 4 where names[1] == "filter":
      guard let filter = presentation.filters.first(where: { $0.name == names[2] && $0.hasPath })
      else { return nil }
      self = .filter(kind, filter, text: names[3])
    default: return nil
    }
  }

  /// The route of a path below `migration`; `nil` if there is none.
  private static func migration(_ names: [String]) -> Route? {
    switch (names.first, names.count) {
    case ("status", 1): .status
    case ("history", 1): .history
    case ("audit", 1): .audit
    case ("runs", 1): .runs
    case ("runs", 2) where !names[1].isEmpty: .run(id: names[1])
    case ("runs", 3) where names[2] == "issues": .issues(run: names[1])
    default: nil
    }
  }

  static let readingMethods = ["GET", "HEAD", "OPTIONS"]

  /// The allowed methods, including the writing ones if writing is allowed.
  func methods(allowsWrites: Bool) -> [String] {
    let reading = Self.readingMethods
    return switch self {
    case .list where allowsWrites: reading + ["POST"]
    case .item where allowsWrites: reading + ["PUT", "PATCH", "DELETE"]
    case .audit: reading + ["POST"]
    case .analytics(let route, _): route.methods
    default: reading
    }
  }

  /// The query parameters for reading.
  var parameters: [String] {
    switch self {
    case .document, .status, .audit, .item, .origin, .statistics, .run: []
    case .history: ["limit"]
    case .runs: ["limit", "offset", "sort", "format"]
    case .issues: ["severity", "code", "kind", "new", "limit", "offset", "format"]
    case .list(let kind):
      ["limit", "offset", "order", "sort", "format", "q", "in", "run", "outcome"]
        + kind.schema.presentation.filters.map(\.name)
    case .search, .filter: ["limit", "offset", "order", "sort", "format"]
    case .analytics(let route, _): route.parameters
    }
  }

  /// Whether a method is allowed only if writing is.
  func isWrite(_ method: String) -> Bool {
    methods(allowsWrites: true).contains(method) && !methods(allowsWrites: false).contains(method)
  }
}
