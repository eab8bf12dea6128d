/// An answer, for any server to send.
///
/// It has the body that `GET` would give for `HEAD` too: a server sends only its length then.
/// `Content-Length`, `Connection` and `Date` are the server's to add.
public struct HTTPResponse: Sendable, Hashable {
  /// The status code, such as 200.
  public var status: Int
  /// The header fields.
  public var fields: [HTTPField]
  /// The body.
  public var body: [UInt8]

  /// An answer.
  public init(status: Int, fields: [HTTPField] = [], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// The value of the first field with a name, nil where there is none; case does not count.
  public func field(_ name: String) -> String? { fields.value(of: name) }
}
