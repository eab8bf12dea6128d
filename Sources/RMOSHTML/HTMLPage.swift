import RMOSModels
import RMOSSystem

/// A self-contained page: a single file that loads nothing else.
///
/// All pages share a style, which is readable in light and dark mode, on a phone and on paper. The
/// content security policy forbids everything except the page's own styles and script, which it
/// names by their digests.
package struct HTMLPage: Sendable {
  /// The page's title.
  package var title: String
  /// A script; the page must work without it, too.
  package var script: String? { didSet { keptPolicy = nil } }
  /// Styles in addition to the shared ones.
  package var addedStyle = "" { didSet { keptPolicy = nil } }
  /// Permissions of the policy beyond the page's own styles and script.
  package var permissions = Permissions() { didSet { keptPolicy = nil } }
  /// Elements of the head in addition to title and styles.
  package var headElements: HTML = ""
  /// The policy, if ``keepPolicy()`` has computed it.
  private var keptPolicy: String?

  /// Permissions of a page that a server sends; a file has none.
  package struct Permissions: Sendable {
    /// Whether forms and scripts may send requests to the page's own server.
    package var usesOwnServer = false
    /// Whether images may be `data:` URLs.
    package var usesDataImages = false

    /// Creates permissions to do nothing.
    init() {}
  }

  /// Creates a page.
  package init(title: String, script: String? = nil) {
    self.title = title
    self.script = script
  }

  /// The policy in the page's head, which a header field may repeat.
  package var contentSecurityPolicy: String { keptPolicy ?? makePolicy() }

  /// Computes the policy once, for a page that serves as a template.
  ///
  /// For a small page, computing the digests takes longer than everything else.
  package mutating func keepPolicy() { keptPolicy = makePolicy() }

  private func makePolicy() -> String {
    let scripts = script.map { " script-src '\(Self.source($0))';" } ?? ""
    let images = permissions.usesDataImages ? " img-src data:;" : ""
    let connections = permissions.usesOwnServer && script != nil ? " connect-src 'self';" : ""
    return "default-src 'none'; style-src '\(Self.source(Self.style + addedStyle))';\(scripts)"
      + "\(images)\(connections) base-uri 'none'; "
      + "form-action \(permissions.usesOwnServer ? "'self'" : "'none'")"
  }

  /// Writes everything before the content of `body`.
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

  /// Writes everything after the content of `body`.
  package func writeEnd(to stream: inout some TextOutputStream) {
    if let script { stream.write("<script>\(script)</script>\n") }
    stream.write("</body>\n</html>\n")
  }

  /// Returns the source expression of an inline style or script.
  private static func source(_ text: String) -> String {
    "sha256-" + Base64.encode(SHA256.hash(Array(text.utf8)).bytes)
  }
}

