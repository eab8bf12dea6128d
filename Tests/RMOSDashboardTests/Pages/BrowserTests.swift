import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// The pages in a real browser.
@Suite(
  .serialized, .waitingLongest, .enabled(if: Browser.path != nil, "Chromium is not installed"))
struct BrowserTests {
  private func server(
    _ store: any RecordStore, status: String = #"{"success":true,"entity_counts":{"total":72}}"#
  ) throws -> PageServer {
    let pages = PageSamples.pages(store)
    return try PageServer { request in
      if request.target.hasPrefix("/api/") {
        let fields = [
          HeaderField("Content-Type", "application/json"), HeaderField("ETag", "\"1\""),
        ]
        return request.field("If-None-Match") == "\"1\""
          ? ServerResponse(status: 304, fields: fields)
          : ServerResponse(status: 200, fields: fields, body: Array(status.utf8))
      }
      return pages.response(to: request)
    }
  }

  @Test func pagesLoadWithoutAComplaint() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    let server = try server(store)
    for target in [
      "/", "/patterns", "/joblogs?status=completed", "/patterns/torres_simple_rope_4x7",
      "/analytics?job_type=slice", "/patterns/torres_simple_rope_4x7/cut-list?count=3",
    ] {
      let page = try Browser.open("http://127.0.0.1:\(server.port)\(target)")
      #expect(page.complaints == [], "\(target)")
      #expect(page.dom.contains("<footer>"))
    }
    // The browser requested nothing from other servers, and nothing that does not exist.
    #expect(
      server.targets.allSatisfy {
        $0 == "/" || $0.contains(/^\/(patterns|joblogs|analytics|api\/)/)
      })
  }

  @Test func theScriptUnderstandsTheDashboardsOwnStatus() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    var options = Dashboard.Options()
    options.auditInterval = nil
    let dashboard = Dashboard(store: store, options: options)
    let server = try PageServer { dashboard.response(to: $0) }
    let page = try Browser.open("http://127.0.0.1:\(server.port)/", milliseconds: 7000)
    #expect(page.complaints == [])
    #expect(page.dom.contains(#"data-count="joblogs">40<"#))
    #expect(page.dom.contains(#"id="run" aria-labelledby="run-title" hidden="">"#))
    // It polled, and nothing had changed.
    #expect(server.targets.contains("/api/rmos/stores/migration/status"))
    #expect(server.targets.filter { $0 == "/" }.count == 1)
  }

  @Test func hostileTextIsShownAsText() throws {
    let store = try PageSamples.hostileStore()
    let server = try server(store)
    for target in ["/patterns?per=200", "/joblogs?per=200"] {
      let page = try Browser.open("http://127.0.0.1:\(server.port)\(target)")
      #expect(page.complaints == [])
      #expect(page.dom.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
      #expect(!page.dom.contains("<script>alert") && !page.dom.contains("<img"))
    }
    let link = try #require(PageLink.link(to: .patterns, id: PageSamples.hostile[1]))
    let page = try Browser.open("http://127.0.0.1:\(server.port)\(link)")
    #expect(page.complaints == [] && !page.dom.contains("<img"))
  }

  @Test func aRunIsFollowedByItsScript() throws {
    let status = """
      {"success":true,"entity_counts":{"patterns":1234,"strip_families":8,"joblogs":40,
      "total":1282},"current_run":{"id":7,"started_at":"2025-01-01T00:00:00Z",
      "source":"<b>legacy</b>","found":98765,"failed":3,"seconds":119.6}}
      """
    let server = try server(InMemoryStore(), status: status)
    let page = try Browser.open("http://127.0.0.1:\(server.port)/", milliseconds: 7000)
    #expect(page.complaints == [])
    let link = "data-run=\"found\" data-place=\"#outcomes\" href=\"/runs/7#outcomes\""
    #expect(page.dom.contains("\(link)>98,765<"))
    #expect(page.dom.contains(#"data-run="seconds">2 min 0 s<"#))
    #expect(page.dom.contains(#"data-run="source">&lt;b&gt;legacy&lt;/b&gt;<"#))
    #expect(page.dom.contains(#"data-count="patterns">1,234<"#))
    #expect(page.dom.contains(#"id="run" aria-labelledby="run-title">"#))
    #expect(page.dom.contains("Migration in progress: 98,765 found, 3 failed."))
    #expect(server.targets.filter { $0.hasPrefix("/api/") }.count > 1)
  }

  @Test func timesAreShownRelativeToNow() throws {
    let server = try server(InMemoryStore())
    let page = try Browser.open("http://127.0.0.1:\(server.port)/")
    #expect(page.dom.contains(#"title="28 Nov 2025, 10:15 UTC""#))
  }

  /// On paper, "5 minutes ago" would be wrong.
  @Test func timesArePrintedAsTheyAre() throws {
    let said = try inAFrame(
      [
        (
          "/",
          """
          (time=>{time.removeAttribute("title");time.textContent="then";
          time.setAttribute("datetime",new Date().toISOString());
          return ["afterprint","beforeprint","afterprint"].map(name=>{
          page.defaultView.dispatchEvent(new Event(name));return time.textContent}).join()})
          (page.querySelector("#overview time"))
          """
        )
      ], width: 1280, of: InMemoryStore())
    #expect(said == ["just now,then,just now"])
  }

  @Test func thePageIsWholeWithoutScripts() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    // The browser has no option to turn off scripts, so the policy forbids them.
    let pages = PageSamples.pages(store)
    let server = try PageServer { request in
      var answer = pages.response(to: request)
      answer.fields.append(HeaderField("Content-Security-Policy", "script-src 'none'"))
      return answer
    }
    let page = try Browser.open("http://127.0.0.1:\(server.port)/joblogs?status=failed&sort=id")
    #expect(page.dom.contains("status: <bdi>failed</bdi>"))
    #expect(page.dom.matches(of: /role="rowheader"/).count > 0)
    let overview = try Browser.open("http://127.0.0.1:\(server.port)/")
    #expect(overview.dom.contains("28 Nov 2025, 10:15 UTC</time>"))
    #expect(!server.targets.contains { $0.hasPrefix("/api/") })
  }

  @Test func nothingIsWiderThanAPhone() throws {
    let targets = [
      "/", "/patterns?per=200", "/joblogs", "/patterns/%3Cscript%3Ealert%281%29%3C%2Fscript%3E",
      "/analytics", "/patterns/a%2Fb/cut-list?count=3",
    ]
    let widths = try onAPhone(
      targets.map { ($0, "page.documentElement.scrollWidth") },
      of: try PageSamples.hostileStore())
    for (target, width) in zip(targets, widths) {
      #expect(try #require(Int(width)) <= 360, "\(target)")
    }
  }

  /// A sheet of paper is as narrow as a tablet, but lists are printed as tables, not as cards.
  @Test func aCutListFitsOnOneSheet() throws {
    let store = InMemoryStore()
    let rings = (1...6).map { #"{"radius_mm":\#($0 + 40),"segments":24}"# }
    try store.write {
      try $0.insert(StoreSamples.record(.stripFamilies, "f"))
      try $0.insert(
        StoreSamples.record(
          .patterns, "p",
          [
            "strip_family_id": .text("f"),
            "geometry": .text(#"{"rings":[\#(rings.joined(separator: ","))]}"#),
          ]))
    }
    let server = try server(store)
    let address = "http://127.0.0.1:\(server.port)/patterns/p/cut-list?count=3&stick=600"
    let sheets = try Browser.sheets(address)
    #expect(sheets == 1)
  }

  /// Just above the widths at which tables become cards and filters go beside them.
  @Test(arguments: [641, 720, 785, 960, 1024])
  func listsFitBetweenAPhoneAndADesk(_ width: Int) throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    try store.write {
      try $0.insert(
        StoreSamples.record(
          .joblogs, "job_rosette_pattern_generation_20251127_120000_000001",
          [
            "job_type": .text("rosette_pattern_generation"), "duration_seconds": .real(123_456),
            "pattern_id": .text("chevron_5x7"), "strip_family_id": .null,
            "created_at": .text("2025-11-27T12:00:00+01:00"),
          ]))
    }
    let targets = ["/patterns", "/strip-families", "/joblogs", "/runs", "/"]
    let widths = try inAFrame(
      targets.map { ($0, "page.documentElement.scrollWidth") }, width: width, of: store)
    for (target, found) in zip(targets, widths) {
      #expect(try #require(Int(found)) <= width, "\(target)")
    }
  }

  @Test func listsOfAPhoneShowAllAndBreakNoLabel() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    let said = try onAPhone(
      [
        (
          "/",
          "(box=>box.scrollWidth-box.clientWidth)(page.querySelector('.runs').parentElement)"
        ),
        (
          "/strip-families",
          "['Width, mm','Thickness, mm'].map(label=>"
            + "page.querySelector(`td[data-label='${label}']`).offsetHeight).join()"
        ),
      ], of: store)
    #expect(said[0] == "0")
    let lines = said[1].split(separator: ",")
    #expect(lines.count == 2 && lines[0] == lines[1], "\(said[1])")
  }

  /// Links in lists and breadcrumbs are large enough for a finger.
  @Test func namesAreLargeEnoughToTouch() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    let links = "'.cards tbody a,.crumbs a,.recent li>a,.plain a'"
    let least =
      "Math.min(...[...page.querySelectorAll(\(links))].map(a=>a.parentElement.matches"
      + "('.plain li')?a.parentElement.offsetHeight:a.offsetHeight))"
    let targets = ["/", "/runs", "/patterns", "/joblogs", "/patterns/chevron_5x7"]
    for (target, height) in zip(targets, try onAPhone(targets.map { ($0, least) }, of: store)) {
      #expect(try #require(Int(height)) >= 24, "\(target)")
    }
  }

  /// The table of rings has room for all of its columns, and is aligned with the drawing.
  @Test func theRingsOfAPatternAreBesideTheirDrawing() throws {
    let store = InMemoryStore()
    let rings = (1...100).map { #"{"radius_mm":\#($0 + 40),"segments":24,"material":"Rosewood"}"# }
    try store.write {
      try $0.insert(
        StoreSamples.record(
          .patterns, "p", ["geometry": .text(#"{"rings":[\#(rings.joined(separator: ","))]}"#)]))
    }
    let cut = "(box=>box.scrollWidth-box.clientWidth)(page.querySelector('.rings .scroll'))"
    let above =
      "(box=>box.children[1].offsetTop-box.children[0].offsetTop)"
      + "(page.querySelector('.rings'))"
    for width in [1280, 1440, 1920] {
      let said = try inAFrame(
        [("/patterns/p", cut), ("/patterns/p", above)], width: width, of: store)
      #expect(said == ["0", "0"], "\(width)")
    }
  }

  private func onAPhone(
    _ questions: [(target: String, expression: String)], of store: any RecordStore
  ) throws -> [String] {
    try inAFrame(questions, width: 360, of: store)
  }

  /// Returns the values of expressions on pages, in which `page` is the document, at a window
  /// width.
  private func inAFrame(
    _ questions: [(target: String, expression: String)], width: Int, of store: any RecordStore
  ) throws -> [String] {
    let pages = PageSamples.pages(store)
    // Unlike windows, frames have no minimum width, but need a policy that allows them.
    let frames = questions.enumerated().map { index, question in
      """
      <iframe width=\(width) height=700 frameborder=0 src="\(question.target)"></iframe>
      <p id="said-\(index)"></p>
      <script>document.querySelectorAll("iframe")[\(index)].onload=e=>{
      const page=e.target.contentDocument;
      document.getElementById("said-\(index)").textContent="said "+(\(question.expression))}</script>
      """
    }
    let server = try PageServer { request in
      guard request.target != "/frame" else {
        return ServerResponse(
          status: 200, fields: [HeaderField("Content-Type", "text/html")],
          body: Array(frames.joined().utf8))
      }
      var answer = pages.response(to: request)
      answer.fields.removeAll { $0.name == "Content-Security-Policy" }
      return answer
    }
    let page = try Browser.open("http://127.0.0.1:\(server.port)/frame")
    return try questions.indices.map { index in
      let place = "id=\"said-\(index)\">said "
      let start = try #require(page.dom.range(of: place)).upperBound
      return String(page.dom[start...].prefix { $0 != "<" })
    }
  }
}
