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
  /// The store.
  let store: any RecordStore
  /// Its status, possibly from a cache.
  let status: @Sendable () throws -> MigrationStatus
  /// Its history with a maximum number of days, possibly from a cache; `nil` while that of so many
  /// entities is being counted.
  let history: @Sendable (_ limit: Int, _ total: Int) throws -> MigrationHistory?
  /// Its figures, kept.
  let figures: AnalyticsFigures
  /// The cached numbers of entities.
  var totals: EntityTotals?
  /// The state of the background audits.
  var audit: @Sendable () -> BackgroundAudit.View = { .off }
  /// Asks for an audit; `nil` if there are none.
  var askForAudit: (@Sendable () -> Void)?

  /// Whether a target is a page: everything except `/api` and the document that describes it.
  static func answers(_ target: String) -> Bool {
    let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
    return path.first == UInt8(ascii: "/") && !path.starts(with: "/api/".utf8)
      && !["/api", "/\(Route.documentName)", "/\(Route.documentName)/"].contains {
        path.elementsEqual($0.utf8)
      }
  }

  /// Responds to a request for a page; an error becomes a page too.
  func response(to request: ServerRequest, _ target: RequestTarget) -> ServerResponse {
    let methods = Route.readingMethods + (target.pagePath == ["audit"] ? ["POST"] : [])
    if request.method == "OPTIONS" { return .options(methods) }
    if request.method == "POST", methods.contains("POST") { return askedForAudit(request) }
    guard request.method == "GET" || request.method == "HEAD" else {
      var answer = ErrorPage.methodNotAllowed.response(store.catalog)
      answer.fields.append(HeaderField("Allow", methods.joined(separator: ", ")))
      return answer
    }
    if let shorter = target.withoutTrailingSlash, let place = try? RequestTarget(shorter),
      isPage(place.pagePath)
    {
      return .redirect(to: shorter)
    }
    do {
      if let export = try export(target, request) { return export }
      var document = try page(target)
      if let notice = notice(about: target) { document.main = notice + document.main }
      return document.response(to: request, store.catalog)
    } catch let error as ErrorPage {
      return error.response(store.catalog)
    } catch {
      return ErrorPage(error).response(store.catalog)
    }
  }

  /// Asks for an audit, as the button on its page does, and leads back there.
  private func askedForAudit(_ request: ServerRequest) -> ServerResponse {
    if let refusal = AccessPolicy.originRefusal(of: request) {
      return refusal.response(to: request.fields, forPage: true)
    }
    guard let askForAudit else { return ErrorPage.noAudit.response(store.catalog) }
    askForAudit()
    return ServerResponse(
      status: 303,
      fields: [HeaderField("Location", "/audit"), HeaderField("Cache-Control", "no-store")]
        + ServerResponse.securityFields)
  }

  private func isPage(_ path: [String]) -> Bool {
    switch path.count {
    case 0: false
    case 1 where ["analytics", "audit", "cut-list", "runs"].contains(path[0]): true
    case 2 where path[0] == "runs": true
    case 1, 2: store.catalog.kind(pathName: path[0]) != nil
    case 3: path[0] == EntityKind.patterns.pathName && path[2] == "cut-list"
    default: false
    }
  }

  /// The response that is to be saved as a file, such as a list for other programs; `nil` if a page
  /// is asked for.
  private func export(
    _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse? {
    if target.pagePath == ["audit"], let text = target["format"] {
      try check(target)
      guard let format = AuditPage.Format(rawValue: text) else {
        throw ErrorPage.unknownFormat(text, AuditPage.Format.allCases.map(\.rawValue))
      }
      return try AuditPage(audit()).download(format)
    }
    if target.pagePath.first == "runs" { return try runExport(target, request) }
    guard target.pagePath.count == 1, let kind = store.catalog.kind(pathName: target.pagePath[0]),
      target["id"] == nil, let format = target["format"], ["csv", "json"].contains(format)
    else { return nil }
    try check(target)
    return try ListPage.export(
      ListRequest(kind, target), format, in: store, for: request)
  }

  /// The runs, or one of them, as a file; `nil` if a page is asked for.
  private func runExport(
    _ target: RequestTarget, _ request: ServerRequest
  ) throws -> ServerResponse? {
    guard let format = target["format"] else { return nil }
    switch target.pagePath.count {
    case 1 where format == "csv":
      try check(target)
      return .csv(
        try RunSlice(RunsRequest(target).order, limit: .max, offset: 0, in: store).csv,
        name: "runs")
    case 1: throw ErrorPage.unknownFormat(format, ["csv"])
    case 2:
      try check(target)
      guard let download = RunDownload(rawValue: format) else {
        throw ErrorPage.unknownFormat(format, RunDownload.allCases.map(\.rawValue))
      }
      return try download.response(try runRequest(target), in: store, for: request)
    default: return nil
    }
  }

  private func runRequest(_ target: RequestTarget) throws(ErrorPage) -> RunRequest {
    let text = target.pagePath[1]
    guard let id = text.wholeNumber else { throw .noRun(text) }
    return RunRequest(id, target, store.catalog)
  }

  private func page(_ target: RequestTarget) throws -> PageDocument {
    guard let first = target.pagePath.first else {
      let status = try status()
      let total = status.entityCounts.total
      return try OverviewPage(
        store: store, status: status, today: figures.today, history: { try history(500, total) }
      ).document
    }
    guard isPage(target.pagePath) else { throw ErrorPage.notFound }
    switch (first, target.pagePath.count) {
    case ("analytics", 1):
      return try AnalyticsPage(AnalyticsRequest(target), figures).document
    case ("audit", 1):
      return AuditPage(audit()).document
    case ("runs", 1):
      return try RunsPage(RunsRequest(target), in: store).document
    case ("runs", 2):
      return try RunPage(try runRequest(target), in: store).document
    case ("cut-list", 1):
      return try CutListPage(target["id"] ?? "", target, in: store, today: figures.today).document
    case (_, 3):
      return try CutListPage(target.pagePath[1], target, in: store, today: figures.today).document
    default: break
    }
    guard let kind = store.catalog.kind(pathName: first) else { throw ErrorPage.notFound }
    if let id = target.pagePath.count == 2 ? target.pagePath[1] : target["id"] {
      return try DetailPage(kind, id: id, in: store, figures).document
    }
    return try ListPage(
      ListRequest(kind, target), in: store, totals: totals ?? EntityTotals(store)
    ).document
  }

  // MARK: Parameters

  /// The parameters that a page knows.
  private func parameters(of target: RequestTarget) -> [String] {
    let path = target.pagePath
    switch (path.first, path.count) {
    case ("analytics", 1): return AnalyticsRequest.parameters
    case ("audit", 1): return ["format"]
    case ("runs", 1): return RunsRequest.parameters
    case ("runs", 2): return RunRequest.parameters
    case ("cut-list", 1): return ["id"] + CutListForm.parameters
    case (_, 3): return CutListForm.parameters
    case (let name?, 1):
      guard target["id"] == nil, let kind = store.catalog.kind(pathName: name) else {
        return ["id"]
      }
      return ListRequest.parameters(of: kind)
    default: return []
    }
  }

  /// What is said about a parameter that the page does not know; `nil` if there is none.
  private func complaint(about target: RequestTarget) -> String? {
    let known = parameters(of: target)
    return target.parameters.first { !known.contains($0.name) }.map {
      RequestTarget.unknownParameter($0.name, known: known)
    }
  }

  /// The same at the top of the page, which ignores it.
  private func notice(about target: RequestTarget) -> HTML? {
    complaint(about: target).map {
      """
      <p class="warning"><span aria-hidden="true">!</span> Ignored: \
      \(PageText.short($0, limit: 1000))</p>

      """
    }
  }

  /// Refuses a parameter that is not known: a file cannot say that it was ignored.
  private func check(_ target: RequestTarget) throws(ErrorPage) {
    guard let complaint = complaint(about: target) else { return }
    let path = target.pagePath.map(\.percentEncoded).joined(separator: "/")
    throw .unknownParameter(complaint, page: "/" + path)
  }
}
