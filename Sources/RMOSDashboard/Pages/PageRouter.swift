import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSSystem

/// Routes requests to the pages: everything that is not the API.
///
/// Each page works without its script. Text from the database goes through ``HTML``, so it is never
/// markup.
struct PageRouter: Sendable {
  let store: any RecordStore
  /// Returns the status of the store, possibly from a cache.
  let status: @Sendable () throws -> MigrationStatus
  /// Returns the history, of up to `limit` days, of a store with `total` entities, possibly from a
  /// cache; `nil` while it is being counted.
  let history: @Sendable (_ limit: Int, _ total: Int) throws -> MigrationHistory?
  /// The cached figures.
  let figures: AnalyticsFigures
  /// The cached numbers of entities.
  let totals: EntityTotals
  /// Returns the state of the background audits.
  var audit: @Sendable () -> BackgroundAudit.View = { .off }
  /// Asks for an audit; `nil` if audits are turned off.
  var askForAudit: (@Sendable () -> Void)?

  /// Whether a target is that of a page: any except those of the API and its description.
  static func answers(_ target: String) -> Bool {
    let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
    return path.first == UInt8(ascii: "/") && !path.starts(with: "/api/".utf8)
      && !["/api", "/\(Route.documentName)", "/\(Route.documentName)/"].contains {
        path.elementsEqual($0.utf8)
      }
  }

  /// Returns the response to a request for a page; an error becomes a page too.
  func response(to request: ServerRequest, _ target: RequestTarget) -> ServerResponse {
    let route = PageRoute(target, store.catalog)
    let methods = Route.readingMethods + (route == .audit ? ["POST"] : [])
    if request.method == "OPTIONS" { return .options(methods) }
    if request.method == "POST", methods.contains("POST") { return askedForAudit(request) }
    guard request.method == "GET" || request.method == "HEAD" else {
      var answer = ErrorPage.methodNotAllowed.response(to: request, store.catalog)
      answer.fields.append(HeaderField("Allow", methods.joined(separator: ", ")))
      return answer
    }
    if let shorter = target.withoutTrailingSlash, let place = try? RequestTarget(shorter),
      PageRoute(place, store.catalog) != nil
    {
      return .redirect(to: shorter)
    }
    do {
      guard let route else { throw ErrorPage.notFound }
      try store.checkPresence()
      if let file = try file(route, target, request) { return file }
      var document = try page(route, target)
      // Unknown parameters are ignored, and the page says so.
      if let complaint = route.complaint(about: target) {
        document.main =
          PageCell.warning("Ignored: \(PageText.short(complaint, limit: 1000))") + document.main
      }
      return document.response(to: request, store.catalog)
    } catch let error as ErrorPage {
      return error.response(to: request, store.catalog)
    } catch {
      return ErrorPage(error).response(to: request, store.catalog)
    }
  }

  /// Asks for an audit, as the button on the audit page does, and redirects to that page.
  private func askedForAudit(_ request: ServerRequest) -> ServerResponse {
    if let refusal = AccessPolicy.originRefusal(of: request) {
      return refusal.response(to: request.fields, forPage: true)
    }
    guard let askForAudit else { return ErrorPage.noAudit.response(to: request, store.catalog) }
    askForAudit()
    return ServerResponse(
      status: 303,
      fields: [HeaderField("Location", "/audit"), HeaderField("Cache-Control", "no-store")]
        + ServerResponse.securityFields)
  }

  /// Returns a file to download, such as a list as CSV; `nil` if the request is for a page.
  private func file(
    _ route: PageRoute, _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse? {
    guard let text = target["format"] else { return nil }
    // A file cannot say that a parameter was ignored.
    func check(_ complaints: [Complaint] = []) throws(ErrorPage) {
      guard let fault = route.complaint(about: target) ?? complaints.first?.fault else { return }
      let path = target.pagePath.map(\.percentEncoded).joined(separator: "/")
      throw .wrongParameter(fault, page: "/" + path)
    }
    func format<Format>(_ type: Format.Type) throws(ErrorPage) -> Format
    where Format: RawRepresentable<String> & CaseIterable {
      guard let format = Format(rawValue: text) else {
        throw .unknownFormat(text, type.allCases.map(\.rawValue))
      }
      return format
    }
    switch route {
    case .audit:
      try check()
      return try AuditPage(audit()).download(format(AuditPage.Format.self))
    case .runs:
      guard text == "csv" else { throw ErrorPage.unknownFormat(text, ["csv"]) }
      let request = RunsRequest(target)
      try check(request.complaints)
      return .csv(
        try RunSlice(request.order, limit: .max, offset: 0, in: store).csv, name: "runs")
    case .run(let id):
      let choice = try runRequest(id, target)
      try check(choice.complaints)
      return try format(RunDownload.self).response(choice, in: store, for: request)
    case .list(let kind):
      try check()
      return try ListPage.export(
        ListRequest(kind, target), format(ListTable.Format.self), in: store, for: request)
    case .cutList(let id, _):
      try check()
      return try CutListPage(id, target, in: store, today: figures.today)
        .file(format(ListTable.Format.self))
    case .overview, .analytics, .entity: return nil
    }
  }

  private func page(_ route: PageRoute, _ target: RequestTarget) throws -> PageDocument {
    switch route {
    case .overview:
      let status = try status()
      let total = status.entityCounts.total
      return try OverviewPage(
        store: store, status: status, today: figures.today, history: { try history(500, total) }
      ).document
    case .analytics: return try AnalyticsPage(AnalyticsRequest(target), figures).document
    case .audit: return AuditPage(audit()).document
    case .runs: return try RunsPage(RunsRequest(target), in: store).document
    case .run(let id): return try RunPage(try runRequest(id, target), in: store).document
    case .list(let kind):
      return try ListPage(ListRequest(kind, target), in: store, totals: totals).document
    case .entity(let kind, let id, _):
      return try DetailPage(kind, id: id, in: store, figures).document
    case .cutList(let id, _):
      return try CutListPage(id, target, in: store, today: figures.today).document
    }
  }

  private func runRequest(_ id: String, _ target: RequestTarget) throws(ErrorPage) -> RunRequest {
    guard let number = id.wholeNumber else { throw .noRun(id) }
    return RunRequest(number, target, store.catalog)
  }
}

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
