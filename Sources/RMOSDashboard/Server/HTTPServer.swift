import RMOSSystem
import Synchronization

/// A small HTTP/1.1 server around a handler, such as a ``Dashboard``.
///
/// ```swift
/// let server = try HTTPServer(dashboard: Dashboard(store: store))
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

  private let handler: @Sendable (HTTPRequest) -> HTTPResponse
  private let policy: AccessPolicy
  private let listeners: Mutex<[Descriptor]>
  private let pipe: WakePipe
  private let hasStarted = Atomic(false)
  private let stopRequests = Atomic(0)

  /// A server for a dashboard; it listens at once and answers once it ``run()``s.
  ///
  /// - Throws: ``HTTPServerError``.
  public convenience init(
    dashboard: Dashboard, configuration: Configuration = Configuration()
  ) throws(HTTPServerError) {
    try self.init(configuration: configuration) { dashboard.response(to: $0) }
  }

  /// A server for any handler; it listens at once and answers once it ``run()``s.
  ///
  /// - Parameters:
  ///   - configuration: Where it listens, and its limits.
  ///   - handler: Answers a request. Called on several threads at once; may block.
  /// - Throws: ``HTTPServerError``.
  public init(
    configuration: Configuration = Configuration(),
    handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse
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
