import RMOSSystem

/// A page that stands alone: one file, nothing loaded from elsewhere.
///
/// The look is shared by all pages of the project: readable in light and dark, on a phone and on
/// paper. A policy in its head forbids everything but its own styles and its own script, each by
/// its digest.
package struct HTMLPage: Sendable {
  /// The page's title.
  package var title: String
  /// A script that the page also works without.
  package var script: String? { didSet { keptPolicy = nil } }
  /// What the page adds to the shared look.
  package var addedStyle = "" { didSet { keptPolicy = nil } }
  /// What the policy allows beyond the page's own styles and script.
  package var permissions = Permissions() { didSet { keptPolicy = nil } }
  /// What stands in the head beside title and styles.
  package var headElements: HTML = ""
  /// The policy, where it was worked out before.
  private var keptPolicy: String?

  /// What a page that is served may do; a file may do none of it.
  package struct Permissions: Sendable {
    /// Whether forms may be sent to the page's own server, and scripts may ask it.
    package var usesOwnServer = false
    /// Whether images may stand in the page as `data:` addresses.
    package var usesDataImages = false

    /// Nothing.
    package init() {}
  }

  /// A page without a script.
  package init(title: String, script: String? = nil) {
    self.title = title
    self.script = script
  }

  /// The policy in the page's head, also for a header field.
  package var contentSecurityPolicy: String { keptPolicy ?? makePolicy() }

  /// Works the policy out once, for a page that many are made from.
  ///
  /// The digests take longer than all else in a small page.
  package mutating func keepPolicy() { keptPolicy = makePolicy() }

  private func makePolicy() -> String {
    let scripts = script.map { " script-src '\(Self.source($0))';" } ?? ""
    let images = permissions.usesDataImages ? " img-src data:;" : ""
    let connections = permissions.usesOwnServer && script != nil ? " connect-src 'self';" : ""
    return "default-src 'none'; style-src '\(Self.source(Self.style + addedStyle))';\(scripts)"
      + "\(images)\(connections) base-uri 'none'; "
      + "form-action \(permissions.usesOwnServer ? "'self'" : "'none'")"
  }

  /// Writes all that comes before the content of `body`.
  package func writeHead(to stream: inout some TextOutputStream) {
    stream.write(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="\(contentSecurityPolicy)">
      <title>\(HTML.escaped(title))</title>
      \(headElements.markup)
      """)
    stream.write("<style>\(Self.style)\(addedStyle)</style>\n</head>\n<body>\n")
  }

  /// Writes all that comes after the content of `body`.
  package func writeEnd(to stream: inout some TextOutputStream) {
    if let script { stream.write("<script>\(script)</script>\n") }
    stream.write("</body>\n</html>\n")
  }

  /// How a policy names an inline style or script.
  private static func source(_ text: String) -> String {
    "sha256-" + Base64.encode(SHA256.hash(Array(text.utf8)).bytes)
  }
}
