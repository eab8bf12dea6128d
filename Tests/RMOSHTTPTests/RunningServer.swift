import Foundation
import RMOSHTTP
import Synchronization

/// A server on a thread of its own, on any free port.
final class RunningServer: Sendable {
  let server: HTTPServer
  private let hasEnded = DispatchSemaphore(value: 0)

  var port: Int { server.port }

  /// Starts a server; the default handler says what it was asked.
  init(
    _ configure: (inout HTTPServer.Configuration) -> Void = { _ in },
    handler: @escaping @Sendable (ServerRequest) -> ServerResponse = RunningServer.echo
  ) throws {
    var configuration = HTTPServer.Configuration()
    configuration.port = 0
    // The clients here name the host without a port.
    configuration.allowedHosts = ["localhost"]
    configure(&configuration)
    server = try HTTPServer(configuration: configuration, handler: handler)
    let thread = Thread { [server, hasEnded] in
      try? server.run()
      hasEnded.signal()
    }
    thread.start()
  }

  static let echo: @Sendable (ServerRequest) -> ServerResponse = { request in
    ServerResponse(
      status: 200, body: Array("\(request.method) \(request.target) \(request.body.count)".utf8))
  }

  func client() throws -> RawClient { try RawClient(port: port) }

  /// Waits until the server has ended; false where it does not within a minute.
  func waitForEnd() -> Bool { hasEnded.wait(timeout: .now() + 60) == .success }

  /// Stops the server after `body`.
  func use(_ body: (RunningServer) throws -> Void) throws {
    defer {
      server.stop()
      server.stop()
    }
    try body(self)
  }
}

/// A gate that handlers wait at.
final class Gate: Sendable {
  private let arrivals = DispatchSemaphore(value: 0)
  private let opening = DispatchSemaphore(value: 0)

  /// Waits for the gate to open, a minute at most.
  func pass() {
    arrivals.signal()
    _ = opening.wait(timeout: .now() + 60)
  }

  /// Waits until someone waits; false where nobody comes within a minute.
  func waitForArrival() -> Bool { arrivals.wait(timeout: .now() + 60) == .success }

  /// Lets one through.
  func open() { opening.signal() }
}
