import RMOSSystem
import Synchronization

/// A small HTTP/1.1 server around a handler.
///
/// ```swift
/// let server = try HTTPServer { request in
///   ServerResponse(status: 200, body: Array("\(request.target)\n".utf8))
/// }
/// print(server.url)
/// try server.run()  // until another thread or a signal handler calls stop()
/// ```
///
/// It listens on the loopback interface by default; any other requires a token. It answers only
/// requests that name an accepted host, and none from pages of other origins. One thread does all
/// I/O, a few call the handler, which may block. Requests of one connection are answered in order;
/// slow and idle clients are disconnected. There is no TLS: use a proxy for that.
public final class HTTPServer: Sendable {
  /// The configuration.
  package let configuration: Configuration
  /// The port it listens on.
  public let port: Int
  /// The URL of the server, such as `http://127.0.0.1:8000/`.
  public let url: String

  private let handler: @Sendable (ServerRequest) -> ServerResponse
  private let policy: AccessPolicy
  private let listeners: Mutex<[Descriptor]>
  private let pipe: WakePipe
  private let hasStarted = Atomic(false)
  private let stopRequests = Atomic(0)

  /// Creates a server, which listens at once and answers requests when it ``run()``s.
  ///
  /// - Parameters:
  ///   - configuration: The address to listen on, the access rules, and the limits.
  ///   - handler: Responds to a request. Called on several threads at once; may block.
  /// - Throws: ``HTTPServerError``.
  public init(
    configuration: Configuration = Configuration(),
    handler: @escaping @Sendable (ServerRequest) -> ServerResponse
  ) throws(HTTPServerError) {
    try configuration.checkLimits()
    self.configuration = configuration
    self.handler = handler
    let binding = try Binding(configuration)
    port = binding.port
    url = binding.url
    policy = binding.policy
    listeners = Mutex(binding.listeners)
    do throws(SystemError) {
      pipe = try WakePipe()
    } catch {
      for listener in binding.listeners { listener.close() }
      throw HTTPServerError(.system, "cannot create a pipe: \(error.reason)")
    }
  }

  deinit { listeners.withLock { $0.forEach { $0.close() } } }

  /// Answers requests until ``stop()``; blocks.
  ///
  /// Do not call it where a thread must not block, such as in a task; use ``asyncRun()`` there.
  ///
  /// A server can run only once. A handler that is still running when
  /// ``Configuration/drainTimeout`` has passed, or at a second ``stop()``, goes on after `run`
  /// returns, and its response is lost.
  ///
  /// - Throws: ``HTTPServerError`` if the system fails.
  public func run() throws(HTTPServerError) {
    guard !hasStarted.exchange(true, ordering: .relaxed) else {
      throw HTTPServerError(
        .invalidOption, "a server can run only once; create another")
    }
    let clock = DateClock()
    let pool = WorkerPool(handler: handler, pipe: pipe, clock: clock)
    defer { pool.close() }
    do throws(SystemError) {
      try pool.start(configuration.workers, long: configuration.longWorkers)
      let loop = EventLoop(
        Connection.Context(
          configuration: configuration, policy: policy, pool: pool, clock: clock),
        listeners: takeListeners(), pipe: pipe,
        stopRequests: { [self] in stopRequests.load(ordering: .relaxed) })
      try loop.run()
    } catch {
      throw HTTPServerError(.system, "the server cannot continue: \(error.reason)")
    }
  }

  /// Answers requests as ``run()`` does, on a thread of its own; the task is suspended meanwhile.
  ///
  /// ```swift
  /// let server = try HTTPServer { _ in ServerResponse(status: 204) }
  /// let serving = Task { try await server.asyncRun() }
  /// serving.cancel()
  /// try await serving.value  // returns when requests in progress are answered
  /// ```
  ///
  /// Cancelling the task stops the server as ``stop()`` does, and is not an error.
  ///
  /// - Throws: ``HTTPServerError`` if the system fails.
  public func asyncRun() async throws {
    try await withTaskCancellationHandler {
      try await BlockingWork.run(
        orThrow: { HTTPServerError(.system, "cannot start a thread: \($0.reason)") }
      ) { _ in try self.run() }
    } onCancel: {
      stop()
    }
  }

