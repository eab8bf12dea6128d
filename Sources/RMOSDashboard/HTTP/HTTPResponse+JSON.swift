import RMOSModels

extension HTTPResponse {
  /// An answer of JSON.
  ///
  /// `entityTag` lets a client ask whether it changed; without one the answer is not to be kept.
  static func json(
    status: Int = 200, _ body: [UInt8], entityTag: String? = nil, fields: [HTTPField] = []
  ) -> HTTPResponse {
    HTTPResponse(
      status: status,
      fields: [HTTPField("Content-Type", "application/json")] + security + caching(entityTag)
        + fields,
      body: body)
  }

  /// An answer of one JSON object.
  static func json(
    status: Int = 200, entityTag: String? = nil, fields: [HTTPField] = [],
    _ write: (inout JSONWriter) throws -> Void
  ) rethrows -> HTTPResponse {
    var writer = JSONWriter()
    try writer.object(write)
    return .json(status: status, writer.utf8 + [0x0A], entityTag: entityTag, fields: fields)
  }

  /// The answer that nothing changed.
  static func notModified(_ entityTag: String) -> HTTPResponse {
    HTTPResponse(status: 304, fields: security + caching(entityTag))
  }

  /// The answer that what is asked for has its place elsewhere on this server; the client asks there
  /// with the same method and body.
  static func redirect(to target: String) -> HTTPResponse {
    HTTPResponse(status: 308, fields: [HTTPField("Location", target)] + security + caching(nil))
  }

  /// The answer to a request that is refused.
  static func refusal(_ refusal: Refusal) -> HTTPResponse {
    .json(status: refusal.status, fields: refusal.fields) {
      $0.member("success", false)
      $0.member("detail", refusal.detail)
      guard !refusal.issues.isEmpty else { return }
      $0.member("issues") { writer in
        writer.array {
          for issue in refusal.issues { $0.issue(issue) }
        }
      }
    }
  }

  /// What keeps browsers from taking an answer for anything but what it is.
  static let security = [
    HTTPField("X-Content-Type-Options", "nosniff"),
    HTTPField("Cross-Origin-Resource-Policy", "same-origin"),
    HTTPField("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
  ]

  private static func caching(_ entityTag: String?) -> [HTTPField] {
    guard let entityTag else { return [HTTPField("Cache-Control", "no-store")] }
    return [HTTPField("Cache-Control", "no-cache"), HTTPField("ETag", entityTag)]
  }
}
