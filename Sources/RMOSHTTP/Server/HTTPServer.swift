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
/// It listens on the loopback interface unless told otherwise, and then asks for a token. It answers
/// only requests that name a host it goes by, and none of pages of other origins. One thread does
/// all I/O, a few call the handler, which may block. Requests of one connection are answered in
/// order; slow and idle clients are let go. It speaks no TLS: put a proxy in front of it for that.
public final class HTTPServer: Sendable {
  /// How it was set up.
  public let configuration: Configuration
  /// The port it listens on.
  public let port: Int
  /// Where it can be reached, such as `http://127.0.0.1:8000/`.
  public let url: String

  private let handler: @Sendable (ServerRequest) -> ServerResponse
  private let policy: AccessPolicy
  private let listeners: Mutex<[Descriptor]>
  private let pipe: WakePipe
  private let hasStarted = Atomic(false)
  private let stopRequests = Atomic(0)

  /// A server for any handler; it listens at once and answers once it ``run()``s.
  ///
  /// - Parameters:
  ///   - configuration: Where it listens, and its limits.
  ///   - handler: Answers a request. Called on several threads at once; may block.
  /// - Throws: ``HTTPServerError``.
  public init(
    configuration: Configuration = Configuration(),
    handler: @escaping @Sendable (ServerRequest) -> ServerResponse
  ) throws(HTTPServerError) {
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
      throw HTTPServerError(.system, "the system gives no pipe: \(error.reason)")
    }
  }

  deinit { listeners.withLock { $0.forEach { $0.close() } } }

  /// Answers requests until ``stop()``; blocks.
  ///
  /// A server runs once.
  /// - Throws: ``HTTPServerError`` where the system fails it.
  public func run() throws(HTTPServerError) {
    guard !hasStarted.exchange(true, ordering: .relaxed) else {
      throw HTTPServerError(.invalidOption, "a server runs once; make another")
    }
    let clock = DateClock()
    let pool = WorkerPool(handler: handler, pipe: pipe, clock: clock)
    defer { pool.close() }
    do throws(SystemError) {
      try pool.start(max(1, configuration.workers))
      let loop = EventLoop(
        Connection.Context(
          configuration: configuration, policy: policy, pool: pool, clock: clock),
        listeners: takeListeners(), pipe: pipe,
        stopRequests: { [self] in stopRequests.load(ordering: .relaxed) })
      try loop.run()
    } catch {
      throw HTTPServerError(.system, "the server cannot go on: \(error.reason)")
    }
  }

  /// Ends ``run()``.
  ///
  /// No more connections are taken, and requests under way are answered, as long as the
  /// configuration's drain timeout allows. A second call ends it without waiting.
  ///
  /// Any thread may call it, a signal handler too.
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
  /// Where a server listens, whom it answers and what it puts up with.
  public struct Configuration: Sendable {
    /// The host name or address to listen on.
    ///
    /// One that other machines can reach needs a ``token``.
    public var host = "127.0.0.1"
    /// The port; 0 takes any that is free.
    public var port = 8000
    /// What a client must show, if anything: `Authorization: Bearer TOKEN`, or Basic with any user
    /// and the token as password.
    public var token: String?
    /// Hosts that requests may name beside the one listened on, each `name` or `name:port`.
    ///
    /// A name without a port goes with any: for reverse proxies and forwarded ports.
    public var allowedHosts: [String] = []
    /// How many connections are served at once; those beyond are answered 503.
    public var maxConnections = 256
    /// Bytes of a request line and header fields.
    public var maxHeadSize = 16 << 10
    /// Bytes of a request's body.
    public var maxBodySize = 1 << 20
    /// How many requests are answered at once; others wait.
    public var workers = 4

    /// How long a client may take for the head of a request, seconds.
    public var headTimeout = 10.0
    /// How long a client may take for the body of a request, seconds.
    public var bodyTimeout = 30.0
    /// How long a connection may wait for its next request, seconds.
    public var idleTimeout = 60.0
    /// How long a client may take for 64 KiB of an answer, or its rest, seconds.
    public var writeTimeout = 30.0
    /// How long to wait for a client to close after the last answer, seconds.
    public var lingerTimeout = 2.0
    /// How long requests under way may take after ``HTTPServer/stop()``, seconds.
    public var drainTimeout = 5.0

    /// Called after each answer, on the server's thread: it must not block.
    public var log: (@Sendable (LogEntry) -> Void)?

    /// The defaults: loopback, port 8000.
    public init() {}
  }

  /// An answer that was sent, or given up.
  public struct LogEntry: Sendable, Hashable {
    /// The client's address.
    public var peer: String
    /// The method; nil where the request was not understood.
    public var method: String?
    /// The target as received; nil where the request was not understood.
    public var target: String?
    /// The status of the answer.
    public var status: Int
    /// Bytes of the answer's body.
    public var size: Int
    /// How long the answer took from the end of the request, seconds.
    public var seconds: Double
  }
}

/// Why a server could not start, or could not go on.
public struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A stable name for the failure.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's text.
    public let rawValue: String
    /// A code of one's own.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The code's text.
    public var description: String { rawValue }

    /// Another program listens on the port.
    public static let portInUse = Code(rawValue: "serve.port-in-use")
    /// The host is unknown, or is no address of this machine.
    public static let noAddress = Code(rawValue: "serve.no-address")
    /// Others could reach the server, and no token is set.
    public static let tokenRequired = Code(rawValue: "serve.token-required")
    /// An option makes no sense.
    public static let invalidOption = Code(rawValue: "option.invalid")
    /// The system refuses a socket or a thread.
    public static let system = Code(rawValue: "serve.system")
  }

  /// What kind of failure.
  public var code: Code
  /// The whole story for people.
  public var message: String

  /// An error.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
