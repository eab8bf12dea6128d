import RMOSSystem

/// An HTTP request, independent of any server.
///
/// ```swift
/// let request = ServerRequest(method: "GET", target: "/api/rmos/stores/patterns?limit=10")
/// ```
public struct ServerRequest: Sendable, Hashable {
  /// The method, such as `GET`; case-sensitive.
  public var method: String
  /// The target in origin form: an absolute path with its query, both percent-encoded as received;
  /// or `*` if `OPTIONS` is about the server as a whole.
  public var target: String
  /// The header fields, in the order received.
  public var fields: [HeaderField]
  /// The body, with any transfer coding removed.
  public var body: [UInt8]
  /// Whether the response may have a ``ServerResponse/rest``.
  package var takesParts = false
  /// Whether the handler may return ``ServerResponse/postponed``.
  ///
  /// The server then calls it again, with this `false`, on a thread for long requests.
  package var mayBePostponed = false

  /// Creates a request.
  public init(
    method: String, target: String, fields: [HeaderField] = [], body: [UInt8] = []
  ) {
    self.method = method
    self.target = target
    self.fields = fields
    self.body = body
  }

  /// The value of the first field with a name, ignoring case; `nil` if there is none.
  public func field(_ name: String) -> String? { fields.value(of: name) }
}

/// A header field.
public struct HeaderField: Sendable, Hashable {
  /// The name; case-insensitive.
  public var name: String
  /// The value, without the white space around it.
  public var value: String

  /// Creates a field.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension HeaderField {
  /// Whether it has the name, ignoring case.
  package func isNamed(_ name: String) -> Bool { self.name.isEqualIgnoringASCIICase(name) }
}

extension [HeaderField] {
  /// The value of the first field with a name, ignoring case; `nil` if there is none.
  func value(of name: String) -> String? {
    first { $0.isNamed(name) }?.value
  }
}
