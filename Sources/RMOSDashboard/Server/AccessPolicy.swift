import RMOSModels
import RMOSSystem

/// Whose requests are answered: decided from the head alone, before a body is read.
///
/// - The host must be one that the server goes by, else another site's name could be pointed at it
///   (DNS rebinding) and its pages read the answers.
/// - A page of another origin may not ask.
/// - Where a token is set, it must be shown.
struct AccessPolicy: Sendable {
  /// The port listened on.
  var port: Int
  /// The names and addresses listened on, as ``Authority`` has them.
  var hosts: Set<String>
  /// Whether all of the machine's addresses are listened on.
  var isWildcard = false
  /// Further hosts; one without a port goes with any.
  var allowed: [Authority] = []
  /// The digest of the token, if any.
  private var token: [UInt8]?

  init(port: Int, hosts: Set<String>, token: String? = nil) {
    self.port = port
    self.hosts = hosts
    self.token = token.map { AccessPolicy.digest(Array($0.utf8)) }
  }

  /// Why a request is not answered; nil where it is.
  func refusal(_ head: RequestHead) -> RequestRefusal? {
    if let authority = head.authority, !goesBy(authority) {
      return RequestRefusal(
        421,
        "this server does not go by the name in the Host field; "
          + "it can be told to with --allow-host")
    }
    if isOfAnotherOrigin(head) {
      return RequestRefusal(403, "pages of another origin may not use this server")
    }
    if let token, !shows(token, head.field("Authorization")) {
      // Basic first: it is what browsers can ask for.
      return RequestRefusal(
        401, "a token is needed: as Authorization: Bearer, or as the password of any user",
        fields: [
          HTTPField("WWW-Authenticate", "Basic realm=\"RMOS\", charset=\"UTF-8\""),
          HTTPField("WWW-Authenticate", "Bearer realm=\"RMOS\""),
        ])
    }
    return nil
  }

  private func goesBy(_ authority: Authority) -> Bool {
    if isAllowed(authority) { return true }
    guard authority.port ?? 80 == port else { return false }
    let host = authority.host
    // An address in a URL cannot be pointed elsewhere, and so is no name to rebind.
    return host == "localhost" || hosts.contains(host) || isWildcard && authority.isAddress
      || host == "::1" || authority.isAddress && host.utf8.starts(with: "127.".utf8)
  }

  private func isAllowed(_ authority: Authority) -> Bool {
    allowed.contains { name in
      name.host == authority.host && (name.port == nil || name.port == authority.port)
    }
  }

  private func isOfAnotherOrigin(_ head: RequestHead) -> Bool {
    for field in head.fields where field.isNamed("Origin") {
      if !isOwn(origin: field.value, head.authority) { return true }
    }
    // What a browser says of requests without an Origin. A link from elsewhere may lead here.
    guard let site = head.field("Sec-Fetch-Site"), site != "same-origin", site != "none" else {
      return false
    }
    let isVisit = head.field("Sec-Fetch-Mode") == "navigate"
    return !(isVisit && (head.method == "GET" || head.method == "HEAD"))
  }

  private func isOwn(origin: String, _ authority: Authority?) -> Bool {
    guard let authority else { return false }
    for (scheme, port) in [("http://", 80), ("https://", 443)] where origin.hasPrefix(scheme) {
      guard let named = Authority(origin.dropFirst(scheme.count)) else { return false }
      // Behind a proxy that speaks TLS the port in Host may be left out for 443.
      return named.host == authority.host
        && (named.port ?? port == authority.port ?? port)
    }
    return false
  }

  // MARK: Token

  private func shows(_ token: [UInt8], _ credentials: String?) -> Bool {
    guard let credentials else { return false }
    guard let space = credentials.firstIndex(of: " ") else { return false }
    // One space or more may be between the two (RFC 9110, 11.4).
    let rest = credentials[space...].drop { $0 == " " }
    let shown: [UInt8]
    switch credentials[..<space].lowercased() {
    case "bearer": shown = Array(rest.utf8)
    case "basic":
      guard let decoded = Base64.decode(HTTPField.trimmed(rest)),
        let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
      else { return false }
      shown = Array(decoded[(colon + 1)...])
    default: return false
    }
    return AccessPolicy.areEqual(AccessPolicy.digest(shown), token)
  }

  /// Digests are compared, so that neither the length nor the first difference shows in the time.
  private static func digest(_ bytes: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(bytes).description.utf8)
  }

  /// Whether the bytes are the same; takes the same time wherever they differ.
  private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
