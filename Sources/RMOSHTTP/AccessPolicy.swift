import RMOSSystem

/// The rules that decide which requests are answered, by their heads alone.
///
/// - The host must be one that the server is known by. Otherwise another site could point its name
///   at the server (DNS rebinding), and its pages could read the responses.
/// - Pages of other origins are refused.
/// - If a token is set, the request must present it.
///
/// An ``HTTPServer`` has a policy. A handler mounted in another server needs one too:
///
/// ```swift
/// let policy = try AccessPolicy(port: 8080, hosts: ["shop.example"])
/// func answer(_ request: ServerRequest) -> ServerResponse {
///   policy.refusal(of: request) ?? ServerResponse(status: 204)
/// }
/// ```
public struct AccessPolicy: Sendable, Hashable {
  /// The port listened on.
  private let port: Int
  /// The names and addresses listened on, in the form of ``Authority``.
  private let listening: Set<String>
  /// Whether the server listens on all addresses of the machine.
  private let isWildcard: Bool
  /// Further hosts; one without a port matches any port.
  private let allowed: [Authority]
  private let token: [UInt8]?
  /// How the operator can add a host to the allowed ones, such as the name of an option.
  var hostAdvice: String?

  /// Creates the policy of a server on the loopback interface.
  ///
  /// - Parameters:
  ///   - port: The port listened on.
  ///   - hosts: Further hosts that requests may name, each `name` or `name:port`, for reverse
  ///     proxies and forwarded ports. A name without a port matches any port.
  ///   - token: The token that clients must present, if any: as `Authorization: Bearer TOKEN`, or
  ///     as the password of any user in Basic authentication.
  /// - Throws: ``HTTPServerError``, `option.invalid`.
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
    // Other characters cannot be sent in a header field.
    if let token, token.isEmpty || !token.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) {
      throw HTTPServerError(
        .invalidOption, "the token must consist of printable ASCII characters without spaces")
    }
    self.port = port
    self.listening = listening
    self.isWildcard = isWildcard
    self.token = token.map { Array($0.utf8) }
    var allowed: [Authority] = []
    for name in hosts {
      guard let host = Authority(name[...]) else {
        throw HTTPServerError(
          .invalidOption, "\"\(name)\" is not a host; expected NAME or NAME:PORT")
      }
      allowed.append(host)
    }
    self.allowed = allowed
  }

  /// The response that refuses a request; `nil` if it may be answered.
  ///
  /// A request without a `Host` field, or with one that names no host, is refused.
  public func refusal(of request: ServerRequest) -> ServerResponse? {
    reason(toRefuse: request)?.response
  }

  /// The reason to refuse a request, with which it can also be refused as a page; `nil` if it may
  /// be answered.
  package func reason(toRefuse request: ServerRequest) -> HTTPRefusal? {
    let hosts = request.fields.filter { $0.isNamed("Host") }
    guard hosts.count == 1, let authority = Authority(hosts[0].value[...]) else {
      return .malformed("the request must have one Host field that names a host")
    }
    return refusal(request.method, request.fields, authority)
  }

  /// The reason to refuse a request whose head has been parsed; `nil` if it may be answered.
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
          + "its operator can add it to the allowed hosts\(hostAdvice.map { " (\($0))" } ?? "")")
    }
    if let refusal = HTTPRefusal.repetition(in: fields) { return refusal }
    if let refusal = Self.originRefusal(method, fields, authority) { return refusal }
    if let token, !presents(token, fields.value(of: "Authorization")) {
      // Basic comes first, since browsers prompt for it.
      return HTTPRefusal(
        401, "a token is required: as Authorization: Bearer, or as the password of any user",
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
    // Nobody can point an address at another machine, as one can a name.
    return host == "localhost" || listening.contains(host) || isWildcard && authority.isAddress
      || host == "::1" || authority.isAddress && host.utf8.starts(with: "127.".utf8)
  }

  // MARK: Origin

  /// The reason to refuse a request that a page of another origin sends.
  ///
  /// Only browsers send `Origin` and `Sec-Fetch-Site`.
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
        "pages of other origins may not use this server; this request comes from "
          + "\"\(foreign.shortened)\"")
    }
    // Browsers send Sec-Fetch-Site even without Origin. Following a link from another site is
    // allowed.
    let isVisit =
      (method == "GET" || method == "HEAD") && fields.value(of: "Sec-Fetch-Mode") == "navigate"
    for field in fields where field.isNamed("Sec-Fetch-Site") && !isVisit {
      guard ["same-origin", "none"].contains(field.value.lowercased()) else {
        return HTTPRefusal(
          403,
          "pages of other origins may not use this server; this request comes from another site")
      }
    }
    return nil
  }

  /// Whether an origin is that of a host, with HTTP or, behind a proxy, with HTTPS.
  private static func isOrigin(_ origin: String, of authority: Authority?) -> Bool {
    guard let authority else { return false }
    for (scheme, port) in [("http://", 80), ("https://", 443)] {
      guard origin.lowercasedASCII.hasPrefix(scheme) else { continue }
      guard let named = Authority(origin.dropFirst(scheme.count)) else { return false }
      // Behind a proxy that uses TLS, Host may omit the port 443.
      return named.host == authority.host
        && (named.port ?? port == authority.port ?? port)
    }
    return false
  }

  // MARK: Token

  private func presents(_ token: [UInt8], _ credentials: String?) -> Bool {
    guard let credentials else { return false }
    guard let space = credentials.firstIndex(of: " ") else { return false }
    // One space or more may be between scheme and token (RFC 9110, 11.4).
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

  /// Whether the bytes equal the token; the time that this takes does not depend on the token.
  private static func areEqual(_ sent: [UInt8], _ token: [UInt8]) -> Bool {
    var difference = sent.count ^ token.count
    for (index, byte) in sent.enumerated() {
      difference |= Int(byte ^ token[index % token.count])
    }
    return difference == 0
  }
}

/// A host, with its port if one is named.
struct Authority: Hashable {
  /// In lower case; an IPv6 address without its brackets, in its canonical text.
  var host: String
  var port: Int?
  /// Whether the host is an IP address.
  var isAddress: Bool

  /// Parses `host[:port]`; `nil` if it is malformed.
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
