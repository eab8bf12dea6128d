import RMOSHTTP
import RMOSModels

/// The page that an address names.
enum PageRoute: Hashable {
  case overview
  case analytics
  /// The newest audit of the whole store.
  case audit
  /// The runs in the ledger.
  case runs
  case run(String)
  case list(EntityKind)
  /// An entity, whose id is in the path, or in a parameter if the path cannot contain it.
  case entity(EntityKind, id: String, isParameter: Bool)
  /// The cut list of a pattern, whose id is in the path or in a parameter.
  case cutList(pattern: String, isParameter: Bool)

  /// Creates the route of an address; `nil` if there is no such page.
  init?(_ target: RequestTarget, _ catalog: EntityCatalog) {
    let path = target.pagePath
    let kind = path.first.flatMap { catalog.kind(pathName: $0) }
    switch (path.first, path.count) {
    case (nil, _): self = .overview
    case ("analytics", 1): self = .analytics
    case ("audit", 1): self = .audit
    case ("cut-list", 1): self = .cutList(pattern: target["id"] ?? "", isParameter: true)
    case ("runs", 1): self = .runs
    case ("runs", 2): self = .run(path[1])
    case (_, 1):
      guard let kind else { return nil }
      self = target["id"].map { .entity(kind, id: $0, isParameter: true) } ?? .list(kind)
    case (_, 2):
      guard let kind else { return nil }
      self = .entity(kind, id: path[1], isParameter: false)
    case (EntityKind.patterns.pathName, 3) where path[2] == "cut-list":
      self = .cutList(pattern: path[1], isParameter: false)
    default: return nil
    }
  }

  /// The parameters that the page knows.
  private var parameters: [String] {
    switch self {
    case .overview: []
    case .analytics: AnalyticsRequest.parameters
    case .audit: ["format"]
    case .runs: RunsRequest.parameters
    case .run: RunRequest.parameters
    case .list(let kind): ListRequest.parameters(of: kind)
    case .entity(_, _, let isParameter): isParameter ? ["id"] : []
    case .cutList(_, let isParameter):
      (isParameter ? ["id"] : []) + CutListForm.parameters + ["format"]
    }
  }

  /// A message about a parameter that the page does not know, or that is given twice; `nil` if
  /// there is none.
  func complaint(about target: RequestTarget) -> String? {
    let known = parameters
    if let unknown = target.parameters.first(where: { !known.contains($0.name) }) {
      return RequestTarget.unknownParameter(unknown.name, known: known)
    }
    return target.parameters.enumerated().first { index, parameter in
      target.parameters[..<index].contains { $0.name == parameter.name }
    }.map { "\"\($0.element.name)\" is given twice; the page takes the last one" }
  }
}
