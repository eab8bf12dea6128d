import Foundation
import Testing

/// `rmos-cli serve`, with curl as the client.
@Suite(.enabled(if: Tool.has("curl"), "curl is not installed")) struct ServeCommandTests {
  /// A server under way, and where it is.
  private final class Serving {
    let workspace: Workspace
    let tool: RunningTool
    let url: String

    init(
      _ arguments: [String] = [], in workspace: Workspace, environment: [String: String] = [:],
      limits: String? = nil
    ) throws {
      self.workspace = workspace
      let words = ["serve", "--db", "x.db", "--port", "0"] + arguments
      if let limits {
        tool = try RunningTool(
          ["-c", "\(limits); exec \"$CLI\" \"$@\"", "-"] + words, program: "/bin/bash",
          in: workspace, environment: environment)
      } else {
        tool = try RunningTool(words, in: workspace, environment: environment)
      }
      while tool.isRunning, try !tool.outputSoFar.contains("\n") { usleep(5_000) }
      let line = try tool.outputSoFar
      url = line.firstMatch(of: /http:\/\/[^ \n]+/).map { String($0.output) } ?? ""
      let errors = try tool.errorsSoFar
      try #require(!url.isEmpty, "\(line) \(errors)")
    }

    deinit { tool.send(SIGKILL) }

    /// The status, fields and body that curl was given.
    func curl(_ path: String, _ arguments: [String] = []) throws -> String {
      let words = (["-sS", "-i", "-g", "--noproxy", "*", "-m", "60"] + arguments)
        .map { "'\($0)'" }.joined(separator: " ")
      let result = try Tool.shell("curl \(words) '\(url)\(path)'", in: workspace)
      #expect(result.status == 0, "\(result.errors)")
      return result.output
    }

    /// Ends it as a service manager does.
    func stop(_ signal: Int32 = SIGTERM) throws -> Tool.Result {
      tool.send(signal)
      return try tool.wait()
    }
  }

  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    #expect(try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace).status == 0)
    return workspace
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func servesUntilASignalAndExitsClean(_ signal: Int32) throws {
    let workspace = try workspace()
    let serving = try Serving(in: workspace)
    #expect(try serving.curl("no-such-page").hasPrefix("HTTP/1.1 404 "))
    let result = try serving.stop(signal)
    #expect(result.status == 0)
    #expect(result.output == "Serving x.db at \(serving.url)\n")
    #expect(result.errors.isEmpty)
  }

  @Test func asJSONItPrintsOneObjectOnceItIsReady() throws {
    let workspace = try workspace()
    let tool = try RunningTool(
      ["serve", "--db", "x.db", "--port", "0", "--json", "--allow-writes"], in: workspace)
    while tool.isRunning, try !tool.outputSoFar.hasSuffix("}\n") { usleep(5_000) }
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
    let workspace = try workspace()
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
      #expect(result.errors.contains("rmos-cli migrate or rmos-cli init creates one"))
    }
    #expect(workspace.listing.isEmpty)
  }

  @Test(arguments: [
    ["--host", "0.0.0.0"], ["--host", "::"], ["--port", "65536"], ["--port", "x"],
    ["--token", "a b"], ["--allow-host", "a/b"],
  ])
  func whatMakesNoSenseIsAUsageError(_ arguments: [String]) throws {
    let result = try Tool.run(["serve", "--db", "x.db"] + arguments, in: workspace())
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
  }

  @Test func theTokenIsAskedForWhereverItIsSet() throws {
    let workspace = try workspace()
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
    let serving = try Serving(["--allow-host", "shop.example"], in: workspace())
    #expect(try serving.curl("", ["-H", "Host: evil.example"]).hasPrefix("HTTP/1.1 421 "))
    #expect(try !serving.curl("", ["-H", "Host: shop.example"]).hasPrefix("HTTP/1.1 421 "))
    #expect(try serving.curl("", ["-H", "Origin: http://evil.example"]).hasPrefix("HTTP/1.1 403 "))
  }

  @Test func theAccessLogIsSafeForATerminal() throws {
    let serving = try Serving(["-v"], in: workspace())
    _ = try serving.curl("x%1b[31m?a=%E2%80%AE", ["-I"])
    let errors = try serving.stop().errors
    #expect(errors.contains(#/127\.0\.0\.1 HEAD /x%1b\[31m\?a=%E2%80%AE 404 0 bytes [\d.]+ ms\n/#))
  }

  @Test func uploadsAndOtherWaysOfCurlAreUnderstood() throws {
    let workspace = try workspace()
    try workspace.write(String(repeating: "x", count: 300_000), to: "body")
    let serving = try Serving(in: workspace)
    for words in [
      ["--data-binary", "@body"], ["-T", "body"],
      ["-T", "body", "-H", "Transfer-Encoding: chunked"],
      ["--http1.0"], ["--http2"], ["-I"], ["-X", "DELETE"], ["-H", "Connection: close"],
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
    let workspace = try workspace()
    let probe = try Tool.shell("ip -6 addr show dev lo 2>/dev/null | grep -q ::1", in: workspace)
    guard probe.status == 0 else { return }
    let serving = try Serving(["--host", "::1"], in: workspace)
    #expect(serving.url.hasPrefix("http://[::1]:"))
    #expect(try serving.curl("no-such-page").hasPrefix("HTTP/1.1 404 "))
  }

  @Test func runningOutOfDescriptorsIsSurvived() throws {
    let workspace = try workspace()
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

  @Test func aMigrationMayRunMeanwhile() throws {
    let workspace = try workspace()
    try workspace.writeLargeTree()
    let serving = try Serving(in: workspace)
    let migration = try RunningTool(["migrate", "legacy", "--db", "x.db"], in: workspace)
    var answers = 0
    repeat {
      #expect(try serving.curl("no-such-page").hasPrefix("HTTP/1.1 404 "))
      answers += 1
    } while migration.isRunning
    #expect(answers > 0)
    #expect(try migration.wait().status <= 1)
    #expect(try serving.stop().status == 0)
  }
}
