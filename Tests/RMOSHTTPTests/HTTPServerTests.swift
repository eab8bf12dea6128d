import Foundation
import RMOSHTTP
import RMOSModels
import RMOSTestSupport
import Synchronization
import Testing

/// The server as clients see it.
@Suite("HTTP server") struct HTTPServerTests {
  @Test("Pipelined requests are answered in order, whatever pieces they arrive in")
  func pipelining() throws {
    try RunningServer().use { server in
      let client = try server.client()
      let requests = (1...50).map {
        "POST /\($0) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
      }
      var rest = Array(requests.joined().utf8)[...]
      var size = 1
      while !rest.isEmpty {
        client.send(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
        size = size % 97 + 1
      }
      for number in 1...50 { #expect(try client.answer()?.body == "POST /\(number) 3") }
      client.endSending()
      #expect(client.readToEnd() == [])
    }
  }

  @Test("The response to HEAD has the length and no body, and the next response follows it")
  func head() throws {
    try RunningServer().use { server in
      let client = try server.client()
      client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let answer = try client.answer(toHead: true)
      #expect(answer?.fields["content-length"] == "8")
      #expect(answer?.fields["date"]?.hasSuffix("GMT") == true)
      client.get("/next")
      #expect(try client.answer()?.body == "GET /next 0")
    }
  }

  @Test("A client that expects 100 Continue gets it, or a refusal")
  func expectContinue() throws {
    try RunningServer({ $0.maxBodySize = 10 }).use { server in
      let request = "PUT / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      let client = try server.client()
      client.send(request + "Content-Length: 2\r\n\r\n")
      #expect(try client.answer()?.status == 100)
      client.send("ok")
      #expect(try client.answer()?.body == "PUT / 2")
      client.send(request + "Content-Length: 11\r\n\r\n")
      #expect(try client.answer()?.status == 413)
      #expect(client.readToEnd() == [])
    }
  }

  @Test("OPTIONS * is passed to the handler")
  func optionsForAll() throws {
    try RunningServer().use { server in
      let client = try server.client()
      client.send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let answer = try client.answer()
      #expect(answer?.body == "OPTIONS * 0")
      client.get("/")
      #expect(try client.answer()?.status == 200)
    }
  }

  @Test("A connection closes if the client or HTTP/1.0 requires it, and otherwise stays open")
  func closing() throws {
    try RunningServer().use { server in
      for request in [
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
      ] {
        let client = try server.client()
        client.send(request + "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let answer = try client.answer()
        #expect(answer?.fields["connection"] == "close")
        #expect(client.readToEnd() == [])
      }
      let client = try server.client()
      for _ in 0..<2 {
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(try client.answer()?.fields["connection"] == "keep-alive")
      }
    }
  }

  @Test("A client that ends its side of the connection still gets its response")
  func halfClose() throws {
    try RunningServer().use { server in
      let client = try server.client()
      client.get("/a")
      client.endSending()
      #expect(try client.answer()?.body == "GET /a 0")
      #expect(client.readToEnd() == [])
      let silent = try server.client()
      silent.send("GET /unfinished")
      silent.endSending()
      #expect(silent.readToEnd() == [])
    }
  }

  @Test("A body that is too large is refused, and the client can read why")
  func tooLarge() throws {
    try RunningServer({ $0.lingerTimeout = .seconds(30) }).use { server in
      for fields in ["Content-Length: 8000000\r\n", "Transfer-Encoding: chunked\r\n"] {
        let client = try server.client()
        client.send("POST / HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n7A1200\r\n")
        client.send([UInt8](repeating: 0x20, count: 4_000_000))
        let answer = try client.answer()
        #expect(answer?.status == 413)
        #expect(answer?.fields["connection"] == "close")
        #expect(
          answer?.body == #"{"success":false,"detail":"the body is longer than 1048576 bytes"}"#
            + "\n")
        #expect(answer?.fields["content-security-policy"]?.contains("'none'") == true)
      }
    }
  }

  @Test("The largest allowed head and body are accepted, and a large response is sent")
  func large() throws {
    let text = String(repeating: "0123456789abcdef", count: 1 << 18)
    let server = try RunningServer({ _ in }) { request in
      let isEcho = request.target == "/large"
      return ServerResponse(status: 200, body: isEcho ? Array(text.utf8) : request.body)
    }
    try server.use { server in
      let client = try server.client()
      let body = [UInt8](repeating: 0x61, count: 1 << 20)
      let padding = String(repeating: "x", count: 16_000)
      client.send("POST / HTTP/1.1\r\nHost: localhost\r\nX: \(padding)\r\n")
      client.send("Content-Length: \(body.count)\r\n\r\n")
      client.send(body)
      #expect(try client.answer()?.body.utf8.count == body.count)
      client.get("/large")
      #expect(try client.answer()?.body == text)
    }
  }

  @Test("A refusal has the reason as JSON, and closes the connection")
  func refusal() throws {
    let entries = Mutex<[HTTPServer.LogEntry]>([])
    let logged = DispatchSemaphore(value: 0)
    let server = try RunningServer({ configuration in
      configuration.log = { entry in
        entries.withLock { $0.append(entry) }
        logged.signal()
      }
    })
    try server.use { server in
      let client = try server.client()
      client.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\nGET / HTTP/1.1\r\n\r\n")
      let answer = try client.answer()
      #expect(answer?.status == 421)
      #expect(answer?.fields["content-type"] == "application/json")
      #expect(answer?.body.hasPrefix(#"{"success":false,"detail":"#) == true)
      #expect(client.readToEnd() == [])
      let other = try server.client()
      other.get("/ok?a")
      #expect(try other.answer()?.status == 200)
      for _ in 0..<2 { #expect(logged.wait(timeout: .now() + 30) == .success) }
      let seen = entries.withLock { $0 }
      #expect(seen.map(\.status) == [421, 200])
      #expect(seen.last?.target == "/ok?a")
      #expect(seen.last?.peer == "127.0.0.1")
      #expect(seen.last?.size == 11)
    }
  }

  @Test("The server survives 10,000 mutated requests")
  func mutations() throws {
    // A mutated request may announce a long body, so the client ends its side of the connection.
    try RunningServer().use { server in
      var random = SeededGenerator(seed: 20_261_122)
      for batch in 0..<100 {
        for _ in 0..<100 {
          let client = try server.client()
          let bytes = RequestMutation.next(&random)
          client.send(bytes)
          client.endSending()
          let answer = try #require(client.readToEnd(), "\(String(decoding: bytes, as: UTF8.self))")
          #expect(answer.isEmpty || answer.starts(with: "HTTP/1.1 ".utf8))
        }
        let client = try server.client()
        client.get("/\(batch)")
        #expect(try client.answer()?.body == "GET /\(batch) 0")
      }
    }
  }

  @Test("Cancelling the task of a server stops it when requests in progress are answered")
  func cancellation() async throws {
    let gate = Gate()
    var configuration = HTTPServer.Configuration()
    configuration.port = 0
    configuration.allowedHosts = ["localhost"]
    let (arrivals, continuation) = AsyncStream<Void>.makeStream()
    let server = try HTTPServer(configuration: configuration) { _ in
      continuation.yield()
      gate.pass()
      return ServerResponse(status: 200, body: Array("done".utf8))
    }
    let serving = Task { try await server.asyncRun() }
    let client = try RawClient(port: server.port)
    client.get("/")
    // Not by the gate, since blocking a thread here could keep the server's task from starting.
    for await _ in arrivals { break }
    serving.cancel()
    gate.open()
    #expect(try client.answer()?.body == "done")
    client.endSending()
    try await serving.value
    await #expect(throws: HTTPServerError.self) { try await server.asyncRun() }

    let stopped = try HTTPServer(configuration: configuration) { _ in ServerResponse(status: 204) }
    try await Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await stopped.asyncRun()
    }.value
  }
}
