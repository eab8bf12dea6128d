@_exported public import RMOSHTTP
import RMOSMigration
public import RMOSStore
import RMOSSystem

/// The HTTP API and the pages of a store, as a function from request to response.
///
/// It opens no socket and can be mounted in any server:
///
/// ```swift
/// let dashboard = Dashboard(store: try SQLiteStore(path: "rmos.db"))
/// let answer = dashboard.response(to: ServerRequest(method: "GET", target: "/"))
/// ```
///
/// Responses about the store as a whole are cached until the store changes. Figures that take long
/// to compute are computed in the background, and the whole store is audited there after changes;
/// both end when the dashboard is released. Access is the server's responsibility: an `HTTPServer`
/// has a policy; in any other server, set ``Options/accessPolicy``.
public final class Dashboard: Sendable {
  /// The options of a dashboard.
  public struct Options: Sendable, Hashable {
    /// Whether entities may be created, changed and deleted.
    public var allowsWrites = false
    /// The access policy; `nil` if the server checks access before it calls the dashboard.
    public var accessPolicy: AccessPolicy?
    /// The source that the ledger names for what is written over HTTP, such as the server's
    /// address.
    public var writingSource = "HTTP"

    /// How long after an audit of the whole store in the background the next one may begin; `nil`
    /// for no such audits.
    public var auditInterval: Duration? = .seconds(600)

    /// Creates options that allow reading only.
    public init() {}
  }

  let store: any RecordStore
  /// The options.
  let options: Options
  let cache: StatusCache
  let totals: EntityTotals
  let figures: AnalyticsFigures
  let writing: WritingRun
  /// `nil` if there are no audits in the background.
  let audit: BackgroundAudit?
  /// The current time, ISO 8601 in UTC.
  let now: @Sendable () -> String
  /// A random prefix that distinguishes this dashboard's entity tags, and its runs in the ledger,
  /// from those of other dashboards.
  let mark: String

  /// Creates the dashboard of a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - options: The options.
  public convenience init(store: any RecordStore, options: Options = Options()) {
    self.init(store: store, options: options, observingAudits: nil)
    startAuditing()
  }

  /// Creates the dashboard of a store, which audits in the background from ``startAuditing()`` on.
  package convenience init(
    store: any RecordStore, options: Options, observingAudits observer: AuditObserver?
  ) {
    let audit = options.auditInterval.map {
      BackgroundAudit(
        store,
        BackgroundAudit.Settings(
          interval: $0, delay: .seconds(1), clock: .system, observer: observer))
    }
    self.init(store: store, options: options, audit: audit, clock: .system)
  }

  /// Creates the dashboard of a store with other clocks and another health check.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - options: The options.
  ///   - health: The health check.
  ///   - audit: The audits in the background, which the caller starts.
  ///   - clock: The clocks.
  ///   - patience: How long a page waits for figures before it says that they are being computed.
  init(
    store: any RecordStore, options: Options, health: HealthCheck = .standard,
    audit: BackgroundAudit? = nil, clock: MigrationClock, patience: Duration = .milliseconds(500)
  ) {
    self.store = store
    self.options = options
    self.audit = audit
    mark = ASCII.randomHex()
    writing = WritingRun(source: options.writingSource, mark: mark, clock: clock)
    now = { clock.timestamp }
    cache = StatusCache(
      store, health: health, audit: { audit?.view(since: $0) ?? .off },
      uptime: { clock.uptime().seconds })
    totals = EntityTotals(store)
    figures = AnalyticsFigures(
      store, patience: patience, uptime: { clock.uptime().seconds }, now: { clock.timestamp })
  }

  deinit { audit?.cancel() }

