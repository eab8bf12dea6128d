import RMOSHTTP
import RMOSModels

extension ServerResponse {
  /// An answer of JSON.
  ///
  /// `entityTag` lets a client ask whether it changed; without one the answer is not to be kept.
  static func json(
    status: Int = 200, _ body: [UInt8], entityTag: String? = nil, fields: [HeaderField] = []
  ) -> ServerResponse {
    ServerResponse(
      status: status,
      fields: [HeaderField("Content-Type", "application/json")] + securityFields
        + caching(entityTag)
        + fields,
      body: body)
  }

  /// An answer of one JSON object.
  static func json(
    status: Int = 200, entityTag: String? = nil, fields: [HeaderField] = [],
    _ write: (inout JSONWriter) throws -> Void
  ) rethrows -> ServerResponse {
    var writer = JSONWriter()
    try writer.object(write)
    return .json(status: status, writer.utf8 + [0x0A], entityTag: entityTag, fields: fields)
  }

  /// The answer that nothing changed.
  static func notModified(_ entityTag: String) -> ServerResponse {
    ServerResponse(status: 304, fields: securityFields + caching(entityTag))
  }

  /// The answer that what is asked for has its place elsewhere on this server; the client asks there
  /// with the same method and body.
  static func redirect(to target: String) -> ServerResponse {
    ServerResponse(
      status: 308, fields: [HeaderField("Location", target)] + securityFields + caching(nil))
  }

  private static func caching(_ entityTag: String?) -> [HeaderField] {
    guard let entityTag else { return [HeaderField("Cache-Control", "no-store")] }
    return [HeaderField("Cache-Control", "no-cache"), HeaderField("ETag", entityTag)]
  }
}