  /// Stops ``run()``.
  ///
  /// No more connections are accepted; requests in progress are answered within
  /// ``Configuration/drainTimeout``. A second call stops without waiting. A server that is stopped
  /// before it runs ends as soon as it does.
  ///
  /// May be called from any thread and from a signal handler.
  public func stop() {
    stopRequests.add(1, ordering: .relaxed)
    pipe.wake()
  }

  private func takeListeners() -> [Descriptor] {
    listeners.withLock { listeners in
      defer { listeners = [] }
      return listeners
    }
  }
}

extension HTTPServer {
  /// The address a server listens on, its access rules, and its limits.
  public struct Configuration: Sendable {
    /// The host name or address to listen on.
    ///
    /// An address that other machines can reach requires a ``token``.
    public var host = "127.0.0.1"
    /// The port; 0 for any free port.
    public var port = 8000
    /// The token that clients must present, if any: as `Authorization: Bearer TOKEN`, or as the
    /// password of any user in Basic authentication.
    public var token: String?
    /// Further hosts that requests may name, each `name` or `name:port`, for reverse proxies and
    /// forwarded ports.
    ///
    /// A name without a port matches any port.
    public var allowedHosts: [String] = []
    /// How the operator can add a host to ``allowedHosts``, for the message to clients that name
    /// another.
    package var hostAdvice: String?
    /// Whether a target is that of a page, so that refusals to browsers are pages too.
    package var isPage: @Sendable (_ target: String) -> Bool = { _ in false }
    /// The maximum number of connections, at least 1.
    ///
    /// A further one replaces the one that has been idle longest, or is answered 503 if none is
    /// idle.
    public var maxConnections = 256
    /// The maximum size of a request line with its header fields, bytes.
    var maxHeadSize = 16 << 10
    /// The maximum size of a request's body, bytes.
    public var maxBodySize = 1 << 20
    /// How many requests are handled at once, at least 1; others wait.
    public var workers = 4
    /// How many requests that the handler has postponed are handled at once, in addition to
    /// ``workers``.
    var longWorkers = 2

    /// How long a client may take to send the head of a request.
    package var headTimeout = Duration.seconds(10)
    /// How long a client may take to send the body of a request.
    package var bodyTimeout = Duration.seconds(30)
    /// How long a connection may be idle between requests.
    package var idleTimeout = Duration.seconds(60)
    /// How long a client may take to receive 64 KiB of a response, or its last bytes.
    package var writeTimeout = Duration.seconds(30)
    /// How long to wait for a client to close after the last response.
    package var lingerTimeout = Duration.seconds(2)
    /// How long requests in progress may take after ``HTTPServer/stop()``.
    public var drainTimeout = Duration.seconds(5)

    /// Called when a response is sent or abandoned, on the server's thread; must not block.
    public var log: (@Sendable (LogEntry) -> Void)?

    /// Creates the default configuration: loopback, port 8000.
    public init() {}

    /// Refuses limits with which no request could be answered.
    fileprivate func checkLimits() throws(HTTPServerError) {
      let limits = [
        ("maxConnections", maxConnections, 1), ("maxHeadSize", maxHeadSize, 1),
        ("maxBodySize", maxBodySize, 0), ("workers", workers, 1), ("longWorkers", longWorkers, 1),
      ]
      for (name, limit, least) in limits where limit < least {
        throw HTTPServerError(
          .invalidOption, "\(name) is \(limit); expected at least \(least)")
      }
    }
  }

  /// A response that was sent, or abandoned.
  public struct LogEntry: Sendable, Hashable {
    /// The client's address.
    public var peer: String
    /// The method; `nil` if the request was malformed.
    public var method: String?
    /// The target as received; `nil` if the request was malformed.
    public var target: String?
    /// The status of the response; 499 if the client closed the connection before there was one.
    public var status: Int
    /// The number of bytes of the response's body that were made.
    public var size: Int
    /// How long making the response took, from the end of the request.
    public var duration: Duration
    /// Whether the whole response was sent before the connection ended.
    public var isWhole = true

    /// The status that servers such as nginx log if the client closed the connection.
    static let clientClosed = 499
  }
}

