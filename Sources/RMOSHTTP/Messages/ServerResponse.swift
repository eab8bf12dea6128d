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
  /// What follows ``body``; only in the response to a request that ``ServerRequest/takesParts``.
  package var rest: ResponseParts?
  /// Whether this is no response yet, as with ``postponed``.
  package private(set) var isPostponed = false

  /// Creates a response.
  public init(status: Int, fields: [HeaderField] = [], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// Says that responding takes long; only in the response to a request that
  /// ``ServerRequest/mayBePostponed``.
  ///
  /// Few such requests are handled at once, so that they do not hold up all others.
  package static let postponed = {
    var response = ServerResponse(status: 202)
    response.isPostponed = true
    return response
  }()

  /// The value of the first field with a name, ignoring case; `nil` if there is none.
  package func field(_ name: String) -> String? { fields.value(of: name) }
}

/// A long body that is made part by part, each when the one before has been sent.
package final class ResponseParts: Sendable {
  private let make: @Sendable (Int) throws -> [UInt8]?
  private let made = Mutex(0)

  /// Creates a body from what makes the part with a number, from 0 on; `nil` is its end.
  ///
  /// It is called by one thread at a time. If it throws, the client sees that the body is broken.
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
  /// Whether they are the same object.
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

/// The reason why a request is refused.
///
/// Every layer refuses in the same shape: a status and a JSON object such as
/// `{"success":false,"detail":"…"}`.
package struct HTTPRefusal: Error, Sendable, Hashable {
  /// The status code.
  package var status: Int
  /// What was found, what was expected and how to fix it.
  package var detail: String
  /// Header fields that the status calls for.
  package var fields: [HeaderField]
  /// The member `issues` of the body as JSON; `nil` for none.
  var issues: String?

  /// Creates a refusal.
  package init(
    _ status: Int, _ detail: String, fields: [HeaderField] = [], issues: String? = nil
  ) {
    self.status = status
    self.detail = detail
    self.fields = fields
    self.issues = issues
  }

  /// Creates the refusal of a request that violates RFC 9112.
  static func malformed(_ detail: String) -> HTTPRefusal { HTTPRefusal(400, detail) }

  /// The response to the request.
  package var response: ServerResponse {
    var body = #"{"success":false,"detail":"#
    body += Self.json(detail)
    if let issues { body += ",\"issues\":" + issues }
    return ServerResponse(
      status: status,
      fields: [HeaderField("Content-Type", "application/json")] + ServerResponse.securityFields
        + [HeaderField("Cache-Control", "no-store")] + fields,
      body: Array((body + "}\n").utf8))
  }

  /// The response to a request with these header fields: a page if it asks for one of the pages,
  /// and accepts HTML, as a browser does.
  package func response(to request: [HeaderField], forPage isForPage: Bool) -> ServerResponse {
    let acceptsHTML = request.contains {
      $0.isNamed("Accept") && $0.value.lowercased().contains("text/html")
    }
    return isForPage && acceptsHTML ? page : response
  }

  /// A small page that says the same, and what its reader can do.
  private var page: ServerResponse {
    let title = ResponseWriter.reason(status)
    let wayOut =
      switch status {
      case 401:
        "Load this page again, and enter the token as the password; the name of the user does not "
          + "matter."
      case 403: "Open this server's address itself, rather than from a page of another site."
      case 421: "Or open the server under an address that it accepts."
      default: ""
      }
    let sentence = detail.prefix(1).uppercased() + detail.dropFirst() + "."
    let paragraphs = [sentence, wayOut].filter { !$0.isEmpty }.map { "<p>\(Self.html($0))</p>\n" }
    var page = response
    page.fields.removeAll { $0.isNamed("Content-Type") }
    page.fields.insert(HeaderField("Content-Type", "text/html; charset=utf-8"), at: 0)
    page.body = Array(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(status) \(title)</title>
      </head>
      <body>
      <h1>\(title)</h1>
      \(paragraphs.joined())</body>
      </html>

      """.utf8)
    return page
  }

  /// A text without markup; invisible characters are left out.
  private static func html(_ text: String) -> String {
    var html = ""
    for scalar in text.unicodeScalars {
      switch (scalar, scalar.properties.generalCategory) {
      case ("&", _): html += "&amp;"
      case ("<", _): html += "&lt;"
      case (">", _): html += "&gt;"
      case (_, .control), (_, .format), (_, .lineSeparator), (_, .paragraphSeparator): break
      default: html.unicodeScalars.append(scalar)
      }
    }
    return html
  }

  /// A text as a JSON string; invisible characters, such as terminal escapes, are escaped.
  private static func json(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
      switch (scalar, scalar.properties.generalCategory) {
      case ("\"", _), ("\\", _):
        json += "\\"
        json.unicodeScalars.append(scalar)
      case (_, .control), (_, .format), (_, .lineSeparator), (_, .paragraphSeparator):
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          json += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }
      default: json.unicodeScalars.append(scalar)
      }
    }
    return json + "\""
  }
}
