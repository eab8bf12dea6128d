import RMOSAnalytics
import RMOSHTML
import RMOSHTTP
import RMOSModels

/// A page of the dashboard, without the frame that all pages share.
struct PageDocument {
  /// The page's title.
  var title: String
  /// The path of the navigation entry to which the page belongs; `nil` for none.
  var section: String?
  /// The content of `main`.
  var main: HTML
  /// The number of seconds after which a page that waits for a result reloads itself without
  /// scripts; `nil` for other pages.
  ///
  /// With scripts, only the elements with `data-refreshing` are reloaded.
  var refreshSeconds: Int?

  /// Returns the page as a response; 304 if the browser already has it.
  func response(to request: ServerRequest, _ catalog: EntityCatalog) -> ServerResponse {
    let header = Self.header(section, catalog)
    let tag = entityTag(header)
    guard request.hasCurrent(tag) else {
      var answer = response(status: 200, header)
      answer.fields.append(HeaderField("ETag", tag))
      return answer
    }
    return ServerResponse(status: 304, fields: Self.fields + [HeaderField("ETag", tag)])
  }

  /// Returns the page as a response with a status.
  func response(status: Int, _ catalog: EntityCatalog) -> ServerResponse {
    response(status: status, Self.header(section, catalog))
  }

  private func response(status: Int, _ header: HTML) -> ServerResponse {
    ServerResponse(
      status: status,
      fields: [HeaderField("Content-Type", "text/html; charset=utf-8")] + Self.fields,
      body: body(header))
  }

  /// The entity tag of the page.
  ///
  /// The style and the script, which are half of a page or more, enter it by the digests in the
  /// content security policy.
  private func entityTag(_ header: HTML) -> String {
    var hash = SHA256()
    let parts = [
      Self.frame.contentSecurityPolicy, title, header.markup, main.markup, Self.footer.markup,
    ]
    for var part in parts {
      part.withUTF8 { unsafe hash.update(UnsafeRawBufferPointer($0)) }
      // The separator keeps text that moves from one part to the next from giving the same tag.
      hash.update([0])
    }
    return "\"p\(hash.finalize().description.prefix(32))\""
  }

  private func body(_ header: HTML) -> [UInt8] {
    var page = Self.frame
    page.title = "\(title) · RMOS"
    if let refreshSeconds {
      page.headElements = """
        \(Self.icon)<noscript><meta http-equiv="refresh" content="\(refreshSeconds)"></noscript>

        """
    }
    var body = PageBytes()
    page.writeHead(to: &body)
    body.write(header.markup)
    body.write("<main id=\"main\" tabindex=\"-1\">\n")
    body.write(main.markup)
    body.write("</main>\n")
    body.write(Self.footer.markup)
    page.writeEnd(to: &body)
    return body.bytes
  }

  /// The header fields of all pages, without the type of their content.
  private static let fields = [
    HeaderField("Cache-Control", "no-cache"),
    HeaderField(
      "Content-Security-Policy", frame.contentSecurityPolicy + "; frame-ancestors 'none'"),
    HeaderField("X-Content-Type-Options", "nosniff"),
    HeaderField("Referrer-Policy", "same-origin"),
    HeaderField("Cross-Origin-Resource-Policy", "same-origin"),
    HeaderField("Cross-Origin-Opener-Policy", "same-origin"),
  ]

  /// The parts that all pages share.
  private static let frame: HTMLPage = {
    var page = HTMLPage(title: "RMOS", script: PageAssets.script)
    page.addedStyle = ChartStyle.style + CutList.style + PageAssets.style
    page.permissions.usesOwnServer = true
    page.permissions.usesDataImages = true
    page.headElements = icon
    page.keepPolicy()
    return page
  }()

  private static let icon: HTML = """
    <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' \
    viewBox='0 0 24 24' fill='none' stroke='%23a4622a'%3E%3Ccircle cx='12' cy='12' r='9.5' \
    stroke-width='3' stroke-dasharray='2 1'/%3E%3Ccircle cx='12' cy='12' r='5' \
    stroke-width='2'/%3E%3C/svg%3E">

    """

  private static func header(_ section: String?, _ catalog: EntityCatalog) -> HTML {
    let entries: [(String, String)] =
      [("/", "Overview")] + catalog.displayOrder.map { ("/\($0.pathName)", $0.pageTitle) }
      + [("/analytics", "Analytics"), ("/runs", "Runs"), ("/audit", "Audit")]
    let links = entries.map { path, name -> HTML in
      let current: HTML = path == section ? " aria-current=\"page\"" : ""
      return "<li><a href=\"\(path)\"\(current)>\(name)</a></li>\n"
    }
    return """
      <a class="skip" href="#main">Skip to content</a>
      <header class="top"><div>
      <a class="brand" href="/"><svg viewBox="0 0 24 24" width="26" height="26" \
      aria-hidden="true"><circle cx="12" cy="12" r="9.5" stroke-width="3" \
      stroke-dasharray="2 1"/><circle cx="12" cy="12" r="5" stroke-width="2"/></svg>RMOS</a>
      <nav aria-label="Main"><ul>
      \(links)</ul></nav>
      </div></header>

      """
  }

  private static let footer: HTML = """
    <footer><div>RMOS \(RMOSVersion.current) · <a href="/api/rmos/stores/migration/status">\
    Status as JSON</a> · <a href="/\(Route.documentName)">HTTP API</a></div></footer>

    """
}

extension EntityKind {
  /// The kind as a heading.
  var pageTitle: String { schema.heading }
}

/// The bytes of a page as they are written, since a long page takes much memory as a text too.
private struct PageBytes: TextOutputStream {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ text: String) { bytes += text.utf8 }
}
