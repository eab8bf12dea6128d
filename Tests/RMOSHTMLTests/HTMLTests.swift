import Foundation
import RMOSHTML
import RMOSModels
import Testing

@Suite struct HTMLTests {
  @Test func textIsEscapedAndPiecesAreNot() {
    let text = "<b title=\"x\">'&'</b>"
    let piece: HTML = "<i>\(text)</i>"
    #expect(
      piece.markup == "<i>&lt;b title=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/b&gt;</i>")
    let list: HTML = "<p>\(piece)\(7)\([piece, piece])</p>"
    #expect(list.markup == "<p>\(piece.markup)7\(piece.markup)\(piece.markup)</p>")
    #expect(HTML(text: text).markup == HTML.escaped(text))
  }

  @Test func charactersThatControlOrReorderTextAreShown() {
    #expect(HTML.escaped("a\u{0}\u{202E}\nb") == #"a\u{0}\u{202e}\u{a}b"#)
    #expect(HTML.escaped("é 弦 🎸 👩‍🔧") == "é 弦 🎸 👩‍🔧")
  }

  @Test(arguments: [
    (0.00001, "1e-5"), (1.2345e-7, "1.23e-7"), (-9.999e-300, "-1e-299"),
    (Double.leastNonzeroMagnitude, "4.94e-324"),
    (0.0001, "0.0001"), (1234.5, "1,234.5"), (0, "0"), (1e300, "1e300"), (-9.999e20, "-1e21"),
  ])
  func numbersKeepTheirSize(_ number: Double, _ text: String) {
    #expect(PageText.grouped(number) == text)
  }

  @Test func thePolicyNamesItsStyleAndScriptByTheirDigests() throws {
    var text = ""
    let page = HTMLPage(title: "A & B", script: "let a = 1")
    page.writeHead(to: &text)
    page.writeEnd(to: &text)
    #expect(text.contains("<title>A &amp; B</title>"))
    for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
      let content = try #require(
        text.firstMatch(of: try Regex("<\(element)>([^<]*)</\(element)>"))?[1].substring)
      let digest = Data(SHA256.hash(Array(content.utf8)).bytes).base64EncodedString()
      #expect(text.contains("\(directive) 'sha256-\(digest)'"))
    }
  }

  @Test func aPolicyThatIsKeptIsThatOfThePage() {
    var page = HTMLPage(title: "A", script: "let a = 1")
    let policy = page.contentSecurityPolicy
    page.keepPolicy()
    #expect(page.contentSecurityPolicy == policy)
    page.title = "B"
    #expect(page.contentSecurityPolicy == policy)
    let changes: [(inout HTMLPage) -> Void] = [
      { $0.script = "let a = 2" }, { $0.addedStyle = "p{margin:0}" },
      { $0.permissions.usesOwnServer = true },
    ]
    for change in changes {
      var changed = page
      change(&changed)
      var fresh = HTMLPage(title: "B", script: changed.script)
      fresh.addedStyle = changed.addedStyle
      fresh.permissions = changed.permissions
      #expect(changed.contentSecurityPolicy == fresh.contentSecurityPolicy)
      #expect(changed.contentSecurityPolicy != policy)
    }
  }

  @Test func aPageWithoutAScriptAllowsNone() {
    var text = ""
    HTMLPage(title: "A").writeHead(to: &text)
    #expect(!text.contains("script"))
    #expect(text.contains("default-src 'none'"))
  }
}
