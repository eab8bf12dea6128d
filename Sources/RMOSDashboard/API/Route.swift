import RMOSHTTP
import RMOSModels
import RMOSStore

/// The resource that a path names.
enum Route: Sendable, Hashable {
  case status
  case history
  case list(EntityKind)
  case item(EntityKind, id: String)
  case statistics(EntityKind)
  /// The entities whose member contains a text.
  case search(EntityKind, member: String, text: String)
  /// The entities whose member equals a text.
  case filter(EntityKind, member: String, text: String)

  /// The common prefix of all paths.
  static let root = ["api", "rmos", "stores"]

  /// Creates the route of a path; `nil` if there is none.
  init?(_ target: RequestTarget) {
    let segments = target.segments
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
    guard let kind = names.first.flatMap({ EntityKind(pathName: $0) }) else { return nil }
    switch names.count {
    case 1: self = .list(kind)
    // As received, so that an entity with that id can be reached: %73tatistics.
    case 2 where rest.last?.raw == "statistics": self = .statistics(kind)
    case 2 where !names[1].isEmpty: self = .item(kind, id: names[1])
    case 4 where names[1] == "search" && kind.searches[names[2]] != nil:
      self = .search(kind, member: kind.searches[names[2]] ?? "", text: names[3])
    case 4 where names[1] == "filter" && kind.filters[names[2]] != nil:
      self = .filter(kind, member: kind.filters[names[2]] ?? "", text: names[3])
    default: return nil
    }
  }

  static let readingMethods = ["GET", "HEAD", "OPTIONS"]

  /// The methods allowed, including those that write if writing is allowed.
  func methods(allowsWrites: Bool) -> [String] {
    let reading = Self.readingMethods
    return switch self {
    case .list where allowsWrites: reading + ["POST"]
    case .item where allowsWrites: reading + ["PUT", "PATCH", "DELETE"]
    default: reading
    }
  }

  /// The query parameters for reading.
  var parameters: [String] {
    switch self {
    case .status, .item, .statistics: []
    case .history: ["limit"]
    case .list, .search, .filter: ["limit", "offset", "order"]
    }
  }

  /// Whether the method would write here if writing were allowed.
  func isWrite(_ method: String) -> Bool {
    methods(allowsWrites: true).contains(method) && !Self.readingMethods.contains(method)
  }
}

extension EntityKind {
  /// The kind in paths: `strip-families`.
  var pathName: String {
    switch self {
    case .stripFamilies: "strip-families"
    case .patterns, .joblogs: rawValue
    }
  }

  /// The kind with a name in paths.
  init?(pathName: String) {
    guard let kind = EntityKind.allCases.first(where: { $0.pathName == pathName }) else {
      return nil
    }
    self = kind
  }

  /// The order in which a list begins: job logs are a diary, and have an index for it.
  var defaultOrder: RecordQuery.Order { self == .joblogs ? .newestFirst : .id }

  /// One entity in answers: `strip_family`.
  var memberName: String {
    switch self {
    case .stripFamilies: "strip_family"
    case .patterns: "pattern"
    case .joblogs: "joblog"
    }
  }

  /// The members to search, by their names in paths.
  var searches: [String: String] {
    switch self {
    case .stripFamilies, .patterns: ["name": "name"]
    case .joblogs: [:]
    }
  }

  /// The members to filter by, by their names in paths.
  var filters: [String: String] {
    switch self {
    case .stripFamilies: ["material": "material_type"]
    case .patterns: ["rings": "ring_count"]
    case .joblogs: ["status": "status", "pattern": "pattern_id", "type": "job_type"]
    }
  }
}