  /// Returns the response to a request; an error becomes a response too.
  ///
  /// Blocks while it reads the store. May be called from several threads.
  public func response(to request: ServerRequest) -> ServerResponse {
    let isPage = PageRouter.answers(request.target)
    let refusal =
      options.accessPolicy?.reason(toRefuse: request)
      ?? HTTPRefusal.repetition(in: request.fields)
    if let refusal {
      return refusal.response(to: request.fields, forPage: isPage)
    }
    if request.method == "OPTIONS", request.target == "*" { return .options(methods) }
    do {
      let target = try RequestTarget(request.target)
      // Files may be long, so they do not take a thread from pages.
      let isFile = isPage ? target["format"] != nil : target["format"] == "csv"
      if request.mayBePostponed, isFile { return .postponed }
      let answer = isPage ? page.response(to: request, target) : try answer(request, target)
      guard ["GET", "HEAD"].contains(request.method), let refusal = request.refusal(of: answer)
      else { return answer }
      return refusal.response(to: request.fields, forPage: isPage)
    } catch {
      return isPage
        ? ErrorPage.badAddress.response(to: request, store.catalog) : HTTPRefusal(error).response
    }
  }

  /// Ends the audits in the background, and completes the run of what was written, if anything was.
  ///
  /// Call it when no more requests come, before the store is closed. It cancels an audit in
  /// progress and waits for its end. If the program ends without it, the run counts as interrupted,
  /// and can still be undone.
  ///
  /// - Throws: `StoreError`.
  public func close() throws {
    audit?.stop()
    try writing.finish(in: store)
  }

  /// Begins to audit in the background, if ``Options/auditInterval`` is set.
  package func startAuditing() { audit?.start() }

  /// Whether a target is that of a page, so that refusals to browsers are pages too.
  package static func isPage(_ target: String) -> Bool { PageRouter.answers(target) }

  /// Cancels the audit in progress, without waiting for its end, and lets no other begin.
  package func cancelAuditing() { audit?.cancel() }

  private var page: PageRouter {
    let audit = audit
    var page = PageRouter(
      store: store, status: { try self.status() },
      history: { try self.historyForPage(limit: $0, of: $1) },
      figures: figures, totals: totals, audit: { audit?.view() ?? .off })
    if let audit { page.askForAudit = { audit.ask() } }
    return page
  }

  /// The status, as ``response(to:)`` returns it.
  func status() throws -> MigrationStatus { try cache.status().value.status }

  /// The history for a page; `nil` while it is being counted.
  func historyForPage(limit: Int, of total: Int) throws -> MigrationHistory? {
    try cache.entityDaysForPage(of: total).map {
      MigrationHistory($0, store.catalog, limit: limit)
    }
  }

  private func answer(_ request: ServerRequest, _ target: RequestTarget) throws -> ServerResponse {
    if let shorter = target.withoutTrailingSlash,
      Route(try RequestTarget(shorter), store.catalog) != nil
    {
      return .redirect(to: shorter)
    }
    guard let route = Route(target, store.catalog) else {
      throw HTTPRefusal(404, "there is no such path")
    }
    let methods = route.methods(allowsWrites: options.allowsWrites)
    switch (request.method, route) {
    case ("OPTIONS", _):
      // RFC 5789, 3.1: the formats that PATCH accepts.
      let accepted =
        methods.contains("PATCH") ? [HeaderField("Accept-Patch", "application/json")] : []
      return .options(methods, fields: accepted)
    case ("GET", _) where methods.contains("GET"), ("HEAD", _) where methods.contains("HEAD"):
      return try read(route, target, request)
    case ("POST", .analytics(.predict, _)):
      try target.checkParameters([])
      return try predict(request)
    case ("POST", .audit):
      try target.checkParameters([])
      return try askForAudit(request)
    case _ where route.isWrite(request.method):
      try target.checkParameters([])
      return try write(route, request)
    default:
      throw HTTPRefusal(
        405,
        "\(request.method.shortened) is not allowed here; allowed: "
          + methods.joined(separator: ", "),
        fields: [HeaderField("Allow", methods.joined(separator: ", "))])
    }
  }

  /// The methods that some resource allows.
  private var methods: [String] {
    Route.readingMethods + ["POST"] + (options.allowsWrites ? ["PUT", "PATCH", "DELETE"] : [])
  }
}
