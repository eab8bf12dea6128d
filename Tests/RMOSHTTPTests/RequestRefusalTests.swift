@testable import RMOSHTTP
import Testing

/// Each line of the tables is a way to make two parsers disagree, or to break a rule of RFC 9112.
@Suite("Refused requests") struct RequestRefusalTests {
  private func status(_ bytes: [UInt8]) -> Int? {
    if case .refused(let refusal) = RequestParserTests.events(bytes).last {
      refusal.status
    } else {
      nil
    }
  }

  private func status(_ text: String) -> Int? { status(Array(text.utf8)) }

  @Test(
    "A malformed request line is refused",
    arguments: [
      ("GET /\r\n", 400), ("GET  / HTTP/1.1\r\n", 400), (" GET / HTTP/1.1\r\n", 400),
      ("GET / HTTP/1.1 \r\n", 400), ("GET\t/ HTTP/1.1\r\n", 400), ("G(T / HTTP/1.1\r\n", 400),
      ("GET / http/1.1\r\n", 400), ("GET / HTTP/1\r\n", 400), ("GET / HTTP/11.1\r\n", 400),
      ("GET / HTTP/1,1\r\n", 400), ("GET / HTTP/2.0\r\n", 505), ("PRI * HTTP/2.0\r\n", 505),
      ("GET / HTTP/0.9\r\n", 505), ("GET a HTTP/1.1\r\n", 400), ("GET * HTTP/1.1\r\n", 400),
      ("GET /a#b HTTP/1.1\r\n", 400), ("GET ftp://a/ HTTP/1.1\r\n", 400),
      ("GET http:// HTTP/1.1\r\n", 400), ("GET http://u@a/ HTTP/1.1\r\n", 400),
      ("GET /é HTTP/1.1\r\n", 400), ("GET /\u{7f} HTTP/1.1\r\n", 400),
      ("GET /\u{0} HTTP/1.1\r\n", 400), ("GET / HTTP/1.1\n", 400), ("GET /\rX HTTP/1.1\r\n", 400),
      ("CONNECT a:1 HTTP/1.1\r\n", 501),
      ("\u{16}\u{3}\u{1}", 400), ("\n", 400),
    ])
  func requestLine(_ line: String, _ expected: Int) { #expect(status(line) == expected) }

  @Test(
    "A field that is malformed or ambiguous is refused",
    arguments: [
      (" Host: a\r\n\r\n", 400), ("Host: a\r\n folded\r\n\r\n", 400),
      ("Host: a\r\n\tfolded\r\n\r\n", 400), ("Host : a\r\n\r\n", 400), ("Host\r\n\r\n", 400),
      (": a\r\n\r\n", 400), ("Ho st: a\r\n\r\n", 400), ("Höst: a\r\n\r\n", 400),
      ("Host: a\r\nX: a\u{0}b\r\n\r\n", 400), ("Host: a\r\nX: a\rb\r\n\r\n", 400),
      ("Host: a\nX: b\r\n\r\n", 400), ("Host: a\r\n\n", 400),
      ("Host: a\r\nX: \u{1b}[0m\r\n\r\n", 400),
      ("\r\n", 400), ("Host: a\r\nHost: a\r\n\r\n", 400), ("Host:\r\n\r\n", 400),
      ("Host: a b\r\n\r\n", 400), ("Host: a/b\r\n\r\n", 400), ("Host: a:99999\r\n\r\n", 400),
      ("Host: a:1x\r\n\r\n", 400), ("Host: [::1\r\n\r\n", 400), ("Host: u@a\r\n\r\n", 400),
      ("Host: a,b\r\n\r\n", 400), ("Host: a\r\nExpect: 200-ok\r\n\r\n", 417),
    ])
  func field(_ fields: String, _ expected: Int) {
    #expect(status("GET / HTTP/1.1\r\n" + fields) == expected)
  }

  @Test(
    "A body whose length is ambiguous is refused",
    arguments: [
      ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
      ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400),
      ("Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
      ("Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
      ("Content-Length: 1, 1\r\n\r\n", 400), ("Content-Length: +1\r\n\r\n", 400),
      ("Content-Length: -1\r\n\r\n", 400), ("Content-Length: 0x1\r\n\r\n", 400),
      ("Content-Length: 1 1\r\n\r\n", 400), ("Content-Length:\r\n\r\n", 400),
      ("Content-Length: １\r\n\r\n", 400), ("Transfer-Encoding: identity\r\n\r\n", 400),
      ("Transfer-Encoding: chunked, gzip\r\n\r\n", 400),
      ("Transfer-Encoding: chunked, chunked\r\n\r\n", 400),
      ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
      ("Transfer-Encoding: xchunked\r\n\r\n", 400), ("Transfer-Encoding:\r\n\r\n", 400),
      ("Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ])
  func framing(_ fields: String, _ expected: Int) {
    #expect(status("POST / HTTP/1.1\r\nHost: a\r\n" + fields) == expected)
  }

  @Test("HTTP/1.0 has no chunks")
  func oldChunks() {
    #expect(status("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400)
  }

  @Test(
    "Malformed chunks are refused",
    arguments: [
      "\r\n", "g\r\n", "-1\r\n", "0x1\r\n", " 1\r\n", "1 \r\n", "1\na", "1\r\nab\r\n", "1\r\na\n",
      "1\r\na\rb", "1;x\ny\r\n", "0\r\n X: folded\r\n\r\n", "0\r\nX : 1\r\n\r\n", "0\r\nX\r\n\r\n",
      "0\r\n\n", "1;\u{0}\r\n",
    ])
  func chunks(_ body: String) {
    #expect(
      status("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body) == 400)
  }

  @Test("After a refusal no further input is parsed")
  func final() {
    var parser = RequestParser()
    parser.append(Array("GET\r\n\r\n".utf8))
    let first = parser.next()
    parser.append(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
    #expect(parser.next() == first)
  }
}
