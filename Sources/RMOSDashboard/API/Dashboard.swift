@_exported public import RMOSHTTP
import RMOSMigration
public import RMOSStore
import RMOSSystem

/// The HTTP interface to a store: request in, answer out.
///
/// It opens no socket and can be mounted in any server:
///
/// ```swift
/// let dashboard = Dashboard(store: try SQLiteStore(path: "rmos.db"))
/// let answer = dashboard.response(to: ServerRequest(method: "GET", target: "/"))
/// ```
///
/// What it answers about the store as a whole is kept until the store changes. Whom it answers at all
/// is for the server to say, as an `HTTPServer` does; in any other, set ``Options/accessPolicy``.
public final class Dashboard: Sendable {
  /// What a dashboard allows.
  public struct Options: Sendable, Hashable {
    /// Whether entities may be created, changed and deleted.
    public var allowsWrites = false
    /// Whose requests are answered; `nil` if the server sees to that before it calls the dashboard.
    public var accessPolicy: AccessPolicy?

    /// Reading only.
    public init() {}
  }

  let store: any RecordStore
  /// What it allows.
  public let options: Options
  let cache: StatusCache
  let totals: EntityTotals
  /// The current time, ISO 8601 in UTC.
  let now: @Sendable () -> String
  /// Begins the entity tags that are numbers, so that those of another dashboard differ.
  let mark = String(UInt64.random(in: .min ... .max), radix: 16)

  /// The interface to a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - options: What is allowed.
  public convenience init(store: any RecordStore, options: Options = Options()) {
    self.init(store: store, options: options, clock: .system)
  }

  /// The interface to a store, with clocks and a check of health of one's own.
  init(
    store: any RecordStore, options: Options, health: HealthCheck = .standard, clock: MigrationClock
  ) {
    self.store = store
    self.options = options
    now = { clock.timestamp }
    cache = StatusCache(store, health: health, uptime: { clock.uptime().seconds })
    totals = EntityTotals(store)
  }

  /// The answer to a request; never fails, whatever the request or the store.
  ///
  /// Blocks while it reads the store. May be called from several threads.
  public func response(to request: ServerRequest) -> ServerResponse {
    if let refusal = options.accessPolicy?.refusal(of: request) { return refusal.response }
    if request.method == "OPTIONS", request.target == "*" { return .options(methods) }
    let isPage = PageRouter.answers(request.target)
    do {
      let target = try RequestTarget(request.target)
      return isPage ? page.response(to: request, target) : try answer(request, target)
    } catch {
      return isPage ? ErrorPage.badAddress.response : HTTPRefusal(error).response
    }
  }

  private var page: PageRouter {
    PageRouter(
      store: store, status: { try self.status() }, history: { try self.history(limit: $0) },
      totals: totals)
  }

  /// The status, as ``response(to:)`` answers it.
  func status() throws -> MigrationStatus { try cache.status().value.status }

  /// The history, as ``response(to:)`` answers it.
  func history(limit: Int) throws -> MigrationHistory {
    MigrationHistory(try cache.entityDays().value, limit: limit)
  }

  private func answer(_ request: ServerRequest, _ target: RequestTarget) throws -> ServerResponse {
    if let shorter = target.withoutTrailingSlash, Route(try RequestTarget(shorter)) != nil {
      return .redirect(to: shorter)
    }
    guard let route = Route(target) else {
      throw HTTPRefusal(404, "there is nothing at this path")
    }
    let methods = route.methods(allowsWrites: options.allowsWrites)
    switch request.method {
    case "OPTIONS":
      // RFC 5789, 3.1: what a PATCH may be written in.
      let accepted =
        methods.contains("PATCH") ? [HeaderField("Accept-Patch", "application/json")] : []
      return .options(methods, fields: accepted)
    case "GET", "HEAD": return try read(route, target, request)
    default:
      if route.isWrite(request.method) {
        try target.checkParameters([])
        return try write(route, request)
      }
      throw HTTPRefusal(
        405,
        "\(request.method.shortened) is not possible here; possible: "
          + methods.joined(separator: ", "),
        fields: [HeaderField("Allow", methods.joined(separator: ", "))])
    }
  }

  /// All that may be done anywhere.
  private var methods: [String] {
    Route.readingMethods + (options.allowsWrites ? ["POST", "PUT", "PATCH", "DELETE"] : [])
  }
}

extension HTTPServer {
  /// Creates a server for a dashboard; it listens at once and answers once it runs.
  ///
  /// - Throws: `HTTPServerError`.
  public convenience init(
    dashboard: Dashboard, configuration: Configuration = Configuration()
  ) throws(HTTPServerError) {
    try self.init(configuration: configuration) { dashboard.response(to: $0) }
  }
}
