public import RMOSStore

/// The HTTP interface to a store: request in, answer out.
///
/// It opens no socket and can be mounted in any server:
///
/// ```swift
/// let dashboard = Dashboard(store: try SQLiteStore(path: "rmos.db"))
/// let answer = dashboard.response(to: HTTPRequest(method: "GET", target: "/"))
/// ```
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

  /// The interface to a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - options: What is allowed.
  public init(store: any RecordStore, options: Options = Options()) {
    self.store = store
    self.options = options
  }

  /// The answer to a request; never fails, whatever the request or the store.
  ///
  /// Blocks while it reads the store. May be called from several threads.
  public func response(to request: HTTPRequest) -> HTTPResponse {
    HTTPResponse(status: 404)
  }
}
