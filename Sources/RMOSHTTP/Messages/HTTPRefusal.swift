/// The reason why a request is refused.
///
/// The server, its access policy and the handler all refuse with a status and a JSON object such
/// as `{"success":false,"detail":"…"}`.
package struct HTTPRefusal: Error, Sendable, Hashable {
  /// The status code.
  package var status: Int
  /// A human-readable description: what was found, what was expected, and how to fix it.
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

  /// The fields that decide how a request is answered, and that it may have only once.
  private static let singletons = [
    "Authorization", "Content-Length", "Content-Type", "Host", "Origin", "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
  ]

  /// The refusal of a request that repeats a field which it may have only once (RFC 9110, 5.3);
  /// `nil` if it repeats none.
  package static func repetition(in fields: [HeaderField]) -> HTTPRefusal? {
    singletons.first { name in fields.count { $0.isNamed(name) } > 1 }
      .map { .malformed("there is more than one \($0) field") }
  }

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

  /// Returns the response to a request with these header fields: a page if the request is for a
  /// page and accepts HTML, as a browser's does.
  package func response(to request: [HeaderField], forPage isForPage: Bool) -> ServerResponse {
    let acceptsHTML = request.contains {
      $0.isNamed("Accept") && $0.value.lowercased().contains("text/html")
    }
    return isForPage && acceptsHTML ? page : response
  }

  /// A small page with the detail, and with advice to its reader.
  private var page: ServerResponse {
    let title = ResponseWriter.reason(status)
    let advice =
      switch status {
      case 401:
        "Load this page again, and enter the token as the password; the name of the user does not "
          + "matter."
      case 403: "Open this server's address itself, rather than from a page of another site."
      case 421: "Or open the server under an address that it accepts."
      default: ""
      }
    let sentence = detail.prefix(1).uppercased() + detail.dropFirst() + "."
    let paragraphs = [sentence, advice].filter { !$0.isEmpty }.map { "<p>\(Self.html($0))</p>\n" }
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

  /// A text as HTML without markup; invisible characters are left out.
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
