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
