import RMOSHTTP
import RMOSModels
import RMOSStore

/// The resource that a path names.
enum Route: Sendable, Hashable {
  /// The description of all others.
  case document
  case status
  case history
  /// The newest whole audit.
  case audit
  /// The runs in the ledger.
  case runs
  case run(id: String)
  /// The issues of a run.
  case issues(run: String)
  case list(EntityKind)
  case item(EntityKind, id: String)
  /// Where an entity came from, and what runs did to it since.
  case origin(EntityKind, id: String)
  case statistics(EntityKind)
  /// The entities whose member contains a text.
  case search(EntityKind, member: String, text: String)
  /// The entities whose member equals a text.
  case filter(EntityKind, EntitySchema.Filter, text: String)
  /// Figures; the id is empty where there is none in the path.
  case analytics(AnalyticsRoute, id: String)

  /// The path of ``document``.
  static let documentName = "openapi.json"
  /// The common prefix of all other paths.
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
    if names == ["migration", "status"] {
      self = .status
      return
    }
    if names == ["migration", "history"] {
      self = .history
      return
    }
    if names == ["migration", "audit"] {
      self = .audit
      return
    }
    if names.starts(with: ["migration", "runs"]), names.count < 5 {
      switch names.count {
      case 2: self = .runs
      case 3 where !names[2].isEmpty: self = .run(id: names[2])
      case 4 where names[3] == "issues": self = .issues(run: names[2])
      default: return nil
      }
      return
    }
    guard let kind = names.first.flatMap(catalog.kind(pathName:)) else { return nil }
    let presentation = kind.schema.presentation
    switch names.count {
    case 1: self = .list(kind)
    // As received, so that an entity with that id can be reached: %73tatistics.
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

  /// Whether the method would write here if writing were allowed.
  func isWrite(_ method: String) -> Bool {
    methods(allowsWrites: true).contains(method) && !methods(allowsWrites: false).contains(method)
  }
}
