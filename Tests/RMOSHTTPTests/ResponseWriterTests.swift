@testable import RMOSHTTP
import Testing

@Suite("Response writer") struct ResponseWriterTests {
  private func text(_ response: ServerResponse, _ writer: ResponseWriter) -> String {
    String(decoding: writer.bytes(response).bytes, as: UTF8.self)
  }

  @Test("A response has its status, date, fields, length and body")
  func plain() {
    let response = ServerResponse(
      status: 200, fields: [HeaderField("Content-Type", "text/plain")], body: Array("héllo".utf8))
    #expect(
      text(response, ResponseWriter(date: "D"))
        == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhéllo"
    )
  }

  @Test("HEAD has the length and no body; 204 and 304 have neither")
  func withoutBody() {
    let response = ServerResponse(status: 200, body: [65])
    #expect(
      text(response, ResponseWriter(isHead: true, date: "D"))
        == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 1\r\n\r\n")
    for (status, reason) in [(204, "No Content"), (304, "Not Modified")] {
      #expect(
        text(ServerResponse(status: status, body: [65]), ResponseWriter(date: "D"))
          == "HTTP/1.1 \(status) \(reason)\r\nDate: D\r\n\r\n")
    }
  }

  @Test("The Connection field is sent if the version's default does not apply")
  func connection() {
    let response = ServerResponse(status: 204)
    #expect(
      text(response, ResponseWriter(keepsAlive: false, date: "D")).contains("Connection: close"))
    #expect(
      text(response, ResponseWriter(minorVersion: 0, date: "D"))
        .contains("Connection: keep-alive"))
  }

  @Test("No field of a handler can split a response or contradict its framing")
  func splitting() {
    let response = ServerResponse(
      status: 200,
      fields: [
        HeaderField("X", "a\r\nSet-Cookie: b\u{0}"), HeaderField("Y\r\nZ:", "c"),
        HeaderField("", "d"),
        HeaderField("content-LENGTH", "9"), HeaderField("Transfer-Encoding", "chunked"),
      ], body: [])
    #expect(
      text(response, ResponseWriter(date: "D"))
        == "HTTP/1.1 200 OK\r\nDate: D\r\nX: a  Set-Cookie: b \r\nY__Z_: c\r\nContent-Length: 0\r\n\r\n"
    )
  }
}
