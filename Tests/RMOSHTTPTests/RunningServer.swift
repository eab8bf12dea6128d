import Foundation
import RMOSHTTP
import Synchronization
import Testing

/// A server on a thread of its own, on any free port.
final class RunningServer: Sendable {
  let server: HTTPServer
  private let hasEnded = DispatchSemaphore(value: 0)

  var port: Int { server.port }

  /// Starts a server; the default handler echoes the request line and the size of the body.
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

  /// Returns whether the server ends within a minute.
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

/// A gate at which handlers wait.
final class Gate: Sendable {
  private let arrivals = DispatchSemaphore(value: 0)
  private let opening = DispatchSemaphore(value: 0)

  /// Waits up to a minute for the gate to open.
  func pass() {
    arrivals.signal()
    _ = opening.wait(timeout: .now() + 60)
  }

  /// Returns whether a handler arrives within a minute.
  func waitForArrival() -> Bool { arrivals.wait(timeout: .now() + 60) == .success }

  /// Lets one handler pass.
  func open() { opening.signal() }
}

/// A TCP client that sends exactly the bytes it is given.
final class RawClient {
  /// A response as received.
  struct Answer: Equatable {
    var status: Int
    var fields: [String: String]
    var body: String
  }

  private let descriptor: Int32
  private var received: [UInt8] = []

  /// Connects to a port of the loopback interface.
  ///
  /// Reading gives up after 30 seconds, so that a test fails instead of hanging.
  init(port: Int) throws {
    #if canImport(Darwin)
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #else
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // All properties are set, so `deinit` closes the descriptor even if this throws.
    guard result == 0 else { throw NSError(domain: NSPOSIXErrorDomain, code: Int(errno)) }
    var limit = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    // Closing resets the connection, so that thousands of ports do not stay in TIME_WAIT.
    var abort = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abort, socklen_t(MemoryLayout<linger>.size))
    #if canImport(Darwin)
      var on: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    #endif
  }

  deinit { close(descriptor) }

  /// Sends bytes.
  ///
  /// - Returns: Whether the server accepted all of them.
  @discardableResult func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { bytes in
        #if canImport(Darwin)
          Darwin.send(descriptor, bytes.baseAddress, bytes.count, 0)
        #else
          Foundation.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        #endif
      }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Sends a request for a target.
  func get(_ target: String, _ fields: String = "") {
    send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n")
  }

  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Returns all bytes up to the end of the connection, including those read but not used yet;
  /// `nil` if it does not end in time.
  func readToEnd() -> [UInt8]? {
    while let count = fill() {
      if count == 0 {
        defer { received = [] }
        return received
      }
    }
    return nil
  }

  /// Returns the next response; `nil` if the connection ends before it.
  func answer(toHead: Bool = false) throws -> Answer? {
    let ending = Array("\r\n\r\n".utf8)
    while true {
      if let end = received.firstRange(of: ending) {
        let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self)
          .components(separatedBy: "\r\n")
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
          let parts = line.split(separator: ":", maxSplits: 1)
          fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let words = lines[0].split(separator: " ")
        #expect(words.first == "HTTP/1.1")
        let length = toHead ? 0 : fields["content-length"].flatMap { Int($0) } ?? 0
        let bodyEnd = end.upperBound + length
        if received.count >= bodyEnd {
          let body = String(decoding: received[end.upperBound..<bodyEnd], as: UTF8.self)
          received.removeFirst(bodyEnd)
          let status = try #require(words.count > 1 ? Int(words[1]) : nil)
          return Answer(status: status, fields: fields, body: body)
        }
      }
      let count = try #require(fill(), "no answer in time")
      if count == 0 { return nil }
    }
  }

  /// Returns the next response, sending a text repeatedly until it arrives.
  func answer(whileSending text: String) throws -> Answer? {
    for _ in 0..<1_500 {
      var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if poll(&state, 1, 20) > 0 { break }
      send(text)
    }
    return try answer()
  }

  /// Reads more bytes, and returns their number; 0 at the end, `nil` if none arrive in time.
  private func fill() -> Int? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    // A reset counts as the end.
    if count < 0 { return errno == EAGAIN || errno == EWOULDBLOCK ? nil : 0 }
    received += buffer[..<count]
    return count
  }
}