extension HTMLPage {
  /// The style sheet of every page.
  ///
  /// Colors have a contrast of at least 4.5 to 1 for text and 3 to 1 for shapes, in light and dark
  /// mode. Words or hatching also give the meaning of a color.
  static let style = """

    :root{color-scheme:light dark;--back:#fff;--soft:#f4f4f1;--line:#c9c9c2;--text:#1d1d1b;
    --dim:#5a5a54;--link:#0b57a4;--good:#1f6f43;--warn:#8a5a00;--bad:#b3261e;
    --migrated:#2e7d52;--updated:#2f6fb0;--skipped:#8b8b84;--failed:#c2352b}
    @media (prefers-color-scheme:dark){:root{--back:#191917;--soft:#242421;--line:#4a4a45;
    --text:#ecece6;--dim:#b0b0a6;--link:#8fc1f5;--good:#7fd0a0;--warn:#f0bf5a;--bad:#ff9a90;
    --migrated:#4fae7b;--updated:#69a7e6;--skipped:#8b8b84;--failed:#f06a5f}}
    *{box-sizing:border-box}
    body{margin:0 auto;max-width:64rem;padding:1.5rem 1rem 3rem;background:var(--back);
    color:var(--text);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
    h1{font-size:1.6rem;line-height:1.25;margin:0}
    h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
    p{margin:.4rem 0}
    a{color:var(--link)}
    code{font:.9em ui-monospace,monospace}
    .dim,header p,footer,caption{color:var(--dim)}
    :focus-visible{outline:3px solid var(--link);outline-offset:2px}
    .verdict{margin:1rem 0;padding:.7rem 1rem;border:1px solid var(--line);border-left-width:.5rem;
    border-radius:.3rem;background:var(--soft);font-size:1.1rem}
    .verdict.sound{border-left-color:var(--good)}
    .verdict.warnings{border-left-color:var(--warn)}
    .verdict.errors{border-left-color:var(--bad)}
    .totals{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.6rem;
    margin:1rem 0;padding:0}
    .totals div{padding:.5rem .8rem;border:1px solid var(--line);border-radius:.3rem}
    .totals dt{color:var(--dim);font-size:.9rem}
    .totals dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}
    .scroll{overflow-x:auto}
    table{border-collapse:collapse;width:100%;margin:.6rem 0;overflow-wrap:normal}
    caption{text-align:left;padding-bottom:.2rem}
    th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;
    vertical-align:top}
    thead th{color:var(--dim);font-weight:600}
    tbody th{font-weight:400}
    tfoot th,tfoot td{font-weight:600;border-bottom:0}
    .n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
    .error{color:var(--bad);font-weight:600}
    .warning{color:var(--warn);font-weight:600}
    figure{margin:.8rem 0}
    figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem}
    svg.bar{display:block;width:100%;height:1.1rem;margin:.15rem 0;background:var(--soft);
    border:1px solid var(--line)}
    .migrated{fill:var(--migrated)}
    .updated{fill:var(--updated)}
    .skipped{fill:var(--skipped)}
    .failed{fill:var(--failed)}
    .hatch{stroke:var(--back);stroke-width:2.5;fill:none}
    ul.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0;margin:.4rem 0}
    ul.legend svg.bar{display:inline-block;width:1.6rem;height:.9rem;margin:0 .4rem 0 0;
    vertical-align:-.05rem}
    dl.facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1.2rem;
    margin:.6rem 0}
    dl.facts dt{color:var(--dim)}
    dl.facts dd{margin:0}
    .group{border:1px solid var(--line);border-radius:.3rem;margin:.6rem 0;padding:.5rem .8rem}
    .group h3{display:flex;flex-wrap:wrap;gap:0 .8rem;align-items:baseline;font-size:1rem;margin:0}
    .group h3 .n{margin-left:auto}
    summary{cursor:pointer;color:var(--link);padding:.2rem 0}
    ol.issues{list-style:none;margin:0;padding:0}
    ol.issues li{padding:.3rem 0}
    details ol.issues li{border-top:1px solid var(--line);content-visibility:auto;
    contain-intrinsic-size:auto 3.6rem}
    .place{color:var(--dim);font-size:.9rem}
    .filter{display:flex;flex-wrap:wrap;gap:.3rem 0;align-items:center;margin:.6rem 0}
    .filter label{margin-right:.8rem}
    .filter output:not(:empty){margin-left:.8rem}
    .filter input::placeholder{color:var(--dim);opacity:1}
    .filter input{flex:1 1 14rem;min-width:0;font:inherit;padding:.4rem .6rem;color:inherit;
    background:var(--back);border:1px solid var(--dim);border-radius:.3rem}
    [hidden]{display:none!important}
    footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.6rem;font-size:.9rem}
    @media (max-width:36rem){th,td{padding:.3rem .2rem}table{font-size:.8rem}
    dl.facts{grid-template-columns:minmax(0,1fr);gap:0}dl.facts dd{margin-bottom:.4rem}}
    @media print{:root{color-scheme:light;--back:#fff;--soft:#fff;--line:#999;--text:#000;
    --dim:#333;--link:#000;--good:#000;--warn:#000;--bad:#000;--migrated:#2e7d52;
    --updated:#2f6fb0;--skipped:#8b8b84;--failed:#c2352b}
    body{max-width:none;padding:0;font-size:10pt}.filter{display:none!important}
    h2,h3{break-after:avoid}tr,figure,.verdict,ol.issues li{break-inside:avoid}
    svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}

    """
}
