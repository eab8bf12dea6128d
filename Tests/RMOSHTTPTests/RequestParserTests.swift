@testable import RMOSHTTP
import RMOSTestSupport
import Testing

@Suite("Request parser") struct RequestParserTests {
  /// Returns all events of bytes that arrive in pieces whose sizes repeat.
  static func events(
    _ bytes: [UInt8], pieces: [Int] = [.max], limits: RequestParser.Limits = .init()
  ) -> [RequestParser.Event] {
    var parser = RequestParser(limits: limits)
    var events: [RequestParser.Event] = []
    var rest = bytes[...]
    var turn = 0
    while !rest.isEmpty {
      let piece = rest.prefix(pieces[turn % pieces.count])
      rest = rest.dropFirst(piece.count)
      turn += 1
      parser.append(piece)
      while true {
        let event = parser.next()
        if event == .needsMore { break }
        events.append(event)
        if case .refused = event { return events }
      }
    }
    return events
  }

  static func heads(_ events: [RequestParser.Event]) -> [RequestHead] {
    events.compactMap { if case .head(let head) = $0 { head } else { nil } }
  }

  static func bodies(_ events: [RequestParser.Event]) -> [String] {
    events.compactMap {
      if case .end(let body) = $0 { String(decoding: body, as: UTF8.self) } else { nil }
    }
  }

  private func events(_ text: String, limits: RequestParser.Limits = .init())
    -> [RequestParser.Event]
  { Self.events(Array(text.utf8), limits: limits) }

  @Test("A request line and fields are parsed, without white space around values")
  func head() throws {
    let events = events(
      "GET /a%20b?c=d HTTP/1.1\r\nHost: LocalHost.:8000\r\nX-A:\t b c \r\nX-Empty:\r\n\r\n")
    let head = try #require(Self.heads(events).first)
    #expect(head.method == "GET")
    #expect(head.target == "/a%20b?c=d")
    #expect(
      head.fields == [
        HeaderField("Host", "LocalHost.:8000"), HeaderField("X-A", "b c"),
        HeaderField("X-Empty", ""),
      ])
    #expect(head.authority?.host == "localhost")
    #expect(head.authority?.port == 8000)
    #expect(head.keepsAlive)
    #expect(Self.bodies(events) == [""])
  }

  @Test("Bodies of a known length, chunked bodies and pipelined requests are parsed in order")
  func bodies() {
    let events = events(
      "\r\nPOST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        + "PUT /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
        + "3;name=\"v\"\r\nabc\r\n00A ;x\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"
        + "GET /3 HTTP/1.0\r\n\r\n")
    #expect(Self.heads(events).map(\.target) == ["/1", "/2", "/3"])
    #expect(Self.bodies(events) == ["hello", "abc0123456789", ""])
    #expect(Self.heads(events).map(\.keepsAlive) == [true, true, false])
  }

  @Test("The events do not depend on where the pieces end")
  func splits() {
    let text =
      "POST http://h:1/x HTTP/1.1\r\nHost: b\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n"
      + "abcPUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\nT: 1\r\n\r\n"
      + "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\nGET / HTTP/1.1\nHost: a\r\n\r\n"
    let bytes = Array(text.utf8)
    let whole = Self.events(bytes)
    #expect(Self.heads(whole).count == 3)
    #expect(Self.heads(whole).first?.expectsContinue == true)
    #expect(Self.heads(whole).last?.keepsAlive == false)
    guard case .refused(let refusal) = whole.last else {
      Issue.record("the last line ends in a bare line feed")
      return
    }
    #expect(refusal.status == 400)
    for cut in 1..<bytes.count {
      #expect(Self.events(bytes, pieces: [cut, .max]) == whole, "cut at \(cut)")
    }
    #expect(Self.events(bytes, pieces: [1]) == whole)
  }

  @Test("The host of an absolute URL overrides the Host field")
  func absoluteForm() throws {
    let head = try #require(
      Self.heads(events("GET HTTP://[::0001]:80?q=1 HTTP/1.1\r\nHost: other\r\n\r\n")).first)
    #expect(head.authority?.host == "::1")
    #expect(head.target == "/?q=1")
    let options = Self.heads(events("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"))
    #expect(options.first?.target == "*")
  }

  @Test(
    "The version and the Connection field determine whether the connection stays open",
    arguments: [
      ("1.1", "", true), ("1.1", "Connection: close\r\n", false),
      ("1.1", "Connection: a\r\nConnection: b,CLOSE\r\n", false), ("1.0", "", false),
      ("1.0", "Connection: Keep-Alive\r\n", true), ("1.9", "", true),
    ])
  func keepAlive(_ version: String, _ fields: String, _ expected: Bool) {
    let heads = Self.heads(events("GET / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n"))
    #expect(heads.map(\.keepsAlive) == [expected])
  }

  @Test("Input at the limits is accepted, and one byte more is refused")
  func limits() {
    let limits = RequestParser.Limits(head: 100, body: 10, fields: 3)
    func status(_ text: String) -> Int? {
      if case .refused(let refusal) = events(text, limits: limits).last {
        refusal.status
      } else {
        nil
      }
    }
    func request(_ size: Int) -> String {
      let rest = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n"
      return rest.replacing(
        "X: ", with: "X: " + String(repeating: "x", count: size - rest.utf8.count))
    }
    #expect(status(request(100)) == nil)
    #expect(status(request(101)) == 431)
    #expect(status("GET /" + String(repeating: "a", count: 100)) == 414)
    #expect(status("GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 90)) == 431)
    #expect(status("GET / HTTP/1.1\r\nHost: a\r\nA: \r\nB: \r\n\r\n") == nil)
    #expect(status("GET / HTTP/1.1\r\nHost: a\r\nA: \r\nB: \r\nC: \r\n\r\n") == 431)
    #expect(status("P / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789") == nil)
    #expect(status("P / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n") == 413)
    #expect(
      status("P / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n") == 413)
    let chunked = "P / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(status(chunked + "a\r\n0123456789\r\n0\r\n\r\n") == nil)
    #expect(status(chunked + "9\r\n012345678\r\n2\r\n") == 413)
    #expect(status(chunked + "ffffffffffffffffffffffff\r\n") == 413)
    #expect(status(chunked + "1;" + String(repeating: "x", count: 100)) == 431)
    #expect(status(chunked + "0\r\n" + String(repeating: "T: 1\r\n", count: 20)) == 431)
    #expect(
      status(chunked + String(repeating: "1;abcdefghi\r\nx\r\n", count: 9)) == 431,
      "extensions are bounded over all chunks")
    // Chunks of one byte each are wasteful but valid.
    let manyChunks = String(repeating: "1\r\nx\r\n", count: 10)
    #expect(status(chunked + manyChunks + "0\r\n\r\n") == nil)
  }

  @Test("Mutated requests give the same events in one piece and in many, and never crash")
  func mutations() {
    var random = SeededGenerator(seed: 9112)
    var refused = 0
    for _ in 0..<5_000 {
      let bytes = RequestMutation.next(&random)
      let whole = Self.events(bytes)
      let sizes = (0..<5).map { _ in random.int(1...40) }
      #expect(
        Self.events(bytes, pieces: sizes) == whole, "\(String(decoding: bytes, as: UTF8.self))")
      if case .refused = whole.last { refused += 1 }
    }
    // If all mutations were accepted, or none, this would test nothing.
    #expect(1_000..<4_900 ~= refused)
  }

  @Test("Whether input is too long does not depend on the pieces or on what follows")
  func lengthBeforeContent() {
    let limits = RequestParser.Limits(head: 32)
    for text in ["GET / HTTP/1.1\r\nA: ", "GET /"] {
      let bytes = Array((text + String(repeating: "b", count: 40) + "\rc\n\r\n").utf8)
      let whole = Self.events(bytes, limits: limits)
      for size in 1...bytes.count {
        #expect(Self.events(bytes, pieces: [size], limits: limits) == whole, "\(size)")
      }
    }
  }
}

