import RMOSTestSupport

/// Requests with something wrong, mostly.
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

  /// The next one: one to three changes to one or two requests.
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
