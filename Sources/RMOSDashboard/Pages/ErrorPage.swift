import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSStore

/// A page that says why there is no other, and what can be done.
struct ErrorPage: Error {
  private let status: Int
  private let title: String
  private let sentences: HTML
  private var retriesAfter: Int?

  /// There is no such page.
  static let notFound = ErrorPage(
    status: 404, title: "There is no such page",
    sentences: "<p>The address leads nowhere. Begin at the <a href=\"/\">overview</a>.</p>\n")
  /// The address has broken escapes.
  static let badAddress = ErrorPage(
    status: 400, title: "The address cannot be read",
    sentences: """
      <p>It has an incomplete percent escape, or escapes that are no UTF-8. \
      Begin at the <a href="/">overview</a>.</p>

      """)
  /// Pages can only be read.
  static let methodNotAllowed = ErrorPage(
    status: 405, title: "Pages can only be read",
    sentences: "<p>Ask with GET or HEAD. Changes go through <code>/api/rmos</code>.</p>\n")

  /// The address asks for something that the page does not know.
  static func unknownParameter(_ sentence: String) -> ErrorPage {
    ErrorPage(
      status: 422, title: "The address asks for something unknown",
      sentences: "<p>\(PageText.short(sentence, limit: 1000))</p>\n")
  }

  /// There is no such entity.
  static func noEntity(_ kind: EntityKind, id: String) -> ErrorPage {
    ErrorPage(
      status: 404, title: "There is no such \(kind.schema.singular)",
      sentences: """
        <p>No \(kind.schema.singular) has the id <code>\(PageText.short(id, limit: 400))</code>. \
        It may have been deleted; look among all <a href="/\(kind.pathName)">\
        \(kind.schema.plural)</a>.</p>

        """)
  }

  /// The store could not answer.
  init(_ error: any Error) {
    let error = error as? StoreError
    switch error?.code {
    case .busy, .locked:
      self.init(
        status: 503, title: "The database is busy",
        sentences: "<p>Another program holds it. Load this page again in a moment.</p>\n")
      retriesAfter = 2
    case .cannotOpen, .replaced, .hardLinked:
      self.init(
        status: 503, title: "The database cannot be opened", sentences: Self.story(error))
      retriesAfter = 10
    default:
      self.init(
        status: 500, title: "The database cannot be read", sentences: Self.story(error))
    }
  }

  private init(status: Int, title: String, sentences: HTML) {
    self.status = status
    self.title = title
    self.sentences = sentences
  }

  private static func story(_ error: StoreError?) -> HTML {
    guard let error else { return "<p>Something unexpected went wrong.</p>\n" }
    return """
      <p>\(PageText.short(error.message, limit: 1000))</p>
      <p class="dim"><code>\(error.code.rawValue)</code></p>

      """
  }

  /// The page.
  var response: ServerResponse {
    let document = PageDocument(
      title: title, section: nil,
      main: "<h1>\(title)</h1>\n<div class=\"lead\">\n\(sentences)</div>\n")
    var answer = document.response(status: status)
    answer.fields.removeAll { $0.name == "Cache-Control" }
    answer.fields.append(HeaderField("Cache-Control", "no-store"))
    if let retriesAfter { answer.fields.append(HeaderField("Retry-After", String(retriesAfter))) }
    return answer
  }
}
