import RMOSSystem

/// The request line and header fields of a request, checked.
struct RequestHead: Hashable {
  /// How the body is delimited.
  enum Framing: Hashable {
    case length(Int)
    case chunked
  }

  var method: String
  /// In origin form, or `*`.
  var target: String
  /// 0 or 1, for HTTP/1.0 and 1.1.
  var minorVersion: Int
  var fields: [HeaderField]
  /// The host: from the target if that is a URL, else from the Host field; `nil` if an HTTP/1.0
  /// request names none.
  var authority: Authority?
  var framing = Framing.length(0)
  /// Whether the connection may stay open after the response.
  var keepsAlive = true
  /// Whether the client waits for 100 Continue before it sends the body.
  var expectsContinue = false
}

extension RequestHead {
  /// Parses a request line.
  init(requestLine line: ArraySlice<UInt8>) throws(HTTPRefusal) {
    let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3 else {
      throw .malformed("expected a method, a target and HTTP/1.1 with one space between them")
    }
    guard !parts[0].isEmpty, parts[0].allSatisfy(\.isTokenByte) else {
      throw .malformed("the method is not a token")
    }
    method = String(decoding: parts[0], as: UTF8.self)
    minorVersion = try RequestHead.minorVersion(parts[2])
    fields = []
    target = ""
    try setTarget(String(decoding: parts[1], as: UTF8.self))
  }

  private static func minorVersion(_ text: ArraySlice<UInt8>) throws(HTTPRefusal) -> Int {
    let bytes = Array(text)
    guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), bytes[6] == UInt8(ascii: "."),
      0x30...0x39 ~= bytes[5], 0x30...0x39 ~= bytes[7]
    else { throw .malformed("the request line does not end in HTTP/1.1") }
    guard bytes[5] == UInt8(ascii: "1") else {
      throw HTTPRefusal(505, "this server supports HTTP/1.0 and HTTP/1.1")
    }
    // RFC 9110, 2.5: a higher minor version is taken as the highest known.
    return bytes[7] == UInt8(ascii: "0") ? 0 : 1
  }

  private mutating func setTarget(_ text: String) throws(HTTPRefusal) {
    // The target of CONNECT is a host and port, not a path.
    guard method != "CONNECT" else { throw HTTPRefusal(501, "this server is not a proxy") }
    guard !text.utf8.contains(UInt8(ascii: "#")) else {
      throw .malformed("the target has a fragment, which must not be sent to servers")
    }
    if text.utf8.first == UInt8(ascii: "/") {
      target = text
    } else if text == "*" {
      guard method == "OPTIONS" else { throw .malformed("the target * is only valid with OPTIONS") }
      target = text
    } else {
      try setTarget(url: text)
    }
  }

  /// Sets the target and the host, which overrides the Host field (RFC 9112, 3.2.2).
  private mutating func setTarget(url: String) throws(HTTPRefusal) {
    let noTarget = HTTPRefusal.malformed("the target is neither a path nor a URL")
    let lowered = url.utf8.prefix(8).map(\.lowercasedASCII)
    let scheme = ["http://", "https://"].first { lowered.starts(with: $0.utf8) }
    guard let scheme else { throw noTarget }
    let rest = url.utf8.dropFirst(scheme.utf8.count)
    let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
    let split = end ?? rest.endIndex
    guard let authority = Authority(url[rest.startIndex..<split]) else { throw noTarget }
    self.authority = authority
    let path = String(url[split...])
    target = path.utf8.first == UInt8(ascii: "/") ? path : "/" + path
    if path.isEmpty, method == "OPTIONS" { target = "*" }
  }

  /// Interprets the fields about the host, the body and the connection.
  mutating func interpretFields(bodyLimit: Int) throws(HTTPRefusal) {
    try interpretHost()
    try interpretFraming(bodyLimit)
    let options = values(of: "Connection").flatMap { list in
      list.split(separator: ",").map { HeaderField.trimmed($0).lowercased() }
    }
    keepsAlive =
      !options.contains("close") && (minorVersion > 0 || options.contains("keep-alive"))
    guard minorVersion > 0 else { return }
    for value in values(of: "Expect") {
      guard value.lowercased() == "100-continue" else {
        throw HTTPRefusal(417, "the only supported expectation is 100-continue")
      }
      expectsContinue = framing != .length(0)
    }
  }

  private func values(of name: String) -> [String] {
    fields.filter { $0.isNamed(name) }.map(\.value)
  }

  private mutating func interpretHost() throws(HTTPRefusal) {
    let hosts = values(of: "Host")
    guard hosts.count <= 1 else { throw .malformed("there is more than one Host field") }
    guard let host = hosts.first else {
      if minorVersion > 0 { throw .malformed("the Host field is missing") }
      return
    }
    guard let named = Authority(host[...]) else {
      throw .malformed("the value of the Host field is not a host")
    }
    authority = authority ?? named
  }

  private mutating func interpretFraming(_ bodyLimit: Int) throws(HTTPRefusal) {
    let lengths = values(of: "Content-Length")
    let codings = values(of: "Transfer-Encoding").flatMap { list in
      list.split(separator: ",", omittingEmptySubsequences: false).map {
        HeaderField.trimmed($0).lowercased()
      }
    }
    if !codings.isEmpty {
      guard lengths.isEmpty else {
        throw .malformed("Content-Length and Transfer-Encoding must not both be present")
      }
      guard minorVersion > 0 else { throw .malformed("HTTP/1.0 has no Transfer-Encoding") }
      guard codings.last == "chunked", codings.count(where: { $0 == "chunked" }) == 1 else {
        throw .malformed("chunked must be the last Transfer-Encoding and must not be repeated")
      }
      guard codings.count == 1 else {
        throw HTTPRefusal(501, "the only supported Transfer-Encoding is chunked")
      }
      framing = .chunked
      return
    }
    guard let length = lengths.first else { return }
    guard lengths.count == 1, !length.isEmpty, length.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else {
      throw .malformed("Content-Length must be a single whole number")
    }
    guard let number = Int(length), number <= bodyLimit else { throw .bodyTooLarge(bodyLimit) }
    framing = .length(number)
  }
}

extension HeaderField {
  /// Parses a line of a head, without its end.
  init(line: ArraySlice<UInt8>) throws(HTTPRefusal) {
    if line.first == 0x20 || line.first == 0x09 {
      throw .malformed("a header field is folded onto several lines")
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
      throw .malformed("a header field has no colon")
    }
    guard colon > line.startIndex, line[..<colon].allSatisfy(\.isTokenByte) else {
      throw .malformed("the name of a header field is not a token")
    }
    let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
    self.init(String(decoding: line[..<colon], as: UTF8.self), HeaderField.trimmed(value[...]))
  }

  /// The text without surrounding spaces and tabs.
  static func trimmed(_ text: Substring) -> String {
    let bytes = text.utf8.drop { $0 == 0x20 || $0 == 0x09 }
    guard let last = bytes.lastIndex(where: { $0 != 0x20 && $0 != 0x09 }) else { return "" }
    return String(text[bytes.startIndex...last])
  }
}

extension UInt8 {
  /// Whether the byte is allowed in a token (RFC 9110, 5.6.2).
  var isTokenByte: Bool {
    isASCIILetter || isASCIIDigit || "!#$%&'*+-.^_`|~".utf8.contains(self)
  }
}
