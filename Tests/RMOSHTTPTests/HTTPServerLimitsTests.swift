import Foundation
import RMOSHTTP
import RMOSTestSupport
import Synchronization
import Testing

/// Timeouts, limits and stopping; the timeouts are short, and no test measures time.
@Suite("HTTP server limits") struct HTTPServerLimitsTests {
  @Test("A head must arrive within the timeout, however steadily its bytes do")
  func slowHead() throws {
    try RunningServer({ $0.headTimeout = .milliseconds(300) }).use { server in
      let client = try server.client()
      client.send("GET / HTTP/1.1\r\n")
      let answer = try client.answer(whileSending: "X: y\r\n")
      #expect(answer?.status == 408)
      #expect(answer?.fields["connection"] == "close")
    }
  }

  @Test("A body must arrive within the timeout")
  func slowBody() throws {
    try RunningServer({ $0.bodyTimeout = .milliseconds(300) }).use { server in
      let client = try server.client()
      client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
      #expect(try client.answer(whileSending: "x")?.status == 408)
    }
  }

  @Test("An idle client is disconnected without a response")
  func idle() throws {
    try RunningServer({
      $0.headTimeout = .milliseconds(300)
      $0.idleTimeout = .milliseconds(300)
    }).use { server in
      #expect(try server.client().readToEnd() == [])
      let client = try server.client()
      client.get("/")
      #expect(try client.answer()?.status == 200)
      // RFC 9112, 2.2: an empty line does not begin a request.
      client.send("\r\n")
      #expect(client.readToEnd() == [])
    }
  }

  @Test("A client that does not read its response is disconnected")
  func slowReader() throws {
    let size = 64 << 20
    let entries = Mutex<[HTTPServer.LogEntry]>([])
    let server = try RunningServer({
      $0.writeTimeout = .milliseconds(300)
      $0.log = { entry in entries.withLock { $0.append(entry) } }
    }) { request in
      let isLarge = request.target == "/large"
      return ServerResponse(status: 200, body: [UInt8](repeating: 0, count: isLarge ? size : 0))
    }
    try server.use { server in
      let client = try server.client()
      client.get("/large")
      // The server must disconnect the client without any further event.
      try eventually("the server disconnects", every: .milliseconds(50)) { !client.send("x") }
      #expect((client.readToEnd() ?? []).count < size)
      // The response is logged as incomplete.
      #expect(entries.withLock { $0.map(\.isWhole) } == [false])
    }
  }

  @Test("A new connection replaces the one that has been idle longest")
  func idleMakesRoom() throws {
    try RunningServer({ $0.maxConnections = 4 }).use { server in
      var clients: [RawClient] = []
      for number in 0..<4 {
        let client = try server.client()
        client.get("/\(number)")
        #expect(try client.answer()?.status == 200)
        clients.append(client)
      }
      // Now the first client has been idle for the shortest time.
      clients[0].get("/again")
      #expect(try clients[0].answer()?.status == 200)
      for gone in [1, 2] {
        let extra = try server.client()
        extra.get("/extra")
        #expect(try extra.answer()?.status == 200)
        #expect(clients[gone].readToEnd() == [])
        clients.append(extra)
      }
      for kept in [0, 3, 4, 5] {
        clients[kept].get("/kept")
        #expect(try clients[kept].answer()?.status == 200)
      }
    }
  }

  @Test("A new connection replaces one that is finished but that its client keeps open")
  func finishedMakesRoom() throws {
    let limited: (inout HTTPServer.Configuration) -> Void = {
      ($0.maxConnections, $0.lingerTimeout) = (4, .seconds(600))
    }
    try RunningServer(limited).use { server in
      var clients: [RawClient] = []
      for _ in 0..<4 {
        let client = try server.client()
        client.send("nonsense\r\n\r\n")
        #expect(try client.answer()?.status == 400)
        clients.append(client)
      }
      let extra = try server.client()
      extra.get("/")
      #expect(try extra.answer()?.status == 200)
    }
  }

  @Test("Connections beyond the limit are refused until one ends")
  func connectionLimit() throws {
    try RunningServer({ $0.maxConnections = 4 }).use { server in
      var clients: [RawClient] = []
      for _ in 0..<4 {
        let client = try server.client()
        client.get("/")
        #expect(try client.answer()?.status == 200)
        // A connection in the middle of a request is not idle, so it is not replaced.
        client.send("GET /still HTTP/1.1\r\n")
        clients.append(client)
      }
      for _ in 0..<200 {
        let extra = try server.client()
        // If very many come at once, some are closed without a response.
        if let answer = try extra.answer() {
          #expect(answer.status == 503)
          #expect(answer.fields["retry-after"] != nil)
        }
        #expect(extra.readToEnd() == [])
      }
      for client in clients {
        client.send("Host: localhost\r\n\r\n")
        #expect(try client.answer()?.status == 200)
      }
      for client in clients { client.send("GET /") }
      clients.removeLast()
      try eventually("there is room", every: .milliseconds(50)) {
        let client = try server.client()
        client.get("/")
        return try client.answer()?.status == 200
      }
    }
  }

