import RMOSSystem

/// Whose requests are answered: decided from the head alone, before a body is read.
///
/// - The host must be one that the server is known by, else another site's name could be pointed at
///   it (DNS rebinding) and its pages read the answers.
/// - A page of another origin may not ask.
/// - Where a token is set, the request must present it.
///
/// An ``HTTPServer`` has one of its own. A handler mounted in another server needs one too:
///
/// ```swift
/// let policy = try AccessPolicy(port: 8080, hosts: ["shop.example"])
/// func answer(_ request: ServerRequest) -> ServerResponse {
///   policy.refusal(of: request)?.response ?? ServerResponse(status: 204)
/// }
/// ```
public struct AccessPolicy: Sendable, Hashable {
  /// The port listened on.
  private let port: Int
  /// The names and addresses listened on, as ``Authority`` has them.
  private let listening: Set<String>
  /// Whether all of the machine's addresses are listened on.
  private let isWildcard: Bool
  /// Further hosts; one without a port goes with any.
  private let allowed: [Authority]
  private let token: [UInt8]?

  /// Creates the policy of a server that the loopback interface's names reach, on its port.
  ///
  /// - Parameters:
  ///   - port: The port listened on.
  ///   - hosts: Further hosts that requests may name, each `name` or `name:port`. A name without a
  ///     port goes with any: for reverse proxies and forwarded ports.
  ///   - token: What a client must present, if anything: `Authorization: Bearer TOKEN`, or Basic
  ///     with any user and the token as password.
  /// - Throws: ``HTTPServerError`` with ``HTTPServerError/Code/invalidOption``.
  public init(
    port: Int, hosts: [String] = [], token: String? = nil
  ) throws(HTTPServerError) {
    try self.init(port: port, listening: [], isWildcard: false, hosts: hosts, token: token)
  }

  init(
    port: Int, listening: Set<String>, isWildcard: Bool, hosts: [String], token: String?
  ) throws(HTTPServerError) {
    guard 0...65_535 ~= port else {
      throw HTTPServerError(.invalidOption, "the port must be from 0 to 65535")
    }
    // What cannot be sent in a header field could never be presented.
    if let token, token.isEmpty || !token.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) {
      throw HTTPServerError(
        .invalidOption, "the token must be of printable ASCII characters without spaces")
    }
    self.port = port
    self.listening = listening
    self.isWildcard = isWildcard
    self.token = token.map { Array($0.utf8) }
    var allowed: [Authority] = []
    for name in hosts {
      guard let host = Authority(name[...]) else {
        throw HTTPServerError(.invalidOption, "“\(name)” is no host; expected NAME or NAME:PORT")
      }
      allowed.append(host)
    }
    self.allowed = allowed
  }

  /// Why a request is not answered, `nil` if it is.
  ///
  /// A request without a `Host` field, or with one that names no host, is refused.
  public func refusal(of request: ServerRequest) -> HTTPRefusal? {
    let hosts = request.fields.filter { $0.isNamed("Host") }
    guard hosts.count == 1, let authority = Authority(hosts[0].value[...]) else {
      return .malformed("the request does not name one host")
    }
    return refusal(request.method, request.fields, authority)
  }

  /// Why a request is not answered, `nil` if it is.
  func refusal(_ head: RequestHead) -> HTTPRefusal? {
    refusal(head.method, head.fields, head.authority)
  }

  private func refusal(
    _ method: String, _ fields: [HeaderField], _ authority: Authority?
  ) -> HTTPRefusal? {
    if let authority, !accepts(authority) {
      return HTTPRefusal(
        421,
        "the Host field names a host that this server does not accept; "
          + "whoever runs it can add that to the allowed hosts")
    }
    if let refusal = Self.originRefusal(method, fields, authority) { return refusal }
    if let token, !presents(token, fields.value(of: "Authorization")) {
      // Basic first: it is what browsers can ask for.
      return HTTPRefusal(
        401, "a token is needed: as Authorization: Bearer, or as the password of any user",
        fields: [
          HeaderField("WWW-Authenticate", "Basic realm=\"RMOS\", charset=\"UTF-8\""),
          HeaderField("WWW-Authenticate", "Bearer realm=\"RMOS\""),
        ])
    }
    return nil
  }

  // MARK: Host

  private func accepts(_ authority: Authority) -> Bool {
    let isAllowed = allowed.contains { name in
      name.host == authority.host && (name.port == nil || name.port == authority.port)
    }
    if isAllowed { return true }
    guard authority.port ?? 80 == port else { return false }
    let host = authority.host
    // An address in a URL cannot be pointed elsewhere, and so is no name to rebind.
    return host == "localhost" || listening.contains(host) || isWildcard && authority.isAddress
      || host == "::1" || authority.isAddress && host.utf8.starts(with: "127.".utf8)
  }

  // MARK: Origin

  /// Why a request is not answered though its host is the server's: a page of another origin asks.
  ///
  /// Programs that are no browsers send neither `Origin` nor `Sec-Fetch-Site`.
  package static func originRefusal(of request: ServerRequest) -> HTTPRefusal? {
    originRefusal(
      request.method, request.fields, request.field("Host").flatMap { Authority($0[...]) })
  }

  private static func originRefusal(
    _ method: String, _ fields: [HeaderField], _ authority: Authority?
  ) -> HTTPRefusal? {
    let origins = fields.filter { $0.isNamed("Origin") }.map(\.value)
    if let foreign = origins.first(where: { !isOrigin($0, of: authority) }) {
      return HTTPRefusal(
        403,
        "pages of another origin may not use this server; this request comes from "
          + "“\(foreign.shortened)”")
    }
    // What a browser says of requests without an Origin. A link from elsewhere may lead here.
    let isVisit =
      (method == "GET" || method == "HEAD") && fields.value(of: "Sec-Fetch-Mode") == "navigate"
    for field in fields where field.isNamed("Sec-Fetch-Site") && !isVisit {
      guard ["same-origin", "none"].contains(field.value.lowercased()) else {
        return HTTPRefusal(
          403,
          "pages of another origin may not use this server; this request comes from another site")
      }
    }
    return nil
  }

  /// Whether an origin is that of a host; the scheme may be either, for a proxy may speak TLS.
  private static func isOrigin(_ origin: String, of authority: Authority?) -> Bool {
    guard let authority else { return false }
    for (scheme, port) in [("http://", 80), ("https://", 443)] {
      guard origin.lowercasedASCII.hasPrefix(scheme) else { continue }
      guard let named = Authority(origin.dropFirst(scheme.count)) else { return false }
      // Behind a proxy that speaks TLS the port in Host may be left out for 443.
      return named.host == authority.host
        && (named.port ?? port == authority.port ?? port)
    }
    return false
  }

  // MARK: Token

  private func presents(_ token: [UInt8], _ credentials: String?) -> Bool {
    guard let credentials else { return false }
    guard let space = credentials.firstIndex(of: " ") else { return false }
    // One space or more may be between the two (RFC 9110, 11.4).
    let rest = credentials[space...].drop { $0 == " " }
    switch credentials[..<space].lowercased() {
    case "bearer": return Self.areEqual(Array(rest.utf8), token)
    case "basic":
      guard let decoded = Base64.decode(HeaderField.trimmed(rest)),
        let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
      else { return false }
      return Self.areEqual(Array(decoded[(colon + 1)...]), token)
    default: return false
    }
  }

  /// Whether the bytes are the token; how long that takes depends on what was sent alone.
  private static func areEqual(_ sent: [UInt8], _ token: [UInt8]) -> Bool {
    var difference = sent.count ^ token.count
    for (index, byte) in sent.enumerated() {
      difference |= Int(byte ^ token[index % token.count])
    }
    return difference == 0
  }
}

