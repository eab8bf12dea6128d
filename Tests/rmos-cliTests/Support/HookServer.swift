import Foundation
import Synchronization

/// A server that records posts, on a free port.
final class HookServer: Sendable {
  /// The reaction to a request.
  enum Answer: Sendable {
    case status(Int)
    /// Redirects the client.
    case redirection(Int, to: String)
    /// Begins a response that never ends.
    case unfinished(Int)
    /// Begins a response, and closes the connection.
    case cut(Int)
    /// Reads the request, and never responds.
    case silence
  }

  /// One request.
  struct Request: Sendable {
    var head: String
    var body: String
  }

  let port: UInt16
  private let listener: Int32
  private let state: Mutex<State>

  private struct State {
    var answers: [Answer]
    var requests: [Request] = []
    var open: [Int32] = []
  }

  struct Failure: Error { var code = errno }

  /// Starts a server that reacts in these ways in turn, repeating the last one.
  init(_ answers: Answer...) throws {
    state = Mutex(State(answers: answers))
    #if canImport(Glibc)
      listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      listener = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isBound = withUnsafeMutableBytes(of: &address) { bytes in
      guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
        return false
      }
      return bind(listener, base, length) == 0 && listen(listener, 8) == 0
        && getsockname(listener, base, &length) == 0
    }
    port = UInt16(bigEndian: address.sin_port)
    guard isBound else { throw Failure() }
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0, let self else { break }
        self.serve(connection)
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    for connection in state.withLock({ $0.open }) { close(connection) }
  }

  var url: String { "http://127.0.0.1:\(port)/hook" }

  /// The requests so far.
  var requests: [Request] { state.withLock { $0.requests } }

  private func serve(_ connection: Int32) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var request: Request?
    while request == nil {
      let count = read(connection, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
      request = Self.request(in: String(decoding: bytes, as: UTF8.self))
    }
    let answer = state.withLock { state in
      if let request { state.requests.append(request) }
      return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
    }
    switch answer {
    case .silence: state.withLock { $0.open.append(connection) }
    case .status(let status):
      send("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\nConnection: close", to: connection)
      close(connection)
    case .redirection(let status, let target):
      send(
        "HTTP/1.1 \(status) X\r\nLocation: \(target)\r\nContent-Length: 0\r\nConnection: close",
        to: connection)
      close(connection)
    case .unfinished(let status):
      send("HTTP/1.1 \(status) X\r\nContent-Length: 10", to: connection)
      state.withLock { $0.open.append(connection) }
    case .cut(let status):
      send("HTTP/1.1 \(status) X\r\nContent-Length: 10", to: connection)
      close(connection)
    }
  }

  private func send(_ head: String, to connection: Int32) {
    _ = Array((head + "\r\n\r\n").utf8).withUnsafeBytes {
      write(connection, $0.baseAddress, $0.count)
    }
  }

  /// The request; `nil` while it is incomplete.
  private static func request(in text: String) -> Request? {
    guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
    let head = String(text[..<end.lowerBound])
    let body = String(text[end.upperBound...])
    guard let match = head.firstMatch(of: /[Cc]ontent-[Ll]ength: (\d+)/) else { return nil }
    return body.utf8.count == Int(match.1) ? Request(head: head, body: body) : nil
  }
}
