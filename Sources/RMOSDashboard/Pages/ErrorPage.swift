import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSStore

/// A page that explains an error and how to proceed.
struct ErrorPage: Error {
  private let status: Int
  private let title: String
  private let sentences: HTML
  private var retriesAfter: Int?
  /// The detail for clients that read JSON; `nil` if the title is enough.
  private var detail: String?

  /// The page for an address that has no page.
  static let notFound = ErrorPage(
    status: 404, title: "Page not found",
    sentences: "<p>There is no page at this address. Go to the <a href=\"/\">overview</a>.</p>\n")
  /// The page for an address with invalid escapes.
  static let badAddress = ErrorPage(
    status: 400, title: "Invalid address",
    sentences: """
      <p>The address has an incomplete percent escape, or its escapes are not UTF-8. \
      Go to the <a href="/">overview</a>.</p>

      """)
  /// The page for methods other than GET and HEAD.
  static let methodNotAllowed = ErrorPage(
    status: 405, title: "Pages are read-only",
    sentences: "<p>Use GET or HEAD. To change entities, use <code>/api/rmos</code>.</p>\n")

  /// The page for a download of an audit that does not exist.
  static let noAudit = ErrorPage(
    status: 404, title: "No audit",
    sentences: "<p>This server has not <a href=\"/audit\">audited</a> the database.</p>\n")

  /// The page for a download with an unknown or invalid parameter.
  static func wrongParameter(_ sentence: String, page: String) -> ErrorPage {
    ErrorPage(
      status: 422, title: "Wrong parameter in the address",
      sentences: """
        <p>\(PageText.short(sentence, limit: 1000))</p>
        <p>See the <a href="\(page)">page</a> without it.</p>

        """)
  }

  /// The page for an entity that does not exist.
  static func noEntity(_ kind: EntityKind, id: String) -> ErrorPage {
    ErrorPage(
      status: 404, title: "No such \(kind.schema.singular)",
      sentences: """
        <p>No \(kind.schema.singular) has the id <code>\(PageText.short(id, limit: 400))</code>. \
        It may have been deleted. See all <a href="/\(kind.pathName)">\
        \(kind.schema.plural)</a>.</p>

        """)
  }

  /// Creates the page for an error of the store.
  init(_ error: any Error) {
    let error = error as? StoreError
    let answer = error?.answer
    switch (error?.code, answer?.status) {
    case (.busy, _), (.locked, _):
      self.init(
        status: 503, title: "The database is busy",
        sentences: "<p>Another program has locked it. Reload this page in a moment.</p>\n")
      retriesAfter = 2
    case (_, 503):
      self.init(
        status: 503, title: "The database cannot be opened", sentences: Self.description(of: error))
      retriesAfter = answer?.retriesAfter
    default:
      self.init(
        status: 500, title: "The database cannot be read", sentences: Self.description(of: error))
    }
    detail = error?.message
  }

  init(status: Int, title: String, sentences: HTML) {
    self.status = status
    self.title = title
    self.sentences = sentences
  }

  /// Returns the response to a request: the page, or the error in the form of the API for a client
  /// that accepts JSON, but no HTML.
  func response(to request: ServerRequest, _ catalog: EntityCatalog) -> ServerResponse {
    let accepted = request.list("Accept")?.lowercased() ?? ""
    guard accepted.contains("application/json"), !accepted.contains("text/html") else {
      return response(catalog)
    }
    let fields = retriesAfter.map { [HeaderField("Retry-After", String($0))] } ?? []
    return HTTPRefusal(status, detail ?? title, fields: fields).response
  }

  private static func description(of error: StoreError?) -> HTML {
    guard let error else { return "<p>An unexpected error occurred.</p>\n" }
    return """
      <p>\(PageText.short(error.message, limit: 1000))</p>
      <p class="dim"><code>\(error.code.rawValue)</code></p>

      """
  }

  /// Returns the page, with links to the lists of a catalog's kinds.
  private func response(_ catalog: EntityCatalog) -> ServerResponse {
    let document = PageDocument(
      title: title, section: nil,
      main: "<h1>\(title)</h1>\n<div class=\"lead\">\n\(sentences)</div>\n")
    var answer = document.response(status: status, catalog)
    answer.fields.removeAll { $0.name == "Cache-Control" }
    answer.fields.append(HeaderField("Cache-Control", "no-store"))
    if let retriesAfter { answer.fields.append(HeaderField("Retry-After", String(retriesAfter))) }
    return answer
  }
}
