import RMOSModels
import RMOSStore
import RMOSTestSupport
import Synchronization
import Testing

@testable import RMOSDashboard

/// The pages' script in a real browser.
@Suite(
  .serialized, .waitingLongest, .enabled(if: Browser.path != nil, "Chromium is not installed"))
struct BrowserScriptTests {
  /// Serves the pages, and at `/driver` a page that loads `target` in a frame and runs `script`.
  ///
  /// The frame is `page` in the script; `report(text)` records a text for the test.
  private func server(
    driving target: String, _ script: String,
    _ answer: @escaping @Sendable (ServerRequest) -> ServerResponse
  ) throws -> PageServer {
    try PageServer { request in
      guard request.target != "/driver" else {
        return ServerResponse(
          status: 200, fields: [HeaderField("Content-Type", "text/html")],
          body: Array(
            """
            <!DOCTYPE html><iframe width=900 height=700 src="\(target)"></iframe>
            <pre id="report"></pre><script>
            const report=text=>{document.getElementById("report").textContent+="["+text+"]"},
            pause=milliseconds=>new Promise(done=>setTimeout(done,milliseconds)),
            frame=document.querySelector("iframe");
            frame.addEventListener("load",async()=>{const page=frame.contentDocument;
            \(script)},{once:true})</script>
            """.utf8))
      }
      var answer = answer(request)
      // The policy is unchanged, except that it allows frames.
      for (index, field) in answer.fields.enumerated() {
        answer.fields[index] = HeaderField(
          field.name,
          field.value.replacing("frame-ancestors 'none'", with: "frame-ancestors 'self'"))
      }
      answer.fields.removeAll { $0.name == "X-Frame-Options" }
      return answer
    }
  }