/// Generates requests, most of which are malformed.
enum RequestMutation {
  private static let requests = [
    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /api/rmos/stores/patterns?limit=5 HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n{\"id\":\"a\"}\n",
    "PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5;e=1\r\nhello\r\n"
      + "0\r\nT: v\r\n\r\n",
    "HEAD http://localhost/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
  ]
  private static let pieces = [
    "\r", "\n", "\r\n", "\0", " ", "\t", ":", "Host: b\r\n", "Content-Length: 3\r\n", "\r\n\r\n",
    "Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "ffffffff", "-1", "+5", "%00", "*", "HTTP/1.0",
    "\u{0b}", "\u{7f}", "é", " HTTP/1.1", ", chunked", "Connection: keep-alive\r\n",
  ]

  /// Returns the next input: one or two requests with one to three changes.
  static func next(_ random: inout SeededGenerator) -> [UInt8] {
    var bytes = Array(random.pick(requests).utf8)
    if random.chance(30) { bytes += Array(random.pick(requests).utf8) }
    for _ in 0..<random.int(1...3) { change(&bytes, &random) }
    return bytes
  }

  private static func change(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    guard !bytes.isEmpty else { return }
    let place = random.int(0...bytes.count - 1)
    switch random.int(0...5) {
    case 0: bytes[place] = UInt8(random.int(0...255))
    case 1: bytes.remove(at: place)
    case 2: bytes.insert(contentsOf: random.pick(pieces).utf8, at: place)
    case 3: bytes.removeSubrange(place..<min(bytes.count, place + random.int(1...20)))
    case 4: bytes.insert(contentsOf: bytes[place...].prefix(random.int(1...30)), at: place)
    default: bytes = Array(bytes[..<place])
    }
  }
}