/// An error that keeps a server from starting or continuing.
public struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A stable identifier of the failure.
  ///
  /// Its raw value is the identifier's text, such as `serve.port-in-use`.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's text.
    public let rawValue: String

    /// Creates a code.
    public init(rawValue: String) { self.rawValue = rawValue }
    private init(_ rawValue: String) { self.rawValue = rawValue }

    /// The code's text.
    public var description: String { rawValue }

    /// Another program listens on the port.
    public static let portInUse = Code("serve.port-in-use")
    /// The host is unknown, or not an address of this machine.
    public static let noAddress = Code("serve.no-address")
    /// Other machines could reach the server, and no token is set.
    public static let tokenRequired = Code("serve.token-required")
    /// The configuration is invalid.
    public static let invalidOption = Code("option.invalid")
    /// The system does not provide a socket or a thread.
    public static let system = Code("serve.system")
  }

  /// The kind of failure.
  public var code: Code
  /// A human-readable description: what failed, why, and how to fix it.
  public var message: String

  /// Creates an error.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}

/// The listening sockets of a configuration.
private struct Binding {
  let listeners: [Descriptor]
  let port: Int
  let url: String
  let policy: AccessPolicy

  init(_ configuration: HTTPServer.Configuration) throws(HTTPServerError) {
    // An invalid configuration is reported before anything listens.
    _ = try AccessPolicy(
      port: configuration.port, hosts: configuration.allowedHosts, token: configuration.token)
    let host = configuration.host
    let addresses = SocketAddress.addresses(of: host, port: configuration.port)
    guard !addresses.isEmpty else {
      throw HTTPServerError(
        .noAddress, "the host \"\(host)\" is unknown")
    }
    if configuration.token == nil, let open = addresses.first(where: { !$0.isLoopback }) {
      throw HTTPServerError(
        .tokenRequired,
        "other machines could reach \(open.host): to listen there, set a token")
    }
    (listeners, port) = try Binding.listen(on: addresses, configuration)
    let isWildcard = addresses.contains(where: \.isWildcard)
    let name = isWildcard ? "localhost" : host
    url = "http://\(name.utf8.contains(UInt8(ascii: ":")) ? "[\(name)]" : name):\(port)/"
    do throws(HTTPServerError) {
      var policy = try AccessPolicy(
        port: port, listening: Binding.names(host, addresses), isWildcard: isWildcard,
        hosts: configuration.allowedHosts, token: configuration.token)
      policy.hostAdvice = configuration.hostAdvice
      self.policy = policy
    } catch {
      listeners.forEach { $0.close() }
      throw error
    }
  }

  private static func names(_ host: String, _ addresses: [SocketAddress]) -> Set<String> {
    var names = Set(addresses.map(\.host))
    // A name that was resolved has no port.
    if let name = Authority(host[...])?.host { names.insert(name) }
    return names
  }

  private static func listen(
    on addresses: [SocketAddress], _ configuration: HTTPServer.Configuration
  ) throws(HTTPServerError) -> ([Descriptor], Int) {
    var listeners: [Descriptor] = []
    var port = configuration.port
    var failure = SystemError.notFound
    for var address in addresses {
      do throws(SystemError) {
        // Port 0: all addresses use the port that the first one got.
        address.port = port
        let listener = try Descriptor(listeningOn: address)
        listeners.append(listener)
        port = try listener.boundAddress().port
      } catch {
        failure = error
        // A name may have an IPv6 address though IPv6 is disabled here.
        if !error.isNoAddress {
          listeners.forEach { $0.close() }
          throw Binding.error(error, address.host, port)
        }
      }
    }
    guard !listeners.isEmpty else {
      throw Binding.error(failure, configuration.host, port)
    }
    return (listeners, port)
  }

  private static func error(
    _ failure: SystemError, _ host: String, _ port: Int
  ) -> HTTPServerError {
    if failure.isAddressInUse {
      return HTTPServerError(
        .portInUse,
        "another program listens on port \(port) of \(host)")
    }
    if failure.isNoAddress {
      return HTTPServerError(
        .noAddress, "\(host) is not an address of this machine")
    }
    return HTTPServerError(
      .system, "cannot listen on port \(port) of \(host): \(failure.reason)")
  }
}