  @Test func aListIsSearchedWhileOneTypes() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    let pages = PageSamples.pages(store)
    let server = try server(
      driving: "/patterns",
      """
      const field=page.getElementById("q"),type=async text=>{field.focus();
      for(let end=1;end<=text.length;end++){field.value=text.slice(0,end);
      field.dispatchEvent(new InputEvent("input",{bubbles:true}));await pause(20)}
      await pause(900)},
      shown=()=>[...page.querySelectorAll("#results tbody th")].map(h=>h.textContent.trim()).sort();
      report("at first "+shown().length);
      const status=page.querySelector("[role=status]"),
      said=()=>report("said "+(page.contains(status)?status.textContent:"nothing"));
      said();
      await type("fleta");said();
      report("found "+shown().join(", "));
      report("focus "+(page.activeElement===field));
      report("address "+frame.contentWindow.location.search);
      await type("no such name");
      report("then "+shown().length);said();
      await type("<b>");
      report("markup "+page.querySelectorAll("#results b").length);
      field.value="";field.dispatchEvent(new InputEvent("input",{bubbles:true}));await pause(900);
      report("at last "+shown().length);
      """
    ) { pages.response(to: $0) }
    let page = try Browser.open("http://127.0.0.1:\(server.port)/driver", milliseconds: 12_000)
    let all = try store.read { try $0.count(RecordQuery(.patterns)) }
    #expect(page.complaints == [])
    #expect(page.dom.contains("[at first \(all)]"))
    let names = try store.read { reader in
      try reader.records(RecordQuery(.patterns).filter("name", contains: "fleta"))
    }
    #expect(names.count == 2)
    let found = try #require(page.dom.firstMatch(of: /\[found ([^\]]*)\]/)?.output.1)
    #expect(found.split(separator: ", ").count == 2 && found.lowercased().contains("fleta"))
    #expect(page.dom.contains("[focus true]"))
    #expect(page.dom.contains("[address ?q=fleta"))
    #expect(page.dom.contains("[then 0]"))
    // The element that screen readers announce is not replaced, and is empty at first.
    let said = page.dom.matches(of: /\[said ([^\]]*)\]/).map { String($0.output.1) }
    #expect(said == ["", "1–2 of 2 patterns", "0 patterns"])
    #expect(page.dom.contains("[markup 0]"))
    #expect(page.dom.contains("[at last \(all)]"))
    // Not every keystroke sends a request.
    #expect(server.targets.filter { $0.contains("q=fleta") }.count == 1)
    #expect(server.targets.filter { $0.contains("q=fle&") || $0.contains("q=f&") }.count <= 1)
  }

  /// The filters are counted in the background while the response to a search is slow.
  @Test func aSearchOutlivesTheCountingOfFilters() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(Fixtures.exampleTree, into: store)
    let pages = PageSamples.pages(store)
    let server = try server(
      driving: "/patterns",
      """
      const view=frame.contentWindow,real=view.fetch.bind(view);let counted=0;
      view.fetch=async(url,options)=>{if(!String(url).includes("?"))counted++;
      if(String(url).includes("q=")&&!view.location.search)
      await new Promise((done,failed)=>{setTimeout(done,5000);options.signal.addEventListener(
      "abort",()=>failed(new DOMException("","AbortError")))});
      return real(url,options)};
      const field=page.getElementById("q");field.value="fleta";
      field.dispatchEvent(new InputEvent("input",{bubbles:true}));await pause(9000);
      report("counted "+(counted>0));
      report("found "+page.querySelectorAll("#results tbody th").length);
      report("address "+view.location.search);
      """
    ) { request in
      var answer = pages.response(to: request)
      let facets = #"<nav class="facets" id="facets""#
      answer.body = Array(
        String(decoding: answer.body, as: UTF8.self)
          .replacing(facets, with: facets + " data-refreshing").utf8)
      return answer
    }
    let page = try Browser.open("http://127.0.0.1:\(server.port)/driver", milliseconds: 16_000)
    #expect(page.complaints == [])
    #expect(page.dom.contains("[counted true]"))
    #expect(page.dom.contains("[found 2]"))
    #expect(page.dom.contains("[address ?q=fleta"))
    // After that, the filters are counted for the search.
    #expect(server.targets.last?.contains("q=fleta") == true)
  }

  @Test func aRunThatEndsShowsWhatItLeft() throws {
    let store = InMemoryStore()
    let pages = PageSamples.pages(store)
    let asked = Mutex(0)
    let server = try PageServer { request in
      guard request.target.hasPrefix("/api/") else {
        let isOver = asked.withLock { $0 } >= 3
        var status = PageSamples.status()
        if isOver {
          status.entityCounts = .init([.patterns: 777, .stripFamilies: 8, .joblogs: 40])
        } else {
          status.currentRun = PageSamples.run(7, found: 10)
        }
        let shown = status
        return PageRouter(
          store: pages.store, status: { shown }, history: pages.history, figures: pages.figures,
          totals: pages.totals
        )
        .response(to: request)
      }
      let number = asked.withLock {
        $0 += 1
        return $0
      }
      let run =
        #","current_run":{"id":7,"source":"legacy","found":\#(number)00,"failed":0,"seconds":2}"#
      let body = """
        {"success":true,"entity_counts":{"patterns":777,"strip_families":8,"joblogs":40,\
        "total":825}\(number < 3 ? run : "")}
        """
      return ServerResponse(
        status: 200,
        fields: [
          HeaderField("Content-Type", "application/json"), HeaderField("ETag", "\"\(number)\""),
        ],
        body: Array(body.utf8))
    }
    let page = try Browser.open("http://127.0.0.1:\(server.port)/", milliseconds: 12_000)
    #expect(page.complaints == [])
    #expect(page.dom.contains("The migration has ended."))
    #expect(page.dom.contains(#"data-count="patterns">777<"#))
    #expect(page.dom.contains(#"data-run="" data-verdict="#))
    #expect(page.dom.contains(#"id="run" aria-labelledby="run-title" hidden="">"#))
    // The overview was fetched again once, after the end.
    #expect(server.targets.filter { $0 == "/" }.count == 2)
  }

  @Test(arguments: [(true, "away"), (false, "")])
  func aServerThatDoesNotAnswerIsSaidUntilItDoes(_ recovers: Bool, _ name: String) throws {
    let pages = PageSamples.pages(InMemoryStore())
    let asked = Mutex(0)
    let server = try PageServer { request in
      guard request.target.hasPrefix("/api/") else { return pages.response(to: request) }
      let isLost = asked.withLock { asked in
        asked += 1
        return !recovers || asked == 1
      }
      return isLost
        ? ServerResponse(status: 500, fields: [], body: [])
        : ServerResponse(
          status: 200, fields: [HeaderField("Content-Type", "application/json")],
          body: Array(
            #"{"success":true,"entity_counts":{"total":72},"validation":{"verdict":"sound"}}"#
              .utf8))
    }
    let page = try Browser.open("http://127.0.0.1:\(server.port)/", milliseconds: 20_000)
    let text = recovers ? "The server is responding again." : "No response from the server since "
    #expect(page.dom.contains(#"<p class="\#(name)" id="announcement" role="status""#))
    #expect(page.dom.contains(#">\#(text)"#))
  }

  @Test func theOverviewIsFetchedLaterIfThatFailsAtTheEndOfARun() throws {
    let pages = PageSamples.pages(InMemoryStore())
    let asked = Mutex(0)
    let server = try PageServer { request in
      if request.target.hasPrefix("/api/") {
        let fields = [
          HeaderField("Content-Type", "application/json"), HeaderField("ETag", "\"1\""),
        ]
        return request.field("If-None-Match") != nil
          ? ServerResponse(status: 304, fields: fields)
          : ServerResponse(
            status: 200, fields: fields,
            body: Array(#"{"success":true,"entity_counts":{"total":73}}"#.utf8))
      }
      let number = asked.withLock { asked in
        asked += 1
        return asked
      }
      guard number != 2 else { return ServerResponse(status: 503, fields: [], body: []) }
      return pages.response(to: request)
    }
    _ = try Browser.open("http://127.0.0.1:\(server.port)/", milliseconds: 20_000)
    #expect(server.targets.filter { $0 == "/" }.count > 2)
  }
}
