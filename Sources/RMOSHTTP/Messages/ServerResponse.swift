/// An answer, for any server to send.
///
/// It has the body that `GET` would give for `HEAD` too: a server sends only its length then.
/// `Content-Length`, `Connection` and `Date` are the server's to add.
public struct ServerResponse: Sendable, Hashable {
  /// The status code, such as 200.
  public var status: Int
  /// The header fields.
  public var fields: [HeaderField]
  /// The body.
  public var body: [UInt8]

  /// An answer.
  public init(status: Int, fields: [HeaderField] = [], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// The value of the first field with a name, nil where there is none; case does not count.
  public func field(_ name: String) -> String? { fields.value(of: name) }
}

extension ServerResponse {
  /// What keeps browsers from taking an answer for anything but what it is.
  package static let securityFields = [
    HeaderField("X-Content-Type-Options", "nosniff"),
    HeaderField("Cross-Origin-Resource-Policy", "same-origin"),
    HeaderField("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
  ]

  /// The answer to `OPTIONS`: what may be done there.
  package static func options(_ methods: [String], fields: [HeaderField] = []) -> ServerResponse {
    ServerResponse(
      status: 204,
      fields: [
        HeaderField("Allow", methods.joined(separator: ", ")),
        HeaderField("Cache-Control", "no-store"),
      ] + fields + securityFields)
  }
}
