import RMOSMigration
public import RMOSStore

/// The HTTP interface to a store: request in, answer out.
///
/// It opens no socket and can be mounted in any server:
///
/// ```swift
/// let dashboard = Dashboard(store: try SQLiteStore(path: "rmos.db"))
/// let answer = dashboard.response(to: HTTPRequest(method: "GET", target: "/"))
/// ```
///
/// What it answers about the store as a whole is kept until the store changes. Checking the `Host`
/// field and who may ask at all is the server's part.
public final class Dashboard: Sendable {
  /// What a dashboard allows.
  public struct Options: Sendable, Hashable {
    /// Whether entities may be created, changed and deleted.
    public var allowsWrites = false

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
    now = clock.now
    cache = StatusCache(store, health: health, uptime: clock.uptime)
    totals = EntityTotals(store)
  }

  /// The answer to a request; never fails, whatever the request or the store.
  ///
  /// Blocks while it reads the store. May be called from several threads.
  public func response(to request: HTTPRequest) -> HTTPResponse {
    if DashboardPage.answers(request.target) {
      return DashboardPage(
        store: store, status: { try self.status() }, history: { try self.history(limit: $0) },
        totals: totals
      ).response(to: request)
    }
    do {
      if request.method == "OPTIONS", request.target == "*" { return allowing([]) }
      return try answer(request, RequestTarget(request.target))
    } catch {
      return .refusal(Refusal(error))
    }
  }

  /// The status, as ``response(to:)`` answers it.
  func status() throws -> MigrationStatus { try cache.status().value.status }

  /// The history, as ``response(to:)`` answers it.
  func history(limit: Int) throws -> MigrationHistory {
    MigrationHistory(try cache.entityDays().value, limit: limit)
  }

  private func answer(_ request: HTTPRequest, _ target: RequestTarget) throws -> HTTPResponse {
    if let shorter = target.withoutTrailingSlash, Route(try RequestTarget(shorter)) != nil {
      return .redirect(to: shorter)
    }
    guard let route = Route(target) else {
      throw Refusal(404, "there is nothing at this path")
    }
    let methods = route.methods(allowsWrites: options.allowsWrites)
    switch request.method {
    case "OPTIONS": return allowing(methods)
    case "GET", "HEAD": return try read(route, target, request)
    default:
      if route.isWrite(request.method) {
        try target.checkParameters([])
        return try write(route, request)
      }
      throw Refusal(
        405,
        "\(request.method.shortened) is not possible here; possible: "
          + methods.joined(separator: ", "),
        fields: [HTTPField("Allow", methods.joined(separator: ", "))])
    }
  }

  private func allowing(_ methods: [String]) -> HTTPResponse {
    let writes = options.allowsWrites ? ["POST", "PUT", "PATCH", "DELETE"] : []
    let all = ["GET", "HEAD", "OPTIONS"] + writes
    var fields = [
      HTTPField("Allow", (methods.isEmpty ? all : methods).joined(separator: ", ")),
      HTTPField("Cache-Control", "no-store"),
    ]
    // RFC 5789, 3.1: what a PATCH may be written in.
    if methods.contains("PATCH") { fields.append(HTTPField("Accept-Patch", "application/json")) }
    return HTTPResponse(status: 204, fields: fields + HTTPResponse.security)
  }
}
