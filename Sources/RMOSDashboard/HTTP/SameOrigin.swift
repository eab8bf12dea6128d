/// Keeps pages of other origins from writing through a visitor's browser.
enum SameOrigin {
  /// Refuses a request that a browser says comes from another origin.
  ///
  /// Programs that are no browsers send neither field. A browser sends `Origin` with every request
  /// that writes, and newer ones `Sec-Fetch-Site` with every request.
  /// - Throws: ``Refusal`` with 403.
  static func check(_ request: HTTPRequest) throws {
    for field in request.fields where field.isNamed("Sec-Fetch-Site") {
      guard ["same-origin", "none"].contains(field.value.lowercased()) else {
        throw Refusal(
          403, "only pages of this server may write; this request comes from another site")
      }
    }
    for field in request.fields where field.isNamed("Origin") {
      guard let host = request.field("Host"), isOrigin(field.value, of: host) else {
        throw Refusal(
          403,
          "only pages of this server may write; this request comes from "
            + "“\(field.value.shortened)”")
      }
    }
  }

  /// Whether an origin is that of a host; the scheme may be either, for a proxy may speak TLS.
  private static func isOrigin(_ origin: String, of host: String) -> Bool {
    let (origin, host) = (origin.lowercased(), host.lowercased())
    for (scheme, port) in [("http://", ":80"), ("https://", ":443")]
    where origin.hasPrefix(scheme) {
      func plain(_ authority: some StringProtocol) -> String {
        String(authority.hasSuffix(port) ? authority.dropLast(port.count) : authority[...])
      }
      return plain(origin.dropFirst(scheme.count)) == plain(host)
    }
    return false
  }
}
