import Synchronization

/// An HTTP response, independent of any server.
///
/// The response to `HEAD` has the body of `GET`, of which a server sends only the length. The
/// server adds `Content-Length`, `Connection` and `Date`.
public struct ServerResponse: Sendable, Hashable {
  /// The status code, such as 200.
  public var status: Int
  /// The header fields.
  public var fields: [HeaderField]
  /// The body.
  public var body: [UInt8]
  /// The rest of the body, after ``body``; only if the request ``ServerRequest/takesParts``.
  package var rest: ResponseParts?
  /// Whether this is ``postponed``, which is never sent.
  package private(set) var isPostponed = false

  /// Creates a response.
  public init(status: Int, fields: [HeaderField] = [], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// Tells the server that responding takes long; only if the request
  /// ``ServerRequest/mayBePostponed``.
  ///
  /// The server handles few such requests at once, so that they do not hold up others.
  package static let postponed = {
    var response = ServerResponse(status: 202)
    response.isPostponed = true
    return response
  }()

  /// The value of the first field with a name, ignoring case; `nil` if there is none.
  public func field(_ name: String) -> String? { fields.value(of: name) }
}

/// A long body that is made part by part, each when the previous one has been sent.
package final class ResponseParts: Sendable {
  private let make: @Sendable (Int) throws -> [UInt8]?
  private let made = Mutex(0)

  /// Creates a body from a function that returns the part with a number, counted from 0, or `nil`
  /// after the last.
  ///
  /// One thread calls it at a time. If it throws, the client sees that the body is incomplete.
  package init(_ make: @escaping @Sendable (Int) throws -> [UInt8]?) { self.make = make }

  /// The next part; `nil` if there are no more.
  package func next() throws -> [UInt8]? {
    let number = made.withLock { number in
      defer { number += 1 }
      return number
    }
    return try make(number)
  }
}

extension ResponseParts: Hashable {
  /// Whether both are the same object.
  package static func == (left: ResponseParts, right: ResponseParts) -> Bool { left === right }

  /// Hashes the object's identity.
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension ServerResponse {
  /// Fields that keep browsers from interpreting a response as anything else.
  package static let securityFields = [
    HeaderField("X-Content-Type-Options", "nosniff"),
    HeaderField("Cross-Origin-Resource-Policy", "same-origin"),
    HeaderField("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
  ]

  /// The response to `OPTIONS`, with the methods allowed.
  package static func options(_ methods: [String], fields: [HeaderField] = []) -> ServerResponse {
    ServerResponse(
      status: 204,
      fields: [
        HeaderField("Allow", methods.joined(separator: ", ")),
        HeaderField("Cache-Control", "no-store"),
      ] + fields + securityFields)
  }
}
