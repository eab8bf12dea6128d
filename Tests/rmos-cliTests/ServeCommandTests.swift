import Foundation
import Testing

/// `rmos-cli serve`, with curl as the client.
@Suite(.waiting, .enabled(if: Tool.has("curl"), "curl is not installed")) struct ServeCommandTests {
  @Test(arguments: [SIGTERM, SIGINT])
  func servesUntilASignalAndExitsClean(_ signal: Int32) throws {
    let workspace = try Serving.workspace()
    let serving = try Serving(in: workspace)
    #expect(try serving.curl("no-such-page").hasPrefix("HTTP/1.1 404 "))
    let result = try serving.stop(signal)
    #expect(result.status == 0)
    #expect(result.output == "Serving x.db at \(serving.url)\n")
    #expect(result.errors.isEmpty)
  }

  @Test func asJSONItPrintsOneObjectOnceItIsReady() throws {
    let workspace = try Serving.workspace()
    let tool = try RunningTool(
      ["serve", "--db", "x.db", "--port", "0", "--json", "--allow-writes"], in: workspace)
    try tool.wait(until: "it is ready", every: .milliseconds(5)) {
      try tool.outputSoFar.hasSuffix("}\n")
    }
    tool.send(SIGTERM)
    let result = try tool.wait()
    #expect(result.status == 0)
    let json = try result.json
    #expect(json["success"] as? Bool == true)
    #expect(json["allows_writes"] as? Bool == true)
    #expect(json["database"] as? String == "x.db")
    let port = try #require(json["port"] as? Int)
    #expect(json["url"] as? String == "http://127.0.0.1:\(port)/")
  }

  @Test func aPortInUseIsAClearError() throws {
    let workspace = try Serving.workspace()
    let serving = try Serving(in: workspace)
    let port = try #require(serving.url.firstMatch(of: /:(\d+)\//)).output.1
    let result = try Tool.run(
      ["serve", "--db", "x.db", "--port", String(port), "--json"], in: workspace)
    #expect(result.status == 3)
    #expect((try result.json["error"] as? [String: String])?["code"] == "serve.port-in-use")
    #expect(try serving.stop().status == 0)
  }

  @Test func aDatabaseThatIsNotThereIsAnErrorAndIsNotMade() throws {
    let workspace = try Workspace()
    for words in [["serve", "--db", "x.db"], ["serve", "--db", "x.db", "--allow-writes"]] {
      let result = try Tool.run(words, in: workspace)
      #expect(result.status == 3)
      #expect(result.errors.contains("there is no database at x.db"))
    }
    #expect(workspace.listing.isEmpty)
  }

  @Test(arguments: [
    ["--host", "0.0.0.0"], ["--host", "::"], ["--port", "65536"], ["--port", "x"],
    ["--token", "a b"], ["--allow-host", "a/b"],
  ])
  func whatMakesNoSenseIsAUsageError(_ arguments: [String]) throws {
    let result = try Tool.run(["serve", "--db", "x.db"] + arguments, in: Serving.workspace())
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
  }

  @Test func theTokenIsAskedForWhereverItIsSet() throws {
    let workspace = try Serving.workspace()
    let serving = try Serving(
      ["-v"], in: workspace, environment: ["RMOS_TOKEN": "open-sesame"])
    #expect(try serving.curl("").hasPrefix("HTTP/1.1 401 "))
    #expect(try serving.curl("", ["-u", "me:wrong"]).hasPrefix("HTTP/1.1 401 "))
    for credentials in [["-u", "me:open-sesame"], ["-H", "Authorization: Bearer open-sesame"]] {
      #expect(try !serving.curl("", credentials).hasPrefix("HTTP/1.1 401 "))
    }
    #expect(try !serving.stop().errors.contains("open-sesame"))
  }

  @Test func otherHostsAndOriginsAreRefused() throws {
    let serving = try Serving(["--allow-host", "shop.example"], in: Serving.workspace())
    let refused = try serving.curl("", ["-H", "Host: evil.example"])
    #expect(refused.hasPrefix("HTTP/1.1 421 ") && refused.contains(#""detail":"#))
    #expect(refused.contains("--allow-host"))
    let page = try serving.curl("", ["-H", "Host: evil.example", "-H", "Accept: text/html"])
    #expect(page.contains("<!DOCTYPE html>") && page.contains("--allow-host"))
    #expect(try !serving.curl("", ["-H", "Host: shop.example"]).hasPrefix("HTTP/1.1 421 "))
    #expect(try serving.curl("", ["-H", "Origin: http://evil.example"]).hasPrefix("HTTP/1.1 403 "))
  }

  @Test func theAccessLogIsSafeForATerminal() throws {
    let serving = try Serving(["-v"], in: Serving.workspace())
    _ = try serving.curl("x%1b[31m?a=%E2%80%AE", ["-I"])
    let errors = try serving.stop().errors
    #expect(errors.contains(#/127\.0\.0\.1 HEAD /x%1b\[31m\?a=%E2%80%AE 404 0 bytes [\d.]+ ms\n/#))
  }

  @Test func aLogThatNobodyReadsHoldsNothingUp() throws {
    let workspace = try Serving.workspace()
    let serving = try Serving(["-v"], in: workspace, limits: "mkfifo unread; exec 2<>unread")
    let unread = open(workspace.file("unread"), O_RDONLY | O_NONBLOCK)
    defer { close(unread) }
    func text() -> String {
      var bytes: [UInt8] = []
      var part = [UInt8](repeating: 0, count: 1 << 16)
      while case let count = read(unread, &part, part.count), count > 0 { bytes += part[..<count] }
      return String(decoding: bytes, as: UTF8.self)
    }
    let path = String(repeating: "x", count: 100)
    let result = try Tool.shell(
      #"curl -qsS --noproxy '*' -m 100 -o /dev/null -w '%{http_code}\n' "$URL[1-1500]""#,
      in: workspace, environment: ["URL": serving.url + path])
    #expect(result.output == String(repeating: "404\n", count: 1500))
    let first = text()
    // Longer than a pipe accepts in one write.
    let long = String(repeating: "%1b", count: 2000)
    #expect(try serving.curl(long).hasPrefix("HTTP/1.1 404 "))
    #expect(try serving.stop().status == 0)
    let rest = text()
    let lost = try #require(rest.firstMatch(of: /… ([\d,]+) lines dropped, .*\n/))
    let lines = (first + rest).split(separator: "\n").filter { $0.hasPrefix("127.0.0.1 GET /") }
    #expect(lines.count + (Int(lost.1.replacing(",", with: "")) ?? 0) == 1501)
    #expect(lines.allSatisfy { $0.contains(#/ 404 \d+ bytes [\d.]+ ms$/#) })
    #expect(lines.last?.contains("…") == true)
  }

  @Test func uploadsAndOtherWaysOfCurlAreUnderstood() throws {
    let workspace = try Serving.workspace()
    try workspace.write(String(repeating: "x", count: 300_000), to: "body")
    let serving = try Serving(in: workspace)
    let hasHTTP2 = Tool.succeeds("curl --version | grep -q HTTP2")
    for words in [
      ["--data-binary", "@body"], ["-T", "body"],
      ["-T", "body", "-H", "Transfer-Encoding: chunked"],
      ["--http1.0"], hasHTTP2 ? ["--http2"] : [], ["-I"], ["-X", "DELETE"],
      ["-H", "Connection: close"],
    ] {
      let answer = try serving.curl("no-such-page", words)
      #expect(answer.contains(#/HTTP/1\.1 (404|403|405) /#), "\(words): \(answer)")
    }
    try workspace.write(String(repeating: "x", count: 3_000_000), to: "body")
    #expect(try serving.curl("a", ["--data-binary", "@body"]).contains("HTTP/1.1 413 "))
    #expect(
      try serving.curl("a", ["-T", "body", "-H", "Transfer-Encoding: chunked"])
        .contains("HTTP/1.1 413 "))
  }

  @Test func ipVersion6IsServedWhereTheMachineHasIt() throws {
    let workspace = try Serving.workspace()
    let probe = try Tool.shell("ip -6 addr show dev lo 2>/dev/null | grep -q ::1", in: workspace)
    guard probe.status == 0 else { return }
    let serving = try Serving(["--host", "::1"], in: workspace)
    #expect(serving.url.hasPrefix("http://[::1]:"))
    #expect(try serving.curl("no-such-page").hasPrefix("HTTP/1.1 404 "))
  }

  @Test func runningOutOfDescriptorsIsSurvived() throws {
    let workspace = try Serving.workspace()
    let serving = try Serving(in: workspace, limits: "ulimit -n 24")
    // More connections at once than there are descriptors, held open for a moment.
    _ = try Tool.shell(
      """
      host=${URL#http://}; host=${host%/}
      for n in $(seq 40); do
        exec {fd}<>"/dev/tcp/${host%:*}/${host#*:}" || exit 1
      done
      sleep 1
      """, in: workspace, environment: ["URL": serving.url])
    #expect(try serving.curl("no-such-page").hasPrefix("HTTP/1.1 404 "))
    #expect(try serving.stop().status == 0)
  }
}
