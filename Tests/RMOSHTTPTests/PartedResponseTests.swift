import Foundation
import RMOSHTTP
import Synchronization
import Testing

/// Bodies that are made part by part.
@Suite("Parted responses") struct PartedResponseTests {
  private struct Broken: Error {}

  /// Creates a server whose bodies have a first part and `count` more of `size` bytes, of which the
  /// last fails if `fails`.
  private func server(
    count: Int = 3, size: Int = 5, fails: Bool = false
  ) throws -> RunningServer {
    try RunningServer(handler: { request in
      var response = ServerResponse(status: 200, body: Array("first,".utf8))
      #expect(request.takesParts)
      if request.target == "/plain" { return response }
      response.rest = ResponseParts { number in
        if number == count {
          guard fails else { return nil }
          throw Broken()
        }
        return [UInt8](repeating: UInt8(ascii: "0") + UInt8(number % 10), count: size)
      }
      return response
    })
  }

  private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

  @Test("Parts are sent as chunks, and the connection stays open for the next request")
  func chunks() throws {
    try server().use { server in
      let client = try server.client()
      client.get("/")
      client.get("/plain", "Connection: close\r\n")
      let answer = text(client.readToEnd())
      #expect(answer.contains("Transfer-Encoding: chunked"))
      #expect(!answer.prefix { $0 != "," }.contains("Content-Length"))
      #expect(
        answer.contains(
          "6\r\nfirst,\r\n5\r\n00000\r\n5\r\n11111\r\n5\r\n22222\r\n0\r\n\r\nHTTP/1.1"))
      #expect(answer.hasSuffix("Content-Length: 6\r\nConnection: close\r\n\r\nfirst,"))
    }
  }

  @Test("For HTTP/1.0, the end of the connection ends the body")
  func oldClient() throws {
    try server().use { server in
      let client = try server.client()
      client.send("GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
      let answer = text(client.readToEnd())
      #expect(!answer.contains("Transfer-Encoding") && !answer.contains("Content-Length"))
      #expect(answer.hasSuffix("\r\n\r\nfirst,000001111122222"))
    }
  }

  @Test("No parts are made for HEAD")
  func head() throws {
    try server().use { server in
      let client = try server.client()
      client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(try client.answer(toHead: true)?.fields["transfer-encoding"] == "chunked")
      client.get("/plain")
      #expect(try client.answer()?.body == "first,")
    }
  }

  @Test("If a part cannot be made, the client sees that the body is incomplete")
  func broken() throws {
    try server(fails: true).use { server in
      let client = try server.client()
      client.get("/")
      let answer = text(client.readToEnd())
      #expect(answer.contains("22222") && !answer.contains("\r\n0\r\n"))
    }
  }

  @Test("A part is made only when the previous one has been sent")
  func room() throws {
    let made = Mutex(0)
    let size = 256 << 10
    let server = try RunningServer(handler: { request in
      var response = ServerResponse(status: 200)
      if request.target != "/" { return response }
      response.rest = ResponseParts { number in
        made.withLock { $0 = number + 1 }
        return number == 200 ? nil : [UInt8](repeating: 65, count: size)
      }
      return response
    })
    try server.use { server in
      let client = try server.client()
      client.get("/", "Connection: close\r\n")
      // Other clients are answered meanwhile.
      let other = try server.client()
      for _ in 0..<300 {
        other.get("/other")
        #expect(try other.answer()?.status == 200)
      }
      // More than the socket buffers hold for a client that does not read.
      #expect(made.withLock { $0 } < 150)
      let count = try #require(client.readToEnd()?.count)
      #expect(count > 200 * size)
      #expect(made.withLock { $0 } == 201)
    }
  }
}