/// A host, with its port where one is named.
struct Authority: Hashable {
  /// In lower case; an IPv6 address without its brackets, in its canonical text.
  var host: String
  var port: Int?
  /// Whether the host is an IP address.
  var isAddress: Bool

  /// Takes `host[:port]` apart; nil where it is none.
  init?(_ text: Substring) {
    var bytes = text.utf8
    if bytes.first == UInt8(ascii: "[") {
      guard let end = bytes.firstIndex(of: UInt8(ascii: "]")),
        let address = SocketAddress.canonicalIPv6(
          String(decoding: bytes[bytes.index(after: bytes.startIndex)..<end], as: UTF8.self))
      else { return nil }
      host = address
      isAddress = true
      bytes = bytes[bytes.index(after: end)...]
    } else {
      let end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
      var name = bytes[..<end]
      bytes = bytes[end...]
      // A name may end in the dot of the root.
      if name.last == UInt8(ascii: ".") { name = name.dropLast() }
      guard !name.isEmpty, name.count <= 253, name.allSatisfy(Authority.isNameByte) else {
        return nil
      }
      host = String(decoding: name.map(\.lowercasedASCII), as: UTF8.self)
      isAddress = SocketAddress.isIPv4(host)
    }
    guard let colon = bytes.first else { return }
    let digits = bytes.dropFirst()
    guard colon == UInt8(ascii: ":"), digits.count <= 5,
      digits.allSatisfy({ 0x30...0x39 ~= $0 })
    else { return nil }
    // "host:" means the port of the scheme.
    guard !digits.isEmpty else { return }
    guard let number = Int(String(decoding: digits, as: UTF8.self)), number <= 65_535 else {
      return nil
    }
    port = number
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte.isASCIILetter || byte.isASCIIDigit || "-._".utf8.contains(byte)
  }
}