  @Test("Postponed requests do not hold up others, however many there are")
  func longAnswers() throws {
    let gate = Gate()
    let server = try RunningServer({ $0.workers = 2 }) { request in
      if request.target == "/long" {
        if request.mayBePostponed { return .postponed }
        gate.pass()
      }
      return RunningServer.echo(request)
    }
    try server.use { server in
      let clients = try (0..<12).map { _ in try server.client() }
      for client in clients { client.get("/long") }
      for _ in 0..<2 { #expect(gate.waitForArrival()) }
      let quick = try server.client()
      for _ in 0..<20 {
        quick.get("/quick")
        #expect(try quick.answer()?.body == "GET /quick 0")
      }
      for _ in clients { gate.open() }
      for client in clients { #expect(try client.answer()?.body == "GET /long 0") }
    }
  }

  @Test("A slow handler does not hold up other requests")
  func slowHandler() throws {
    let gate = Gate()
    let server = try RunningServer({ _ in }) { request in
      if request.target == "/slow" { gate.pass() }
      return RunningServer.echo(request)
    }
    try server.use { server in
      let slow = try server.client()
      slow.get("/slow")
      slow.get("/after")
      #expect(gate.waitForArrival())
      let quick = try server.client()
      quick.get("/quick")
      #expect(try quick.answer()?.body == "GET /quick 0")
      gate.open()
      #expect(try slow.answer()?.body == "GET /slow 0")
      #expect(try slow.answer()?.body == "GET /after 0")
    }
  }

  @Test("Stopping finishes requests in progress, closes idle connections and accepts no others")
  func drain() throws {
    let gate = Gate()
    let server = try RunningServer({ $0.drainTimeout = .seconds(60) }) { request in
      if request.target == "/slow" { gate.pass() }
      return RunningServer.echo(request)
    }
    let idle = try server.client()
    idle.get("/")
    #expect(try idle.answer()?.status == 200)
    let busy = try server.client()
    busy.get("/slow")
    #expect(gate.waitForArrival())
    server.server.stop()
    #expect(idle.readToEnd() == [])
    #expect(throws: NSError.self) { try server.client() }
    gate.open()
    let answer = try busy.answer()
    #expect(answer?.body == "GET /slow 0")
    #expect(answer?.fields["connection"] == "close")
    busy.endSending()
    #expect(server.waitForEnd())
  }

  @Test("Stopping waits for the drain timeout at most, and not at all the second time")
  func hardStop() throws {
    for (timeout, stops) in [(Duration.milliseconds(200), 1), (.seconds(60), 2)] {
      let gate = Gate()
      let server = try RunningServer({ $0.drainTimeout = timeout }) { request in
        gate.pass()
        return RunningServer.echo(request)
      }
      let client = try server.client()
      client.get("/")
      #expect(gate.waitForArrival())
      for _ in 0..<stops { server.server.stop() }
      #expect(server.waitForEnd())
      #expect(client.readToEnd() == [])
      gate.open()
    }
  }

  @Test("A port in use is an error, and so is running a server twice")
  func portInUse() throws {
    try RunningServer().use { running in
      var configuration = HTTPServer.Configuration()
      configuration.port = running.port
      #expect {
        try HTTPServer(configuration: configuration, handler: RunningServer.echo)
      } throws: { error in
        (error as? HTTPServerError)?.code == .portInUse
      }
      let client = try running.client()
      client.get("/")
      #expect(try client.answer()?.status == 200)
      #expect(throws: HTTPServerError.self) { try running.server.run() }
    }
  }

  @Test(
    "Listening for other machines requires a token",
    arguments: [
      ("0.0.0.0", "serve.token-required"), ("::", "serve.token-required"),
      ("no such host", "serve.no-address"),
    ])
  func binding(_ host: String, _ code: String) throws {
    var configuration = HTTPServer.Configuration()
    configuration.host = host
    configuration.port = 0
    #expect {
      try HTTPServer(configuration: configuration, handler: RunningServer.echo)
    } throws: { error in
      (error as? HTTPServerError)?.code.rawValue == code
    }
    for token in ["", "a b", "é"] {
      configuration.token = token
      #expect {
        try HTTPServer(configuration: configuration, handler: RunningServer.echo)
      } throws: { error in
        (error as? HTTPServerError)?.code == .invalidOption
      }
    }
  }

  @Test("Limits with which no request could be answered are refused")
  func senselessLimits() throws {
    let changes: [(inout HTTPServer.Configuration) -> Void] = [
      { $0.maxConnections = 0 }, { $0.maxBodySize = -1 }, { $0.workers = 0 },
    ]
    for change in changes {
      var configuration = HTTPServer.Configuration()
      configuration.port = 0
      change(&configuration)
      #expect {
        try HTTPServer(configuration: configuration, handler: RunningServer.echo)
      } throws: { error in
        (error as? HTTPServerError)?.code == .invalidOption
      }
    }
  }

  @Test(
    "A status that HTTP does not have is answered with 500", arguments: [99, -5, 1_234_567, 600])
  func senselessStatus(_ status: Int) throws {
    try RunningServer({ _ in }) { _ in ServerResponse(status: status) }.use { server in
      let client = try server.client()
      client.get("/")
      #expect(try client.answer()?.status == 500)
    }
  }

  @Test("With a token, only clients that present it are answered")
  func token() throws {
    try RunningServer({ $0.token = "open-sesame" }).use { server in
      let stranger = try server.client()
      stranger.get("/")
      let answer = try stranger.answer()
      #expect(answer?.status == 401)
      #expect(answer?.fields["www-authenticate"] != nil)
      let friend = try server.client()
      friend.get("/", "Authorization: Bearer open-sesame\r\n")
      #expect(try friend.answer()?.status == 200)
    }
  }
}
